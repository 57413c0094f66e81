#pragma once

#include <vector>

#include "ir/flow_graph.hpp"

namespace wrun::ir {

// The order in which the blocks' code should stand: loops in one piece, the likely successor next, and
// blocks that are cold, or from which only cold ones are reached, at the end. Begins with the entry; has
// every reachable block.
std::vector<Block> lay_out_blocks(const Function& function, const FlowGraph& graph);

}  // namespace wrun::ir
