// Instances of one module for hosts that need them by the thousand: those that were used become new again, which
// takes less than making new ones.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "wrun/error.hpp"
#include "wrun/instance.hpp"
#include "wrun/linker.hpp"
#include "wrun/module.hpp"
#include "wrun/store.hpp"

namespace wrun {

namespace detail {
struct PooledStore;
struct PoolState;
}  // namespace detail

// An instance in a store of its own, as if just instantiated. Goes back to the pool with this; handles into the
// store that are left are not to be used any more. Used by one thread at a time.
class PooledInstance {
 public:
  PooledInstance(PooledInstance&&) noexcept;
  PooledInstance& operator=(PooledInstance&&) noexcept;
  ~PooledInstance();

  const Instance& operator*() const;
  const Instance* operator->() const;
  Store& store() const;

 private:
  friend class InstancePool;
  PooledInstance(std::shared_ptr<detail::PoolState> pool,
                 std::unique_ptr<detail::PooledStore> store);
  std::shared_ptr<detail::PoolState> pool_;
  std::unique_ptr<detail::PooledStore> store_;
};

struct PoolOptions {
  // Instances that are kept for later. Each takes 8 GiB of address space for a memory, of which the host has some
  // thousands, and what little of its pages was touched.
  uint32_t most_idle = 64;
  Limits limits = {};     // of each store
  std::string name = {};  // as for Linker::instantiate()
};

// A handle, cheap to copy; all functions are thread-safe, and none waits for another thread.
class InstancePool {
 public:
  // Gives a store the module's imports; called once for each store, by the thread that takes the instance. What
  // host functions keep for themselves is theirs to forget.
  using Define = std::function<Result<void>(Linker& linker)>;

  // Fails with Usage for a module that imports memories, tables or variables, or has a shared memory: others may
  // change what it begins with.
  static Result<InstancePool> create(const Module& module, const PoolOptions& options = {},
                                     Define define = {});

  // One that was used before, with memories, tables and variables as at first, or a new one; the start function
  // has run. Fails as Linker::instantiate() does.
  Result<PooledInstance> take() const;
  // Makes instances until there are so many idle, most_idle at most. Fails likewise.
  Result<void> prepare(uint32_t idle) const;
  // Instances that wait.
  uint32_t idle() const;

 private:
  explicit InstancePool(std::shared_ptr<detail::PoolState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::PoolState> state_;
};

}  // namespace wrun
