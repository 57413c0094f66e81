// Atomic accesses (threads proposal): sequentially consistent, as loads that acquire and stores that release
// are among each other; updates are loops that anything else that writes there makes repeat.
#include "codegen/a64/selector.hpp"

namespace wrun::codegen::a64 {

bool Selector::select_atomic() {
  const wasm::OpInfo& info =
      ir::is_wasm(insn().op) ? wasm::info(ir::to_wasm(insn().op)) : wasm::info(wasm::Op::Nop);
  if (!info.has(wasm::op_flag::Atomic) || !info.accesses_memory()) return false;
  const auto bytes = static_cast<uint8_t>(1u << info.access_log2());
  switch (insn().op) {
    case Op::I32AtomicLoad8U:
    case Op::I64AtomicLoad8U:
    case Op::I32AtomicLoad16U:
    case Op::I64AtomicLoad16U:
    case Op::I32AtomicLoad:
    case Op::I64AtomicLoad32U:
    case Op::I64AtomicLoad:    {
      const VReg result = vreg(current_);
      const Address from = address(operand(0), insn().access());
      atomic(emit(Form::AtomicLoad, 0, bytes, {d(result)}), from, bytes);
      break;
    }
    case Op::I32AtomicStore:
    case Op::I64AtomicStore:
    case Op::I32AtomicStore8:
    case Op::I32AtomicStore16:
    case Op::I64AtomicStore8:
    case Op::I64AtomicStore16:
    case Op::I64AtomicStore32: {
      const VReg value = in_register(operand(1));
      const Address to = address(operand(0), insn().access());
      atomic(emit(Form::AtomicStore, 0, bytes, {u(value)}), to, bytes);
      break;
    }
#define WRUN_UPDATES(operation)          \
  case Op::I32AtomicRmw##operation:      \
  case Op::I64AtomicRmw##operation:      \
  case Op::I32AtomicRmw8##operation##U:  \
  case Op::I32AtomicRmw16##operation##U: \
  case Op::I64AtomicRmw8##operation##U:  \
  case Op::I64AtomicRmw16##operation##U: \
  case Op::I64AtomicRmw32##operation##U:
      WRUN_UPDATES(Add) atomic_update(Id::kIdAdd, bytes);
      break;
      WRUN_UPDATES(Sub) atomic_update(Id::kIdSub, bytes);
      break;
      WRUN_UPDATES(Xchg) atomic_update(Id::kIdNone, bytes);
      break;
      WRUN_UPDATES(And) atomic_update(Id::kIdAnd, bytes);
      break;
      WRUN_UPDATES(Or) atomic_update(Id::kIdOrr, bytes);
      break;
      WRUN_UPDATES(Xor) atomic_update(Id::kIdEor, bytes);
      break;
      WRUN_UPDATES(Cmpxchg) {
        const VReg expected = in_register(operand(1));
        const VReg replacement = in_register(operand(2));
        const Address place = address(operand(0), insn().access());
        const VReg old = vregs_[current_.index].exists() ? vreg(current_) : fresh(ValueType::I64);
        atomic(emit(Form::CompareExchange, 0, bytes, {early_d(old), u(expected), u(replacement)}),
               place, bytes);
        break;
      }
#undef WRUN_UPDATES
    default: return false;
  }
  return true;
}

void Selector::atomic(Instruction& insn, const Address& place, uint8_t bytes) {
  set_address(insn, place);
  insn.condition = bytes;
  if (this->insn().access().is_checked) insn.trap = 0;
}

void Selector::atomic_update(InstId id, uint8_t bytes) {
  const VReg value = in_register(operand(1));
  const Address place = address(operand(0), insn().access());
  const VReg old = vregs_[current_.index].exists() ? vreg(current_) : fresh(ValueType::I64);
  const VReg updated = fresh(ValueType::I64);
  atomic(emit(Form::AtomicUpdate, id, bytes, {early_d(old), early_d(updated), u(value)}), place,
         bytes);
}

}  // namespace wrun::codegen::a64
