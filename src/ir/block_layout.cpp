#include "ir/block_layout.hpp"

#include <algorithm>

namespace wrun::ir {

namespace {

// Blocks from which every path is cold; those of traps are marked from the beginning.
std::vector<uint8_t> find_cold(const Function& function, const FlowGraph& graph) {
  std::vector<uint8_t> cold(function.block_count(), 0);
  const auto order = graph.order();
  for (size_t i = order.size(); i-- > 0;) {
    const Block block = order[i];
    const auto edges = function.edges(block);
    cold[block.index] = function[block].is_cold ||
                        (!edges.empty() && std::ranges::all_of(edges, [&](const Edge& edge) {
                          return cold[edge.target.index] != 0;
                        }));
  }
  cold[function.entry().index] = 0;
  return cold;
}

class Layout {
 public:
  Layout(const Function& function, const FlowGraph& graph)
      : function_(function),
        graph_(graph),
        cold_(find_cold(function, graph)),
        waiting_(function.block_count(), 0) {}

  // A block is placed once all its predecessors but those of back edges are; of those that are ready, one
  // of the innermost loop comes first, and among these the one that became ready last.
  std::vector<Block> run() {
    for (const Block block : graph_.order())
      for (const Edge& edge : function_.edges(block))
        if (!is_back_edge(block, edge.target)) ++waiting_[edge.target.index];
    ready_.push_back(function_.entry());
    while (!ready_.empty() || !cold_ready_.empty()) {
      std::vector<Block>& from = ready_.empty() ? cold_ready_ : ready_;
      place(take_from(from));
    }
    return std::move(placed_);
  }

 private:
  bool is_back_edge(Block from, Block to) const {
    return graph_.position(to) <= graph_.position(from);
  }

  Block take_from(std::vector<Block>& ready) const {
    const size_t first = ready.size() - std::min(ready.size(), kWindow);
    size_t best = ready.size() - 1;
    for (size_t i = best; i-- > first;)
      if (graph_.loop_depth(ready[i]) > graph_.loop_depth(ready[best])) best = i;
    const Block block = ready[best];
    ready.erase(ready.begin() + static_cast<ptrdiff_t>(best));
    return block;
  }

  void place(Block block) {
    placed_.push_back(block);
    const auto edges = function_.edges(block);
    // The first edge's target becomes ready last and so comes next.
    for (size_t i = edges.size(); i-- > 0;) {
      const Block target = edges[i].target;
      if (is_back_edge(block, target) || --waiting_[target.index] != 0) continue;
      (cold_[target.index] ? cold_ready_ : ready_).push_back(target);
    }
  }

  static constexpr size_t kWindow = 32;  // how many that are ready are compared
  const Function& function_;
  const FlowGraph& graph_;
  std::vector<uint8_t> cold_;
  std::vector<uint32_t> waiting_;
  std::vector<Block> ready_;
  std::vector<Block> cold_ready_;
  std::vector<Block> placed_;
};

}  // namespace

std::vector<Block> lay_out_blocks(const Function& function, const FlowGraph& graph) {
  return Layout(function, graph).run();
}

}  // namespace wrun::ir
