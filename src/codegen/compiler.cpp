#include "codegen/compiler.hpp"

#include "codegen/a64/machine.hpp"
#include "codegen/code_tables.hpp"
#include "codegen/x64/machine.hpp"

namespace wrun::codegen {

bool is_supported() {
  return kNativeMachine == Machine::A64 ? a64::is_supported() : x64::is_supported();
}

void set_target(Machine machine, std::byte* at, int64_t distance) {
  if (machine == Machine::A64)
    a64::set_target(at, distance);
  else
    x64::set_target(at, distance);
}

std::expected<CompiledFunction, ir::Unsupported> compile(const ir::Function& function,
                                                         const CompileOptions& options) {
  auto compiled = options.machine == Machine::A64 ? a64::compile(function, options)
                                                  : x64::compile(function, options);
  if (compiled && compiled->code.size() >= kMaxFunctionCodeBytes)
    return std::unexpected(ir::Unsupported{"more machine code than a function may have", 0});
  return compiled;
}

}  // namespace wrun::codegen
