// Integer instructions.
#include <bit>

#include "codegen/a64/assembler.hpp"
#include "codegen/a64/selector.hpp"
#include "codegen/comparison.hpp"

namespace wrun::codegen::a64 {

bool Selector::select_integer() {
  switch (insn().op) {
    case Op::I32Add:  add(4); break;
    case Op::I64Add:  add(8); break;
    case Op::I32Sub:  subtract(4); break;
    case Op::I64Sub:  subtract(8); break;
    case Op::I32Mul:  binary(Id::kIdMul, 4); break;
    case Op::I64Mul:  binary(Id::kIdMul, 8); break;
    case Op::I32And:  logical(Id::kIdAnd, Id::kIdBic, 4); break;
    case Op::I64And:  logical(Id::kIdAnd, Id::kIdBic, 8); break;
    case Op::I32Or:   logical(Id::kIdOrr, Id::kIdOrn, 4); break;
    case Op::I64Or:   logical(Id::kIdOrr, Id::kIdOrn, 8); break;
    case Op::I32Xor:  logical(Id::kIdEor, Id::kIdEon, 4); break;
    case Op::I64Xor:  logical(Id::kIdEor, Id::kIdEon, 8); break;
    case Op::I32Shl:  shift(Id::kIdLsl, 4); break;
    case Op::I64Shl:  shift(Id::kIdLsl, 8); break;
    case Op::I32ShrS: shift(Id::kIdAsr, 4); break;
    case Op::I64ShrS: shift(Id::kIdAsr, 8); break;
    case Op::I32ShrU: shift(Id::kIdLsr, 4); break;
    case Op::I64ShrU: shift(Id::kIdLsr, 8); break;
    case Op::I32Rotl: rotate(true, 4); break;
    case Op::I64Rotl: rotate(true, 8); break;
    case Op::I32Rotr: rotate(false, 4); break;
    case Op::I64Rotr: rotate(false, 8); break;

    case Op::I64MulWideS: multiply_wide(Id::kIdSmulh); break;
    case Op::I64MulWideU: multiply_wide(Id::kIdUmulh); break;
    case Op::I64Add128:   add_wide(Id::kIdAdds, Id::kIdAdc); break;
    case Op::I64Sub128:   add_wide(Id::kIdSubs, Id::kIdSbc); break;
    case Op::I32DivS:     divide(4, divide::Signed); break;
    case Op::I64DivS:     divide(8, divide::Signed); break;
    case Op::I32DivU:     divide(4, 0); break;
    case Op::I64DivU:     divide(8, 0); break;
    case Op::I32RemS:     divide(4, divide::Signed | divide::Remainder); break;
    case Op::I64RemS:     divide(8, divide::Signed | divide::Remainder); break;
    case Op::I32RemU:     divide(4, divide::Remainder); break;
    case Op::I64RemU:     divide(8, divide::Remainder); break;

    case Op::I32Clz:    unary(Form::Unary, Id::kIdClz, 4); break;
    case Op::I64Clz:    unary(Form::Unary, Id::kIdClz, 8); break;
    case Op::I32Ctz:    unary(Form::CountTrailing, 0, 4); break;
    case Op::I64Ctz:    unary(Form::CountTrailing, 0, 8); break;
    case Op::I32Popcnt: unary(Form::CountOnes, 0, 4); break;
    case Op::I64Popcnt: unary(Form::CountOnes, 0, 8); break;

    case Op::I32Extend8S:   extend(Id::kIdSxtb, 4); break;
    case Op::I32Extend16S:  extend(Id::kIdSxth, 4); break;
    case Op::I64Extend8S:   extend(Id::kIdSxtb, 8); break;
    case Op::I64Extend16S:  extend(Id::kIdSxth, 8); break;
    case Op::I64Extend32S:
    case Op::I64ExtendI32S: extend(Id::kIdSxtw, 8); break;
    // An i32 has zeros above.
    case Op::I64ExtendI32U:
      if (function_[operand(0)].op != Op::I32WrapI64) {
        copy(vreg(current_), in_register(operand(0)), ValueType::I32);
        break;
      }
      [[fallthrough]];
    case Op::I32WrapI64: {
      const VReg from = low_half(operand(0));
      emit(Form::Unary, Id::kIdMov, 4, {d(vreg(current_)), u(from)});
      break;
    }

    case Op::Select: select_value(); break;
    default:
      if (!integer_comparison(insn().op)) return false;
      set(comparison(current_, false)->condition);
      break;
  }
  return true;
}

void Selector::binary(InstId id, uint8_t size) {
  const VReg a = of_size(operand(0), size);
  const VReg b = of_size(operand(1), size);
  emit(Form::Binary, id, size, {d(vreg(current_)), u(a), u(b)});
}

void Selector::add_number(VReg result, VReg a, int64_t value, uint8_t size) {
  const uint64_t mask = size == 4 ? 0xffffffff : UINT64_MAX;
  const uint64_t positive = static_cast<uint64_t>(value) & mask;
  const uint64_t negative = (uint64_t{0} - static_cast<uint64_t>(value)) & mask;
  if (is_arithmetic_immediate(positive)) {
    emit(Form::BinaryImm, Id::kIdAdd, size, {d(result), u(a)}).immediate = positive;
  } else if (is_arithmetic_immediate(negative)) {
    emit(Form::BinaryImm, Id::kIdSub, size, {d(result), u(a)}).immediate = negative;
  } else {
    const VReg loaded = fresh(size == 4 ? ValueType::I32 : ValueType::I64);
    emit(Form::LoadConstant, 0, size, {d(loaded)}).immediate = positive;
    emit(Form::Binary, Id::kIdAdd, size, {d(result), u(a), u(loaded)});
  }
}

void Selector::add(uint8_t size) {
  Value a = operand(0);
  Value b = operand(1);
  if (is_constant(a)) std::swap(a, b);
  if (const auto value = number(b, size))
    return add_number(vreg(current_), of_size(a, size), static_cast<int64_t>(*value), size);
  if (multiply_and(Id::kIdMadd, b, a, size) || multiply_and(Id::kIdMadd, a, b, size)) return;
  if (shifted(Id::kIdAdd, a, b, size, true) || shifted(Id::kIdAdd, b, a, size, true)) return;
  binary(Id::kIdAdd, size);
}

void Selector::subtract(uint8_t size) {
  const Value a = operand(0);
  const Value b = operand(1);
  if (const auto value = number(b, size))
    return add_number(vreg(current_), of_size(a, size), static_cast<int64_t>(uint64_t{0} - *value),
                      size);
  if (number(a, size) == uint64_t{0}) {
    const VReg from = of_size(b, size);
    emit(Form::Unary, Id::kIdNeg, size, {d(vreg(current_)), u(from)});
    return;
  }
  if (multiply_and(Id::kIdMsub, b, a, size) || shifted(Id::kIdSub, a, b, size, true)) return;
  binary(Id::kIdSub, size);
}

// other + product, or other - product.
bool Selector::multiply_and(InstId id, Value product, Value other, uint8_t size) {
  if (!can_fold(product) || function_[product].op != (size == 4 ? Op::I32Mul : Op::I64Mul))
    return false;
  folded_[product.index] = true;
  const VReg a = of_size(function_.operand(product, 0), size);
  const VReg b = of_size(function_.operand(product, 1), size);
  const VReg c = of_size(other, size);
  emit(Form::Ternary, id, size, {d(vreg(current_)), u(a), u(b), u(c)});
  return true;
}

// With the second operand shifted by a constant, or an i32 that is extended.
bool Selector::shifted(InstId id, Value a, Value b, uint8_t size, bool may_extend) {
  if (!can_fold(b)) return false;
  const ir::Instruction& operation = function_[b];
  uint8_t how = kLsl;
  uint64_t by = 0;
  switch (operation.op) {
    case Op::I32Shl:
    case Op::I64Shl:  how = kLsl; break;
    case Op::I32ShrU:
    case Op::I64ShrU: how = kLsr; break;
    case Op::I32ShrS:
    case Op::I64ShrS: how = kAsr; break;
    case Op::I64ExtendI32U:
    case Op::I64ExtendI32S:
      if (!may_extend || size != 8) return false;
      how = operation.op == Op::I64ExtendI32U ? kUxtw : kSxtw;
      break;
    default: return false;
  }
  if (how <= kAsr) {
    const Value count = function_.operand(b, 1);
    if (function_.type(b) != (size == 4 ? Type::I32 : Type::I64) || !is_constant(count))
      return false;
    by = function_[count].immediate & (size * 8u - 1);
  }
  folded_[b.index] = true;
  const VReg left = of_size(a, size);
  const VReg right = of_size(function_.operand(b, 0), how <= kAsr ? size : 4);
  Instruction& insn = emit(Form::BinaryShift, id, size, {d(vreg(current_)), u(left), u(right)});
  insn.condition = how;
  insn.scale_log2 = static_cast<uint8_t>(by);
  return true;
}

// Also with one operand inverted.
void Selector::logical(InstId id, InstId inverted, uint8_t size) {
  Value a = operand(0);
  Value b = operand(1);
  if (is_constant(a)) std::swap(a, b);
  const uint64_t ones = size == 4 ? 0xffffffff : UINT64_MAX;
  if (const auto value = number(b, size)) {
    const VReg left = of_size(a, size);
    if (*value == ones && id == Id::kIdEor) {
      emit(Form::Unary, Id::kIdMvn, size, {d(vreg(current_)), u(left)});
      return;
    }
    if (is_logical_immediate(*value, size)) {
      emit(Form::BinaryImm, id, size, {d(vreg(current_)), u(left)}).immediate = *value;
      return;
    }
    const VReg right = in_register(b);
    emit(Form::Binary, id, size, {d(vreg(current_)), u(left), u(right)});
    return;
  }
  for (uint32_t i = 0; i < 2; ++i, std::swap(a, b)) {
    if (!can_fold(b) || function_[b].op != (size == 4 ? Op::I32Xor : Op::I64Xor) ||
        number(function_.operand(b, 1), size) != ones)
      continue;
    folded_[b.index] = true;
    const VReg left = of_size(a, size);
    const VReg right = of_size(function_.operand(b, 0), size);
    emit(Form::Binary, inverted, size, {d(vreg(current_)), u(left), u(right)});
    return;
  }
  if (shifted(id, a, b, size, false) || shifted(id, b, a, size, false)) return;
  binary(id, size);
}

void Selector::shift(InstId id, uint8_t size) {
  const Value count = operand(1);
  if (!is_constant(count)) return binary(id, size);
  const VReg left = of_size(operand(0), size);
  emit(Form::BinaryImm, id, size, {d(vreg(current_)), u(left)}).immediate =
      function_[count].immediate & (size * 8u - 1);
}

void Selector::rotate(bool left, uint8_t size) {
  const Value count = operand(1);
  const uint32_t bits = size * 8u;
  const VReg a = of_size(operand(0), size);
  if (is_constant(count)) {
    const auto by = static_cast<uint32_t>(function_[count].immediate & (bits - 1));
    emit(Form::BinaryImm, Id::kIdRor, size, {d(vreg(current_)), u(a)}).immediate =
        left ? (bits - by) & (bits - 1) : by;
    return;
  }
  const VReg by = low_half(count);
  if (left)
    emit(Form::RotateLeft, 0, size, {d(vreg(current_)), u(a), u(by)});
  else
    emit(Form::Binary, Id::kIdRor, size, {d(vreg(current_)), u(a), u(by)});
}

// The upper half of the product is a result of its own.
void Selector::multiply_wide(InstId id) {
  const Value upper = result_of_current(1);
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  if (vregs_[current_.index].exists())
    emit(Form::Binary, Id::kIdMul, 8, {d(vregs_[current_.index]), u(a), u(b)});
  if (upper.exists() && vregs_[upper.index].exists())
    emit(Form::Binary, id, 8, {d(vregs_[upper.index]), u(a), u(b)});
}

// Nothing changes the flags between the halves.
void Selector::add_wide(InstId low_id, InstId high_id) {
  const Value upper = result_of_current(1);
  const bool low_used = vregs_[current_.index].exists();
  const bool high_used = upper.exists() && vregs_[upper.index].exists();
  const VReg a_low = in_register(operand(0));
  const VReg a_high = in_register(operand(1));
  const VReg b_low = in_register(operand(2));
  const VReg b_high = in_register(operand(3));
  const VReg low = low_used ? vregs_[current_.index] : fresh(ValueType::I64);
  emit(Form::Binary, low_id, 8, {d(low), u(a_low), u(b_low)});
  if (high_used) emit(Form::Binary, high_id, 8, {d(vregs_[upper.index]), u(a_high), u(b_high)});
}

// The processor does not trap: zero gives zero, and the quotient that overflows wraps around.
void Selector::divide(uint8_t size, uint8_t kind) {
  const auto divisor = number(operand(1), size);
  if (!divisor || *divisor == 0) kind |= divide::MayBeZero;
  const uint64_t minus_one = size == 4 ? 0xffffffff : UINT64_MAX;
  if (kind & divide::Signed && !(kind & divide::Remainder) && (!divisor || *divisor == minus_one))
    kind |= divide::MayOverflow;
  const VReg a = of_size(operand(0), size);
  const VReg b = of_size(operand(1), size);
  Instruction& insn = emit(Form::Divide, 0, size, {d(vreg(current_)), u(a), u(b)});
  insn.immediate = kind;
  may_trap(insn, TrapCode::IntegerDivideByZero);
}

void Selector::unary(Form form, InstId id, uint8_t size) {
  const VReg from = of_size(operand(0), size);
  emit(form, id, size, {d(vreg(current_)), u(from)});
}

void Selector::extend(InstId id, uint8_t size) {
  const VReg from = low_half(operand(0));
  emit(Form::Unary, id, size, {d(vreg(current_)), u(from)}).scale_log2 = 4;
}

}  // namespace wrun::codegen::a64
