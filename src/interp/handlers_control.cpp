// Moves, control flow, calls, globals and tables (spec 4.4.4 to 4.4.10).
#include "interp/element_traps.hpp"
#include "interp/handler.hpp"
#include "interp/interpreter.hpp"

namespace wrun::interp::WRUN_ISA {
namespace {

// --- moves

// handler, then pairs of u16 dst, u16 src, in order
template <size_t kPairs>
WRUN_HANDLER void copy(WRUN_STATE_PARAMETERS) {
  [&]<size_t... pair>(std::index_sequence<pair...>) {
    ((fp[fetch16(pc, 8 + 4 * pair)] = fp[fetch16(pc, 10 + 4 * pair)]), ...);
  }(std::make_index_sequence<kPairs>{});
  WRUN_NEXT(kPairs <= 2 ? 16 : 24);
}

WRUN_HANDLER void copy_v128(WRUN_STATE_PARAMETERS) {
  write_slot(fp, fetch16(pc, 8), read_slot<V128>(fp, fetch16(pc, 10)));
  WRUN_NEXT(16);
}

// handler, u32 dst, u32 src
WRUN_HANDLER void copy_wide(WRUN_STATE_PARAMETERS) {
  fp[fetch<uint32_t>(pc, 8)] = fp[fetch<uint32_t>(pc, 12)];
  WRUN_NEXT(16);
}

WRUN_HANDLER void copy_v128_wide(WRUN_STATE_PARAMETERS) {
  write_slot(fp, fetch<uint32_t>(pc, 8), read_slot<V128>(fp, fetch<uint32_t>(pc, 12)));
  WRUN_NEXT(16);
}

// handler, u32 dst, u32 src, u32 slots at 16
WRUN_HANDLER void copy_range(WRUN_STATE_PARAMETERS) {
  std::memmove(fp + fetch<uint32_t>(pc, 8), fp + fetch<uint32_t>(pc, 12),
               fetch<uint32_t>(pc, 16) * sizeof(uint64_t));
  WRUN_NEXT(24);
}

// handler, u16 dst
template <class T>
WRUN_HANDLER void copy_from_acc(WRUN_STATE_PARAMETERS) {
  write_slot(fp, fetch16(pc, 8), read_acc<T>(r0, f0, g0, v0));
  WRUN_NEXT(16);
}

// handler, u16 dst, u32 value at 12
WRUN_HANDLER void const32(WRUN_STATE_PARAMETERS) {
  fp[fetch16(pc, 8)] = fetch<uint32_t>(pc, 12);
  WRUN_NEXT(16);
}

// handler, u16 dst, u64 value at 16
WRUN_HANDLER void const64(WRUN_STATE_PARAMETERS) {
  fp[fetch16(pc, 8)] = fetch<uint64_t>(pc, 16);
  WRUN_NEXT(24);
}

// handler, u16 dst, 16 bytes at 16; to the accumulator as well
WRUN_HANDLER void const_v128(WRUN_STATE_PARAMETERS) {
  v0 = fetch<V128>(pc, 16);
  write_slot(fp, fetch16(pc, 8), v0);
  WRUN_NEXT(32);
}

// handler, u16 dst, u16 src, i32 addend at 12; accumulators stay as they are
template <class T>
WRUN_HANDLER void sum_to_slot(WRUN_STATE_PARAMETERS) {
  const T addend = static_cast<T>(static_cast<int64_t>(fetch<int32_t>(pc, 12)));
  write_slot(fp, fetch16(pc, 8), read_slot<T>(fp, fetch16(pc, 10)) + addend);
  WRUN_NEXT(16);
}

// handler, u16 dst, u16 src, u16 dst, u16 src, i32 addend at 16, i32 addend at 20
WRUN_HANDLER void add_pair(WRUN_STATE_PARAMETERS) {
  write_slot(fp, fetch16(pc, 8),
             read_slot<uint32_t>(fp, fetch16(pc, 10)) + fetch<uint32_t>(pc, 16));
  const uint32_t second = read_slot<uint32_t>(fp, fetch16(pc, 14)) + fetch<uint32_t>(pc, 20);
  r0 = second;
  write_slot(fp, fetch16(pc, 12), second);
  WRUN_NEXT(24);
}

// --- branches; targets are relative to the branch

WRUN_HANDLER void unreachable(WRUN_STATE_PARAMETERS) { WRUN_TRAP_WITH(TrapCode::Unreachable); }

// handler, i32 target at 12
WRUN_HANDLER void br(WRUN_STATE_PARAMETERS) {
  pc += fetch<int32_t>(pc, 12);
  WRUN_DISPATCH();
}

// handler, u16 dst, u16 src, i32 target at 12
WRUN_HANDLER void copy_br(WRUN_STATE_PARAMETERS) {
  fp[fetch16(pc, 8)] = fp[fetch16(pc, 10)];
  pc += fetch<int32_t>(pc, 12);
  WRUN_DISPATCH();
}

// handler, u16 dst, u16 addend, i32 target at 12, i32 constant at 16
template <bool if_nonzero>
WRUN_HANDLER void add_br_if(WRUN_STATE_PARAMETERS) {
  const uint32_t sum = read_slot<uint32_t>(fp, fetch16(pc, 10)) + fetch<uint32_t>(pc, 16);
  r0 = sum;
  write_slot(fp, fetch16(pc, 8), sum);
  if ((sum != 0) == if_nonzero) {
    pc += fetch<int32_t>(pc, 12);
    WRUN_DISPATCH();
  }
  WRUN_NEXT(24);
}

// handler, u16 condition, i32 target at 12
template <class T, bool in_acc, bool if_nonzero>
WRUN_HANDLER void br_if(WRUN_STATE_PARAMETERS) {
  const T condition = in_acc ? static_cast<T>(r0) : read_slot<T>(fp, fetch16(pc, 8));
  if ((condition != 0) == if_nonzero) {
    pc += fetch<int32_t>(pc, 12);
    WRUN_DISPATCH();
  }
  WRUN_NEXT(16);
}

// handler, u16 index, u32 count at 12, then count + 1 i32 targets
template <bool in_acc>
WRUN_HANDLER void br_table(WRUN_STATE_PARAMETERS) {
  const uint32_t index =
      in_acc ? static_cast<uint32_t>(r0) : read_slot<uint32_t>(fp, fetch16(pc, 8));
  const uint32_t count = fetch<uint32_t>(pc, 12);
  pc += fetch<int32_t>(pc, 16 + 4 * static_cast<size_t>(index < count ? index : count));
  WRUN_DISPATCH();
}

// handler, u32 first local, u32 count
WRUN_HANDLER void enter(WRUN_STATE_PARAMETERS) {
  const uint32_t count = fetch<uint32_t>(pc, 12);
  uint64_t* first = fp + fetch<uint32_t>(pc, 8);
  for (uint32_t i = 0; i < count; ++i) first[i] = 0;
  WRUN_NEXT(16);
}

WRUN_HANDLER void check_interrupt(WRUN_STATE_PARAMETERS) {
  if (vm->store->interrupted()) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::Interrupted);
  WRUN_NEXT(8);
}

// handler, u32 instructions
WRUN_HANDLER void consume_fuel(WRUN_STATE_PARAMETERS) {
  const int64_t cost = fetch<uint32_t>(pc, 8);
  if (vm->store->fuel < cost) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfFuel);
  vm->store->fuel -= cost;
  WRUN_NEXT(16);
}

