// Bounds-checked access to a guest's memory. Every pointer and length comes from the guest and is
// trusted for nothing; nothing is read twice, since other threads may be writing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "runtime/vm_context.hpp"
#include "wasi/abi.hpp"

namespace wrun::wasi {

class GuestMemory {
 public:
  explicit GuestMemory(runtime::MemoryView view) : base_(view.base), size_(view.size()) {}

  bool exists() const { return base_ != nullptr; }

  // Null when [ptr, ptr + length) is not within the memory.
  std::byte* at(GuestPtr ptr, uint64_t length) const {
    if (ptr > size_ || length > size_ - ptr) [[unlikely]]
      return nullptr;
    return base_ + ptr;
  }

  // The array of `count` elements of `size` bytes.
  std::byte* array(GuestPtr ptr, uint64_t count, uint32_t size) const {
    return at(ptr, count * size);  // 32 bits times 32 bits
  }

 private:
  std::byte* base_;
  uint64_t size_;
};

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

}  // namespace wrun::wasi
