// The guest's call stack at a trap.
#pragma once

#include "interp/bytecode.hpp"
#include "runtime/store.hpp"

namespace wrun::interp {

// Writes the frames of the activation that just trapped to store.last_trap().
void record_backtrace(runtime::Store& store);

}  // namespace wrun::interp
