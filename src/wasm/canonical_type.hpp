// What running code knows of a type: its identity in the engine, its supertypes, and where the
// fields of its values are. Made by TypeRegistry, never moves, and lives as long as that does.
#pragma once

#include <cstdint>
#include <vector>

#include "wasm/types.hpp"

namespace wrun::wasm {

// Objects begin with a pointer to their type; arrays have their length after it.
inline constexpr uint32_t kObjectHeaderBytes = 8;
inline constexpr uint32_t kArrayHeaderBytes = 16;

struct CanonicalType {
  enum class Kind : uint8_t { Func, Struct, Array, Exception };

  struct Field {
    ValType storage;      // concrete heap types hold ids of the registry
    uint32_t offset = 0;  // from the beginning of the object; of an array: of its first element
    bool may_hold_object = false;  // a reference that is not to a function
  };

  Kind kind = Kind::Func;
  uint8_t depth = 0;  // how many types are above this one
  uint32_t id = 0;
  const CanonicalType* const* supertypes = nullptr;  // `depth` of them, from the root down

  // Structures and arrays.
  std::vector<Field> fields;         // of an array: one
  uint32_t bytes = 0;                // of a structure, a multiple of 8
  uint8_t element_log2 = 0;          // of an array: log2 of the bytes of an element
  uint32_t descriptor_offset = 0;    // of a structure with a custom descriptor; else 0
  std::vector<uint32_t> references;  // offsets of what may hold objects in a structure

  bool is_below(const CanonicalType& super) const {
    return this == &super || (depth > super.depth && supertypes[super.depth] == &super);
  }
};

// The bytes of a field (spec 2.3.10), as a power of two.
constexpr uint8_t width_log2(ValType storage) {
  switch (storage.kind()) {
    case ValType::Kind::I8:   return 0;
    case ValType::Kind::I16:  return 1;
    case ValType::Kind::I32:
    case ValType::Kind::F32:  return 2;
    case ValType::Kind::V128: return 4;
    default:                  return 3;
  }
}

}  // namespace wrun::wasm
