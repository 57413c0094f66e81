// Division and remainder by a constant that is no power of two (those are rules): by multiplication with
// its reciprocal, after Granlund and Montgomery, "Division by Invariant Integers using Multiplication".
#include <bit>

#include "ir/passes.hpp"
#include "ir/replacements.hpp"

namespace wrun::ir {

namespace {

// The high half of x * (2^bits + factor), or of x * factor with a factor that is 2^bits too small as a
// signed number, shifted, is x / divisor: x has to be added to the high half of x * factor.
struct Reciprocal {
  uint64_t factor = 0;
  uint32_t shift = 0;
};

// For x of `bits` bits; divisor > 1 and not a power of two.
Reciprocal unsigned_reciprocal(uint64_t divisor, uint32_t bits) {
  using Wide = unsigned __int128;
  const auto log2 = static_cast<uint32_t>(64 - std::countl_zero(divisor - 1));  // rounded up
  // floor(2^bits * (2^log2 - divisor) / divisor) + 1 is the factor but for its highest bit.
  const Wide scaled = ((Wide{1} << log2) - divisor) << bits;
  const auto factor = static_cast<uint64_t>(scaled / divisor + 1);
  return {factor, log2 - 1};
}

// |divisor| > 1.
Reciprocal signed_reciprocal(uint64_t magnitude, uint32_t bits) {
  using Wide = unsigned __int128;
  const auto log2 = static_cast<uint32_t>(64 - std::countl_zero(magnitude - 1));
  const Wide factor = (Wide{1} << (bits + log2 - 1)) / magnitude + 1;
  return {static_cast<uint64_t>(factor), log2 - 1};
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

  Value high_half(Value x, uint64_t factor, bool is_signed) {
    if (is_64_) {
      const Value product =
          make(is_signed ? Op::I64MulWideS : Op::I64MulWideU, x, function_.i64(factor));
      const Value high = make(Op::Result, product, kNoValue);
      function_[high].immediate = 1;
      return high;
    }
    const Op extend = is_signed ? Op::I64ExtendI32S : Op::I64ExtendI32U;
    const uint64_t wide = is_signed ? static_cast<uint64_t>(int64_t{static_cast<int32_t>(factor)})
                                    : static_cast<uint32_t>(factor);
    const Value product = make64(Op::I64Mul, make64(extend, x, kNoValue), function_.i64(wide));
    const Value high = make64(Op::I64ShrU, product, function_.i64(32));
    return make(Op::I32WrapI64, high, kNoValue);
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
    const Reciprocal by = unsigned_reciprocal(divisor, is_64_ ? 64 : 32);
    // (high + (x - high) / 2) >> shift: the sum of both would not fit.
    const Value high = high_half(x, by.factor, false);
    const Value half = shift_right(sub(x, high), 1);
    return shift_right(add(half, high), by.shift);
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
      const Reciprocal by = signed_reciprocal(magnitude, width);
      const Value high = add(high_half(x, by.factor, true), x);
      quotient = sub(shift_right_signed(high, by.shift), sign);
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
