// The scalar instructions against the definitions of spec 4.3.2 to 4.3.4.
#include "wasm/semantics.hpp"

#include <optional>

#include "catch.hpp"
#include "wasm/semantics_reference.hpp"

namespace wrun::wasm {
namespace {

using reference::Nans;
using reference::WideFloat;
using reference::WideInt;

template <class T>
std::string show(T value) {
  if constexpr (std::is_floating_point_v<T>)
    return std::to_string(value) + " = " + std::to_string(reference::bits(value));
  else
    return std::to_string(value);
}

template <Op op, class Result, class... Arg>
void expect(Result expected, Nans nans, Arg... arg) {
  const Result actual = Semantics<op>::eval(arg...);
  if (reference::same(actual, expected, nans)) return;
  std::string message = std::string(text(op));
  ((message += " " + show(arg)), ...);
  FAIL(message << " gives " << show(actual) << ", expected " << show(expected));
}

// The references give their results in any type that converts without loss, or, where the
// instruction can trap, as an optional.
template <Op op, class Reference>
void unary(Reference expected) {
  using S = Semantics<op>;
  for (const Nans nans : {Nans::Canonical, Nans::All})
    for (const auto a : reference::values<typename S::Arg>(nans))
      expect<op>(static_cast<typename S::Result>(expected(a)), nans, a);
}

template <Op op, class Reference>
void binary(Reference expected) {
  using S = Semantics<op>;
  for (const Nans nans : {Nans::Canonical, Nans::All}) {
    const auto values = reference::values<typename S::Arg>(nans);
    for (const auto a : values)
      for (const auto b : values)
        expect<op>(static_cast<typename S::Result>(expected(a, b)), nans, a, b);
  }
}

// `expected` gives the trap or the result.
template <Op op, class Expected, class... Arg>
void expect_or_trap(TrapKind trap, Expected expected, Arg... arg) {
  const TrapKind actual = Semantics<op>::trap(arg...);
  if (actual != trap)
    FAIL(text(op) << " of " << (show(arg) + ... + "") << " traps with " << static_cast<int>(actual)
                  << ", not " << static_cast<int>(trap));
  else if (trap == TrapKind::None)
    expect<op>(expected(), Nans::All, arg...);
}

template <class U>
unsigned kWidth = sizeof(U) * 8;

template <class U>
U rotate_left(U value, unsigned count) {
  U result = 0;
  for (unsigned bit = 0; bit < kWidth<U>; ++bit)
    if (value >> bit & 1) result |= U{1} << (bit + count) % kWidth<U>;
  return result;
}

template <class U>
unsigned count_bits(U value) {
  unsigned count = 0;
  for (; value != 0; value /= 2) count += value % 2;
  return count;
}

template <class U>
unsigned highest_bit(U value) {  // from 1; 0 if there is none
  unsigned bit = 0;
  for (; value != 0; value /= 2) ++bit;
  return bit;
}

// Rounds down, as an arithmetic shift does.
WideInt divide_down(WideInt a, WideInt b) { return (a - ((a % b) + b) % b) / b; }

template <class S, class U>
WideInt signed_value(U value) {
  return value > U(std::numeric_limits<S>::max()) ? WideInt{value} - (WideInt{1} << kWidth<U>)
                                                  : WideInt{value};
}

#define WRUN_TEST_INTEGER(I, U, S)                                                               \
  TEST_CASE(#I " arithmetic", "[semantics]") {                                                   \
    const auto s = [](U value) { return signed_value<S>(value); };                               \
    const auto power = [](U count) { return WideInt{1} << count % kWidth<U>; };                  \
    binary<Op::I##Add>([](U a, U b) { return U(WideInt{a} + b); });                              \
    binary<Op::I##Sub>([](U a, U b) { return U(WideInt{a} - b); });                              \
    binary<Op::I##Mul>([](U a, U b) { return U(static_cast<unsigned __int128>(a) * b); });       \
    binary<Op::I##And>([](U a, U b) { return U(~(~a | ~b)); });                                  \
    binary<Op::I##Or>([](U a, U b) { return U(~(~a & ~b)); });                                   \
    binary<Op::I##Xor>([](U a, U b) { return U((a | b) - (a & b)); });                           \
    binary<Op::I##Shl>([&](U a, U b) {                                                           \
      return U(static_cast<unsigned __int128>(a) * static_cast<unsigned __int128>(power(b)));    \
    });                                                                                          \
    binary<Op::I##ShrU>([&](U a, U b) { return U(a / power(b)); });                              \
    binary<Op::I##ShrS>([&](U a, U b) { return U(divide_down(s(a), power(b))); });               \
    binary<Op::I##Rotl>([](U a, U b) { return rotate_left(a, unsigned(b % kWidth<U>)); });       \
    binary<Op::I##Rotr>(                                                                         \
        [](U a, U b) { return rotate_left(a, kWidth<U> - unsigned(b % kWidth<U>)); });           \
    unary<Op::I##Clz>([](U a) { return kWidth<U> - highest_bit(a); });                           \
    unary<Op::I##Ctz>([](U a) { return a == 0 ? kWidth<U> : highest_bit(U(a & -a)) - 1; });      \
    unary<Op::I##Popcnt>([](U a) { return count_bits(a); });                                     \
    unary<Op::I##Extend8S>([](U a) { return U((a % 0x100 ^ 0x80) - 0x80); });                    \
    unary<Op::I##Extend16S>([](U a) { return U((a % 0x10000 ^ 0x8000) - 0x8000); });             \
  }                                                                                              \
  TEST_CASE(#I " comparisons", "[semantics]") {                                                  \
    const auto s = [](U value) { return signed_value<S>(value); };                               \
    unary<Op::I##Eqz>([](U a) { return a ? 0 : 1; });                                            \
    binary<Op::I##Eq>([](U a, U b) { return (a ^ b) == 0; });                                    \
    binary<Op::I##Ne>([](U a, U b) { return (a ^ b) != 0; });                                    \
    binary<Op::I##LtU>([](U a, U b) { return WideInt{a} - b < 0; });                             \
    binary<Op::I##GtU>([](U a, U b) { return WideInt{a} - b > 0; });                             \
    binary<Op::I##LeU>([](U a, U b) { return WideInt{a} - b <= 0; });                            \
    binary<Op::I##GeU>([](U a, U b) { return WideInt{a} - b >= 0; });                            \
    binary<Op::I##LtS>([&](U a, U b) { return s(a) - s(b) < 0; });                               \
    binary<Op::I##GtS>([&](U a, U b) { return s(a) - s(b) > 0; });                               \
    binary<Op::I##LeS>([&](U a, U b) { return s(a) - s(b) <= 0; });                              \
    binary<Op::I##GeS>([&](U a, U b) { return s(a) - s(b) >= 0; });                              \
  }                                                                                              \
  TEST_CASE(#I " division", "[semantics]") {                                                     \
    const auto s = [](U value) { return signed_value<S>(value); };                               \
    for (const U a : reference::values<U>()) {                                                   \
      for (const U b : reference::values<U>()) {                                                 \
        const TrapKind zero = b == 0 ? TrapKind::DivideByZero : TrapKind::None;                  \
        const bool overflows = b != 0 && s(a) / s(b) > std::numeric_limits<S>::max();            \
        expect_or_trap<Op::I##DivU>(zero, [&] { return U(WideInt{a} / b); }, a, b);              \
        expect_or_trap<Op::I##RemU>(zero, [&] { return U(WideInt{a} % b); }, a, b);              \
        expect_or_trap<Op::I##DivS>(                                                             \
            overflows ? TrapKind::IntegerOverflow : zero, [&] { return U(s(a) / s(b)); }, a, b); \
        expect_or_trap<Op::I##RemS>(zero, [&] { return U(s(a) % s(b)); }, a, b);                 \
      }                                                                                          \
    }                                                                                            \
  }
