#include "base/thread.hpp"

#include <signal.h>

#include <memory>
#include <utility>

namespace wrun {

bool start_thread(std::function<void()> body, pthread_t& thread) {
  auto boxed = std::make_unique<std::function<void()>>(std::move(body));
  const auto run = [](void* box) -> void* {
    const std::unique_ptr<std::function<void()>> work(static_cast<std::function<void()>*>(box));
    (*work)();
    return nullptr;
  };
  if (pthread_create(&thread, nullptr, run, boxed.get()) != 0) return false;
  (void)boxed.release();
  return true;
}

void install_wake_signal() {
  struct sigaction current;
  if (sigaction(SIGURG, nullptr, &current) != 0) return;
  if (current.sa_handler != SIG_DFL && current.sa_handler != SIG_IGN) return;
  struct sigaction action = {};  // without SA_RESTART
  action.sa_handler = [](int) {};
  sigaction(SIGURG, &action, nullptr);
}

void wake_thread(pthread_t thread) { pthread_kill(thread, SIGURG); }

}  // namespace wrun
