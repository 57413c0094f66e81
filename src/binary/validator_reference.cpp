// References, structures, arrays, casts (spec 3.4.7 and 3.4.8).
#include "binary/validator.hpp"
#include "wasm/limits.hpp"

namespace wrun::binary {

using wasm::HeapType;
using wasm::kI32;
using wasm::Op;
using wasm::SubType;
using wasm::ValType;

namespace {

constexpr ValType nullable(HeapType heap) { return ValType::ref(heap, true); }
constexpr ValType non_null(HeapType heap) { return ValType::ref(heap, false); }

ValType unpacked(const wasm::FieldType& field) {
  return field.storage.is_packed() ? kI32 : field.storage;
}

}  // namespace

bool Validator::check_type(uint32_t index) {
  return index < module_.types.size() || fail_unknown("type", index);
}

bool Validator::check_heap_type(HeapType type) {
  return !type.is_concrete() || check_type(type.index());
}

bool Validator::check_val_type(ValType type) {
  return !type.is_ref() || check_heap_type(type.heap());
}

const wasm::FuncType* Validator::func_type(uint32_t index) {
  if (!check_type(index)) return nullptr;
  const SubType& type = module_.types[index];
  if (type.kind == SubType::Kind::Func) return &type.func;
  fail("type mismatch: type " + std::to_string(index) + " is not a function type");
  return nullptr;
}

const SubType* Validator::struct_type(uint32_t index) {
  if (!check_type(index)) return nullptr;
  const SubType& type = module_.types[index];
  if (type.kind == SubType::Kind::Struct) return &type;
  fail("type mismatch: type " + std::to_string(index) + " is not a structure type");
  return nullptr;
}

const wasm::FieldType* Validator::array_element(uint32_t index) {
  if (!check_type(index)) return nullptr;
  const SubType& type = module_.types[index];
  if (type.kind == SubType::Kind::Array) return &type.fields[0];
  fail("type mismatch: type " + std::to_string(index) + " is not an array type");
  return nullptr;
}

bool Validator::on_ref_func() {
  const uint32_t index = insn_.index;
  if (index >= module_.functions.size()) return fail_unknown("function", index);
  if (!context_.declared_functions[index])
    return fail("undeclared function reference " + std::to_string(index));
  return push(module_.type_of_reference(index));
}

bool Validator::on_reference_op() {
  constexpr ValType kNullableEq = nullable(HeapType::Abstract::Eq);
  constexpr ValType kNullableI31 = nullable(HeapType::Abstract::I31);
  ValType ref;
  switch (insn_.op) {
    case Op::RefNull:   return check_heap_type(insn_.heap) && push(nullable(insn_.heap));
    case Op::RefIsNull: return pop_ref(ref) && push(kI32);
    case Op::RefFunc:   return on_ref_func();
    case Op::RefEq:     return pop_all({kNullableEq, kNullableEq}) && push(kI32);
    case Op::RefAsNonNull:
      return pop_ref(ref) && push(ref == wasm::kBottom ? ref : non_null(ref.heap()));
    case Op::RefI31:           return pop(kI32) && push(non_null(HeapType::Abstract::I31));
    case Op::I31GetS:
    case Op::I31GetU:          return pop(kNullableI31) && push(kI32);
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: {
      const bool to_any = insn_.op == Op::AnyConvertExtern;
      const HeapType from = to_any ? HeapType::Abstract::Extern : HeapType::Abstract::Any;
      const HeapType to = to_any ? HeapType::Abstract::Any : HeapType::Abstract::Extern;
      if (!pop_ref(ref)) return false;
      if (!matches(ref, nullable(from)))
        return fail("type mismatch: " + std::string(wasm::text(insn_.op)) + " of " +
                    to_string(ref));
      return push(ValType::ref(to, ref != wasm::kBottom && ref.nullable()));
    }
    default: return fail("illegal opcode", Error::Kind::Malformed);
  }
}

bool Validator::on_cast_op() {
  if (!check_heap_type(insn_.heap)) return false;
  if (!pop(nullable(wasm::top_of(space_, insn_.heap)))) return false;
  switch (insn_.op) {
    case Op::RefCast:
    case Op::RefCastDescEq:     return push(non_null(insn_.heap));
    case Op::RefCastNull:
    case Op::RefCastDescEqNull: return push(nullable(insn_.heap));
    default:                    return push(kI32);
  }
}

bool Validator::pop_descriptor(HeapType target) {
  if (!target.is_concrete() || !module_.types[target.index()].descriptor)
    return fail("type mismatch: type " + to_string(target) + " does not have a descriptor");
  const wasm::TypeIndex descriptor = *module_.types[target.index()].descriptor;
  return pop(nullable(HeapType::concrete(descriptor, target.is_exact())));
}

bool Validator::on_descriptor_op() {
  if (insn_.op != Op::RefGetDesc)
    return check_heap_type(insn_.heap) && pop_descriptor(insn_.heap) && on_cast_op();
  const SubType* type = struct_type(insn_.index);
  if (!type) return false;
  if (!type->descriptor) return fail("type without descriptor " + std::to_string(insn_.index));
  ValType ref;
  if (!pop_ref(ref)) return false;
  const ValType exact = nullable(HeapType::concrete(insn_.index, true));
  const bool is_exact = ref == wasm::kBottom || matches(ref, exact);
  const ValType wanted = nullable(HeapType::concrete(insn_.index));
  if (!is_exact && !matches(ref, wanted))
    return fail("type mismatch: " + std::string(wasm::text(insn_.op)) + " of " + to_string(ref));
  return push(non_null(HeapType::concrete(*type->descriptor, is_exact)));
}

bool Validator::check_extension(const wasm::FieldType& field, bool extends) {
  if (field.storage.is_packed() == extends) return true;
  return fail(extends ? "type mismatch: field is not packed" : "type mismatch: field is packed");
}

bool Validator::check_mutable(const wasm::FieldType& field, const char* what) {
  return field.is_mutable || fail(std::string("immutable ") + what);
}

bool Validator::on_struct_new(const SubType& type) {
  const bool by_default = insn_.op == Op::StructNewDefault || insn_.op == Op::StructNewDefaultDesc;
  const bool described = insn_.op == Op::StructNewDesc || insn_.op == Op::StructNewDefaultDesc;
  if (described != type.descriptor.has_value())
    return fail(described ? "type without descriptor requires non-descriptor allocation"
                          : "type with descriptor requires descriptor allocation");
  operands_.clear();
  for (const wasm::FieldType& field : type.fields) {
    if (!by_default)
      operands_.push_back(unpacked(field));
    else if (!field.storage.is_defaultable())
      return fail("type mismatch: field type " + to_string(field.storage) + " is not defaultable");
  }
  if (described) operands_.push_back(nullable(HeapType::concrete(*type.descriptor, true)));
  return pop_all(operands_) && push(new_object(insn_.index));
}

bool Validator::on_struct_op() {
  const SubType* type = struct_type(insn_.index);
  if (!type) return false;
  const HeapType heap = HeapType::concrete(insn_.index);
  switch (insn_.op) {
    case Op::StructNew:
    case Op::StructNewDefault:
    case Op::StructNewDesc:
    case Op::StructNewDefaultDesc: return on_struct_new(*type);
    default:                       break;
  }
  if (insn_.index2 >= type->fields.size()) return fail_unknown("field", insn_.index2);
  const wasm::FieldType& field = type->fields[insn_.index2];
  if (insn_.op == Op::StructSet)
    return check_mutable(field, "field") && pop_all({nullable(heap), unpacked(field)});
  return check_extension(field, insn_.op != Op::StructGet) && pop(nullable(heap)) &&
         push(unpacked(field));
}

bool Validator::on_array_op() {
  if (insn_.op == Op::ArrayLen) return pop(nullable(HeapType::Abstract::Array)) && push(kI32);
  const wasm::FieldType* element = array_element(insn_.index);
  if (!element) return false;
  const HeapType heap = HeapType::concrete(insn_.index);
  const ValType value = unpacked(*element);
  switch (insn_.op) {
    case Op::ArrayNew: return pop_all({value, kI32}) && push(new_object(insn_.index));
    case Op::ArrayNewDefault:
      if (!element->storage.is_defaultable())
        return fail("type mismatch: element type " + to_string(element->storage) +
                    " is not defaultable");
      return pop(kI32) && push(new_object(insn_.index));
    case Op::ArrayNewFixed:
      if (insn_.index2 > wasm::kMaxArrayNewFixed)
        return fail("array.new_fixed with more than " + std::to_string(wasm::kMaxArrayNewFixed) +
                        " elements",
                    Error::Kind::Unsupported);
      operands_.assign(insn_.index2, value);
      return pop_all(operands_) && push(new_object(insn_.index));
    case Op::ArraySet:
      return check_mutable(*element, "array") && pop_all({nullable(heap), kI32, value});
    case Op::ArrayFill:
      return check_mutable(*element, "array") && pop_all({nullable(heap), kI32, value, kI32});
    default:  // array.get and its extending forms
      return check_extension(*element, insn_.op != Op::ArrayGet) &&
             pop_all({nullable(heap), kI32}) && push(value);
  }
}

// Whether the segment in the second immediate can fill an array of this element type.
bool Validator::check_segment_types(const wasm::FieldType& element) {
  if (insn_.op == Op::ArrayNewData || insn_.op == Op::ArrayInitData) {
    if (element.storage.is_ref()) return fail("array type is not numeric or vector");
    return check_data(insn_.index2);
  }
  if (!check_elem(insn_.index2)) return false;
  const ValType from = module_.elements[insn_.index2].type;
  return matches(from, element.storage) ||
         fail("type mismatch: elem segment of " + to_string(from) + " for an array of " +
              to_string(element.storage));
}

bool Validator::on_array_bulk_op() {
  const wasm::FieldType* element = array_element(insn_.index);
  if (!element) return false;
  const HeapType heap = HeapType::concrete(insn_.index);
  switch (insn_.op) {
    case Op::ArrayNewData:
    case Op::ArrayNewElem:
      return check_segment_types(*element) && pop_all({kI32, kI32}) &&
             push(new_object(insn_.index));
    case Op::ArrayInitData:
    case Op::ArrayInitElem:
      return check_mutable(*element, "array") && check_segment_types(*element) &&
             pop_all({nullable(heap), kI32, kI32, kI32});
    default: break;  // array.copy
  }
  const wasm::FieldType* from = array_element(insn_.index2);
  if (!from || !check_mutable(*element, "array")) return false;
  if (!matches(from->storage, element->storage))
    return fail("array types do not match: " + to_string(from->storage) + " and " +
                to_string(element->storage));
  return pop_all({nullable(heap), kI32, nullable(HeapType::concrete(insn_.index2)), kI32, kI32});
}

}  // namespace wrun::binary
