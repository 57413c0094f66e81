// The control flow of a function as it is now: order, predecessors, dominators, loops. All arrays are by
// block; unreachable blocks have position kUnreached and nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/function.hpp"

namespace wrun::ir {

class FlowGraph {
 public:
  static constexpr uint32_t kUnreached = UINT32_MAX;

  explicit FlowGraph(const Function& function);

  // Reverse postorder: a block comes after those that dominate it, and but for the back edges of loops
  // after its predecessors.
  std::span<const Block> order() const { return order_; }
  uint32_t position(Block block) const { return position_[block.index]; }
  bool is_reachable(Block block) const { return position(block) != kUnreached; }

  // One entry an edge, so that a predecessor may occur more than once.
  std::span<const Block> predecessors(Block block) const {
    return {predecessors_.data() + first_predecessor_[block.index],
            first_predecessor_[block.index + 1] - first_predecessor_[block.index]};
  }

  Block immediate_dominator(Block block) const { return dominator_[block.index]; }
  bool dominates(Block above, Block below) const {
    return is_reachable(below) && enter_[above.index] <= enter_[below.index] &&
           leave_[below.index] <= leave_[above.index];
  }
  // Reachable blocks so that every one comes after its dominator and the blocks below one are together.
  std::span<const Block> dominator_tree_order() const { return tree_order_; }

  // Natural loops; those of irreducible control flow are not found.
  bool is_loop_header(Block block) const { return loop_[block.index] == block; }
  Block loop_header(Block block) const { return loop_[block.index]; }  // of the innermost loop
  // Of the loop around the one with this header.
  Block outer_loop(Block header) const { return outer_loop_[header.index]; }
  uint32_t loop_depth(Block block) const { return depth_[block.index]; }
  bool loop_contains(Block header, Block block) const;

 private:
  void find_order(const Function& function);
  void find_predecessors(const Function& function);
  void find_dominators();
  void find_dominator_tree();
  void find_loops();

  uint32_t block_count_;
  std::vector<Block> order_;
  std::vector<uint32_t> position_;
  std::vector<uint32_t> first_predecessor_;
  std::vector<Block> predecessors_;
  std::vector<Block> dominator_;
  std::vector<Block> tree_order_;
  std::vector<uint32_t> enter_;
  std::vector<uint32_t> leave_;
  std::vector<Block> loop_;
  std::vector<Block> outer_loop_;
  std::vector<uint32_t> depth_;
};

// How often each value is used, by value: as an operand or as an argument of an edge.
std::vector<uint32_t> count_uses(const Function& function);

}  // namespace wrun::ir
