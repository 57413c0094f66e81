#include "ir/rewrite_rules.hpp"

#include <bit>

namespace wrun::ir {

namespace {

bool is_power_of_two(const Match& m) { return std::has_single_bit(m.c()); }
uint64_t log2(uint64_t c, uint64_t) { return static_cast<uint64_t>(std::countr_zero(c)); }
uint64_t minus_one(uint64_t c, uint64_t) { return c - 1; }
bool x_is_boolean(const Match& m) { return (possible_bits(m.function, m.x()) & ~uint64_t{1}) == 0; }
// Nothing of x is outside of the mask.
bool mask_keeps_all(const Match& m) { return (possible_bits(m.function, m.x()) & ~m.c()) == 0; }
bool mask_keeps_nothing(const Match& m) { return (possible_bits(m.function, m.x()) & m.c()) == 0; }
bool x_is_not_negative(const Match& m) {
  const Type type = m.function.type(m.x());
  const uint64_t sign = type == Type::I32 ? uint64_t{1} << 31 : uint64_t{1} << 63;
  return (possible_bits(m.function, m.x()) & sign) == 0;
}

// Both widths of integers have the same rules.
template <bool is_64>
struct Integer {
  static constexpr Type kType = is_64 ? Type::I64 : Type::I32;
  static constexpr uint64_t kBits = is_64 ? 64 : 32;
  static constexpr uint64_t kOnes = is_64 ? UINT64_MAX : UINT32_MAX;
  static bool shifts_stay_inside(const Match& m) { return m.c() + m.d() < kBits; }
  static bool is_inside(const Match& m) { return m.c() < kBits; }
  static constexpr Pattern k(uint64_t value) { return bits(kType, value & kOnes); }

#define WRUN_BINARY(name, op)                                         \
  static constexpr Pattern name(const Pattern& a, const Pattern& b) { \
    return operation(is_64 ? Op::I64##op : Op::I32##op, kType, a, b); \
  }
#define WRUN_COMPARE(name, op)                                            \
  static constexpr Pattern name(const Pattern& a, const Pattern& b) {     \
    return operation(is_64 ? Op::I64##op : Op::I32##op, Type::I32, a, b); \
  }
  WRUN_BINARY(add, Add)
  WRUN_BINARY(sub, Sub)
  WRUN_BINARY(mul, Mul)
  WRUN_BINARY(div_u, DivU)
  WRUN_BINARY(div_s, DivS)
  WRUN_BINARY(rem_u, RemU)
  WRUN_BINARY(and_, And)
  WRUN_BINARY(or_, Or)
  WRUN_BINARY(xor_, Xor)
  WRUN_BINARY(shl, Shl)
  WRUN_BINARY(shr_u, ShrU)
  WRUN_BINARY(shr_s, ShrS)
  WRUN_BINARY(rotl, Rotl)
  WRUN_BINARY(rotr, Rotr)
  WRUN_COMPARE(eq, Eq)
  WRUN_COMPARE(ne, Ne)
  WRUN_COMPARE(lt_s, LtS)
  WRUN_COMPARE(lt_u, LtU)
  WRUN_COMPARE(gt_s, GtS)
  WRUN_COMPARE(gt_u, GtU)
  WRUN_COMPARE(le_s, LeS)
  WRUN_COMPARE(le_u, LeU)
  WRUN_COMPARE(ge_s, GeS)
  WRUN_COMPARE(ge_u, GeU)
#undef WRUN_BINARY
#undef WRUN_COMPARE
  static constexpr Pattern eqz(const Pattern& a) {
    return operation(is_64 ? Op::I64Eqz : Op::I32Eqz, Type::I32, a);
  }
  static constexpr Pattern not_(const Pattern& a) { return operation(Op::I32Eqz, Type::I32, a); }
  static constexpr Pattern truth(bool value) { return bits(Type::I32, value ? 1 : 0); }

  static constexpr auto rules() {
    return std::to_array<Rule>({
        {"x + 0", add(kX, k(0)), kX},
        {"x + c + d", add(add(kX, kC), kD), add(kX, add(kC, kD))},
        {"x - c", sub(kX, kC), add(kX, sub(k(0), kC))},
        {"x - x", sub(kX, kX), k(0)},
        {"x + y - y", sub(add(kX, kY), kY), kX},
        {"y + x - y", sub(add(kY, kX), kY), kX},
        {"x - y + y", add(sub(kX, kY), kY), kX},
        {"x * 0", mul(kX, k(0)), k(0)},
        {"x * 1", mul(kX, k(1)), kX},
        {"x * 2^n", mul(kX, kC), shl(kX, computed(kType, log2)), is_power_of_two},
        {"x * c * d", mul(mul(kX, kC), kD), mul(kX, mul(kC, kD))},
        {"x / 1", div_u(kX, k(1)), kX},
        {"x / 1 signed", div_s(kX, k(1)), kX},
        {"x / 2^n", div_u(kX, kC), shr_u(kX, computed(kType, log2)), is_power_of_two},
        {"x % 2^n", rem_u(kX, kC), and_(kX, computed(kType, minus_one)), is_power_of_two},
        {"x & 0", and_(kX, k(0)), k(0)},
        {"x & ones", and_(kX, k(kOnes)), kX},
        {"x & x", and_(kX, kX), kX},
        {"x & c & d", and_(and_(kX, kC), kD), and_(kX, and_(kC, kD))},
        {"x & mask of its bits", and_(kX, kC), kX, mask_keeps_all},
        {"x & none of its bits", and_(kX, kC), k(0), mask_keeps_nothing},
        {"x | 0", or_(kX, k(0)), kX},
        {"x | ones", or_(kX, k(kOnes)), k(kOnes)},
        {"x | x", or_(kX, kX), kX},
        {"x | c | d", or_(or_(kX, kC), kD), or_(kX, or_(kC, kD))},
        {"x ^ 0", xor_(kX, k(0)), kX},
        {"x ^ x", xor_(kX, kX), k(0)},
        {"x ^ c ^ d", xor_(xor_(kX, kC), kD), xor_(kX, xor_(kC, kD))},
        {"x << 0", shl(kX, k(0)), kX},
        {"x >> 0", shr_u(kX, k(0)), kX},
        {"x >> 0 signed", shr_s(kX, k(0)), kX},
        {"x rotated by 0", rotl(kX, k(0)), kX},
        {"x rotated right by 0", rotr(kX, k(0)), kX},
        {"x << c << d", shl(shl(kX, kC), kD), shl(kX, add(kC, kD)), shifts_stay_inside},
        {"x >> c >> d", shr_u(shr_u(kX, kC), kD), shr_u(kX, add(kC, kD)), shifts_stay_inside},
        {"x >> c >> d signed", shr_s(shr_s(kX, kC), kD), shr_s(kX, add(kC, kD)),
         shifts_stay_inside},
        {"x << c >> c", shr_u(shl(kX, kC), kC), and_(kX, shr_u(k(kOnes), kC)), is_inside},
        {"x >> c << c", shl(shr_u(kX, kC), kC), and_(kX, shl(k(kOnes), kC)), is_inside},
        {"x >> c of no sign", shr_s(kX, kC), shr_u(kX, kC), x_is_not_negative},
        {"c == x", eq(kC, kX), eq(kX, kC)},
        {"c != x", ne(kC, kX), ne(kX, kC)},
        {"c < x signed", lt_s(kC, kX), gt_s(kX, kC)},
        {"c < x", lt_u(kC, kX), gt_u(kX, kC)},
        {"c > x signed", gt_s(kC, kX), lt_s(kX, kC)},
        {"c > x", gt_u(kC, kX), lt_u(kX, kC)},
        {"c <= x signed", le_s(kC, kX), ge_s(kX, kC)},
        {"c <= x", le_u(kC, kX), ge_u(kX, kC)},
        {"c >= x signed", ge_s(kC, kX), le_s(kX, kC)},
        {"c >= x", ge_u(kC, kX), le_u(kX, kC)},
        {"x == x", eq(kX, kX), truth(true)},
        {"x != x", ne(kX, kX), truth(false)},
        {"x < x signed", lt_s(kX, kX), truth(false)},
        {"x < x", lt_u(kX, kX), truth(false)},
        {"x > x signed", gt_s(kX, kX), truth(false)},
        {"x > x", gt_u(kX, kX), truth(false)},
        {"x <= x signed", le_s(kX, kX), truth(true)},
        {"x <= x", le_u(kX, kX), truth(true)},
        {"x >= x signed", ge_s(kX, kX), truth(true)},
        {"x >= x", ge_u(kX, kX), truth(true)},
        {"x == 0", eq(kX, k(0)), eqz(kX)},
        {"x < 1", lt_u(kX, k(1)), eqz(kX)},
        {"x < 0", lt_u(kX, k(0)), truth(false)},
        {"x >= 0", ge_u(kX, k(0)), truth(true)},
        {"x > 0", gt_u(kX, k(0)), ne(kX, k(0))},
        {"x >= 1", ge_u(kX, k(1)), ne(kX, k(0))},
        {"x <= 0", le_u(kX, k(0)), eqz(kX)},
        {"x + c == d", eq(add(kX, kC), kD), eq(kX, sub(kD, kC))},
        {"x + c != d", ne(add(kX, kC), kD), ne(kX, sub(kD, kC))},
        {"x ^ c == d", eq(xor_(kX, kC), kD), eq(kX, xor_(kC, kD))},
        {"x - y == 0", eqz(sub(kX, kY)), eq(kX, kY)},
        {"x ^ y == 0", eqz(xor_(kX, kY)), eq(kX, kY)},
        {"x + c == 0", eqz(add(kX, kC)), eq(kX, sub(k(0), kC))},
        {"not x == y", not_(eq(kX, kY)), ne(kX, kY)},
        {"not x != y", not_(ne(kX, kY)), eq(kX, kY)},
        {"not x < y signed", not_(lt_s(kX, kY)), ge_s(kX, kY)},
        {"not x < y", not_(lt_u(kX, kY)), ge_u(kX, kY)},
        {"not x > y signed", not_(gt_s(kX, kY)), le_s(kX, kY)},
        {"not x > y", not_(gt_u(kX, kY)), le_u(kX, kY)},
        {"not x <= y signed", not_(le_s(kX, kY)), gt_s(kX, kY)},
        {"not x <= y", not_(le_u(kX, kY)), gt_u(kX, kY)},
        {"not x >= y signed", not_(ge_s(kX, kY)), lt_s(kX, kY)},
        {"not x >= y", not_(ge_u(kX, kY)), lt_u(kX, kY)},
        {"not not x == 0", not_(eqz(kX)), ne(kX, k(0))},
    });
  }
};

constexpr Pattern unary(Op op, Type type, const Pattern& a) { return operation(op, type, a); }
constexpr Pattern wrap(const Pattern& a) { return unary(Op::I32WrapI64, Type::I32, a); }
constexpr Pattern extend_u(const Pattern& a) { return unary(Op::I64ExtendI32U, Type::I64, a); }
constexpr Pattern extend_s(const Pattern& a) { return unary(Op::I64ExtendI32S, Type::I64, a); }
bool keeps_low_half(const Match& m) { return (m.c() & UINT32_MAX) == UINT32_MAX; }

constexpr auto kOtherRules = std::to_array<Rule>({
    {"f32 of an unsigned i32 of no sign", unary(Op::F32ConvertI32U, Type::F32, kX),
     unary(Op::F32ConvertI32S, Type::F32, kX), x_is_not_negative},
    {"f64 of an unsigned i32 of no sign", unary(Op::F64ConvertI32U, Type::F64, kX),
     unary(Op::F64ConvertI32S, Type::F64, kX), x_is_not_negative},
    {"f32 of an unsigned i64 of no sign", unary(Op::F32ConvertI64U, Type::F32, kX),
     unary(Op::F32ConvertI64S, Type::F32, kX), x_is_not_negative},
    {"f64 of an unsigned i64 of no sign", unary(Op::F64ConvertI64U, Type::F64, kX),
     unary(Op::F64ConvertI64S, Type::F64, kX), x_is_not_negative},
    {"boolean x != 0", Integer<false>::ne(kX, bits(Type::I32, 0)), kX, x_is_boolean},
    {"boolean x == 1", Integer<false>::eq(kX, bits(Type::I32, 1)), kX, x_is_boolean},
    {"boolean x != 1", Integer<false>::ne(kX, bits(Type::I32, 1)), Integer<false>::eqz(kX),
     x_is_boolean},
    {"i64.extend_i32_u x == 0", Integer<true>::eqz(extend_u(kX)), Integer<false>::eqz(kX)},
    {"i64.extend_i32_s x == 0", Integer<true>::eqz(extend_s(kX)), Integer<false>::eqz(kX)},
    {"wrap of extend_u", wrap(extend_u(kX)), kX},
    {"wrap of extend_s", wrap(extend_s(kX)), kX},
    {"wrap of a mask", wrap(Integer<true>::and_(kX, kC)), wrap(kX), keeps_low_half},
    {"extend_u of wrap", extend_u(wrap(kX)), Integer<true>::and_(kX, bits(Type::I64, UINT32_MAX))},
    {"extend_s of no sign", extend_s(kX), extend_u(kX), x_is_not_negative},
    {"extend8_s twice", unary(Op::I32Extend8S, Type::I32, unary(Op::I32Extend8S, Type::I32, kX)),
     unary(Op::I32Extend8S, Type::I32, kX)},
    {"extend16_s twice", unary(Op::I32Extend16S, Type::I32, unary(Op::I32Extend16S, Type::I32, kX)),
     unary(Op::I32Extend16S, Type::I32, kX)},
    {"i64 extend32_s of extend_s", unary(Op::I64Extend32S, Type::I64, extend_s(kX)), extend_s(kX)},
    {"i64 extend32_s of extend_u", unary(Op::I64Extend32S, Type::I64, extend_u(kX)), extend_s(kX)},
    {"f32 neg twice", unary(Op::F32Neg, Type::F32, unary(Op::F32Neg, Type::F32, kX)), kX},
    {"f64 neg twice", unary(Op::F64Neg, Type::F64, unary(Op::F64Neg, Type::F64, kX)), kX},
    {"f32 abs of neg", unary(Op::F32Abs, Type::F32, unary(Op::F32Neg, Type::F32, kX)),
     unary(Op::F32Abs, Type::F32, kX)},
    {"f64 abs of neg", unary(Op::F64Abs, Type::F64, unary(Op::F64Neg, Type::F64, kX)),
     unary(Op::F64Abs, Type::F64, kX)},
    {"i32 reinterpreted back",
     unary(Op::I32ReinterpretF32, Type::I32, unary(Op::F32ReinterpretI32, Type::F32, kX)), kX},
    {"f32 reinterpreted back",
     unary(Op::F32ReinterpretI32, Type::F32, unary(Op::I32ReinterpretF32, Type::I32, kX)), kX},
    {"i64 reinterpreted back",
     unary(Op::I64ReinterpretF64, Type::I64, unary(Op::F64ReinterpretI64, Type::F64, kX)), kX},
    {"f64 reinterpreted back",
     unary(Op::F64ReinterpretI64, Type::F64, unary(Op::I64ReinterpretF64, Type::I64, kX)), kX},
    {"not f32 x == y", Integer<false>::eqz(operation(Op::F32Eq, Type::I32, kX, kY)),
     operation(Op::F32Ne, Type::I32, kX, kY)},
    {"not f32 x != y", Integer<false>::eqz(operation(Op::F32Ne, Type::I32, kX, kY)),
     operation(Op::F32Eq, Type::I32, kX, kY)},
    {"not f64 x == y", Integer<false>::eqz(operation(Op::F64Eq, Type::I32, kX, kY)),
     operation(Op::F64Ne, Type::I32, kX, kY)},
    {"not f64 x != y", Integer<false>::eqz(operation(Op::F64Ne, Type::I32, kX, kY)),
     operation(Op::F64Eq, Type::I32, kX, kY)},
});

template <size_t... kSizes>
constexpr auto join(const std::array<Rule, kSizes>&... parts) {
  std::array<Rule, (kSizes + ...)> all = {};
  size_t at = 0;
  (
      [&] {
        for (const Rule& rule : parts) all[at++] = rule;
      }(),
      ...);
  return all;
}

constexpr auto kRules = join(Integer<false>::rules(), Integer<true>::rules(), kOtherRules);

}  // namespace

std::span<const Rule> rewrite_rules() { return kRules; }

}  // namespace wrun::ir
