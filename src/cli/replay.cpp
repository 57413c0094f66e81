// `wrun replay`: the command line that was recorded, on what was recorded.
#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace wrun::cli {
namespace {

// Its arguments, each of which ends in NUL.
std::vector<const char*> recorded_command_line(const Recording& recording) {
  std::vector<const char*> arguments;
  for (const auto& [name, contents] : recording.attachments()) {
    if (name != "command line" || contents.empty() || contents.back() != '\0') continue;
    for (size_t at = 0; at < contents.size(); at = contents.find('\0', at) + 1)
      arguments.push_back(&contents[at]);
  }
  return arguments;
}

}  // namespace

int replay(const Options& options) {
  auto recording = Recording::open(options.arguments[0]);
  if (!recording) {
    report_error(recording.error().message);
    return kFailure;
  }
  auto recorded = parse_command_line(recorded_command_line(*recording));
  if (!recorded || recorded->command != Command::Run || recorded->module.empty()) {
    report_error(fmt::format("`{}` was not made by `wrun run --record`", options.arguments[0]));
    return kFailure;
  }
  // Nothing of the host is opened again; what is shown is up to who replays.
  recorded->record.clear();
  recorded->profile_save.clear();
  recorded->directories.clear();
  recorded->listeners.clear();
  recorded->report_capabilities = false;
  recorded->trace_wasi = options.trace_wasi;
  recorded->stats = options.stats;
  recorded->log_level = options.log_level;
  recorded->quiet = options.quiet;
  return run_recorded(*recorded, std::move(*recording));
}

}  // namespace wrun::cli
