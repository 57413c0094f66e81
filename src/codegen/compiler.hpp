// From a function in SSA form to machine code, for the machine that this runs on.
#pragma once

#include <expected>

#include "codegen/allocation.hpp"
#include "codegen/compiled_function.hpp"
#include "codegen/listing.hpp"
#include "ir/build.hpp"

namespace wrun::codegen {

struct CompileOptions {
  bool check_allocation = false;  // prove each; a wrong one ends the process
  bool few_registers = false;     // for tests of spilling
  Listing* listing = nullptr;     // gets the instructions as text
};

// Whether there is a compiler for this processor.
bool is_supported();

std::expected<CompiledFunction, ir::Unsupported> compile(const ir::Function& function,
                                                         const CompileOptions& options = {});

}  // namespace wrun::codegen
