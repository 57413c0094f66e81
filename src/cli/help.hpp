// Texts made from the table of options.
#pragma once

#include <string>

#include "cli/option_table.hpp"

namespace wrun::cli {

// `--help` shows the common options of a command, on 24 lines of 80 columns at most; `--help-all` all.
std::string help_text(Command command, bool all);
// troff, for man(1).
std::string man_page();
// A script for bash, zsh or fish; empty for other shells.
std::string completion_script(std::string_view shell);

}  // namespace wrun::cli
