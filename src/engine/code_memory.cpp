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

std::optional<std::span<std::byte>> CodeMemory::commit(size_t offset, size_t size) {
  if (!os_commit(begin_ + offset, size)) return std::nullopt;
  return std::span(begin_ + offset, size);
}

std::optional<std::span<std::byte>> CodeMemory::allocate(size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > kReservedBytes) return std::nullopt;
  const size_t size = round_up_to_os_page(bytes);
  if (size > data_begin_ - used_) return std::nullopt;
  const auto pages = commit(used_, size);
  if (pages) used_ += size;
  return pages;
}

std::optional<std::span<std::byte>> CodeMemory::allocate_data(size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > kReservedBytes) return std::nullopt;
  const size_t size = round_up_to_os_page(bytes);
  if (size > data_begin_ - used_) return std::nullopt;
  const auto pages = commit(data_begin_ - size, size);
  if (pages) data_begin_ -= size;
  return pages;
}

bool CodeMemory::seal(std::span<std::byte> pages) {
  return os_make_executable(pages.data(), pages.size());
}

}  // namespace wrun::engine
