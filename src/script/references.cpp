#include "script/references.hpp"

#include "gc/object.hpp"
#include "gc/reference.hpp"

namespace wrun::script {
namespace {

using wasm::HeapType;

// In the hierarchies of `any` and `extern`, whose references are of one kind.
Referent referent_of(gc::Reference reference) {
  if (gc::is_host(reference)) return Referent::Host;
  if (gc::is_i31(reference)) return Referent::I31;
  return gc::to_object(reference)->type->kind == wasm::CanonicalType::Kind::Array
             ? Referent::Array
             : Referent::Struct;
}

}  // namespace

runtime::RefSlot host_reference(uint32_t number) { return gc::from_host(number); }

Reference inspect(HeapType top, runtime::RefSlot slot) {
  if (slot == gc::kNull) return {Referent::Null, {}};
  if (top == HeapType::Abstract::Func) return {Referent::Func, {}};
  if (top == HeapType::Abstract::Exn) return {Referent::Exn, {}};
  Reference reference{referent_of(slot), {}};
  if (reference.referent == Referent::Host)
    reference.number = static_cast<uint32_t>(gc::host_value(slot));
  if (top == HeapType::Abstract::Extern) reference.referent = Referent::Extern;
  return reference;
}

}  // namespace wrun::script
