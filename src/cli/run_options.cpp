#include "cli/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <span>

#include "cli/quantities.hpp"
#include "cli/script_files.hpp"

namespace wrun::cli {
namespace {

std::unexpected<std::string> usage(std::string message) {
  return std::unexpected(std::move(message));
}

std::unexpected<std::string> bad_value(std::string_view option, std::string_view value,
                                       std::string_view expected) {
  return usage(fmt::format("{}: `{}` is not {}", option, value, expected));
}

// "ro", "max-bytes=64MiB" or "max-files=1000".
Usage apply_directory_option(WasiConfig::Directory& directory, std::string_view option) {
  const size_t equals = option.find('=');
  const std::string_view name = option.substr(0, equals);
  const std::string_view value = equals == option.npos ? "" : option.substr(equals + 1);
  if (option == "ro") {
    directory.read_only = true;
    return {};
  }
  if (name != "max-bytes" && name != "max-files")
    return bad_value("--dir", option, "one of: ro max-bytes=SIZE max-files=N");
  if (!directory.in_memory)
    return usage(fmt::format("--dir: {} is for directories in memory, mem::GUEST", name));
  const auto number = name == "max-bytes" ? parse_size(value) : parse_count(value);
  if (!number)
    return bad_value("--dir", option, "a limit such as max-bytes=64MiB or max-files=1000");
  (name == "max-bytes" ? directory.max_bytes : directory.max_files) = *number;
  return {};
}

// HOST, HOST::GUEST or HOST::GUEST::OPTION,...
Usage add_directory(Options& options, std::string_view value) {
  constexpr std::string_view kBetween = "::";
  WasiConfig::Directory directory;
  const size_t first = value.find(kBetween);
  directory.host = value.substr(0, first);
  std::string_view guest = first == value.npos ? value : value.substr(first + kBetween.size());
  directory.in_memory = first != value.npos && directory.host == "mem";
  if (const size_t second = guest.rfind(kBetween); first != value.npos && second != guest.npos) {
    for (std::string_view rest = guest.substr(second + kBetween.size());;) {
      const size_t comma = rest.find(',');
      if (auto done = apply_directory_option(directory, rest.substr(0, comma)); !done) return done;
      if (comma == rest.npos) break;
      rest.remove_prefix(comma + 1);
    }
    guest = guest.substr(0, second);
  }
  directory.guest = guest;
  if (directory.host.empty()) return usage("--dir: the host directory is missing");
  if (directory.guest.empty())
    return usage(fmt::format("--dir: the guest's name for `{}` is empty", directory.host));
  options.directories.push_back(std::move(directory));
  return {};
}

// A variable that is not set is passed on as not set.
Usage add_variable(Options& options, std::string_view value) {
  if (value.empty() || value.front() == '=') return usage("--env: the name is missing");
  if (value.find('=') != value.npos) {
    options.environment.emplace_back(value);
    return {};
  }
  const std::string name(value);
  if (const char* ours = std::getenv(name.c_str()))
    options.environment.push_back(name + '=' + ours);
  return {};
}

Usage add_preload(Options& options, std::string_view value) {
  const size_t separator = value.find('=');
  if (separator == value.npos || separator + 1 == value.size())
    return bad_value("--preload", value, "NAME=FILE");
  options.preloads.push_back(
      {std::string(value.substr(0, separator)), std::string(value.substr(separator + 1))});
  return {};
}

Usage add_renaming(Options& options, std::string_view value) {
  const size_t separator = value.find('=');
  if (separator == value.npos) return bad_value("--rename", value, "NEW=OLD");
  options.renamings.push_back({.from = std::string(value.substr(separator + 1)),
                               .to = std::string(value.substr(0, separator))});
  return {};
}

Usage set_size(uint64_t& target, std::string_view option, std::string_view value) {
  const auto size = parse_size(value);
  if (!size) return bad_value(option, value, "a size such as 65536, 64MiB or 1.5GiB");
  target = *size;
  return {};
}

Usage set_timeout(Options& options, std::string_view option, std::string_view value) {
  const auto timeout = parse_duration(value);
  if (!timeout) return bad_value(option, value, "a time such as 200ms, 1.5s or 2m");
  options.timeout = timeout;
  options.timeout_text = value;
  if (value.find_first_not_of("0123456789.") == value.npos) options.timeout_text += 's';
  return {};
}

Usage set_fuel(Options& options, std::string_view option, std::string_view value) {
  const auto fuel = parse_count(value);
  if (!fuel || *fuel > INT64_MAX)
    return bad_value(option, value, "a number of instructions below 2^63");
  options.fuel = fuel;
  return {};
}

Usage set_table_elements(Options& options, std::string_view option, std::string_view value) {
  const auto elements = parse_count(value);
  if (!elements) return bad_value(option, value, "a number of elements");
  options.limits.table_elements = *elements;
  return {};
}

Usage set_max_threads(Options& options, std::string_view option, std::string_view value) {
  const auto threads = parse_count(value);
  if (!threads || *threads > UINT32_MAX) return bad_value(option, value, "a number of threads");
  options.max_threads = static_cast<uint32_t>(*threads);
  return {};
}

bool is_feature(std::string_view name) {
  return std::ranges::any_of(known_features(),
                             [&](const FeatureInfo& feature) { return feature.name == name; });
}

Usage set_feature(Options& options, std::string_view option, std::string_view name, bool enabled) {
  if (!is_feature(name)) {
    std::string known;
    for (const FeatureInfo& feature : known_features())
      known += (known.empty() ? "" : ", ") + std::string(feature.name);
    return usage(fmt::format("{}: there is no proposal `{}`; known are {}", option, name, known));
  }
  options.features.push_back({std::string(name), enabled});
  return {};
}

Usage set_stats(Options& options, std::string_view value) {
  if (!value.empty() && value != "json") return bad_value("--stats", value, "`json` or nothing");
  options.stats = value == "json" ? StatsFormat::Json : StatsFormat::Text;
  return {};
}

Usage set_log(Options& options, std::string_view value) {
  const std::string_view words = spec_of(Option::Log).words;
  const std::string padded = fmt::format(" {} ", words);
  if (value.empty() || padded.find(fmt::format(" {} ", value)) == padded.npos)
    return bad_value("--log", value, fmt::format("one of: {}", words));
  options.log_level = value;
  return {};
}

Usage set_deterministic(Options& options, std::string_view value) {
  const auto seed = value.empty() ? 0 : parse_count(value);
  if (!seed) return bad_value("--deterministic", value, "a number below 2^64");
  options.deterministic_seed = seed;
  return {};
}

Usage set_clock(Options& options, std::string_view value) {
  constexpr uint64_t kMaxSeconds = uint64_t{INT64_MAX} / 1'000'000'000;
  const char first = value.empty() ? '\0' : value.front();
  const std::string_view rest = value.substr(value.empty() ? 0 : 1);
  if (first == '@') {
    if (const auto seconds = parse_count(rest); seconds && *seconds <= kMaxSeconds) {
      options.fixed_date = std::chrono::seconds(*seconds);
      return {};
    }
  } else if (first == '+' || first == '-') {
    if (const auto offset = parse_duration(rest)) {
      options.date_offset = first == '+' ? *offset : -*offset;
      return {};
    }
  }
  return bad_value("--clock", value,
                   "a date such as @1700000000 or an offset such as +36h or -1.5s");
}

Usage set_path_resolution(Options& options, std::string_view value) {
  if (value == "openat2")
    options.path_resolution = WasiConfig::PathResolution::Openat2;
  else if (value == "walk")
    options.path_resolution = WasiConfig::PathResolution::Walk;
  else
    return bad_value("--path-resolution", value,
                     fmt::format("one of: {}", spec_of(Option::PathResolution).words));
  return {};
}

Usage set_trace(Options& options, std::string_view value) {
  if (value != "wasi") return bad_value("--trace", value, "`wasi`");
  options.trace_wasi = true;
  return {};
}

Usage set_text(std::string& target, std::string_view option, std::string_view value) {
  if (value.empty()) return usage(fmt::format("{}: the value is missing", option));
  target = value;
  return {};
}

Usage set_feature_list(Options& options, std::string_view value) {
  if (const auto config = parse_features(value); !config)
    return usage(fmt::format("--features: {}", config.error()));
  options.feature_list = value;
  return {};
}

Usage set_tier(Options& options, std::string_view value) {
  if (value == "interp")
    options.tier = Tier::Interpreter;
  else if (value == "opt")
    options.tier = Tier::Optimizing;
  else if (value == "auto")
    options.tier = Tier::Auto;
  else
    return bad_value("--tier", value, fmt::format("one of: {}", spec_of(Option::Tier).words));
  return {};
}

Usage set_tier_up_after(Options& options, std::string_view value) {
  const auto rounds = parse_count(value);
  if (!rounds || *rounds > INT32_MAX)
    return bad_value("--tier-up-after", value, "a number below 2^31");
  options.tier_up_after = static_cast<uint32_t>(*rounds);
  return {};
}

Usage set_opt_level(Options& options, std::string_view option, std::string_view value) {
  if (value != "0" && value != "1" && value != "2")
    return bad_value(option, value, "one of: 0 1 2");
  options.compiler.opt_level = value[0] - '0';
  return {};
}

Usage set_opt_bisect(Options& options, std::string_view value) {
  options.compiler.opt_bisect = parse_count(value);
  return options.compiler.opt_bisect ? Usage()
                                     : bad_value("--opt-bisect", value, "a number of passes");
}

Usage set_profile(Options& options, std::string_view value) {
  if (value != "perf" && value != "jitdump")
    return bad_value("--profile", value, fmt::format("one of: {}", spec_of(Option::Profile).words));
  (value == "perf" ? options.compiler.perf_map : options.compiler.jitdump) = true;
  return {};
}

Usage set_jobs(Options& options, std::string_view value) {
  const auto jobs = parse_count(value);
  if (!jobs || *jobs == 0 || *jobs > 1024)
    return bad_value("--jobs", value, "a number from 1 to 1024");
  options.jobs = static_cast<unsigned>(*jobs);
  return {};
}

// Every word of a list that commas separate, until one is refused.
template <typename Apply>
Usage for_each_word(std::string_view list, Apply apply) {
  while (true) {
    const size_t comma = list.find(',');
    if (auto done = apply(list.substr(0, comma)); !done) return done;
    if (comma == list.npos) return {};
    list.remove_prefix(comma + 1);
  }
}

Usage add_code_for(Options& options, std::string_view word) {
  if (word == "timeout")
    options.code_for.interruptible = true;
  else if (word == "fuel")
    options.code_for.fuel = true;
  else if (word == "deterministic")
    options.code_for.deterministic = true;
  else
    return bad_value("--for", word, "timeout, fuel or deterministic");
  return {};
}

Usage set_code_for(Options& options, std::string_view list) {
  return for_each_word(list, [&](std::string_view word) { return add_code_for(options, word); });
}

Usage set_target(Options& options, std::string_view value) {
  if (value == "x86-64-v3")
    options.target = Processor::X86_64;
  else if (value == "aarch64")
    options.target = Processor::AArch64;
  else
    return bad_value("--target", value, fmt::format("one of: {}", spec_of(Option::Target).words));
  return {};
}

Usage set_emit(Options& options, std::string_view value) {
  if (value == "cwasm")
    options.emit = Emit::Artifact;
  else if (value == "asm")
    options.emit = Emit::Listing;
  else if (value == "elf")
    options.emit = Emit::Object;
  else
    return bad_value("--emit", value, fmt::format("one of: {}", spec_of(Option::Emit).words));
  return {};
}

// wasmtime's `-W key=value,…`: the value is missing in `-W key`.
struct Key {
  std::string_view name;
  Usage (*apply)(Options& options, std::string_view option, std::string_view value);
};

// y, yes and true, or no value at all; n, no and false.
std::optional<bool> parse_switch(std::string_view value) {
  if (value.empty() || value == "y" || value == "yes" || value == "true") return true;
  if (value == "n" || value == "no" || value == "false") return false;
  return std::nullopt;
}

// wasmtime's `s` optimises for size as well.
Usage set_optimize_level(Options& options, std::string_view option, std::string_view value) {
  if (value != "s") return set_opt_level(options, option, value);
  return {};
}

Usage set_cache(Options& options, std::string_view option, std::string_view value) {
  const auto on = parse_switch(value);
  if (!on) return bad_value(option, value, "y or n");
  options.use_cache = *on;
  return {};
}

Usage accept_cli(Options&, std::string_view option, std::string_view value) {
  const auto on = parse_switch(value);
  if (!on) return bad_value(option, value, "y or n");
  if (!*on) return usage("-S cli: cannot be switched off");
  return {};
}

Usage add_listener(Options& options, std::string_view, std::string_view value) {
  options.listeners.emplace_back(value);
  return {};
}

Usage set_threads(Options& options, std::string_view option, std::string_view value) {
  const auto on = parse_switch(value);
  if (!on) return bad_value(option, value, "y or n");
  options.threads = *on;
  return {};
}

Usage set_inherit_env(Options& options, std::string_view option, std::string_view value) {
  const auto on = parse_switch(value);
  if (!on) return bad_value(option, value, "y or n");
  options.inherit_environment = *on;
  return {};
}

constexpr Key kWasmKeys[] = {
    {"fuel", set_fuel},
    {"timeout", set_timeout},
    {"max-memory-size",
     [](Options& options, std::string_view option, std::string_view value) {
       return set_size(options.limits.memory_bytes, option, value);
     }},
    {"max-wasm-stack",
     [](Options& options, std::string_view option, std::string_view value) {
       return set_size(options.limits.stack_bytes, option, value);
     }},
    {"max-table-elements", set_table_elements},
};
constexpr Key kWasiKeys[] = {
    {"inherit-env", set_inherit_env},
    {  "tcplisten",    add_listener},
    {    "threads",     set_threads},
    {        "cli",      accept_cli}
};
constexpr Key kOptimizeKeys[] = {
    {"opt-level", set_optimize_level}
};
constexpr Key kCodegenKeys[] = {
    {"cache", set_cache}
};

Usage apply_key(Options& options, char group, std::span<const Key> keys, std::string_view item) {
  const size_t equals = item.find('=');
  const std::string_view name = item.substr(0, equals);
  const std::string_view value = equals == item.npos ? "" : item.substr(equals + 1);
  const std::string option = fmt::format("-{} {}", group, name);
  for (const Key& key : keys)
    if (key.name == name) return key.apply(options, option, value);
  if (group == 'W' && is_feature(name)) {
    const auto on = parse_switch(value);
    if (!on) return bad_value(option, value, "y or n");
    return set_feature(options, option, name, *on);
  }
  std::string known;
  for (const Key& key : keys) known += (known.empty() ? "" : ", ") + std::string(key.name);
  if (group == 'W') known += ", and the proposals";
  return usage(fmt::format("-{}: there is no key `{}`; known are {}", group, name,
                           known.empty() ? "none" : known));
}

Usage apply_keys(Options& options, char group, std::span<const Key> keys, std::string_view list) {
  return for_each_word(
      list, [&](std::string_view word) { return apply_key(options, group, keys, word); });
}

// Options that ask for something of the compiler that code from the cache would not show.
bool is_about_compiling(Option option) {
  switch (option) {
    case Option::Tier:
    case Option::TierUpAfter:
    case Option::ProfileSave:
    case Option::OptBisect:
    case Option::DumpIr:
    case Option::TimePasses:  return true;
    default:                  return false;
  }
}

}  // namespace

Usage apply(Options& options, Option option, std::string_view value) {
  if (is_about_compiling(option)) options.use_cache = false;
  switch (option) {
    case Option::Dir:        return add_directory(options, value);
    case Option::Env:        return add_variable(options, value);
    case Option::InheritEnv: options.inherit_environment = true; return {};
    case Option::Argv0:      options.argv0 = value; return {};
    case Option::Invoke:     options.invoke = value; return {};
    case Option::Preload:    return add_preload(options, value);
    case Option::Rename:     return add_renaming(options, value);
    case Option::MaxMemory:  return set_size(options.limits.memory_bytes, "--max-memory", value);
    case Option::TcpListen:  return add_listener(options, "--tcplisten", value);
    case Option::Threads:    options.threads = true; return {};
    case Option::MaxThreads: return set_max_threads(options, "--max-threads", value);
    case Option::MaxStack:   return set_size(options.limits.stack_bytes, "--max-stack", value);
    case Option::MaxTableElements:
      return set_table_elements(options, "--max-table-elements", value);
    case Option::MaxGcHeap:          return set_size(options.limits.gc_heap_bytes, "--max-gc-heap", value);
    case Option::Timeout:            return set_timeout(options, "--timeout", value);
    case Option::Fuel:               return set_fuel(options, "--fuel", value);
    case Option::Enable:             return set_feature(options, "--enable", value, true);
    case Option::Disable:            return set_feature(options, "--disable", value, false);
    case Option::Stats:              return set_stats(options, value);
    case Option::Deterministic:      return set_deterministic(options, value);
    case Option::Clock:              return set_clock(options, value);
    case Option::PathResolution:     return set_path_resolution(options, value);
    case Option::Record:             return set_text(options.record, "--record", value);
    case Option::ProfileSave:        return set_text(options.profile_save, "--profile-save", value);
    case Option::ProfileUse:         return set_text(options.profile_use, "--profile-use", value);
    case Option::Trace:              return set_trace(options, value);
    case Option::ReportCapabilities: options.report_capabilities = true; return {};
    case Option::Log:                return set_log(options, value);
    case Option::Quiet:              options.quiet = true; return {};
    case Option::Json:               options.json = true; return {};
    case Option::Output:             return set_text(options.output.emplace(), "--output", value);
    case Option::NoEmbedWasm:        options.embed_wasm = false; return {};
    case Option::CodeFor:            return set_code_for(options, value);
    case Option::NoCache:            options.use_cache = false; return {};
    case Option::CacheDir:           return set_text(options.cache_dir, "--cache-dir", value);
    case Option::Target:             return set_target(options, value);
    case Option::Emit:               return set_emit(options, value);
    case Option::Fold:               options.fold = true; return {};
    case Option::Names:              options.names = true; return {};
    case Option::NoNames:            options.names = false; return {};
    case Option::StripDebug:         options.strip = CustomSections::Debug; return {};
    case Option::StripNames:         options.strip = CustomSections::Names; return {};
    case Option::Features:           return set_feature_list(options, value);
    case Option::Tier:               return set_tier(options, value);
    case Option::TierUpAfter:        return set_tier_up_after(options, value);
    case Option::OptLevel:           return set_opt_level(options, "--opt-level", value);
    case Option::OptBisect:          return set_opt_bisect(options, value);
    case Option::DumpIr:             return set_text(options.compiler.dump_ir, "--dump-ir", value);
    case Option::TimePasses:         options.compiler.time_passes = true; return {};
    case Option::Profile:            return set_profile(options, value);
    case Option::Gdb:                options.compiler.gdb = true; return {};
    case Option::Function:           return set_text(options.function, "--func", value);
    case Option::Ir:                 options.ir = true; return {};
    case Option::Junit:              return set_text(options.junit, "--junit", value);
    case Option::Verbose:            options.verbose = true; return {};
    case Option::Compiled:           options.compiled = true; return {};
    case Option::Jobs:               return set_jobs(options, value);
    case Option::WasmKeys:           return apply_keys(options, 'W', kWasmKeys, value);
    case Option::WasiKeys:           return apply_keys(options, 'S', kWasiKeys, value);
    case Option::OptimizeKeys:       return apply_keys(options, 'O', kOptimizeKeys, value);
    case Option::CodegenKeys:        return apply_keys(options, 'C', kCodegenKeys, value);
    case Option::DebugKeys:          return apply_keys(options, 'D', {}, value);
    case Option::Help:               options.help = true; return {};
    case Option::HelpAll:            options.help_all = true; return {};
    case Option::Version:            options.version = true; return {};
  }
  return {};
}

}  // namespace wrun::cli
