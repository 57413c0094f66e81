// Marking what is reachable, and finding out what is free then.
#include <algorithm>
#include <chrono>
#include <cstring>

#include "gc/heap.hpp"

namespace wrun::gc {
namespace {

using Kind = wasm::CanonicalType::Kind;

uint64_t bytes_of(Object& object) {
  switch (object.type->kind) {
    case Kind::Array: return array_bytes(*object.type, static_cast<Array&>(object).length);
    case Kind::Exception:
      return sizeof(Exception) + static_cast<Exception&>(object).slots * sizeof(uint64_t);
    default: return object.type->bytes;
  }
}

Reference load(std::byte* address) {
  Reference reference;
  std::memcpy(&reference, address, sizeof reference);
  return reference;
}

}  // namespace

void Marker::mark(Reference reference) {
  // Null, i31 and values of the host are outside of the heap or between granules.
  const uint64_t offset = reference - heap_.area_.base;
  if (offset < heap_.committed_bytes_ && offset % Heap::kGranule == 0) visit(offset);
}

void Marker::mark_conservatively(const uint64_t* begin, const uint64_t* end) {
  for (const uint64_t* slot = begin; slot < end; ++slot) {
    const uint64_t offset = *slot - heap_.area_.base;
    if (heap_.is_start(offset)) visit(offset);
  }
}

void Marker::visit(uint64_t offset) {
  if (Heap::has_bit(heap_.marks_, offset)) return;
  Heap::set_bit(heap_.marks_, offset);
  pending_.push_back(reinterpret_cast<Object*>(heap_.area_.base + offset));
}

void Marker::trace(Object& object) {
  const uint64_t bytes = bytes_of(object);
  live_bytes_ += bytes;
  if (bytes <= Heap::kMaxSmallBytes) {
    const uint64_t offset = reinterpret_cast<uintptr_t>(&object) - heap_.area_.base;
    const uint64_t first = offset / Heap::kLineBytes;
    const uint64_t last = (offset + bytes - 1) / Heap::kLineBytes;
    for (uint64_t line = first; line <= last; ++line) heap_.lines_[line] = 1;
  }
  switch (object.type->kind) {
    case Kind::Struct:
      for (const uint32_t offset : object.type->references) mark(load(object.at(offset)));
      return;
    case Kind::Array: {
      if (!object.type->fields[0].may_hold_object) return;
      auto& array = static_cast<Array&>(object);
      for (uint32_t i = 0; i < array.length; ++i) mark(load(array.element(i)));
      return;
    }
    case Kind::Exception: {
      auto& exception = static_cast<Exception&>(object);
      mark_conservatively(exception.payload(), exception.payload() + exception.slots);
      return;
    }
    case Kind::Func: return;
  }
}

void Marker::drain() {
  while (!pending_.empty()) {
    Object* object = pending_.back();
    pending_.pop_back();
    trace(*object);
  }
}

void Heap::collect(const uint64_t* stack_end) {
  if (reservation_ == nullptr) return;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  const uint64_t used_before = used_bytes();

  area_.cursor = area_.limit = hole_end_ = nullptr;
  overflow_ = {};
  std::memset(marks_, 0, block_count_ * (kBlockBytes / kGranule / 8));
  std::memset(lines_, 0, block_count_ * kLinesPerBlock);
  Marker marker(*this);
  roots_.mark_roots(marker, stack_end);
  marker.drain();
  std::swap(area_.starts, marks_);
  sweep();

  ++collections_;
  spent_ = 0;
  budget_ = std::max(kMinBudget, marker.live_bytes_);
  if (!on_collection) return;
  Collection report;
  report.number = collections_;
  report.used_bytes = used_before;
  report.live_bytes = marker.live_bytes_;
  report.nanoseconds = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count());
  on_collection(report);
}

// What begins anywhere is now what was marked; blocks without any of it are free.
void Heap::sweep() {
  used_blocks_ = 0;
  bool is_live = false;  // the large object that the block belongs to
  for (uint32_t block = 0; block < block_count_; ++block) {
    BlockState& state = blocks_[block];
    switch (state) {
      case BlockState::Free:  continue;
      case BlockState::Lines: {
        const uint8_t* const lines = lines_ + block * kLinesPerBlock;
        is_live = std::memchr(lines, 1, kLinesPerBlock) != nullptr;
        break;
      }
      case BlockState::LargeBegin:
        is_live = has_bit(area_.starts, uint64_t{block} * kBlockBytes);
        break;
      case BlockState::LargeRest: break;
    }
    if (is_live)
      ++used_blocks_;
    else
      state = BlockState::Free;
  }
  scan_free_ = scan_large_ = 0;
  scan_line_ = 0;
}

}  // namespace wrun::gc
