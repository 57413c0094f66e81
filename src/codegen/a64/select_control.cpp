// Control flow.
#include "codegen/a64/selector.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::a64 {

using runtime::VMContext;

bool Selector::select_control() {
  switch (insn().op) {
    case Op::Branch:         branch(); break;
    case Op::TrapIf:         trap_if(test(operand(0), true), insn().trap); break;
    case Op::InterruptCheck: {
      const VReg flag = load_pointer(in_context(offsetof(VMContext, interrupt_flag)));
      const VReg value = fresh(ValueType::I32);
      load_from(value, Id::kIdLdrb, 4, 1, at(flag));
      trap_if(Test{.reg = value}, TrapCode::Interrupted);
      break;
    }
    case Op::ConsumeFuel: {
      const VReg fuel = load_pointer(in_context(offsetof(VMContext, fuel)));
      const VReg left = fresh(ValueType::I64);
      load_from(left, Id::kIdLdr, 8, 8, at(fuel));
      const VReg amount = i32(insn().low());
      const VReg rest = fresh(ValueType::I64);
      emit(Form::Binary, Id::kIdSubs, 8, {d(rest), u(left), u(amount)});
      trap_if(Condition::Less, TrapCode::OutOfFuel);
      emit(Form::Store, Id::kIdStr, 8, {u(rest)}, at(fuel)).trap = 0;
      break;
    }
    default: return false;
  }
  return true;
}

void Selector::branch() {
  const Test when = test(operand(0), true);
  Instruction& insn = when.reg.exists() ? emit(CommonForm::Branch, when.size, {u(when.reg)})
                                        : emit(CommonForm::Branch);
  insn.condition = static_cast<uint8_t>(when.condition);
  insn.displacement = when.bit;
}

}  // namespace wrun::codegen::a64