WRUN_TEST_INTEGER(I32, uint32_t, int32_t)
WRUN_TEST_INTEGER(I64, uint64_t, int64_t)
#undef WRUN_TEST_INTEGER

TEST_CASE("Integer conversions", "[semantics]") {
  unary<Op::I64Extend32S>(
      [](uint64_t a) { return (a % 0x1'0000'0000 ^ 0x8000'0000) - 0x8000'0000; });
  unary<Op::I32WrapI64>([](uint64_t a) { return a % 0x1'0000'0000; });
  unary<Op::I64ExtendI32S>([](uint32_t a) { return signed_value<int32_t>(a); });
  unary<Op::I64ExtendI32U>([](uint32_t a) { return WideInt{a}; });
}

// Results that are the operands' bits, NaNs included.
template <Op op, class F, class Reference>
void bitwise_unary(Reference expected) {
  for (const F a : reference::values<F>()) {
    const auto actual = reference::bits(Semantics<op>::eval(a));
    if (actual != expected(reference::bits(a))) FAIL(text(op) << " " << show(a));
  }
}

#define WRUN_TEST_FLOAT(F, T)                                                    \
  TEST_CASE(#F " arithmetic", "[semantics]") {                                   \
    binary<Op::F##Add>(reference::add<T>);                                       \
    binary<Op::F##Sub>(reference::sub<T>);                                       \
    binary<Op::F##Mul>(reference::mul<T>);                                       \
    binary<Op::F##Div>(reference::div<T>);                                       \
    binary<Op::F##Min>(reference::minimum<T>);                                   \
    binary<Op::F##Max>(reference::maximum<T>);                                   \
    unary<Op::F##Ceil>(reference::ceil<T>);                                      \
    unary<Op::F##Floor>(reference::floor<T>);                                    \
    unary<Op::F##Trunc>(reference::trunc<T>);                                    \
    unary<Op::F##Nearest>(reference::nearest<T>);                                \
    for (const Nans nans : {Nans::Canonical, Nans::All}) {                       \
      for (const T a : reference::values<T>(nans)) {                             \
        const T root = Semantics<Op::F##Sqrt>::eval(a);                          \
        if (!reference::is_square_root(a, root) ||                               \
            (root != root && !reference::same(root, root, nans)))                \
          FAIL("square root of " << show(a) << ": " << show(root));              \
      }                                                                          \
    }                                                                            \
  }                                                                              \
  TEST_CASE(#F " comparisons", "[semantics]") {                                  \
    binary<Op::F##Eq>([](WideFloat a, WideFloat b) { return a == b; });          \
    binary<Op::F##Ne>([](WideFloat a, WideFloat b) { return !(a == b); });       \
    binary<Op::F##Lt>([](WideFloat a, WideFloat b) { return a < b; });           \
    binary<Op::F##Gt>([](WideFloat a, WideFloat b) { return b < a; });           \
    binary<Op::F##Le>([](WideFloat a, WideFloat b) { return a < b || a == b; }); \
    binary<Op::F##Ge>([](WideFloat a, WideFloat b) { return b < a || a == b; }); \
  }                                                                              \
  TEST_CASE(#F " signs", "[semantics]") {                                        \
    using Bits = reference::BitsOf<T>;                                           \
    constexpr Bits kSign = reference::kSign<T>;                                  \
    bitwise_unary<Op::F##Abs, T>([](Bits a) { return a % kSign; });              \
    bitwise_unary<Op::F##Neg, T>([](Bits a) { return a + kSign; });              \
    for (const T sign : reference::values<T>())                                  \
      for (const T a : reference::values<T>())                                   \
        if (reference::bits(Semantics<Op::F##Copysign>::eval(a, sign)) !=        \
            reference::bits(a) % kSign + reference::bits(sign) / kSign * kSign)  \
          FAIL(#F ".copysign " << show(a) << " " << show(sign));                 \
  }
WRUN_TEST_FLOAT(F32, float)
WRUN_TEST_FLOAT(F64, double)
#undef WRUN_TEST_FLOAT

template <Op trapping, Op saturating, class Int, class F>
void truncation() {
  for (const F a : reference::values<F>()) {
    const Int expected = reference::trunc_sat<Int>(a);
    const TrapKind trap = a != a                            ? TrapKind::InvalidConversion
                          : reference::truncates_to<Int>(a) ? TrapKind::None
                                                            : TrapKind::IntegerOverflow;
    using U = std::make_unsigned_t<Int>;
    expect_or_trap<trapping>(trap, [&] { return static_cast<U>(expected); }, a);
    expect<saturating>(static_cast<U>(expected), Nans::All, a);
  }
}

TEST_CASE("Truncation to integers", "[semantics]") {
  truncation<Op::I32TruncF32S, Op::I32TruncSatF32S, int32_t, float>();
  truncation<Op::I32TruncF32U, Op::I32TruncSatF32U, uint32_t, float>();
  truncation<Op::I32TruncF64S, Op::I32TruncSatF64S, int32_t, double>();
  truncation<Op::I32TruncF64U, Op::I32TruncSatF64U, uint32_t, double>();
  truncation<Op::I64TruncF32S, Op::I64TruncSatF32S, int64_t, float>();
  truncation<Op::I64TruncF32U, Op::I64TruncSatF32U, uint64_t, float>();
  truncation<Op::I64TruncF64S, Op::I64TruncSatF64S, int64_t, double>();
  truncation<Op::I64TruncF64U, Op::I64TruncSatF64U, uint64_t, double>();
}

TEST_CASE("Conversions to floating point", "[semantics]") {
  const auto from_signed = [](auto a) {
    return static_cast<WideFloat>(signed_value<std::make_signed_t<decltype(a)>>(a));
  };
  const auto same_number = [](auto a) { return static_cast<WideFloat>(a); };
  unary<Op::F32ConvertI32S>(from_signed);
  unary<Op::F32ConvertI64S>(from_signed);
  unary<Op::F64ConvertI32S>(from_signed);
  unary<Op::F64ConvertI64S>(from_signed);
  unary<Op::F32ConvertI32U>(same_number);
  unary<Op::F32ConvertI64U>(same_number);
  unary<Op::F64ConvertI32U>(same_number);
  unary<Op::F64ConvertI64U>(same_number);
  unary<Op::F32DemoteF64>(same_number);
  unary<Op::F64PromoteF32>(same_number);
}

template <Op to_bits, Op to_float, class F>
void reinterpretation() {
  for (const F value : reference::values<F>()) {
    reference::BitsOf<F> bits;
    std::memcpy(&bits, &value, sizeof value);
    if (Semantics<to_bits>::eval(value) != bits) FAIL(text(to_bits) << " " << show(value));
    if (reference::bits(Semantics<to_float>::eval(bits)) != bits)
      FAIL(text(to_float) << " " << bits);
  }
}

TEST_CASE("Reinterpretation keeps all bits", "[semantics]") {
  reinterpretation<Op::I32ReinterpretF32, Op::F32ReinterpretI32, float>();
  reinterpretation<Op::I64ReinterpretF64, Op::F64ReinterpretI64, double>();
}

}  // namespace
}  // namespace wrun::wasm
