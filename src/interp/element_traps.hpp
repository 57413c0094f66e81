// Traps of calls through tables, whose messages name the element.
#pragma once

#include <cstdint>

#include "runtime/store.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::interp {

// `code`, with a message that names the element.
runtime::TrapCode element_trap(runtime::TrapCode code, uint64_t index, runtime::Store& store);
// Why the element of a table that holds `function` may not be called as `type_id`; None for a subtype.
runtime::TrapCode check_element(const runtime::FuncRef* function, uint32_t type_id, uint64_t index,
                                runtime::Store& store);
// The trap of a call of an element that the table does not have.
runtime::TrapCode undefined_element(uint64_t index, runtime::Store& store);

}  // namespace wrun::interp
