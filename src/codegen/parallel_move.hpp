// Moves that happen at the same time, put into an order in which they can happen one after another.
#pragma once

#include <vector>

#include "codegen/allocation.hpp"

namespace wrun::codegen {

// Every location is written at most once. `scratch` is a vector register that none of the moves names:
// it holds what a cycle would overwrite, so moves between slots must be made without it.
class ParallelMove {
 public:
  explicit ParallelMove(Reg scratch) : scratch_(scratch) {}

  void add(Location from, Location to, ValueType type) {
    if (from != to) moves_.push_back({from, to, type});
  }
  bool empty() const { return moves_.empty(); }
  // Appends to `out`, and is empty then.
  void resolve(std::vector<Move>& out);

 private:
  Reg scratch_;
  std::vector<Move> moves_;
};

}  // namespace wrun::codegen
