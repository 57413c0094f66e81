// Control flow.
#include "codegen/x64/selector.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::x64 {

using runtime::VMContext;

bool Selector::select_control() {
  switch (insn().op) {
    case Op::Branch: branch(); break;
    case Op::TrapIf: {
      Test when = test(operand(0), false);
      trap_if(when.negated ? negate(when.condition) : when.condition, insn().trap);
      break;
    }
    case Op::InterruptCheck: {
      const VReg flag = load_pointer(in_context(offsetof(VMContext, interrupt_flag)));
      emit(Form::CompareImm, Id::kIdCmp, 1, {}, at(flag)).trap = 0;
      trap_if(Condition::NotEqual, TrapCode::Interrupted);
      break;
    }
    case Op::ConsumeFuel: {
      const VReg fuel = load_pointer(in_context(offsetof(VMContext, fuel)));
      Instruction& compare = emit(Form::CompareImm, Id::kIdCmp, 8, {}, at(fuel));
      compare.immediate = insn().low();
      compare.trap = 0;
      trap_if(Condition::Less, TrapCode::OutOfFuel);
      Instruction& subtract = emit(Form::StoreImm, Id::kIdSub, 8, {}, at(fuel));
      subtract.immediate = insn().low();
      subtract.trap = 0;
      break;
    }
    default: return false;
  }
  return true;
}

void Selector::branch() {
  const Test when = test(operand(0), true);
  Instruction& insn = emit(CommonForm::Branch);
  Condition condition = when.condition;
  if (when.negated && !when.or_parity) condition = negate(condition);
  insn.condition = static_cast<uint8_t>(condition);
  insn.immediate = when.or_parity;
  if (when.negated && when.or_parity) {
    // The edges have been made already: true, then false.
    MachineBlock& block = out_.machine.blocks[machine_block_[function_.block_of(current_).index]];
    std::swap(out_.machine.edges[block.first_edge], out_.machine.edges[block.first_edge + 1]);
  }
}

}  // namespace wrun::codegen::x64
