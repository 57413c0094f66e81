// What WASI takes from the host besides files: time, chance and waiting. Fixed clocks and seeded
// generators are other implementations (virtual_effects.hpp).
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "wasi/errno.hpp"

namespace wrun::wasi {

// The numbers of preview 1's clockid.
enum class Clock : uint32_t { Realtime = 0, Monotonic = 1, ProcessCputime = 2, ThreadCputime = 3 };

class Effects {
 public:
  virtual ~Effects() = default;
  virtual Expected<uint64_t> now(Clock clock) = 0;         // nanoseconds
  virtual Expected<uint64_t> resolution(Clock clock) = 0;  // nanoseconds
  // May fill less than asked for; returns how much.
  virtual Expected<size_t> random(std::span<std::byte> out) = 0;
  // Waits until one of `fds` is ready or `timeout` nanoseconds are over, without end if empty.
  // Returns how many are ready; Errno::Intr when a signal came first.
  virtual Expected<uint32_t> wait(std::span<pollfd> fds, std::optional<uint64_t> timeout) = 0;
  virtual void yield() = 0;
};

class HostEffects : public Effects {
 public:
  Expected<uint64_t> now(Clock clock) override;
  Expected<uint64_t> resolution(Clock clock) override;
  Expected<size_t> random(std::span<std::byte> out) override;
  Expected<uint32_t> wait(std::span<pollfd> fds, std::optional<uint64_t> timeout) override;
  void yield() override;
};

}  // namespace wrun::wasi
