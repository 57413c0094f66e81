#include "runtime/parking_lot.hpp"

namespace wrun::runtime {

template <class T>
ParkingLot::Outcome ParkingLot::wait(const T* address, T expected, int64_t nanoseconds,
                                     Parker& parker, const std::atomic<bool>& interrupted) {
  const int64_t deadline = nanoseconds < 0 ? Parker::kForever : Parker::deadline_after(nanoseconds);
  Bucket& bucket = this->bucket(address);
  Waiter self{address, parker};
  std::unique_lock lock(bucket.mutex);
  // Under the lock, so that a notify after the value has changed finds this thread.
  if (__atomic_load_n(address, __ATOMIC_SEQ_CST) != expected) return Outcome::NotEqual;
  bucket.waiters.push_back(&self);
  while (true) {
    const uint32_t ticket = parker.ticket();
    if (self.woken) return Outcome::Woken;
    const bool stop = interrupted.load(std::memory_order_relaxed);
    if (stop || Parker::now() >= deadline) {
      std::erase(bucket.waiters, &self);
      return stop ? Outcome::Interrupted : Outcome::TimedOut;
    }
    lock.unlock();
    parker.park(ticket, deadline);
    lock.lock();
  }
}

template ParkingLot::Outcome ParkingLot::wait(const uint32_t*, uint32_t, int64_t, Parker&,
                                              const std::atomic<bool>&);
template ParkingLot::Outcome ParkingLot::wait(const uint64_t*, uint64_t, int64_t, Parker&,
                                              const std::atomic<bool>&);

uint32_t ParkingLot::notify(const void* address, uint32_t count) {
  Bucket& bucket = this->bucket(address);
  const std::lock_guard lock(bucket.mutex);
  uint32_t woken = 0;
  std::erase_if(bucket.waiters, [&](Waiter* waiter) {
    if (waiter->address != address || woken == count) return false;
    ++woken;
    waiter->woken = true;
    waiter->parker.unpark();
    return true;
  });
  return woken;
}

}  // namespace wrun::runtime
