// Watchdog: a time limit for guest code.
#pragma once

#include <chrono>
#include <memory>

#include "wrun/store.hpp"

namespace wrun {

// From construction on, after `timeout`, calls Store::interrupt() and sends SIGURG to the thread that
// made it until it is destroyed, so that system calls that the thread waits in return EINTR. Installs a
// handler for SIGURG that does nothing, unless the program has one. Loops need Config::interruptible.
class Watchdog {
 public:
  Watchdog(const Store& store, std::chrono::nanoseconds timeout);
  ~Watchdog();  // disarms; clears the interruption if it was its own
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  bool expired() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wrun
