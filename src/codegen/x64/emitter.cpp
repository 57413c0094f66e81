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
    : function_(function),
      selected_(selected),
      machine_(selected.machine),
      allocation_(allocation) {
  holder_.init(asmjit::Environment(asmjit::Arch::kX64));
  holder_.setErrorHandler(&errors_);
  holder_.attach(&asm_);
  if (listing != nullptr) holder_.setLogger(&lister_.emplace(asm_, *listing));
  saved_ = allocation.used & kConvention.callee_saved;
  uint32_t bit = 0;
  for (Reg reg : kConvention.callee_saved) {
    if (saved_.contains(reg)) result_.saved_registers |= static_cast<uint8_t>(1u << bit);
    ++bit;
  }
  frame_bytes_ = (saved_.size() + allocation.slot_words) * kWordBytes;
}

std::optional<CompiledFunction> Emitter::run() {
  find_targets();
  constants_ = asm_.newLabel();
  prologue();
  for (uint32_t block = 0; block < machine_.blocks.size(); ++block)
    if (target_[block] == block) emit_block(block);
  for (size_t i = 0; i < cold_.size(); ++i) emit_cold(Cold(cold_[i]));
  result_.instruction_bytes = offset();
  holder_.resetLogger();
  emit_constants();
  return finish();
}

// Blocks that are nothing but a jump are left out.
void Emitter::find_targets() {
  const auto count = static_cast<uint32_t>(machine_.blocks.size());
  std::vector<bool> has_moves(machine_.instructions.size(), false);
  for (const PlacedMove& move : allocation_.moves) has_moves[move.instruction] = true;
  const auto is_empty = [&](uint32_t block) {
    const MachineBlock& data = machine_.blocks[block];
    return block != 0 && data.end == data.first + 1 && !has_moves[data.first] &&
           static_cast<Form>(machine_.instructions[data.first].extra) == Form::Jump;
  };
  target_.resize(count);
  for (uint32_t block = count; block-- > 0;) {
    target_[block] = block;
    if (!is_empty(block)) continue;
    const uint32_t target = machine_.edges[machine_.blocks[block].first_edge].target;
    // Empty loops stay.
    if (target > block)
      target_[block] = target_[target];
    else if (!is_empty(target))
      target_[block] = target;
  }
  next_.assign(count, UINT32_MAX);
  uint32_t next = UINT32_MAX;
  for (uint32_t block = count; block-- > 0;) {
    next_[block] = next;
    if (target_[block] == block) next = block;
  }
  labels_.reserve(count);
  for (uint32_t block = 0; block < count; ++block) labels_.push_back(asm_.newLabel());
}

