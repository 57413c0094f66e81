// Writes selected and allocated functions out as machine code.
#pragma once

#include <asmjit/x86.h>

#include <optional>

#include <vector>

#include "codegen/allocation.hpp"
#include "codegen/compiled_function.hpp"
#include "codegen/x64/instruction.hpp"
#include "codegen/x64/lister.hpp"
#include "codegen/x64/selector.hpp"

namespace wrun::codegen::x64 {

std::optional<CompiledFunction> emit(const ir::Function& function, const SelectedFunction& selected,
                                     const Allocation& allocation, Listing* listing = nullptr);

class Emitter {
 public:
  Emitter(const ir::Function& function, const SelectedFunction& selected,
          const Allocation& allocation, Listing* listing);
  std::optional<CompiledFunction> run();

 private:
  using Gp = asmjit::x86::Gp;
  using Mem = asmjit::x86::Mem;
  using Label = asmjit::Label;

  // What stands behind the hot code: entered at `entry`, goes on at `back`.
  static constexpr uint32_t kNoBlock = UINT32_MAX;
  struct Cold {
    Label entry;
    Label back;
    uint32_t insn = 0;
    TrapCode trap = TrapCode::None;  // just that
    Reg trap_operand = kNoReg;       // and what it is about
    ir::Origin origin = {};
    Label back_landing = {};         // of a call
    uint32_t landing_of = kNoBlock;  // the block whose call it is the landing of
  };

  // --- emitter.cpp
  void find_targets();
  void prologue();
  void epilogue();
  void emit_block(uint32_t block);
  void emit_instruction(uint32_t insn, uint32_t block);
  void emit_move(const Move& move);
  void note_zero_flag(const Instruction& insn);
  bool is_in_zero_flag(uint32_t index) const;
  void emit_word(const Instruction& insn, Mem mem, bool is_store);
  void emit_constants();
  void emit_cold(const Cold& cold);
  std::optional<CompiledFunction> finish();

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
  void jump(uint32_t target, uint32_t block);
  void switch_table(const Instruction& insn, uint32_t block);
  void call(uint32_t index, uint32_t block);
  void landing(const Cold& cold);
  void tail_call(const Instruction& insn);
  void leave_for_tail_call(uint32_t words);
  void call_relocated(Relocation::Target target, uint64_t index, uint8_t opcode);
  void add_call_site(const Instruction& insn);
  ir::Origin origin_of(const Instruction& insn) const {
    return insn.source == UINT32_MAX ? ir::Origin() : function_.origin_of({insn.source});
  }
  void trap_site(TrapCode trap, const ir::Origin& origin);
  Label trap_label(TrapCode trap, const ir::Origin& origin);

  Location at(const Instruction& insn, uint32_t i) const {
    return allocation_.operands[insn.first_operand + i];
  }
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
  uint32_t offset() const { return static_cast<uint32_t>(asm_.offset()); }
  Label block_label(uint32_t block) const { return labels_[target_[block]]; }
  uint32_t own_argument_words() const;
  void note_origin(const ir::Origin& origin) {
    if (lister_) lister_->wasm_offset = origin.offset;
  }
  TrapCode trap_of(const Instruction& insn) const { return static_cast<TrapCode>(insn.trap); }

  const ir::Function& function_;
  const SelectedFunction& selected_;
  const MachineFunction& machine_;
  const Allocation& allocation_;
  asmjit::CodeHolder holder_;
  // An instruction that cannot be encoded as asked is left out by the assembler, which must not pass.
  struct Errors final : asmjit::ErrorHandler {
    void handleError(asmjit::Error, const char*, asmjit::BaseEmitter*) override { any = true; }
    bool any = false;
  };
  Errors errors_;
  asmjit::x86::Assembler asm_;
  CompiledFunction result_;
  RegSet saved_;
  uint32_t frame_bytes_ = 0;
  size_t next_move_ = 0;
  Location zero_flag_of_;  // the register that the zero flag speaks of
  uint8_t zero_flag_size_ = 0;
  std::vector<uint32_t> target_;  // by block: where a jump to it leads
  std::vector<uint32_t> next_;    // by block: the one that is emitted after it
  std::vector<Label> labels_;
  std::vector<Cold> cold_;
  struct JumpTable {
    Label label;
    uint32_t block;
  };
  std::vector<JumpTable> jump_tables_;
  Label constants_;
  struct LandingOfCall {
    uint32_t call;  // index into result_.calls
    Label label;
  };
  std::vector<LandingOfCall> landings_;
  Label landing_;  // of the call that is written
  std::optional<Lister> lister_;
};

}  // namespace wrun::codegen::x64
