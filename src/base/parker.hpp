// Where one thread sleeps until another one, or a signal handler, wakes it.
//
//   const uint32_t ticket = parker.ticket();
//   if (!what_is_waited_for) parker.park(ticket, deadline);
//
// A wake-up between the two calls is not lost.
#pragma once

#include <atomic>
#include <cstdint>

namespace wrun {

class Parker {
 public:
  static constexpr int64_t kForever = INT64_MAX;
  static int64_t now();  // nanoseconds of the monotonic clock
  // The time so long after now; kForever where it does not fit.
  static int64_t deadline_after(int64_t nanoseconds);

  uint32_t ticket() const { return wakeups_.load(std::memory_order_acquire); }
  // Returns after unpark() since `ticket`, at the deadline, or for no reason at all.
  void park(uint32_t ticket, int64_t deadline);
  // Async-signal-safe.
  void unpark();

 private:
  std::atomic<uint32_t> wakeups_ = 0;
};

}  // namespace wrun
