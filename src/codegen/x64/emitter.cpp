#include "codegen/x64/emitter.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::x64 {

namespace x86 = asmjit::x86;

std::optional<CompiledFunction> emit(const ir::Function& function, const SelectedFunction& selected,
                                     const Allocation& allocation, Listing* listing) {
  return Emitter(function, selected, allocation, listing).run();
}

Emitter::Emitter(const ir::Function& function, const SelectedFunction& selected,
                 const Allocation& allocation, Listing* listing)
    : EmitterBase(function, selected, allocation, kConvention, asm_) {
  attach(asmjit::Arch::kX64, listing);
}

void Emitter::prologue() {
  asm_.push(x86::rbp);
  asm_.mov(x86::rbp, x86::rsp);
  const uint32_t total = frame_bytes_ + bytes_for_calls();
  result_.frame_bytes = frame_bytes_;
  if (selected_.has_calls || total > kSmallFrameBytes) {
    const Mem limit =
        x86::qword_ptr(x86::r15, static_cast<int32_t>(offsetof(runtime::VMContext, stack_limit)));
    const uint32_t body = function_.module().functions[function_.index()].body_offset;
    if (total > kSmallFrameBytes) {
      asm_.lea(x86::rax, x86::ptr(x86::rsp, -static_cast<int32_t>(total)));
      asm_.cmp(x86::rax, limit);
    } else {
      asm_.cmp(x86::rsp, limit);
    }
    asm_.jb(trap_label(TrapCode::CallStackExhausted, {.offset = body}));
  }
  for (Reg reg : saved_) asm_.push(gp(reg, 8));
  if (allocation_.slot_words != 0)
    asm_.sub(x86::rsp, static_cast<int32_t>(allocation_.slot_words * kWordBytes));
}

void Emitter::epilogue() {
  if (allocation_.slot_words != 0)
    asm_.add(x86::rsp, static_cast<int32_t>(allocation_.slot_words * kWordBytes));
  Reg regs[Reg::kCount];
  uint32_t count = 0;
  for (Reg reg : saved_) regs[count++] = reg;
  while (count > 0) asm_.pop(gp(regs[--count], 8));
  asm_.pop(x86::rbp);
}

void Emitter::emit_move(const Move& move) {
  zero_flag_of_ = {};
  if (move.is_exchange) {
    asm_.xchg(gp(move.from.reg(), 8), gp(move.to.reg(), 8));
    return;
  }
  const bool is_vector_type = reg_class(move.type) == RegClass::Vector;
  const uint32_t size = move.type == ValueType::V128 ? 16 : move.type == ValueType::F32 ? 4 : 8;
  if (move.from.is_slot() && move.to.is_slot()) {
    const auto word = [&](Location location, uint32_t i) {
      Mem mem = slot(location, size);
      mem.addOffset(int64_t{i} * kWordBytes);
      mem.setSize(kWordBytes);
      return mem;
    };
    const uint32_t count = words(move.type);
    for (uint32_t i = 0; i < count; ++i) asm_.push(word(move.from, i));
    for (uint32_t i = count; i-- > 0;) asm_.pop(word(move.to, i));
    return;
  }
  const auto vector_id = move.type == ValueType::V128  ? x86::Inst::kIdVmovups
                         : move.type == ValueType::F32 ? x86::Inst::kIdVmovss
                                                       : x86::Inst::kIdVmovsd;
  if (move.from.is_slot()) {
    const Reg to = move.to.reg();
    if (is_vector_type)
      asm_.emit(vector_id, xmm(to), slot(move.from, size));
    else if (to.reg_class() == RegClass::Vector)
      asm_.vmovq(xmm(to), slot(move.from, 8));
    else if (move.type == ValueType::I32)
      asm_.mov(gp(to, 4), slot(move.from, 4));
    else
      asm_.mov(gp(to, 8), slot(move.from, 8));
    return;
  }
  const Reg from = move.from.reg();
  if (move.to.is_slot()) {
    if (is_vector_type)
      asm_.emit(vector_id, slot(move.to, size), xmm(from));
    else if (from.reg_class() == RegClass::Vector)
      asm_.vmovq(slot(move.to, 8), xmm(from));
    else
      asm_.mov(slot(move.to, 8), gp(from, 8));
    return;
  }
  const Reg to = move.to.reg();
  if (from.reg_class() == RegClass::Vector && to.reg_class() == RegClass::Vector)
    asm_.vmovaps(xmm(to), xmm(from));
  else if (from.reg_class() == RegClass::Vector)
    asm_.vmovq(gp(to, 8), xmm(from));
  else if (to.reg_class() == RegClass::Vector)
    asm_.vmovq(xmm(to), gp(from, 8));
  else if (move.type == ValueType::I32)
    asm_.mov(gp(to, 4), gp(from, 4));
  else
    asm_.mov(gp(to, 8), gp(from, 8));
}

