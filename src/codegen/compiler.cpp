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

FunctionStub make_function_stub(Machine machine, uint32_t function_index, uint64_t address,
                                uint64_t slot) {
  return machine == Machine::A64 ? a64::make_function_stub(function_index, address, slot)
                                 : x64::make_function_stub(function_index, address, slot);
}

StubCode make_slot_jump(Machine machine, uint64_t address, uint64_t slot) {
  return machine == Machine::A64 ? a64::make_slot_jump(address, slot)
                                 : x64::make_slot_jump(address, slot);
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
