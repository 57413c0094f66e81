#include "wrun/pool.hpp"

#include <atomic>

#include "api/state.hpp"

namespace wrun {
namespace detail {

struct PooledStore {
  PooledStore(const Engine& engine, const Limits& limits) : store(engine, limits), linker(store) {}

  Store store;
  Linker linker;
  std::optional<Instance> instance;
  size_t objects = 0;  // in the store, when the instance was new

  // Whether it is as new, but for its segments and start function.
  bool reset() {
    runtime::Store& inner = *Access::store(store)->store;
    return inner.reset() && inner.object_count() == objects && Access::instance(*instance).reset();
  }
};

// Those that wait are in places that threads exchange something with; each begins to look at another one.
struct PoolState {
  PoolState(Module of, const PoolOptions& chosen, InstancePool::Define with)
      : module(std::move(of)),
        options(chosen),
        define(std::move(with)),
        idle(std::make_unique<std::atomic<PooledStore*>[]>(options.most_idle)) {}
  ~PoolState() {
    while (take() != nullptr) continue;
  }
  PoolState(const PoolState&) = delete;
  PoolState& operator=(const PoolState&) = delete;

  std::unique_ptr<PooledStore> take() {
    const size_t first = first_place();
    for (size_t i = 0; i < options.most_idle; ++i) {
      std::atomic<PooledStore*>& place = idle[(first + i) % options.most_idle];
      if (place.load(std::memory_order_relaxed) == nullptr) continue;
      if (PooledStore* taken = place.exchange(nullptr, std::memory_order_acq_rel))
        return std::unique_ptr<PooledStore>(taken);
    }
    return nullptr;
  }
  void give(std::unique_ptr<PooledStore> store) {
    const size_t first = first_place();
    for (size_t i = 0; i < options.most_idle; ++i) {
      std::atomic<PooledStore*>& place = idle[(first + i) % options.most_idle];
      PooledStore* expected = nullptr;
      if (place.load(std::memory_order_relaxed) != nullptr) continue;
      if (!place.compare_exchange_strong(expected, store.get(), std::memory_order_acq_rel))
        continue;
      static_cast<void>(store.release());
      return;
    }
  }

  Result<std::unique_ptr<PooledStore>> make() const {
    auto made = std::make_unique<PooledStore>(Access::module(module).engine, options.limits);
    if (define) WRUN_CHECK_OK(define(made->linker));
    made->instance = WRUN_TRY(made->linker.instantiate(module, options.name));
    made->objects = Access::store(made->store)->store->object_count();
    return made;
  }

  const Module module;
  const PoolOptions options;
  const InstancePool::Define define;
  const std::unique_ptr<std::atomic<PooledStore*>[]> idle;

 private:
  // Places of threads lie apart, as far as there are enough.
  size_t first_place() const {
    static constinit std::atomic<size_t> threads = 0;
    static thread_local const size_t thread = threads.fetch_add(1, std::memory_order_relaxed);
    constexpr size_t kPlacesPerThread = 8;
    return thread * kPlacesPerThread;
  }
};

}  // namespace detail

PooledInstance::PooledInstance(std::shared_ptr<detail::PoolState> pool,
                               std::unique_ptr<detail::PooledStore> store)
    : pool_(std::move(pool)), store_(std::move(store)) {}
PooledInstance::PooledInstance(PooledInstance&&) noexcept = default;

PooledInstance& PooledInstance::operator=(PooledInstance&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(store_, other.store_);
  return *this;
}

PooledInstance::~PooledInstance() {
  if (store_ != nullptr && store_->reset()) pool_->give(std::move(store_));
}

const Instance& PooledInstance::operator*() const { return *store_->instance; }
const Instance* PooledInstance::operator->() const { return &*store_->instance; }
Store& PooledInstance::store() const { return store_->store; }

Result<InstancePool> InstancePool::create(const Module& module, const PoolOptions& options,
                                          Define define) {
  if (const auto reason = runtime::Instance::why_not_resettable(*Access::module(module).module))
    return fail(Error::Kind::Usage, "instances of the module cannot be used again: " + *reason);
  return InstancePool(std::make_shared<detail::PoolState>(module, options, std::move(define)));
}

Result<PooledInstance> InstancePool::take() const {
  auto used = state_->take();
  if (used == nullptr) return PooledInstance(state_, WRUN_TRY(state_->make()));
  WRUN_CHECK_OK(Access::instance(*used->instance).initialize());
  return PooledInstance(state_, std::move(used));
}

Result<void> InstancePool::prepare(uint32_t idle) const {
  for (uint32_t ready = this->idle(); ready < std::min(idle, state_->options.most_idle); ++ready) {
    auto made = WRUN_TRY(state_->make());
    if (made->reset()) state_->give(std::move(made));
  }
  return {};
}

uint32_t InstancePool::idle() const {
  uint32_t count = 0;
  for (uint32_t i = 0; i < state_->options.most_idle; ++i)
    count += state_->idle[i].load(std::memory_order_relaxed) != nullptr;
  return count;
}

}  // namespace wrun
