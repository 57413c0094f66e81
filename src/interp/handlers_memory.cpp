// Loads, stores and bulk operations (spec 4.4.11).
//
// A 32-bit memory 0 with a guard is accessed without a check: an address out of bounds faults, and the
// fault handler (interpreter.cpp) ends the activation. It reads the pc from its register, so a
// guarded handler must not advance the pc before the access: see pin_pc().
#include <array>

#include "interp/handler.hpp"

namespace wrun::interp::WRUN_ISA {
namespace {

// --- what each load and store moves

template <Op op>
struct Load;
template <Op op>
struct Store;

#define WRUN_LOAD(op, Memory, Out)                                      \
  template <>                                                           \
  struct Load<Op::op> {                                                 \
    using Bytes = Memory;                                               \
    static Out convert(Bytes value) { return static_cast<Out>(value); } \
  };
// A signed load extends to the signed type of the result's width, whose bits are the result.
#define WRUN_LOAD_SIGNED(op, Memory, Signed, Out)                                            \
  template <>                                                                                \
  struct Load<Op::op> {                                                                      \
    using Bytes = Memory;                                                                    \
    static Out convert(Bytes value) { return static_cast<Out>(static_cast<Signed>(value)); } \
  };
#define WRUN_STORE(op, Operand, Memory)                                   \
  template <>                                                             \
  struct Store<Op::op> {                                                  \
    using Arg = Operand;                                                  \
    using Bytes = Memory;                                                 \
    static Bytes convert(Arg value) { return static_cast<Bytes>(value); } \
  };

WRUN_LOAD(I32Load, uint32_t, uint32_t)
WRUN_LOAD(I64Load, uint64_t, uint64_t)
WRUN_LOAD(F32Load, float, float)
WRUN_LOAD(F64Load, double, double)
WRUN_LOAD(V128Load, V128, V128)
WRUN_LOAD(I32Load8U, uint8_t, uint32_t)
WRUN_LOAD(I32Load16U, uint16_t, uint32_t)
WRUN_LOAD(I64Load8U, uint8_t, uint64_t)
WRUN_LOAD(I64Load16U, uint16_t, uint64_t)
WRUN_LOAD(I64Load32U, uint32_t, uint64_t)
WRUN_LOAD_SIGNED(I32Load8S, int8_t, int32_t, uint32_t)
WRUN_LOAD_SIGNED(I32Load16S, int16_t, int32_t, uint32_t)
WRUN_LOAD_SIGNED(I64Load8S, int8_t, int64_t, uint64_t)
WRUN_LOAD_SIGNED(I64Load16S, int16_t, int64_t, uint64_t)
WRUN_LOAD_SIGNED(I64Load32S, int32_t, int64_t, uint64_t)
WRUN_STORE(I32Store, uint32_t, uint32_t)
WRUN_STORE(I64Store, uint64_t, uint64_t)
WRUN_STORE(F32Store, float, float)
WRUN_STORE(F64Store, double, double)
WRUN_STORE(V128Store, V128, V128)
WRUN_STORE(I32Store8, uint32_t, uint8_t)
WRUN_STORE(I32Store16, uint32_t, uint16_t)
WRUN_STORE(I64Store8, uint64_t, uint8_t)
WRUN_STORE(I64Store16, uint64_t, uint16_t)
WRUN_STORE(I64Store32, uint64_t, uint32_t)

template <class Lanes>
V128 splat(auto value) {
  return std::bit_cast<V128>(Lanes{} +
                             static_cast<std::remove_reference_t<decltype(Lanes{}[0])>>(value));
}

#define WRUN_LOAD_V128(op, Memory, expression)                                            \
  template <>                                                                             \
  struct Load<Op::op> {                                                                   \
    using Bytes = Memory;                                                                 \
    [[gnu::always_inline]] static inline V128 convert(Bytes value) { return expression; } \
  };

using Half8i = int8_t __attribute__((vector_size(8)));
using Half8u = uint8_t __attribute__((vector_size(8)));
using Half16i = int16_t __attribute__((vector_size(8)));
using Half16u = uint16_t __attribute__((vector_size(8)));
using Half32i = int32_t __attribute__((vector_size(8)));
using Half32u = uint32_t __attribute__((vector_size(8)));

WRUN_LOAD_V128(V128Load8x8S, uint64_t,
               std::bit_cast<V128>(__builtin_convertvector(std::bit_cast<Half8i>(value),
                                                           wasm::I16x8)))
WRUN_LOAD_V128(V128Load8x8U, uint64_t,
               std::bit_cast<V128>(__builtin_convertvector(std::bit_cast<Half8u>(value),
                                                           wasm::U16x8)))
WRUN_LOAD_V128(V128Load16x4S, uint64_t,
               std::bit_cast<V128>(__builtin_convertvector(std::bit_cast<Half16i>(value),
                                                           wasm::I32x4)))
WRUN_LOAD_V128(V128Load16x4U, uint64_t,
               std::bit_cast<V128>(__builtin_convertvector(std::bit_cast<Half16u>(value),
                                                           wasm::U32x4)))
WRUN_LOAD_V128(V128Load32x2S, uint64_t,
               std::bit_cast<V128>(__builtin_convertvector(std::bit_cast<Half32i>(value),
                                                           wasm::I64x2)))
WRUN_LOAD_V128(V128Load32x2U, uint64_t,
               std::bit_cast<V128>(__builtin_convertvector(std::bit_cast<Half32u>(value),
                                                           wasm::U64x2)))
WRUN_LOAD_V128(V128Load8Splat, uint8_t, splat<wasm::U8x16>(value))
WRUN_LOAD_V128(V128Load16Splat, uint16_t, splat<wasm::U16x8>(value))
WRUN_LOAD_V128(V128Load32Splat, uint32_t, splat<wasm::U32x4>(value))
WRUN_LOAD_V128(V128Load64Splat, uint64_t, splat<wasm::U64x2>(value))
WRUN_LOAD_V128(V128Load32Zero, uint32_t, (V128{value, 0}))
WRUN_LOAD_V128(V128Load64Zero, uint64_t, (V128{value, 0}))

// --- addresses

// Keeps the compiler from advancing the pc before `value` was loaded or stored.
template <class T>
[[gnu::always_inline]] inline void pin_pc(Pc& pc, const T& value) {
  if constexpr (std::is_integral_v<T>)
    asm volatile("" : "+r"(pc) : "r"(value) : "memory");
  else
#if defined(__x86_64__)
    asm volatile("" : "+r"(pc) : "x"(value) : "memory");
#else
    asm volatile("" : "+r"(pc) : "w"(value) : "memory");
#endif
}

// The effective address, or SIZE_MAX when it is out of bounds of a checked memory.
template <Access access, size_t kBytes>
[[gnu::always_inline]] inline uint64_t effective_address(uint64_t index, uint64_t offset,
                                                         const VMContext* vm) {
  if constexpr (access == Access::Guarded32) {
    return static_cast<uint32_t>(index) + offset;
  } else if constexpr (access == Access::Checked32) {
    const uint64_t address = static_cast<uint32_t>(index) + offset;
    return address + kBytes > vm->memory0->size() ? UINT64_MAX : address;
  } else {
    uint64_t end;
    if (__builtin_add_overflow(index, offset + kBytes, &end) || end > vm->memory0->size())
      return UINT64_MAX;
    return end - kBytes;
  }
}

// The sum of an operand and the immediate at 16.
template <Access access>
[[gnu::always_inline]] inline uint64_t index_plus(uint64_t operand, Pc pc) {
  const auto immediate = fetch<int32_t>(pc, 16);
  return access == Access::Checked64
             ? operand + static_cast<uint64_t>(int64_t{immediate})
             : static_cast<uint32_t>(operand) + static_cast<uint32_t>(immediate);
}

template <AddressForm form, Access access, size_t kBytes>
[[gnu::always_inline]] inline uint64_t load_index(Pc pc, const uint64_t* fp, uint64_t r0) {
  constexpr bool kScaled = form == AddressForm::ScaledSS || form == AddressForm::ScaledSR ||
                           form == AddressForm::ScaledRS;
  const auto slot = [&](size_t at) { return read_slot<uint64_t>(fp, fetch16(pc, at)); };
  if constexpr (form == AddressForm::S) {
    return slot(10);
  } else if constexpr (form == AddressForm::R) {
    return r0;
  } else if constexpr (form == AddressForm::AddSI || form == AddressForm::AddRI) {
    return index_plus<access>(form == AddressForm::AddRI ? r0 : slot(10), pc);
  } else {
    const uint64_t left =
        form == AddressForm::AddRS || form == AddressForm::ScaledRS ? r0 : slot(10);
    const uint64_t right = form == AddressForm::AddSR || form == AddressForm::ScaledSR   ? r0
                           : form == AddressForm::AddSS || form == AddressForm::ScaledSS ? slot(12)
                                                                                         : slot(10);
    const uint64_t sum = left + (kScaled ? right << std::countr_zero(kBytes) : right);
    return access == Access::Checked64 ? sum : static_cast<uint32_t>(sum);
  }
}

// Where faults are traps: see interpreter.cpp.
#define WRUN_MAY_FAULT [[gnu::section("wrun_guarded_handlers")]]

// load: handler, u16 dst, u16 address, u32 offset, and i32 to add to the address at 16;
// or u16 dst, u16 left, u16 right, u16 offset
template <Op op, Access access, AddressForm form, Dst dst>
WRUN_MAY_FAULT WRUN_HANDLER void load(WRUN_STATE_PARAMETERS) {
  using Bytes = typename Load<op>::Bytes;
  constexpr bool kPlus = form == AddressForm::AddSI || form == AddressForm::AddRI;
  constexpr bool kOne = form == AddressForm::S || form == AddressForm::R || kPlus;
  const uint64_t offset = kOne ? fetch<uint32_t>(pc, 12) : fetch16(pc, 14);
  const uint64_t address = effective_address<access, sizeof(Bytes)>(
      load_index<form, access, sizeof(Bytes)>(pc, fp, r0), offset, vm);
  if constexpr (access != Access::Guarded32)
    if (address == UINT64_MAX) [[unlikely]]
      WRUN_TRAP_WITH(TrapCode::OutOfBoundsMemoryAccess);
  Bytes bytes;
  std::memcpy(&bytes, memory + address, sizeof(Bytes));
  const auto result = Load<op>::convert(bytes);
  if constexpr (access == Access::Guarded32) pin_pc(pc, result);
  write_acc(r0, f0, g0, v0, result);
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), result);
  WRUN_NEXT(kPlus ? 24 : 16);
}

