#include "base/parallel.hpp"

#include <pthread.h>
#include <sched.h>

#include <vector>

namespace wrun {

namespace {

struct Task {
  const std::function<void(unsigned)>* work;
  unsigned worker;
};

void* run_task(void* argument) {
  const auto* task = static_cast<const Task*>(argument);
  (*task->work)(task->worker);
  return nullptr;
}

}  // namespace

unsigned available_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count > 0 ? static_cast<unsigned>(count) : 1;
}

void run_workers(unsigned workers, const std::function<void(unsigned)>& work) {
  if (workers == 0) return;
  std::vector<Task> tasks(workers - 1);
  std::vector<pthread_t> threads;
  threads.reserve(tasks.size());
  // pthread_create and not std::thread, which reports failure by an exception.
  for (unsigned worker = 0; worker < tasks.size(); ++worker) {
    tasks[worker] = {&work, worker};
    pthread_t thread;
    if (pthread_create(&thread, nullptr, run_task, &tasks[worker]) != 0) break;
    threads.push_back(thread);
  }
  for (unsigned worker = static_cast<unsigned>(threads.size()); worker < workers; ++worker)
    work(worker);
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
}

}  // namespace wrun
