#include "codegen/parallel_move.hpp"

namespace wrun::codegen {

namespace {

// Registers and words of slots: what is read and written.
template <class Visit>
void for_each_unit(Location location, ValueType type, Visit&& visit) {
  const uint32_t count = location.is_reg() ? 1 : words(type);
  for (uint32_t i = 0; i < count; ++i) visit(location.bits + i);
}

bool is_integer_register(Location location) {
  return location.is_reg() && location.reg().reg_class() == RegClass::Integer;
}

}  // namespace

ParallelMove::Unit& ParallelMove::unit(uint32_t index) {
  if (index >= units_.size()) units_.resize(index + 1);
  return units_[index];
}

bool ParallelMove::is_free(const Move& move) {
  uint32_t readers = 0;
  for_each_unit(move.to, move.type, [&](uint32_t i) { readers += unit(i).readers; });
  for_each_unit(move.from, move.type, [&](uint32_t i) {
    for_each_unit(move.to, move.type, [&](uint32_t k) { readers -= i == k; });
  });
  return readers == 0;
}

void ParallelMove::read(const Move& move, int32_t by) {
  for_each_unit(move.from, move.type,
                [&](uint32_t i) { unit(i).readers += static_cast<uint32_t>(by); });
}

// Nothing reads the units of `from` for this move any more: who writes them may be free now.
void ParallelMove::release(const Move& move) {
  read(move, -1);
  for_each_unit(move.from, move.type, [&](uint32_t i) {
    const uint32_t writer = unit(i).writer;
    if (writer != kNone && !done_[writer] && is_free(moves_[writer])) ready_.push_back(writer);
  });
}

void ParallelMove::resolve(std::vector<Move>& out) {
  const auto count = static_cast<uint32_t>(moves_.size());
  if (count == 1) {
    out.push_back(moves_[0]);
    moves_.clear();
    return;
  }
  done_.assign(count, false);
  for (uint32_t i = 0; i < count; ++i) {
    read(moves_[i], 1);
    for_each_unit(moves_[i].to, moves_[i].type, [&](uint32_t k) { unit(k).writer = i; });
  }
  for (uint32_t i = 0; i < count; ++i)
    if (is_free(moves_[i])) ready_.push_back(i);
  for (uint32_t next = 0; next < count;) {
    while (!ready_.empty()) {
      const uint32_t i = ready_.back();
      ready_.pop_back();
      if (done_[i]) continue;
      done_[i] = true;
      out.push_back(moves_[i]);
      release(moves_[i]);
    }
    if (done_[next])
      ++next;
    else
      break_cycle(next, out);
  }
  for (const Move& move : moves_)
    for_each_unit(move.to, move.type, [&](uint32_t k) { unit(k).writer = kNone; });
  moves_.clear();
}

// Of the cycles that are left, this move's is resolved before the next one is begun.
void ParallelMove::break_cycle(uint32_t index, std::vector<Move>& out) {
  Move& move = moves_[index];
  const bool exchanges = is_integer_register(move.from) && is_integer_register(move.to) &&
                         unit(move.from.bits).readers == 1 && unit(move.to.bits).readers == 1;
  if (!exchanges) {
    out.push_back({move.from, Location::in(scratch_), move.type});
    const Move before = move;
    move.from = Location::in(scratch_);
    read(move, 1);
    release(before);
    return;
  }
  // It is done by that, and what was in its target is in its source.
  out.push_back({move.from, move.to, move.type, true});
  done_[index] = true;
  for (uint32_t i = 0; i < moves_.size(); ++i) {
    Move& other = moves_[i];
    if (done_[i] || other.from != move.to) continue;
    other.from = move.from;
    --unit(move.to.bits).readers;
    done_[i] = other.from == other.to;
    if (done_[i]) --unit(move.from.bits).readers;
    break;
  }
}

}  // namespace wrun::codegen
