// Canonical type identities (spec 3.2.8): within one registry, equal recursive groups get equal
// ids, whichever module they come from. One registry per engine; thread-safe. Types are never
// forgotten, and an id is known to a thread only after its type is complete: looking one up takes no
// lock.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "wasm/canonical_type.hpp"
#include "wasm/types.hpp"

namespace wrun::wasm {

class TypeRegistry {
 public:
  TypeRegistry();
  ~TypeRegistry();
  TypeRegistry(const TypeRegistry&) = delete;
  TypeRegistry& operator=(const TypeRegistry&) = delete;

  // Appends the ids of the recursive group types[first .. first + count) to `canonical`, which
  // already holds the ids of all earlier types of the module. The supertypes and descriptors named
  // have been checked, except that structures need not match. False: the registry is full.
  [[nodiscard]] bool canonicalize_group(std::span<const SubType> types, uint32_t first,
                                        uint32_t count, std::vector<uint32_t>& canonical);
  // The id of a final function type without supertype that stands alone.
  uint32_t function_type(const FuncType& type);
  // Whether the type `sub` is `super` or was declared below it.
  bool is_subtype(uint32_t sub, uint32_t super) const;
  const CanonicalType& type(uint32_t id) const;
  // Whether values of this type, whose heap type holds an id, may refer to objects of a heap: those
  // of every reference type that is not a function's.
  bool may_hold_object(ValType type) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wrun::wasm
