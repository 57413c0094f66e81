// Threads without exceptions: std::thread reports that there is none to be had by throwing.
#pragma once

#include <pthread.h>

#include <functional>

namespace wrun {

// Runs `body` in a new thread, which is to be joined. False: the host has none to spare.
bool start_thread(std::function<void()> body, pthread_t& thread);

// What wakes a thread from a system call, which then returns EINTR: SIGURG, which by default is
// ignored, with a handler that does nothing, unless the program has one.
void install_wake_signal();
void wake_thread(pthread_t thread);

}  // namespace wrun
