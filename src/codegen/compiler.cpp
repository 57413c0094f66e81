#include "codegen/compiler.hpp"

#include "base/assert.hpp"
#include "codegen/code_tables.hpp"
#include "codegen/stubs.hpp"

#if defined(__x86_64__)
#include "codegen/x64/machine.hpp"
#endif

namespace wrun::codegen {

#if defined(__x86_64__)

bool is_supported() { return x64::is_supported(); }

std::expected<CompiledFunction, ir::Unsupported> compile(const ir::Function& function,
                                                         const CompileOptions& options) {
  auto compiled = x64::compile(function, options);
  if (compiled && compiled->code.size() >= kMaxFunctionCodeBytes)
    return std::unexpected(ir::Unsupported{"more machine code than a function may have", 0});
  return compiled;
}

#else

bool is_supported() { return false; }

std::expected<CompiledFunction, ir::Unsupported> compile(const ir::Function&,
                                                         const CompileOptions&) {
  return std::unexpected(ir::Unsupported{"a compiler for this machine", 0});
}

FunctionStub make_function_stub(uint32_t, uint64_t, uint64_t) { WRUN_UNREACHABLE(); }

StubCode make_slot_jump(uint64_t, uint64_t) { WRUN_UNREACHABLE(); }

#endif

}  // namespace wrun::codegen
