// What is known of sizes, and where memories, tables and globals are.
#include "codegen/selector_base.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen {

using runtime::VMContext;

// Its sum with a small number does not overflow.
bool SelectorBase::is_32_bits(Value value) const {
  return function_.type(value) == Type::I32 || function_[value].op == Op::I64ExtendI32U;
}

// What a size is at any time: memories do not shrink.
uint64_t SelectorBase::least_size(Value size) const {
  if (function_[size].op != Op::MemoryBytes) return 0;
  const wasm::MemoryType& memory = function_.module().memories[function_[size].low()];
  return memory.limits.minimum << memory.page_size_log2;
}

VReg SelectorBase::global_cell(uint32_t index) {
  const VReg globals = load_pointer(in_context(offsetof(VMContext, globals)));
  return load_pointer(at(globals, static_cast<int32_t>(index * sizeof(void*))));
}

VReg SelectorBase::table_view(uint32_t index) {
  const VReg tables = load_pointer(in_context(offsetof(VMContext, tables)));
  return load_pointer(at(tables, static_cast<int32_t>(index * sizeof(void*))));
}

VReg SelectorBase::memory_view(uint32_t index) {
  if (index == 0) return load_pointer(in_context(offsetof(VMContext, memory0)));
  const VReg memories = load_pointer(in_context(offsetof(VMContext, memories)));
  return load_pointer(at(memories, static_cast<int32_t>(index * sizeof(void*))));
}

}  // namespace wrun::codegen
