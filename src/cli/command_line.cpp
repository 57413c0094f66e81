#include "cli/command_line.hpp"

#include <string_view>

namespace wrun::cli {
namespace {

struct CommonOption {
  std::string_view name;
  Option option;
};
constexpr CommonOption kCommonOptions[] = {
    {"--dir", Option::Dir},
    {"--env", Option::Env}
};

// Takes one option, `--name value` or `--name=value`, off the front.
bool take_common_option(Options& options, Arguments& arguments) {
  const std::string_view argument = arguments.front();
  for (const auto& [name, option] : kCommonOptions) {
    if (!argument.starts_with(name)) continue;
    if (argument.size() > name.size() && argument[name.size()] == '=') {
      arguments = arguments.subspan(1);
      return apply(options, option, argument.substr(name.size() + 1)).has_value();
    }
    if (argument.size() == name.size() && arguments.size() >= 2) {
      const std::string_view value = arguments[1];
      arguments = arguments.subspan(2);
      return apply(options, option, value).has_value();
    }
  }
  return false;
}

// The standard input as a module is not an option.
bool is_option(std::string_view argument) { return argument.starts_with('-') && argument != "-"; }

}  // namespace

bool parse_common(Options& options, Arguments arguments) {
  while (!arguments.empty() && is_option(arguments.front()))
    if (!take_common_option(options, arguments)) return false;
  if (arguments.empty()) return false;
  options.module = arguments.front();
  options.arguments.assign(arguments.begin() + 1, arguments.end());
  return true;
}

std::expected<Options, std::string> parse_command_line(Arguments arguments) {
  Command command = Command::Run;
  if (!arguments.empty()) {
    if (const CommandSpec* spec = find_command(arguments.front())) {
      command = spec->command;
      arguments = arguments.subspan(1);
    }
  }
  if (command == Command::Run) {
    Options options;
    if (parse_common(options, arguments)) return options;
  }
  Options options;
  options.command = command;
  if (auto parsed = parse_with_cli11(options, arguments); !parsed)
    return std::unexpected(std::move(parsed).error());
  return options;
}

}  // namespace wrun::cli
