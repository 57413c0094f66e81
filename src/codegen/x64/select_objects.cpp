// References, and fields and elements of objects.
#include <algorithm>

#include "codegen/x64/selector.hpp"
#include "wasm/canonical_type.hpp"

namespace wrun::codegen::x64 {

using wasm::ValType;

bool Selector::select_reference() {
  switch (insn().op) {
    case Op::RefI31: {
      const VReg shifted = fresh(ValueType::I32);
      emit(Form::TiedImm, Id::kIdShl, 4, {tied_d(shifted), tied_u(low_half(operand(0)))})
          .immediate = 1;
      emit(Form::TiedImm, Id::kIdOr, 4, {tied_d(vreg(current_)), tied_u(shifted)}).immediate = 1;
      break;
    }
    case Op::I31GetS:
    case Op::I31GetU: {
      const InstId id = insn().op == Op::I31GetS ? Id::kIdSar : Id::kIdShr;
      const VReg from = in_register(operand(0));
      emit(Form::TiedImm, id, 4, {tied_d(vreg(current_)), tied_u(from)}).immediate = 1;
      break;
    }
    default: return false;
  }
  return true;
}

// By 16 in two steps.
void Selector::scale_index(Address& address, uint8_t scale_log2) {
  address.scale_log2 = std::min<uint8_t>(scale_log2, 3);
  if (scale_log2 <= 3) return;
  const VReg doubled = fresh(ValueType::I64);
  emit(Form::TiedImm, Id::kIdShl, 8, {tied_d(doubled), tied_u(address.index)}).immediate = 1;
  address.index = doubled;
}

void Selector::load_field(ValType storage, bool is_signed, const Address& from) {
  InstId id = Id::kIdMov;
  uint8_t size = 8;
  const auto bytes = static_cast<uint8_t>(1u << wasm::width_log2(storage));
  switch (storage.kind()) {
    case ValType::Kind::I8:
    case ValType::Kind::I16:
      id = is_signed ? Id::kIdMovsx : Id::kIdMovzx;
      size = 4;
      break;
    case ValType::Kind::I32:  size = 4; break;
    case ValType::Kind::F32:  id = Id::kIdVmovss; break;
    case ValType::Kind::F64:  id = Id::kIdVmovsd; break;
    case ValType::Kind::V128: id = Id::kIdVmovups; break;
    default:                  break;
  }
  Instruction& load = emit(Form::Unary, id, size, {d(vreg(current_))}, from);
  load.condition = bytes;
  load.trap = 0;
}

void Selector::store_field(ValType storage, Value value, const Address& to) {
  const auto bytes = static_cast<uint8_t>(1u << wasm::width_log2(storage));
  InstId id = Id::kIdMov;
  if (storage.kind() == ValType::Kind::F32) id = Id::kIdVmovss;
  if (storage.kind() == ValType::Kind::F64) id = Id::kIdVmovsd;
  if (storage.kind() == ValType::Kind::V128) id = Id::kIdVmovups;
  if (const auto constant = immediate(value)) {
    Instruction& store = emit(Form::StoreImm, id, bytes, {}, to);
    store.immediate = static_cast<uint64_t>(int64_t{*constant});
    store.trap = 0;
    return;
  }
  const VReg stored = id == Id::kIdMov && bytes <= 4 ? low_half(value) : in_register(value);
  emit(Form::Store, id, bytes, {u(stored)}, to).trap = 0;
}

void Selector::store_zero(const Address& to) {
  emit(Form::StoreImm, Id::kIdMov, 8, {}, to).trap = 0;
}

void Selector::load_i32(VReg to, uint32_t value) {
  emit(Form::LoadConstant, Id::kIdMov, 4, {d(to)}).immediate = value;
}

void Selector::load_i32(VReg to, const Address& from) {
  emit(Form::Unary, Id::kIdMov, 4, {d(to)}, from).trap = 0;
}

void Selector::trap_if_zero(VReg value, uint8_t size, TrapCode trap, VReg about) {
  emit(Form::Compare, Id::kIdTest, size, {u(value), u(value)});
  trap_if(Condition::Equal, trap, about);
}

void Selector::copy(VReg to, VReg from, ValueType type) {
  emit(Form::Copy, Id::kIdMov, type == ValueType::I32 ? 4 : 8, {d(to), any_u(from)});
}

void Selector::set_null_test(VReg result, VReg ref, bool is_null) {
  emit(Form::Compare, Id::kIdTest, 8, {u(ref), u(ref)});
  emit(Form::Set, 0, 4, {d(result)}).condition =
      static_cast<uint8_t>(is_null ? Condition::Equal : Condition::NotEqual);
}

}  // namespace wrun::codegen::x64
