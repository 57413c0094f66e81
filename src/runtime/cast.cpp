#include "runtime/cast.hpp"

#include "base/assert.hpp"

namespace wrun::runtime {
namespace {

CastKind kind_of(wasm::HeapType::Abstract type) {
  using enum wasm::HeapType::Abstract;
  switch (type) {
    case Any:
    case Extern:
    case Func:
    case Exn:      return CastKind::All;
    case None:
    case NoExtern:
    case NoFunc:
    case NoExn:    return CastKind::Nothing;
    case Eq:       return CastKind::Eq;
    case I31:      return CastKind::I31;
    case Struct:   return CastKind::Struct;
    case Array:    return CastKind::Array;
  }
  WRUN_UNREACHABLE();
}

}  // namespace

CastTarget cast_target(const wasm::TypeRegistry& types, wasm::HeapType heap, bool nullable) {
  CastTarget target;
  target.nullable = nullable;
  if (!heap.is_concrete()) {
    target.kind = kind_of(heap.abstract());
    return target;
  }
  target.type = &types.type(heap.index());
  if (target.type->kind == wasm::CanonicalType::Kind::Func)
    target.kind = heap.is_exact() ? CastKind::ExactFunction : CastKind::Function;
  else
    target.kind = heap.is_exact() ? CastKind::ExactObject : CastKind::Object;
  return target;
}

bool matches_non_null(RefSlot reference, const CastTarget& target,
                      const wasm::TypeRegistry& types) {
  using Kind = wasm::CanonicalType::Kind;
  const auto object_type = [&] { return gc::to_object(reference)->type; };
  const auto function_id = [&] { return reinterpret_cast<const FuncRef*>(reference)->type_id; };
  switch (target.kind) {
    case CastKind::Nothing:       return false;
    case CastKind::All:           return true;
    case CastKind::Eq:            return !gc::is_host(reference);
    case CastKind::I31:           return gc::is_i31(reference);
    case CastKind::Struct:        return gc::is_object(reference) && object_type()->kind == Kind::Struct;
    case CastKind::Array:         return gc::is_object(reference) && object_type()->kind == Kind::Array;
    case CastKind::Object:        return gc::is_object(reference) && object_type()->is_below(*target.type);
    case CastKind::ExactObject:   return gc::is_object(reference) && object_type() == target.type;
    case CastKind::Function:      return types.type(function_id()).is_below(*target.type);
    case CastKind::ExactFunction: return function_id() == target.type->id;
  }
  WRUN_UNREACHABLE();
}

}  // namespace wrun::runtime
