// Threads that compile in the background, the hottest first.
#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/compiled_module.hpp"

namespace wrun::engine {

struct TieredModule;

struct CompileRequest {
  TieredModule* module = nullptr;
  CompilationUnit unit;
  auto operator<=>(const CompileRequest&) const = default;
};

// Thread-safe.
class CompileQueue {
 public:
  using Compile = std::function<void(const CompileRequest&)>;
  // With no threads, request() compiles before it returns.
  CompileQueue(unsigned threads, Compile compile);
  // Waits for what is being compiled and drops the rest.
  ~CompileQueue();
  CompileQueue(const CompileQueue&) = delete;
  CompileQueue& operator=(const CompileQueue&) = delete;

  // Each is compiled once. Asking again makes one that waits hotter.
  void request(const CompileRequest& request);
  // Drops what is asked for of this module and waits for what is being compiled. Nobody asks any more.
  void forget(const TieredModule& module);
  // Whether to give up what is being compiled.
  bool is_stopping() const { return stopping_.load(std::memory_order_relaxed); }

 private:
  void run();
  std::optional<CompileRequest> take();
  void start_thread_if_useful();

  const unsigned max_threads_;
  const Compile compile_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wakeup_;
  std::condition_variable done_;
  std::map<CompileRequest, uint32_t> heat_;  // of all that was ever asked for
  std::vector<CompileRequest> waiting_;
  std::vector<CompileRequest> running_;
  std::vector<pthread_t> threads_;
  unsigned idle_ = 0;
};

}  // namespace wrun::engine
