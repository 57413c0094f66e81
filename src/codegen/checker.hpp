// Proves an allocation: follows which virtual registers each location holds along all paths, and finds
// uses that would read anything else. Knows the instructions and the moves, and nothing of how the
// allocation was made.
#pragma once

#include <optional>
#include <string>

#include "codegen/allocation.hpp"

namespace wrun::codegen {

// What is wrong, if anything is.
std::optional<std::string> check_allocation(const MachineFunction& function,
                                            const Allocation& allocation);

}  // namespace wrun::codegen
