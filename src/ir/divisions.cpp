// Division and remainder by a constant that is no power of two (those are rules): by multiplication with
// its reciprocal, after Granlund and Montgomery, "Division by Invariant Integers using Multiplication".
#include <bit>

#include "ir/passes.hpp"
#include "ir/replacements.hpp"

namespace wrun::ir {

namespace {

using Wide = unsigned __int128;

uint32_t log2_rounded_up(uint64_t number) {
  return static_cast<uint32_t>(64 - std::countl_zero(number - 1));
}

// x / divisor is the high half of x * factor, shifted, for all x below 2^precision.
struct Reciprocal {
  Wide factor = 0;  // less than 2^bits if precision is less than bits, else at times not
  uint32_t shift = 0;
};

// For x of `bits` bits; divisor > 1 and not a power of two, and not more than 2^63.
Reciprocal reciprocal(uint64_t divisor, uint32_t bits, uint32_t precision) {
  const uint32_t log2 = log2_rounded_up(divisor);
  const Wide one = Wide{1} << (bits + log2);
  Wide least = one / divisor;
  Wide most = (one + (Wide{1} << (bits + log2 - precision))) / divisor;
  uint32_t shift = log2;
  for (; shift > 0 && least / 2 < most / 2; --shift) {
    least /= 2;
    most /= 2;
  }
  return {most, shift};
}

// The same for all x, as 2^bits + factor.
Reciprocal long_reciprocal(uint64_t divisor, uint32_t bits) {
  const uint32_t log2 = log2_rounded_up(divisor);
  return {(((Wide{1} << log2) - divisor) << bits) / divisor + 1, log2};
}

class Divisions {
 public:
  explicit Divisions(Function& function) : function_(function), replacements_(function) {}

  void run() {
    for (const Block block : function_.blocks())
      for (Value value = function_[block].first; value.exists();) {
        const Value next = function_[value].next;
        reduce(value);
        value = next;
      }
    replacements_.apply(function_);
  }

 private:
  Value make(Op op, Value a, Value b) {
    const Value value = function_.create({
        .op = op,
        .type = is_64_ ? Type::I64 : Type::I32,
        .operands = {a.index, b.index, UINT32_MAX}
    });
    function_.insert_before(at_, value);
    return value;
  }
  Value make64(Op op, Value a, Value b) {
    const Value value = make(op, a, b);
    function_[value].type = Type::I64;
    return value;
  }
  Value binary(Op op32, Op op64, Value a, Value b) { return make(is_64_ ? op64 : op32, a, b); }
  Value k(uint64_t bits) { return function_.constant(is_64_ ? Type::I64 : Type::I32, bits); }
  Value shift_right(Value a, uint32_t count) {
    return count == 0 ? a : binary(Op::I32ShrU, Op::I64ShrU, a, k(count));
  }
  Value shift_right_signed(Value a, uint32_t count) {
    return count == 0 ? a : binary(Op::I32ShrS, Op::I64ShrS, a, k(count));
  }
  Value add(Value a, Value b) { return binary(Op::I32Add, Op::I64Add, a, b); }
  Value sub(Value a, Value b) { return binary(Op::I32Sub, Op::I64Sub, a, b); }

  // Of 64-bit numbers.
  Value high_half(Value x, uint64_t factor, bool is_signed) {
    const Value product =
        make(is_signed ? Op::I64MulWideS : Op::I64MulWideU, x, function_.i64(factor));
    const Value high = make(Op::Result, product, kNoValue);
    function_[high].immediate = 1;
    return high;
  }
  // x * factor >> (bits + shift), for factors that have as many bits as x.
  Value shifted_product(Value x, uint64_t factor, uint32_t shift, bool is_signed) {
    if (is_64_) {
      if (!is_signed) return shift_right(high_half(x, factor, false), shift);
      const Value high = high_half(x, factor, true);
      const bool is_negative = factor >> 63 != 0;  // as a signed number, by 2^64 too small
      return shift_right_signed(is_negative ? add(high, x) : high, shift);
    }
    const Op extend = is_signed ? Op::I64ExtendI32S : Op::I64ExtendI32U;
    const Value product = make64(Op::I64Mul, make64(extend, x, kNoValue), function_.i64(factor));
    const Value shifted =
        make64(is_signed ? Op::I64ShrS : Op::I64ShrU, product, function_.i64(uint64_t{32} + shift));
    return make(Op::I32WrapI64, shifted, kNoValue);
  }

