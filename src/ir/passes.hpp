// What each pass does; pipeline.cpp has their order. All take any verified function and leave one.
#pragma once

#include "ir/function.hpp"

namespace wrun::ir {

// Branches on constants, blocks that nothing reaches, blocks that only jump on, chains of blocks that
// are one.
void simplify_control_flow(Function& function);
void remove_unreached_blocks(Function& function);
// Parameters that have the same argument on every edge.
void remove_redundant_params(Function& function);
// Constant folding, the rules of rewrite_rules.hpp, and equal values computed once: global value numbering in dominator
// order. Values read from memory and the like are equal as long as nothing was written in between.
void number_values(Function& function);
// What lies in a loop and is the same in every round moves in front of it.
void hoist_loop_invariants(Function& function);
// Loops that compare a counter before its step compare it behind.
void compare_next_counters(Function& function);
// Divisions by constants become multiplications and shifts.
void reduce_divisions(Function& function);
// Instructions and parameters that nobody uses.
void remove_dead_code(Function& function);
// An edge between a block with several successors and one with several predecessors gets a block.
void split_critical_edges(Function& function);

}  // namespace wrun::ir
