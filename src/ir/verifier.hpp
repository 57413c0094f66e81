// Checks what every pass may rely on and has to keep: blocks end in terminators and nothing else is one,
// operands exist, have the right types and dominate their uses, arguments match parameters.
#pragma once

#include <expected>
#include <string>

#include "ir/function.hpp"

namespace wrun::ir {

// The error is for developers, and names the instruction.
using Verified = std::expected<void, std::string>;
Verified verify(const Function& function);

}  // namespace wrun::ir
