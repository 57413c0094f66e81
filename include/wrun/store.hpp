// Store: everything that instances are made of (spec 4.2.3), and the limits they live within.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "wrun/collection.hpp"
#include "wrun/engine.hpp"

namespace wrun {

namespace detail {
struct StoreState;
}

struct Limits {
  uint64_t memory_bytes = UINT64_MAX;    // each linear memory; memory.grow beyond it gives -1
  uint64_t table_elements = 10'000'000;  // each table
  uint64_t stack_bytes = 8u << 20;       // frames of guest code; beyond: a trap
  uint64_t gc_heap_bytes = UINT64_MAX;   // structures, arrays and exceptions; at most 32 GiB
  uint32_t instances = 10'000;
};

// A handle. A store is used by one thread at a time; only interrupt() may be called from others.
// Instances, functions, memories, … are handles into a store and keep it alive: a host function
// that captures one of them keeps its own store alive forever (use Caller instead).
class Store {
 public:
  explicit Store(const Engine& engine, const Limits& limits = {});

  // Asks running guest code to stop with TrapCode::Interrupted, now or when it next starts.
  // Thread-safe. Loops notice only if Config::interruptible is set. The request stays until
  // clear_interrupt().
  void interrupt();
  void clear_interrupt();

  // Fuel is one unit an instruction, about. Guest code that has none left traps with
  // TrapCode::OutOfFuel. Needs Config::fuel; without it nothing is counted. At most INT64_MAX.
  void set_fuel(uint64_t units);
  uint64_t fuel() const;

  // What all linear memories of the store hold now, in bytes. Memories never shrink, so this is also
  // the most they ever held.
  uint64_t memory_bytes() const;

  // Values that are references keep what they refer to alive: those that a host function is given
  // until it returns, all others until this is called. What they are afterwards is refused where they
  // are passed to the store, or is a reference to something else.
  void release_references();
  // Looks for garbage now. The observer is called after every collection; it must not use the store.
  void collect_garbage();
  void on_collection(std::function<void(const Collection&)> observer);

 private:
  friend struct Access;
  explicit Store(std::shared_ptr<detail::StoreState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::StoreState> state_;
};

}  // namespace wrun
