#include "interp/element_traps.hpp"

#include <string>

namespace wrun::interp {

using runtime::TrapCode;

TrapCode element_trap(TrapCode code, uint64_t index, runtime::Store& store) {
  std::string& message = store.last_trap().message;
  message = runtime::trap_message(code);
  message += ' ' + std::to_string(index);
  return code;
}

TrapCode check_element(const runtime::FuncRef* function, uint32_t type_id, uint64_t index,
                       runtime::Store& store) {
  if (function == nullptr) return element_trap(TrapCode::UninitializedElement, index, store);
  return store.types().is_subtype(function->type_id, type_id) ? TrapCode::None
                                                              : TrapCode::IndirectCallTypeMismatch;
}

TrapCode undefined_element(uint64_t index, runtime::Store& store) {
  return element_trap(TrapCode::UndefinedElement, index, store);
}

}  // namespace wrun::interp