// store: handler, u16 address, u16 value, u32 offset, and i32 to add to the address at 16; or
// u16 left, u16 right, u16 value, u16 offset.
// Operands in the accumulator leave their place out; immediates are i16 in the value's place.
template <Op op, Access access, StoreForm form>
WRUN_MAY_FAULT WRUN_HANDLER void store(WRUN_STATE_PARAMETERS) {
  using Arg = typename Store<op>::Arg;
  using Bytes = typename Store<op>::Bytes;
  using enum StoreForm;
  constexpr bool kPlus = form == AddSIS || form == AddSIR || form == AddSII;
  constexpr bool kOne = form == SS || form == SR || form == RS || form == SI || form == RI || kPlus;
  constexpr bool kScaled = form == ScaledSSS || form == ScaledSSR || form == ScaledSRS;
  const auto slot = [&](size_t at) { return read_slot<uint64_t>(fp, fetch16(pc, at)); };
  uint64_t index;
  if constexpr (form == SS || form == SR || form == SI) {
    index = slot(8);
  } else if constexpr (form == RS || form == RI) {
    index = r0;
  } else if constexpr (kPlus) {
    index = index_plus<access>(slot(8), pc);
  } else {
    const uint64_t left = form == AddRSS ? r0 : slot(8);
    const uint64_t right = form == ScaledSRS ? r0 : slot(10);
    index = left + (kScaled ? right << std::countr_zero(sizeof(Bytes)) : right);
    if constexpr (access != Access::Checked64) index = static_cast<uint32_t>(index);
  }
  const uint64_t offset = kOne ? fetch<uint32_t>(pc, 12) : fetch16(pc, 14);
  Arg value;
  if constexpr (form == SR || form == AddSSR || form == ScaledSSR || form == AddSIR)
    value = read_acc<Arg>(r0, f0, g0, v0);
  else if constexpr (form == SI || form == RI || form == AddSII)
    value = static_cast<Arg>(static_cast<int64_t>(fetch<int16_t>(pc, 10)));
  else if constexpr (form == AddSSI)
    value = static_cast<Arg>(static_cast<int64_t>(fetch<int16_t>(pc, 12)));
  else
    value = read_slot<Arg>(fp, fetch16(pc, kOne ? 10 : 12));
  const uint64_t address = effective_address<access, sizeof(Bytes)>(index, offset, vm);
  if constexpr (access != Access::Guarded32)
    if (address == UINT64_MAX) [[unlikely]]
      WRUN_TRAP_WITH(TrapCode::OutOfBoundsMemoryAccess);
  const Bytes bytes = Store<op>::convert(value);
  std::memcpy(memory + address, &bytes, sizeof(Bytes));
  if constexpr (access == Access::Guarded32) pin_pc(pc, bytes);
  WRUN_NEXT(kPlus ? 24 : 16);
}

