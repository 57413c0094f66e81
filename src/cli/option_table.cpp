#include "cli/option_table.hpp"

namespace wrun::cli {
namespace {

constexpr uint32_t bit(Command command) { return 1u << static_cast<int>(command); }
constexpr uint32_t kRun = bit(Command::Run);
constexpr uint32_t kSnapshot = bit(Command::Snapshot);
constexpr uint32_t kStarting = kRun | kSnapshot;
constexpr uint32_t kRunning = kRun | bit(Command::Replay);
constexpr uint32_t kWast = bit(Command::Wast);
constexpr uint32_t kCache = bit(Command::Cache);
constexpr uint32_t kCompile = bit(Command::Compile);
constexpr uint32_t kObjdump = bit(Command::Objdump);
constexpr uint32_t kWasm2Wat = bit(Command::Wasm2Wat);
constexpr uint32_t kStrip = bit(Command::Strip);
constexpr uint32_t kWat2Wasm = bit(Command::Wat2Wasm);
constexpr uint32_t kLoading = kStarting | bit(Command::Validate) | bit(Command::Info) | kCompile |
                              kCache | kObjdump | kWasm2Wat;
constexpr uint32_t kAll = ~0u;

constexpr auto kNone = ValueUse::None;
constexpr auto kRequired = ValueUse::Required;
constexpr auto kOptional = ValueUse::Optional;

// clang-format off
constexpr CommandSpec kCommands[] = {
    {Command::Run,        "run",        "MODULE [ARGS...]", "Run a module; what wrun does without a command"},
    {Command::Replay,     "replay",     "FILE",             "Run again what `run --record FILE` recorded"},
    {Command::Validate,   "validate",   "FILE...",          "Check that modules are valid"},
    {Command::Info,       "info",       "FILE",             "Show what a module contains, imports and exports"},
    {Command::Wast,       "wast",       "FILE|DIR...",      "Run test scripts"},
    {Command::Compile,    "compile",    "FILE...",          "Compile modules to files that start at once"},
    {Command::Snapshot,   "snapshot",   "MODULE [ARGS...]", "Write a module that begins initialised"},
    {Command::Cache,      "cache",      "info|prune|clear|add", "Look after the compiled modules that are kept"},
    {Command::Objdump,    "objdump",    "FILE",             "Show the machine code of a module's functions"},
    {Command::Wasm2Wat,   "wasm2wat",   "FILE",             "Print a module as text"},
    {Command::Wat2Wasm,   "wat2wasm",   "FILE",             "Translate a module from text to binary"},
    {Command::Strip,      "strip",      "FILE",             "Remove custom sections"},
    {Command::Completion, "completion", "bash|zsh|fish",    "Print a completion script for a shell"},
    {Command::Help,       "help",       "[COMMAND]",        "Show the options of a command"},
    {Command::Man,        "man",        "",                 "Print the manual page", true},
};

constexpr OptionSpec kOptions[] = {
    {Option::Dir, "dir", 0, kRequired, "HOST[::GUEST[::ro]]", ValueHint::Directory, "", true, kStarting,
     "Grant a directory, as GUEST; ::ro to read only"},
    {Option::Env, "env", 0, kRequired, "NAME[=VALUE]", ValueHint::None, "", true, kStarting,
     "Set a variable; without VALUE pass on ours"},
    {Option::InheritEnv, "inherit-env", 0, kNone, "", ValueHint::None, "", false, kStarting,
     "Pass on all environment variables"},
    {Option::Invoke, "invoke", 0, kRequired, "NAME", ValueHint::None, "", true, kStarting,
     "Call this export with ARGS; print the results"},
    {Option::Preload, "preload", 0, kRequired, "NAME=FILE", ValueHint::File, "", false, kRun,
     "Provide imports of module NAME from FILE"},
    {Option::Rename, "rename", 0, kRequired, "NEW=OLD", ValueHint::None, "", true, kSnapshot,
     "Export the function OLD as NEW, in place of what NEW was"},
    {Option::TcpListen, "tcplisten", 0, kRequired, "ADDRESS:PORT", ValueHint::None, "", false, kRun,
     "Grant a socket to accept connections on"},
    {Option::Threads, "threads", 0, kNone, "", ValueHint::None, "", false, kRun,
     "Let the guest start threads (wasi-threads)"},
    {Option::MaxMemory, "max-memory", 0, kRequired, "SIZE", ValueHint::None, "", false, kStarting,
     "Limit each memory, for example 64MiB"},
    {Option::Timeout, "timeout", 0, kRequired, "TIME", ValueHint::None, "", true, kStarting,
     "Stop after a time, for example 200ms or 1.5s"},
    {Option::Fuel, "fuel", 0, kRequired, "N", ValueHint::None, "", false, kStarting,
     "Stop after about N instructions"},
    {Option::Stats, "stats", 0, kOptional, "json", ValueHint::Words, "json", false, kRunning,
     "Report times and memory on stderr"},
    {Option::Deterministic, "deterministic", 0, kOptional, "SEED", ValueHint::None, "", false, kStarting,
     "Clocks, random numbers and NaNs that are the same every time"},
    {Option::Clock, "clock", 0, kRequired, "@SECONDS|+TIME|-TIME", ValueHint::None, "", false, kStarting,
     "The date: fixed, in seconds since 1970, or ours with an offset"},
    {Option::PathResolution, "path-resolution", 0, kRequired, "HOW", ValueHint::Words, "openat2 walk", false, kStarting,
     "How paths are kept inside of directories; by default what the kernel has"},
    {Option::Record, "record", 0, kRequired, "FILE", ValueHint::File, "", false, kRun,
     "Record what all calls come to, for `wrun replay`"},
    {Option::ProfileSave, "profile-save", 0, kRequired, "FILE", ValueHint::File, "", false, kRun,
     "Write which functions and calls were hot, for `wrun compile --profile-use`"},
    {Option::Trace, "trace", 0, kRequired, "wasi", ValueHint::Words, "wasi", false, kRunning | kSnapshot,
     "Show every call into WASI on stderr, like strace"},
    {Option::ReportCapabilities, "report-capabilities", 0, kNone, "", ValueHint::None, "", false, kRun,
     "List on stderr what was used of what was granted"},
    {Option::Json, "json", 0, kNone, "", ValueHint::None, "", true, bit(Command::Info) | kCache | kWast,
     "Print JSON"},
    {Option::Output, "output", 'o', kRequired, "FILE", ValueHint::File, "", true, kCompile | kSnapshot | kObjdump | kWasm2Wat | kWat2Wasm | kStrip,
     "Write to FILE; by default to the standard output, compiled code and snapshots beside the module"},
    {Option::NoEmbedWasm, "no-embed-wasm", 0, kNone, "", ValueHint::None, "", true, kCompile,
     "Leave out the module itself; the code runs only where it fits"},
    {Option::CodeFor, "for", 0, kRequired, "LIST", ValueHint::None, "", true, kCompile | kCache,
     "Options that runs may have, of timeout, fuel and deterministic"},
    {Option::ProfileUse, "profile-use", 0, kRequired, "FILE", ValueHint::File, "", true, kCompile | kObjdump,
     "Compile for what `run --profile-save` saw the module do"},
    {Option::Target, "target", 0, kRequired, "MACHINE", ValueHint::Words, "x86-64-v3 aarch64", true, kCompile | kObjdump,
     "The processors that the code is for; by default of this one's kind"},
    {Option::Emit, "emit", 0, kRequired, "WHAT", ValueHint::Words, "cwasm asm elf", true, kCompile,
     "What to write: what wrun runs, a listing for people, or an object file for tools"},
    {Option::NoCache, "no-cache", 0, kNone, "", ValueHint::None, "", false, kStarting,
     "Neither use nor fill the cache of compiled modules"},
    {Option::CacheDir, "cache-dir", 0, kRequired, "DIR", ValueHint::Directory, "", false, kStarting | kCache,
     "The folder of the cache; by default $XDG_CACHE_HOME/wrun"},
    {Option::Fold, "fold", 0, kNone, "", ValueHint::None, "", true, kWasm2Wat,
     "Nest instructions in those that take their results"},
    {Option::Names, "names", 0, kNone, "", ValueHint::None, "", true, kWasm2Wat,
     "Use the names of the name section; the default"},
    {Option::NoNames, "no-names", 0, kNone, "", ValueHint::None, "", true, kWasm2Wat,
     "Use numbers only"},
    {Option::StripDebug, "debug", 0, kNone, "", ValueHint::None, "", true, kStrip,
     "Remove only debug information: .debug_* and the like"},
    {Option::StripNames, "names", 0, kNone, "", ValueHint::None, "", true, kStrip,
     "Remove only the name section"},
    {Option::Features, "features", 0, kRequired, "LIST", ValueHint::None, "", true, kWast,
     "Such as wasm-2.0,threads,-simd; by default what the folder's scripts are for"},
    {Option::Tier, "tier", 0, kRequired, "TIER", ValueHint::Words, "interp opt auto", false,
     kStarting | kWast,
     "What runs the code: the interpreter, code compiled before it starts, or what is hot compiled meanwhile"},
    {Option::TierUpAfter, "tier-up-after", 0, kRequired, "N", ValueHint::None, "", false,
     kStarting | kWast,
     "With --tier=auto, rounds of loops until a function is compiled; 0: at once, and the guest waits"},
    {Option::OptLevel, "opt-level", 0, kRequired, "0|1|2", ValueHint::Words, "0 1 2", false, kStarting | kCompile | kCache | kObjdump,
     "How much is optimised in code that is compiled; by default 2"},
    {Option::TimePasses, "time-passes", 0, kNone, "", ValueHint::None, "", false, kRun,
     "Tell on stderr where the compiler spent its time"},
    {Option::DumpIr, "dump-ir", 0, kRequired, "PASS[:FUNCTION]", ValueHint::None, "", false, kRun,
     "Print functions on stderr as they are after a pass of the compiler, or after all"},
    {Option::OptBisect, "opt-bisect", 0, kRequired, "N", ValueHint::None, "", false, kRun,
     "Run only the first N passes on functions, to find one that is wrong"},
    {Option::Profile, "profile", 0, kRequired, "HOW", ValueHint::Words, "perf jitdump", false, kRun,
     "Let perf know the functions of compiled code: /tmp/perf-PID.map or jit-PID.dump"},
    {Option::Gdb, "gdb", 0, kNone, "", ValueHint::None, "", false, kRun,
     "Let GDB know the functions of compiled code"},
    {Option::Function, "func", 0, kRequired, "FUNCTION", ValueHint::None, "", true, kObjdump,
     "Show this function only: its number or name"},
    {Option::Ir, "ir", 0, kNone, "", ValueHint::None, "", true, kObjdump,
     "With the compiler's intermediate representation"},
    {Option::Junit, "junit", 0, kRequired, "FILE", ValueHint::File, "", true, kWast,
     "Write a report in JUnit's format"},
    {Option::Verbose, "verbose", 'v', kNone, "", ValueHint::None, "", true, kWast,
     "Show errors that are worded differently, too"},
    {Option::Jobs, "jobs", 'j', kRequired, "N", ValueHint::None, "", true, kWast,
     "Scripts that run at a time; by default one a processor"},
    {Option::Compiled, "compiled", 0, kNone, "", ValueHint::None, "", false, kWast,
     "Compile every module as `wrun compile` does, and run what that gives"},
    {Option::Argv0, "argv0", 0, kRequired, "NAME", ValueHint::None, "", false, kStarting,
     "The program name that the guest sees; by default the file's name"},
    {Option::MaxStack, "max-stack", 0, kRequired, "SIZE", ValueHint::None, "", false, kStarting,
     "Stack for guest code; by default 8MiB"},
    {Option::MaxThreads, "max-threads", 0, kRequired, "N", ValueHint::None, "", false, kRun,
     "Threads at the same time besides the first; by default 256"},
    {Option::MaxTableElements, "max-table-elements", 0, kRequired, "N", ValueHint::None, "", false, kStarting,
     "Limit each table; by default 10000000"},
    {Option::MaxGcHeap, "max-gc-heap", 0, kRequired, "SIZE", ValueHint::None, "", false, kStarting,
     "Limit the heap of structures and arrays; by default 32GiB"},
    {Option::Enable, "enable", 0, kRequired, "PROPOSAL", ValueHint::None, "", false, kLoading,
     "Accept a WebAssembly proposal that is off by default"},
    {Option::Disable, "disable", 0, kRequired, "PROPOSAL", ValueHint::None, "", false, kLoading,
     "Refuse modules that use a proposal"},
    {Option::Log, "log", 0, kRequired, "LEVEL", ValueHint::Words, "error warn info debug trace gc", false, kRunning | kSnapshot,
     "Log what wrun does on stderr; gc: garbage collections"},
    {Option::Quiet, "quiet", 'q', kNone, "", ValueHint::None, "", false, kRunning | kSnapshot | bit(Command::Validate),
     "No hints and notes, only errors"},
    {Option::WasmKeys, "", 'W', kRequired, "KEY[=VALUE],...", ValueHint::None, "", false, kLoading,
     "wasmtime's spelling: fuel, timeout, max-memory-size, max-wasm-stack, max-table-elements, and "
     "PROPOSAL[=y|n]"},
    {Option::WasiKeys, "", 'S', kRequired, "KEY[=VALUE],...", ValueHint::None, "", false, kRun,
     "wasmtime's spelling: inherit-env, tcplisten, threads, cli (always on)"},
    {Option::OptimizeKeys, "", 'O', kRequired, "KEY[=VALUE],...", ValueHint::None, "", false, kRun,
     "wasmtime's spelling: opt-level=0|1|2|s, of which s is 2"},
    {Option::CodegenKeys, "", 'C', kRequired, "KEY[=VALUE],...", ValueHint::None, "", false, kRun,
     "wasmtime's spelling: cache[=y|n]"},
    {Option::DebugKeys, "", 'D', kRequired, "KEY[=VALUE],...", ValueHint::None, "", false, kRun,
     "wasmtime's spelling: no key is known yet"},
    {Option::Help, "help", 'h', kNone, "", ValueHint::None, "", false, kAll, "Show this help"},
    {Option::HelpAll, "help-all", 0, kNone, "", ValueHint::None, "", true, kAll,
     "Show all options"},
    {Option::Version, "version", 'V', kNone, "", ValueHint::None, "", true, kAll,
     "Show the version"},
};
// clang-format on

}  // namespace

std::span<const CommandSpec> commands() { return kCommands; }
std::span<const OptionSpec> options() { return kOptions; }

const CommandSpec* find_command(std::string_view name) {
  for (const CommandSpec& spec : kCommands)
    if (spec.name == name) return &spec;
  return nullptr;
}

const CommandSpec& spec_of(Command command) {
  static_assert([] {
    for (size_t i = 0; i < std::size(kCommands); ++i)
      if (kCommands[i].command != static_cast<Command>(i)) return false;
    return true;
  }());
  return kCommands[static_cast<size_t>(command)];
}

const OptionSpec& spec_of(Option option) {
  for (const OptionSpec& spec : kOptions)
    if (spec.option == option) return spec;
  __builtin_unreachable();
}

}  // namespace wrun::cli
