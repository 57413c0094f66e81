// Emission for x86-64.
#pragma once

#include <asmjit/x86.h>

#include "codegen/emitter_base.hpp"
#include "codegen/x64/selector.hpp"

namespace wrun::codegen::x64 {

std::optional<CompiledFunction> emit(const ir::Function& function, const SelectedFunction& selected,
                                     const Allocation& allocation, Listing* listing = nullptr);

class Emitter final : public EmitterBase {
 public:
  Emitter(const ir::Function& function, const SelectedFunction& selected,
          const Allocation& allocation, Listing* listing);

 private:
  using Gp = asmjit::x86::Gp;
  using Mem = asmjit::x86::Mem;

  // --- emitter.cpp
  void prologue() override;
  void epilogue();
  void begin_block() override { zero_flag_of_ = {}; }
  void emit_instruction(uint32_t insn, uint32_t block) override;
  void emit_own(uint32_t insn);
  void emit_common(uint32_t insn, uint32_t block);
  void emit_move(const Move& move) override;
  void emit_trap() override;
  void move_to_trap_operand(Reg from) override;
  void release_stack_at_landing() override;
  void emit_jump(const Label& label) override;
  void note_zero_flag(const Instruction& insn);
  bool is_in_zero_flag(uint32_t index) const;
  void emit_word(const Instruction& insn, Mem mem, bool is_store);

  // --- emit_sequences.cpp
  void add(const Instruction& insn);
  void add_immediate(const Instruction& insn);
  bool flags_are_free(uint32_t index) const;
  void load_constant(uint32_t index);
  void conditional_move(const Instruction& insn);
  void atomic_update(const Instruction& insn);
  void divide(uint32_t index);
  void divide_by_minus_one(const Cold& cold);
  void float_minimum(uint32_t index);
  void float_equal(const Cold& cold);
  void truncate(uint32_t index);
  void truncate_slowly(const Cold& cold);
  void truncate_to_unsigned64(const Cold& cold);
  void convert_unsigned64(uint32_t index);
  void convert_large_unsigned64(const Cold& cold);

  // --- emit_objects.cpp
  void test_type(const Instruction& insn);
  void test_kind(const Instruction& insn);

  // --- emit_control.cpp
  void branch(const Instruction& insn, uint32_t block);
  void switch_table(const Instruction& insn, uint32_t block);
  void call(uint32_t index, uint32_t block);
  void tail_call(const Instruction& insn);
  void leave_for_tail_call(uint32_t words);
  void call_relocated(Relocation::Target target, uint64_t index, uint8_t opcode);
  void emit_cold_instruction(const Cold& cold) override;

  Gp gp(const Instruction& insn, uint32_t i, uint32_t size) const {
    return gp(at(insn, i).reg(), size);
  }
  static Gp gp(Reg reg, uint32_t size) {
    switch (size) {
      case 1:  return asmjit::x86::gpb(reg.number());
      case 2:  return asmjit::x86::gpw(reg.number());
      case 4:  return asmjit::x86::gpd(reg.number());
      default: return asmjit::x86::gpq(reg.number());
    }
  }
  static asmjit::x86::Xmm xmm(Reg reg) { return asmjit::x86::xmm(reg.number()); }
  asmjit::x86::Xmm xmm(const Instruction& insn, uint32_t i) const { return xmm(at(insn, i).reg()); }
  static asmjit::Operand reg(Reg reg, uint32_t size) {
    if (reg.reg_class() == RegClass::Vector) return xmm(reg);
    return gp(reg, size);
  }
  asmjit::Operand reg(const Instruction& insn, uint32_t i, uint32_t size) const {
    return reg(at(insn, i).reg(), size);
  }
  Mem slot(Location location, uint32_t size) const;
  Mem memory(const Instruction& insn, uint32_t i, uint32_t size) const;
  // The operand from number i on: register, slot or memory.
  asmjit::Operand source(const Instruction& insn, uint32_t i, uint32_t size) const;

  asmjit::x86::Assembler asm_;
  Location zero_flag_of_;  // the register that the zero flag speaks of
  uint8_t zero_flag_size_ = 0;
};

}  // namespace wrun::codegen::x64
