// From argv to Options.
#pragma once

#include <expected>
#include <span>
#include <string>

#include "cli/run_options.hpp"

namespace wrun::cli {

using Arguments = std::span<const char* const>;

// `arguments` is argv without the program's name. The error says what is wrong with the command
// line, as a sentence.
std::expected<Options, std::string> parse_command_line(Arguments arguments);

// The common command lines of `run`: --dir, --env and the module. False, with `options` in an
// unspecified state, for all others; they are for parse_with_cli11().
bool parse_common(Options& options, Arguments arguments);

// Any option of `options.command`. Slower: it builds up CLI11's tables.
Usage parse_with_cli11(Options& options, Arguments arguments);

}  // namespace wrun::cli
