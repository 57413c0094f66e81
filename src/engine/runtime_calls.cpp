#include "engine/runtime_calls.hpp"

#include <cstring>

#include "interp/unwind.hpp"
#include "ir/ops.hpp"
#include "runtime/cast.hpp"
#include "runtime/gc_operations.hpp"
#include "runtime/instance.hpp"
#include "runtime/stack.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::engine {
namespace {

using runtime::MemoryView;
using runtime::RefSlot;
using runtime::VMContext;

void trap(const VMContext* vm, TrapCode code) { vm->stack->exit_code = code; }

// Null, with the trap noted, if not all of it is there.
std::byte* locate(const VMContext* vm, uint32_t memory, uint64_t address, uint64_t length) {
  const MemoryView* view = vm->memories[memory];
  const uint64_t size = view->size();
  if (address <= size && length <= size - address) return view->base + address;
  trap(vm, TrapCode::OutOfBoundsMemoryAccess);
  return nullptr;
}

template <class Growable, class... Init>
uint64_t grow(Growable& growable, uint64_t delta, Init... init) {
  const std::optional<uint64_t> previous = growable.grow(delta, init...);
  if (previous) return *previous;
  return growable.type().limits.is_64 ? UINT64_MAX : UINT32_MAX;
}

uint64_t memory_grow(VMContext* vm, uint32_t memory, uint64_t pages) {
  return grow(vm->instance->memory(memory), pages);
}

void memory_fill(VMContext* vm, uint32_t memory, uint64_t to, uint32_t value, uint64_t length) {
  if (std::byte* place = locate(vm, memory, to, length))
    std::memset(place, static_cast<uint8_t>(value), length);
}

void memory_copy(VMContext* vm, uint32_t to_memory, uint32_t from_memory, uint64_t to,
                 uint64_t from, uint64_t length) {
  std::byte* target = locate(vm, to_memory, to, length);
  if (target == nullptr) return;
  if (const std::byte* source = locate(vm, from_memory, from, length))
    std::memmove(target, source, length);
}

void memory_init(VMContext* vm, uint32_t segment, uint32_t memory, uint64_t to, uint64_t from,
                 uint64_t length) {
  trap(vm, vm->instance->memory_init(memory, segment, to, static_cast<uint32_t>(from),
                                     static_cast<uint32_t>(length)));
}

void data_drop(VMContext* vm, uint32_t segment) { vm->instance->data_drop(segment); }

template <class T>
T* locate_atomic(const VMContext* vm, uint32_t memory, uint64_t address) {
  if (address % sizeof(T) == 0) return reinterpret_cast<T*>(locate(vm, memory, address, sizeof(T)));
  trap(vm, TrapCode::UnalignedAtomic);
  return nullptr;
}

uint32_t atomic_notify(VMContext* vm, uint32_t memory, uint64_t address, uint32_t count) {
  const auto* place = locate_atomic<uint32_t>(vm, memory, address);
  return place == nullptr ? 0 : vm->instance->memory_notify(memory, place, count);
}

template <class T>
uint32_t atomic_wait(VMContext* vm, uint32_t memory, uint64_t address, T expected,
                     int64_t nanoseconds) {
  const T* place = locate_atomic<T>(vm, memory, address);
  uint32_t outcome = 0;
  if (place != nullptr)
    trap(vm, vm->instance->memory_wait(memory, place, expected, nanoseconds, outcome));
  return outcome;
}
constexpr auto atomic_wait32 = atomic_wait<uint32_t>;
constexpr auto atomic_wait64 = atomic_wait<uint64_t>;

uint64_t table_grow(VMContext* vm, uint32_t table, RefSlot value, uint64_t elements) {
  return grow(vm->instance->table(table), elements, value);
}

void table_fill(VMContext* vm, uint32_t table, uint64_t to, RefSlot value, uint64_t length) {
  trap(vm, vm->instance->table_fill(table, to, value, length));
}

void table_copy(VMContext* vm, uint32_t to_table, uint32_t from_table, uint64_t to, uint64_t from,
                uint64_t length) {
  trap(vm, vm->instance->table_copy(to_table, from_table, to, from, length));
}

void table_init(VMContext* vm, uint32_t segment, uint32_t table, uint64_t to, uint64_t from,
                uint64_t length) {
  trap(vm, vm->instance->table_init(table, segment, to, static_cast<uint32_t>(from),
                                    static_cast<uint32_t>(length)));
}

void elem_drop(VMContext* vm, uint32_t segment) { vm->instance->elem_drop(segment); }

template <runtime::ObjectOperation kOperation>
RefSlot object_operation(VMContext* vm, uint32_t type, uint32_t immediate, const uint64_t* slots) {
  runtime::ObjectOperands operands;
  operands.type = vm->types[type];
  operands.immediate = immediate;
  operands.slots = slots;
  RefSlot result = gc::kNull;
  trap(vm, kOperation(*vm, operands, result));
  return result;
}

// When there is no room at hand.
RefSlot object_allocate(VMContext* vm, const wasm::CanonicalType* type, uint64_t bytes) {
  gc::Heap& heap = vm->store->heap();
  gc::Object* object = heap.allocate_slowly(*type, bytes, nullptr);
  if (object == nullptr) trap(vm, runtime::allocation_failure(heap, bytes));
  return gc::to_reference(object);
}

RefSlot exception_new(VMContext* vm, uint32_t tag, const uint64_t* payload) {
  const runtime::Tag& thrown = *vm->tags[tag];
  gc::Exception* exception =
      vm->store->heap().allocate_exception(&thrown, payload, thrown.type->param_slots);
  if (exception == nullptr) trap(vm, TrapCode::OutOfMemory);
  return gc::to_reference(exception);
}

// In the stub's frame, whose pointer is above the registers that it saved.
interp::Landing throw_ref(VMContext* vm, RefSlot exception) {
  runtime::StackState& stack = *vm->stack;
  interp::FrameWalker walker(vm->store->executor().compiled_code(),
                             stack.records + runtime::CompiledPc::kSavedRegisters, vm);
  const interp::Landing landing = interp::unwind(*gc::to_exception(exception), walker, stack);
  if (landing == interp::Landing::None) {
    vm->store->uncaught_exception = exception;
    trap(vm, TrapCode::UnhandledException);
  }
  return landing;
}

uint32_t ref_test_desc_eq(VMContext*, RefSlot reference, RefSlot descriptor) {
  return runtime::is_described_by(reference, descriptor);
}

template <class Result, class... Arguments>
const void* address(Result (*function)(VMContext*, Arguments...)) {
  return reinterpret_cast<const void*>(function);
}

const void* function_of(ir::RuntimeCall call) {
  using ir::RuntimeCall;
  switch (call) {
    case RuntimeCall::MemoryGrow:   return address(memory_grow);
    case RuntimeCall::MemoryFill:   return address(memory_fill);
    case RuntimeCall::MemoryCopy:   return address(memory_copy);
    case RuntimeCall::MemoryInit:   return address(memory_init);
    case RuntimeCall::DataDrop:     return address(data_drop);
    case RuntimeCall::AtomicNotify: return address(atomic_notify);
    case RuntimeCall::AtomicWait32: return address(atomic_wait32);
    case RuntimeCall::AtomicWait64: return address(atomic_wait64);
    case RuntimeCall::TableGrow:    return address(table_grow);
    case RuntimeCall::TableFill:    return address(table_fill);
    case RuntimeCall::TableCopy:    return address(table_copy);
    case RuntimeCall::TableInit:    return address(table_init);
    case RuntimeCall::ElemDrop:     return address(elem_drop);
    case RuntimeCall::StructNewDefault:
      return address(object_operation<runtime::struct_new_default>);
    case RuntimeCall::StructNewDesc: return address(object_operation<runtime::struct_new_desc>);
    case RuntimeCall::StructNewDefaultDesc:
      return address(object_operation<runtime::struct_new_default_desc>);
    case RuntimeCall::ArrayNew:        return address(object_operation<runtime::array_new>);
    case RuntimeCall::ArrayNewDefault: return address(object_operation<runtime::array_new_default>);
    case RuntimeCall::ArrayNewFixed:   return address(object_operation<runtime::array_new_fixed>);
    case RuntimeCall::ArrayNewData:    return address(object_operation<runtime::array_new_data>);
    case RuntimeCall::ArrayNewElem:    return address(object_operation<runtime::array_new_elem>);
    case RuntimeCall::ArrayFill:       return address(object_operation<runtime::array_fill>);
    case RuntimeCall::ArrayCopy:       return address(object_operation<runtime::array_copy>);
    case RuntimeCall::ArrayInitData:   return address(object_operation<runtime::array_init_data>);
    case RuntimeCall::ArrayInitElem:   return address(object_operation<runtime::array_init_elem>);
    case RuntimeCall::ObjectAllocate:  return address(object_allocate);
    case RuntimeCall::ExceptionNew:    return address(exception_new);
    case RuntimeCall::ThrowRef:        return address(throw_ref);
    case RuntimeCall::RefTestDescEq:   return address(ref_test_desc_eq);
  }
  return nullptr;
}

}  // namespace

std::vector<const void*> runtime_call_functions() {
  std::vector<const void*> functions;
#define WRUN_RUNTIME_CALL(id, text, shape, effects) \
  functions.push_back(function_of(ir::RuntimeCall::id));
#include "ir/runtime_calls.def"
#undef WRUN_RUNTIME_CALL
  return functions;
}

}  // namespace wrun::engine
