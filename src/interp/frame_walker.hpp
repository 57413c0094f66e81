// The frames of an activation from the innermost outwards, whichever tier they belong to.
#pragma once

#include "interp/bytecode.hpp"
#include "runtime/compiled_code.hpp"
#include "runtime/stack.hpp"

namespace wrun::interp {

// Return records that stand for compiled code begin with the address of its handler, and hold the
// frame pointer of the adapter that made them. Adapters and the stubs of runtime calls save all registers
// that calls preserve; below them, an adapter keeps where the interpreter's frames ended, and
// StackState::entry_record.
class FrameWalker {
 public:
  // From a frame of the interpreter, whose records begin at `sp`.
  FrameWalker(const runtime::CompiledCode* compiled, Pc pc, uint64_t* fp, VMContext* vm,
              Record* sp);
  // From the stub of a runtime call that compiled code made.
  FrameWalker(const runtime::CompiledCode* compiled, const uint64_t* stub_frame, VMContext* vm);
  // From where the latest activation ended.
  FrameWalker(const runtime::StackState& stack, const runtime::CompiledCode* compiled);

  // The frame at hand. Of a compiled one, what `compiled_pc` says; of the interpreter's, `pc` is within
  // the instruction.
  bool is_compiled() const { return frame_ != nullptr; }
  const runtime::CompiledPc& compiled_pc() const { return compiled_pc_; }
  const uint64_t* compiled_frame() const { return frame_; }
  Pc pc() const { return pc_; }
  uint64_t* fp() const { return fp_; }
  VMContext* vm() const { return vm_; }
  Record* sp() const { return sp_; }

  // Of a compiled frame, from which the walk has not begun: the preserved registers as they are in it,
  // and where the frames of the interpreter end; null: where they do now.
  void read_saved_registers(uint64_t* registers) const;
  uint64_t* interpreter_frames() const { return interpreter_frames_; }
  const void* entry_record() const { return entry_record_; }  // if interpreter_frames() is not null

  // To the next frame outwards; false: it was the last.
  bool next();

 private:
  static constexpr uint32_t kSavedRegisters = runtime::CompiledPc::kSavedRegisters;

  bool next_of_records();
  bool next_of_compiled();
  static runtime::CompiledPc stub() { return {.saved = (1u << kSavedRegisters) - 1}; }

  const runtime::CompiledCode* compiled_;
  Pc pc_ = nullptr;
  uint64_t* fp_ = nullptr;
  VMContext* vm_ = nullptr;
  Record* sp_ = nullptr;
  const uint64_t* frame_ = nullptr;
  runtime::CompiledPc compiled_pc_;
  const uint64_t* saved_[kSavedRegisters] =
      {};  // where inner frames hold the registers of this one
  uint64_t* interpreter_frames_ = nullptr;
  const void* entry_record_ = nullptr;
};

}  // namespace wrun::interp
