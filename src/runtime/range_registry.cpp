#include "runtime/range_registry.hpp"

namespace wrun::runtime {

RangeRegistry::Entry* RangeRegistry::add(uintptr_t begin, uintptr_t end, uintptr_t payload) {
  const std::lock_guard lock(mutex_);
  Entry* entry = take_entry();
  write(*entry, begin, end, payload);
  return entry;
}

void RangeRegistry::remove(Entry* entry) {
  const std::lock_guard lock(mutex_);
  write(*entry, 0, 0, 0);
  entry->next_free = free_;
  free_ = entry;
}

bool RangeRegistry::find(uintptr_t address, uintptr_t& payload) const {
  for (const Chunk* chunk = &first_; chunk != nullptr;
       chunk = chunk->next.load(std::memory_order_acquire)) {
    const uint32_t used = chunk->used.load(std::memory_order_acquire);
    for (uint32_t i = 0; i < used; ++i) {
      const Entry& entry = chunk->entries[i];
      const uint32_t version = entry.version.load(std::memory_order_acquire);
      const uintptr_t begin = entry.begin.load(std::memory_order_acquire);
      const uintptr_t end = entry.end.load(std::memory_order_acquire);
      const uintptr_t value = entry.payload.load(std::memory_order_acquire);
      const bool stable =
          version % 2 == 0 && entry.version.load(std::memory_order_relaxed) == version;
      if (stable && address >= begin && address < end) {
        payload = value;
        return true;
      }
    }
  }
  return false;
}

RangeRegistry::Entry* RangeRegistry::take_entry() {
  if (Entry* entry = free_) {
    free_ = entry->next_free;
    return entry;
  }
  if (last_->used.load(std::memory_order_relaxed) == kChunkEntries) {
    auto* chunk = new Chunk;  // never freed: a handler may be reading it
    last_->next.store(chunk, std::memory_order_release);
    last_ = chunk;
  }
  const uint32_t index = last_->used.load(std::memory_order_relaxed);
  last_->used.store(index + 1, std::memory_order_release);
  return &last_->entries[index];
}

void RangeRegistry::write(Entry& entry, uintptr_t begin, uintptr_t end, uintptr_t payload) {
  const uint32_t version = entry.version.load(std::memory_order_relaxed);
  entry.version.store(version + 1, std::memory_order_relaxed);
  // Release: whoever sees a new field also sees the odd version.
  entry.begin.store(begin, std::memory_order_release);
  entry.end.store(end, std::memory_order_release);
  entry.payload.store(payload, std::memory_order_release);
  entry.version.store(version + 2, std::memory_order_release);
}

}  // namespace wrun::runtime
