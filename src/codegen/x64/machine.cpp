#include "codegen/x64/machine.hpp"

#include <cstdio>
#include <cstdlib>

#include "base/assert.hpp"
#include "codegen/abi.hpp"
#include "codegen/checker.hpp"
#include "codegen/register_allocator.hpp"
#include "codegen/x64/emitter.hpp"
#include "codegen/x64/selector.hpp"

namespace wrun::codegen::x64 {

bool is_supported() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("lzcnt") &&
         __builtin_cpu_supports("popcnt");
}

std::expected<CompiledFunction, ir::Unsupported> compile(const ir::Function& function,
                                                         const CompileOptions& options) {
  const auto selected = select(function);
  if (!selected) return std::unexpected(selected.error());
  const AllocatorOptions allocator = {
      .allocatable = options.few_registers
                         ? RegSet{kRax, kRcx, kRdx, kRbx, kRsi, xmm(0), xmm(1), xmm(2)}
                         : kConvention.allocatable,
      .callee_saved = kConvention.callee_saved,
      .scratch = kConvention.scratch
  };
  const Allocation allocation = allocate_registers(selected->machine, allocator);
  if (options.check_allocation) {
    if (const auto problem = check_allocation(selected->machine, allocation)) {
      std::fprintf(stderr, "wrun: wrong allocation of function %u: %s\n", function.index(),
                   problem->c_str());
      std::abort();
    }
  }
  auto emitted = emit(function, *selected, allocation, options.listing);
  if (!emitted) return std::unexpected(ir::Unsupported{"an operand of the assembler's", 0});
  return std::move(*emitted);
}

}  // namespace wrun::codegen::x64