  void reduce(Value value) {
    const Instruction insn = function_[value];
    switch (insn.op) {
      case Op::I32DivU:
      case Op::I32DivS:
      case Op::I32RemU:
      case Op::I32RemS: is_64_ = false; break;
      case Op::I64DivU:
      case Op::I64DivS:
      case Op::I64RemU:
      case Op::I64RemS: is_64_ = true; break;
      default:          return;
    }
    const Value divisor = {insn.operands[1]};
    if (!function_[divisor].is_constant()) return;
    at_ = value;
    const uint64_t bits = function_[divisor].immediate;
    const Value x = {insn.operands[0]};
    const bool is_signed = insn.op == Op::I32DivS || insn.op == Op::I32RemS ||
                           insn.op == Op::I64DivS || insn.op == Op::I64RemS;
    const bool is_division = insn.op == Op::I32DivU || insn.op == Op::I32DivS ||
                             insn.op == Op::I64DivU || insn.op == Op::I64DivS;
    const Value quotient = is_signed ? divide_signed(x, bits) : divide(x, bits);
    if (!quotient.exists()) return;
    const Value result =
        is_division ? quotient : sub(x, binary(Op::I32Mul, Op::I64Mul, quotient, divisor));
    replacements_.replace(value, result);
    function_.remove(value);
  }

  Value divide(Value x, uint64_t divisor) {
    if (divisor < 2 || std::has_single_bit(divisor)) return kNoValue;
    const uint32_t width = is_64_ ? 64 : 32;
    if (divisor <= uint64_t{1} << 63) {
      Reciprocal by = reciprocal(divisor, width, width);
      const auto even = static_cast<uint32_t>(std::countr_zero(divisor));
      if (by.factor >> width != 0 && even != 0) {
        by = reciprocal(divisor >> even, width, width - even);
        x = shift_right(x, even);
      }
      if (by.factor >> width == 0)
        return shifted_product(x, static_cast<uint64_t>(by.factor), by.shift, false);
    }
    const Reciprocal by = long_reciprocal(divisor, width);
    // (high + (x - high) / 2) >> (shift - 1): the sum of both would not fit.
    const Value high = shifted_product(x, static_cast<uint64_t>(by.factor), 0, false);
    const Value half = shift_right(sub(x, high), 1);
    return shift_right(add(half, high), by.shift - 1);
  }

  Value divide_signed(Value x, uint64_t bits) {
    const uint32_t width = is_64_ ? 64 : 32;
    const auto divisor = is_64_ ? static_cast<int64_t>(bits) : int64_t{static_cast<int32_t>(bits)};
    const uint64_t magnitude =
        divisor < 0 ? -static_cast<uint64_t>(divisor) : static_cast<uint64_t>(divisor);
    if (magnitude < 2) return kNoValue;
    const Value sign = shift_right_signed(x, width - 1);
    Value quotient;
    if (std::has_single_bit(magnitude)) {
      // Towards zero: negative numbers are moved up by divisor - 1 first.
      const auto log2 = static_cast<uint32_t>(std::countr_zero(magnitude));
      quotient = shift_right_signed(add(x, shift_right(sign, width - log2)), log2);
    } else {
      const Reciprocal by = reciprocal(magnitude, width, width - 1);
      quotient = sub(shifted_product(x, static_cast<uint64_t>(by.factor), by.shift, true), sign);
    }
    return divisor < 0 ? sub(k(0), quotient) : quotient;
  }

  Function& function_;
  Replacements replacements_;
  bool is_64_ = false;
  Value at_;
};

}  // namespace

void reduce_divisions(Function& function) { Divisions(function).run(); }

}  // namespace wrun::ir
