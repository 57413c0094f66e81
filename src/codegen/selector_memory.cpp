// Addresses, what is known of sizes, and where memories, tables and globals are.
//
// An address is base + index + displacement, computed in 64 bits. An i32 index has zeros above, a
// displacement is less than 2^31: what they add up to stays in the reservation of a guarded memory, as
// far as the index and offset of the access do. Nothing else is taken into an address: i32 arithmetic
// wraps around, addresses do not.
#include "codegen/selector_base.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen {

using runtime::VMContext;

Address SelectorBase::address(Value index, ir::Access access) {
  Address result = {.kind = AddressKind::MemoryBase};
  uint64_t offset = access.offset;
  const ir::Instruction& of_index = function_[index];
  if (access.is_absolute) {
    result.kind = AddressKind::Base;
    if (can_fold(index) && of_index.op == Op::I64Add) {
      folded_[index.index] = true;
      result.base = in_register(function_.operand(index, 0));
      result.index = in_register(function_.operand(index, 1));
    } else {
      result.base = in_register(index);
    }
  } else if (of_index.op == Op::I32Const ||
             (of_index.op == Op::I64Const && of_index.immediate < INT32_MAX)) {
    offset += of_index.immediate;
  } else if (of_index.op == Op::I64ExtendI32U) {
    result.index = in_register(function_.operand(index, 0));
  } else {
    result.index = in_register(index);
  }
  if (offset <= INT32_MAX) {
    result.displacement = static_cast<int32_t>(offset);
    return result;
  }
  result.index = result.index.exists() ? sum(result.index, load_i64(offset)) : load_i64(offset);
  return result;
}

// Its sum with a small number does not overflow.
bool SelectorBase::is_32_bits(Value value) const {
  return function_.type(value) == Type::I32 || function_[value].op == Op::I64ExtendI32U;
}

// What a size is at any time: memories do not shrink.
uint64_t SelectorBase::least_size(Value size) const {
  if (is_constant(size)) return function_[size].immediate;
  if (function_[size].op != Op::MemoryBytes) return 0;
  const wasm::MemoryType& memory = function_.module().memories[function_[size].low()];
  return memory.limits.minimum << memory.page_size_log2;
}

Address SelectorBase::global_cell(uint32_t index) {
  if (index >= function_.module().imported_globals) return in_context(layout_.global_cell(index));
  const VReg globals = load_pointer(in_context(offsetof(VMContext, globals)));
  return at(load_pointer(at(globals, static_cast<int32_t>(index * sizeof(void*)))));
}

VReg SelectorBase::table_view(uint32_t index) {
  return load_pointer(in_context(layout_.table_view(index)));
}

VReg SelectorBase::table_elements(uint32_t index) {
  if (ir::is_fixed(function_.module().tables[index].type.limits))
    return load_pointer(in_context(layout_.table_elements(index)));
  return load_pointer(at(table_view(index), offsetof(runtime::TableView, elements)));
}

VReg SelectorBase::memory_view(uint32_t index) {
  if (index == 0) return load_pointer(in_context(offsetof(VMContext, memory0)));
  const VReg memories = load_pointer(in_context(offsetof(VMContext, memories)));
  return load_pointer(at(memories, static_cast<int32_t>(index * sizeof(void*))));
}

}  // namespace wrun::codegen
