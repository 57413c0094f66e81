#include "codegen/intervals.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace wrun::codegen {

Intervals::Intervals(Liveness liveness) : liveness_(std::move(liveness)) {
  const size_t count = liveness_.first_range.size();
  intervals_.reserve(count + count / 2);
  for (uint32_t i = 0; i < count; ++i) {
    Interval interval;
    interval.vreg = {i};
    interval.range = liveness_.first_range[i];
    interval.use = liveness_.first_use[i];
    if (interval.range != kNone) {
      interval.begin = interval.last_use = range(interval.range).begin;
      for (uint32_t r = interval.range; r != kNone; r = range(r).next) interval.end = range(r).end;
    }
    intervals_.push_back(interval);
  }
}

void Intervals::advance(Interval& interval, Position position) const {
  while (interval.range != kNone && range(interval.range).end <= position) {
    interval.passed_end = range(interval.range).end;
    interval.range = range(interval.range).next;
  }
  while (interval.use != kNone && use(interval.use).position < position) {
    interval.last_use = std::max(interval.last_use, use(interval.use).position);
    interval.use = use(interval.use).next;
  }
}

Position Intervals::intersection(const Interval& a, const Interval& b) const {
  uint32_t i = a.range;
  uint32_t k = b.range;
  while (i != kNone && k != kNone) {
    const Range& x = range(i);
    const Range& y = range(k);
    if (x.begin < y.end && y.begin < x.end) return std::max(x.begin, y.begin);
    if (x.end <= y.end)
      i = x.next;
    else
      k = y.next;
  }
  return kNoPosition;
}

uint32_t Intervals::next_use(const Interval& interval, Position position, UseKind at_least) const {
  for (uint32_t i = interval.use; i != kNone; i = use(i).next) {
    const UsePoint& point = use(i);
    if (point.position >= interval.end) break;
    if (point.position >= position && point.kind >= at_least) return i;
  }
  return kNone;
}

uint32_t Intervals::split(uint32_t id, Position position) {
  Interval& first = intervals_[id];
  WRUN_ASSERT(first.begin < position && position < first.end);
  Interval second;
  second.vreg = first.vreg;
  second.end = first.end;
  second.sibling = first.sibling;
  second.is_split = true;

  uint32_t previous = kNone;
  uint32_t r = first.range;
  while (range(r).end <= position) {
    previous = r;
    r = range(r).next;
  }
  if (range(r).begin < position) {
    liveness_.ranges.push_back({position, range(r).end, range(r).next});
    liveness_.ranges[r].end = position;
    liveness_.ranges[r].next = kNone;
    second.range = static_cast<uint32_t>(liveness_.ranges.size() - 1);
    first.end = position;
  } else {
    second.range = r;
    first.end = previous != kNone ? range(previous).end : first.passed_end;
    if (previous != kNone)
      liveness_.ranges[previous].next = kNone;
    else
      first.range = kNone;
  }
  second.begin = range(second.range).begin;
  second.use = first.use;
  while (second.use != kNone && use(second.use).position < second.begin)
    second.use = use(second.use).next;
  const uint32_t rest = size();
  first.sibling = rest;
  intervals_.push_back(second);
  return rest;
}

}  // namespace wrun::codegen
