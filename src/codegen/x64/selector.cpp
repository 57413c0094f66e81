#include "codegen/x64/selector.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace wrun::codegen::x64 {

std::expected<SelectedFunction, ir::Unsupported> select(const ir::Function& function) {
  return Selector(function).run();
}

Selector::Selector(const ir::Function& function) : SelectorBase(function, kConvention) {}

bool Selector::select_machine() {
  return select_integer() || select_float() || select_memory() || select_control() ||
         select_reference() || select_simd() || select_atomic();
}

// --- values

VReg Selector::in_register(Value value) {
  if (!is_constant(value)) return vreg(value);
  const ir::Instruction& constant = function_[value];
  const VReg loaded = fresh(value_type(constant.type));
  switch (constant.type) {
    case Type::F32:
    case Type::F64:
    case Type::V128: {
      wasm::V128 bits = {constant.immediate, 0};
      if (constant.type == Type::V128) bits = function_.vectors()[constant.immediate];
      if (bits[0] == 0 && bits[1] == 0) {
        emit(Form::LoadConstant, Id::kIdVpxor, 16, {d(loaded)});
        break;
      }
      const InstId id = constant.type == Type::F32   ? Id::kIdVmovss
                        : constant.type == Type::F64 ? Id::kIdVmovsd
                                                     : Id::kIdVmovups;
      emit(Form::Unary, id, bytes_of(constant.type), {d(loaded)}, constant_source(bits));
      break;
    }
    default:
      emit(Form::LoadConstant, Id::kIdMov, bytes_of(constant.type), {d(loaded)}).immediate =
          constant.op == Op::RefNull ? 0 : constant.immediate;
  }
  return loaded;
}

Source Selector::low_source(Value value) {
  if (function_[value].op == Op::I32WrapI64) {
    const Value wide = function_.operand(value, 0);
    return {.vreg = in_register(wide), .address = {}};
  }
  return source(value, 4);
}

Source Selector::source(Value value, uint8_t bytes) {
  if (can_fold_load(value, bytes)) {
    return {.vreg = {}, .address = folded_load(value)};
  }
  if (is_constant(value)) {
    const ir::Instruction& constant = function_[value];
    if (constant.type == Type::F32 || constant.type == Type::F64)
      return constant_source(wasm::V128{constant.immediate, 0});
    if (constant.type == Type::V128)
      return constant_source(function_.vectors()[constant.immediate]);
  }
  return {.vreg = in_register(value), .address = {}};
}

std::optional<int32_t> Selector::immediate(Value value) const {
  const ir::Instruction& insn = function_[value];
  if (insn.op == Op::I32Const) return static_cast<int32_t>(insn.immediate);
  if (insn.op == Op::RefNull) return 0;
  if (insn.op != Op::I64Const) return std::nullopt;
  const auto wide = static_cast<int64_t>(insn.immediate);
  if (wide != static_cast<int32_t>(wide)) return std::nullopt;
  return static_cast<int32_t>(wide);
}

bool Selector::can_fold_load(Value value, uint8_t bytes) const {
  if (!can_fold(value) || color_[value.index] != color_[current_.index]) return false;
  switch (function_[value].op) {
    case Op::I32Load:
    case Op::F32Load:  return bytes == 4;
    case Op::I64Load:
    case Op::F64Load:  return bytes == 8;
    case Op::V128Load: return bytes == 16;
    default:           return false;
  }
}

Address Selector::folded_load(Value value) {
  folded_[value.index] = true;
  Address place = address(function_.operand(value, 0), function_[value].access());
  place.load = value;
  return place;
}

std::optional<Selector::NarrowLoad> Selector::narrow_load(Value value) const {
  if (!can_fold(value) || color_[value.index] != color_[current_.index]) return std::nullopt;
  switch (function_[value].op) {
    case Op::I32Load8U:
    case Op::I64Load8U:  return NarrowLoad{1, false};
    case Op::I32Load8S:
    case Op::I64Load8S:  return NarrowLoad{1, true};
    case Op::I32Load16U:
    case Op::I64Load16U: return NarrowLoad{2, false};
    case Op::I32Load16S:
    case Op::I64Load16S: return NarrowLoad{2, true};
    default:             return std::nullopt;
  }
}

// --- instructions

Instruction& Selector::emit(Form form, InstId id, uint8_t size, Operands operands,
                            const Source& source) {
  if (source.address.kind != AddressKind::None)
    return emit(form, id, size, operands, source.address);
  Instruction& insn = emit(form, id, size, operands);
  out_.machine.operands.push_back(any_u(source.vreg));
  ++insn.operand_count;
  return insn;
}

Instruction& Selector::emit(Form form, InstId id, uint8_t size, Operands operands,
                            const Address& address) {
  Instruction& insn = emit(form, id, size, operands);
  set_address(insn, address);
  return insn;
}

VReg Selector::load_pointer(const Address& address) {
  const VReg pointer = fresh(ValueType::I64);
  emit(Form::Unary, Id::kIdMov, 8, {d(pointer)}, address).trap = 0;
  return pointer;
}

}  // namespace wrun::codegen::x64
