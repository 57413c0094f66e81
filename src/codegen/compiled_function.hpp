// What compilation of a function gives: code that can be put anywhere, and what there is to know of it.
#pragma once

#include <cstdint>
#include <vector>

#include "wasm/catch_table.hpp"
#include "wasm/inlined_call.hpp"
#include "wrun/trap.hpp"

namespace wrun::codegen {

// Four bytes in the code that say how far it is to somewhere: see set_target().
struct Relocation {
  static constexpr uint32_t kBytes = 4;
  enum class Target : uint8_t { Function, RuntimeCall };
  uint32_t offset = 0;
  Target target = Target::Function;
  uint32_t index = 0;  // of a function of the module, or an ir::RuntimeCall
};

// An instruction that is a trap when it faults.
struct TrapSite {
  uint32_t offset = 0;       // of the instruction
  uint32_t wasm_offset = 0;  // in the module
  uint32_t inlined_call = wasm::InlinedCall::kNone;
  TrapCode code = TrapCode::None;
};

// Where a call returns to.
struct CallSite {
  uint32_t offset = 0;       // of the instruction after the call
  uint32_t wasm_offset = 0;  // in the module
  uint32_t inlined_call = wasm::InlinedCall::kNone;
  uint32_t region = 0;   // of `catches`, that it is in
  uint32_t landing = 0;  // offset of where exceptions from it go; 0: to the caller
};

// Constants that the code reads stand behind its instructions. Tables are in ascending order.
struct CompiledFunction {
  static constexpr uint32_t kAlignment = 32;

  std::vector<std::byte> code;
  uint32_t instruction_bytes = 0;  // of `code`; constants follow
  uint32_t frame_bytes = 0;        // below the saved frame pointer
  uint8_t saved_registers = 0;     // bit i: the frame begins with the i-th that calls preserve
  std::vector<Relocation> relocations;
  std::vector<TrapSite> traps;
  std::vector<CallSite> calls;
  wasm::CatchTable catches;
  std::vector<wasm::InlinedCall> inlined_calls;
};

}  // namespace wrun::codegen
