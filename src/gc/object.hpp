// Objects as they are in the heap. All begin with their type; where a structure's fields are is
// written there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gc/reference.hpp"
#include "wasm/canonical_type.hpp"

namespace wrun::gc {

struct Object {
  const wasm::CanonicalType* type;

  std::byte* at(uint32_t offset) { return reinterpret_cast<std::byte*>(this) + offset; }
};
static_assert(sizeof(Object) == wasm::kObjectHeaderBytes);

struct Array : Object {
  uint32_t length;
  uint32_t unused;

  std::byte* elements() { return at(wasm::kArrayHeaderBytes); }
  std::byte* element(uint64_t index) { return elements() + (index << type->element_log2); }
};
static_assert(sizeof(Array) == wasm::kArrayHeaderBytes);

// What an exnref points to: a tag and the arguments it was thrown with, in slots as they are on the
// operand stack. The tag is whatever identifies it to its store.
struct Exception : Object {
  const void* tag;
  uint64_t slots;  // how many

  uint64_t* payload() { return reinterpret_cast<uint64_t*>(this + 1); }
};

inline Reference to_reference(Object* object) { return reinterpret_cast<Reference>(object); }
inline Object* to_object(Reference reference) { return reinterpret_cast<Object*>(reference); }
inline Array* to_array(Reference reference) { return reinterpret_cast<Array*>(reference); }
inline Exception* to_exception(Reference reference) {
  return reinterpret_cast<Exception*>(reference);
}

constexpr uint64_t array_bytes(const wasm::CanonicalType& type, uint32_t length) {
  return (wasm::kArrayHeaderBytes + (uint64_t{length} << type.element_log2) + 7) & ~uint64_t{7};
}

}  // namespace wrun::gc
