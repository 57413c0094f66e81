// Arguments of `--invoke`, read by the type of the parameter.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wrun/func.hpp"
#include "wrun/value.hpp"

namespace wrun::cli {

// Integers: decimal or 0x hexadecimal, with a sign, in the signed or the unsigned range. Floats:
// decimal or hexadecimal, nan, nan:0x…, inf. Vectors: an unsigned number of 128 bits. References: null.
std::optional<Value> parse_value(const ValueType& type, std::string_view text);

// All arguments of a call. The error names the argument that does not fit.
std::expected<std::vector<Value>, std::string> parse_call_arguments(
    std::string_view function, const FuncType& type, std::span<const std::string> arguments);

}  // namespace wrun::cli
