#pragma once

#include <cstdint>
#include <vector>

#include "ir/flow_graph.hpp"

namespace wrun::ir {

// The effects of all instructions in each loop, by the loop's header.
std::vector<uint32_t> find_loop_effects(const Function& function, const FlowGraph& graph);

}  // namespace wrun::ir
