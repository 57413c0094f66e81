#include "engine/compile_queue.hpp"

#include <algorithm>
#include <csignal>

#include "base/thread.hpp"

namespace wrun::engine {

CompileQueue::CompileQueue(unsigned threads, Compile compile)
    : max_threads_(threads), compile_(std::move(compile)) {}

CompileQueue::~CompileQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakeup_.notify_all();
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
}

void CompileQueue::request(const CompileRequest& request) {
  {
    const std::lock_guard lock(mutex_);
    const auto [state, is_new] = states_.try_emplace(request);
    ++state->second.heat;
    if (!is_new) return;
    if (max_threads_ != 0) {
      waiting_.push_back(request);
      start_thread_if_useful();
      wakeup_.notify_one();
      return;
    }
    state->second.is_waiting = false;
  }
  compile_(request);
}

// The signals of the process are for the threads of the host.
void CompileQueue::start_thread_if_useful() {
  if (idle_ != 0 || threads_.size() >= max_threads_) return;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  if (start_thread([this] { run(); }, thread)) threads_.push_back(thread);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void CompileQueue::run() {
  while (const auto request = take()) compile_(*request);
}

std::optional<CompileRequest> CompileQueue::take() {
  std::unique_lock lock(mutex_);
  ++idle_;
  wakeup_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  --idle_;
  if (stopping_) return std::nullopt;
  const auto hottest = std::ranges::max_element(
      waiting_, {}, [this](const CompileRequest& request) { return states_[request].heat; });
  const CompileRequest request = *hottest;
  *hottest = waiting_.back();
  waiting_.pop_back();
  states_[request].is_waiting = false;
  return request;
}

}  // namespace wrun::engine
