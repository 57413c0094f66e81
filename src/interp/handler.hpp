// What handlers are written with. Included only by handlers_*.cpp, which are compiled once per
// instruction-set level: everything that ends up in object code is in namespace WRUN_ISA.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

#include "interp/bytecode.hpp"
#include "runtime/instance.hpp"
#include "runtime/store.hpp"
#include "wasm/semantics.hpp"

#ifndef WRUN_ISA
#define WRUN_ISA baseline
#endif

// The last thing a handler does is a jump to the next one. clang guarantees it; g++ is compiled
// with sibling-call optimisation, and a test runs every handler under a small stack.
#if defined(__clang__)
#define WRUN_TAIL_CALL [[clang::musttail]] return
#else
#define WRUN_TAIL_CALL return
#endif

#define WRUN_STATE_PARAMETERS                                                                    \
  [[maybe_unused]] Pc pc, [[maybe_unused]] uint64_t *fp, [[maybe_unused]] std::byte *memory,     \
      [[maybe_unused]] VMContext *vm, [[maybe_unused]] Record *sp, [[maybe_unused]] uint64_t r0, \
      [[maybe_unused]] double f0, [[maybe_unused]] float g0, [[maybe_unused]] V128 v0
#define WRUN_STATE pc, fp, memory, vm, sp, r0, f0, g0, v0

#define WRUN_DISPATCH() WRUN_TAIL_CALL (*reinterpret_cast<const Handler*>(pc))(WRUN_STATE)
#define WRUN_NEXT(size) \
  do {                  \
    pc += (size);       \
    WRUN_DISPATCH();    \
  } while (false)
#define WRUN_TRAP_WITH(code)              \
  do {                                    \
    r0 = static_cast<uint64_t>(code);     \
    WRUN_TAIL_CALL trap_exit(WRUN_STATE); \
  } while (false)

namespace wrun::interp {

using runtime::FuncRef;
using runtime::MemoryView;
using runtime::TableView;
using runtime::TrapCode;
using wasm::Op;
using wasm::Semantics;
using wasm::TrapKind;

// Ends the activation with the trap in r0; pc is within the instruction that trapped.
WRUN_HANDLER void trap_exit(WRUN_STATE_PARAMETERS);
// Throws the exception in r0; pc is within the instruction that does.
WRUN_HANDLER void throw_exception(WRUN_STATE_PARAMETERS);
// A host function returned the code in r0: throws what a nested activation did not catch, or traps.
WRUN_HANDLER void leave_host_call(WRUN_STATE_PARAMETERS);

namespace WRUN_ISA {

template <class T>
[[gnu::always_inline]] inline T fetch(Pc pc, size_t offset) {
  T value;
  std::memcpy(&value, pc + offset, sizeof(T));
  return value;
}

[[gnu::always_inline]] inline uint16_t fetch16(Pc pc, size_t offset) {
  return fetch<uint16_t>(pc, offset);
}

template <class T>
[[gnu::always_inline]] inline T read_slot(const uint64_t* fp, uint32_t slot) {
  T value;
  std::memcpy(&value, fp + slot, sizeof(T));
  return value;
}

// Integers fill their slot; f32 leaves the upper half as it was.
template <class T>
[[gnu::always_inline]] inline void write_slot(uint64_t* fp, uint32_t slot, T value) {
  if constexpr (std::is_integral_v<T>)
    fp[slot] = static_cast<uint64_t>(value);
  else
    std::memcpy(fp + slot, &value, sizeof(T));
}

template <class T>
[[gnu::always_inline]] inline T read_acc(uint64_t r0, double f0, float g0, V128 v0) {
  if constexpr (std::is_same_v<T, float>)
    return g0;
  else if constexpr (std::is_same_v<T, double>)
    return f0;
  else if constexpr (std::is_same_v<T, V128>)
    return v0;
  else
    return static_cast<T>(r0);
}

template <class T>
[[gnu::always_inline]] inline void write_acc(uint64_t& r0, double& f0, float& g0, V128& v0,
                                             T value) {
  if constexpr (std::is_same_v<T, float>)
    g0 = value;
  else if constexpr (std::is_same_v<T, double>)
    f0 = value;
  else if constexpr (std::is_same_v<T, V128>)
    v0 = value;
  else
    r0 = static_cast<uint64_t>(value);
}

// Immediates of 32 bits sit at offset 12 (i64 by sign extension), those of f64 at 16.
template <class T>
[[gnu::always_inline]] inline T read_immediate(Pc pc) {
  if constexpr (std::is_same_v<T, double>)
    return fetch<double>(pc, 16);
  else if constexpr (std::is_same_v<T, uint64_t>)
    return static_cast<uint64_t>(static_cast<int64_t>(fetch<int32_t>(pc, 12)));
  else
    return fetch<T>(pc, 12);
}

template <class T>
inline constexpr size_t kImmediateSize = std::is_same_v<T, double> ? 24 : 16;

// Where an access to any memory, with any offset, goes; null when out of bounds. The index is a
// whole slot: that of a 32-bit memory is zero-extended.
[[gnu::always_inline]] inline std::byte* locate(const VMContext* vm, uint32_t memory_index,
                                                uint64_t index, uint64_t offset, size_t bytes) {
  const MemoryView* view = vm->memories[memory_index];
  uint64_t begin, end;
  if (__builtin_add_overflow(index, offset, &begin) || __builtin_add_overflow(begin, bytes, &end) ||
      end > view->size())
    return nullptr;
  return view->base + begin;
}

[[gnu::always_inline]] inline TrapCode to_trap_code(TrapKind kind) {
  switch (kind) {
    case TrapKind::None:              return TrapCode::None;
    case TrapKind::DivideByZero:      return TrapCode::IntegerDivideByZero;
    case TrapKind::IntegerOverflow:   return TrapCode::IntegerOverflow;
    case TrapKind::InvalidConversion: return TrapCode::InvalidConversionToInteger;
  }
  return TrapCode::None;
}

}  // namespace WRUN_ISA
}  // namespace wrun::interp
