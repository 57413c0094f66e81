// What the runtime and the interpreter ask about addresses in compiled code.
#pragma once

#include <cstdint>

#include "runtime/trap.hpp"
#include "wasm/catch_table.hpp"
#include "wasm/inlined_call.hpp"

namespace wrun::runtime {

struct CompiledPc {
  static constexpr uint32_t kNoFunction = UINT32_MAX;
  // That calls preserve. What adapters keep leaves the stack pointer aligned as the machine wants it.
#if defined(__aarch64__)
  static constexpr uint32_t kSavedRegisters = 4;
#else
  static constexpr uint32_t kSavedRegisters = 3;
#endif
  uint32_t function_index = kNoFunction;  // in its module; a stub has none
  uint32_t wasm_offset = 0;               // of the instruction, in the module
  // The instruction is one of a callee that was built into the function.
  const wasm::InlinedCall* inlined_calls = nullptr;
  uint32_t inlined_call = wasm::InlinedCall::kNone;
  TrapCode trap = TrapCode::None;  // that a fault there is
  wasm::CatchTableView catches = {};
  uint32_t region = 0;            // of the table, that the call is in
  const void* landing = nullptr;  // where exceptions that a call throws are caught
  uint8_t saved = 0;      // bit i: the frame holds the i-th register, downwards from its begin
  bool is_entry = false;  // the interpreter's way in, at the end of a chain of frames
  bool is_return_word = false;  // what return records that stand for compiled code begin with
};

class CompiledCode {
 public:
  virtual ~CompiledCode() = default;
  // `pc` is an instruction that faulted, the last byte of a call, or a return record's. Thread-safe.
  virtual CompiledPc find(const void* pc) const = 0;
};

}  // namespace wrun::runtime
