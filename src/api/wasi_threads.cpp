// wasi-threads: an instance and a store for every thread. One of a program's threads decides what the
// program comes to: the first that traps or exits, or else the first thread by its return. That one
// then interrupts the others until they are gone.
#include "wrun/wasi_threads.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/state.hpp"
#include "base/thread.hpp"

namespace wrun {
namespace {

constexpr int32_t kMaxThreadId = (1 << 29) - 1;
constexpr int32_t kSpawnFailed = -6;  // EAGAIN; programs look at no more than the sign
constexpr int32_t kFirstThread = 0;   // a number that no other thread gets
// A thread may be about to enter the system call that it has to be woken from: signal again.
constexpr std::chrono::milliseconds kSignalPeriod{5};

struct SharedMemory {
  std::string module;
  std::string name;
  Memory memory;
};

}  // namespace

struct WasiThreads::State : std::enable_shared_from_this<State> {
  // A thread that may be in guest code.
  struct Member {
    Store store;
    pthread_t thread = {};
    int32_t id = kFirstThread;
  };
  using Members = std::list<Member>;

  State(const Module& guest, const Wasi& guest_wasi, const WasiThreadsConfig& settings)
      : module(guest), wasi(guest_wasi), config(settings) {}

  Result<void> define_memories(Linker& linker, const Store& store);
  void define_spawn(Linker& linker);
  Result<void> link(Linker& linker, Store& store);

  int32_t spawn(int32_t argument);
  int32_t next_id();
  Result<void> run(Member& member, int32_t argument);
  void leave(Members::iterator member, Result<void> result);
  void join_ended();

  const Module module;
  const Wasi wasi;
  const WasiThreadsConfig config;
  std::vector<SharedMemory> memories;

  std::mutex mutex;  // guards what follows
  std::condition_variable left;
  Members members;
  Members::iterator first;
  std::vector<pthread_t> ended;         // to be joined
  std::optional<Result<void>> outcome;  // what the program came to
  int32_t decided_by = 0;               // the thread that `outcome` is from
  int32_t last_id = kFirstThread;
};

// --- What an instance is given ---

Result<void> WasiThreads::State::define_memories(Linker& linker, const Store& store) {
  for (const ImportType& import : linker.missing_imports(module)) {
    if (!import.type.memory || !import.type.memory->is_shared) continue;
    Memory memory = WRUN_TRY(Memory::create(store, *import.type.memory));
    linker.define(import.module, import.name, memory);
    memories.push_back({import.module, import.name, std::move(memory)});
  }
  return {};
}

void WasiThreads::State::define_spawn(Linker& linker) {
  linker.define_func("wasi", "thread-spawn", [weak = weak_from_this()](int32_t argument) {
    const auto state = weak.lock();
    return state == nullptr ? kSpawnFailed : state->spawn(argument);
  });
}

Result<void> WasiThreads::State::link(Linker& linker, Store& store) {
  linker.define_wasi(wasi);
  for (const auto& [from, name, memory] : memories)
    linker.define(from, name, WRUN_TRY(memory.share_with(store)));
  define_spawn(linker);
  return config.link ? config.link(linker, store) : Result<void>();
}

// --- Threads ---

int32_t WasiThreads::State::spawn(int32_t argument) {
  join_ended();
  Store store(Access::module(module).engine, config.limits);
  const std::lock_guard lock(mutex);
  if (outcome || members.size() > config.max_threads) return kSpawnFailed;
  members.push_back({.store = std::move(store), .id = next_id()});
  const auto member = std::prev(members.end());
  auto body = [state = shared_from_this(), member, argument] {
    state->leave(member, state->run(*member, argument));
  };
  // The member's thread is set before the lock that the new thread needs to leave is free.
  if (start_thread(std::move(body), member->thread)) return member->id;
  members.erase(member);
  return kSpawnFailed;
}

// The numbers of threads that are alive differ.
int32_t WasiThreads::State::next_id() {
  const auto taken = [&](const Member& member) { return member.id == last_id; };
  do {
    last_id = last_id == kMaxThreadId ? 1 : last_id + 1;
  } while (std::ranges::any_of(members, taken));
  return last_id;
}

Result<void> WasiThreads::State::run(Member& member, int32_t argument) {
  Linker linker(member.store);
  WRUN_CHECK_OK(link(linker, member.store));
  const Instance instance = WRUN_TRY(linker.instantiate(module));
  const auto start = instance.func("wasi_thread_start");
  if (!start) return fail(Error::Kind::Unlinkable, "the guest exports no `wasi_thread_start`");
  return start->call<void(int32_t, int32_t)>(member.id, argument);
}

// The member's thread runs no guest code any more. If it is the one that decides what the program
// comes to, it ends all others.
void WasiThreads::State::leave(Members::iterator member, Result<void> result) {
  Members self;
  std::unique_lock lock(mutex);
  self.splice(self.end(), members, member);
  const bool is_first = member->id == kFirstThread;
  if (!is_first) ended.push_back(member->thread);
  left.notify_all();
  if (outcome || (result && !is_first)) return;
  outcome = std::move(result);
  decided_by = member->id;
  while (!members.empty()) {
    for (Member& other : members) {
      other.store.interrupt();
      wake_thread(other.thread);
    }
    left.wait_for(lock, kSignalPeriod);
  }
}

// Gives back what is left of threads that are over. One that decided may be busy ending the others,
// the caller among them: it is left to finish().
void WasiThreads::State::join_ended() {
  std::vector<pthread_t> threads;
  {
    const std::lock_guard lock(mutex);
    if (outcome && !members.empty()) return;
    threads.swap(ended);
  }
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
}

// --- The handle ---

WasiThreads::WasiThreads(std::shared_ptr<State> state) : state_(std::move(state)) {}
WasiThreads::WasiThreads(WasiThreads&&) noexcept = default;
WasiThreads& WasiThreads::operator=(WasiThreads&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

WasiThreads::~WasiThreads() {
  if (state_ != nullptr) (void)finish({});
}

Result<WasiThreads> WasiThreads::create(Linker& linker, const Module& module, const Wasi& wasi,
                                        const WasiThreadsConfig& config) {
  const Store store = linker.store();
  const engine::EngineConfig& engine = Access::engine(Access::module(module).engine).config();
  if (!engine.interruptible)
    return fail(Error::Kind::Usage, "threads need an engine whose code can be interrupted");
  if (engine.fuel_metering)
    return fail(Error::Kind::Usage, "there is no limit on fuel for programs with threads");
  if (Access::wasi(wasi)->wasi->records_or_replays())
    return fail(Error::Kind::Usage, "programs with threads can neither be recorded nor replayed");
  auto state = std::make_shared<State>(module, wasi, config);
  WRUN_CHECK_OK(state->define_memories(linker, store));
  state->define_spawn(linker);
  state->members.push_back({.store = store, .thread = pthread_self()});
  state->first = state->members.begin();
  install_wake_signal();
  return WasiThreads(std::move(state));
}

Result<void> WasiThreads::finish(Result<void> first_thread) {
  const std::shared_ptr<State> state = std::move(state_);
  if (state == nullptr) return first_thread;
  Store store = state->first->store;
  state->leave(state->first, std::move(first_thread));
  std::unique_lock lock(state->mutex);
  state->left.wait(lock, [&] { return state->members.empty(); });
  lock.unlock();
  state->join_ended();
  if (state->decided_by != kFirstThread) store.clear_interrupt();
  return *state->outcome;
}

}  // namespace wrun
