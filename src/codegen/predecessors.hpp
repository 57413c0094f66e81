// The blocks that have edges to each block.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codegen/machine_function.hpp"

namespace wrun::codegen {

class Predecessors {
 public:
  explicit Predecessors(const MachineFunction& function)
      : first_(function.blocks.size() + 2, 0), pool_(function.edges.size()) {
    for (const MachineEdge& edge : function.edges) ++first_[edge.target + 2];
    for (size_t i = 2; i < first_.size(); ++i) first_[i] += first_[i - 1];
    for (uint32_t block = 0; block < function.blocks.size(); ++block)
      for (const MachineEdge& edge : function.edges_of(function.blocks[block]))
        pool_[first_[edge.target + 1]++] = block;
  }
  std::span<const uint32_t> of(uint32_t block) const {
    return {pool_.data() + first_[block], first_[block + 1] - first_[block]};
  }

 private:
  std::vector<uint32_t> first_;
  std::vector<uint32_t> pool_;
};

}  // namespace wrun::codegen
