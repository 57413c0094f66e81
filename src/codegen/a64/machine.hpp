// What the machine-neutral driver needs of AArch64.
#pragma once

#include <expected>

#include "codegen/compiler.hpp"

namespace wrun::codegen::a64 {

bool is_supported();  // every processor
std::expected<CompiledFunction, ir::Unsupported> compile(const ir::Function& function,
                                                         const CompileOptions& options);
// Completes an instruction that goes to somewhere that is so far from it.
void set_target(std::byte* at, int64_t distance);

}  // namespace wrun::codegen::a64
