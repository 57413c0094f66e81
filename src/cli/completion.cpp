#include <fmt/format.h>

#include "cli/help.hpp"

namespace wrun::cli {
namespace {

std::string command_names() {
  std::string names;
  for (const CommandSpec& spec : commands())
    if (!spec.hidden) names += fmt::format("{}{}", names.empty() ? "" : " ", spec.name);
  return names;
}

std::string option_words(Command command) {
  std::string words;
  for (const OptionSpec& spec : options()) {
    if (!spec.is_for(command)) continue;
    if (!spec.name.empty()) words += fmt::format(" --{}", spec.name);
    if (spec.short_name != 0) words += fmt::format(" -{}", spec.short_name);
  }
  return words.substr(1);
}

// Options whose value is the next word, as a pattern of `case`.
std::string value_options(ValueHint hint) {
  std::string names;
  for (const OptionSpec& spec : options()) {
    if (spec.value != ValueUse::Required || spec.hint != hint) continue;
    const std::string name =
        spec.name.empty() ? fmt::format("-{}", spec.short_name) : fmt::format("--{}", spec.name);
    names += fmt::format("{}{}", names.empty() ? "" : "|", name);
  }
  return names;
}

// What a command takes as its first operand, if it is one of a few words.
std::string operand_words(Command command) {
  if (command == Command::Completion) return "bash zsh fish";
  if (command == Command::Help) return command_names();
  return "";
}

std::string bash_script() {
  std::string text = fmt::format(
      "_wrun() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  case $previous in\n"
      "    {}) compopt -o nospace; COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n"
      "    {}) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
      "    {}) return ;;\n",
      value_options(ValueHint::Directory), value_options(ValueHint::File),
      value_options(ValueHint::None));
  for (const OptionSpec& spec : options())
    if (spec.value == ValueUse::Required && spec.hint == ValueHint::Words)
      text += fmt::format("    --{}) COMPREPLY=($(compgen -W '{}' -- \"$current\")); return ;;\n",
                          spec.name, spec.words);
  text +=
      "  esac\n"
      "  local words operands=\n"
      "  case ${COMP_WORDS[1]} in\n";
  for (const CommandSpec& spec : commands())
    if (!spec.hidden && spec.command != Command::Run)
      text += fmt::format("    {}) words='{}' operands='{}' ;;\n", spec.name,
                          option_words(spec.command), operand_words(spec.command));
  text += fmt::format(
      "    *) words='{}' ;;\n"
      "  esac\n"
      "  if [[ $current == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  elif [[ $COMP_CWORD == 1 ]]; then\n"
      "    COMPREPLY=($(compgen -W '{}' -- \"$current\") $(compgen -f -- \"$current\"))\n"
      "  elif [[ -n $operands ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$operands\" -- \"$current\"))\n"
      "  else\n"
      "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
      "  fi\n"
      "}}\n"
      "complete -o filenames -F _wrun wrun\n",
      option_words(Command::Run), command_names());
  return text;
}

// Help texts inside single quotes, and without what _arguments gives a meaning.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else if (c == '[' || c == ']' || c == ':')
      (out += '\\') += c;
    else
      out += c;
  }
  return out;
}

std::string zsh_action(const OptionSpec& spec) {
  if (spec.value == ValueUse::None) return "";
  const std::string words = fmt::format("({})", spec.words);
  const std::string_view action = spec.hint == ValueHint::Directory ? "_directories"
                                  : spec.hint == ValueHint::File    ? "_files"
                                  : spec.hint == ValueHint::Words   ? std::string_view(words)
                                                                    : " ";
  return fmt::format(":{}:{}", zsh_text(spec.value_name), action);
}

std::string zsh_options(Command command) {
  std::string text;
  for (const OptionSpec& spec : options()) {
    if (!spec.is_for(command)) continue;
    const auto line = [&](const std::string& name) {
      text +=
          fmt::format("    '*{}{}[{}]{}' \\\n", name, spec.value == ValueUse::Optional ? "=-" : "",
                      zsh_text(spec.help), zsh_action(spec));
    };
    if (!spec.name.empty()) line(fmt::format("--{}", spec.name));
    if (spec.short_name != 0) line(fmt::format("-{}", spec.short_name));
  }
  return text;
}

std::string zsh_script() {
  std::string text = "#compdef wrun\n_wrun() {\n  case $words[2] in\n";
  for (const CommandSpec& spec : commands()) {
    if (spec.hidden || spec.command == Command::Run) continue;
    const std::string operands = operand_words(spec.command);
    text += fmt::format("  {}) shift words; (( CURRENT-- )); _arguments \\\n{}    '*:{}:{}' ;;\n",
                        spec.name, zsh_options(spec.command), zsh_text(spec.arguments),
                        operands.empty() ? "_files" : fmt::format("({})", operands));
  }
  text += fmt::format(
      "  *) [[ $words[2] == run ]] && {{ shift words; (( CURRENT-- )) }}; _arguments \\\n"
      "{}    '1:module:{{_files; compadd {}}}' '*:argument:_files' ;;\n"
      "  esac\n"
      "}}\n"
      "compdef _wrun wrun\n",
      zsh_options(Command::Run), command_names());
  return text;
}

std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// The commands that an option is for, as a condition; `run` also stands for none.
std::string fish_condition(const OptionSpec& option) {
  std::string with;
  std::string without;
  for (const CommandSpec& spec : commands())
    if (!spec.hidden && spec.command != Command::Run)
      (option.is_for(spec.command) ? with : without) += fmt::format(" {}", spec.name);
  if (!option.is_for(Command::Run)) return "__fish_seen_subcommand_from" + with;
  if (without.empty()) return "true";
  return "not __fish_seen_subcommand_from" + without;
}

std::string fish_script() {
  std::string text;
  for (const CommandSpec& spec : commands())
    if (!spec.hidden)
      text += fmt::format("complete -c wrun -n __fish_use_subcommand -a {} -d {}\n", spec.name,
                          fish_quoted(spec.help));
  for (const Command command : {Command::Completion, Command::Help})
    text += fmt::format("complete -c wrun -n '__fish_seen_subcommand_from {}' -f -a '{}'\n",
                        spec_of(command).name, operand_words(command));
  for (const OptionSpec& spec : options()) {
    text += fmt::format("complete -c wrun -n {}", fish_quoted(fish_condition(spec)));
    if (!spec.name.empty()) text += fmt::format(" -l {}", spec.name);
    if (spec.short_name != 0) text += fmt::format(" -s {}", spec.short_name);
    if (spec.value == ValueUse::Required) text += " -r";
    if (spec.hint == ValueHint::None && spec.value == ValueUse::Required) text += " -f";
    if (spec.hint == ValueHint::Directory) text += " -a '(__fish_complete_directories)'";
    if (spec.hint == ValueHint::Words && spec.value == ValueUse::Required)
      text += fmt::format(" -f -a {}", fish_quoted(spec.words));
    text += fmt::format(" -d {}\n", fish_quoted(spec.help));
  }
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") return zsh_script();
  if (shell == "fish") return fish_script();
  return {};
}

}  // namespace wrun::cli
