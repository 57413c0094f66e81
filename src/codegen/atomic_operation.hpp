// Which instructions access memory atomically, and how.
#pragma once

#include <optional>

#include "ir/ops.hpp"

namespace wrun::codegen {

enum class AtomicKind : uint8_t { Load, Store, Add, Sub, And, Or, Xor, Exchange, CompareExchange };

struct AtomicOperation {
  AtomicKind kind;
  uint8_t bytes;
};

constexpr std::optional<AtomicOperation> atomic_operation(ir::Op op) {
  using ir::Op;
  switch (op) {
#define WRUN_WIDTHS(name, kind, suffix) \
  case Op::I32Atomic##name##8##suffix:  \
  case Op::I64Atomic##name##8##suffix:  \
    return {                            \
        {AtomicKind::kind, 1} \
    };         \
  case Op::I32Atomic##name##16##suffix: \
  case Op::I64Atomic##name##16##suffix: \
    return {                            \
        {AtomicKind::kind, 2} \
    };
#define WRUN_UPDATE(operation, kind)     \
  case Op::I32AtomicRmw8##operation##U:  \
  case Op::I64AtomicRmw8##operation##U:  \
    return {                             \
        {AtomicKind::kind, 1} \
    };          \
  case Op::I32AtomicRmw16##operation##U: \
  case Op::I64AtomicRmw16##operation##U: \
    return {                             \
        {AtomicKind::kind, 2} \
    };          \
  case Op::I32AtomicRmw##operation:      \
  case Op::I64AtomicRmw32##operation##U: \
    return {                             \
        {AtomicKind::kind, 4} \
    };          \
  case Op::I64AtomicRmw##operation:      \
    return {                             \
        {AtomicKind::kind, 8} \
    };
    WRUN_WIDTHS(Load, Load, U)
    case Op::I32AtomicLoad:
    case Op::I64AtomicLoad32U:
      return {
          {AtomicKind::Load, 4}
      };
    case Op::I64AtomicLoad:
      return {
          {AtomicKind::Load, 8}
      };
      WRUN_WIDTHS(Store, Store, )
    case Op::I32AtomicStore:
    case Op::I64AtomicStore32:
      return {
          {AtomicKind::Store, 4}
      };
    case Op::I64AtomicStore:
      return {
          {AtomicKind::Store, 8}
      };
      WRUN_UPDATE(Add, Add)
      WRUN_UPDATE(Sub, Sub)
      WRUN_UPDATE(And, And)
      WRUN_UPDATE(Or, Or)
      WRUN_UPDATE(Xor, Xor)
      WRUN_UPDATE(Xchg, Exchange)
      WRUN_UPDATE(Cmpxchg, CompareExchange)
#undef WRUN_WIDTHS
#undef WRUN_UPDATE
    default: return std::nullopt;
  }
}

}  // namespace wrun::codegen