Emitter::Mem Emitter::slot(Location location, uint32_t size) const {
  const uint32_t count = size == 16 ? 2 : 1;
  const auto below =
      static_cast<int32_t>((saved_.size() + location.slot_word() + count) * kWordBytes);
  return {x86::rbp, -below, size};
}

Emitter::Mem Emitter::memory(const Instruction& insn, uint32_t i, uint32_t size) const {
  const auto kind = static_cast<AddressKind>(insn.address & ~kIndexed);
  if (kind == AddressKind::Constant) {
    Mem mem = x86::ptr(constants_, insn.displacement * 16);
    mem.setSize(size);
    return mem;
  }
  Gp base = x86::r14;
  if (kind == AddressKind::VmContext) base = x86::r15;
  if (kind == AddressKind::Base) base = gp(insn, i++, 8);
  if ((insn.address & kIndexed) != 0)
    return {base, gp(insn, i, 8), insn.scale_log2, insn.displacement, size};
  return {base, insn.displacement, size};
}

asmjit::Operand Emitter::source(const Instruction& insn, uint32_t i, uint32_t size) const {
  if (insn.address != 0) return memory(insn, i, size);
  const Location location = at(insn, i);
  if (location.is_reg()) return reg(location.reg(), size);
  return slot(location, size);
}

void Emitter::emit_instruction(uint32_t index, uint32_t block) {
  const Instruction& insn = machine_.instructions[index];
  note_origin(origin_of(insn));
  if (is_common(insn))
    emit_common(index, block);
  else
    emit_own(index);
  note_zero_flag(insn);
}

