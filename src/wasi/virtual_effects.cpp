#include "wasi/virtual_effects.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace wrun::wasi {
namespace {

constexpr uint64_t kVirtualEpoch = 946'684'800'000'000'000;  // 2000-01-01T00:00:00Z
constexpr uint64_t kTick = 1'000;

bool is_clock(Clock clock) {
  return static_cast<uint32_t>(clock) <= static_cast<uint32_t>(Clock::ThreadCputime);
}

uint64_t shifted(uint64_t time, int64_t offset) {
  uint64_t result = 0;
  if (!__builtin_add_overflow(time, offset, &result)) return result;
  return offset < 0 ? 0 : UINT64_MAX;
}

}  // namespace

// The state is filled by splitmix64, as the generator's authors advise.
SeededRandom::SeededRandom(uint64_t seed) {
  for (uint64_t& word : state_) {
    uint64_t mixed = seed += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

uint64_t SeededRandom::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted_word = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted_word;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

VirtualEffects::VirtualEffects(const EffectOptions& options)
    : options_(options), virtual_now_(options.fixed_date.value_or(kVirtualEpoch)) {
  if (options.seed) random_.emplace(*options.seed);
}

Expected<uint64_t> VirtualEffects::now(Clock clock) {
  if (!is_clock(clock)) return std::unexpected(Errno::Inval);
  if (options_.virtual_time) return virtual_now_.fetch_add(kTick) + kTick;
  if (clock != Clock::Realtime) return HostEffects::now(clock);
  if (options_.fixed_date) return *options_.fixed_date;
  return shifted(WRUN_WASI_TRY(HostEffects::now(clock)), options_.date_offset);
}

Expected<uint64_t> VirtualEffects::resolution(Clock clock) {
  if (!is_clock(clock)) return std::unexpected(Errno::Inval);
  if (options_.virtual_time) return kTick;
  return HostEffects::resolution(clock);
}

Expected<size_t> VirtualEffects::random(std::span<std::byte> out) {
  if (!random_) return HostEffects::random(out);
  const std::lock_guard lock(drawing_);
  for (size_t done = 0; done < out.size(); done += sizeof(uint64_t)) {
    const uint64_t word = random_->next();
    std::memcpy(&out[done], &word, std::min(sizeof word, out.size() - done));
  }
  return out.size();
}

Expected<uint32_t> VirtualEffects::wait(std::span<pollfd> fds, std::optional<uint64_t> timeout) {
  if (!options_.virtual_time) return HostEffects::wait(fds, timeout);
  // What others do to descriptors takes time, and a wait without end is one.
  uint32_t ready = 0;
  if (!fds.empty() || !timeout || *timeout > INT64_MAX)
    ready = WRUN_WASI_TRY(HostEffects::wait(fds, timeout));
  if (ready == 0 && timeout) {
    uint64_t before = virtual_now_;
    const auto slept = static_cast<int64_t>(std::min<uint64_t>(*timeout, INT64_MAX));
    while (!virtual_now_.compare_exchange_weak(before, shifted(before, slept))) {
    }
  }
  return ready;
}

}  // namespace wrun::wasi
