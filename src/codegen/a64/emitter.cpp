#include "codegen/a64/emitter.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::a64 {

using namespace asmjit::a64::regs;
using Inst = asmjit::a64::Inst;

namespace {

const Gp kFrame = x29;
const Gp kContext = a64::gp(kConvention.vm_context);
const Gp kMemory = a64::gp(kConvention.memory_base);
constexpr int64_t kStackAlignment = 16;  // the processor faults at others, an emulator does not

}  // namespace

std::optional<CompiledFunction> emit(const ir::Function& function, const SelectedFunction& selected,
                                     const Allocation& allocation, Listing* listing) {
  return Emitter(function, selected, allocation, listing).run();
}

Emitter::Emitter(const ir::Function& function, const SelectedFunction& selected,
                 const Allocation& allocation, Listing* listing)
    : EmitterBase(function, selected, allocation, kConvention, asm_) {
  attach(asmjit::Arch::kAArch64, listing);
}

// --- frames

void Emitter::prologue() {
  asm_.stp(x29, x30, asmjit::a64::ptr_pre(sp, -16));
  asm_.mov(x29, sp);
  const uint32_t total = frame_bytes_ + bytes_for_calls();
  result_.frame_bytes = frame_bytes_;
  if (selected_.has_calls || total > kSmallFrameBytes) {
    const uint32_t body = function_.module().functions[function_.index()].body_offset;
    asm_.ldr(kTemp, asm_.at(kContext, offsetof(runtime::VMContext, stack_limit), 8));
    if (total > kSmallFrameBytes) {
      asm_.add_constant(kTemp2, x29, -int64_t{total}, kTemp2);
      asm_.cmp(kTemp2, kTemp);
    } else {
      asm_.cmp(x29, kTemp);
    }
    asm_.branch_if(static_cast<uint8_t>(Condition::Below),
                   trap_label(TrapCode::CallStackExhausted, {.offset = body}));
  }
  WRUN_CHECK(frame_bytes_ % kStackAlignment == 0);
  if (frame_bytes_ != 0) asm_.add_constant(sp, sp, -int64_t{frame_bytes_});
  int32_t below = 0;
  const auto each = saved_.begin();
  for (auto reg = each; reg != saved_.end(); ++reg) {
    const Reg first = *reg;
    auto next = reg;
    if (++next != saved_.end()) {
      below -= 2 * static_cast<int32_t>(kWordBytes);
      asm_.stp(a64::gp(*next), a64::gp(first), asmjit::a64::ptr(x29, below));
      reg = next;
    } else {
      asm_.stur(a64::gp(first), asmjit::a64::ptr(x29, below - static_cast<int32_t>(kWordBytes)));
    }
  }
}

void Emitter::restore_saved() {
  int32_t below = 0;
  for (auto reg = saved_.begin(); reg != saved_.end(); ++reg) {
    const Reg first = *reg;
    auto next = reg;
    if (++next != saved_.end()) {
      below -= 2 * static_cast<int32_t>(kWordBytes);
      asm_.ldp(a64::gp(*next), a64::gp(first), asmjit::a64::ptr(x29, below));
      reg = next;
    } else {
      asm_.ldur(a64::gp(first), asmjit::a64::ptr(x29, below - static_cast<int32_t>(kWordBytes)));
    }
  }
}

void Emitter::epilogue() {
  restore_saved();
  if (frame_bytes_ != 0) asm_.mov(sp, x29);
  asm_.ldp(x29, x30, asmjit::a64::ptr_post(sp, 16));
}

void Emitter::release_stack_at_landing() {
  asm_.add_constant(sp, x29, -int64_t{frame_bytes_});
  reserved_bytes_ = 0;
}

void Emitter::move_to_trap_operand(Reg from) {
  if (from != kTrapOperand) asm_.mov(a64::gp(kTrapOperand), a64::gp(from));
}

// --- operands

asmjit::Operand Emitter::view(Reg reg, uint32_t size, uint32_t lanes) {
  if (reg.reg_class() == RegClass::Integer) return a64::gp(reg, size);
  const Vec all = vec(reg);
  switch (lanes) {
    case kB16: return all.b16();
    case kH8:  return all.h8();
    case kS4:  return all.s4();
    case kD2:  return all.d2();
    case kB8:  return all.b8();
    case kH4:  return all.h4();
    case kS2:  return all.s2();
    default:   break;
  }
  switch (size) {
    case 1:  return all.b();
    case 2:  return all.h();
    case 4:  return all.s();
    case 8:  return all.d();
    default: return all.q();
  }
}

