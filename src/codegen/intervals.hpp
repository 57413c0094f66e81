// The lifetimes of virtual registers, cut into pieces that each have one location.
#pragma once

#include <cstdint>
#include <vector>

#include "codegen/liveness.hpp"

namespace wrun::codegen {

struct Interval {
  VReg vreg;
  Position begin = 0;
  Position end = 0;          // exclusive; ranges in between may have holes
  uint32_t range = kNone;    // the first that ends after the allocator's position
  uint32_t use = kNone;      // the first that the allocator has not come to
  Position passed_end = 0;   // of the ranges before `range`
  Position last_use = 0;     // of those before `use`; at first the definition, if it has that
  Reg reg = kNoReg;          // none: in the slot
  uint32_t sibling = kNone;  // the next piece
  bool is_split = false;     // not the first piece
};

class Intervals {
 public:
  explicit Intervals(Liveness liveness);  // one an virtual register, with the same index

  Interval& operator[](uint32_t id) { return intervals_[id]; }
  const Interval& operator[](uint32_t id) const { return intervals_[id]; }
  uint32_t size() const { return static_cast<uint32_t>(intervals_.size()); }
  Liveness& liveness() { return liveness_; }
  const Liveness& liveness() const { return liveness_; }
  const Range& range(uint32_t index) const { return liveness_.ranges[index]; }
  const UsePoint& use(uint32_t index) const { return liveness_.uses[index]; }

  // Forgets ranges and uses before `position`.
  void advance(Interval& interval, Position position) const;
  // Only of advanced intervals.
  bool covers(const Interval& interval, Position position) const {
    return interval.range != kNone && range(interval.range).begin <= position;
  }
  // The first position at which both are live; kNoPosition: none.
  Position intersection(const Interval& a, const Interval& b) const;
  // The first use from `position` on that is of this kind or stronger; its index or kNone.
  uint32_t next_use(const Interval& interval, Position position, UseKind at_least) const;
  // The piece from `position` on. `position` is after the beginning and before the end.
  uint32_t split(uint32_t id, Position position);

 private:
  Liveness liveness_;
  std::vector<Interval> intervals_;
};

}  // namespace wrun::codegen
