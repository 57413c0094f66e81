// Branches, calls and traps.
#include <algorithm>

#include "base/assert.hpp"
#include "codegen/x64/emitter.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::x64 {

namespace x86 = asmjit::x86;

namespace {
asmjit::InstId jcc(Condition condition) {
  return x86::Inst::jccFromCond(static_cast<x86::CondCode>(condition));
}
x86::Mem foreign_call() {
  return x86::qword_ptr(x86::r15, static_cast<int32_t>(offsetof(runtime::VMContext, foreign_call)));
}
x86::Mem callee_entry() {
  return x86::qword_ptr(x86::rax, static_cast<int32_t>(offsetof(runtime::FuncRef, entry)));
}
x86::Mem callee_context() {
  return x86::qword_ptr(x86::rax, static_cast<int32_t>(offsetof(runtime::FuncRef, vm)));
}
constexpr uint8_t kCallRel32 = 0xe8;
constexpr uint8_t kJumpRel32 = 0xe9;
}  // namespace

void Emitter::branch(const Instruction& insn, uint32_t block) {
  const auto edges = machine_.edges_of(machine_.blocks[block]);
  const uint32_t on_true = edges[0].target;
  const uint32_t on_false = edges[1].target;
  const auto condition = static_cast<Condition>(insn.condition);
  if (insn.immediate != 0) {
    asm_.emit(jcc(condition), block_label(on_true));
    asm_.jp(block_label(on_true));
    jump(on_false, block);
  } else if (target_[on_true] == next_[block]) {
    if (target_[on_false] != next_[block]) asm_.emit(jcc(negate(condition)), block_label(on_false));
  } else {
    asm_.emit(jcc(condition), block_label(on_true));
    jump(on_false, block);
  }
}

// Cases, then the default.
void Emitter::switch_table(const Instruction& insn, uint32_t block) {
  const auto edges = machine_.edges_of(machine_.blocks[block]);
  const uint32_t otherwise = edges.back().target;
  if (edges.size() == 1) return jump(otherwise, block);
  const Label table = asm_.newLabel();
  jump_tables_.push_back({table, block});
  const Gp base = gp(insn, 0, 8);
  const Gp target = gp(insn, 1, 8);
  asm_.cmp(gp(insn, 2, 4), static_cast<uint32_t>(edges.size() - 1));
  asm_.jae(block_label(otherwise));
  asm_.lea(base, x86::ptr(table));
  asm_.movsxd(target, x86::dword_ptr(base, gp(insn, 2, 8), 2));
  asm_.add(target, base);
  asm_.jmp(target);
}

void Emitter::call_relocated(Relocation::Target target, uint64_t index, uint8_t opcode) {
  const uint8_t bytes[1 + Relocation::kBytes] = {opcode};
  embed_relocated(opcode == kCallRel32 ? "call" : "jmp", target, static_cast<uint32_t>(index),
                  bytes);
}

void Emitter::call(uint32_t index, uint32_t block) {
  const Instruction& insn = machine_.instructions[index];
  begin_call(index, block);
  switch (static_cast<CommonForm>(insn.extra)) {
    case CommonForm::CallDirect:
      call_relocated(Relocation::Target::Function, insn.immediate, kCallRel32);
      break;
    case CommonForm::CallRuntime:
      call_relocated(Relocation::Target::RuntimeCall, insn.immediate, kCallRel32);
      break;
    case CommonForm::CallForeign: asm_.call(foreign_call()); break;
    default:                      {
      Cold cold = {.entry = asm_.newLabel(), .back = asm_.newLabel(), .insn = index};
      cold.back_landing = landing_;
      asm_.cmp(callee_context(), x86::r15);
      asm_.jne(cold.entry);
      asm_.call(callee_entry());
      add_call_site(insn);
      asm_.bind(cold.back);
      cold_.push_back(cold);
      return;
    }
  }
  add_call_site(insn);
}

// Arguments on the stack go to where this function has its own, and the return address below them.
void Emitter::leave_for_tail_call(uint32_t words) {
  const uint32_t own = own_argument_words();
  if (own == 0 && words == 0) return epilogue();
  const auto bytes = static_cast<int32_t>((own - words) * kWordBytes);
  asm_.mov(x86::r10, x86::qword_ptr(x86::rbp, 8));
  asm_.mov(x86::r11, x86::qword_ptr(x86::rbp));
  int32_t below = 0;
  for (Reg reg : saved_)
    asm_.mov(gp(reg, 8), x86::qword_ptr(x86::rbp, below -= static_cast<int32_t>(kWordBytes)));
  const x86::Xmm scratch = xmm(kConvention.scratch);
  for (uint32_t i = words; i-- > 0;) {
    const auto at_word = static_cast<int32_t>(i * kWordBytes);
    asm_.vmovq(scratch, x86::qword_ptr(x86::rsp, at_word));
    asm_.vmovq(x86::qword_ptr(x86::rbp, 16 + bytes + at_word), scratch);
  }
  asm_.lea(x86::rsp, x86::ptr(x86::rbp, 8 + bytes));
  asm_.mov(x86::qword_ptr(x86::rsp), x86::r10);
  asm_.mov(x86::rbp, x86::r11);
}

void Emitter::tail_call(const Instruction& insn) {
  leave_for_tail_call(static_cast<uint32_t>(insn.immediate >> 32));
  switch (static_cast<CommonForm>(insn.extra)) {
    case CommonForm::TailCallDirect:
      call_relocated(Relocation::Target::Function, insn.immediate & 0xffffffff, kJumpRel32);
      break;
    case CommonForm::TailCallForeign: asm_.jmp(foreign_call()); break;
    default:                          {
      const Label same = asm_.newLabel();
      asm_.cmp(callee_context(), x86::r15);
      asm_.je(same);
      asm_.jmp(foreign_call());
      asm_.bind(same);
      asm_.jmp(callee_entry());
    }
  }
}

void Emitter::emit_cold_instruction(const Cold& cold) {
  const Instruction& insn = machine_.instructions[cold.insn];
  if (has_form(insn, CommonForm::CallReference)) {
    asm_.call(foreign_call());
    landing_ = cold.back_landing;
    add_call_site(insn);
    asm_.jmp(cold.back);
    return;
  }
  switch (static_cast<Form>(insn.extra)) {
    case Form::Divide:            divide_by_minus_one(cold); break;
    case Form::FloatMin:
    case Form::FloatMax:          float_equal(cold); break;
    case Form::Truncate:          truncate_slowly(cold); break;
    case Form::ConvertUnsigned64: convert_large_unsigned64(cold); break;
    default:                      WRUN_UNREACHABLE();
  }
}

}  // namespace wrun::codegen::x64