// any load: handler, u16 dst, u16 address, u32 memory, u64 offset
template <Op op>
WRUN_HANDLER void load_any(WRUN_STATE_PARAMETERS) {
  using Bytes = typename Load<op>::Bytes;
  const std::byte* from = locate(vm, fetch<uint32_t>(pc, 12), fp[fetch16(pc, 10)],
                                 fetch<uint64_t>(pc, 16), sizeof(Bytes));
  if (from == nullptr) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfBoundsMemoryAccess);
  Bytes bytes;
  std::memcpy(&bytes, from, sizeof(Bytes));
  const auto result = Load<op>::convert(bytes);
  write_acc(r0, f0, g0, v0, result);
  write_slot(fp, fetch16(pc, 8), result);
  WRUN_NEXT(24);
}

// any store: handler, u16 address, u16 value, u32 memory, u64 offset
template <Op op>
WRUN_HANDLER void store_any(WRUN_STATE_PARAMETERS) {
  using Arg = typename Store<op>::Arg;
  using Bytes = typename Store<op>::Bytes;
  std::byte* to = locate(vm, fetch<uint32_t>(pc, 12), fp[fetch16(pc, 8)], fetch<uint64_t>(pc, 16),
                         sizeof(Bytes));
  if (to == nullptr) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfBoundsMemoryAccess);
  const Bytes bytes = Store<op>::convert(read_slot<Arg>(fp, fetch16(pc, 10)));
  std::memcpy(to, &bytes, sizeof(Bytes));
  WRUN_NEXT(24);
}