void Emitter::prologue() {
  asm_.push(x86::rbp);
  asm_.mov(x86::rbp, x86::rsp);
  uint32_t for_calls = 0;
  for (const Instruction& insn : machine_.instructions)
    if (static_cast<Form>(insn.extra) == Form::ReserveStack &&
        static_cast<int64_t>(insn.immediate) > 0)
      for_calls = std::max(for_calls, static_cast<uint32_t>(insn.immediate) * kWordBytes);
  const uint32_t total = frame_bytes_ + for_calls;
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

void Emitter::emit_block(uint32_t block) {
  const MachineBlock& data = machine_.blocks[block];
  asm_.bind(labels_[block]);
  zero_flag_of_ = {};
  const auto& moves = allocation_.moves;
  while (next_move_ < moves.size() && moves[next_move_].instruction < data.first) ++next_move_;
  for (uint32_t i = data.first; i < data.end; ++i) {
    for (; next_move_ < moves.size() && moves[next_move_].instruction == i; ++next_move_) {
      emit_move(moves[next_move_].move);
      zero_flag_of_ = {};
    }
    emit_instruction(i, block);
    note_zero_flag(machine_.instructions[i]);
  }
}

void Emitter::emit_move(const Move& move) {
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

uint32_t Emitter::own_argument_words() const {
  return argument_words(kConvention, function_.entry_params());
}

void Emitter::emit_instruction(uint32_t index, uint32_t block) {
  const Instruction& insn = machine_.instructions[index];
  note_origin(origin_of(insn));
  const uint32_t size = insn.size;
  const uint32_t source_size = insn.condition != 0 ? insn.condition : size;
  const asmjit::InstId id = insn.op;
  const asmjit::Imm immediate(static_cast<int64_t>(insn.immediate));
  // Control flow and sequences have entries of their own.
  if (insn.trap != 0 && static_cast<Form>(insn.extra) < Form::Divide)
    trap_site(trap_of(insn), origin_of(insn));
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
    case Form::Lea:    asm_.lea(gp(insn, 0, 8), memory(insn, 1, 8)); break;
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
    case Form::TestType:          test_type(insn); break;
    case Form::TestKind:          test_kind(insn); break;
    case Form::Jump:              jump(machine_.edges[machine_.blocks[block].first_edge].target, block); break;
    case Form::Branch:            branch(insn, block); break;
    case Form::Switch:            switch_table(insn, block); break;
    case Form::Invoke:            jump(machine_.edges[machine_.blocks[block].first_edge].target, block); break;
    case Form::Trap:
      trap_site(trap_of(insn), origin_of(insn));
      asm_.ud2();
      break;
    case Form::TrapIf:
      asm_.emit(x86::Inst::jccFromCond(static_cast<x86::CondCode>(insn.condition)),
                trap_label(trap_of(insn), origin_of(insn)));
      if (insn.operand_count != 0) cold_.back().trap_operand = at(insn, 0).reg();
      break;
    case Form::Params: break;
    case Form::LoadParam:
      emit_word(insn, {x86::rbp, static_cast<int32_t>(16 + insn.immediate * kWordBytes)}, false);
      break;
    case Form::LoadWord:
      emit_word(insn, {x86::rsp, static_cast<int32_t>(insn.immediate * kWordBytes)}, false);
      break;
    case Form::StackAddress: asm_.mov(gp(insn, 0, 8), x86::rsp); break;
    case Form::StoreWord:
      emit_word(insn, {x86::rsp, static_cast<int32_t>(insn.immediate * kWordBytes)}, true);
      break;
    case Form::StoreResult: {
      const auto word = static_cast<int32_t>(own_argument_words() + insn.immediate);
      emit_word(insn, {x86::rbp, 16 + word * static_cast<int32_t>(kWordBytes)}, true);
      break;
    }
    case Form::ReserveStack: {
      const int64_t bytes = static_cast<int64_t>(insn.immediate) * kWordBytes;
      asm_.lea(x86::rsp, x86::ptr(x86::rsp, static_cast<int32_t>(-bytes)));
      break;
    }
    case Form::CallDirect:
    case Form::CallForeign:
    case Form::CallReference:
    case Form::CallRuntime:       call(index, block); break;
    case Form::TailCallDirect:
    case Form::TailCallForeign:
    case Form::TailCallReference: tail_call(insn); break;
    case Form::Return:            {
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
  return (form == Form::Branch || form == Form::Set || form == Form::CMove ||
          form == Form::TrapIf) &&
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

void Emitter::emit_constants() {
  for (const JumpTable& table : jump_tables_) {
    asm_.align(asmjit::AlignMode::kZero, 4);
    asm_.bind(table.label);
    for (const MachineEdge& edge : machine_.edges_of(machine_.blocks[table.block]))
      asm_.embedLabelDelta(block_label(edge.target), table.label, 4);
  }
  asm_.align(asmjit::AlignMode::kZero, 16);
  asm_.bind(constants_);
  for (const wasm::V128& constant : selected_.constants) asm_.embed(&constant, 16);
}

std::optional<CompiledFunction> Emitter::finish() {
  if (errors_.any) return std::nullopt;
  WRUN_CHECK(!holder_.hasUnresolvedLinks() || holder_.resolveUnresolvedLinks() == 0);
  if (!landings_.empty()) result_.catches = function_.catches;
  result_.inlined_calls = function_.inlined_calls;
  for (const LandingOfCall& each : landings_)
    result_.calls[each.call].landing = static_cast<uint32_t>(holder_.labelOffset(each.label));
  const asmjit::CodeBuffer& buffer = holder_.textSection()->buffer();
  const auto* bytes = reinterpret_cast<const std::byte*>(buffer.data());
  result_.code.assign(bytes, bytes + buffer.size());
  return std::move(result_);
}

}  // namespace wrun::codegen::x64
