#include "codegen/allocate_checked.hpp"

#include <cstdio>
#include <cstdlib>

#include "codegen/checker.hpp"
#include "codegen/register_allocator.hpp"

namespace wrun::codegen {

Allocation allocate_checked(const ir::Function& function, const SelectedFunction& selected,
                            const Convention& convention, RegSet few,
                            const CompileOptions& options) {
  Allocation allocation = allocate_registers(
      selected.machine, {.allocatable = options.few_registers ? few : convention.allocatable,
                         .callee_saved = convention.callee_saved,
                         .scratch = convention.scratch});
  if (!options.check_allocation) return allocation;
  if (const auto problem = check_allocation(selected.machine, allocation)) {
    std::fprintf(stderr, "wrun: wrong allocation of function %u: %s\n", function.index(),
                 problem->c_str());
    std::abort();
  }
  return allocation;
}

}  // namespace wrun::codegen