// handler, u16 dst, u16 if true, u16 if false, u16 condition
template <class T, bool condition_in_acc>
WRUN_HANDLER void select(WRUN_STATE_PARAMETERS) {
  const uint32_t condition =
      condition_in_acc ? static_cast<uint32_t>(r0) : read_slot<uint32_t>(fp, fetch16(pc, 14));
  const T value = read_slot<T>(fp, condition != 0 ? fetch16(pc, 10) : fetch16(pc, 12));
  write_acc(r0, f0, g0, v0, value);
  write_slot(fp, fetch16(pc, 8), value);
  WRUN_NEXT(16);
}

template <bool condition_in_acc>
WRUN_HANDLER void select_to_acc(WRUN_STATE_PARAMETERS) {
  const uint32_t condition =
      condition_in_acc ? static_cast<uint32_t>(r0) : read_slot<uint32_t>(fp, fetch16(pc, 14));
  r0 = fp[condition != 0 ? fetch16(pc, 10) : fetch16(pc, 12)];
  WRUN_NEXT(16);
}

// --- returns

#define WRUN_RETURN() \
  do {                \
    pc = sp->pc;      \
    fp = sp->fp;      \
    ++sp;             \
    WRUN_DISPATCH();  \
  } while (false)

WRUN_HANDLER void return_void(WRUN_STATE_PARAMETERS) { WRUN_RETURN(); }

