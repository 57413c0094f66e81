// Atomic accesses (threads proposal): sequentially consistent, as loads that acquire and stores that release
// are among each other; updates are loops that anything else that writes there makes repeat.
#include "codegen/a64/selector.hpp"
#include "codegen/atomic_operation.hpp"

namespace wrun::codegen::a64 {

bool Selector::select_atomic() {
  const auto operation = atomic_operation(insn().op);
  if (!operation) return false;
  const uint8_t bytes = operation->bytes;
  switch (operation->kind) {
    case AtomicKind::Load: {
      const VReg result = vreg(current_);
      const Address from = address(operand(0), insn().access());
      atomic(emit(Form::AtomicLoad, 0, bytes, {d(result)}), from);
      break;
    }
    case AtomicKind::Store: {
      const VReg value = in_register(operand(1));
      const Address to = address(operand(0), insn().access());
      atomic(emit(Form::AtomicStore, 0, bytes, {u(value)}), to);
      break;
    }
    case AtomicKind::Add:             atomic_update(Id::kIdAdd, bytes); break;
    case AtomicKind::Sub:             atomic_update(Id::kIdSub, bytes); break;
    case AtomicKind::Exchange:        atomic_update(Id::kIdNone, bytes); break;
    case AtomicKind::And:             atomic_update(Id::kIdAnd, bytes); break;
    case AtomicKind::Or:              atomic_update(Id::kIdOrr, bytes); break;
    case AtomicKind::Xor:             atomic_update(Id::kIdEor, bytes); break;
    case AtomicKind::CompareExchange: compare_exchange(bytes); break;
  }
  return true;
}

void Selector::atomic(Instruction& insn, const Address& place) {
  set_address(insn, place);
  if (this->insn().access().is_checked) insn.trap = 0;
}

void Selector::atomic_update(InstId id, uint8_t bytes) {
  const VReg value = in_register(operand(1));
  const Address place = address(operand(0), insn().access());
  const VReg old = vregs_[current_.index].exists() ? vreg(current_) : fresh(ValueType::I64);
  const VReg updated = fresh(ValueType::I64);
  atomic(emit(Form::AtomicUpdate, id, bytes, {early_d(old), early_d(updated), u(value)}), place);
}

void Selector::compare_exchange(uint8_t bytes) {
  const VReg expected = in_register(operand(1));
  const VReg replacement = in_register(operand(2));
  const Address place = address(operand(0), insn().access());
  const VReg old = vregs_[current_.index].exists() ? vreg(current_) : fresh(ValueType::I64);
  atomic(emit(Form::CompareExchange, 0, bytes, {early_d(old), u(expected), u(replacement)}), place);
}

}  // namespace wrun::codegen::a64
