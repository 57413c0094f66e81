// What running code sees of its instance: plain structs of fixed layout, shared by all tiers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/trap.hpp"
#include "wasm/canonical_type.hpp"
#include "wasm/types.hpp"

namespace wrun::gc {
struct AllocationArea;
}

namespace wrun::runtime {

class Instance;
class Store;
struct Tag;
struct StackState;
struct VMContext;

// A linear memory as running code sees it. `base` never changes during the memory's life; the size
// of a shared memory may grow at any time, so whoever needs it twice reads it once.
struct MemoryView {
  std::byte* base = nullptr;
  uint64_t bytes = 0;

  [[gnu::always_inline]] uint64_t size() const { return __atomic_load_n(&bytes, __ATOMIC_RELAXED); }
  void set_size(uint64_t size) { __atomic_store_n(&bytes, size, __ATOMIC_RELEASE); }
};

struct FuncRef;

// References are one slot, 0 is null: a FuncRef*, or what gc/reference.hpp says.
using RefSlot = uint64_t;

struct TableView {
  RefSlot* elements = nullptr;
  uint64_t size = 0;  // elements
};

// A global's cell; v128 uses both slots. Imported globals share the exporter's cell.
struct GlobalCell {
  uint64_t slots[2] = {0, 0};
};

// Arguments arrive in `slots` from 0 on (v128 takes two), results leave there from 0 on.
// i32 and f32 occupy the low half, the high half of results must be zero.
// Anything but None ends the guest: see Store::set_exit and Store::set_host_error for details.
using HostCallback = TrapCode (*)(void* environment, VMContext& caller, uint64_t* slots);

// What a function reference points to; one per function and instance, never moves.
struct FuncRef {
  const wasm::CanonicalType* runtime_type = nullptr;
  uint32_t type_id = 0;  // the same (wasm::TypeRegistry)
  bool is_host = false;
  uint32_t param_slots = 0;
  uint32_t result_slots = 0;
  VMContext* vm = nullptr;          // the defining instance; of a host function: null
  void* code = nullptr;             // the tier's record of it, made at a call; host: null
  HostCallback callback = nullptr;  // host functions
  void* environment = nullptr;
  const wasm::FuncType* type = nullptr;
  uint32_t function_index = 0;  // in its module
  // Where compiled code of the same instance calls it (codegen/abi.hpp). Set when that happens first.
  const void* entry = nullptr;
  // Where it is called by compiled code of other instances, and what `entry` is until it is compiled:
  // the way to functions that the interpreter runs, of other instances and of the host.
  const void* adapter = nullptr;
};

// More of the instance's own stands behind it: ContextLayout.
struct VMContext {
  // Memory 0, also in `memories`. Null views stand in where there is none.
  MemoryView* memory0 = nullptr;
  MemoryView** memories = nullptr;  // by memory index
  GlobalCell** globals = nullptr;   // by global index
  TableView** tables = nullptr;     // by table index
  FuncRef** functions = nullptr;    // by function index; imports point to the exporter's
  const wasm::CanonicalType* const* types = nullptr;  // by type index
  const Tag* const* tags = nullptr;                   // by tag index
  Store* store = nullptr;
  Instance* instance = nullptr;
  // For compiled code.
  StackState* stack = nullptr;
  std::byte* memory0_base = nullptr;
  const std::byte* stack_limit = nullptr;
  const void* trap_exit = nullptr;  // where a fault in compiled code goes on, its pc in an argument
  const void* landing = nullptr;    // a handler that goes on where StackState says
  const void* foreign_call = nullptr;  // calls functions of other instances and of the host
  gc::AllocationArea* allocation = nullptr;
  const std::atomic<bool>* interrupt_flag = nullptr;
  int64_t* fuel = nullptr;
};

}  // namespace wrun::runtime
