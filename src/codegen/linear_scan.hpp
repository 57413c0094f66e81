// Linear scan over lifetime intervals with holes (Wimmer and Franz 2010): gives every piece of an
// interval a register or leaves it in its slot, splitting where that helps.
#pragma once

#include "codegen/intervals.hpp"

namespace wrun::codegen {

struct AllocatorOptions {
  RegSet allocatable;
  RegSet callee_saved;  // of the allocatable ones: using them costs something
  Reg scratch;
};

void scan(const MachineFunction& function, const AllocatorOptions& options, Intervals& intervals);

}  // namespace wrun::codegen