// load lane: handler, u16 dst, u16 address, u16 vector, u8 lane at 14, u64 offset, u32 memory at 24
template <Op op, class Lane>
WRUN_HANDLER void load_lane(WRUN_STATE_PARAMETERS) {
  const std::byte* from = locate(vm, fetch<uint32_t>(pc, 24), fp[fetch16(pc, 10)],
                                 fetch<uint64_t>(pc, 16), sizeof(Lane));
  if (from == nullptr) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfBoundsMemoryAccess);
  V128 vector = read_slot<V128>(fp, fetch16(pc, 12));
  std::memcpy(reinterpret_cast<std::byte*>(&vector) + fetch<uint8_t>(pc, 14) * sizeof(Lane), from,
              sizeof(Lane));
  v0 = vector;
  write_slot(fp, fetch16(pc, 8), vector);
  WRUN_NEXT(32);
}

// store lane: the same without dst
template <Op op, class Lane>
WRUN_HANDLER void store_lane(WRUN_STATE_PARAMETERS) {
  std::byte* to = locate(vm, fetch<uint32_t>(pc, 24), fp[fetch16(pc, 10)], fetch<uint64_t>(pc, 16),
                         sizeof(Lane));
  if (to == nullptr) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfBoundsMemoryAccess);
  const auto* vector = reinterpret_cast<const std::byte*>(fp + fetch16(pc, 12));
  std::memcpy(to, vector + fetch<uint8_t>(pc, 14) * sizeof(Lane), sizeof(Lane));
  WRUN_NEXT(32);
}

