// Tests of what a reference refers to, against a heap type (spec 3.3.4, 4.2.14): constant time.
#pragma once

#include <cstring>

#include "gc/object.hpp"
#include "runtime/store.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::runtime {

enum class CastKind : uint8_t {
  Nothing,  // the bottom of a hierarchy: no reference but null
  All,      // its top
  Eq,       // i31, structures and arrays
  I31,
  Struct,
  Array,
  Object,  // a structure or array of `type` or below
  ExactObject,
  Function,  // of `type` or below
  ExactFunction,
};

struct CastTarget {
  const wasm::CanonicalType* type = nullptr;  // for concrete types
  CastKind kind = CastKind::Nothing;
  bool nullable = false;
};

// A target whose concrete type, if it has one, is an id of the registry.
CastTarget cast_target(const wasm::TypeRegistry& types, wasm::HeapType heap, bool nullable);

// Whether a reference other than null matches; it is of the target's hierarchy.
bool matches_non_null(RefSlot reference, const CastTarget& target, const wasm::TypeRegistry& types);

inline bool matches(RefSlot reference, const CastTarget& target, const wasm::TypeRegistry& types) {
  return reference == 0 ? target.nullable : matches_non_null(reference, target, types);
}

// Whether it is a structure whose descriptor this is (custom descriptors).
inline bool is_described_by(RefSlot reference, RefSlot descriptor) {
  if (!gc::is_object(reference)) return false;
  gc::Object* object = gc::to_object(reference);
  const uint32_t offset = object->type->descriptor_offset;
  return offset != 0 && std::memcmp(object->at(offset), &descriptor, sizeof descriptor) == 0;
}

}  // namespace wrun::runtime