void Emitter::emit_own(uint32_t index) {
  const Instruction& insn = machine_.instructions[index];
  const uint32_t size = insn.size;
  const uint32_t source_size = insn.condition != 0 ? insn.condition : size;
  const asmjit::InstId id = insn.op;
  const asmjit::Imm immediate(static_cast<int64_t>(insn.immediate));
  // Sequences have entries of their own.
  if (insn.trap != 0 && static_cast<Form>(insn.extra) < Form::Divide) trap_site(insn);
  switch (static_cast<Form>(insn.extra)) {
    case Form::Unary:    asm_.emit(id, reg(insn, 0, size), source(insn, 1, source_size)); break;
    case Form::UnaryImm: asm_.emit(id, reg(insn, 0, size), source(insn, 1, size), immediate); break;
    case Form::Tied:     asm_.emit(id, reg(insn, 0, size), source(insn, 2, size)); break;
    case Form::TiedImm:  asm_.emit(id, reg(insn, 0, size), immediate); break;
    case Form::TiedOnly: asm_.emit(id, reg(insn, 0, size)); break;
    case Form::TiedCl:   asm_.emit(id, reg(insn, 0, size), x86::cl); break;
    case Form::Three:
      asm_.emit(id, reg(insn, 0, size), reg(insn, 1, size), source(insn, 2, source_size));
      break;
    case Form::ThreeImm:
      asm_.emit(id, reg(insn, 0, size), reg(insn, 1, size), source(insn, 2, size), immediate);
      break;
    case Form::Four: asm_.emit(id, xmm(insn, 0), xmm(insn, 1), xmm(insn, 2), xmm(insn, 3)); break;
    case Form::ThreeShift:
      asm_.emit(id, reg(insn, 0, size), source(insn, 1, size), reg(insn, 2, size));
      break;
    case Form::Compare:
      // A test has its operand in memory first.
      if (is_in_zero_flag(index)) break;
      if (id == x86::Inst::kIdTest)
        asm_.emit(id, source(insn, 1, size), reg(insn, 0, size));
      else
        asm_.emit(id, reg(insn, 0, size), source(insn, 1, size));
      break;
    case Form::CompareImm: asm_.emit(id, source(insn, 0, size), immediate); break;
    case Form::Store:      asm_.emit(id, memory(insn, 1, size), reg(insn, 0, size)); break;
    case Form::StoreImm:   {
      int64_t value = static_cast<int64_t>(insn.immediate);
      if (size == 1) value = static_cast<int8_t>(value);
      if (size == 2) value = static_cast<int16_t>(value);
      asm_.emit(id, memory(insn, 0, size), asmjit::Imm(value));
      break;
    }
    case Form::LockedStore: asm_.lock().emit(id, memory(insn, 1, size), reg(insn, 0, size)); break;
    case Form::TiedMemory:
      // Exchanges lock without being told.
      if (id != x86::Inst::kIdXchg) asm_.lock();
      asm_.emit(id, memory(insn, 2, size), reg(insn, 0, size));
      break;
    case Form::CompareExchange:
      asm_.lock().emit(id, memory(insn, 3, size), reg(insn, 2, size), reg(insn, 0, size));
      break;
    case Form::AtomicUpdate: atomic_update(insn); break;
    case Form::LoadConstant: load_constant(index); break;
    case Form::Copy:         {
      // What is in the register is what it shall be.
      if (insn.address == 0 && at(insn, 1) == at(insn, 0)) break;
      asm_.emit(x86::Inst::kIdMov, gp(insn, 0, size), source(insn, 1, size));
      break;
    }
    case Form::Extract:       asm_.emit(id, reg(insn, 0, size), xmm(insn, 1), immediate); break;
    case Form::ExtractMemory: asm_.emit(id, memory(insn, 1, size), xmm(insn, 0), immediate); break;
    case Form::Insert:
      asm_.emit(id, xmm(insn, 0), xmm(insn, 1), reg(insn, 2, size), immediate);
      break;
    case Form::InsertMemory:
      asm_.emit(id, xmm(insn, 0), xmm(insn, 1), memory(insn, 2, size), immediate);
      break;
    case Form::Lea:    asm_.lea(gp(insn, 0, size), memory(insn, 1, 0)); break;
    case Form::Add:    add(insn); break;
    case Form::AddImm: add_immediate(insn); break;
    case Form::Set:
      asm_.emit(x86::Inst::setccFromCond(static_cast<x86::CondCode>(insn.condition)),
                gp(insn, 0, 1));
      asm_.movzx(gp(insn, 0, 4), gp(insn, 0, 1));
      break;
    case Form::CMove:             conditional_move(insn); break;
    case Form::MultiplyWide:      asm_.emit(id, reg(insn, 3, size)); break;
    case Form::Divide:            divide(index); break;
    case Form::FloatMin:
    case Form::FloatMax:          float_minimum(index); break;
    case Form::Truncate:          truncate(index); break;
    case Form::ConvertUnsigned64: convert_unsigned64(index); break;
  }
}

void Emitter::emit_common(uint32_t index, uint32_t block) {
  const Instruction& insn = machine_.instructions[index];
  switch (static_cast<CommonForm>(insn.extra)) {
    case CommonForm::TestType: test_type(insn); break;
    case CommonForm::TestKind: test_kind(insn); break;
    case CommonForm::Jump:
      jump(machine_.edges[machine_.blocks[block].first_edge].target, block);
      break;
    case CommonForm::Branch: branch(insn, block); break;
    case CommonForm::Switch: switch_table(insn, block); break;
    case CommonForm::Invoke:
      jump(machine_.edges[machine_.blocks[block].first_edge].target, block);
      break;
    case CommonForm::Trap:
      trap_site(insn);
      emit_trap();
      break;
    case CommonForm::TrapIf:
      asm_.emit(x86::Inst::jccFromCond(static_cast<x86::CondCode>(insn.condition)),
                trap_label(trap_of(insn), origin_of(insn)));
      if (insn.operand_count != 0) cold_.back().trap_operand = at(insn, 0).reg();
      break;
    case CommonForm::Params: break;
    case CommonForm::LoadParam:
      emit_word(insn, {x86::rbp, static_cast<int32_t>(16 + insn.immediate * kWordBytes)}, false);
      break;
    case CommonForm::LoadWord:
      emit_word(insn, {x86::rsp, static_cast<int32_t>(insn.immediate * kWordBytes)}, false);
      break;
    case CommonForm::StackAddress: asm_.mov(gp(insn, 0, 8), x86::rsp); break;
    case CommonForm::StoreWord:
      emit_word(insn, {x86::rsp, static_cast<int32_t>(insn.immediate * kWordBytes)}, true);
      break;
    case CommonForm::StoreResult: {
      const auto word = static_cast<int32_t>(own_argument_words() + insn.immediate);
      emit_word(insn, {x86::rbp, 16 + word * static_cast<int32_t>(kWordBytes)}, true);
      break;
    }
    case CommonForm::ReserveStack: {
      const int64_t bytes = static_cast<int64_t>(insn.immediate) * kWordBytes;
      asm_.lea(x86::rsp, x86::ptr(x86::rsp, static_cast<int32_t>(-bytes)));
      break;
    }
    case CommonForm::CallDirect:
    case CommonForm::CallForeign:
    case CommonForm::CallReference:
    case CommonForm::CallRuntime:       call(index, block); break;
    case CommonForm::TailCallDirect:
    case CommonForm::TailCallForeign:
    case CommonForm::TailCallReference: tail_call(insn); break;
    case CommonForm::Return:            {
      epilogue();
      const uint32_t bytes = own_argument_words() * kWordBytes;
      if (bytes == 0)
        asm_.ret();
      else
        asm_.ret(bytes);
      break;
    }
  }
}