Vec Emitter::lane(Reg reg, uint32_t lanes, uint32_t index) {
  switch (lanes) {
    case kB16: return vec(reg).b(index);
    case kH8:  return vec(reg).h(index);
    case kS4:  return vec(reg).s(index);
    default:   return vec(reg).d(index);
  }
}

// Slots are addressed upwards from the stack pointer, where offsets reach farther.
Mem Emitter::slot(Location location, uint32_t size) {
  const uint32_t count = size == 16 ? 2 : 1;
  const int64_t below = int64_t{saved_.size() + location.slot_word() + count} * kWordBytes;
  return asm_.at(sp, reserved_bytes_ + frame_bytes_ - below, size, kTemp2);
}

Mem Emitter::memory(const Instruction& insn, uint32_t i, uint32_t bytes) {
  const auto kind = static_cast<AddressKind>(insn.address & ~kIndexed);
  if (kind == AddressKind::Constant) return asmjit::a64::ptr(constants_, insn.displacement * 16);
  Gp base = kMemory;
  if (kind == AddressKind::VmContext) base = kContext;
  if (kind == AddressKind::Base) base = gp(insn, i++, 8);
  if ((insn.address & kIndexed) == 0) return asm_.at(base, insn.displacement, bytes);
  const Gp index = gp(insn, i, 8);
  const uint32_t scale = insn.scale_log2;
  const auto by = arm::Shift(arm::ShiftOp::kLSL, scale);
  if (insn.displacement == 0 && scale == 0) return asmjit::a64::ptr(base, index);
  if (insn.displacement == 0 && 1u << scale == bytes) return asmjit::a64::ptr(base, index, by);
  if (scale == 0)
    asm_.add(kTemp, base, index);
  else
    asm_.add(kTemp, base, index, asmjit::Imm(by));
  return asm_.at(kTemp, insn.displacement, bytes, kTemp);
}

Gp Emitter::address(const Instruction& insn, uint32_t i) {
  const auto kind = static_cast<AddressKind>(insn.address & ~kIndexed);
  Gp base = kind == AddressKind::VmContext ? kContext : kMemory;
  if (kind == AddressKind::Base) base = gp(insn, i++, 8);
  if ((insn.address & kIndexed) != 0) {
    const Gp index = gp(insn, i, 8);
    asm_.add(kTemp, base, index, shift_by(arm::ShiftOp::kLSL, insn.scale_log2));
    base = kTemp;
  }
  if (insn.displacement == 0) return base;
  asm_.add_constant(kTemp, base, insn.displacement, kTemp2);
  return kTemp;
}

// --- moves

void Emitter::emit_move(const Move& move) {
  if (move.is_exchange) {
    asm_.mov(kTemp, a64::gp(move.from.reg()));
    asm_.mov(a64::gp(move.from.reg()), a64::gp(move.to.reg()));
    asm_.mov(a64::gp(move.to.reg()), kTemp);
    return;
  }
  const bool is_vector_type = reg_class(move.type) == RegClass::Vector;
  const uint32_t size = move.type == ValueType::V128 ? 16 : move.type == ValueType::F32 ? 4 : 8;
  if (move.from.is_slot() && move.to.is_slot()) {
    for (uint32_t word = 0; word < words(move.type); ++word) {
      // Of two words the first one has the lower address.
      const auto of = [&](Location location) {
        return Location::slot(location.slot_word() + words(move.type) - 1 - word);
      };
      asm_.ldr(kTemp, slot(of(move.from), kWordBytes));
      asm_.str(kTemp, slot(of(move.to), kWordBytes));
    }
    return;
  }
  if (move.from.is_slot()) {
    const Reg to = move.to.reg();
    if (to.reg_class() == RegClass::Vector)
      asm_.emit(Inst::kIdLdr_v, view(to, is_vector_type ? size : 8),
                slot(move.from, is_vector_type ? size : 8));
    else
      asm_.ldr(a64::gp(to), slot(move.from, 8));
    return;
  }
  const Reg from = move.from.reg();
  if (move.to.is_slot()) {
    if (from.reg_class() == RegClass::Vector)
      asm_.emit(Inst::kIdStr_v, view(from, is_vector_type ? size : 8),
                slot(move.to, is_vector_type ? size : 8));
    else
      asm_.str(a64::gp(from), slot(move.to, 8));
    return;
  }
  const Reg to = move.to.reg();
  if (from.reg_class() == RegClass::Vector && to.reg_class() == RegClass::Vector) {
    if (move.type == ValueType::V128)
      asm_.emit(Inst::kIdMov_v, view(to, 16, kB16), view(from, 16, kB16));
    else
      asm_.emit(Inst::kIdFmov_v, view(to, 8), view(from, 8));
  } else if (from.reg_class() != to.reg_class()) {
    asm_.emit(Inst::kIdFmov_v, view(to, 8), view(from, 8));
  } else {
    asm_.mov(a64::gp(to), a64::gp(from));
  }
}

