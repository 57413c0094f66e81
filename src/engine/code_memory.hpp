// Memory for machine code and for the data that it reads. A page of code is writable until it is sealed and
// executable from then on, never both.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <span>

namespace wrun::engine {

class CodeMemory {
 public:
  // Near enough that any code of it reaches any other by a 32-bit displacement.
  static constexpr size_t kReservedBytes = size_t{1} << 30;

  CodeMemory() = default;
  ~CodeMemory();
  CodeMemory(const CodeMemory&) = delete;
  CodeMemory& operator=(const CodeMemory&) = delete;

  // Reserves the address space; false: the host refuses. Once, before anything else.
  [[nodiscard]] bool reserve();
  const std::byte* begin() const { return begin_; }
  const std::byte* end() const { return begin_ + kReservedBytes; }

  // Whole pages, writable; nothing if the memory is used up or the host refuses. Thread-safe.
  std::optional<std::span<std::byte>> allocate(size_t bytes);
  // Whole pages of zeros that stay writable. Thread-safe.
  std::optional<std::span<std::byte>> allocate_data(size_t bytes);
  // Makes what allocate() gave executable. Thread-safe.
  [[nodiscard]] static bool seal(std::span<std::byte> pages);

 private:
  std::byte* begin_ = nullptr;
  std::optional<std::span<std::byte>> commit(size_t offset, size_t size);

  std::mutex mutex_;  // guards what follows
  size_t used_ = 0;
  size_t data_begin_ = kReservedBytes;  // data is at the end
};

}  // namespace wrun::engine
