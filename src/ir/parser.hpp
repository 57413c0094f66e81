// Reads the text form of functions (printer.hpp), for tests.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "ir/function.hpp"

namespace wrun::ir {

// Numbers of values are the text's own; those of blocks are kept, and blocks stand in their order.
std::expected<Function, std::string> parse(std::string_view text, const wasm::Module& module);

}  // namespace wrun::ir
