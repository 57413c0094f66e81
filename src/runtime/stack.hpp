// The stack that guest frames live on: one reserved region, touched only as far as it is used.
// Frames grow upwards from the bottom, return records downwards from the top; the stack is exhausted
// when they meet.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/compiled_code.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::runtime {

// What tiers know of a stack, at fixed offsets.
struct StackState {
  // Where the next activation may put its frames and its return records. Host calls leave both
  // pointing past what is in use, so that a nested activation continues there.
  // `frames` is null while the stack is unmapped; ensure_mapped() sets both.
  uint64_t* frames = nullptr;
  uint64_t* records = nullptr;
  // The host's stack and frame pointer where the running activation began: those of every handler of
  // the interpreter, and what compiled code, which runs on the guest stack, goes back to.
  void* host_stack = nullptr;
  void* host_frame = nullptr;
  // The return record of the interpreter below which the compiled code that runs was entered. Null: there
  // is none, or it is not known.
  const void* entry_record = nullptr;
  // How and where the latest activation ended; the tier that ran it knows what the pointers mean.
  TrapCode exit_code = TrapCode::None;
  bool exit_was_compiled = false;  // exit_pc is in compiled code, exit_records is its stack pointer
  uint64_t exit_operand = 0;       // what a trap of compiled code is about: the index of an element
  const void* exit_pc = nullptr;
  const void* exit_records = nullptr;
  uint64_t* exit_frame = nullptr;  // the innermost
  VMContext* exit_vm = nullptr;
  // Where the latest exception was caught: the pc and frame of code of either tier, the records of the
  // interpreter's, and the preserved registers of compiled code.
  const void* landing_pc = nullptr;
  uint64_t* landing_frame = nullptr;
  const void* landing_records = nullptr;
  VMContext* landing_vm = nullptr;
  uint64_t landing_saved[CompiledPc::kSavedRegisters] = {};
  RefSlot landing_exception = 0;  // until compiled code has taken it
};

class Stack : public StackState {
 public:
  explicit Stack(uint64_t bytes);  // rounded up to pages; mapped on first use
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  uint64_t bytes() const { return bytes_; }
  const uint64_t* bottom() const;  // where the first frame begins; null while unmapped
  const uint64_t* top() const;     // where the first return record ends; null while unmapped

  bool ensure_mapped();  // false: the host has no memory for it

 private:
  uint64_t bytes_;
  void* region_ = nullptr;
};

}  // namespace wrun::runtime
