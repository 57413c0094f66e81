#include "wasm/types.hpp"

#include <string_view>

namespace wrun::wasm {

namespace {

std::string_view name_of(HeapType::Abstract type) {
  switch (type) {
    case HeapType::Abstract::Exn:      return "exn";
    case HeapType::Abstract::Array:    return "array";
    case HeapType::Abstract::Struct:   return "struct";
    case HeapType::Abstract::I31:      return "i31";
    case HeapType::Abstract::Eq:       return "eq";
    case HeapType::Abstract::Any:      return "any";
    case HeapType::Abstract::Extern:   return "extern";
    case HeapType::Abstract::Func:     return "func";
    case HeapType::Abstract::None:     return "none";
    case HeapType::Abstract::NoExtern: return "noextern";
    case HeapType::Abstract::NoFunc:   return "nofunc";
    case HeapType::Abstract::NoExn:    return "noexn";
  }
  return "?";
}

// The short form of (ref null ht) (spec 6.4.4).
std::string_view nullable_name_of(HeapType::Abstract type) {
  switch (type) {
    case HeapType::Abstract::Exn:      return "exnref";
    case HeapType::Abstract::Array:    return "arrayref";
    case HeapType::Abstract::Struct:   return "structref";
    case HeapType::Abstract::I31:      return "i31ref";
    case HeapType::Abstract::Eq:       return "eqref";
    case HeapType::Abstract::Any:      return "anyref";
    case HeapType::Abstract::Extern:   return "externref";
    case HeapType::Abstract::Func:     return "funcref";
    case HeapType::Abstract::None:     return "nullref";
    case HeapType::Abstract::NoExtern: return "nullexternref";
    case HeapType::Abstract::NoFunc:   return "nullfuncref";
    case HeapType::Abstract::NoExn:    return "nullexnref";
  }
  return "?";
}

}  // namespace

std::string to_string(HeapType type) {
  if (!type.is_concrete()) return std::string(name_of(type.abstract()));
  const std::string index = std::to_string(type.index());
  return type.is_exact() ? "(exact " + index + ")" : index;
}

std::string to_string(ValType type) {
  switch (type.kind()) {
    case ValType::Kind::Bottom: return "bot";
    case ValType::Kind::I8:     return "i8";
    case ValType::Kind::I16:    return "i16";
    case ValType::Kind::I32:    return "i32";
    case ValType::Kind::I64:    return "i64";
    case ValType::Kind::F32:    return "f32";
    case ValType::Kind::F64:    return "f64";
    case ValType::Kind::V128:   return "v128";
    case ValType::Kind::Ref:    break;
  }
  const HeapType heap = type.heap();
  if (type.nullable() && !heap.is_concrete()) return std::string(nullable_name_of(heap.abstract()));
  return (type.nullable() ? "(ref null " : "(ref ") + to_string(heap) + ")";
}

std::string to_string(std::span<const ValType> types) {
  std::string text = "[";
  for (ValType type : types) {
    if (text.size() > 1) text += ' ';
    text += to_string(type);
  }
  return text + "]";
}

std::string to_string(const FuncType& type) {
  return to_string(std::span(type.params)) + " -> " + to_string(std::span(type.results));
}

}  // namespace wrun::wasm
