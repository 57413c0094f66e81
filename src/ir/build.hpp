// Makes the intermediate representation of one function, in one pass over its validated body.
#pragma once

#include <expected>
#include <string_view>

#include "ir/function.hpp"
#include "wasm/profile.hpp"

namespace wrun::ir {

struct BuildOptions {
  // Memory 0 faults where it ends, if it has 32-bit indices and usual pages. Accesses to all others are
  // checked: instances that share the code may have memories of either kind there.
  bool guarded_memory0 = true;
  bool interruptible = false;              // interrupt_check at the headers of loops
  bool fuel = false;                       // consume_fuel where the interpreter consumes it
  bool inlining = false;                   // of small functions where they are called
  bool canonical_nans = false;             // as the result of any arithmetic
  const wasm::Profile* profile = nullptr;  // null: nothing is known of how the module runs
  // The offset in the module of a loop instruction: the function is entered there instead (on-stack
  // replacement), with the address of the interpreter's frame as its parameter.
  uint32_t entry_loop = 0;
};

// Why a function stays with the interpreter.
struct Unsupported {
  std::string_view what;
  uint32_t offset = 0;  // in the module
};

// What has these limits never grows.
constexpr bool is_fixed(const wasm::Limits& limits) { return limits.maximum == limits.minimum; }

std::expected<Function, Unsupported> build(const wasm::Module& module, uint32_t function_index,
                                           const BuildOptions& options);

}  // namespace wrun::ir
