// What the machine-neutral instructions mean on AArch64: `op` is asmjit's name of an instruction, `extra`
// the form in which it is emitted. Registers of integers and scalars have `size` bytes; those of vectors the
// lanes that `condition` says, where a form says that it has lanes.
#pragma once

#include <cstdint>

#include "codegen/instruction.hpp"

namespace wrun::codegen::a64 {

// Operands in their order: d a definition, a b c registers. The registers of a memory operand come last: its
// base, if it is a virtual register, then its index.
enum class Form : uint8_t {
  // As they are, with lanes
  Unary,       // d a       op d, a        `scale_log2`: the size of a, if it is another
  Binary,      // d a b     op d, a, b
  BinaryImm,   // d a       op d, a, imm
  UnaryImm,    // d         op d, imm
  TernaryImm,  // d a b     op d, a, b, imm
  Ternary,     // d a b c   op d, a, b, c
  Tied,        // d=a b     op d, b
  TiedBinary,  // d=a b c   op d, b, c
  FromLane,    // d a       op d, a[imm]
  ToLane,      // d=a b     op d[imm], b
  // As they are, without
  BinaryShift,  // d a b    op d, a, b shifted or extended: see `condition`, by `scale_log2`
  Compare,      // a b      op a, b
  CompareImm,   // a        op a, imm
  Load,         // d        op d, mem    `condition`: bytes
  Store,        // b        op b, mem
  StoreZero,    //          op zero, mem
  LoadLane,     // d=a      op d[imm], mem      lanes in `condition`
  StoreLane,    // a        op a[imm], mem
  LoadSplat,    // d        op d, mem
  Fence,
  LoadConstant,    // d
  Copy,            // d a
  Lea,             // d        the address
  Set,             // d        by the condition
  Select,          // d a b    by the condition
  TrapIfRegister,  // a (b)   by the register as Branch; b is what the trap is about
  // Sequences
  CountTrailing,    // d a
  CountOnes,        // d a
  RotateLeft,       // d a b
  Divide,           // d a b    `immediate`: divide bits
  Copysign,         // d=a b
  Truncate,         // d a      `condition`: truncate bits
  SelectVector,     // d=a b    by the condition
  Bitmask64,        // d a
  AtomicLoad,       // d        mem
  AtomicStore,      // b
  AtomicUpdate,     // d t b    mem becomes mem op b; no op: b
  CompareExchange,  // d a b    mem becomes b if it is a
};

// Instruction::condition of conditional forms, as asmjit numbers them.
enum class Condition : uint8_t {
  Equal = 2,
  NotEqual = 3,
  AboveEqual = 4,  // unsigned; no borrow, or a carry
  Below = 5,
  Minus = 6,
  Plus = 7,
  Overflow = 8,
  NoOverflow = 9,
  Above = 10,
  BelowEqual = 11,
  GreaterEqual = 12,
  Less = 13,
  Greater = 14,
  LessEqual = 15,
};
constexpr Condition negate(Condition condition) {
  return static_cast<Condition>(static_cast<uint8_t>(condition) ^ 1);
}

// Branch and TrapIfRegister with a register test whether it is zero (Condition::Equal) or not, or, of
// `displacement` as a number of a bit, that bit.
inline constexpr int32_t kAllBits = -1;

// Lanes of a vector: of 16 bytes, then of 8. Those of the operands that are read are in the upper half.
enum Lanes : uint8_t { kScalar, kB16, kH8, kS4, kD2, kB8, kH4, kS2 };
constexpr uint8_t lanes(Lanes of_all) { return static_cast<uint8_t>(of_all | of_all << 4); }
constexpr uint8_t lanes(Lanes written, Lanes read) {
  return static_cast<uint8_t>(written | read << 4);
}

// Instruction::condition of BinaryShift.
enum Shift : uint8_t { kLsl, kLsr, kAsr, kUxtw, kSxtw };

namespace divide {
enum : uint8_t { Signed = 1, Remainder = 2, MayBeZero = 4, MayOverflow = 8 };
}

namespace truncate {
enum : uint8_t { Signed = 1, To64 = 2, From64 = 4 };
}

}  // namespace wrun::codegen::a64
