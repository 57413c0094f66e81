// From a function in SSA form to machine code.
#pragma once

#include <expected>

#include "codegen/allocation.hpp"
#include "codegen/compiled_function.hpp"
#include "codegen/listing.hpp"
#include "ir/build.hpp"

namespace wrun::codegen {

enum class Machine : uint8_t { X64, A64 };
#if defined(__aarch64__)
inline constexpr Machine kNativeMachine = Machine::A64;
#else
inline constexpr Machine kNativeMachine = Machine::X64;
#endif

struct CompileOptions {
  Machine machine = kNativeMachine;
  bool check_allocation = false;  // prove each; a wrong one ends the process
  bool few_registers = false;     // for tests of spilling
  Listing* listing = nullptr;     // gets the instructions as text
};

// Whether there is a compiler for this processor.
bool is_supported();

// Completes the four bytes of a relocation whose target is so far from them.
void set_target(Machine machine, std::byte* at, int64_t distance);

std::expected<CompiledFunction, ir::Unsupported> compile(const ir::Function& function,
                                                         const CompileOptions& options = {});

}  // namespace wrun::codegen
