// Time and chance that are not the host's.
#include "wasi/guest.hpp"

namespace wrun::wasi::test {

TEST_CASE("a date can be fixed or have an offset") {
  HostEffects host;
  VirtualEffects fixed({.fixed_date = 42});
  CHECK(fixed.now(Clock::Realtime) == 42u);
  CHECK(fixed.now(Clock::Realtime) == 42u);
  const uint64_t before = *fixed.now(Clock::Monotonic);
  CHECK(*fixed.now(Clock::Monotonic) >= before);
  CHECK(*host.now(Clock::Monotonic) >= before);

  constexpr int64_t kHour = 3'600'000'000'000;
  VirtualEffects late({.date_offset = -kHour});
  const uint64_t now = *host.now(Clock::Realtime);
  CHECK(*late.now(Clock::Realtime) > now - 2 * kHour);
  CHECK(*late.now(Clock::Realtime) < now - kHour / 2);
  CHECK(VirtualEffects({.date_offset = INT64_MIN}).now(Clock::Realtime) == 0u);
  CHECK(late.now(static_cast<Clock>(9)).error() == Errno::Inval);
}

TEST_CASE("virtual time goes on by looks and sleeps") {
  VirtualEffects effects({.fixed_date = 1'000'000, .virtual_time = true});
  CHECK(effects.now(Clock::Realtime) == 1'001'000u);
  CHECK(effects.now(Clock::Monotonic) == 1'002'000u);
  CHECK(effects.now(Clock::ThreadCputime) == 1'003'000u);
  CHECK(effects.wait({}, 5'000'000'000) == 0u);
  CHECK(effects.now(Clock::Monotonic) == 5'001'004'000u);
  CHECK(effects.resolution(Clock::Realtime) == 1'000u);
  CHECK(effects.resolution(static_cast<Clock>(4)).error() == Errno::Inval);
}

TEST_CASE("seeded random numbers are those of the seed, in pieces of any size") {
  const auto draw = [](uint64_t seed, size_t size) {
    VirtualEffects effects({.seed = seed});
    std::vector<std::byte> bytes(size);
    CHECK(effects.random(bytes) == size);
    return bytes;
  };
  CHECK(draw(1, 64) == draw(1, 64));
  CHECK(draw(1, 64) != draw(2, 64));
  std::vector<std::byte> start = draw(1, 64);
  start.resize(13);
  CHECK(draw(1, 13) == start);
  CHECK(draw(0, 64) != std::vector<std::byte>(64));
}

}  // namespace wrun::wasi::test
