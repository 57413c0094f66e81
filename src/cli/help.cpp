#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "wrun/version.hpp"

namespace wrun::cli {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kHelpColumn = 32;

std::string option_names(const OptionSpec& spec) {
  std::string names;
  if (spec.short_name != 0) names = fmt::format("-{}", spec.short_name);
  if (!spec.name.empty()) names += fmt::format("{}--{}", names.empty() ? "" : ", ", spec.name);
  if (spec.value == ValueUse::Required) names += fmt::format(" {}", spec.value_name);
  if (spec.value == ValueUse::Optional) names += fmt::format("[={}]", spec.value_name);
  return names;
}

// `left`, then `text` from kHelpColumn on, broken at spaces to fit kWidth.
std::string two_columns(std::string_view left, std::string_view text) {
  std::string lines = fmt::format("  {}", left);
  size_t column = lines.size();
  if (column + 2 > kHelpColumn) {
    lines += '\n';
    column = 0;
  }
  lines.append(kHelpColumn - column, ' ');
  column = kHelpColumn;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (column > kHelpColumn && column + 1 + end > kWidth) {
      lines += '\n';
      lines.append(kHelpColumn, ' ');
      column = kHelpColumn;
    }
    if (column > kHelpColumn) lines += ' ', ++column;
    lines += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines + '\n';
}

std::string command_list() {
  std::string text = "Commands:\n";
  for (const CommandSpec& spec : commands())
    if (!spec.hidden)
      text += two_columns(fmt::format("{} {}", spec.name, spec.arguments), spec.help);
  return text;
}

}  // namespace

std::string help_text(Command command, bool all) {
  const CommandSpec& spec = spec_of(command);
  std::string text;
  if (command == Command::Run) {
    text =
        fmt::format("wrun {}, a WebAssembly runtime\nUsage: wrun [OPTIONS] {}   (- is stdin)\n{}",
                    version(), spec.arguments, command_list());
    text += "Options, before MODULE; what follows it belongs to the guest:\n";
  } else {
    text = fmt::format("{}\nUsage: wrun {} [OPTIONS] {}\nOptions:\n", spec.help, spec.name,
                       spec.arguments);
  }
  for (const OptionSpec& option : options())
    if (option.is_for(command) && (all || option.common))
      text += two_columns(option_names(option), option.help);
  return text;
}

}  // namespace wrun::cli
