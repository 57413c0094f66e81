// How conditions become flags, or tests of a register.
#include <bit>

#include "codegen/a64/assembler.hpp"
#include "codegen/a64/selector.hpp"
#include "codegen/comparison.hpp"

namespace wrun::codegen::a64 {

namespace {

Condition swapped(Condition condition) {
  switch (condition) {
    case Condition::Below:        return Condition::Above;
    case Condition::Above:        return Condition::Below;
    case Condition::BelowEqual:   return Condition::AboveEqual;
    case Condition::AboveEqual:   return Condition::BelowEqual;
    case Condition::Less:         return Condition::Greater;
    case Condition::Greater:      return Condition::Less;
    case Condition::LessEqual:    return Condition::GreaterEqual;
    case Condition::GreaterEqual: return Condition::LessEqual;
    default:                      return condition;
  }
}

}  // namespace

uint8_t Selector::condition_of(Comparison how) const {
  constexpr Condition kConditions[] = {
      Condition::Equal,   Condition::NotEqual,  Condition::Less,  Condition::GreaterEqual,
      Condition::Greater, Condition::LessEqual, Condition::Below, Condition::AboveEqual,
      Condition::Above,   Condition::BelowEqual};
  return static_cast<uint8_t>(kConditions[static_cast<size_t>(how)]);
}

void Selector::compare(VReg a, VReg b) { emit(Form::Compare, Id::kIdCmp, 8, {u(a), u(b)}); }

void Selector::compare_number(VReg a, uint64_t number, uint8_t size) {
  const uint64_t mask = size == 4 ? uint64_t{0xffffffff} : UINT64_MAX;
  const uint64_t negative = (uint64_t{0} - number) & mask;
  if (is_arithmetic_immediate(number)) {
    emit(Form::CompareImm, Id::kIdCmp, size, {u(a)}).immediate = number;
  } else if (is_arithmetic_immediate(negative)) {
    // The carry of the sum is that of the difference, but for zero and the least number, which are not here.
    emit(Form::CompareImm, Id::kIdCmn, size, {u(a)}).immediate = negative;
  } else {
    const VReg loaded = fresh(size == 4 ? ValueType::I32 : ValueType::I64);
    emit(Form::LoadConstant, 0, size, {d(loaded)}).immediate = number;
    emit(Form::Compare, Id::kIdCmp, size, {u(a), u(loaded)});
  }
}

void Selector::compare_i32(VReg a, const Address& with) {
  const VReg b = fresh(ValueType::I32);
  load_i32(b, with);
  emit(Form::Compare, Id::kIdCmp, 4, {u(a), u(b)});
}

void Selector::set(Condition condition) {
  emit(Form::Set, 0, 4, {d(vreg(current_))}).condition = static_cast<uint8_t>(condition);
}

Test Selector::test(Value value, bool allow_register) {
  if (can_fold(value)) {
    if (function_[value].op == Op::I32Eqz) {
      folded_[value.index] = true;
      Test inner = test(function_.operand(value, 0), allow_register);
      inner.condition = negate(inner.condition);
      return inner;
    }
    if (const auto result = comparison(value, allow_register)) {
      folded_[value.index] = true;
      return *result;
    }
  }
  if (can_repeat(value)) {
    for (const Value operand : function_.operands(value))
      if (!is_constant(operand)) vreg(operand);  // is not taken into only one of the comparisons
    return *comparison(value, allow_register);
  }
  return test_bits(value, Condition::NotEqual, 4, allow_register);
}

// `value` compared with zero; an `and` is taken into it.
Test Selector::test_bits(Value value, Condition condition, uint8_t size, bool allow_register) {
  const Op and_op = size == 4 ? Op::I32And : Op::I64And;
  if (can_fold(value) && function_[value].op == and_op) {
    Value a = function_.operand(value, 0);
    Value b = function_.operand(value, 1);
    if (is_constant(a)) std::swap(a, b);
    const auto mask = number(b, size);
    if (!mask) {
      folded_[value.index] = true;
      const VReg left = of_size(a, size);
      const VReg right = of_size(b, size);
      emit(Form::Compare, Id::kIdTst, size, {u(left), u(right)});
      return {.condition = condition};
    }
    if (allow_register && std::has_single_bit(*mask)) {
      folded_[value.index] = true;
      return {.condition = condition,
              .reg = of_size(a, size),
              .size = size,
              .bit = std::countr_zero(*mask)};
    }
    if (is_logical_immediate(*mask, size)) {
      folded_[value.index] = true;
      emit(Form::CompareImm, Id::kIdTst, size, {u(of_size(a, size))}).immediate = *mask;
      return {.condition = condition};
    }
  }
  const VReg reg = of_size(value, size);
  if (allow_register) return {.condition = condition, .reg = reg, .size = size};
  emit(Form::CompareImm, Id::kIdCmp, size, {u(reg)});
  return {.condition = condition};
}

Test Selector::compare_integers(Value a, Value b, Condition condition, uint8_t size,
                                bool allow_register) {
  if (is_constant(a)) {
    std::swap(a, b);
    condition = swapped(condition);
  }
  if (const auto value = number(b, size)) {
    const bool is_equality = condition == Condition::Equal || condition == Condition::NotEqual;
    if (*value == 0 && is_equality) return test_bits(a, condition, size, allow_register);
    const VReg left = of_size(a, size);
    if (*value == 0 && allow_register &&
        (condition == Condition::Less || condition == Condition::GreaterEqual))
      return {.condition = condition == Condition::Less ? Condition::NotEqual : Condition::Equal,
              .reg = left,
              .size = size,
              .bit = size * 8 - 1};
    compare_number(left, *value, size);
    return {.condition = condition};
  }
  const VReg left = of_size(a, size);
  const VReg right = of_size(b, size);
  emit(Form::Compare, Id::kIdCmp, size, {u(left), u(right)});
  return {.condition = condition};
}

// Unordered operands have a carry and an overflow: the conditions are those that are false then.
Test Selector::compare_floats(Value a, Value b, Condition condition, uint8_t size) {
  const VReg left = in_register(a);
  const VReg right = in_register(b);
  emit(Form::Compare, Id::kIdFcmp_v, size, {u(left), u(right)});
  return {.condition = condition};
}

std::optional<Test> Selector::comparison(Value value, bool allow_register) {
  const auto operand_of = [&](uint32_t i) { return function_.operand(value, i); };
  if (const auto integers = integer_comparison(function_[value].op)) {
    const auto condition = static_cast<Condition>(condition_of(integers->how));
    return integers->is_with_zero
               ? test_bits(operand_of(0), condition, integers->size, allow_register)
               : compare_integers(operand_of(0), operand_of(1), condition, integers->size,
                                  allow_register);
  }
  const auto floats = [&](Condition condition, uint8_t size) {
    return compare_floats(operand_of(0), operand_of(1), condition, size);
  };
  switch (function_[value].op) {
    case Op::F32Eq: return floats(Condition::Equal, 4);
    case Op::F64Eq: return floats(Condition::Equal, 8);
    case Op::F32Ne: return floats(Condition::NotEqual, 4);
    case Op::F64Ne: return floats(Condition::NotEqual, 8);
    case Op::F32Lt: return floats(Condition::Minus, 4);
    case Op::F64Lt: return floats(Condition::Minus, 8);
    case Op::F32Le: return floats(Condition::BelowEqual, 4);
    case Op::F64Le: return floats(Condition::BelowEqual, 8);
    case Op::F32Gt: return floats(Condition::Greater, 4);
    case Op::F64Gt: return floats(Condition::Greater, 8);
    case Op::F32Ge: return floats(Condition::GreaterEqual, 4);
    case Op::F64Ge: return floats(Condition::GreaterEqual, 8);
    default:        return std::nullopt;
  }
}

void Selector::select_value() {
  // What it chooses from is computed before the flags are.
  const VReg yes = in_register(operand(0));
  const VReg no = in_register(operand(1));
  const Test when = test(operand(2), false);
  const Type type = function_.type(current_);
  Instruction& insn =
      type == Type::V128
          ? emit(Form::SelectVector, 0, 16, {tied_d(vreg(current_)), tied_u(no), u(yes)})
          : emit(Form::Select,
                 reg_class(value_type(type)) == RegClass::Vector ? Id::kIdFcsel_v : Id::kIdCsel,
                 bytes_of(type), {d(vreg(current_)), u(yes), u(no)});
  insn.condition = static_cast<uint8_t>(when.condition);
}

}  // namespace wrun::codegen::a64
