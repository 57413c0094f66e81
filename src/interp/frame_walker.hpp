// The frames of an activation from the innermost outwards, whichever tier they belong to.
#pragma once

#include "interp/bytecode.hpp"
#include "runtime/compiled_code.hpp"
#include "runtime/stack.hpp"

namespace wrun::interp {

// Return records that stand for compiled code begin with the address of its handler, and hold the
// frame pointer of the adapter that made them.
class FrameWalker {
 public:
  // From a frame of the interpreter, whose records begin at `sp`.
  FrameWalker(const runtime::CompiledCode* compiled, Pc pc, uint64_t* fp, VMContext* vm,
              Record* sp);
  // From where the latest activation ended.
  FrameWalker(const runtime::StackState& stack, const runtime::CompiledCode* compiled);

  // The frame at hand. Of a compiled one, what `compiled_pc` says; of the interpreter's, `pc` is within
  // the instruction.
  bool is_compiled() const { return frame_ != nullptr; }
  const runtime::CompiledPc& compiled_pc() const { return compiled_pc_; }
  Pc pc() const { return pc_; }
  uint64_t* fp() const { return fp_; }
  VMContext* vm() const { return vm_; }
  Record* sp() const { return sp_; }

  // To the next frame outwards; false: it was the last.
  bool next();

 private:
  bool next_of_records();
  bool next_of_compiled();

  const runtime::CompiledCode* compiled_;
  Pc pc_ = nullptr;
  uint64_t* fp_ = nullptr;
  VMContext* vm_ = nullptr;
  Record* sp_ = nullptr;
  const uint64_t* frame_ = nullptr;
  runtime::CompiledPc compiled_pc_;
};

}  // namespace wrun::interp
