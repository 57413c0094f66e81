// A Store owns everything that instances are made of (spec 4.2.3) and is used by one thread at a
// time. The executor is the tier that runs functions; the runtime does not know which one it is.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/parker.hpp"
#include "base/result.hpp"
#include "gc/heap.hpp"
#include "runtime/compiled_code.hpp"
#include "runtime/memory.hpp"
#include "runtime/stack.hpp"
#include "runtime/table.hpp"
#include "runtime/trap.hpp"
#include "runtime/vm_context.hpp"
#include "wasm/module.hpp"
#include "wasm/type_registry.hpp"

namespace wrun::runtime {

class Executor {
 public:
  virtual ~Executor() = default;
  // Makes ready for calls of the functions that `instance` defines. Called once, when its memories exist
  // and before any of its code can run. An error: its code cannot run here.
  virtual Result<void> prepare(Instance& instance) = 0;
  // A prepared instance has got its memories back as they were before its segments were copied.
  virtual void reset(Instance&) {}
  // Called before a prepared instance goes.
  virtual void release(Instance&) {}
  // Runs `function` with arguments in `slots`, which has room for arguments and results.
  // On a trap the backtrace is in the store's last_trap().
  virtual TrapCode call(Store& store, FuncRef& function, uint64_t* slots) = 0;
  // What FuncRef::entry and adapter begin with.
  struct Entries {
    const void* entry = nullptr;
    const void* adapter = nullptr;
  };
  virtual Entries first_entries() const { return {}; }
  // Set FuncRef::entry, or adapter, which compiled code is about to call for the first time.
  virtual void make_entry(FuncRef&) {}
  virtual void make_adapter(FuncRef&) {}
  // Null if this tier compiles nothing.
  virtual const CompiledCode* compiled_code() const { return nullptr; }
};

struct StoreLimits {
  uint64_t memory_bytes = UINT64_MAX;    // per memory
  uint64_t table_elements = 10'000'000;  // per table
  uint64_t stack_bytes = 8u << 20;       // frames of guest code
  uint64_t gc_heap_bytes = UINT64_MAX;   // structures, arrays and exceptions
  uint32_t instances = 10'000;
  bool guarded_memories = true;  // false: explicit bounds checks in every memory
  bool collect_always = false;   // garbage, at every allocation of an object
};

struct Global {
  wasm::GlobalType type;
  GlobalCell* cell;
};

struct Tag {
  uint32_t type_id = 0;
  const wasm::FuncType* type = nullptr;
};

// Slots that are roots for as long as this exists, whatever they hold. Nested like scopes.
class TemporaryRoots {
 public:
  explicit TemporaryRoots(Store& store);
  ~TemporaryRoots();
  TemporaryRoots(const TemporaryRoots&) = delete;
  TemporaryRoots& operator=(const TemporaryRoots&) = delete;

  std::vector<uint64_t> slots;

 private:
  friend class Store;
  Store& store_;
  TemporaryRoots* outer_;
};

class Store final : gc::RootSource {
 public:
  static constexpr uint32_t kMaxCallDepth = 1'000;

  Store(Executor& executor, wasm::TypeRegistry& types, const StoreLimits& limits);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Executor& executor() { return executor_; }
  wasm::TypeRegistry& types() { return types_; }
  const StoreLimits& limits() const { return limits_; }
  Stack& stack() { return stack_; }
  gc::Heap& heap() { return heap_; }

  // Host objects; the store keeps them.
  FuncRef& add_host_function(const wasm::FuncType& type, HostCallback callback, void* environment);
  Result<Memory*> add_memory(const wasm::MemoryType& type);
  // A shared memory of another store. Threads have a store each, and share memories.
  Memory* add_memory(std::shared_ptr<Memory> memory);
  Result<Table*> add_table(const wasm::TableType& type, RefSlot init);
  Global& add_global(const wasm::GlobalType& type, GlobalCell value);
  Global& add_global(const wasm::GlobalType& type, GlobalCell* cell);  // which lives as long
  Tag& add_tag(const wasm::FuncType& type);
  Tag& add_tag(uint32_t type_id, const wasm::FuncType& type);  // `type` outlives the store
  Instance& add_instance(std::unique_ptr<Instance> instance);
  // A new exception with the payload that the tag's type says, on the guest stack, whose used part
  // ends there; 0 when there is no room for it.
  RefSlot new_exception(const Tag& tag, const uint64_t* payload);
  size_t instance_count() const { return instances_.size(); }
  // Everything that was ever made in the store, but for objects on its heap.
  size_t object_count() const;
  // Forgets what running code left behind in the store itself. False: there are objects on the heap, which stay.
  [[nodiscard]] bool reset();
  uint64_t memory_bytes() const;  // of all memories of the store, now

  // `slots` holds the arguments and has room for max(param_slots, result_slots).
  // `caller` is whom a host function sees as its caller; by default an instance of nothing.
  // Host functions may call back, kMaxCallDepth deep: each level takes some of the host's stack.
  std::expected<void, Trap> call(FuncRef& function, uint64_t* slots, Instance* caller = nullptr);

  // --- for host callbacks, before they return TrapCode::Exit or TrapCode::HostError ---
  void set_exit(uint32_t status) { trap_.exit_status = status; }
  void set_host_error(std::string message) { trap_.message = std::move(message); }
  Trap& last_trap() { return trap_; }

  // Asks running code to stop with TrapCode::Interrupted. Safe from any thread and from signal
  // handlers. Code translated without interruption checks only sees it in host calls and waiting.
  void interrupt() {
    interrupt_.store(true, std::memory_order_relaxed);
    parker_.unpark();
  }
  void clear_interrupt() { interrupt_.store(false, std::memory_order_relaxed); }
  bool interrupted() const { return interrupt_.load(std::memory_order_relaxed); }
  const std::atomic<bool>& interrupt_flag() const { return interrupt_; }
  // Where the store's thread sleeps; interrupt() wakes it.
  Parker& parker() { return parker_; }

  // What ended the latest activation with TrapCode::UnhandledException. A host function that returns
  // that code throws it on.
  RefSlot uncaught_exception = 0;

  // References that the host holds; they keep what they refer to alive.
  std::vector<RefSlot> host_references;

  // Instructions left; counted down by code translated with fuel metering.
  int64_t fuel = INT64_MAX;

 private:
  friend class TemporaryRoots;
  void mark_roots(gc::Marker& marker, const uint64_t* stack_end) override;
  TrapCode run(FuncRef& function, uint64_t* slots, Instance* caller);
  const wasm::FuncType& keep_type(const wasm::FuncType& type);
  Instance& host_instance();

  Executor& executor_;
  wasm::TypeRegistry& types_;
  StoreLimits limits_;
  Stack stack_;
  gc::Heap heap_;
  TemporaryRoots* temporary_roots_ = nullptr;
  Trap trap_;
  uint32_t call_depth_ = 0;
  std::atomic<bool> interrupt_ = false;
  Parker parker_;
  std::deque<FuncRef> host_functions_;
  std::deque<wasm::FuncType> host_types_;
  std::deque<GlobalCell> host_cells_;  // of the host's globals
  std::deque<Global> globals_;
  std::deque<Tag> tags_;
  std::vector<std::shared_ptr<Memory>> memories_;
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::unique_ptr<Instance> host_instance_;  // made when first needed
};

}  // namespace wrun::runtime
