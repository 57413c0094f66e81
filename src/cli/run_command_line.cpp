#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/output.hpp"

namespace wrun::cli {
namespace {

int print_and_succeed(const std::string& text) { return print(text) ? kSuccess : kFailure; }

int bad_usage(std::string_view message) {
  report_error(message);
  return kBadUsage;
}

int run_command(const Options& options) {
  const CommandSpec& spec = spec_of(options.command);
  switch (options.command) {
    case Command::Run:
      if (options.module.empty()) return bad_usage("no module to run; see `wrun --help`");
      return run(options);
    case Command::Snapshot:
      if (options.module.empty()) break;
      return run(options);
    case Command::Replay:
      if (options.arguments.size() != 1) break;
      return replay(options);
    case Command::Validate:
      if (options.arguments.empty()) break;
      return validate(options);
    case Command::Info:
      if (options.arguments.size() != 1) break;
      return info(options);
    case Command::Wast:
      if (options.arguments.empty()) break;
      return wast(options);
    case Command::Compile:
      if (options.arguments.empty()) break;
      return compile(options);
    case Command::Cache:
      if (options.arguments.empty()) break;
      return cache(options);
    case Command::Objdump:
      if (options.arguments.size() != 1) break;
      return objdump(options);
    case Command::Wasm2Wat:
      if (options.arguments.size() != 1) break;
      return wasm2wat(options);
    case Command::Wat2Wasm:
      if (options.arguments.size() != 1) break;
      return wat2wasm(options);
    case Command::Strip:
      if (options.arguments.size() != 1) break;
      return strip(options);
    case Command::Completion:
      if (options.arguments.size() != 1) break;
      return completion(options);
    case Command::Help:
      if (options.arguments.size() > 1) break;
      return help(options);
    case Command::Man:
      if (!options.arguments.empty()) break;
      return man();
  }
  return bad_usage(fmt::format("usage: wrun {} [OPTIONS] {}", spec.name, spec.arguments));
}

}  // namespace

int completion(const Options& options) {
  const std::string script = completion_script(options.arguments[0]);
  if (script.empty())
    return bad_usage(
        fmt::format("no completion for `{}`; there is bash, zsh and fish", options.arguments[0]));
  return print_and_succeed(script);
}

int help(const Options& options) {
  const std::string name = options.arguments.empty() ? "run" : options.arguments[0];
  const CommandSpec* spec = find_command(name);
  if (spec == nullptr) return bad_usage(fmt::format("there is no command `{}`", name));
  return print_and_succeed(help_text(spec->command, !options.arguments.empty()));
}

int man() { return print_and_succeed(man_page()); }

int run_command_line(std::span<const char* const> arguments) {
  auto options = parse_command_line(arguments);
  if (!options) return bad_usage(options.error());
  if (options->help || options->help_all)
    return print_and_succeed(help_text(options->command, options->help_all));
  if (options->version) return print_and_succeed(fmt::format("wrun {}\n", version()));
  if (!options->record.empty()) options->command_line.assign(arguments.begin(), arguments.end());
  return run_command(*options);
}

}  // namespace wrun::cli
