#include "codegen/parallel_move.hpp"

namespace wrun::codegen {

namespace {
// Slots of two words overlap with others.
bool overlap(Location a, ValueType a_type, Location b, ValueType b_type) {
  if (a.is_reg() || b.is_reg()) return a == b;
  return a.bits < b.bits + words(b_type) && b.bits < a.bits + words(a_type);
}
}  // namespace

void ParallelMove::resolve(std::vector<Move>& out) {
  while (!moves_.empty()) {
    bool progress = false;
    for (size_t i = 0; i < moves_.size();) {
      const Move move = moves_[i];
      bool is_read = false;
      for (size_t k = 0; k < moves_.size() && !is_read; ++k)
        is_read = k != i && overlap(moves_[k].from, moves_[k].type, move.to, move.type);
      if (is_read) {
        ++i;
        continue;
      }
      out.push_back(move);
      moves_[i] = moves_.back();
      moves_.pop_back();
      progress = true;
    }
    if (progress) continue;
    // Only cycles are left: one of them goes through the scratch register, and is resolved before
    // the next one is begun because its other moves are free now.
    Move& first = moves_.front();
    out.push_back({first.from, Location::in(scratch_), first.type});
    first.from = Location::in(scratch_);
  }
}

}  // namespace wrun::codegen