// The results are where the frame begins already.
WRUN_HANDLER void return_many(WRUN_STATE_PARAMETERS) {
  r0 = fp[0];
  f0 = read_slot<double>(fp, 0);
  g0 = read_slot<float>(fp, 0);
  v0 = read_slot<V128>(fp, 0);
  WRUN_RETURN();
}

// handler, u16 slot
template <class T, bool in_acc>
WRUN_HANDLER void return_value(WRUN_STATE_PARAMETERS) {
  if constexpr (!in_acc) write_acc(r0, f0, g0, v0, read_slot<T>(fp, fetch16(pc, 8)));
  write_slot(fp, 0, read_acc<T>(r0, f0, g0, v0));
  WRUN_RETURN();
}

// handler, u64 value at 16
WRUN_HANDLER void return_constant(WRUN_STATE_PARAMETERS) {
  r0 = fetch<uint64_t>(pc, 16);
  f0 = std::bit_cast<double>(r0);
  g0 = std::bit_cast<float>(static_cast<uint32_t>(r0));
  fp[0] = r0;
  WRUN_RETURN();
}

WRUN_HANDLER void exit_activation(WRUN_STATE_PARAMETERS) {
  vm->store->stack().exit_code = TrapCode::None;
}

// A function of another instance returned: its record's fp is the caller's context.
WRUN_HANDLER void switch_back(WRUN_STATE_PARAMETERS) {
  vm = reinterpret_cast<VMContext*>(fp);
  memory = vm->memory0->base;
  WRUN_RETURN();
}

// --- calls

// The host's frame is the arguments at `slots`; an activation that it starts goes beyond them.
[[gnu::noinline]] TrapCode call_host(FuncRef* function, VMContext* vm, Record* sp,
                                     uint64_t* slots) {
  runtime::Stack& stack = vm->store->stack();
  // One load of both would wait until both, written one by one a moment ago, have left for the cache.
  uint64_t* frames = __atomic_load_n(&stack.frames, __ATOMIC_RELAXED);
  uint64_t* records = __atomic_load_n(&stack.records, __ATOMIC_RELAXED);
  stack.frames = slots + std::max(function->param_slots, function->result_slots);
  stack.records = reinterpret_cast<uint64_t*>(sp);
  const TrapCode code = function->callback(function->environment, *vm, slots);
  stack.frames = frames;
  stack.records = records;
  return code;
}

#define WRUN_LEAVE_HOST_CALL(code)              \
  do {                                          \
    r0 = static_cast<uint64_t>(code);           \
    pc -= sizeof(uint64_t);                     \
    WRUN_TAIL_CALL leave_host_call(WRUN_STATE); \
  } while (false)

// Enters code->entry with the frame at `callee`.
#define WRUN_ENTER(code, callee)                                      \
  do {                                                                \
    const FuncCode* entered = (code);                                 \
    Pc entry = __atomic_load_n(&entered->entry, __ATOMIC_ACQUIRE);    \
    if (reinterpret_cast<uintptr_t>(callee) + entered->frame_size() > \
        reinterpret_cast<uintptr_t>(sp)) [[unlikely]]                 \
      WRUN_TRAP_WITH(TrapCode::CallStackExhausted);                   \
    fp = (callee);                                                    \
    pc = entry;                                                       \
    WRUN_DISPATCH();                                                  \
  } while (false)

// Of a function of an instance.
[[gnu::always_inline]] inline const FuncCode* code_of(FuncRef* function) {
  if (function->code == nullptr) [[unlikely]]
    return &make_code(*function);
  return static_cast<const FuncCode*>(function->code);
}

#define WRUN_PUSH_RECORD(return_pc, caller_fp) (*--sp = Record{(return_pc), (caller_fp)})

// handler, u32 bytes from fp to the arguments, FuncCode* at 16
WRUN_HANDLER void call(WRUN_STATE_PARAMETERS) {
  const auto* code = fetch<const FuncCode*>(pc, 16);
  auto* callee =
      reinterpret_cast<uint64_t*>(reinterpret_cast<std::byte*>(fp) + fetch<uint32_t>(pc, 8));
  Pc entry = __atomic_load_n(&code->entry, __ATOMIC_ACQUIRE);
  if (reinterpret_cast<uintptr_t>(callee) + code->frame_size() > reinterpret_cast<uintptr_t>(sp))
      [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::CallStackExhausted);
  WRUN_PUSH_RECORD(pc + 24, fp);
  fp = callee;
  pc = entry;
  WRUN_DISPATCH();
}

