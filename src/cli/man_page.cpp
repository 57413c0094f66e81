#include <fmt/format.h>

#include "cli/help.hpp"
#include "wrun/version.hpp"

namespace wrun::cli {
namespace {

// Text as troff takes it literally.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string option_heading(const OptionSpec& spec) {
  std::string heading;
  if (spec.short_name != 0) heading = fmt::format("\\fB\\-{}\\fR", spec.short_name);
  if (!spec.name.empty())
    heading += fmt::format("{}\\fB\\-\\-{}\\fR", heading.empty() ? "" : ", ", escaped(spec.name));
  if (spec.value == ValueUse::Required)
    heading += fmt::format(" \\fI{}\\fR", escaped(spec.value_name));
  if (spec.value == ValueUse::Optional)
    heading += fmt::format("[=\\fI{}\\fR]", escaped(spec.value_name));
  return heading;
}

std::string synopsis(const CommandSpec& spec) {
  return fmt::format(".B wrun {}\n[\\fIOPTIONS\\fR] {}\n.br\n", spec.name, escaped(spec.arguments));
}

std::string option_section(const CommandSpec& command) {
  std::string text;
  for (const OptionSpec& spec : options())
    if (spec.is_for(command.command))
      text += fmt::format(".TP\n{}\n{}.\n", option_heading(spec), escaped(spec.help));
  return text;
}

constexpr std::string_view kDescription =
    ".SH DESCRIPTION\n"
    "Runs a WebAssembly module, a file or the standard input (\\fB\\-\\fR), with WASI preview 1.\n"
    "The guest can reach nothing of the host but its standard streams, unless an option grants "
    "it.\n"
    "Options come before \\fIMODULE\\fR; everything after it belongs to the guest.\n";

constexpr std::string_view kExitStatus =
    ".SH EXIT STATUS\n"
    ".TP\n0 to 255\nThe guest's own, if it ran.\n"
    ".TP\n1\nThe module cannot be loaded, validated or linked, or the output not be written.\n"
    ".TP\n2\nThe command line makes no sense.\n"
    ".TP\n134\nThe guest trapped, ran out of fuel or exceeded its time.\n";

constexpr std::string_view kExamples =
    ".SH EXAMPLES\n"
    ".TP\n\\fBwrun app.wasm one two\\fR\nRun a program with two arguments.\n"
    ".TP\n\\fBwrun \\-\\-dir . \\-\\-dir /srv/data::/data::ro app.wasm\\fR\n"
    "Grant the current directory, and another as /data for reading only.\n"
    ".TP\n\\fBwrun \\-\\-invoke add math.wasm 2 3\\fR\nCall an exported function.\n";

}  // namespace

std::string man_page() {
  std::string text = fmt::format(
      ".TH WRUN 1 \"\" \"wrun {}\" \"User Commands\"\n.SH NAME\n"
      "wrun \\- run WebAssembly programs\n.SH SYNOPSIS\n"
      ".B wrun\n[\\fIOPTIONS\\fR] MODULE [ARGS...]\n.br\n",
      version());
  for (const CommandSpec& command : commands())
    if (!command.hidden) text += synopsis(command);
  text += kDescription;
  for (const CommandSpec& command : commands()) {
    if (command.hidden) continue;
    text += fmt::format(".SH OPTIONS OF {}\n{}.\n{}", command.name, escaped(command.help),
                        option_section(command));
  }
  text += kExitStatus;
  text += kExamples;
  return text;
}

}  // namespace wrun::cli
