// References, structures, arrays and casts.
#include <algorithm>

#include "interp/translator.hpp"
#include "runtime/cast.hpp"

namespace wrun::interp {
namespace {

using wasm::CanonicalType;
using wasm::ValType;

FieldRead read_of(ValType storage, bool sign_extends) {
  switch (storage.kind()) {
    case ValType::Kind::I8:   return sign_extends ? FieldRead::I8S : FieldRead::I8U;
    case ValType::Kind::I16:  return sign_extends ? FieldRead::I16S : FieldRead::I16U;
    case ValType::Kind::I32:  return FieldRead::Word32;
    case ValType::Kind::F32:  return FieldRead::F32;
    case ValType::Kind::F64:  return FieldRead::F64;
    case ValType::Kind::V128: return FieldRead::V128;
    default:                  return FieldRead::Word64;
  }
}

constexpr std::array kStructNewWords = {Code::StructNewWords1, Code::StructNewWords2,
                                        Code::StructNewWords3, Code::StructNewWords4};

// Whether StructNewWords can make it from so many operands.
bool is_made_of_words(const CanonicalType& type) {
  return !type.fields.empty() && type.fields.size() <= kStructNewWords.size() &&
         type.descriptor_offset == 0 &&
         std::ranges::all_of(type.fields, [](const CanonicalType::Field& field) {
           return wasm::width_log2(field.storage) == 3;
         });
}

}  // namespace

void Translator::gc_op(const Instruction& insn) {
  switch (insn.op) {
    case Op::StructNew:
    case Op::StructNewDefault:
    case Op::StructNewDesc:
    case Op::StructNewDefaultDesc: return struct_new(insn);
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU:           return struct_get(insn);
    case Op::StructSet:            return struct_set(insn);
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU:            return array_get(insn);
    case Op::ArraySet:             return array_set(insn);
    case Op::ArrayLen:
    case Op::RefI31:
    case Op::I31GetS:
    case Op::I31GetU:              return unary(insn.op);
    case Op::RefTest:
    case Op::RefTestNull:          return ref_test(insn);
    case Op::RefCast:
    case Op::RefCastNull:          return ref_cast(insn);
    case Op::BrOnCast:             return br_on_cast(insn, false);
    case Op::BrOnCastFail:         return br_on_cast(insn, true);
    // Both hierarchies represent a reference in the same way.
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny:   return;
    case Op::RefGetDesc:         return ref_get_desc(insn);
    case Op::RefCastDescEq:
    case Op::RefCastDescEqNull:  return ref_cast_desc_eq(insn);
    case Op::BrOnCastDescEq:     return br_on_cast_desc_eq(insn, false);
    case Op::BrOnCastDescEqFail: return br_on_cast_desc_eq(insn, true);
    default:                     return array_operation(insn);
  }
}

const CanonicalType& Translator::canonical(wasm::TypeIndex type) const {
  return module_code_.types().type(module_.canonical_types[type]);
}

// What ends instructions whose result goes to the destination at byte 8.
void Translator::field_result(uint32_t at, uint32_t slot, Bank bank, Handler acc_only,
                              const AccState& acc_before) {
  note_offset(at);
  finish_destination(slot, bank);
  push_result(bank, wide_ ? kNone : at, acc_only);
  latest_.position = at;
  latest_.acc_before = acc_before;
}

void Translator::struct_get(const Instruction& insn) {
  const CanonicalType::Field& field = canonical(insn.index).fields[insn.index2];
  const Handler* row = table_.row(Op::StructGet);
  const FieldRead read = read_of(field.storage, insn.op == Op::StructGetS);
  const Entry structure = pop();
  const AccState acc_before = acc_;
  const bool acc = in_acc(structure);
  uint16_t from = 0;
  if (acc)
    consume_acc(structure);
  else
    from = operand16(structure);
  const Src src = acc ? Src::Acc : Src::Slot;
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(row[struct_get_at(read, src, Dst::Slot)], 2);
  put(at, 8, to);
  put(at, 10, from);
  put(at, 12, field.offset);
  field_result(at, slot, bank_of(field.storage), row[struct_get_at(read, src, Dst::Acc)],
               acc_before);
}

// The operand in the integer accumulator becomes R; the other is in a slot.
ObjectForm Translator::object_operands(const Entry& left, const Entry& right, uint16_t& first,
                                       uint16_t& second) {
  if (in_acc(left)) {
    consume_acc(left);
    second = operand16(right);
    return ObjectForm::RS;
  }
  if (right.bank == Bank::Int && in_acc(right)) {
    // A constant on the left would be written by an instruction that leaves the accumulator alone.
    consume_acc(right);
    first = operand16(left);
    return ObjectForm::SR;
  }
  first = operand16(left);
  second = operand16(right);
  return ObjectForm::SS;
}

void Translator::struct_set(const Instruction& insn) {
  const CanonicalType::Field& field = canonical(insn.index).fields[insn.index2];
  const Entry value = pop();
  const Entry structure = pop();
  uint16_t first = 0, second = 0;
  const ObjectForm form = object_operands(structure, value, first, second);
  const uint8_t width = wasm::width_log2(field.storage);
  const uint32_t at = emit(table_.row(Op::StructSet)[object_set_at(width, form)], 2);
  put(at, 8, first);
  put(at, 10, second);
  put(at, 12, field.offset);
  note_offset(at);
}

void Translator::array_get(const Instruction& insn) {
  const CanonicalType& type = canonical(insn.index);
  const Handler* row = table_.row(Op::ArrayGet);
  const FieldRead read = read_of(type.fields[0].storage, insn.op == Op::ArrayGetS);
  const Entry index = pop();
  const Entry array = pop();
  const AccState acc_before = acc_;
  uint16_t first = 0, second = 0;
  const ObjectForm form = object_operands(array, index, first, second);
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(row[array_get_at(read, form, Dst::Slot)], 2);
  put(at, 8, to);
  put(at, 10, first);
  put(at, 12, second);
  field_result(at, slot, bank_of(type.fields[0].storage), row[array_get_at(read, form, Dst::Acc)],
               acc_before);
}

void Translator::array_set(const Instruction& insn) {
  const Entry value = pop();
  const Entry index = pop();
  const Entry array = pop();
  uint16_t first = 0, second = 0;
  const ObjectForm form = object_operands(index, value, first, second);
  const uint16_t array_slot = operand16(array);
  const uint8_t width = canonical(insn.index).element_log2;
  const uint32_t at = emit(table_.row(Op::ArraySet)[object_set_at(width, form)], 2);
  put(at, 8, array_slot);
  put(at, 10, first);
  put(at, 12, second);
  note_offset(at);
}

// --- Instructions with a function of runtime/gc_operations.hpp ---

// Operands in their own slots; what is in use while the instruction runs ends behind them.
void Translator::object_operation(Code code, wasm::TypeIndex type, uint32_t operands,
                                  uint32_t immediate, bool has_result) {
  const auto first = static_cast<uint32_t>(stack_.size()) - operands;
  flush(first);
  const uint32_t base = operands == 0 ? stack_slots_ : stack_[first].slot;
  const uint32_t in_use = stack_slots_;
  truncate(first);
  const uint32_t slot = next_slot();
  const uint16_t to = has_result ? destination16(slot) : 0;
  const uint32_t at = emit(code, 4);
  put(at, 8, to);
  put(at, 12, in_use);
  put(at, 16, &canonical(type));
  put(at, 24, base);
  put(at, 28, immediate);
  if (has_result) return field_result(at, slot, Bank::Int, nullptr, acc_);
  note_offset(at);
}

void Translator::struct_new(const Instruction& insn) {
  const CanonicalType& type = canonical(insn.index);
  const auto fields = static_cast<uint32_t>(type.fields.size());
  switch (insn.op) {
    case Op::StructNewDesc:
      return object_operation(Code::StructNewDesc, insn.index, fields + 1, 0, true);
    case Op::StructNewDefault:
      return object_operation(Code::StructNewDefault, insn.index, 0, 0, true);
    case Op::StructNewDefaultDesc:
      return object_operation(Code::StructNewDefaultDesc, insn.index, 1, 0, true);
    default: break;
  }
  if (wide_ || !is_made_of_words(type))
    return object_operation(Code::StructNew, insn.index, fields, 0, true);
  const uint32_t in_use = stack_slots_;
  std::array<uint16_t, kStructNewWords.size()> operands = {};
  for (uint32_t i = fields; i-- > 0;) operands[i] = operand16(pop());
  const AccState acc_before = acc_;
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(kStructNewWords[fields - 1], fields == 1 ? 3 : 4);
  put(at, 8, to);
  put(at, 10, operands[0]);
  put(at, 12, in_use);
  put(at, 16, &type);
  for (uint32_t i = 1; i < fields; ++i) put(at, 22 + 2 * i, operands[i]);
  field_result(at, slot, Bank::Int, nullptr, acc_before);
}

void Translator::array_operation(const Instruction& insn) {
  switch (insn.op) {
    case Op::ArrayNew: return object_operation(Code::ArrayNew, insn.index, 2, 0, true);
    case Op::ArrayNewDefault:
      return object_operation(Code::ArrayNewDefault, insn.index, 1, 0, true);
    case Op::ArrayNewFixed:
      return object_operation(Code::ArrayNewFixed, insn.index, insn.index2, insn.index2, true);
    case Op::ArrayNewData:
      return object_operation(Code::ArrayNewData, insn.index, 2, insn.index2, true);
    case Op::ArrayNewElem:
      return object_operation(Code::ArrayNewElem, insn.index, 2, insn.index2, true);
    case Op::ArrayFill: return object_operation(Code::ArrayFill, insn.index, 4, 0, false);
    case Op::ArrayCopy: return object_operation(Code::ArrayCopy, insn.index, 5, 0, false);
    case Op::ArrayInitData:
      return object_operation(Code::ArrayInitData, insn.index, 4, insn.index2, false);
    default: return object_operation(Code::ArrayInitElem, insn.index, 4, insn.index2, false);
  }
}

// --- Casts ---

// Puts back a reference that an instruction has looked at and left where it is.
void Translator::push_back(const Entry& reference) {
  Entry& entry = stack_.emplace_back(reference);
  stack_slots_ = entry.slot + 1;
  if (entry.kind == Entry::Kind::Local) ++local_uses_[entry.local_slot];
  if (entry.kind == Entry::Kind::Constant) entry.kind = Entry::Kind::Temp;
  entry.producer = kNone;
}

void Translator::ref_as_non_null() {
  const Entry reference = pop();
  const uint16_t from = operand16(reference);
  const uint32_t at = emit(Code::RefAsNonNull, 2);
  put(at, 8, from);
  note_offset(at);
  push_back(reference);
}

runtime::CastTarget Translator::cast_target(wasm::HeapType heap, bool nullable) const {
  if (heap.is_concrete())
    heap = wasm::HeapType::concrete(module_.canonical_types[heap.index()], heap.is_exact());
  return runtime::cast_target(module_code_.types(), heap, nullable);
}

void Translator::put_cast_target(uint32_t at, uint32_t kind_at, const runtime::CastTarget& target) {
  put(at, kind_at, target.kind);
  put(at, kind_at + 1, target.nullable);
  put(at, 16, target.type);
}

void Translator::ref_test(const Instruction& insn) {
  const runtime::CastTarget target = cast_target(insn.heap, insn.op == Op::RefTestNull);
  const uint16_t from = operand16(pop());
  const AccState acc_before = acc_;
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const uint32_t at =
      emit(target.kind == runtime::CastKind::Object ? Code::RefTestObject : Code::RefTest, 3);
  put(at, 8, to);
  put(at, 10, from);
  put_cast_target(at, 12, target);
  field_result(at, slot, Bank::Int, nullptr, acc_before);
}

void Translator::ref_cast(const Instruction& insn) {
  const runtime::CastTarget target = cast_target(insn.heap, insn.op == Op::RefCastNull);
  const Entry reference = pop();
  const uint16_t from = operand16(reference);
  const uint32_t at =
      emit(target.kind == runtime::CastKind::Object ? Code::RefCastObject : Code::RefCast, 3);
  put(at, 10, from);
  put_cast_target(at, 12, target);
  note_offset(at);
  push_back(reference);
}

void Translator::br_on_cast(const Instruction& insn, bool on_fail) {
  const runtime::CastTarget target =
      cast_target(insn.heap2, (insn.lane & binary::kCastTargetNullable) != 0);
  const Entry reference = pop();
  const uint16_t from = operand16(reference);
  push_back(reference);
  branch(insn.index, !on_fail, [&](bool if_instance) {
    static constexpr Code kCodes[2][2] = {
        {Code::BrUnlessInstance, Code::BrUnlessInstanceObject},
        {    Code::BrIfInstance,     Code::BrIfInstanceObject}
    };
    const bool to_object = target.kind == runtime::CastKind::Object;
    const uint32_t at = emit(kCodes[if_instance][to_object], 3);
    put(at, 8, from);
    put_cast_target(at, 10, target);
    return at;
  });
  begin_metered_block();
}

// --- Custom descriptors ---

void Translator::ref_get_desc(const Instruction& insn) {
  const uint16_t from = operand16(pop());
  const AccState acc_before = acc_;
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(Code::RefGetDesc, 2);
  put(at, 8, to);
  put(at, 10, from);
  put(at, 12, canonical(insn.index).descriptor_offset);
  field_result(at, slot, Bank::Int, nullptr, acc_before);
}

void Translator::ref_cast_desc_eq(const Instruction& insn) {
  const uint16_t descriptor = operand16(pop());
  const Entry reference = pop();
  const uint16_t from = operand16(reference);
  const uint32_t at = emit(Code::RefCastDescEq, 2);
  put(at, 8, from);
  put(at, 10, descriptor);
  put(at, 12, insn.op == Op::RefCastDescEqNull);
  note_offset(at);
  push_back(reference);
}

void Translator::br_on_cast_desc_eq(const Instruction& insn, bool on_fail) {
  const uint16_t descriptor = operand16(pop());
  const Entry reference = pop();
  const uint16_t from = operand16(reference);
  push_back(reference);
  branch(insn.index, !on_fail, [&](bool if_described) {
    const uint32_t at = emit(if_described ? Code::BrIfDescribed : Code::BrUnlessDescribed, 3);
    put(at, 8, from);
    put(at, 10, descriptor);
    put(at, 16, (insn.lane & binary::kCastTargetNullable) != 0);
    note_offset(at);
    return at;
  });
  begin_metered_block();
}

}  // namespace wrun::interp
