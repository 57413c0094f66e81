#include "base/parker.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

namespace wrun {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace

int64_t Parker::now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

int64_t Parker::deadline_after(int64_t nanoseconds) {
  int64_t deadline;
  return __builtin_add_overflow(now(), nanoseconds, &deadline) ? kForever : deadline;
}

void Parker::park(uint32_t ticket, int64_t deadline) {
  const timespec until = {.tv_sec = deadline / kNanosecondsPerSecond,
                          .tv_nsec = deadline % kNanosecondsPerSecond};
  // The bit-set form is the one that takes a point in time, not a duration.
  syscall(SYS_futex, &wakeups_, FUTEX_WAIT_BITSET_PRIVATE, ticket,
          deadline == kForever ? nullptr : &until, nullptr, FUTEX_BITSET_MATCH_ANY);
}

void Parker::unpark() {
  const int saved_errno = errno;
  wakeups_.fetch_add(1, std::memory_order_release);
  syscall(SYS_futex, &wakeups_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  errno = saved_errno;
}

}  // namespace wrun
