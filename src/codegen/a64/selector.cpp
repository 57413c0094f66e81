#include "codegen/a64/selector.hpp"

#include "codegen/a64/assembler.hpp"

namespace wrun::codegen::a64 {

std::expected<SelectedFunction, ir::Unsupported> select(const ir::Function& function) {
  return Selector(function).run();
}

Selector::Selector(const ir::Function& function) : SelectorBase(function, kConvention) {}

bool Selector::select_machine() {
  return select_integer() || select_float() || select_memory() || select_control() ||
         select_reference() || select_simd() || select_atomic();
}

// --- values

VReg Selector::in_register(Value value) {
  if (!is_constant(value)) return vreg(value);
  const ir::Instruction& constant = function_[value];
  if (constant.type == Type::V128) return vector_constant(function_.vectors()[constant.immediate]);
  // What takes more than two instructions for the integer and one for the move is read from memory.
  constexpr uint32_t kMostSteps = 2;
  if (constant.type == Type::F64 && constant_cost(constant.immediate, 8) > kMostSteps)
    return vector_constant(wasm::V128{constant.immediate, 0});
  const VReg loaded = fresh(value_type(constant.type));
  emit(Form::LoadConstant, 0, bytes_of(constant.type), {d(loaded)}).immediate =
      constant.op == Op::RefNull ? 0 : constant.immediate;
  return loaded;
}

std::optional<uint64_t> Selector::number(Value value, uint8_t size) const {
  const ir::Instruction& insn = function_[value];
  if (insn.op == Op::RefNull) return 0;
  if (insn.op == Op::I32Const) return size == 4 ? insn.immediate & 0xffffffff : insn.immediate;
  if (insn.op == Op::I64Const) return insn.immediate;
  return std::nullopt;
}

// --- instructions

Instruction& Selector::emit(Form form, InstId id, uint8_t size, Operands operands,
                            const Address& address) {
  Instruction& insn = emit(form, id, size, operands);
  set_address(insn, address);
  return insn;
}

void Selector::trap_if(const Test& test, TrapCode trap, VReg about) {
  if (!test.reg.exists()) return trap_if(test.condition, trap, about);
  const bool has_operand = about.exists() && (trap == TrapCode::UndefinedElement ||
                                              trap == TrapCode::UninitializedElement);
  Instruction& insn = has_operand
                          ? emit(Form::TrapIfRegister, 0, test.size, {u(test.reg), u(about)})
                          : emit(Form::TrapIfRegister, 0, test.size, {u(test.reg)});
  insn.condition = static_cast<uint8_t>(test.condition);
  insn.displacement = test.bit;
  may_trap(insn, trap);
}

VReg Selector::vector_constant(wasm::V128 bits) {
  const VReg loaded = fresh(ValueType::V128);
  if (bits[0] == 0 && bits[1] == 0) {
    emit(Form::LoadConstant, 0, 16, {d(loaded)});
    return loaded;
  }
  load_from(loaded, Id::kIdLdr_v, 16, 16,
            {.kind = AddressKind::Constant, .displacement = static_cast<int32_t>(constant(bits))});
  return loaded;
}

VReg Selector::load_pointer(const Address& address) {
  const VReg pointer = fresh(ValueType::I64);
  load_from(pointer, Id::kIdLdr, 8, 8, address);
  return pointer;
}

}  // namespace wrun::codegen::a64
