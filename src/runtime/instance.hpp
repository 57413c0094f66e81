// Module instances and instantiation (spec 4.2.6, 4.7.2).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/context_layout.hpp"
#include "runtime/store.hpp"
#include "runtime/vm_context.hpp"
#include "wasm/module.hpp"

namespace wrun::runtime {

// One importable thing (spec 4.2.12). The store that made it owns it.
using Extern = std::variant<FuncRef*, Table*, Memory*, Global*, Tag*>;

// Text of a type for messages about linking: "func [i32] -> []", "memory 1 2".
std::string describe(const Extern& value);
std::string describe_import(const wasm::Module& module, const wasm::Import& import);

class Instance {
 public:
  // Checks `imports`, given in the order of module.imports, against the module's (exact types,
  // limits), allocates, runs active segments in order and then the start function.
  // Errors: Unlinkable, Unsupported (limits), Trap and Exit (whose details are in the error, and in
  // store.last_trap()).
  static Result<Instance*> instantiate(Store& store, std::shared_ptr<const wasm::Module> module,
                                       std::span<const Extern> imports, std::string name);

  // Why reset() cannot undo what such a module does; nothing if it can.
  static std::optional<std::string> why_not_resettable(const wasm::Module& module);
  // As it was before its segments were copied and its start function ran. Fails with Unsupported if the host
  // refuses; the instance is not to be used any more, then.
  Result<void> reset();
  // Copies active segments and runs the start function, as instantiate() does.
  Result<void> initialize();
  // From now on initialize() finds the contents of active data segments where they belong.
  void set_data_in_place() { data_is_in_place_ = true; }
  bool data_is_in_place() const { return data_is_in_place_; }

  const wasm::Module& module() const { return *module_; }
  const std::shared_ptr<const wasm::Module>& shared_module() const { return module_; }
  // The name the module was loaded under, for backtraces when it has no name of its own.
  const std::string& name() const { return name_; }
  VMContext& vm() { return vm_; }
  // The executor's record of the module.
  void* code() const { return code_; }
  void set_code(void* code) { code_ = code; }
  Store& store() { return *vm_.store; }

  std::optional<Extern> find_export(std::string_view name);
  Extern get(wasm::ExternKind kind, uint32_t index);
  FuncRef& function(uint32_t index) { return *functions_[index]; }
  Memory& memory(uint32_t index) { return *memories_[index]; }
  Table& table(uint32_t index) { return *tables_[index]; }
  const Tag& tag(uint32_t index) const { return *tags_[index]; }
  // The memory exported as "memory", which WASI calls work on; null if there is none.
  MemoryView* default_memory() { return default_memory_; }

  // What instructions may still read from a segment: nothing of one that was dropped.
  std::span<const std::byte> data(uint32_t segment) const;
  std::span<const RefSlot> elements(uint32_t segment) const;

  // Bulk operations shared by instructions and active segments (spec 4.4.11 and 4.4.13).
  TrapCode memory_init(uint32_t memory, uint32_t segment, uint64_t to, uint32_t from,
                       uint32_t count);
  void data_drop(uint32_t segment);
  TrapCode table_init(uint32_t table, uint32_t segment, uint64_t to, uint32_t from, uint32_t count);
  void elem_drop(uint32_t segment);
  TrapCode table_copy(uint32_t to_table, uint32_t from_table, uint64_t to, uint64_t from,
                      uint64_t count);
  TrapCode table_fill(uint32_t table, uint64_t to, RefSlot value, uint64_t count);

  // memory.atomic.wait and notify at an aligned place in the memory (threads proposal).
  template <class T>
  TrapCode memory_wait(uint32_t memory, const T* place, T expected, int64_t nanoseconds,
                       uint32_t& outcome);
  uint32_t memory_notify(uint32_t memory, const void* place, uint32_t count);

  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

 private:
  friend class Instantiation;  // instantiation.cpp
  friend class Store;
  Instance(Store& store, std::shared_ptr<const wasm::Module> module, std::string name);

  std::shared_ptr<const wasm::Module> module_;
  ContextLayout layout_;
  std::unique_ptr<std::byte[]> context_;
  VMContext& vm_;  // in context_
  std::string name_;
  std::vector<FuncRef> defined_functions_;
  std::vector<FuncRef*> functions_;
  std::vector<Memory*> memories_;
  std::vector<MemoryView*> memory_views_;
  std::vector<Table*> tables_;
  std::vector<TableView*> table_views_;
  std::vector<Global*> globals_;
  std::vector<GlobalCell*> global_cells_;
  std::vector<Tag*> tags_;
  std::vector<bool> dropped_data_;
  // Evaluated at instantiation, emptied by elem.drop.
  std::vector<std::vector<RefSlot>> element_segments_;
  MemoryView* default_memory_ = nullptr;
  void* code_ = nullptr;
  bool is_prepared_ = false;  // the executor knows it
  bool data_is_in_place_ = false;
};

extern template TrapCode Instance::memory_wait(uint32_t, const uint32_t*, uint32_t, int64_t,
                                               uint32_t&);
extern template TrapCode Instance::memory_wait(uint32_t, const uint64_t*, uint64_t, int64_t,
                                               uint32_t&);

}  // namespace wrun::runtime
