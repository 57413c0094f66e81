// Atomic accesses (threads proposal). The processor keeps all of its accesses in the order that is asked
// for but loads ahead of earlier stores: stores are exchanges.
#include "codegen/atomic_operation.hpp"
#include "codegen/x64/selector.hpp"

namespace wrun::codegen::x64 {

bool Selector::select_atomic() {
  const auto operation = atomic_operation(insn().op);
  if (!operation) return false;
  const uint8_t bytes = operation->bytes;
  switch (operation->kind) {
    case AtomicKind::Load:
      load(bytes < 4 ? Id::kIdMovzx : Id::kIdMov, bytes == 8 ? 8 : 4, bytes);
      break;
    case AtomicKind::Store:           atomic_store(bytes); break;
    case AtomicKind::Add:             atomic_exchange(Id::kIdAdd, bytes); break;
    case AtomicKind::Sub:             atomic_exchange(Id::kIdSub, bytes); break;
    case AtomicKind::Exchange:        atomic_exchange(Id::kIdXchg, bytes); break;
    case AtomicKind::And:             atomic_update(Id::kIdAnd, bytes); break;
    case AtomicKind::Or:              atomic_update(Id::kIdOr, bytes); break;
    case AtomicKind::Xor:             atomic_update(Id::kIdXor, bytes); break;
    case AtomicKind::CompareExchange: atomic_compare_exchange(bytes); break;
  }
  return true;
}

void Selector::set_atomic_address(Instruction& insn, const Address& place) {
  set_address(insn, place);
  if (this->insn().access().is_checked) insn.trap = 0;
}

void Selector::zero_extend(VReg to, VReg from, uint8_t bytes) {
  const InstId id = bytes < 4 ? Id::kIdMovzx : Id::kIdMov;
  emit(Form::Unary, id, bytes == 8 ? 8 : 4, {d(to), u(from)}).condition = bytes;
}

void Selector::atomic_store(uint8_t bytes) {
  const VReg value = in_register(operand(1));
  const Address place = address(operand(0), insn().access());
  const VReg old = fresh(bytes == 8 ? ValueType::I64 : ValueType::I32);
  set_atomic_address(emit(Form::TiedMemory, Id::kIdXchg, bytes, {tied_d(old), tied_u(value)}),
                     place);
}

// What there was comes in the register that the operand was in.
void Selector::atomic_exchange(InstId id, uint8_t bytes) {
  VReg value = in_register(operand(1));
  const Address place = address(operand(0), insn().access());
  const ValueType type = bytes == 8 ? ValueType::I64 : ValueType::I32;
  if (id == Id::kIdSub) {
    const VReg negated = fresh(type);
    emit(Form::TiedOnly, Id::kIdNeg, bytes == 8 ? 8 : 4, {tied_d(negated), tied_u(value)});
    value = negated;
  }
  const VReg old = fresh(type);
  const InstId exchange = id == Id::kIdXchg ? Id::kIdXchg : Id::kIdXadd;
  set_atomic_address(emit(Form::TiedMemory, exchange, bytes, {tied_d(old), tied_u(value)}), place);
  if (vregs_[current_.index].exists()) zero_extend(vreg(current_), old, bytes);
}

void Selector::atomic_update(InstId id, uint8_t bytes) {
  const VReg value = in_register(operand(1));
  const Address place = address(operand(0), insn().access());
  if (!vregs_[current_.index].exists())
    return set_atomic_address(emit(Form::LockedStore, id, bytes, {u(value)}), place);
  const VReg updated = fresh(bytes == 8 ? ValueType::I64 : ValueType::I32);
  set_atomic_address(emit(Form::AtomicUpdate, id, bytes,
                          {early_fixed_d(vreg(current_), kRax), early_d(updated), u(value)}),
                     place);
}

void Selector::atomic_compare_exchange(uint8_t bytes) {
  const VReg expected = in_register(operand(1));
  const VReg replacement = in_register(operand(2));
  const Address place = address(operand(0), insn().access());
  const VReg old = fresh(bytes == 8 ? ValueType::I64 : ValueType::I32);
  set_atomic_address(emit(Form::CompareExchange, Id::kIdCmpxchg, bytes,
                          {fixed_d(old, kRax), fixed_u(expected, kRax), u(replacement)}),
                     place);
  if (vregs_[current_.index].exists()) zero_extend(vreg(current_), old, bytes);
}

}  // namespace wrun::codegen::x64