// The state between finding out the callee and entering it: pc is where to return to, fp the
// caller's frame, r0 the FuncRef. The callee's frame is at `callee`, passed on in f0's bits.
// Adapters of compiled code come here, too.
WRUN_HANDLER void call_function(WRUN_STATE_PARAMETERS) {
  auto* function = reinterpret_cast<FuncRef*>(r0);
  auto* callee = reinterpret_cast<uint64_t*>(std::bit_cast<uint64_t>(f0));
  if (function->is_host) {
    const TrapCode code = call_host(function, vm, sp, callee);
    if (code != TrapCode::None) [[unlikely]]
      WRUN_LEAVE_HOST_CALL(code);
    r0 = callee[0];
    f0 = read_slot<double>(callee, 0);
    g0 = read_slot<float>(callee, 0);
    if (function->result_slots > 1) v0 = read_slot<V128>(callee, 0);
    WRUN_DISPATCH();
  }
  if (reinterpret_cast<uintptr_t>(callee) > reinterpret_cast<uintptr_t>(sp - 4)) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::CallStackExhausted);
  WRUN_PUSH_RECORD(pc, fp);
  if (function->vm != vm) {
    WRUN_PUSH_RECORD(switch_back_code(), reinterpret_cast<uint64_t*>(vm));
    vm = function->vm;
    memory = vm->memory0->base;
  }
  WRUN_ENTER(code_of(function), callee);
}

#define WRUN_CALL_FUNCTION(function, callee, size)                  \
  do {                                                              \
    r0 = reinterpret_cast<uint64_t>(function);                      \
    f0 = std::bit_cast<double>(reinterpret_cast<uint64_t>(callee)); \
    pc += (size);                                                   \
    WRUN_TAIL_CALL call_function(WRUN_STATE);                       \
  } while (false)

[[gnu::always_inline]] inline uint64_t* callee_frame(Pc pc, uint64_t* fp) {
  return reinterpret_cast<uint64_t*>(reinterpret_cast<std::byte*>(fp) + fetch<uint32_t>(pc, 8));
}

// handler, u32 bytes to the arguments, u32 function
WRUN_HANDLER void call_import(WRUN_STATE_PARAMETERS) {
  WRUN_CALL_FUNCTION(vm->functions[fetch<uint32_t>(pc, 12)], callee_frame(pc, fp), 16);
}

[[gnu::noinline]] void note_other_target(CallTarget* target, uint32_t function_index) {
  const uint32_t misses = __atomic_add_fetch(&target->misses, 1, __ATOMIC_RELAXED);
  if (misses <= __atomic_load_n(&target->hits, __ATOMIC_RELAXED)) return;
  __atomic_store_n(&target->misses, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&target->hits, 1, __ATOMIC_RELAXED);
  __atomic_store_n(&target->function_index, function_index, __ATOMIC_RELAXED);
}

// Threads that run the function together lose some counts, which does not matter.
[[gnu::always_inline]] inline void note_target(Pc pc, size_t offset, const FuncRef* function,
                                               const VMContext* vm) {
  auto* target = reinterpret_cast<CallTarget*>(const_cast<std::byte*>(pc) + offset);
  const uint32_t index = function->vm == vm ? function->function_index : CallTarget::kNone;
  if (__atomic_load_n(&target->function_index, __ATOMIC_RELAXED) != index) [[unlikely]]
    return note_other_target(target, index);
  __atomic_store_n(&target->hits, __atomic_load_n(&target->hits, __ATOMIC_RELAXED) + 1,
                   __ATOMIC_RELAXED);
}

