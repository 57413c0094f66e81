#include "ir/loop_effects.hpp"

namespace wrun::ir {

std::vector<uint32_t> find_loop_effects(const Function& function, const FlowGraph& graph) {
  std::vector<uint32_t> effects_of(function.block_count(), 0);
  // A loop's blocks come after its header.
  const auto order = graph.order();
  for (size_t i = order.size(); i-- > 0;) {
    const Block block = order[i];
    const Block header = graph.loop_header(block);
    if (!header.exists()) continue;
    for (const Value value : function.instructions(block))
      effects_of[header.index] |= effects(function[value]);
    if (header == block && graph.outer_loop(header).exists())
      effects_of[graph.outer_loop(header).index] |= effects_of[header.index];
  }
  return effects_of;
}

}  // namespace wrun::ir
