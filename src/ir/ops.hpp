// The instructions of the intermediate representation as an enumeration and a table: those of
// WebAssembly under their own numbers, then the ones of instructions.def.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wasm/opcodes.hpp"
#include "wasm/types.hpp"

namespace wrun::ir {

enum class Op : uint16_t {
#define WRUN_OP(id, prefix, code, text, imm, sig, feature, flags) id,
#include "wasm/opcodes.def"
#undef WRUN_OP
#define WRUN_IR_OP(id, text, shape, imm, effects) id,
#define WRUN_IR_WASM(id, shape, imm, effects)
#include "ir/instructions.def"
#undef WRUN_IR_OP
#undef WRUN_IR_WASM
};

constexpr Op from_wasm(wasm::Op op) { return static_cast<Op>(op); }
constexpr bool is_wasm(Op op) { return static_cast<size_t>(op) < wasm::kOpCount; }
constexpr wasm::Op to_wasm(Op op) { return static_cast<wasm::Op>(op); }

enum class RuntimeCall : uint8_t {
#define WRUN_RUNTIME_CALL(id, text, shape, effects) id,
#include "ir/runtime_calls.def"
#undef WRUN_RUNTIME_CALL
};

inline constexpr size_t kRuntimeCallCount = 0
#define WRUN_RUNTIME_CALL(id, text, shape, effects) +1
#include "ir/runtime_calls.def"
#undef WRUN_RUNTIME_CALL
    ;

// References are a 64-bit slot.
enum class Type : uint8_t { None, I32, I64, F32, F64, V128, Ref };

constexpr Type type_of(wasm::ValType type) {
  switch (type.kind()) {
    case wasm::ValType::Kind::I32:
    case wasm::ValType::Kind::I16:
    case wasm::ValType::Kind::I8:   return Type::I32;
    case wasm::ValType::Kind::I64:  return Type::I64;
    case wasm::ValType::Kind::F32:  return Type::F32;
    case wasm::ValType::Kind::F64:  return Type::F64;
    case wasm::ValType::Kind::V128: return Type::V128;
    case wasm::ValType::Kind::Ref:  return Type::Ref;
    default:                        return Type::None;
  }
}

std::string_view text(Type type);

// What an instruction's `immediate` holds.
enum class Imm : uint8_t {
  None,
  Bits,      // a constant, floats by their bits
  Vector,    // index into Function::vectors(): v128.const, i8x16.shuffle
  Index,     // of a global, memory, table, type, tag; a number
  Function,  // index of a function
  Lane,
  Access,    // ir::Access
  TrapCode,  // in Instruction::trap
  TrapBits,  // a number, and Instruction::trap
  Pair,      // two indices: the first in the low half
  HeapType,  // its bits
  Runtime,   // ir::RuntimeCall
  Count,     // of edges
};

namespace effect {
enum : uint32_t {
  None = 0,
  ReadsMemory = 1 << 0,
  WritesMemory = 1 << 1,
  ReadsGlobals = 1 << 2,
  WritesGlobals = 1 << 3,
  ReadsTables = 1 << 4,
  WritesTables = 1 << 5,
  ReadsObjects = 1 << 6,  // fields and elements
  WritesObjects = 1 << 7,
  ReadsSizes = 1 << 8,  // of memories, tables and segments
  WritesSizes = 1 << 9,
  MayTrap = 1 << 10,
  Allocates = 1 << 11,  // each time another object; may collect
  Terminator = 1 << 12,
  Edges = 1 << 13,     // has targets
  List = 1 << 14,      // its operands are in the pool
  Pinned = 1 << 15,    // belongs to its place
  Constant = 1 << 16,  // belongs to no block
  Commutes = 1 << 17,
  Call = 1 << 18,
  Guarded = 1 << 19,  // allowed only where control flow has made sure of what the operand is

  Reads = ReadsMemory | ReadsGlobals | ReadsTables | ReadsObjects | ReadsSizes,
  Writes = WritesMemory | WritesGlobals | WritesTables | WritesObjects | WritesSizes,
  AnyEffect = Reads | Writes | MayTrap | Call,
};
}  // namespace effect

// Operands, result and effects.
struct OpInfo {
  char params[4] = {};  // letters of instructions.def
  uint8_t param_count = 0;
  char result = 0;  // 0: none
  Imm imm = Imm::None;
  uint32_t effects = 0;

  constexpr bool has(uint32_t flags) const { return (effects & flags) != 0; }
  constexpr bool is_terminator() const { return has(effect::Terminator); }
  // Depends on its operands and immediate alone, and does nothing else.
  constexpr bool is_pure() const {
    return !has(effect::Reads | effect::Writes | effect::MayTrap | effect::Allocates |
                effect::Terminator | effect::Pinned);
  }
};

extern const std::array<OpInfo, static_cast<size_t>(Op::InvokeRef) + 1> kOps;
inline const OpInfo& info(Op op) { return kOps[static_cast<size_t>(op)]; }
std::string_view text(Op op);

inline constexpr size_t kMaxRuntimeOperands = 6;
struct RuntimeCallInfo {
  std::string_view text;
  std::string_view params;  // letters
  char result = 0;
  uint32_t effects = 0;
};
const RuntimeCallInfo& info(RuntimeCall call);

}  // namespace wrun::ir
