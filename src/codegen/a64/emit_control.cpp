// Branches, calls and traps.
#include "base/assert.hpp"
#include "codegen/a64/emitter.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::a64 {

using namespace asmjit::a64::regs;
using Inst = asmjit::a64::Inst;

namespace {

const Gp kContext = a64::gp(kConvention.vm_context);
const Gp kCallee = a64::gp(kConvention.callee);
constexpr uint32_t kBranch = 0x14000000;
constexpr uint32_t kBranchAndLink = 0x94000000;

}  // namespace

// A test of a bit reaches 32 KiB. Instructions are four bytes, and most of the allocated ones are one of them.
bool Emitter::is_far() const {
  constexpr size_t kReach = 32 * 1024;
  constexpr size_t kMostBytes = 24;  // of an instruction with its moves and cold code, on average
  return machine_.instructions.size() * kMostBytes > kReach;
}

void Emitter::branch_on_register(const Instruction& insn, Condition condition,
                                 const Label& target) {
  const bool if_zero = condition == Condition::Equal;
  const Gp reg = gp(insn, 0, insn.size);
  if (insn.displacement == kAllBits) {
    asm_.emit(if_zero ? Inst::kIdCbz : Inst::kIdCbnz, reg, target);
  } else if (is_far()) {
    asm_.tst(reg, asmjit::Imm(uint64_t{1} << insn.displacement));
    asm_.branch_if(static_cast<uint8_t>(condition), target);
  } else {
    asm_.emit(if_zero ? Inst::kIdTbz : Inst::kIdTbnz, reg, asmjit::Imm(insn.displacement), target);
  }
}

void Emitter::branch_on(const Instruction& insn, Condition condition, const Label& target) {
  if (insn.operand_count == 0)
    asm_.branch_if(static_cast<uint8_t>(condition), target);
  else
    branch_on_register(insn, condition, target);
}

void Emitter::branch(const Instruction& insn, uint32_t block) {
  const auto edges = machine_.edges_of(machine_.blocks[block]);
  const uint32_t on_true = edges[0].target;
  const uint32_t on_false = edges[1].target;
  const auto condition = static_cast<Condition>(insn.condition);
  if (target_[on_true] == next_[block]) {
    if (target_[on_false] != next_[block])
      branch_on(insn, negate(condition), block_label(on_false));
  } else {
    branch_on(insn, condition, block_label(on_true));
    jump(on_false, block);
  }
}

// The operand from the number on is what the trap is about.
void Emitter::trap_if(const Instruction& insn, uint32_t first_operand) {
  const Label label = trap_label_of(insn);
  if (insn.operand_count > first_operand) cold_.back().trap_operand = at(insn, first_operand).reg();
  const auto condition = static_cast<Condition>(insn.condition);
  if (is_common(insn))
    asm_.branch_if(static_cast<uint8_t>(condition), label);
  else
    branch_on_register(insn, condition, label);
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
  const Gp index = gp(insn, 2, 4);
  const uint64_t cases = edges.size() - 1;
  if (is_arithmetic_immediate(cases)) {
    asm_.cmp(index, asmjit::Imm(cases));
  } else {
    asm_.load_constant(kTemp.w(), cases);
    asm_.cmp(index, kTemp.w());
  }
  asm_.branch_if(static_cast<uint8_t>(Condition::AboveEqual), block_label(otherwise));
  asm_.adr(base, table);
  asm_.ldrsw(target, asmjit::a64::ptr(base, index.x(), arm::Shift(arm::ShiftOp::kLSL, 2)));
  asm_.add(target, target, base);
  asm_.br(target);
}

void Emitter::call_relocated(Relocation::Target target, uint64_t index, bool links) {
  const uint32_t bits = links ? kBranchAndLink : kBranch;
  embed_relocated(links ? "bl" : "b", target, static_cast<uint32_t>(index),
                  {reinterpret_cast<const uint8_t*>(&bits), sizeof(bits)});
}

