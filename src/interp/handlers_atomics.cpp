// Atomic accesses, waiting and notifying (threads proposal). All are sequentially consistent.
//
// handler, u16 dst, three u16 operands of which the first is the index, u64 offset at 16,
// u32 memory at 24
#include <array>

#include "interp/handler.hpp"

namespace wrun::interp::WRUN_ISA {
namespace {

constexpr size_t kSize = 32;

[[gnu::always_inline]] inline uint64_t operand(Pc pc, const uint64_t* fp, size_t index) {
  return fp[fetch16(pc, 10 + 2 * index)];
}

// Binds `place` to the accessed bytes as a `Bytes*`.
#define WRUN_ATOMIC_PLACE(Bytes, place)                                                \
  const uint64_t offset = fetch<uint64_t>(pc, 16);                                     \
  if (((operand(pc, fp, 0) + offset) & (sizeof(Bytes) - 1)) != 0) [[unlikely]]         \
    WRUN_TRAP_WITH(TrapCode::UnalignedAtomic);                                         \
  auto* place = reinterpret_cast<Bytes*>(                                              \
      locate(vm, fetch<uint32_t>(pc, 24), operand(pc, fp, 0), offset, sizeof(Bytes))); \
  if (place == nullptr) [[unlikely]]                                                   \
    WRUN_TRAP_WITH(TrapCode::OutOfBoundsMemoryAccess);

// Results are zero-extended and operands wrapped, so i32 and i64 instructions of the same width are
// the same here.
enum class Operation : uint8_t { Load, Store, Add, Sub, And, Or, Xor, Exchange, CompareExchange };

template <Operation operation, class Bytes>
WRUN_HANDLER void access_atomically(WRUN_STATE_PARAMETERS) {
  WRUN_ATOMIC_PLACE(Bytes, place)
  const auto value = static_cast<Bytes>(operand(pc, fp, 1));
  if constexpr (operation == Operation::Store) {
    __atomic_store_n(place, value, __ATOMIC_SEQ_CST);
  } else {
    Bytes old;
    if constexpr (operation == Operation::Load) {
      old = __atomic_load_n(place, __ATOMIC_SEQ_CST);
    } else if constexpr (operation == Operation::Add) {
      old = __atomic_fetch_add(place, value, __ATOMIC_SEQ_CST);
    } else if constexpr (operation == Operation::Sub) {
      old = __atomic_fetch_sub(place, value, __ATOMIC_SEQ_CST);
    } else if constexpr (operation == Operation::And) {
      old = __atomic_fetch_and(place, value, __ATOMIC_SEQ_CST);
    } else if constexpr (operation == Operation::Or) {
      old = __atomic_fetch_or(place, value, __ATOMIC_SEQ_CST);
    } else if constexpr (operation == Operation::Xor) {
      old = __atomic_fetch_xor(place, value, __ATOMIC_SEQ_CST);
    } else if constexpr (operation == Operation::Exchange) {
      old = __atomic_exchange_n(place, value, __ATOMIC_SEQ_CST);
    } else {
      old = value;  // what is expected; replaced by what is there if that is something else
      __atomic_compare_exchange_n(place, &old, static_cast<Bytes>(operand(pc, fp, 2)), false,
                                  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    r0 = old;
    write_slot(fp, fetch16(pc, 8), r0);
  }
  WRUN_NEXT(kSize);
}

template <class Bytes>
WRUN_HANDLER void memory_wait(WRUN_STATE_PARAMETERS) {
  WRUN_ATOMIC_PLACE(Bytes, place)
  uint32_t outcome = 0;
  const TrapCode code = vm->instance->memory_wait(
      fetch<uint32_t>(pc, 24), place, static_cast<Bytes>(operand(pc, fp, 1)),
      static_cast<int64_t>(operand(pc, fp, 2)), outcome);
  if (code != TrapCode::None) [[unlikely]]
    WRUN_TRAP_WITH(code);
  r0 = outcome;
  write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(kSize);
}

WRUN_HANDLER void memory_notify(WRUN_STATE_PARAMETERS) {
  WRUN_ATOMIC_PLACE(uint32_t, place)
  r0 = vm->instance->memory_notify(fetch<uint32_t>(pc, 24), place,
                                   static_cast<uint32_t>(operand(pc, fp, 1)));
  write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(kSize);
}

// handler
WRUN_HANDLER void fence(WRUN_STATE_PARAMETERS) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  WRUN_NEXT(8);
}

// Accesses come in groups of the seven combinations of type and width, in the order of Operation.
constexpr Operation operation_of(Op op) {
  return static_cast<Operation>((static_cast<int>(op) - static_cast<int>(Op::I32AtomicLoad)) / 7);
}
static_assert(operation_of(Op::I32AtomicStore) == Operation::Store);
static_assert(operation_of(Op::I64AtomicRmw32AddU) == Operation::Add);
static_assert(operation_of(Op::I32AtomicRmwSub) == Operation::Sub);
static_assert(operation_of(Op::I32AtomicRmwXchg) == Operation::Exchange);
static_assert(operation_of(Op::I64AtomicRmw32CmpxchgU) == Operation::CompareExchange);

template <Operation operation>
inline constexpr Handler kByWidth[] = {
    access_atomically<operation, uint8_t>, access_atomically<operation, uint16_t>,
    access_atomically<operation, uint32_t>, access_atomically<operation, uint64_t>};

template <size_t... operation>
constexpr auto make_rows(std::index_sequence<operation...>) {
  return std::array<const Handler*, sizeof...(operation)>{
      kByWidth<static_cast<Operation>(operation)>...};
}
constexpr auto kAccesses = make_rows(std::make_index_sequence<9>{});

constexpr Handler kWait32[] = {memory_wait<uint32_t>};
constexpr Handler kWait64[] = {memory_wait<uint64_t>};
constexpr Handler kNotify[] = {memory_notify};
constexpr Handler kFence[] = {fence};

}  // namespace

void add_atomic_handlers(HandlerTable& table);
void add_atomic_handlers(HandlerTable& table) {
  const auto set_row = [&](Op op, const Handler* row) {
    table.rows[static_cast<size_t>(op)] = row;
  };
  for (auto op = Op::I32AtomicLoad; op <= Op::I64AtomicRmw32CmpxchgU;
       op = static_cast<Op>(static_cast<int>(op) + 1))
    set_row(op, kAccesses[static_cast<size_t>(operation_of(op))] + wasm::info(op).access_log2());
  set_row(Op::MemoryAtomicWait32, kWait32);
  set_row(Op::MemoryAtomicWait64, kWait64);
  set_row(Op::MemoryAtomicNotify, kNotify);
  set_row(Op::AtomicFence, kFence);
}

}  // namespace wrun::interp::WRUN_ISA
