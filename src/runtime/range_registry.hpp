// A set of address ranges that signal handlers may search while other threads change it. Lives as
// long as the process.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace wrun::runtime {

class RangeRegistry {
 public:
  // Readers take an entry only when its version is even and did not change meanwhile. That they may
  // miss an entry that is being written is fine: nobody faults in a range before it is registered
  // or after it is gone.
  struct Entry {
    std::atomic<uint32_t> version = 0;
    std::atomic<uintptr_t> begin = 0;
    std::atomic<uintptr_t> end = 0;
    std::atomic<uintptr_t> payload = 0;
    Entry* next_free = nullptr;  // under mutex_
  };

  constexpr RangeRegistry() = default;
  RangeRegistry(const RangeRegistry&) = delete;
  RangeRegistry& operator=(const RangeRegistry&) = delete;

  Entry* add(uintptr_t begin, uintptr_t end, uintptr_t payload);
  void remove(Entry* entry);
  // Whether some range holds `address`; its payload goes to `payload`. Async-signal-safe.
  bool find(uintptr_t address, uintptr_t& payload) const;

 private:
  static constexpr uint32_t kChunkEntries = 32;
  struct Chunk {
    Entry entries[kChunkEntries];
    std::atomic<uint32_t> used = 0;
    std::atomic<Chunk*> next = nullptr;
  };

  Entry* take_entry();
  static void write(Entry& entry, uintptr_t begin, uintptr_t end, uintptr_t payload);

  std::mutex mutex_;  // writers
  Chunk first_;
  Chunk* last_ = &first_;
  Entry* free_ = nullptr;
};

}  // namespace wrun::runtime
