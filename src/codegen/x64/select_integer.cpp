// Integer instructions, and how conditions become flags.
#include <bit>

#include "codegen/comparison.hpp"
#include "codegen/x64/selector.hpp"
#include "ir/rewrite_rules.hpp"

namespace wrun::codegen::x64 {

uint8_t Selector::condition_of(Comparison how) const {
  constexpr Condition kConditions[] = {
      Condition::Equal,   Condition::NotEqual,  Condition::Less,  Condition::GreaterEqual,
      Condition::Greater, Condition::LessEqual, Condition::Below, Condition::AboveEqual,
      Condition::Above,   Condition::BelowEqual};
  return static_cast<uint8_t>(kConditions[static_cast<size_t>(how)]);
}

void Selector::compare(VReg a, VReg b) { emit(Form::Compare, Id::kIdCmp, 8, {u(a), any_u(b)}); }

void Selector::compare_number(VReg a, uint64_t number, uint8_t size) {
  emit(Form::CompareImm, Id::kIdCmp, size, {u(a)}).immediate = number;
}

void Selector::compare_i32(VReg a, const Address& with) {
  emit(Form::Compare, Id::kIdCmp, 4, {u(a)}, with).trap = 0;
}

bool Selector::select_integer() {
  switch (insn().op) {
    case Op::I32Add:  add(4); break;
    case Op::I64Add:  add(8); break;
    case Op::I32Sub:  binary(Id::kIdSub, 4); break;
    case Op::I64Sub:  binary(Id::kIdSub, 8); break;
    case Op::I32Mul:  multiply(4); break;
    case Op::I64Mul:  multiply(8); break;
    case Op::I32And:  bit_and(4); break;
    case Op::I64And:  bit_and(8); break;
    case Op::I32Or:   binary(Id::kIdOr, 4); break;
    case Op::I64Or:   binary(Id::kIdOr, 8); break;
    case Op::I32Xor:  binary(Id::kIdXor, 4); break;
    case Op::I64Xor:  binary(Id::kIdXor, 8); break;
    case Op::I32Shl:  shift(Id::kIdShl, Id::kIdShlx, 4); break;
    case Op::I64Shl:  shift(Id::kIdShl, Id::kIdShlx, 8); break;
    case Op::I32ShrS: shift(Id::kIdSar, Id::kIdSarx, 4); break;
    case Op::I64ShrS: shift(Id::kIdSar, Id::kIdSarx, 8); break;
    case Op::I32ShrU: shift(Id::kIdShr, Id::kIdShrx, 4); break;
    case Op::I64ShrU: shift(Id::kIdShr, Id::kIdShrx, 8); break;
    case Op::I32Rotl: rotate(Id::kIdRol, 4); break;
    case Op::I64Rotl: rotate(Id::kIdRol, 8); break;
    case Op::I32Rotr: rotate(Id::kIdRor, 4); break;
    case Op::I64Rotr: rotate(Id::kIdRor, 8); break;

    case Op::I64MulWideS: multiply_wide(Id::kIdImul); break;
    case Op::I64MulWideU: multiply_wide(Id::kIdMul); break;
    case Op::I64Add128:   add_wide(Id::kIdAdd, Id::kIdAdc); break;
    case Op::I64Sub128:   add_wide(Id::kIdSub, Id::kIdSbb); break;
    case Op::I32DivS:     divide(4, divide::Signed); break;
    case Op::I64DivS:     divide(8, divide::Signed); break;
    case Op::I32DivU:     divide(4, 0); break;
    case Op::I64DivU:     divide(8, 0); break;
    case Op::I32RemS:     divide(4, divide::Signed | divide::Remainder); break;
    case Op::I64RemS:     divide(8, divide::Signed | divide::Remainder); break;
    case Op::I32RemU:     divide(4, divide::Remainder); break;
    case Op::I64RemU:     divide(8, divide::Remainder); break;

    case Op::I32Clz:    unary(Id::kIdLzcnt, 4); break;
    case Op::I64Clz:    unary(Id::kIdLzcnt, 8); break;
    case Op::I32Ctz:    unary(Id::kIdTzcnt, 4); break;
    case Op::I64Ctz:    unary(Id::kIdTzcnt, 8); break;
    case Op::I32Popcnt: unary(Id::kIdPopcnt, 4); break;
    case Op::I64Popcnt: unary(Id::kIdPopcnt, 8); break;

    case Op::I32Extend8S:   extend(Id::kIdMovsx, 4, 1); break;
    case Op::I32Extend16S:  extend(Id::kIdMovsx, 4, 2); break;
    case Op::I64Extend8S:   extend(Id::kIdMovsx, 8, 1); break;
    case Op::I64Extend16S:  extend(Id::kIdMovsx, 8, 2); break;
    case Op::I64Extend32S:
    case Op::I64ExtendI32S: extend(Id::kIdMovsxd, 8, 4); break;
    // An i32 has zeros above.
    case Op::I64ExtendI32U:
      if (function_[operand(0)].op != Op::I32WrapI64) {
        if (can_fold_load(operand(0), 4)) {
          emit(Form::Copy, Id::kIdMov, 4, {d(vreg(current_))}, source(operand(0), 4));
          break;
        }
        copy_operand(as_operand(operand(0)));
        break;
      }
      [[fallthrough]];
    case Op::I32WrapI64:
      emit(Form::Unary, Id::kIdMov, 4, {d(vreg(current_))}, low_source(operand(0)));
      break;

    case Op::Select: select_value(); break;
    default:
      if (!integer_comparison(insn().op)) return false;
      set(*comparison(current_, false));
      break;
  }
  return true;
}

void Selector::binary(InstId id, uint8_t size) {
  Value a = operand(0);
  Value b = operand(1);
  if (ir::info(insn().op).has(ir::effect::Commutes) && (is_constant(a) || can_fold_load(a, size)) &&
      !is_constant(b))
    std::swap(a, b);
  else if (ir::info(insn().op).has(ir::effect::Commutes) && !is_constant(b) &&
           !can_fold_load(b, size) && is_better_overwritten(b, a))
    std::swap(a, b);
  if (const auto value = immediate(b)) {
    const VReg left = size == 4 ? low_half(a) : in_register(a);
    emit(Form::TiedImm, id, size, {tied_d(vreg(current_)), tied_u(left)}).immediate =
        static_cast<uint64_t>(int64_t{*value});
    return;
  }
  const Source right = size == 4 ? low_source(b) : source(b, size);
  const VReg left = size == 4 ? low_half(a) : in_register(a);
  emit(Form::Tied, id, size, {tied_d(vreg(current_)), tied_u(left)}, right);
}

// Whether a value is read where the instruction at hand has been done, as far as selection knows by now.
bool Selector::lives_on(Value value) const {
  const ir::Block block = function_.block_of(value);
  return vregs_[value.index].exists() || !block.exists() ||
         graph_.loop_header(block) != graph_.loop_header(function_.block_of(current_));
}

// The result takes the register of one of its operands: better that of the parameter it becomes in the
// next round of a loop, or of what is not needed any more.
bool Selector::is_better_overwritten(Value a, Value b) const {
  if (lives_on(a) || lives_on(b)) return lives_on(b) && !lives_on(a);
  return next_round_[current_.index] == a;
}

// Also x & (x - 1) and x & ~y.
void Selector::bit_and(uint8_t size) {
  const auto is_minus_one = [&](Value value) {
    const auto number = immediate(value);
    return number && *number == -1;
  };
  for (uint32_t i = 0; i < 2; ++i) {
    const Value x = operand(1 - i);
    const Value other = operand(i);
    if (!can_fold(other) || is_constant(x)) continue;
    const Op op = function_[other].op;
    const Value a = function_.operand(other, 0);
    if (op == (size == 4 ? Op::I32Add : Op::I64Add) && a == x &&
        is_minus_one(function_.operand(other, 1))) {
      folded_[other.index] = true;
      emit(Form::Unary, Id::kIdBlsr, size, {d(vreg(current_))},
           Source{.vreg = in_register(x), .address = {}});
      return;
    }
    if (op == (size == 4 ? Op::I32Xor : Op::I64Xor) && is_minus_one(function_.operand(other, 1))) {
      folded_[other.index] = true;
      const Source right = size == 4 ? low_source(x) : source(x, size);
      emit(Form::Three, Id::kIdAndn, size,
           {d(vreg(current_)), u(size == 4 ? low_half(a) : in_register(a))}, right);
      return;
    }
  }
  binary(Id::kIdAnd, size);
}

// base + (index << scale_log2) + displacement, as `lea` computes it; no index: the sum is not one.
struct Selector::ScaledSum {
  Value base;
  Value index;
  uint8_t scale_log2 = 0;
  int32_t displacement = 0;
  Value folded[2];  // what it is made of besides the current value
};

Selector::ScaledSum Selector::scaled_sum(uint8_t size) const {
  const Op add = size == 4 ? Op::I32Add : Op::I64Add;
  const Op shl = size == 4 ? Op::I32Shl : Op::I64Shl;
  ScaledSum sum;
  Value whole = current_;
  if (const auto number = immediate(operand(1)); number && can_fold(operand(0))) {
    if (function_[operand(0)].op != add) return {};
    whole = sum.folded[1] = operand(0);
    sum.displacement = *number;
  }
  for (uint32_t i = 0; i < 2; ++i) {
    const Value shifted = function_.operand(whole, 1 - i);
    if (!can_fold(shifted) || function_[shifted].op != shl) continue;
    const Value count = function_.operand(shifted, 1);
    if (!is_constant(count) || function_[count].immediate > 3) continue;
    sum.base = function_.operand(whole, i);
    sum.index = function_.operand(shifted, 0);
    sum.scale_log2 = static_cast<uint8_t>(function_[count].immediate);
    sum.folded[0] = shifted;
    if (is_constant(sum.base) || is_constant(sum.index)) return {};
    return sum;
  }
  return {};
}

void Selector::add(uint8_t size) {
  if (const ScaledSum sum = scaled_sum(size); sum.index.exists()) {
    for (const Value value : sum.folded)
      if (value.exists()) folded_[value.index] = true;
    const VReg result = vreg(current_);
    const VReg base = size == 4 ? low_half(sum.base) : in_register(sum.base);
    const VReg index = size == 4 ? low_half(sum.index) : in_register(sum.index);
    emit(Form::Lea, Id::kIdLea, size, {d(result)},
         Address{.kind = AddressKind::Base,
                 .base = base,
                 .index = index,
                 .scale_log2 = sum.scale_log2,
                 .displacement = sum.displacement})
        .trap = 0;
    return;
  }
  Value a = operand(0);
  Value b = operand(1);
  if (is_constant(a)) std::swap(a, b);
  if (const auto value = immediate(b)) {
    const VReg left = size == 4 ? low_half(a) : in_register(a);
    emit(Form::AddImm, Id::kIdAdd, size, {d(vreg(current_)), u(left)}).immediate =
        static_cast<uint64_t>(int64_t{*value});
    return;
  }
  if (can_fold_load(a, size) || can_fold_load(b, size)) return binary(Id::kIdAdd, size);
  const VReg left = size == 4 ? low_half(a) : in_register(a);
  const VReg right = size == 4 ? low_half(b) : in_register(b);
  emit(Form::Add, Id::kIdAdd, size, {d(vreg(current_)), u(left), u(right)});
}

void Selector::multiply(uint8_t size) {
  Value a = operand(0);
  Value b = operand(1);
  if (is_constant(a)) std::swap(a, b);
  const auto value = immediate(b);
  if (!value) return binary(Id::kIdImul, size);
  const VReg result = vreg(current_);
  const Source left = size == 4 ? low_source(a) : source(a, size);
  emit(Form::UnaryImm, Id::kIdImul, size, {d(result)}, left).immediate =
      static_cast<uint64_t>(int64_t{*value});
}

void Selector::shift(InstId by_immediate, InstId by_register, uint8_t size) {
  const Value count = operand(1);
  if (is_constant(count)) {
    const VReg left = size == 4 ? low_half(operand(0)) : in_register(operand(0));
    emit(Form::TiedImm, by_immediate, size, {tied_d(vreg(current_)), tied_u(left)}).immediate =
        function_[count].immediate & (size * 8u - 1);
    return;
  }
  const VReg by = low_half(count);
  const Source left = size == 4 ? low_source(operand(0)) : source(operand(0), size);
  // The count follows what is shifted, so a memory operand is loaded first.
  const VReg loaded = left.address.kind == AddressKind::None
                          ? left.vreg
                          : fresh(size == 4 ? ValueType::I32 : ValueType::I64);
  if (left.address.kind != AddressKind::None)
    emit(Form::Unary, Id::kIdMov, size, {d(loaded)}, left);
  emit(Form::ThreeShift, by_register, size, {d(vreg(current_)), any_u(loaded), u(by)});
}

void Selector::rotate(InstId id, uint8_t size) {
  const Value count = operand(1);
  if (is_constant(count)) {
    const uint32_t bits = size * 8u;
    const auto by = static_cast<uint32_t>(function_[count].immediate & (bits - 1));
    const Source left = size == 4 ? low_source(operand(0)) : source(operand(0), size);
    emit(Form::UnaryImm, Id::kIdRorx, size, {d(vreg(current_))}, left).immediate =
        id == Id::kIdRor ? by : (bits - by) & (bits - 1);
    return;
  }
  const VReg left = size == 4 ? low_half(operand(0)) : in_register(operand(0));
  const VReg by = low_half(count);
  emit(Form::TiedCl, id, size, {tied_d(vreg(current_)), tied_u(left), fixed_u(by, kRcx)});
}

// The upper half of the product is a result of its own.
void Selector::multiply_wide(InstId id) {
  const Value upper = result_of_current(1);
  const VReg low = vregs_[current_.index];
  const VReg high = upper.exists() ? vregs_[upper.index] : kNoVReg;
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  emit(Form::MultiplyWide, id, 8,
       {fixed_d(low, kRax), fixed_d(high, kRdx), fixed_u(a, kRax), u(b)});
}

// Nothing that changes the flags stands between the halves.
void Selector::add_wide(InstId low_id, InstId high_id) {
  const Value upper = result_of_current(1);
  const bool low_used = vregs_[current_.index].exists();
  const bool high_used = upper.exists() && vregs_[upper.index].exists();
  const VReg a_low = in_register(operand(0));
  const VReg a_high = in_register(operand(1));
  const VReg b_low = in_register(operand(2));
  const VReg b_high = in_register(operand(3));
  const VReg low = low_used ? vregs_[current_.index] : fresh(ValueType::I64);
  emit(Form::Tied, low_id, 8, {tied_d(low), tied_u(a_low), any_u(b_low)});
  if (high_used)
    emit(Form::Tied, high_id, 8, {tied_d(vregs_[upper.index]), tied_u(a_high), any_u(b_high)});
}

// The processor traps when the divisor is zero; -1 is looked for before it can overflow.
void Selector::divide(uint8_t size, uint8_t kind) {
  const Value divisor = operand(1);
  if ((kind & divide::Signed) != 0 &&
      !(is_constant(divisor) &&
        function_[divisor].immediate != (size == 4 ? 0xffffffffu : UINT64_MAX)))
    kind |= divide::MayBeMinusOne;
  const VReg b = in_register(divisor);
  const VReg a = in_register(operand(0));
  const VReg result = vreg(current_);
  const bool remainder = (kind & divide::Remainder) != 0;
  Instruction& insn =
      emit(Form::Divide, 0, size,
           {fixed_d(remainder ? kNoVReg : result, kRax),
            early_fixed_d(remainder ? result : kNoVReg, kRdx), fixed_u(a, kRax), u(b)});
  insn.immediate = kind;
  may_trap(insn, TrapCode::IntegerDivideByZero);
}

void Selector::unary(InstId id, uint8_t size) {
  const Source from = size == 4 ? low_source(operand(0)) : source(operand(0), size);
  emit(Form::Unary, id, size, {d(vreg(current_))}, from);
}

void Selector::extend(InstId id, uint8_t size, uint8_t source_size) {
  const Source from = size == 4 ? low_source(operand(0))
                      : source_size == 4 && function_.type(operand(0)) == Type::I32
                          ? low_source(operand(0))
                          : Source{.vreg = in_register(operand(0)), .address = {}};
  emit(Form::Unary, id, size, {d(vreg(current_))}, from).condition = source_size;
}

// --- conditions

void Selector::set(const Test& test) {
  const Condition condition = test.negated ? negate(test.condition) : test.condition;
  emit(Form::Set, 0, 4, {d(vreg(current_))}).condition = static_cast<uint8_t>(condition);
}

Test Selector::test(Value value, bool allow_parity) {
  if (can_fold(value)) {
    const ir::Instruction& insn = function_[value];
    if (insn.op == Op::I32Eqz) {
      folded_[value.index] = true;
      Test inner = test(function_.operand(value, 0), allow_parity);
      inner.negated = !inner.negated;
      return inner;
    }
    if (const auto result = comparison(value, allow_parity)) {
      folded_[value.index] = true;
      return *result;
    }
  }
  if (can_repeat(value)) {
    for (const Value operand : function_.operands(value))
      if (!is_constant(operand)) vreg(operand);  // is not taken into only one of the comparisons
    return *comparison(value, allow_parity);
  }
  return test_bits(value, Condition::NotEqual, 4);
}

// `value` compared with zero; an `and` is taken into it.
Test Selector::test_bits(Value value, Condition condition, uint8_t size) {
  const Op and_op = size == 4 ? Op::I32And : Op::I64And;
  if (can_fold(value) && function_[value].op == and_op) {
    folded_[value.index] = true;
    Value a = function_.operand(value, 0);
    Value b = function_.operand(value, 1);
    if (is_constant(a)) std::swap(a, b);
    const auto mask = immediate(b);
    if (const auto narrow = narrow_load(a);
        narrow && narrow->bytes == 1 && mask && *mask == static_cast<uint8_t>(*mask)) {
      emit(Form::CompareImm, Id::kIdTest, 1, {}, folded_load(a)).immediate =
          static_cast<uint64_t>(int64_t{static_cast<int8_t>(*mask)});
    } else if (mask) {
      const Source left = size == 4 ? low_source(a) : source(a, size);
      emit(Form::CompareImm, Id::kIdTest, size, {}, left).immediate =
          static_cast<uint64_t>(int64_t{*mask});
    } else {
      const VReg left = in_register(a);
      emit(Form::Compare, Id::kIdTest, size, {u(left)}, source(b, size));
    }
    return {.condition = condition};
  }
  if (can_fold_load(value, size)) {
    emit(Form::CompareImm, Id::kIdCmp, size, {}, source(value, size));
    return {.condition = condition};
  }
  if (const auto narrow = narrow_load(value)) {
    emit(Form::CompareImm, Id::kIdCmp, narrow->bytes, {}, folded_load(value));
    return {.condition = condition};
  }
  const VReg reg = size == 4 ? low_half(value) : in_register(value);
  emit(Form::Compare, Id::kIdTest, size, {u(reg), u(reg)});
  return {.condition = condition};
}

Test Selector::compare_integers(Value a, Value b, Condition condition, uint8_t size) {
  const auto swapped = [](Condition c) {
    switch (c) {
      case Condition::Below:        return Condition::Above;
      case Condition::Above:        return Condition::Below;
      case Condition::BelowEqual:   return Condition::AboveEqual;
      case Condition::AboveEqual:   return Condition::BelowEqual;
      case Condition::Less:         return Condition::Greater;
      case Condition::Greater:      return Condition::Less;
      case Condition::LessEqual:    return Condition::GreaterEqual;
      case Condition::GreaterEqual: return Condition::LessEqual;
      default:                      return c;
    }
  };
  if (is_constant(a) || ((can_fold_load(a, size) || narrow_load(a)) && !is_constant(b) &&
                         !can_fold_load(b, size) && !narrow_load(b))) {
    std::swap(a, b);
    condition = swapped(condition);
  }
  if (const auto value = immediate(b)) {
    const bool is_equality = condition == Condition::Equal || condition == Condition::NotEqual;
    if (*value == 0 && is_equality) return test_bits(a, condition, size);
    if (const auto narrow = compare_narrow(a, b, condition)) return *narrow;
    const Source left = size == 4 ? low_source(a) : source(a, size);
    emit(Form::CompareImm, Id::kIdCmp, size, {}, left).immediate =
        static_cast<uint64_t>(int64_t{*value});
    return {.condition = condition};
  }
  if (const auto narrow = compare_narrow(a, b, condition)) return *narrow;
  const Source right = size == 4 ? low_source(b) : source(b, size);
  const VReg left = size == 4 ? low_half(a) : in_register(a);
  emit(Form::Compare, Id::kIdCmp, size, {u(left)}, right);
  return {.condition = condition};
}

// Where a byte or two lie in memory, if the result is that of comparing what they are extended to.
std::optional<Test> Selector::compare_narrow(Value a, Value b, Condition condition) {
  const bool is_equality = condition == Condition::Equal || condition == Condition::NotEqual;
  const bool is_unsigned = condition == Condition::Below || condition == Condition::AboveEqual ||
                           condition == Condition::Above || condition == Condition::BelowEqual;
  const auto number = immediate(b);
  const auto load = narrow_load(number ? a : b);
  if (!load || (!is_equality && is_unsigned == load->is_signed)) return std::nullopt;
  if (!number) {
    if (load->bytes != 1 || load->is_signed || ir::possible_bits(function_, a) > 0xff)
      return std::nullopt;
    const VReg left = low_half(a);
    emit(Form::Compare, Id::kIdCmp, 1, {u(left)}, folded_load(b));
    return Test{.condition = condition};
  }
  // Numbers of 16 bits are slow to decode.
  const int32_t least = load->is_signed ? INT8_MIN : 0;
  const int32_t most = load->bytes == 1 && !load->is_signed ? UINT8_MAX : INT8_MAX;
  if (*number < least || *number > most) return std::nullopt;
  emit(Form::CompareImm, Id::kIdCmp, load->bytes, {}, folded_load(a)).immediate =
      static_cast<uint64_t>(int64_t{static_cast<int8_t>(*number)});
  return Test{.condition = condition};
}

std::optional<Test> Selector::comparison(Value value, bool allow_parity) {
  const auto op = function_[value].op;
  const auto operand_of = [&](uint32_t i) { return function_.operand(value, i); };
  if (const auto integers = integer_comparison(op)) {
    const auto condition = static_cast<Condition>(condition_of(integers->how));
    return integers->is_with_zero
               ? test_bits(operand_of(0), condition, integers->size)
               : compare_integers(operand_of(0), operand_of(1), condition, integers->size);
  }
  const auto floats = [&](Condition condition, uint8_t size) {
    return compare_floats(operand_of(0), operand_of(1), condition, size);
  };
  switch (op) {
    // Unordered operands set the flags of below and of equal.
    case Op::F32Gt: return floats(Condition::Above, 4);
    case Op::F64Gt: return floats(Condition::Above, 8);
    case Op::F32Ge: return floats(Condition::AboveEqual, 4);
    case Op::F64Ge: return floats(Condition::AboveEqual, 8);
    case Op::F32Lt: return compare_floats(operand_of(1), operand_of(0), Condition::Above, 4);
    case Op::F64Lt: return compare_floats(operand_of(1), operand_of(0), Condition::Above, 8);
    case Op::F32Le: return compare_floats(operand_of(1), operand_of(0), Condition::AboveEqual, 4);
    case Op::F64Le: return compare_floats(operand_of(1), operand_of(0), Condition::AboveEqual, 8);
    case Op::F32Eq:
    case Op::F32Ne:
    case Op::F64Eq:
    case Op::F64Ne: {
      if (!allow_parity) return std::nullopt;
      const uint8_t size = op == Op::F32Eq || op == Op::F32Ne ? 4 : 8;
      Test test = floats(Condition::NotEqual, size);
      test.or_parity = true;
      test.negated = op == Op::F32Eq || op == Op::F64Eq;
      return test;
    }
    default: return std::nullopt;
  }
}

void Selector::select_value() {
  Value on_true = operand(0);
  Value on_false = operand(1);
  // What the moves read is computed before the flags are.
  VReg yes = in_register(on_true);
  VReg no = in_register(on_false);
  const Test when = test(operand(2), true);
  Condition condition = when.condition;
  if (when.negated) {
    if (when.or_parity)
      std::swap(yes, no);
    else
      condition = negate(condition);
  }
  // The register starts as `no`, and becomes `yes` under the condition.
  Instruction& insn = emit(Form::CMove, 0, bytes_of(function_.type(current_)),
                           {tied_d(vreg(current_)), tied_u(no), u(yes)});
  insn.condition = static_cast<uint8_t>(condition);
  insn.immediate = when.or_parity;
}

}  // namespace wrun::codegen::x64
