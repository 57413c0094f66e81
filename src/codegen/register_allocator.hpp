// Register allocation: liveness, linear scan, then moves where the pieces of a value meet.
#pragma once

#include "codegen/allocation.hpp"
#include "codegen/linear_scan.hpp"

namespace wrun::codegen {

Allocation allocate_registers(const MachineFunction& function, const AllocatorOptions& options);

}  // namespace wrun::codegen
