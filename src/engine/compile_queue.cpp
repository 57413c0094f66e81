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
    if (++heat_[request] != 1) return;
    if (max_threads_ != 0) {
      waiting_.push_back(request);
      start_thread_if_useful();
      wakeup_.notify_one();
      return;
    }
  }
  compile_(request);
}

void CompileQueue::forget(const TieredModule& module) {
  const auto is_of_module = [&](const CompileRequest& request) {
    return request.module == &module;
  };
  std::unique_lock lock(mutex_);
  std::erase_if(waiting_, is_of_module);
  std::erase_if(heat_, [&](const auto& entry) { return is_of_module(entry.first); });
  done_.wait(lock, [&] { return std::ranges::none_of(running_, is_of_module); });
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
  while (const auto request = take()) {
    compile_(*request);
    {
      const std::lock_guard lock(mutex_);
      std::erase(running_, *request);
    }
    done_.notify_all();
  }
}

std::optional<CompileRequest> CompileQueue::take() {
  std::unique_lock lock(mutex_);
  ++idle_;
  wakeup_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  --idle_;
  if (stopping_) return std::nullopt;
  const auto hottest = std::ranges::max_element(
      waiting_, {}, [this](const CompileRequest& request) { return heat_[request]; });
  running_.push_back(*hottest);
  *hottest = waiting_.back();
  waiting_.pop_back();
  return running_.back();
}

}  // namespace wrun::engine