// handler, u32 bytes to the arguments, u16 index at 12, u32 table at 16, u32 type id at 20, CallTarget at 24
template <bool index_in_acc, bool counted>
WRUN_HANDLER void call_indirect(WRUN_STATE_PARAMETERS) {
  const TableView* table = vm->tables[fetch<uint32_t>(pc, 16)];
  // A whole slot: the index of a 32-bit table is zero-extended.
  const uint64_t index = index_in_acc ? r0 : fp[fetch16(pc, 12)];
  if (index >= table->size) [[unlikely]]
    WRUN_TRAP_WITH(undefined_element(index, *vm->store));
  auto* function = reinterpret_cast<FuncRef*>(table->elements[index]);
  const uint32_t type_id = fetch<uint32_t>(pc, 20);
  if (function == nullptr || function->type_id != type_id) [[unlikely]] {
    const TrapCode code = check_element(function, type_id, index, *vm->store);
    if (code != TrapCode::None) WRUN_TRAP_WITH(code);
  }
  constexpr size_t kBytes = counted ? 24 + sizeof(CallTarget) : 24;
  if constexpr (counted) note_target(pc, 24, function, vm);
  uint64_t* callee = callee_frame(pc, fp);
  const auto* code = static_cast<const FuncCode*>(function->code);
  if (function->vm != vm || code == nullptr) [[unlikely]]
    WRUN_CALL_FUNCTION(function, callee, kBytes);
  Pc entry = __atomic_load_n(&code->entry, __ATOMIC_ACQUIRE);
  if (reinterpret_cast<uintptr_t>(callee) + code->frame_size() > reinterpret_cast<uintptr_t>(sp))
      [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::CallStackExhausted);
  WRUN_PUSH_RECORD(pc + kBytes, fp);
  fp = callee;
  pc = entry;
  WRUN_DISPATCH();
}

// handler, u32 bytes to the arguments, u16 function reference at 12, CallTarget at 16
template <bool counted>
WRUN_HANDLER void call_ref(WRUN_STATE_PARAMETERS) {
  auto* function = reinterpret_cast<FuncRef*>(fp[fetch16(pc, 12)]);
  if (function == nullptr) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullFunctionReference);
  if constexpr (counted) note_target(pc, 16, function, vm);
  WRUN_CALL_FUNCTION(function, callee_frame(pc, fp), counted ? 16 + sizeof(CallTarget) : 16);
}

// --- tail calls: the arguments move to where the frame begins, and its record stays

[[gnu::always_inline]] inline void move_arguments(uint64_t* fp, const uint64_t* from,
                                                  uint32_t slots) {
  for (uint32_t i = 0; i < slots; ++i) fp[i] = from[i];
}

// Like call_function, with the frame at fp and the record of the function that it replaces. Adapters of
// compiled code come here, too.
WRUN_HANDLER void tail_call_function(WRUN_STATE_PARAMETERS) {
  auto* function = reinterpret_cast<FuncRef*>(r0);
  if (function->is_host) {
    if (reinterpret_cast<uintptr_t>(fp + std::max(function->param_slots, function->result_slots)) >
        reinterpret_cast<uintptr_t>(sp)) [[unlikely]]
      WRUN_TRAP_WITH(TrapCode::CallStackExhausted);
    const TrapCode code = call_host(function, vm, sp, fp);
    if (code != TrapCode::None) [[unlikely]]
      WRUN_LEAVE_HOST_CALL(code);
    WRUN_TAIL_CALL return_many(WRUN_STATE);
  }
  if (function->vm != vm) {
    // One record for switching back is enough however long the chain of tail calls.
    if (sp->pc != switch_back_code()) {
      if (reinterpret_cast<uintptr_t>(fp) > reinterpret_cast<uintptr_t>(sp - 2)) [[unlikely]]
        WRUN_TRAP_WITH(TrapCode::CallStackExhausted);
      WRUN_PUSH_RECORD(switch_back_code(), reinterpret_cast<uint64_t*>(vm));
    }
    vm = function->vm;
    memory = vm->memory0->base;
  }
  WRUN_ENTER(code_of(function), fp);
}

#define WRUN_TAIL_CALL_FUNCTION(function)          \
  do {                                             \
    r0 = reinterpret_cast<uint64_t>(function);     \
    WRUN_TAIL_CALL tail_call_function(WRUN_STATE); \
  } while (false)

// handler, u32 bytes to the arguments, u32 argument slots, FuncCode* at 16
WRUN_HANDLER void tail_call(WRUN_STATE_PARAMETERS) {
  move_arguments(fp, callee_frame(pc, fp), fetch<uint32_t>(pc, 12));
  WRUN_ENTER(fetch<const FuncCode*>(pc, 16), fp);
}

