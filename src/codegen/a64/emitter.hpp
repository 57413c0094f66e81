// Emission for AArch64.
#pragma once

#include "codegen/a64/assembler.hpp"
#include "codegen/a64/selector.hpp"
#include "codegen/emitter_base.hpp"

namespace wrun::codegen::a64 {

std::optional<CompiledFunction> emit(const ir::Function& function, const SelectedFunction& selected,
                                     const Allocation& allocation, Listing* listing = nullptr);

inline constexpr int64_t kArgumentsAt = int64_t{2} * kWordBytes;  // from the frame pointer on

class Emitter final : public EmitterBase {
 public:
  Emitter(const ir::Function& function, const SelectedFunction& selected,
          const Allocation& allocation, Listing* listing);

 private:
  // --- emitter.cpp
  void prologue() override;
  void epilogue();
  void restore_saved();
  void emit_instruction(uint32_t insn, uint32_t block) override;
  void emit_own(const Instruction& insn);
  void emit_common(uint32_t insn, uint32_t block);
  void emit_move(const Move& move) override;
  void emit_trap() override { asm_.udf(0); }
  void move_to_trap_operand(Reg from) override;
  void release_stack_at_landing() override;
  void emit_jump(const Label& label) override { asm_.b(label); }
  void emit_word(const Instruction& insn, const Gp& base, int64_t offset, bool is_store);
  void load_or_store(asmjit::InstId id, const asmjit::Operand& reg, const Mem& mem) {
    asm_.emit(id, reg, mem);
  }

  // --- emit_sequences.cpp
  void load_constant(const Instruction& insn);
  void copy(const Instruction& insn);
  void select(const Instruction& insn);
  void select_vector(const Instruction& insn);
  void count_ones(const Instruction& insn);
  void rotate_left(const Instruction& insn);
  void divide(const Instruction& insn);
  void copysign(const Instruction& insn);
  void truncate(const Instruction& insn);
  void truncate_to_32(const Instruction& insn, const Label& failed);
  void truncate_to_64(const Instruction& insn, const Label& failed);
  void explain_truncation(const Cold& cold);
  void bitmask_64(const Instruction& insn);
  void atomic_load(const Instruction& insn);
  void atomic_store(const Instruction& insn);
  void atomic_update(const Instruction& insn);
  void compare_exchange(const Instruction& insn);

  // --- emit_objects.cpp
  void test_type(const Instruction& insn);
  void test_kind(const Instruction& insn);

  // --- emit_control.cpp
  void branch(const Instruction& insn, uint32_t block);
  void branch_on(const Instruction& insn, Condition condition, const Label& target);
  void branch_on_register(const Instruction& insn, Condition condition, const Label& target);
  void trap_if(const Instruction& insn, uint32_t first_operand);
  void switch_table(const Instruction& insn, uint32_t block);
  void call(uint32_t index, uint32_t block);
  void call_foreign();
  void tail_call(const Instruction& insn);
  void leave_for_tail_call(uint32_t words);
  void call_relocated(Relocation::Target target, uint64_t index, bool links);
  void emit_cold_instruction(const Cold& cold) override;

  Gp gp(const Instruction& insn, uint32_t i, uint32_t size) const {
    return a64::gp(at(insn, i).reg(), size);
  }
  static Vec vec(Reg reg) { return asmjit::a64::VecV(reg.number()); }
  Vec vec(const Instruction& insn, uint32_t i) const { return vec(at(insn, i).reg()); }
  static asmjit::Operand view(Reg reg, uint32_t size, uint32_t lanes = kScalar);
  asmjit::Operand view(const Instruction& insn, uint32_t i, uint32_t size,
                       uint32_t lanes = kScalar) const {
    return view(at(insn, i).reg(), size, lanes);
  }
  static Vec lane(Reg reg, uint32_t lanes, uint32_t index);
  Mem slot(Location location, uint32_t size);
  // From operand i on; may use both temporaries.
  Mem memory(const Instruction& insn, uint32_t i, uint32_t bytes);
  Gp address(const Instruction& insn, uint32_t i);  // in a register
  Label trap_label_of(const Instruction& insn) {
    return trap_label(trap_of(insn), origin_of(insn));
  }
  bool is_far() const;  // whether the function is too long for the branches with the least reach

  Assembler asm_;
  int64_t reserved_bytes_ = 0;  // of the words of calls, below the frame
};

}  // namespace wrun::codegen::a64