// --- instructions

void Emitter::emit_instruction(uint32_t index, uint32_t block) {
  const Instruction& insn = machine_.instructions[index];
  note_origin(origin_of(insn));
  if (is_common(insn))
    emit_common(index, block);
  else
    emit_own(insn);
}

void Emitter::emit_own(const Instruction& insn) {
  const uint32_t size = insn.size;
  const asmjit::InstId id = insn.op;
  const asmjit::Imm immediate(static_cast<int64_t>(insn.immediate));
  const uint32_t written = insn.condition & 15;
  const uint32_t read = insn.condition >> 4;
  const uint32_t source_size = insn.scale_log2 != 0 ? insn.scale_log2 : size;
  const auto to_memory = [&](const asmjit::Operand& reg, uint32_t i, uint32_t bytes) {
    const Mem mem = memory(insn, i, bytes);
    if (insn.trap != 0) trap_site(insn);
    asm_.emit(id, reg, mem);
  };
  const auto in_register = [&](uint32_t i) {
    const Gp base = address(insn, i);
    if (insn.trap != 0) trap_site(insn);
    return asmjit::a64::ptr(base);
  };
  switch (static_cast<Form>(insn.extra)) {
    case Form::Unary:
      asm_.emit(id, view(insn, 0, size, written), view(insn, 1, source_size, read));
      break;
    case Form::Binary:
      asm_.emit(id, view(insn, 0, size, written), view(insn, 1, size, read),
                view(insn, 2, size, read));
      break;
    case Form::BinaryImm:
      asm_.emit(id, view(insn, 0, size, written), view(insn, 1, size, read), immediate);
      break;
    case Form::TernaryImm:
      asm_.emit(id, view(insn, 0, size, written), view(insn, 1, size, read),
                view(insn, 2, size, read), immediate);
      break;
    case Form::UnaryImm: asm_.emit(id, view(insn, 0, size, written), immediate); break;
    case Form::Ternary:
      asm_.emit(id, view(insn, 0, size, written), view(insn, 1, size, read),
                view(insn, 2, size, read), view(insn, 3, size, read));
      break;
    case Form::Tied:
      asm_.emit(id, view(insn, 0, size, written), view(insn, 2, source_size, read));
      break;
    case Form::TiedBinary:
      asm_.emit(id, view(insn, 0, size, written), view(insn, 2, size, read),
                view(insn, 3, size, read));
      break;
    case Form::FromLane:
      asm_.emit(id, view(insn, 0, size, written),
                lane(at(insn, 1).reg(), read, static_cast<uint32_t>(insn.immediate)));
      break;
    case Form::ToLane: {
      const Vec to = lane(at(insn, 0).reg(), written, static_cast<uint32_t>(insn.immediate));
      if (at(insn, 2).reg().reg_class() == RegClass::Vector)
        asm_.emit(id, to, lane(at(insn, 2).reg(), written, 0));
      else
        asm_.emit(id, to, view(insn, 2, size));
      break;
    }
    case Form::BinaryShift: {
      constexpr arm::ShiftOp kHow[] = {arm::ShiftOp::kLSL, arm::ShiftOp::kLSR, arm::ShiftOp::kASR,
                                       arm::ShiftOp::kUXTW, arm::ShiftOp::kSXTW};
      // Of an extended register asmjit, too, wants all of it.
      asm_.emit(id, gp(insn, 0, size), gp(insn, 1, size), gp(insn, 2, size),
                shift_by(kHow[insn.condition], insn.scale_log2));
      break;
    }
    case Form::Compare:    asm_.emit(id, view(insn, 0, size), view(insn, 1, size)); break;
    case Form::CompareImm: asm_.emit(id, view(insn, 0, size), immediate); break;
    case Form::Load:       to_memory(view(insn, 0, size), 1, insn.condition); break;
    case Form::Store:      to_memory(view(insn, 0, size), 1, insn.condition); break;
    case Form::StoreZero:
      to_memory(size == 8 ? asmjit::Operand(xzr) : asmjit::Operand(wzr), 0, insn.condition);
      break;
    case Form::LoadLane: {
      const Mem mem = in_register(2);
      asm_.emit(id, lane(at(insn, 0).reg(), written, static_cast<uint32_t>(insn.immediate)), mem);
      break;
    }
    case Form::StoreLane: {
      const Mem mem = in_register(1);
      asm_.emit(id, lane(at(insn, 0).reg(), written, static_cast<uint32_t>(insn.immediate)), mem);
      break;
    }
    case Form::LoadSplat: {
      const Mem mem = in_register(1);
      asm_.emit(id, view(insn, 0, size, written), mem);
      break;
    }
    case Form::Fence:        asm_.dmb(asmjit::Imm(asmjit::a64::Predicate::DB::kISH)); break;
    case Form::LoadConstant: load_constant(insn); break;
    case Form::Copy:         copy(insn); break;
    case Form::Lea:          asm_.mov(gp(insn, 0, 8), address(insn, 1)); break;
    case Form::Set:
      asm_.cset(gp(insn, 0, 4), asmjit::Imm(static_cast<uint32_t>(insn.condition)));
      break;
    case Form::Select:         select(insn); break;
    case Form::TrapIfRegister: trap_if(insn, 1); break;
    case Form::CountTrailing:
      asm_.rbit(gp(insn, 0, size), gp(insn, 1, size));
      asm_.clz(gp(insn, 0, size), gp(insn, 0, size));
      break;
    case Form::CountOnes:       count_ones(insn); break;
    case Form::RotateLeft:      rotate_left(insn); break;
    case Form::Divide:          divide(insn); break;
    case Form::Copysign:        copysign(insn); break;
    case Form::Truncate:        truncate(insn); break;
    case Form::SelectVector:    select_vector(insn); break;
    case Form::Bitmask64:       bitmask_64(insn); break;
    case Form::AtomicLoad:      atomic_load(insn); break;
    case Form::AtomicStore:     atomic_store(insn); break;
    case Form::AtomicUpdate:    atomic_update(insn); break;
    case Form::CompareExchange: compare_exchange(insn); break;
  }
}

