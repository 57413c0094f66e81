// References, and fields and elements of objects.
#include <algorithm>

#include "codegen/a64/selector.hpp"
#include "wasm/canonical_type.hpp"

namespace wrun::codegen::a64 {

using wasm::ValType;

bool Selector::select_reference() {
  switch (insn().op) {
    case Op::RefI31: {
      const VReg shifted = fresh(ValueType::I32);
      const VReg from = low_half(operand(0));
      emit(Form::BinaryImm, Id::kIdLsl, 4, {d(shifted), u(from)}).immediate = 1;
      emit(Form::BinaryImm, Id::kIdOrr, 4, {d(vreg(current_)), u(shifted)}).immediate = 1;
      break;
    }
    case Op::I31GetS:
    case Op::I31GetU: {
      const InstId id = insn().op == Op::I31GetS ? Id::kIdAsr : Id::kIdLsr;
      const VReg from = in_register(operand(0));
      emit(Form::BinaryImm, id, 4, {d(vreg(current_)), u(from)}).immediate = 1;
      break;
    }
    default: return false;
  }
  return true;
}

void Selector::load_field(ValType storage, bool is_signed, const Address& from) {
  const auto bytes = static_cast<uint8_t>(1u << wasm::width_log2(storage));
  InstId id = Id::kIdLdr;
  switch (storage.kind()) {
    case ValType::Kind::I8:   id = is_signed ? Id::kIdLdrsb : Id::kIdLdrb; break;
    case ValType::Kind::I16:  id = is_signed ? Id::kIdLdrsh : Id::kIdLdrh; break;
    case ValType::Kind::F32:
    case ValType::Kind::F64:
    case ValType::Kind::V128: id = Id::kIdLdr_v; break;
    default:                  break;
  }
  load_from(vreg(current_), id, std::max<uint8_t>(bytes, 4), bytes, from);
}

void Selector::store_field(ValType storage, Value value, const Address& to) {
  const auto bytes = static_cast<uint8_t>(1u << wasm::width_log2(storage));
  InstId id = Id::kIdStr;
  switch (storage.kind()) {
    case ValType::Kind::I8:   id = Id::kIdStrb; break;
    case ValType::Kind::I16:  id = Id::kIdStrh; break;
    case ValType::Kind::F32:
    case ValType::Kind::F64:
    case ValType::Kind::V128: id = Id::kIdStr_v; break;
    default:                  break;
  }
  const uint8_t size = std::max<uint8_t>(bytes, 4);
  const bool is_zero = number(value, 8) == uint64_t{0};
  const VReg stored = is_zero                            ? kNoVReg
                      : id != Id::kIdStr_v && bytes <= 4 ? low_half(value)
                                                         : in_register(value);
  Instruction& store = is_zero ? emit(Form::StoreZero, id, size, {}, to)
                               : emit(Form::Store, id, size, {u(stored)}, to);
  store.condition = bytes;
  store.trap = 0;
}

void Selector::store_zero(const Address& to) {
  Instruction& store = emit(Form::StoreZero, Id::kIdStr, 8, {}, to);
  store.condition = 8;
  store.trap = 0;
}

void Selector::load_i32(VReg to, uint32_t value) {
  emit(Form::LoadConstant, 0, 4, {d(to)}).immediate = value;
}

void Selector::load_i32(VReg to, const Address& from) { load_from(to, Id::kIdLdr, 4, 4, from); }

void Selector::trap_if_zero(VReg value, uint8_t size, TrapCode trap, VReg about) {
  trap_if(Test{.condition = Condition::Equal, .reg = value, .size = size}, trap, about);
}

void Selector::copy(VReg to, VReg from, ValueType type) {
  emit(Form::Copy, Id::kIdMov, type == ValueType::I32 ? 4 : 8, {d(to), any_u(from)});
}

void Selector::set_null_test(VReg result, VReg ref, bool is_null) {
  emit(Form::CompareImm, Id::kIdCmp, 8, {u(ref)});
  emit(Form::Set, 0, 4, {d(result)}).condition =
      static_cast<uint8_t>(is_null ? Condition::Equal : Condition::NotEqual);
}

}  // namespace wrun::codegen::a64