void Emitter::call_foreign() {
  asm_.ldr(kTemp, asm_.at(kContext, offsetof(runtime::VMContext, foreign_call), 8));
  asm_.blr(kTemp);
}

// The callee removes its arguments.
void Emitter::call(uint32_t index, uint32_t block) {
  const Instruction& insn = machine_.instructions[index];
  begin_call(index, block);
  const auto form = static_cast<CommonForm>(insn.extra);
  switch (form) {
    case CommonForm::CallDirect:
      call_relocated(Relocation::Target::Function, insn.immediate, true);
      break;
    case CommonForm::CallRuntime:
      call_relocated(Relocation::Target::RuntimeCall, insn.immediate, true);
      break;
    case CommonForm::CallForeign: call_foreign(); break;
    default:                      {
      // Either way the address is in a register, and the call is one.
      const Label same = asm_.newLabel();
      static_assert(offsetof(runtime::FuncRef, entry) % 8 == 0);
      asm_.ldr(kTemp2, asm_.at(kCallee, offsetof(runtime::FuncRef, vm), 8));
      asm_.ldr(kTemp, asm_.at(kCallee, offsetof(runtime::FuncRef, entry), 8));
      asm_.cmp(kTemp2, kContext);
      asm_.branch_if(static_cast<uint8_t>(Condition::Equal), same);
      asm_.ldr(kTemp, asm_.at(kContext, offsetof(runtime::VMContext, foreign_call), 8));
      asm_.bind(same);
      asm_.blr(kTemp);
    }
  }
  add_call_site(insn);
  if (form != CommonForm::CallRuntime)
    reserved_bytes_ -= static_cast<int64_t>((insn.immediate >> 32) * kWordBytes);
}

// Arguments on the stack go to where this function has its own; if they are more, what it saved is under them.
void Emitter::leave_for_tail_call(uint32_t words) {
  const uint32_t own = own_argument_words();
  if (own == 0 && words == 0) return epilogue();
  restore_saved();
  asm_.ldp(x29, x30, asmjit::a64::ptr(x29));
  const int64_t above = (int64_t{own} - words) * kWordBytes;
  const int64_t distance = reserved_bytes_ + frame_bytes_ + kArgumentsAt + above;
  for (uint32_t i = words; i-- > 0;) {
    const int64_t from = int64_t{i} * kWordBytes;
    asm_.ldr(kTemp, asm_.at(sp, from, 8));
    asm_.str(kTemp, asm_.at(sp, from + distance, 8, kTemp2));
  }
  asm_.add_constant(sp, sp, distance);
}

void Emitter::tail_call(const Instruction& insn) {
  leave_for_tail_call(static_cast<uint32_t>(insn.immediate >> 32));
  reserved_bytes_ = 0;
  if (has_form(insn, CommonForm::TailCallDirect))
    return call_relocated(Relocation::Target::Function, insn.immediate, false);
  const Label foreign = asm_.newLabel();
  if (has_form(insn, CommonForm::TailCallReference)) {
    asm_.ldr(kTemp2, asm_.at(kCallee, offsetof(runtime::FuncRef, vm), 8));
    asm_.ldr(kTemp, asm_.at(kCallee, offsetof(runtime::FuncRef, entry), 8));
    asm_.cmp(kTemp2, kContext);
    asm_.branch_if(static_cast<uint8_t>(Condition::NotEqual), foreign);
    asm_.br(kTemp);
  }
  asm_.bind(foreign);
  asm_.ldr(kTemp, asm_.at(kContext, offsetof(runtime::VMContext, foreign_call), 8));
  asm_.br(kTemp);
}

void Emitter::emit_cold_instruction(const Cold& cold) {
  WRUN_CHECK(machine_.instructions[cold.insn].extra == static_cast<uint8_t>(Form::Truncate));
  explain_truncation(cold);
}

}  // namespace wrun::codegen::a64
