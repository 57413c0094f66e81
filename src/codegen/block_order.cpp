#include "codegen/block_order.hpp"

#include <algorithm>

namespace wrun::codegen {

BlockOrder order_blocks(const ir::Function& function, const ir::FlowGraph& graph) {
  const uint32_t count = function.block_count();
  BlockOrder result;
  result.is_cold.assign(count, false);
  result.loop_end.assign(count, 0);

  for (ir::Block block : graph.order()) {
    bool is_cold = function[block].is_cold;
    if (!is_cold && block != function.entry()) {
      is_cold = true;
      for (ir::Block predecessor : graph.predecessors(block)) {
        const bool is_back = !graph.is_reachable(predecessor) ||
                             graph.position(predecessor) >= graph.position(block);
        is_cold = is_cold && (is_back || result.is_cold[predecessor.index]);
      }
    }
    result.is_cold[block.index] = is_cold && block != function.entry();
  }

  // Members of each loop in reverse postorder, inner loops standing where their headers are.
  constexpr uint32_t kNone = UINT32_MAX;
  std::vector<uint32_t> first(count + 1, kNone);
  std::vector<uint32_t> next(count, kNone);
  const auto order = graph.order();
  for (size_t i = order.size(); i-- > 0;) {
    const ir::Block block = order[i];
    ir::Block loop = graph.loop_header(block);
    if (loop == block) loop = graph.outer_loop(block);
    uint32_t& head = first[loop.exists() ? loop.index : count];
    next[block.index] = head;
    head = block.index;
  }
  std::vector<ir::Block> cold;
  struct Open {
    uint32_t member;
    uint32_t header;
  };
  std::vector<Open> open = {
      {first[count], kNone}
  };
  const auto place = [&](ir::Block block) {
    (result.is_cold[block.index] ? cold : result.blocks).push_back(block);
  };
  while (!open.empty()) {
    Open& top = open.back();
    if (top.member == kNone) {
      if (top.header != kNone && !result.is_cold[top.header])
        result.loop_end[top.header] = static_cast<uint32_t>(result.blocks.size());
      open.pop_back();
      continue;
    }
    const uint32_t block = top.member;
    top.member = next[block];
    place({block});
    if (graph.is_loop_header({block})) open.push_back({first[block], block});
  }
  result.blocks.insert(result.blocks.end(), cold.begin(), cold.end());
  return result;
}

}  // namespace wrun::codegen
