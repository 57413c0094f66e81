// The functions behind ir::RuntimeCall: what compiled code leaves to the runtime.
#pragma once

#include <vector>

namespace wrun::engine {

// By ir::RuntimeCall. They take the context of the instance and the operands that runtime_calls.def
// lists; one that traps leaves the code in StackState::exit_code.
std::vector<const void*> runtime_call_functions();

}  // namespace wrun::engine
