// Moves that happen at the same time, put into an order in which they can happen one after another.
#pragma once

#include <vector>

#include "codegen/allocation.hpp"

namespace wrun::codegen {

// Every location is written at most once. Cycles of integer registers are exchanges. `scratch` is a vector
// register that none of the moves names: it holds what other cycles would overwrite, so moves between
// slots must be made without it.
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
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Unit {  // a register or the word of a slot
    uint32_t readers = 0;
    uint32_t writer = kNone;
  };

  Unit& unit(uint32_t index);
  bool is_free(const Move& move);
  void read(const Move& move, int32_t by);
  void release(const Move& move);
  void break_cycle(uint32_t index, std::vector<Move>& out);

  Reg scratch_;
  std::vector<Move> moves_;
  std::vector<bool> done_;
  std::vector<uint32_t> ready_;
  std::vector<Unit> units_;
};

}  // namespace wrun::codegen