// handler, u32 bytes to the arguments, u32 argument slots, u32 function at 16
WRUN_HANDLER void tail_call_import(WRUN_STATE_PARAMETERS) {
  move_arguments(fp, callee_frame(pc, fp), fetch<uint32_t>(pc, 12));
  WRUN_TAIL_CALL_FUNCTION(vm->functions[fetch<uint32_t>(pc, 16)]);
}

// handler, u32 bytes to the arguments, u16 index at 12, u32 table at 16, u32 type id at 20,
// u32 argument slots at 24
WRUN_HANDLER void tail_call_indirect(WRUN_STATE_PARAMETERS) {
  const TableView* table = vm->tables[fetch<uint32_t>(pc, 16)];
  const uint64_t index = fp[fetch16(pc, 12)];
  if (index >= table->size) [[unlikely]]
    WRUN_TRAP_WITH(undefined_element(index, *vm->store));
  auto* function = reinterpret_cast<FuncRef*>(table->elements[index]);
  const uint32_t type_id = fetch<uint32_t>(pc, 20);
  if (function == nullptr || function->type_id != type_id) [[unlikely]] {
    const TrapCode code = check_element(function, type_id, index, *vm->store);
    if (code != TrapCode::None) WRUN_TRAP_WITH(code);
  }
  move_arguments(fp, callee_frame(pc, fp), fetch<uint32_t>(pc, 24));
  WRUN_TAIL_CALL_FUNCTION(function);
}

// handler, u32 bytes to the arguments, u16 function reference at 12, u32 argument slots at 16
WRUN_HANDLER void tail_call_ref(WRUN_STATE_PARAMETERS) {
  auto* function = reinterpret_cast<FuncRef*>(fp[fetch16(pc, 12)]);
  if (function == nullptr) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullFunctionReference);
  move_arguments(fp, callee_frame(pc, fp), fetch<uint32_t>(pc, 16));
  WRUN_TAIL_CALL_FUNCTION(function);
}

// What FuncCode::entry leads to until the function is translated; pc is FuncCode::translate.
WRUN_HANDLER void translate(WRUN_STATE_PARAMETERS) {
  auto* code =
      reinterpret_cast<FuncCode*>(const_cast<std::byte*>(pc) - offsetof(FuncCode, translate));
  translate_function(*code);
  WRUN_ENTER(code, fp);
}

// --- globals

// handler, u16 dst, u32 global at 12
template <class T, Dst dst>
WRUN_HANDLER void global_get(WRUN_STATE_PARAMETERS) {
  const T value = read_slot<T>(vm->globals[fetch<uint32_t>(pc, 12)]->slots, 0);
  write_acc(r0, f0, g0, v0, value);
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), value);
  WRUN_NEXT(16);
}

// handler, u16 src, u32 global at 12
template <class T, bool in_acc>
WRUN_HANDLER void global_set(WRUN_STATE_PARAMETERS) {
  const T value = in_acc ? read_acc<T>(r0, f0, g0, v0) : read_slot<T>(fp, fetch16(pc, 8));
  write_slot(vm->globals[fetch<uint32_t>(pc, 12)]->slots, 0, value);
  WRUN_NEXT(16);
}

// --- references and tables

// handler, u16 dst, u32 function at 12
WRUN_HANDLER void ref_func(WRUN_STATE_PARAMETERS) {
  r0 = reinterpret_cast<uint64_t>(vm->functions[fetch<uint32_t>(pc, 12)]);
  write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(16);
}

// handler, u16 reference
WRUN_HANDLER void ref_as_non_null(WRUN_STATE_PARAMETERS) {
  if (fp[fetch16(pc, 8)] == 0) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullReference);
  WRUN_NEXT(16);
}

// handler, u16 dst, u16 index, u32 table
WRUN_HANDLER void table_get(WRUN_STATE_PARAMETERS) {
  const TableView* table = vm->tables[fetch<uint32_t>(pc, 12)];
  const uint64_t index = fp[fetch16(pc, 10)];
  if (index >= table->size) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfBoundsTableAccess);
  r0 = table->elements[index];
  write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(16);
}

// handler, u16 index, u16 value, u32 table
WRUN_HANDLER void table_set(WRUN_STATE_PARAMETERS) {
  const TableView* table = vm->tables[fetch<uint32_t>(pc, 12)];
  const uint64_t index = fp[fetch16(pc, 8)];
  if (index >= table->size) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfBoundsTableAccess);
  table->elements[index] = fp[fetch16(pc, 10)];
  WRUN_NEXT(16);
}