template <Op op, size_t... at>
constexpr auto make_load_row(std::index_sequence<at...>) {
  constexpr size_t kForms = static_cast<size_t>(AddressForm::Count);
  return std::array<Handler, kLoadHandlers>{
      load<op, static_cast<Access>(at / 2 / kForms), static_cast<AddressForm>(at / 2 % kForms),
           static_cast<Dst>(at % 2)>...,
      load_any<op>};
}

// Immediates are integers; the translator stores float constants by their bits.
template <Op op, Access access, StoreForm form>
constexpr Handler store_handler() {
  constexpr bool kImmediate = form == StoreForm::SI || form == StoreForm::RI ||
                              form == StoreForm::AddSSI || form == StoreForm::AddSII;
  if constexpr (kImmediate && !std::is_integral_v<typename Store<op>::Arg>)
    return nullptr;
  else
    return store<op, access, form>;
}

template <Op op, size_t... at>
constexpr auto make_store_row(std::index_sequence<at...>) {
  constexpr size_t kForms = static_cast<size_t>(StoreForm::Count);
  return std::array<Handler, kStoreHandlers>{
      store_handler<op, static_cast<Access>(at / kForms), static_cast<StoreForm>(at % kForms)>()...,
      store_any<op>};
}

template <Op op>
inline constexpr auto kLoadRow = make_load_row<op>(std::make_index_sequence<kAnyMemoryLoad>{});
template <Op op>
inline constexpr auto kStoreRow = make_store_row<op>(std::make_index_sequence<kAnyMemoryStore>{});
template <Op op, class Lane>
inline constexpr Handler kLoadLaneRow[] = {load_lane<op, Lane>};
template <Op op, class Lane>
inline constexpr Handler kStoreLaneRow[] = {store_lane<op, Lane>};

template <Op... ops>
void add_loads(HandlerTable& table) {
  ((table.rows[static_cast<size_t>(ops)] = kLoadRow<ops>.data()), ...);
}
template <Op... ops>
void add_stores(HandlerTable& table) {
  ((table.rows[static_cast<size_t>(ops)] = kStoreRow<ops>.data()), ...);
}

// --- sizes and bulk operations

// handler, u16 dst, u32 memory at 12
WRUN_HANDLER void memory_size(WRUN_STATE_PARAMETERS) {
  r0 = vm->instance->memory(fetch<uint32_t>(pc, 12)).pages();
  write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(16);
}

[[gnu::noinline]] uint64_t grow(const VMContext* vm, uint32_t index, uint64_t delta) {
  runtime::Memory& memory = vm->instance->memory(index);
  const std::optional<uint64_t> previous = memory.grow(delta);
  if (previous) return *previous;
  return memory.type().limits.is_64 ? UINT64_MAX : UINT32_MAX;
}

// handler, u16 dst, u16 delta, u32 memory
WRUN_HANDLER void memory_grow(WRUN_STATE_PARAMETERS) {
  r0 = grow(vm, fetch<uint32_t>(pc, 12), fp[fetch16(pc, 10)]);
  write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(16);
}

[[gnu::always_inline]] inline bool in_bounds(const MemoryView* view, uint64_t at, uint64_t count) {
  const uint64_t size = view->size();
  return at <= size && count <= size - at;
}

// handler, u16 to, u16 value, u16 count, u32 memory at 16
WRUN_HANDLER void memory_fill(WRUN_STATE_PARAMETERS) {
  const MemoryView* view = vm->memories[fetch<uint32_t>(pc, 16)];
  const uint64_t to = fp[fetch16(pc, 8)];
  const uint64_t count = fp[fetch16(pc, 12)];
  if (!in_bounds(view, to, count)) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfBoundsMemoryAccess);
  std::memset(view->base + to, static_cast<uint8_t>(fp[fetch16(pc, 10)]), count);
  WRUN_NEXT(24);
}

