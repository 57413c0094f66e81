#include "engine/code_memory.hpp"

#include "base/os_memory.hpp"

namespace wrun::engine {

CodeMemory::~CodeMemory() {
  if (begin_ != nullptr) os_release(begin_, kReservedBytes);
}

bool CodeMemory::reserve() {
  begin_ = static_cast<std::byte*>(os_reserve(kReservedBytes));
  return begin_ != nullptr;
}

std::optional<std::span<std::byte>> CodeMemory::allocate(size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > kReservedBytes - used_) return std::nullopt;
  const size_t size = round_up_to_os_page(bytes);
  std::byte* pages = begin_ + used_;
  if (!os_commit(pages, size)) return std::nullopt;
  used_ += size;
  return std::span(pages, size);
}

bool CodeMemory::seal(std::span<std::byte> pages) {
  return os_make_executable(pages.data(), pages.size());
}

}  // namespace wrun::engine
