// What instructions have in common on every machine: forms that are not about computing, addresses.
#pragma once

#include <cstdint>

#include "codegen/machine_function.hpp"
#include "ir/function.hpp"
#include "wasm/v128.hpp"

namespace wrun::codegen {

// Instruction::extra, from a number on that the forms of a machine stay below. Operands in their order: d a
// definition, a b registers.
enum class CommonForm : uint8_t {
  Jump = 0xc0,
  Branch,  // by the condition
  Switch,  // a t
  Invoke,  // after a call with a landing: to the first edge; exceptions come to the second
  Trap,
  TrapIf,        // (a)    by the condition; a is what the trap is about
  Params,        // function parameters in registers
  LoadParam,     // d      stack word `immediate`
  ReserveStack,  // `immediate` words; may be negative
  StoreWord,     // b    stack word `immediate` of the words of a call
  LoadWord,      // d
  StackAddress,  // d    where the words of a call begin
  StoreResult,   // b    stack word `immediate` of this function's results
  // Calls: the function or type, and the words of arguments on the stack from bit 32 of `immediate` on
  CallDirect,
  CallForeign,
  CallReference,
  CallRuntime,
  TailCallDirect,
  TailCallForeign,
  TailCallReference,
  Return,
  TestType,  // d t, a, type     `condition`: test_type bits, `immediate`: depth of the type
  TestKind,  // d t, a           `condition`: nullable, `immediate`: bits of the heap type
};
constexpr bool is_common(const Instruction& insn) {
  return insn.extra >= static_cast<uint8_t>(CommonForm::Jump);
}
constexpr bool has_form(const Instruction& insn, CommonForm form) {
  return insn.extra == static_cast<uint8_t>(form);
}

namespace test_type {
enum : uint8_t { Nullable = 1, Exact = 2, Function = 4 };
}

// Instruction::address
enum class AddressKind : uint8_t {
  None,
  Base,  // the first of its registers
  MemoryBase,
  VmContext,
  Constant,  // number `displacement` of the constants
};
inline constexpr uint8_t kIndexed = 0x80;  // has an index register

struct Address {
  AddressKind kind = AddressKind::None;
  VReg base = {};
  VReg index = {};
  uint8_t scale_log2 = 0;
  int32_t displacement = 0;
  ir::Value load = {};  // that is taken into another instruction
};

inline constexpr uint8_t kCallClobbers = 1;  // of the clobber sets

struct SelectedFunction {
  MachineFunction machine;
  std::vector<wasm::V128> constants;
  bool has_calls = false;
};

constexpr ValueType value_type(ir::Type type) {
  switch (type) {
    case ir::Type::I32:  return ValueType::I32;
    case ir::Type::F32:  return ValueType::F32;
    case ir::Type::F64:  return ValueType::F64;
    case ir::Type::V128: return ValueType::V128;
    default:             return ValueType::I64;
  }
}
constexpr uint8_t bytes_of(ir::Type type) {
  switch (type) {
    case ir::Type::I32:
    case ir::Type::F32:  return 4;
    case ir::Type::V128: return 16;
    default:             return 8;
  }
}

}  // namespace wrun::codegen
