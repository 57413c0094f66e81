// The host's view of a piece of a guest's scatter/gather list: checked, pointing straight into the
// guest's memory. A fixed size, whatever the length of the list.
#pragma once

#include <limits.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "wasi/guest_memory.hpp"

namespace wrun::wasi {

class IovecBatch {
 public:
  // Linux moves no more than this in one call.
  static constexpr uint64_t kMaxBytes = 0x7ffff000;

  // Takes elements from `*next` on, skipping empty ones, until the batch, the list or `max_bytes`
  // is exhausted; the element that goes beyond is cut. False: an element is out of bounds.
  bool fill(const GuestMemory& memory, const std::byte* list, uint32_t count, uint32_t* next,
            uint64_t max_bytes = kMaxBytes);

  std::span<const iovec> pieces() const { return {entries_, static_cast<size_t>(size_)}; }
  iovec* data() { return entries_; }
  int size() const { return size_; }
  uint64_t bytes() const { return bytes_; }

 private:
  int size_ = 0;
  uint64_t bytes_ = 0;
  iovec entries_[IOV_MAX];
};

}  // namespace wrun::wasi
