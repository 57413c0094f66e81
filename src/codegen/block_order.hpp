// The order of blocks in machine code: those of a loop together, cold ones at the end, and all of them
// after their dominators.
#pragma once

#include <vector>

#include "ir/flow_graph.hpp"

namespace wrun::codegen {

struct BlockOrder {
  std::vector<ir::Block> blocks;
  std::vector<bool> is_cold;  // by block; reached through cold blocks only, too
  std::vector<uint32_t>
      loop_end;  // by block: of a loop header, the position after its loop; else 0
};

BlockOrder order_blocks(const ir::Function& function, const ir::FlowGraph& graph);

}  // namespace wrun::codegen
