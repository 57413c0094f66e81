#include "ir/flow_graph.hpp"

#include <algorithm>

namespace wrun::ir {

FlowGraph::FlowGraph(const Function& function) : block_count_(function.block_count()) {
  find_order(function);
  find_predecessors(function);
  find_dominators();
  find_dominator_tree();
  find_loops();
}

// Depth first, the last edge first: then the blocks of straight code stay in their order.
void FlowGraph::find_order(const Function& function) {
  struct Visit {
    Block block;
    uint32_t next_edge;  // counts down
  };
  position_.assign(block_count_, kUnreached);
  std::vector<Visit> stack;
  const auto enter = [&](Block block) {
    position_[block.index] = 0;
    stack.push_back({block, static_cast<uint32_t>(function.edges(block).size())});
  };
  enter(function.entry());
  order_.reserve(block_count_);
  while (!stack.empty()) {
    Visit& visit = stack.back();
    if (visit.next_edge == 0) {
      order_.push_back(visit.block);
      stack.pop_back();
      continue;
    }
    const Block target = function.edges(visit.block)[--visit.next_edge].target;
    if (position_[target.index] == kUnreached) enter(target);
  }
  std::reverse(order_.begin(), order_.end());
  for (uint32_t i = 0; i < order_.size(); ++i) position_[order_[i].index] = i;
}

void FlowGraph::find_predecessors(const Function& function) {
  first_predecessor_.assign(block_count_ + 2, 0);
  for (const Block block : order_)
    for (const Edge& edge : function.edges(block)) ++first_predecessor_[edge.target.index + 2];
  for (uint32_t i = 2; i < first_predecessor_.size(); ++i)
    first_predecessor_[i] += first_predecessor_[i - 1];
  predecessors_.resize(first_predecessor_.back());
  for (const Block block : order_)
    for (const Edge& edge : function.edges(block))
      predecessors_[first_predecessor_[edge.target.index + 1]++] = block;
}

// Cooper, Harvey and Kennedy: "A Simple, Fast Dominance Algorithm".
void FlowGraph::find_dominators() {
  dominator_.assign(block_count_, kNoBlock);
  const Block entry = order_.front();
  dominator_[entry.index] = entry;
  const auto common = [&](Block a, Block b) {
    while (a != b) {
      while (position(a) > position(b)) a = dominator_[a.index];
      while (position(b) > position(a)) b = dominator_[b.index];
    }
    return a;
  };
  for (bool changed = true; changed;) {
    changed = false;
    bool has_back_edge_to_unvisited = false;
    for (const Block block : order_) {
      if (block == entry) continue;
      Block dominator;
      for (const Block predecessor : predecessors(block)) {
        if (!dominator_[predecessor.index].exists()) {
          has_back_edge_to_unvisited = true;
          continue;
        }
        dominator = dominator.exists() ? common(dominator, predecessor) : predecessor;
      }
      if (dominator_[block.index] != dominator) {
        dominator_[block.index] = dominator;
        changed = true;
      }
    }
    // Without back edges the first round is final.
    if (!has_back_edge_to_unvisited) break;
  }
  dominator_[entry.index] = kNoBlock;
}

void FlowGraph::find_dominator_tree() {
  std::vector<uint32_t> first_child(block_count_, UINT32_MAX);
  std::vector<uint32_t> sibling(block_count_, UINT32_MAX);
  for (size_t i = order_.size(); i-- > 1;) {
    const Block block = order_[i];
    uint32_t& first = first_child[dominator_[block.index].index];
    sibling[block.index] = first;
    first = block.index;
  }
  enter_.assign(block_count_, UINT32_MAX);
  leave_.assign(block_count_, 0);
  tree_order_.reserve(order_.size());
  std::vector<uint32_t> stack = {order_.front().index};
  uint32_t clock = 0;
  while (!stack.empty()) {
    const uint32_t block = stack.back();
    if (enter_[block] == UINT32_MAX) {
      enter_[block] = clock++;
      tree_order_.push_back({block});
      if (first_child[block] != UINT32_MAX) {
        stack.push_back(first_child[block]);
        continue;
      }
    }
    leave_[block] = clock;
    stack.pop_back();
    if (sibling[block] != UINT32_MAX) stack.push_back(sibling[block]);
  }
}

// From the inside out: a loop is what reaches its back edges without passing its header.
void FlowGraph::find_loops() {
  loop_.assign(block_count_, kNoBlock);
  outer_loop_.assign(block_count_, kNoBlock);
  depth_.assign(block_count_, 0);
  std::vector<Block> work;
  for (size_t i = order_.size(); i-- > 0;) {
    const Block header = order_[i];
    for (const Block predecessor : predecessors(header))
      if (dominates(header, predecessor)) work.push_back(predecessor);
    if (work.empty()) continue;
    loop_[header.index] = header;
    while (!work.empty()) {
      Block block = work.back();
      work.pop_back();
      // To the header of the outermost loop found so far that it is in.
      Block inner;
      while (block != header && loop_[block.index].exists()) {
        inner = loop_[block.index];
        if (inner == header) break;
        if (!outer_loop_[inner.index].exists()) break;
        block = outer_loop_[inner.index];
      }
      if (block == header || inner == header) continue;
      if (inner.exists()) {
        outer_loop_[inner.index] = header;
        block = inner;
      } else {
        loop_[block.index] = header;
      }
      for (const Block predecessor : predecessors(block))
        if (is_reachable(predecessor)) work.push_back(predecessor);
    }
  }
  for (const Block block : order_) {
    const Block header = loop_[block.index];
    if (!header.exists()) continue;
    if (header == block) {
      const Block outer = outer_loop_[block.index];
      depth_[block.index] = 1 + (outer.exists() ? depth_[outer.index] : 0);
    } else {
      depth_[block.index] = depth_[header.index];
    }
  }
}

bool FlowGraph::loop_contains(Block header, Block block) const {
  for (Block loop = loop_header(block); loop.exists(); loop = outer_loop(loop))
    if (loop == header) return true;
  return false;
}

std::vector<uint32_t> count_uses(const Function& function) {
  std::vector<uint32_t> uses(function.value_count(), 0);
  for (const Block block : function.blocks()) {
    for (const Value value : function.instructions(block))
      for (const Value operand : function.operands(value)) ++uses[operand.index];
    if (!function.terminator(block).exists()) continue;
    for (const Edge& edge : function.edges(block))
      for (const Value arg : function.args(edge)) ++uses[arg.index];
  }
  return uses;
}

}  // namespace wrun::ir
