#include <fmt/format.h>

#include <map>
#include <string_view>
#include <vector>

#include "cli/cli11.hpp"
#include "cli/command_line.hpp"
#include "cli/similar.hpp"

namespace wrun::cli {
namespace {

// What CLI11 gives a flag without a value.
constexpr std::string_view kFlagSet = "true";

using SpecByOption = std::map<const CLI::Option*, const OptionSpec*>;

std::string cli11_names(const OptionSpec& spec) {
  std::string names;
  if (spec.short_name != 0) names = fmt::format("-{}", spec.short_name);
  if (!spec.name.empty()) names += fmt::format("{}--{}", names.empty() ? "" : ",", spec.name);
  return names;
}

SpecByOption define_options(CLI::App& app, Command command) {
  SpecByOption defined;
  for (const OptionSpec& spec : options()) {
    if (!spec.is_for(command)) continue;
    CLI::Option* option = spec.value == ValueUse::Required ? app.add_option(cli11_names(spec))
                                                           : app.add_flag(cli11_names(spec));
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    if (spec.value == ValueUse::Required)
      option->type_size(1)->expected(1)->type_name(std::string(spec.value_name));
    defined.emplace(option, &spec);
  }
  return defined;
}

Usage apply_flag(Options& options, const OptionSpec& spec, std::string_view value) {
  if (value == kFlagSet) value = "";
  if (spec.value == ValueUse::None && !value.empty())
    return std::unexpected(fmt::format("--{}: takes no value, but got `{}`", spec.name, value));
  return apply(options, spec.option, value);
}

Usage apply_in_order(Options& options, const CLI::App& app, const SpecByOption& defined) {
  std::map<const CLI::Option*, size_t> taken;
  for (const CLI::Option* option : app.parse_order()) {
    const OptionSpec& spec = *defined.at(option);
    const std::string& value = option->results()[taken[option]++];
    auto done = spec.value == ValueUse::Required ? apply(options, spec.option, value)
                                                 : apply_flag(options, spec, value);
    if (!done) return done;
  }
  return {};
}

std::string unknown_option(std::string_view argument, Command command) {
  const std::string_view name = argument.substr(0, argument.find('='));
  std::vector<std::string> known;
  for (const OptionSpec& spec : options())
    if (spec.is_for(command) && !spec.name.empty()) known.push_back(fmt::format("--{}", spec.name));
  const auto similar = similar_words(name, known, 1);
  if (!similar.empty())
    return fmt::format("there is no option `{}`; did you mean `{}`?", name, similar[0]);
  return fmt::format("there is no option `{}`; see `wrun --help-all`", name);
}

// What CLI11 left over: operands, but also options that it does not know.
Usage take_operands(Options& options, std::vector<std::string> operands) {
  const bool runs = options.command == Command::Run;
  // Everything from here on is an operand, whatever it looks like.
  auto ended = operands.begin();
  while (ended != operands.end() && *ended != "--") {
    if (ended->size() > 1 && ended->front() == '-')
      return std::unexpected(unknown_option(*ended, options.command));
    if (runs) break;  // the module: what follows is the guest's
    ++ended;
  }
  if (ended != operands.end() && *ended == "--") operands.erase(ended);
  if ((runs || options.command == Command::Snapshot) && !operands.empty()) {
    options.module = std::move(operands.front());
    operands.erase(operands.begin());
  }
  options.arguments = std::move(operands);
  return {};
}

}  // namespace

Usage parse_with_cli11(Options& options, Arguments arguments) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.prefix_command(options.command == Command::Run);
  const SpecByOption defined = define_options(app, options.command);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return std::unexpected(error.what());
  }
  if (auto applied = apply_in_order(options, app, defined); !applied) return applied;
  return take_operands(options, app.remaining());
}

}  // namespace wrun::cli
