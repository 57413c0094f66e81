#include "codegen/a64/machine.hpp"

#include <cstring>

#include "base/assert.hpp"
#include "codegen/a64/emitter.hpp"
#include "codegen/a64/selector.hpp"
#include "codegen/allocate_checked.hpp"

namespace wrun::codegen::a64 {

bool is_supported() { return true; }

std::expected<CompiledFunction, ir::Unsupported> compile(const ir::Function& function,
                                                         const CompileOptions& options) {
  const auto selected = select(function);
  if (!selected) return std::unexpected(selected.error());
  const RegSet few = {x(0), x(1), x(2), x(3), x(19), v(0), v(1), v(2)};
  const Allocation allocation = allocate_checked(function, *selected, kConvention, few, options);
  auto emitted = emit(function, *selected, allocation, options.listing);
  if (!emitted) return std::unexpected(ir::Unsupported{"an operand of the assembler's", 0});
  return std::move(*emitted);
}

// The 26 bits of a branch, in instructions.
void set_target(std::byte* at, int64_t distance) {
  constexpr int64_t kReach = int64_t{1} << 27;
  WRUN_CHECK(distance >= -kReach && distance < kReach && distance % 4 == 0);
  uint32_t instruction;
  std::memcpy(&instruction, at, sizeof(instruction));
  instruction |= static_cast<uint32_t>(distance / 4) & 0x03ffffff;
  std::memcpy(at, &instruction, sizeof(instruction));
}

}  // namespace wrun::codegen::a64