// handler, u16 to, u16 from, u16 count, u32 memory to at 16, u32 memory from at 20
WRUN_HANDLER void memory_copy(WRUN_STATE_PARAMETERS) {
  const MemoryView* to_view = vm->memories[fetch<uint32_t>(pc, 16)];
  const MemoryView* from_view = vm->memories[fetch<uint32_t>(pc, 20)];
  const uint64_t to = fp[fetch16(pc, 8)];
  const uint64_t from = fp[fetch16(pc, 10)];
  const uint64_t count = fp[fetch16(pc, 12)];
  if (!in_bounds(to_view, to, count) || !in_bounds(from_view, from, count)) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfBoundsMemoryAccess);
  std::memmove(to_view->base + to, from_view->base + from, count);
  WRUN_NEXT(24);
}

// handler, u16 to, u16 from, u16 count, u32 memory at 16, u32 segment at 20
WRUN_HANDLER void memory_init(WRUN_STATE_PARAMETERS) {
  const TrapCode code = vm->instance->memory_init(
      fetch<uint32_t>(pc, 16), fetch<uint32_t>(pc, 20), fp[fetch16(pc, 8)],
      static_cast<uint32_t>(fp[fetch16(pc, 10)]), static_cast<uint32_t>(fp[fetch16(pc, 12)]));
  if (code != TrapCode::None) [[unlikely]]
    WRUN_TRAP_WITH(code);
  WRUN_NEXT(24);
}

// handler, u32 segment at 12
WRUN_HANDLER void data_drop(WRUN_STATE_PARAMETERS) {
  vm->instance->data_drop(fetch<uint32_t>(pc, 12));
  WRUN_NEXT(16);
}

}  // namespace

void add_memory_handlers(HandlerTable& table);
void add_memory_handlers(HandlerTable& table) {
  add_loads<Op::I32Load, Op::I64Load, Op::F32Load, Op::F64Load, Op::I32Load8S, Op::I32Load8U,
            Op::I32Load16S, Op::I32Load16U, Op::I64Load8S, Op::I64Load8U, Op::I64Load16S,
            Op::I64Load16U, Op::I64Load32S, Op::I64Load32U, Op::V128Load, Op::V128Load8x8S,
            Op::V128Load8x8U, Op::V128Load16x4S, Op::V128Load16x4U, Op::V128Load32x2S,
            Op::V128Load32x2U, Op::V128Load8Splat, Op::V128Load16Splat, Op::V128Load32Splat,
            Op::V128Load64Splat, Op::V128Load32Zero, Op::V128Load64Zero>(table);
  add_stores<Op::I32Store, Op::I64Store, Op::F32Store, Op::F64Store, Op::I32Store8, Op::I32Store16,
             Op::I64Store8, Op::I64Store16, Op::I64Store32, Op::V128Store>(table);
  const auto set_row = [&](Op op, const Handler* row) {
    table.rows[static_cast<size_t>(op)] = row;
  };
  set_row(Op::V128Load8Lane, kLoadLaneRow<Op::V128Load8Lane, uint8_t>);
  set_row(Op::V128Load16Lane, kLoadLaneRow<Op::V128Load16Lane, uint16_t>);
  set_row(Op::V128Load32Lane, kLoadLaneRow<Op::V128Load32Lane, uint32_t>);
  set_row(Op::V128Load64Lane, kLoadLaneRow<Op::V128Load64Lane, uint64_t>);
  set_row(Op::V128Store8Lane, kStoreLaneRow<Op::V128Store8Lane, uint8_t>);
  set_row(Op::V128Store16Lane, kStoreLaneRow<Op::V128Store16Lane, uint16_t>);
  set_row(Op::V128Store32Lane, kStoreLaneRow<Op::V128Store32Lane, uint32_t>);
  set_row(Op::V128Store64Lane, kStoreLaneRow<Op::V128Store64Lane, uint64_t>);
  const auto set = [&](Code code, Handler handler) {
    table.codes[static_cast<size_t>(code)] = handler;
  };
  set(Code::MemorySize, memory_size);
  set(Code::MemoryGrow, memory_grow);
  set(Code::MemoryFill, memory_fill);
  set(Code::MemoryCopy, memory_copy);
  set(Code::MemoryInit, memory_init);
  set(Code::DataDrop, data_drop);
}

}  // namespace wrun::interp::WRUN_ISA
