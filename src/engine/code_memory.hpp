// Memory for machine code and for the data that it reads. A page of code is writable until it is sealed and
// executable from then on, never both.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <span>

namespace wrun::engine {

class CodeMemory {
 public:
  // Near enough that any code of it calls any other by one instruction.
#if defined(__aarch64__)
  static constexpr size_t kReservedBytes = size_t{1} << 27;
#else
  static constexpr size_t kReservedBytes = size_t{1} << 30;
#endif

  using Pages = std::span<std::byte>;

  CodeMemory() = default;
  ~CodeMemory();
  CodeMemory(const CodeMemory&) = delete;
  CodeMemory& operator=(const CodeMemory&) = delete;

  // Reserves the address space; false: the host refuses. Once, before anything else.
  [[nodiscard]] bool reserve();
  const std::byte* begin() const { return begin_; }
  const std::byte* end() const { return begin_ + kReservedBytes; }

  // Whole pages of zeros, writable; nothing if the memory is used up or the host refuses. Thread-safe.
  std::optional<Pages> allocate(size_t bytes);
  // Makes what allocate() gave executable. Thread-safe.
  [[nodiscard]] static bool seal(Pages pages);
  // Takes back what allocate() gave, sealed or not. Thread-safe.
  void release(Pages pages);

 private:
  std::byte* begin_ = nullptr;
  std::mutex mutex_;               // guards free_
  std::map<size_t, size_t> free_;  // sizes by offset; no two of them touch
};

}  // namespace wrun::engine
