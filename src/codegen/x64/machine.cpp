#include "codegen/x64/machine.hpp"

#include <cstring>

#include "base/assert.hpp"
#include "base/processor.hpp"
#include "codegen/allocate_checked.hpp"
#include "codegen/x64/emitter.hpp"
#include "codegen/x64/selector.hpp"

namespace wrun::codegen::x64 {

bool is_supported() { return processor_has_x86_64_v3(); }

std::expected<CompiledFunction, ir::Unsupported> compile(const ir::Function& function,
                                                         const CompileOptions& options) {
  const auto selected = select(function);
  if (!selected) return std::unexpected(selected.error());
  const RegSet few = {kRax, kRcx, kRdx, kRbx, kRsi, xmm(0), xmm(1), xmm(2)};
  const Allocation allocation = allocate_checked(function, *selected, kConvention, few, options);
  auto emitted = emit(function, *selected, allocation, options.listing);
  if (!emitted) return std::unexpected(ir::Unsupported{"an operand of the assembler's", 0});
  return std::move(*emitted);
}

// A displacement, relative to its own end.
void set_target(std::byte* at, int64_t distance) {
  const auto displacement = static_cast<int32_t>(distance - int64_t{Relocation::kBytes});
  WRUN_CHECK(displacement == distance - int64_t{Relocation::kBytes});
  std::memcpy(at, &displacement, sizeof(displacement));
}

}  // namespace wrun::codegen::x64
