// The one table of commands and options. The parser, --help, the manual page, the shell completions
// and the documentation's tests are all made from it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace wrun::cli {

enum class Command : uint8_t {
  Run,
  Replay,
  Validate,
  Info,
  Wast,
  Compile,
  Snapshot,
  Cache,
  Objdump,
  Wasm2Wat,
  Wat2Wasm,
  Strip,
  Completion,
  Help,
  Man
};

struct CommandSpec {
  Command command;
  std::string_view name;
  std::string_view arguments;  // as the usage line shows them
  std::string_view help;
  bool hidden = false;
};

std::span<const CommandSpec> commands();
const CommandSpec* find_command(std::string_view name);
const CommandSpec& spec_of(Command command);

enum class Option : uint8_t {
  Dir,
  Env,
  InheritEnv,
  Argv0,
  Invoke,
  Preload,
  Rename,
  MaxMemory,
  MaxStack,
  MaxTableElements,
  MaxGcHeap,
  TcpListen,
  Threads,
  MaxThreads,
  Timeout,
  Fuel,
  Enable,
  Disable,
  Stats,
  Deterministic,
  Clock,
  PathResolution,
  Record,
  ProfileSave,
  Trace,
  ReportCapabilities,
  Log,
  Quiet,
  Json,
  Output,
  NoEmbedWasm,
  CodeFor,
  ProfileUse,
  Target,
  Emit,
  NoCache,
  CacheDir,
  Fold,
  Names,
  NoNames,
  StripDebug,
  StripNames,
  Features,
  Tier,
  TierUpAfter,
  OptLevel,
  OptBisect,
  DumpIr,
  TimePasses,
  Profile,
  Gdb,
  Function,
  Ir,
  Junit,
  Verbose,
  Jobs,
  Compiled,
  WasmKeys,
  WasiKeys,
  OptimizeKeys,
  CodegenKeys,
  DebugKeys,
  Help,
  HelpAll,
  Version,
};

// Optional values come as `--name=value` only, so that `--name module` stays clear.
enum class ValueUse : uint8_t { None, Required, Optional };

// What shells offer for a value.
enum class ValueHint : uint8_t { None, Directory, File, Words };

struct OptionSpec {
  Option option;
  std::string_view name;  // without the dashes; empty: only the short form
  char short_name = 0;    // 0: none
  ValueUse value = ValueUse::None;
  std::string_view value_name;  // as help shows it
  ValueHint hint = ValueHint::None;
  std::string_view words;  // ValueHint::Words: separated by spaces
  bool common = false;     // shown by --help; the rest by --help-all
  uint32_t commands = 0;   // bit set of Command
  std::string_view help;

  bool is_for(Command command) const { return (commands >> static_cast<int>(command)) & 1; }
};

std::span<const OptionSpec> options();
const OptionSpec& spec_of(Option option);

}  // namespace wrun::cli
