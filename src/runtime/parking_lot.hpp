// Threads that wait at addresses of a shared memory (threads proposal: memory.atomic.wait and notify).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/parker.hpp"

namespace wrun::runtime {

class ParkingLot {
 public:
  // The results of memory.atomic.wait, and one more.
  enum class Outcome : uint32_t { Woken = 0, NotEqual = 1, TimedOut = 2, Interrupted = 3 };

  // Sleeps while the naturally aligned `*address` is `expected`, until notify(), for at most
  // `nanoseconds` (negative: for ever). Whoever sets `interrupted` unparks `parker`.
  template <class T>
  Outcome wait(const T* address, T expected, int64_t nanoseconds, Parker& parker,
               const std::atomic<bool>& interrupted);
  // Wakes up to `count` of the threads that wait at the address, the longest-waiting first.
  uint32_t notify(const void* address, uint32_t count);

 private:
  struct Waiter {
    const void* address;
    Parker& parker;
    bool woken = false;
  };
  // Addresses that collide share a bucket. A waiter's parker is only touched under the lock, which
  // the waiter takes before it leaves: so it is alive.
  struct Bucket {
    std::mutex mutex;
    std::vector<Waiter*> waiters;  // in the order of arrival
  };

  Bucket& bucket(const void* address) {
    return buckets_[(reinterpret_cast<uintptr_t>(address) >> 2) % buckets_.size()];
  }

  std::array<Bucket, 16> buckets_;
};

extern template ParkingLot::Outcome ParkingLot::wait(const uint32_t*, uint32_t, int64_t, Parker&,
                                                     const std::atomic<bool>&);
extern template ParkingLot::Outcome ParkingLot::wait(const uint64_t*, uint64_t, int64_t, Parker&,
                                                     const std::atomic<bool>&);

}  // namespace wrun::runtime
