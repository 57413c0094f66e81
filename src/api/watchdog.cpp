#include "wrun/watchdog.hpp"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace wrun {
namespace {

// A thread may be about to enter the system call that it has to be woken from: signal again.
constexpr std::chrono::milliseconds kSignalPeriod{10};

// Without SA_RESTART, so that system calls return EINTR. The default for SIGURG is to be ignored,
// which would not interrupt anything.
void install_handler() {
  struct sigaction current;
  if (sigaction(SIGURG, nullptr, &current) != 0) return;
  if (current.sa_handler != SIG_DFL && current.sa_handler != SIG_IGN) return;
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  sigaction(SIGURG, &action, nullptr);
}

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
    pthread_kill(target, SIGURG);
  } while (!disarm.wait_for(lock, kSignalPeriod, is_disarmed));
}

Watchdog::Watchdog(const Store& store, std::chrono::nanoseconds timeout)
    : state_(std::make_unique<State>(store, timeout)) {
  install_handler();
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
