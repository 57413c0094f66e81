// Time and chance that are not the host's.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>

#include "wasi/effects.hpp"

namespace wrun::wasi {

struct EffectOptions {
  // The date: it stands still there, or differs from the host's by so many nanoseconds.
  std::optional<uint64_t> fixed_date{};
  int64_t date_offset = 0;
  // Random numbers follow from it.
  std::optional<uint64_t> seed{};
  // All clocks are one that does not know of the host's: it starts at `fixed_date` or 2000-01-01, goes
  // on by a microsecond whenever it is looked at, and by what the guest sleeps, without waiting.
  bool virtual_time = false;

  bool are_the_hosts() const { return !fixed_date && date_offset == 0 && !seed && !virtual_time; }
};

// xoshiro256**, by Blackman and Vigna. For programs that are to do the same again, not for secrets.
class SeededRandom {
 public:
  explicit SeededRandom(uint64_t seed);
  uint64_t next();

 private:
  uint64_t state_[4];
};

class VirtualEffects final : public HostEffects {
 public:
  explicit VirtualEffects(const EffectOptions& options);
  Expected<uint64_t> now(Clock clock) override;
  Expected<uint64_t> resolution(Clock clock) override;
  Expected<size_t> random(std::span<std::byte> out) override;
  Expected<uint32_t> wait(std::span<pollfd> fds, std::optional<uint64_t> timeout) override;

 private:
  const EffectOptions options_;
  std::atomic<uint64_t> virtual_now_;
  std::mutex drawing_;  // guards random_
  std::optional<SeededRandom> random_;
};

}  // namespace wrun::wasi
