// Writes selected and allocated functions out as machine code: what is the same on every machine.
#pragma once

#include <asmjit/core.h>

#include <optional>
#include <span>
#include <vector>

#include "codegen/abi.hpp"
#include "codegen/allocation.hpp"
#include "codegen/compiled_function.hpp"
#include "codegen/instruction.hpp"
#include "codegen/lister.hpp"
#include "ir/function.hpp"

namespace wrun::codegen {

class EmitterBase {
 public:
  EmitterBase(const EmitterBase&) = delete;
  EmitterBase& operator=(const EmitterBase&) = delete;
  std::optional<CompiledFunction> run();

 protected:
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

  // `assembler` is the machine's, and attached when its constructor has run.
  EmitterBase(const ir::Function& function, const SelectedFunction& selected,
              const Allocation& allocation, const Convention& convention,
              asmjit::BaseAssembler& assembler);
  ~EmitterBase() = default;
  void attach(asmjit::Arch arch, Listing* listing);

  // --- the machine's
  virtual void prologue() = 0;
  virtual void begin_block() {}
  virtual void emit_instruction(uint32_t insn, uint32_t block) = 0;
  virtual void emit_move(const Move& move) = 0;
  virtual void emit_cold_instruction(const Cold& cold) = 0;
  virtual void emit_trap() = 0;  // the instruction that faults
  virtual void move_to_trap_operand(Reg from) = 0;
  virtual void release_stack_at_landing() = 0;
  virtual void emit_jump(const Label& label) = 0;

  void jump(uint32_t target, uint32_t block);
  // Notes a landing for a call that has one.
  void begin_call(uint32_t index, uint32_t block);
  void add_call_site(const Instruction& insn);
  void trap_site(TrapCode trap, const ir::Origin& origin);
  void trap_site(const Instruction& insn) { trap_site(trap_of(insn), origin_of(insn)); }
  Label trap_label(TrapCode trap, const ir::Origin& origin);
  // The words that calls reserve, at most, in bytes.
  uint32_t bytes_for_calls() const;

  ir::Origin origin_of(const Instruction& insn) const {
    return insn.source == UINT32_MAX ? ir::Origin() : function_.origin_of({insn.source});
  }
  TrapCode trap_of(const Instruction& insn) const { return static_cast<TrapCode>(insn.trap); }
  Location at(const Instruction& insn, uint32_t i) const {
    return allocation_.operands[insn.first_operand + i];
  }
  uint32_t offset() const { return static_cast<uint32_t>(base_.offset()); }
  Label block_label(uint32_t block) const { return labels_[target_[block]]; }
  uint32_t own_argument_words() const {
    return argument_words(convention_, function_.entry_params());
  }
  void note_origin(const ir::Origin& origin) {
    if (lister_) lister_->wasm_offset = origin.offset;
  }
  // Writes an instruction whose last four bytes are completed when the target is known.
  void embed_relocated(const char* instruction, Relocation::Target target, uint32_t index,
                       std::span<const uint8_t> bytes);

  const ir::Function& function_;
  const SelectedFunction& selected_;
  const MachineFunction& machine_;
  const Allocation& allocation_;
  const Convention& convention_;
  asmjit::BaseAssembler& base_;
  asmjit::CodeHolder holder_;
  CompiledFunction result_;
  RegSet saved_;
  uint32_t frame_bytes_ = 0;
  std::vector<uint32_t> target_;  // by block: where a jump to it leads
  std::vector<uint32_t> next_;    // by block: the one that is emitted after it
  std::vector<Cold> cold_;
  struct JumpTable {
    Label label;
    uint32_t block;
  };
  std::vector<JumpTable> jump_tables_;
  Label constants_;
  Label landing_;  // of the call that is written
  std::optional<Lister> lister_;

 private:
  // An instruction that cannot be encoded as asked is left out by the assembler, which must not pass.
  struct Errors final : asmjit::ErrorHandler {
    void handleError(asmjit::Error, const char*, asmjit::BaseEmitter*) override { any = true; }
    bool any = false;
  };

  void find_targets();
  void emit_block(uint32_t block);
  void emit_cold(const Cold& cold);
  void landing(const Cold& cold);
  void emit_constants();
  std::optional<CompiledFunction> finish();

  Errors errors_;
  size_t next_move_ = 0;
  std::vector<Label> labels_;
  struct LandingOfCall {
    uint32_t call;  // index into result_.calls
    Label label;
  };
  std::vector<LandingOfCall> landings_;
};

}  // namespace wrun::codegen
