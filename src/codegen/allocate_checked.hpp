// Register allocation as the options of compilation ask for it.
#pragma once

#include "codegen/abi.hpp"
#include "codegen/compiler.hpp"
#include "codegen/instruction.hpp"

namespace wrun::codegen {

// `few` are the registers of tests of spilling. A wrong allocation that is found ends the process.
Allocation allocate_checked(const ir::Function& function, const SelectedFunction& selected,
                            const Convention& convention, RegSet few,
                            const CompileOptions& options);

}  // namespace wrun::codegen