void Emitter::emit_trap() { asm_.ud2(); }
void Emitter::move_to_trap_operand(Reg from) {
  if (from != kTrapOperand) asm_.mov(gp(kTrapOperand, 8), gp(from, 8));
}
void Emitter::release_stack_at_landing() {
  asm_.lea(x86::rsp, x86::ptr(x86::rbp, -static_cast<int32_t>(frame_bytes_)));
}
void Emitter::emit_jump(const Label& label) { asm_.jmp(label); }

// After arithmetic the zero flag says what a test of the result would.
void Emitter::note_zero_flag(const Instruction& insn) {
  zero_flag_of_ = {};
  zero_flag_size_ = insn.size;
  switch (static_cast<Form>(insn.extra)) {
    case Form::Tied:
    case Form::TiedImm:
      if (insn.op == x86::Inst::kIdAdd || insn.op == x86::Inst::kIdSub ||
          insn.op == x86::Inst::kIdAnd || insn.op == x86::Inst::kIdOr ||
          insn.op == x86::Inst::kIdXor)
        zero_flag_of_ = at(insn, 0);
      break;
    case Form::Unary:
      if (insn.op == x86::Inst::kIdBlsr) zero_flag_of_ = at(insn, 0);
      break;
    case Form::Three:
      if (insn.op == x86::Inst::kIdAndn) zero_flag_of_ = at(insn, 0);
      break;
    case Form::Add:
      if (at(insn, 0) == at(insn, 1) || at(insn, 0) == at(insn, 2)) zero_flag_of_ = at(insn, 0);
      break;
    case Form::AddImm:
      if (at(insn, 0) == at(insn, 1)) zero_flag_of_ = at(insn, 0);
      break;
    default: break;
  }
}

bool Emitter::is_in_zero_flag(uint32_t index) const {
  const Instruction& test = machine_.instructions[index];
  if (test.op != x86::Inst::kIdTest || test.address != 0 ||
      index + 1 == machine_.instructions.size())
    return false;
  if (at(test, 0) != at(test, 1) || at(test, 0) != zero_flag_of_ || test.size != zero_flag_size_)
    return false;
  const Instruction& user = machine_.instructions[index + 1];
  const auto form = static_cast<Form>(user.extra);
  const auto condition = static_cast<Condition>(user.condition);
  return (form == Form::Set || form == Form::CMove || has_form(user, CommonForm::Branch) ||
          has_form(user, CommonForm::TrapIf)) &&
         (condition == Condition::Equal || condition == Condition::NotEqual) && user.immediate == 0;
}

// A word of the stack, or two; an i32 has zeros above there, too.
void Emitter::emit_word(const Instruction& insn, Mem mem, bool is_store) {
  const Reg reg = at(insn, 0).reg();
  const bool is_vector = reg.reg_class() == RegClass::Vector;
  const asmjit::InstId id = !is_vector        ? x86::Inst::kIdMov
                            : insn.size == 16 ? x86::Inst::kIdVmovups
                            : insn.size == 8  ? x86::Inst::kIdVmovsd
                                              : x86::Inst::kIdVmovss;
  const uint32_t size = is_vector || !is_store ? insn.size : 8;
  mem.setSize(size);
  if (is_store)
    asm_.emit(id, mem, Emitter::reg(reg, size));
  else
    asm_.emit(id, Emitter::reg(reg, size), mem);
}

}  // namespace wrun::codegen::x64
