// Which instructions compare integers or references, and how.
#pragma once

#include <optional>

#include "ir/ops.hpp"

namespace wrun::codegen {

enum class Comparison : uint8_t {
  Equal,
  NotEqual,
  Less,  // signed
  GreaterEqual,
  Greater,
  LessEqual,
  Below,  // unsigned
  AboveEqual,
  Above,
  BelowEqual,
};

struct IntegerComparison {
  Comparison how;
  uint8_t size;
  bool is_with_zero = false;  // one operand, compared with zero
};

constexpr std::optional<IntegerComparison> integer_comparison(ir::Op op) {
  using enum Comparison;
  using ir::Op;
  switch (op) {
    case Op::I32Eqz:
      return {
          {Equal, 4, true}
      };
    case Op::I64Eqz:
    case Op::RefIsNull:
      return {
          {Equal, 8, true}
      };
    case Op::I32Eq:
      return {
          {Equal, 4}
      };
    case Op::I32Ne:
      return {
          {NotEqual, 4}
      };
    case Op::I32LtS:
      return {
          {Less, 4}
      };
    case Op::I32LtU:
      return {
          {Below, 4}
      };
    case Op::I32GtS:
      return {
          {Greater, 4}
      };
    case Op::I32GtU:
      return {
          {Above, 4}
      };
    case Op::I32LeS:
      return {
          {LessEqual, 4}
      };
    case Op::I32LeU:
      return {
          {BelowEqual, 4}
      };
    case Op::I32GeS:
      return {
          {GreaterEqual, 4}
      };
    case Op::I32GeU:
      return {
          {AboveEqual, 4}
      };
    case Op::RefEq:
    case Op::I64Eq:
      return {
          {Equal, 8}
      };
    case Op::I64Ne:
      return {
          {NotEqual, 8}
      };
    case Op::I64LtS:
      return {
          {Less, 8}
      };
    case Op::I64LtU:
      return {
          {Below, 8}
      };
    case Op::I64GtS:
      return {
          {Greater, 8}
      };
    case Op::I64GtU:
      return {
          {Above, 8}
      };
    case Op::I64LeS:
      return {
          {LessEqual, 8}
      };
    case Op::I64LeU:
      return {
          {BelowEqual, 8}
      };
    case Op::I64GeS:
      return {
          {GreaterEqual, 8}
      };
    case Op::I64GeU:
      return {
          {AboveEqual, 8}
      };
    default: return std::nullopt;
  }
}

}  // namespace wrun::codegen
