#include "wrun/watchdog.hpp"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/thread.hpp"

namespace wrun {
namespace {

// A thread may be about to enter the system call that it has to be woken from: signal again.
constexpr std::chrono::milliseconds kSignalPeriod{10};

}  // namespace

struct Watchdog::State {
  State(const Store& watched, std::chrono::nanoseconds limit)
      : store(watched), timeout(limit), target(pthread_self()) {}

  void watch();

  Store store;
  std::chrono::nanoseconds timeout;
  pthread_t target;
  std::mutex mutex;
  std::condition_variable disarm;
  bool disarmed = false;
  std::atomic<bool> expired = false;
  std::thread thread;
};

void Watchdog::State::watch() {
  const auto is_disarmed = [this] { return disarmed; };
  std::unique_lock lock(mutex);
  // Not a deadline: adding a long timeout to the time could overflow.
  auto left = timeout;
  const std::chrono::nanoseconds step = std::chrono::hours(1);
  while (left > step) {
    if (disarm.wait_for(lock, step, is_disarmed)) return;
    left -= step;
  }
  if (disarm.wait_for(lock, left, is_disarmed)) return;
  expired = true;
  store.interrupt();
  do {
    wake_thread(target);
  } while (!disarm.wait_for(lock, kSignalPeriod, is_disarmed));
}

Watchdog::Watchdog(const Store& store, std::chrono::nanoseconds timeout)
    : state_(std::make_unique<State>(store, timeout)) {
  install_wake_signal();
  state_->thread = std::thread([state = state_.get()] { state->watch(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->disarmed = true;
  }
  state_->disarm.notify_one();
  state_->thread.join();
  if (state_->expired) state_->store.clear_interrupt();
}

bool Watchdog::expired() const { return state_->expired; }

}  // namespace wrun
