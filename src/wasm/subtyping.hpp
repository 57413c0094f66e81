// Matching of types (spec 3.3.1 to 3.3.4), within one module or between modules.
#pragma once

#include <cstdint>
#include <span>

#include "wasm/type_registry.hpp"
#include "wasm/types.hpp"

namespace wrun::wasm {

// A module's types with their canonical ids; what concrete heap types refer to.
struct TypeSpace {
  std::span<const SubType> types;
  std::span<const uint32_t> canonical;

  bool is_same(TypeIndex a, TypeIndex b) const { return canonical[a] == canonical[b]; }
};

// The abstract type directly above all types of this kind: func, struct or array.
HeapType::Abstract abstract_of(SubType::Kind kind);
HeapType::Abstract abstract_of(CanonicalType::Kind kind);
// The greatest supertype: any, func, extern or exn.
HeapType::Abstract top_of(const TypeSpace& space, HeapType type);

bool matches(const TypeSpace& space, TypeIndex sub, TypeIndex super);
bool matches(const TypeSpace& space, HeapType sub, HeapType super);
bool matches(const TypeSpace& space, ValType sub, ValType super);
bool matches(const TypeSpace& space, const FieldType& sub, const FieldType& super);
bool matches(const TypeSpace& space, std::span<const ValType> sub, std::span<const ValType> super);

// The same for canonical types, whose concrete heap types hold ids of the registry.
bool matches(const TypeRegistry& registry, ValType sub, ValType super);

}  // namespace wrun::wasm