// handler, u16 dst, u32 table at 12
WRUN_HANDLER void table_size(WRUN_STATE_PARAMETERS) {
  r0 = vm->tables[fetch<uint32_t>(pc, 12)]->size;
  write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(16);
}

[[gnu::noinline]] uint64_t grow(const VMContext* vm, uint32_t index, uint64_t delta,
                                uint64_t init) {
  runtime::Table& table = vm->instance->table(index);
  const std::optional<uint64_t> previous = table.grow(delta, init);
  if (previous) return *previous;
  return table.type().limits.is_64 ? UINT64_MAX : UINT32_MAX;
}

// handler, u16 dst, u16 value, u16 delta, u32 table at 16
WRUN_HANDLER void table_grow(WRUN_STATE_PARAMETERS) {
  r0 = grow(vm, fetch<uint32_t>(pc, 16), fp[fetch16(pc, 12)], fp[fetch16(pc, 10)]);
  write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(24);
}

// handler, u16 to, u16 value, u16 count, u32 table at 16
WRUN_HANDLER void table_fill(WRUN_STATE_PARAMETERS) {
  const TrapCode code = vm->instance->table_fill(fetch<uint32_t>(pc, 16), fp[fetch16(pc, 8)],
                                                 fp[fetch16(pc, 10)], fp[fetch16(pc, 12)]);
  if (code != TrapCode::None) [[unlikely]]
    WRUN_TRAP_WITH(code);
  WRUN_NEXT(24);
}

// handler, u16 to, u16 from, u16 count, u32 table to at 16, u32 table from at 20
WRUN_HANDLER void table_copy(WRUN_STATE_PARAMETERS) {
  const TrapCode code =
      vm->instance->table_copy(fetch<uint32_t>(pc, 16), fetch<uint32_t>(pc, 20), fp[fetch16(pc, 8)],
                               fp[fetch16(pc, 10)], fp[fetch16(pc, 12)]);
  if (code != TrapCode::None) [[unlikely]]
    WRUN_TRAP_WITH(code);
  WRUN_NEXT(24);
}

// handler, u16 to, u16 from, u16 count, u32 table at 16, u32 segment at 20
WRUN_HANDLER void table_init(WRUN_STATE_PARAMETERS) {
  const TrapCode code = vm->instance->table_init(
      fetch<uint32_t>(pc, 16), fetch<uint32_t>(pc, 20), fp[fetch16(pc, 8)],
      static_cast<uint32_t>(fp[fetch16(pc, 10)]), static_cast<uint32_t>(fp[fetch16(pc, 12)]));
  if (code != TrapCode::None) [[unlikely]]
    WRUN_TRAP_WITH(code);
  WRUN_NEXT(24);
}

// handler, u32 segment at 12
WRUN_HANDLER void elem_drop(WRUN_STATE_PARAMETERS) {
  vm->instance->elem_drop(fetch<uint32_t>(pc, 12));
  WRUN_NEXT(16);
}

}  // namespace

