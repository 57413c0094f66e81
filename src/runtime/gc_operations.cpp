#include "runtime/gc_operations.hpp"

#include <algorithm>
#include <cstring>

#include "runtime/instance.hpp"

namespace wrun::runtime {
namespace {

using gc::Array;
using gc::Object;
using gc::Reference;

constexpr bool fits(uint64_t offset, uint64_t count, uint64_t size) {
  return count <= size && offset <= size - count;
}

// Packed fields take the low bits of an i32; values of up to 8 bytes lie in their slot's low bytes.
void write_field(std::byte* to, uint8_t width_log2, const uint64_t* slots) {
  switch (width_log2) {
    case 0:  std::memcpy(to, slots, 1); return;
    case 1:  std::memcpy(to, slots, 2); return;
    case 2:  std::memcpy(to, slots, 4); return;
    case 3:  std::memcpy(to, slots, 8); return;
    default: std::memcpy(to, slots, 16); return;
  }
}

void fill(std::byte* to, uint8_t width_log2, const uint64_t* slots, uint64_t count) {
  if (width_log2 == 0) {
    std::memset(to, static_cast<uint8_t>(*slots), count);
    return;
  }
  for (uint64_t i = 0; i < count; ++i) write_field(to + (i << width_log2), width_log2, slots);
}

uint32_t low32(uint64_t slot) { return static_cast<uint32_t>(slot); }

constexpr uint32_t slots_of(uint8_t width_log2) { return width_log2 == 4 ? 2 : 1; }

TrapCode make_struct(VMContext& vm, const ObjectOperands& operands, Object*& object) {
  gc::Heap& heap = vm.store->heap();
  object = heap.allocate(*operands.type, operands.type->bytes, operands.stack_end);
  return object != nullptr ? TrapCode::None : allocation_failure(heap, operands.type->bytes);
}

TrapCode make_array(VMContext& vm, const ObjectOperands& operands, uint32_t length, Array*& array) {
  gc::Heap& heap = vm.store->heap();
  const uint64_t bytes = gc::array_bytes(*operands.type, length);
  array = static_cast<Array*>(heap.allocate(*operands.type, bytes, operands.stack_end));
  if (array == nullptr) return allocation_failure(heap, bytes);
  array->length = length;
  return TrapCode::None;
}

// Everything after the type: fields, padding, and the descriptor.
void clear(Object& object) {
  std::memset(object.at(wasm::kObjectHeaderBytes), 0,
              object.type->bytes - wasm::kObjectHeaderBytes);
}

// Returns the slot after those of the fields.
const uint64_t* write_fields(Object& object, const uint64_t* slots) {
  for (const wasm::CanonicalType::Field& field : object.type->fields) {
    const uint8_t width = wasm::width_log2(field.storage);
    write_field(object.at(field.offset), width, slots);
    slots += slots_of(width);
  }
  return slots;
}

// The slots of all fields, which is where the descriptor is behind.
uint32_t field_slots(const wasm::CanonicalType& type) {
  uint32_t slots = 0;
  for (const wasm::CanonicalType::Field& field : type.fields)
    slots += slots_of(wasm::width_log2(field.storage));
  return slots;
}

void set_descriptor(Object& object, Reference descriptor) {
  std::memcpy(object.at(object.type->descriptor_offset), &descriptor, sizeof descriptor);
}

}  // namespace

TrapCode allocation_failure(const gc::Heap& heap, uint64_t bytes) {
  return bytes > heap.max_object_bytes() ? TrapCode::AllocationTooLarge : TrapCode::OutOfMemory;
}

// --- Structures ---

TrapCode struct_new(VMContext& vm, const ObjectOperands& operands, Reference& result) {
  Object* object;
  const TrapCode code = make_struct(vm, operands, object);
  if (code != TrapCode::None) return code;
  write_fields(*object, operands.slots);
  result = gc::to_reference(object);
  return TrapCode::None;
}

TrapCode struct_new_default(VMContext& vm, const ObjectOperands& operands, Reference& result) {
  Object* object;
  const TrapCode code = make_struct(vm, operands, object);
  if (code != TrapCode::None) return code;
  clear(*object);
  result = gc::to_reference(object);
  return TrapCode::None;
}

TrapCode struct_new_desc(VMContext& vm, const ObjectOperands& operands, Reference& result) {
  const Reference descriptor = operands.slots[field_slots(*operands.type)];
  if (descriptor == gc::kNull) return TrapCode::NullDescriptorReference;
  const TrapCode code = struct_new(vm, operands, result);
  if (code == TrapCode::None) set_descriptor(*gc::to_object(result), descriptor);
  return code;
}

TrapCode struct_new_default_desc(VMContext& vm, const ObjectOperands& operands, Reference& result) {
  const Reference descriptor = operands.slots[0];
  if (descriptor == gc::kNull) return TrapCode::NullDescriptorReference;
  const TrapCode code = struct_new_default(vm, operands, result);
  if (code == TrapCode::None) set_descriptor(*gc::to_object(result), descriptor);
  return code;
}

// --- Arrays: making them ---

TrapCode array_new(VMContext& vm, const ObjectOperands& operands, Reference& result) {
  const uint8_t width = operands.type->element_log2;
  const uint32_t length = low32(operands.slots[slots_of(width)]);
  Array* array;
  const TrapCode code = make_array(vm, operands, length, array);
  if (code != TrapCode::None) return code;
  fill(array->elements(), width, operands.slots, length);
  result = gc::to_reference(array);
  return TrapCode::None;
}

TrapCode array_new_default(VMContext& vm, const ObjectOperands& operands, Reference& result) {
  const uint32_t length = low32(operands.slots[0]);
  Array* array;
  const TrapCode code = make_array(vm, operands, length, array);
  if (code != TrapCode::None) return code;
  std::memset(array->elements(), 0, uint64_t{length} << operands.type->element_log2);
  result = gc::to_reference(array);
  return TrapCode::None;
}

TrapCode array_new_fixed(VMContext& vm, const ObjectOperands& operands, Reference& result) {
  Array* array;
  const TrapCode code = make_array(vm, operands, operands.immediate, array);
  if (code != TrapCode::None) return code;
  const uint8_t width = operands.type->element_log2;
  for (uint32_t i = 0; i < operands.immediate; ++i)
    write_field(array->element(i), width, operands.slots + size_t{i} * slots_of(width));
  result = gc::to_reference(array);
  return TrapCode::None;
}

TrapCode array_new_data(VMContext& vm, const ObjectOperands& operands, Reference& result) {
  const std::span<const std::byte> data = vm.instance->data(operands.immediate);
  const uint32_t offset = low32(operands.slots[0]);
  const uint32_t length = low32(operands.slots[1]);
  const uint64_t bytes = uint64_t{length} << operands.type->element_log2;
  if (!fits(offset, bytes, data.size())) return TrapCode::OutOfBoundsMemoryAccess;
  Array* array;
  const TrapCode code = make_array(vm, operands, length, array);
  if (code != TrapCode::None) return code;
  if (bytes != 0) std::memcpy(array->elements(), data.data() + offset, bytes);
  result = gc::to_reference(array);
  return TrapCode::None;
}

TrapCode array_new_elem(VMContext& vm, const ObjectOperands& operands, Reference& result) {
  const std::span<const RefSlot> elements = vm.instance->elements(operands.immediate);
  const uint32_t offset = low32(operands.slots[0]);
  const uint32_t length = low32(operands.slots[1]);
  if (!fits(offset, length, elements.size())) return TrapCode::OutOfBoundsTableAccess;
  Array* array;
  const TrapCode code = make_array(vm, operands, length, array);
  if (code != TrapCode::None) return code;
  if (length != 0)
    std::memcpy(array->elements(), elements.data() + offset, length * sizeof(RefSlot));
  result = gc::to_reference(array);
  return TrapCode::None;
}

// --- Arrays: many elements at once ---

// Operands: array, index, value, count
TrapCode array_fill(VMContext&, const ObjectOperands& operands, Reference&) {
  const uint8_t width = operands.type->element_log2;
  if (operands.slots[0] == gc::kNull) return TrapCode::NullArrayReference;
  Array& array = *gc::to_array(operands.slots[0]);
  const uint32_t index = low32(operands.slots[1]);
  const uint32_t count = low32(operands.slots[2 + slots_of(width)]);
  if (!fits(index, count, array.length)) return TrapCode::OutOfBoundsArrayAccess;
  fill(array.element(index), width, operands.slots + 2, count);
  return TrapCode::None;
}

// Operands: array, index, source, index in it, count
TrapCode array_copy(VMContext&, const ObjectOperands& operands, Reference&) {
  if (operands.slots[0] == gc::kNull || operands.slots[2] == gc::kNull)
    return TrapCode::NullArrayReference;
  Array& to = *gc::to_array(operands.slots[0]);
  Array& from = *gc::to_array(operands.slots[2]);
  const uint32_t to_index = low32(operands.slots[1]);
  const uint32_t from_index = low32(operands.slots[3]);
  const uint32_t count = low32(operands.slots[4]);
  if (!fits(to_index, count, to.length) || !fits(from_index, count, from.length))
    return TrapCode::OutOfBoundsArrayAccess;
  std::memmove(to.element(to_index), from.element(from_index),
               uint64_t{count} << operands.type->element_log2);
  return TrapCode::None;
}

// Operands: array, index, offset in the segment, count
TrapCode array_init_data(VMContext& vm, const ObjectOperands& operands, Reference&) {
  if (operands.slots[0] == gc::kNull) return TrapCode::NullArrayReference;
  Array& array = *gc::to_array(operands.slots[0]);
  const std::span<const std::byte> data = vm.instance->data(operands.immediate);
  const uint32_t index = low32(operands.slots[1]);
  const uint32_t offset = low32(operands.slots[2]);
  const uint32_t count = low32(operands.slots[3]);
  const uint64_t bytes = uint64_t{count} << operands.type->element_log2;
  if (!fits(index, count, array.length)) return TrapCode::OutOfBoundsArrayAccess;
  if (!fits(offset, bytes, data.size())) return TrapCode::OutOfBoundsMemoryAccess;
  if (bytes != 0) std::memcpy(array.element(index), data.data() + offset, bytes);
  return TrapCode::None;
}

TrapCode array_init_elem(VMContext& vm, const ObjectOperands& operands, Reference&) {
  if (operands.slots[0] == gc::kNull) return TrapCode::NullArrayReference;
  Array& array = *gc::to_array(operands.slots[0]);
  const std::span<const RefSlot> elements = vm.instance->elements(operands.immediate);
  const uint32_t index = low32(operands.slots[1]);
  const uint32_t offset = low32(operands.slots[2]);
  const uint32_t count = low32(operands.slots[3]);
  if (!fits(index, count, array.length)) return TrapCode::OutOfBoundsArrayAccess;
  if (!fits(offset, count, elements.size())) return TrapCode::OutOfBoundsTableAccess;
  if (count != 0)
    std::memcpy(array.element(index), elements.data() + offset, count * sizeof(RefSlot));
  return TrapCode::None;
}

}  // namespace wrun::runtime
