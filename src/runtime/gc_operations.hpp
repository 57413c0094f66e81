// What instructions on structures and arrays do (spec 4.4.5, 4.4.6), apart from the accesses to
// single fields that tiers have code for. Constant expressions use the same functions.
#pragma once

#include "gc/heap.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::runtime {

// The operands of an instruction. Everything that the function has on its operand stack is in slots
// that are roots, `slots` among them, since allocation may collect.
struct ObjectOperands {
  const wasm::CanonicalType* type = nullptr;
  uint32_t immediate = 0;           // a segment, or the length of array.new_fixed
  const uint64_t* slots = nullptr;  // in the order of the operand stack; v128 takes two
  const uint64_t* stack_end = nullptr;
};

// `result` is left alone if there is none.
using ObjectOperation = TrapCode(VMContext& vm, const ObjectOperands& operands,
                                 gc::Reference& result);

ObjectOperation struct_new;
ObjectOperation struct_new_default;
ObjectOperation struct_new_desc;
ObjectOperation struct_new_default_desc;
ObjectOperation array_new;
ObjectOperation array_new_default;
ObjectOperation array_new_fixed;
ObjectOperation array_new_data;
ObjectOperation array_new_elem;
ObjectOperation array_fill;
ObjectOperation array_copy;
ObjectOperation array_init_data;
ObjectOperation array_init_elem;

// Why there is no room for an object of this size.
TrapCode allocation_failure(const gc::Heap& heap, uint64_t bytes);

}  // namespace wrun::runtime