void add_control_handlers(HandlerTable& table);
void add_control_handlers(HandlerTable& table) {
  const auto set = [&](Code code, Handler handler) {
    table.codes[static_cast<size_t>(code)] = handler;
  };
  set(Code::Copy, copy<1>);
  set(Code::Copy2, copy<2>);
  set(Code::Copy3, copy<3>);
  set(Code::Copy4, copy<4>);
  set(Code::CopyV128, copy_v128);
  set(Code::CopyWide, copy_wide);
  set(Code::CopyRange, copy_range);
  set(Code::CopyV128Wide, copy_v128_wide);
  set(Code::CopyFromInt, copy_from_acc<uint64_t>);
  set(Code::CopyFromF32, copy_from_acc<float>);
  set(Code::CopyFromF64, copy_from_acc<double>);
  set(Code::CopyFromV128, copy_from_acc<V128>);
  set(Code::Const32, const32);
  set(Code::Const64, const64);
  set(Code::ConstV128, const_v128);
  set(Code::SumToSlot32, sum_to_slot<uint32_t>);
  set(Code::SumToSlot64, sum_to_slot<uint64_t>);
  set(Code::AddPair, add_pair);
  set(Code::Enter, enter);
  set(Code::Translate, translate);
  set(Code::ExitActivation, exit_activation);
  set(Code::SwitchBack, switch_back);
  set(Code::CallFunction, call_function);
  set(Code::Unreachable, unreachable);
  set(Code::CheckInterrupt, check_interrupt);
  set(Code::ConsumeFuel, consume_fuel);
  set(Code::Br, br);
  set(Code::CopyBr, copy_br);
  set(Code::AddBrNonZero32, add_br_if<true>);
  set(Code::AddBrZero32, add_br_if<false>);
  set(Code::BrNonZero32S, br_if<uint32_t, false, true>);
  set(Code::BrNonZero32R, br_if<uint32_t, true, true>);
  set(Code::BrZero32S, br_if<uint32_t, false, false>);
  set(Code::BrZero32R, br_if<uint32_t, true, false>);
  set(Code::BrNonZero64S, br_if<uint64_t, false, true>);
  set(Code::BrNonZero64R, br_if<uint64_t, true, true>);
  set(Code::BrZero64S, br_if<uint64_t, false, false>);
  set(Code::BrZero64R, br_if<uint64_t, true, false>);
  set(Code::BrTableS, br_table<false>);
  set(Code::BrTableR, br_table<true>);
  set(Code::ReturnVoid, return_void);
  set(Code::ReturnMany, return_many);
  set(Code::ReturnIntS, return_value<uint64_t, false>);
  set(Code::ReturnIntR, return_value<uint64_t, true>);
  set(Code::ReturnConstant, return_constant);
  set(Code::ReturnF32S, return_value<float, false>);
  set(Code::ReturnF32R, return_value<float, true>);
  set(Code::ReturnF64S, return_value<double, false>);
  set(Code::ReturnF64R, return_value<double, true>);
  set(Code::ReturnV128S, return_value<V128, false>);
  set(Code::ReturnV128R, return_value<V128, true>);
  set(Code::Call, call);
  set(Code::CallImport, call_import);
  set(Code::CallIndirectS, call_indirect<false, false>);
  set(Code::CallIndirectR, call_indirect<true, false>);
  set(Code::CallRef, call_ref<false>);
  set(Code::CountedCallIndirectS, call_indirect<false, true>);
  set(Code::CountedCallIndirectR, call_indirect<true, true>);
  set(Code::CountedCallRef, call_ref<true>);
  set(Code::TailCall, tail_call);
  set(Code::TailCallFunction, tail_call_function);
  set(Code::TailCallImport, tail_call_import);
  set(Code::TailCallIndirect, tail_call_indirect);
  set(Code::TailCallRef, tail_call_ref);
  set(Code::SelectS, select<uint64_t, false>);
  set(Code::SelectR, select<uint64_t, true>);
  set(Code::SelectAccS, select_to_acc<false>);
  set(Code::SelectAccR, select_to_acc<true>);
  set(Code::SelectF32S, select<float, false>);
  set(Code::SelectF32R, select<float, true>);
  set(Code::SelectF64S, select<double, false>);
  set(Code::SelectF64R, select<double, true>);
  set(Code::SelectV128S, select<V128, false>);
  set(Code::SelectV128R, select<V128, true>);
  set(Code::GlobalGetInt, global_get<uint64_t, Dst::Slot>);
  set(Code::GlobalGetIntAcc, global_get<uint64_t, Dst::Acc>);
  set(Code::GlobalGetF32, global_get<float, Dst::Slot>);
  set(Code::GlobalGetF64, global_get<double, Dst::Slot>);
  set(Code::GlobalGetV128, global_get<V128, Dst::Slot>);
  set(Code::GlobalSetS, global_set<uint64_t, false>);
  set(Code::GlobalSetR, global_set<uint64_t, true>);
  set(Code::GlobalSetV128S, global_set<V128, false>);
  set(Code::RefFunc, ref_func);
  set(Code::RefAsNonNull, ref_as_non_null);
  set(Code::TableGet, table_get);
  set(Code::TableSet, table_set);
  set(Code::TableSize, table_size);
  set(Code::TableGrow, table_grow);
  set(Code::TableFill, table_fill);
  set(Code::TableCopy, table_copy);
  set(Code::TableInit, table_init);
  set(Code::ElemDrop, elem_drop);
}

}  // namespace wrun::interp::WRUN_ISA