void Emitter::emit_common(uint32_t index, uint32_t block) {
  const Instruction& insn = machine_.instructions[index];
  const auto first_edge = [&] { return machine_.edges[machine_.blocks[block].first_edge].target; };
  switch (static_cast<CommonForm>(insn.extra)) {
    case CommonForm::TestType: test_type(insn); break;
    case CommonForm::TestKind: test_kind(insn); break;
    case CommonForm::Jump:
    case CommonForm::Invoke:   jump(first_edge(), block); break;
    case CommonForm::Branch:   branch(insn, block); break;
    case CommonForm::Switch:   switch_table(insn, block); break;
    case CommonForm::Trap:
      trap_site(insn);
      emit_trap();
      break;
    case CommonForm::TrapIf: trap_if(insn, 0); break;
    case CommonForm::Params: break;
    case CommonForm::LoadParam:
      emit_word(insn, kFrame, kArgumentsAt + static_cast<int64_t>(insn.immediate * kWordBytes),
                false);
      break;
    case CommonForm::LoadWord:
      emit_word(insn, sp, static_cast<int64_t>(insn.immediate * kWordBytes), false);
      break;
    case CommonForm::StackAddress: asm_.mov(gp(insn, 0, 8), sp); break;
    case CommonForm::StoreWord:
      emit_word(insn, sp, static_cast<int64_t>(insn.immediate * kWordBytes), true);
      break;
    case CommonForm::StoreResult:
      emit_word(
          insn, kFrame,
          kArgumentsAt + static_cast<int64_t>((own_argument_words() + insn.immediate) * kWordBytes),
          true);
      break;
    case CommonForm::ReserveStack: {
      const int64_t bytes = static_cast<int64_t>(insn.immediate) * kWordBytes;
      WRUN_CHECK(bytes % kStackAlignment == 0);
      asm_.add_constant(sp, sp, -bytes);
      reserved_bytes_ += bytes;
      break;
    }
    case CommonForm::CallDirect:
    case CommonForm::CallForeign:
    case CommonForm::CallReference:
    case CommonForm::CallRuntime:       call(index, block); break;
    case CommonForm::TailCallDirect:
    case CommonForm::TailCallForeign:
    case CommonForm::TailCallReference: tail_call(insn); break;
    case CommonForm::Return:
      epilogue();
      asm_.add_constant(sp, sp, int64_t{own_argument_words()} * kWordBytes);
      asm_.ret(x30);
      break;
  }
}

// A word of the stack, or two; an i32 has zeros above there, too.
void Emitter::emit_word(const Instruction& insn, const Gp& base, int64_t offset, bool is_store) {
  const Reg reg = at(insn, 0).reg();
  const bool is_vector = reg.reg_class() == RegClass::Vector;
  const uint32_t size = is_vector || !is_store ? insn.size : 8;
  const asmjit::InstId id = is_vector ? (is_store ? Inst::kIdStr_v : Inst::kIdLdr_v)
                                      : (is_store ? Inst::kIdStr : Inst::kIdLdr);
  asm_.emit(id, view(reg, size), asm_.at(base, offset, size));
}

}  // namespace wrun::codegen::a64
