// What the machine-neutral driver needs of AArch64.
#pragma once

#include <expected>

#include "codegen/compiler.hpp"
#include "codegen/stubs.hpp"

namespace wrun::codegen::a64 {

bool is_supported();  // every processor
std::expected<CompiledFunction, ir::Unsupported> compile(const ir::Function& function,
                                                         const CompileOptions& options);
// Completes an instruction that goes to somewhere that is so far from it.
void set_target(std::byte* at, int64_t distance);
// As in stubs.hpp.
FunctionStub make_function_stub(uint32_t function_index, uint64_t address, uint64_t slot);
StubCode make_slot_jump(uint64_t address, uint64_t slot);

}  // namespace wrun::codegen::a64
