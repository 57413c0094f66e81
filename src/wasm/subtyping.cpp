#include "wasm/subtyping.hpp"

#include <optional>

namespace wrun::wasm {

using Abstract = HeapType::Abstract;

HeapType::Abstract abstract_of(SubType::Kind kind) {
  switch (kind) {
    case SubType::Kind::Func:   return Abstract::Func;
    case SubType::Kind::Struct: return Abstract::Struct;
    case SubType::Kind::Array:  return Abstract::Array;
  }
  return Abstract::Any;
}

HeapType::Abstract abstract_of(CanonicalType::Kind kind) {
  switch (kind) {
    case CanonicalType::Kind::Func:      return Abstract::Func;
    case CanonicalType::Kind::Struct:    return Abstract::Struct;
    case CanonicalType::Kind::Array:     return Abstract::Array;
    case CanonicalType::Kind::Exception: return Abstract::Exn;
  }
  return Abstract::Any;
}

namespace {

// The next type above an abstract one.
std::optional<Abstract> supertype_of(Abstract type) {
  switch (type) {
    case Abstract::Struct:
    case Abstract::Array:
    case Abstract::I31:    return Abstract::Eq;
    case Abstract::Eq:     return Abstract::Any;
    default:               return std::nullopt;
  }
}

Abstract top_of_abstract(Abstract type) {
  switch (type) {
    case Abstract::Func:
    case Abstract::NoFunc:   return Abstract::Func;
    case Abstract::Extern:
    case Abstract::NoExtern: return Abstract::Extern;
    case Abstract::Exn:
    case Abstract::NoExn:    return Abstract::Exn;
    default:                 return Abstract::Any;
  }
}

// Whether the type is below every other one of its hierarchy.
bool is_bottom(Abstract type) {
  return type == Abstract::None || type == Abstract::NoFunc || type == Abstract::NoExtern ||
         type == Abstract::NoExn;
}

bool abstract_matches(Abstract sub, Abstract super) {
  if (is_bottom(sub)) return top_of_abstract(sub) == top_of_abstract(super);
  for (std::optional<Abstract> type = sub; type; type = supertype_of(*type))
    if (*type == super) return true;
  return false;
}

// What a concrete heap type's number means is up to the space it belongs to.

SubType::Kind kind_of(const TypeSpace& space, TypeIndex index) { return space.types[index].kind; }
CanonicalType::Kind kind_of(const TypeRegistry& registry, uint32_t id) {
  return registry.type(id).kind;
}

bool concrete_matches(const TypeSpace& space, TypeIndex sub, TypeIndex super) {
  return matches(space, sub, super);
}
bool concrete_matches(const TypeRegistry& registry, uint32_t sub, uint32_t super) {
  return registry.is_subtype(sub, super);
}

bool is_same(const TypeSpace& space, TypeIndex a, TypeIndex b) { return space.is_same(a, b); }
bool is_same(const TypeRegistry&, uint32_t a, uint32_t b) { return a == b; }

template <class Space>
bool heap_matches(const Space& space, HeapType sub, HeapType super) {
  if (sub == super) return true;
  if (sub.is_concrete() && super.is_concrete()) {
    if (!super.is_exact()) return concrete_matches(space, sub.index(), super.index());
    return sub.is_exact() && is_same(space, sub.index(), super.index());
  }
  if (sub.is_concrete())
    return abstract_matches(abstract_of(kind_of(space, sub.index())), super.abstract());
  if (super.is_concrete())
    return is_bottom(sub.abstract()) &&
           abstract_matches(sub.abstract(), abstract_of(kind_of(space, super.index())));
  return abstract_matches(sub.abstract(), super.abstract());
}

template <class Space>
bool value_matches(const Space& space, ValType sub, ValType super) {
  if (sub == super || sub == kBottom) return true;
  if (!sub.is_ref() || !super.is_ref()) return false;
  if (sub.nullable() && !super.nullable()) return false;
  return heap_matches(space, sub.heap(), super.heap());
}

}  // namespace

HeapType::Abstract top_of(const TypeSpace& space, HeapType type) {
  return top_of_abstract(type.is_concrete() ? abstract_of(space.types[type.index()].kind)
                                            : type.abstract());
}

bool matches(const TypeSpace& space, TypeIndex sub, TypeIndex super) {
  for (std::optional<TypeIndex> type = sub; type; type = space.types[*type].supertype)
    if (space.is_same(*type, super)) return true;
  return false;
}

bool matches(const TypeSpace& space, HeapType sub, HeapType super) {
  return heap_matches(space, sub, super);
}

bool matches(const TypeSpace& space, ValType sub, ValType super) {
  return value_matches(space, sub, super);
}

bool matches(const TypeRegistry& registry, ValType sub, ValType super) {
  return value_matches(registry, sub, super);
}

bool matches(const TypeSpace& space, const FieldType& sub, const FieldType& super) {
  if (sub.is_mutable != super.is_mutable) return false;
  if (!matches(space, sub.storage, super.storage)) return false;
  return !sub.is_mutable || matches(space, super.storage, sub.storage);
}

bool matches(const TypeSpace& space, std::span<const ValType> sub, std::span<const ValType> super) {
  if (sub.size() != super.size()) return false;
  for (size_t i = 0; i < sub.size(); ++i)
    if (!matches(space, sub[i], super[i])) return false;
  return true;
}

}  // namespace wrun::wasm
