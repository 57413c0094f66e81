// What the command line asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/option_table.hpp"
#include "wrun/wrun.hpp"

namespace wrun::cli {

struct Preload {
  std::string name;
  std::string file;
};

enum class StatsFormat : uint8_t { None, Text, Json };
enum class Emit : uint8_t { Artifact, Listing, Object };

struct Options {
  Command command = Command::Run;
  Tier tier = Config().tier;
  uint32_t tier_up_after = Config().tier_up_after;
  CompilerConfig compiler;
  std::string function;  // of `objdump`; empty: all
  bool ir = false;
  // `run`: the module. Otherwise the operands are in `arguments`.
  std::string module;
  // `run`: what belongs to the guest.
  std::vector<std::string> arguments;

  std::vector<WasiConfig::Directory> directories;
  std::vector<std::string> environment;
  std::vector<std::string> listeners;
  bool inherit_environment = false;
  std::optional<std::string> argv0;
  std::optional<std::string> invoke;
  std::vector<Preload> preloads;
  std::vector<SnapshotOptions::Renaming> renamings;  // of `snapshot`

  Limits limits;
  bool threads = false;
  uint32_t max_threads = WasiThreadsConfig().max_threads;
  std::optional<std::chrono::nanoseconds> timeout;
  std::string timeout_text;  // as it was given
  std::optional<uint64_t> fuel;
  std::vector<Config::FeatureSwitch> features;

  StatsFormat stats = StatsFormat::None;
  std::optional<uint64_t> deterministic_seed;  // empty: not deterministic
  std::optional<std::chrono::nanoseconds> fixed_date;
  std::chrono::nanoseconds date_offset{};
  WasiConfig::PathResolution path_resolution = WasiConfig::PathResolution::Automatic;
  std::string record;                     // empty: no recording
  std::vector<std::string> command_line;  // all of it, if the run is recorded

  std::string profile_save;  // empty: no profile
  std::string profile_use;

  bool trace_wasi = false;
  bool report_capabilities = false;
  std::string log_level;  // empty: no log
  bool quiet = false;
  bool json = false;
  std::optional<std::string> output;  // empty: the standard output
  // `compile`: runs that the code is for.
  struct CodeFor {
    bool interruptible = false;
    bool fuel = false;
    bool deterministic = false;
  };
  CodeFor code_for;
  bool use_cache = true;
  std::string cache_dir;  // empty: the usual one
  bool embed_wasm = true;
  std::optional<Processor> target;
  Emit emit = Emit::Artifact;
  bool fold = false;
  bool names = true;
  CustomSections strip = CustomSections::All;
  std::string feature_list;  // of `wast`; empty: by the folder of a script
  std::string junit;
  bool verbose = false;
  bool compiled = false;  // `wast`: modules go through files of compiled code
  unsigned jobs = 0;      // 0: one a processor
  bool help = false;
  bool help_all = false;
  bool version = false;
};

// What is wrong with a command line, as a sentence.
using Usage = std::expected<void, std::string>;

// Takes one option, as often as it is given. `value` is empty for options without one.
Usage apply(Options& options, Option option, std::string_view value);

}  // namespace wrun::cli
