#include "wasi/effects.hpp"

#include <sched.h>
#include <sys/random.h>
#include <time.h>

#include <cerrno>

#include "wasi/nanoseconds.hpp"

namespace wrun::wasi {
namespace {

std::optional<clockid_t> host_clock(Clock clock) {
  switch (clock) {
    case Clock::Realtime:       return CLOCK_REALTIME;
    case Clock::Monotonic:      return CLOCK_MONOTONIC;
    case Clock::ProcessCputime: return CLOCK_PROCESS_CPUTIME_ID;
    case Clock::ThreadCputime:  return CLOCK_THREAD_CPUTIME_ID;
  }
  return std::nullopt;  // a number the guest made up
}

}  // namespace

Expected<uint64_t> HostEffects::now(Clock clock) {
  const std::optional<clockid_t> id = host_clock(clock);
  if (!id) return std::unexpected(Errno::Inval);
  timespec time;
  if (::clock_gettime(*id, &time) != 0) return std::unexpected(from_host(errno));
  return to_nanoseconds(time);
}

Expected<uint64_t> HostEffects::resolution(Clock clock) {
  const std::optional<clockid_t> id = host_clock(clock);
  if (!id) return std::unexpected(Errno::Inval);
  timespec time;
  if (::clock_getres(*id, &time) != 0) return std::unexpected(from_host(errno));
  return to_nanoseconds(time);
}

Expected<size_t> HostEffects::random(std::span<std::byte> out) {
  const ssize_t filled = ::getrandom(out.data(), out.size(), 0);
  if (filled < 0) return std::unexpected(from_host(errno));
  return static_cast<size_t>(filled);
}

Expected<uint32_t> HostEffects::wait(std::span<pollfd> fds, std::optional<uint64_t> timeout) {
  const timespec limit = to_timespec(timeout.value_or(0));
  const int ready = ::ppoll(fds.data(), fds.size(), timeout ? &limit : nullptr, nullptr);
  if (ready < 0) return std::unexpected(from_host(errno));
  return static_cast<uint32_t>(ready);
}

void HostEffects::yield() { ::sched_yield(); }

}  // namespace wrun::wasi
