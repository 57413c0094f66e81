// What the machine-neutral instructions mean on x86-64: `op` is asmjit's name of an instruction, `extra`
// the form in which it is emitted.
#pragma once

#include <cstdint>

#include "codegen/instruction.hpp"

namespace wrun::codegen::x64 {

// Operands in their order: d a definition, a b registers, m a register, slot or memory operand. The
// registers of a memory operand come last: its base, if it is a virtual register, then its index.
enum class Form : uint8_t {
  // As they are
  Unary,            // d m            op d, m
  UnaryImm,         // d m            op d, m, imm
  Tied,             // d=a m          op d, m
  TiedImm,          // d=a            op d, imm
  TiedOnly,         // d=a            op d
  TiedCl,           // d=a, b in cl   op d, cl
  Three,            // d a m          op d, a, m
  ThreeImm,         // d a m          op d, a, m, imm
  Four,             // d a b c        op d, a, b, c
  ThreeShift,       // d m b          op d, m, b
  Compare,          // a m            op a, m
  CompareImm,       // m              op m, imm
  Store,            // b              op mem, b
  StoreImm,         //                op mem, imm
  LockedStore,      // b              lock op mem, b
  TiedMemory,       // d=a            lock op mem, d
  CompareExchange,  // d in rax, a in rax, b     lock op mem, b
  LoadConstant,     // d              mov d, imm
  Copy,             // d m
  Lea,              // d              lea d, mem
  Add,              // d a b          add or lea
  AddImm,           // d a            add or lea
  Set,              // d              by the condition
  CMove,            // d=a m          by the condition
  Extract,          // d a            op d, a, imm
  ExtractMemory,    // a              op mem, a, imm
  Insert,           // d a b          op d, a, b, imm
  InsertMemory,     // d a            op d, a, mem, imm
  // Sequences
  MultiplyWide,       // d low, d high, a, b
  AtomicUpdate,       // d in rax, t, b          mem becomes mem op b
  Divide,             // d r, a, b: see select_integer; `immediate`: DivideKind bits
  FloatMin,           // d a b
  FloatMax,           // d a b
  Truncate,           // d t a     `condition`: TruncateKind
  ConvertUnsigned64,  // d t a     u64 to float
};

// Instruction::condition, as encoded.
enum class Condition : uint8_t {
  Overflow = 0,
  Below = 2,
  AboveEqual = 3,
  Equal = 4,
  NotEqual = 5,
  BelowEqual = 6,
  Above = 7,
  Sign = 8,
  NotSign = 9,
  Parity = 10,
  NotParity = 11,
  Less = 12,
  GreaterEqual = 13,
  LessEqual = 14,
  Greater = 15,
};
constexpr Condition negate(Condition condition) {
  return static_cast<Condition>(static_cast<uint8_t>(condition) ^ 1);
}

namespace divide {
enum : uint8_t { Signed = 1, Remainder = 2, MayBeMinusOne = 4 };
}

namespace truncate {
enum : uint8_t { Signed = 1, To64 = 2, From64 = 4, Saturating = 8 };
}

}  // namespace wrun::codegen::x64
