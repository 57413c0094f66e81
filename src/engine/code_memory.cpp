#include "engine/code_memory.hpp"

#include <algorithm>
#include <iterator>

#include "base/assert.hpp"
#include "base/os_memory.hpp"

namespace wrun::engine {

CodeMemory::~CodeMemory() {
  if (begin_ != nullptr) os_release(begin_, kReservedBytes);
}

bool CodeMemory::reserve() {
  begin_ = static_cast<std::byte*>(os_reserve(kReservedBytes));
  if (begin_ != nullptr) free_[0] = kReservedBytes;
  return begin_ != nullptr;
}

std::optional<CodeMemory::Pages> CodeMemory::allocate(size_t bytes) {
  if (bytes > kReservedBytes) return std::nullopt;
  const size_t size = round_up_to_os_page(bytes);
  const std::lock_guard lock(mutex_);
  const auto range = std::ranges::find_if(free_, [&](const auto& r) { return r.second >= size; });
  if (range == free_.end()) return std::nullopt;
  const auto [offset, available] = *range;
  if (!os_commit(begin_ + offset, size)) return std::nullopt;
  free_.erase(range);
  if (available != size) free_[offset + size] = available - size;
  return Pages(begin_ + offset, size);
}

bool CodeMemory::seal(Pages pages) { return os_make_executable(pages.data(), pages.size()); }

void CodeMemory::release(Pages pages) {
  // Pages that the host does not take back are lost.
  if (!os_decommit(pages.data(), pages.size())) return;
  const std::lock_guard lock(mutex_);
  auto range = free_.emplace(static_cast<size_t>(pages.data() - begin_), pages.size()).first;
  if (const auto next = std::next(range);
      next != free_.end() && range->first + range->second == next->first) {
    range->second += next->second;
    free_.erase(next);
  }
  if (range == free_.begin()) return;
  if (const auto previous = std::prev(range); previous->first + previous->second == range->first) {
    previous->second += range->second;
    free_.erase(range);
  }
}

}  // namespace wrun::engine
