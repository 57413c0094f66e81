// The vector instructions, lane by lane, against the definitions of spec 4.3.5 to 4.3.7.
#include "wasm/semantics_simd.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "catch.hpp"
#include "wasm/semantics_reference.hpp"

namespace wrun::wasm {
namespace {

using reference::Nans;
using reference::WideInt;

template <class T>
using Lanes = std::array<T, 16 / sizeof(T)>;
template <class T>
constexpr size_t kCount = 16 / sizeof(T);

template <class T>
V128 to_v128(const Lanes<T>& lanes) {
  V128 vector;
  std::memcpy(&vector, lanes.data(), sizeof vector);
  return vector;
}

template <class T>
Lanes<T> to_lanes(V128 vector) {
  Lanes<T> lanes;
  std::memcpy(lanes.data(), &vector, sizeof vector);
  return lanes;
}

template <class T>
std::string show(const Lanes<T>& lanes) {
  std::string text = "(";
  for (const T lane : lanes) {
    text += std::to_string(lane) + " ";
    if constexpr (std::is_floating_point_v<T>)
      text += "= " + std::to_string(reference::bits(lane)) + "; ";
  }
  text.back() = ')';
  return text;
}
std::string show(uint32_t value) { return std::to_string(value); }

template <class T>
bool same(const Lanes<T>& actual, const Lanes<T>& expected, Nans nans) {
  for (size_t i = 0; i < kCount<T>; ++i)
    if (!reference::same(actual[i], expected[i], nans)) return false;
  return true;
}
bool same(uint32_t actual, uint32_t expected, Nans) { return actual == expected; }

template <class Result, class... Arg>
void expect(Op op, const Result& actual, const Result& expected, Nans nans, const Arg&... arg) {
  if (same(actual, expected, nans)) return;
  std::string message = std::string(text(op));
  ((message += " " + show(arg)), ...);
  FAIL(message << " gives " << show(actual) << ", expected " << show(expected));
}

// What an instruction gave, as what it is compared with.
template <class Result, class Actual>
Result as(const Actual& actual) {
  if constexpr (std::is_same_v<Actual, V128>)
    return std::bit_cast<Result>(actual);
  else
    return actual;
}

// --- operands

// Lanes of which each is one of the values worth trying, or any.
template <class T>
class RandomLanes {
 public:
  explicit RandomLanes(Nans nans) : values_(reference::values<T>(nans)) {}
  Lanes<T> next() {
    Lanes<T> lanes;
    for (T& lane : lanes) lane = values_[random_() % values_.size()];
    return lanes;
  }

 private:
  std::vector<T> values_;
  std::mt19937_64 random_{sizeof(T)};
};

// Calls visit(a, b) so that each pair of values meets in some lane, and each value in every lane.
template <class T, class Visit>
void for_all_pairs(Nans nans, Visit visit) {
  const std::vector<T> values = reference::values<T>(nans);
  for (size_t shift = 0; shift < values.size(); ++shift) {
    for (size_t start = 0; start < values.size(); start += kCount<T>) {
      Lanes<T> a, b;
      for (size_t lane = 0; lane < kCount<T>; ++lane) {
        // Every shift rotates the lanes as well.
        const size_t at = start + (lane + shift) % kCount<T>;
        a[lane] = values[at % values.size()];
        b[lane] = values[(at + shift) % values.size()];
      }
      visit(a, b);
    }
  }
}

// --- checks of an instruction against a function of whole vectors, of lanes of type In. The loops
// --- are compiled for each signature, not for each instruction.

// Refers to a function object, as std::function_ref will.
template <class Result, class... In>
class Function {
 public:
  template <class F>
  explicit Function(const F& function)
      : function_(&function), call_([](const void* object, const Lanes<In>&... arg) -> Result {
          return (*static_cast<const F*>(object))(arg...);
        }) {}
  Result operator()(const Lanes<In>&... arg) const { return call_(function_, arg...); }

 private:
  const void* function_;
  Result (*call_)(const void*, const Lanes<In>&...);
};

template <class Result, class In>
void check_unary(Op op, Result (*actual)(const Lanes<In>&), const Function<Result, In>& expected) {
  for (const Nans nans : {Nans::Canonical, Nans::All})
    for_all_pairs<In>(nans, [&](const Lanes<In>& a, const Lanes<In>&) {
      expect(op, actual(a), expected(a), nans, a);
    });
}

template <class Result, class In>
void check_binary(Op op, Result (*actual)(const Lanes<In>&, const Lanes<In>&),
                  const Function<Result, In, In>& expected) {
  for (const Nans nans : {Nans::Canonical, Nans::All})
    for_all_pairs<In>(nans, [&](const Lanes<In>& a, const Lanes<In>& b) {
      expect(op, actual(a, b), expected(a, b), nans, a, b);
    });
}

template <class Result, class In>
void check_ternary(Op op, Result (*actual)(const Lanes<In>&, const Lanes<In>&, const Lanes<In>&),
                   const Function<Result, In, In, In>& expected) {
  for (const Nans nans : {Nans::Canonical, Nans::All}) {
    RandomLanes<In> random(nans);
    for (int i = 0; i < 20000; ++i) {
      const Lanes<In> a = random.next(), b = random.next(), c = random.next();
      expect(op, actual(a, b, c), expected(a, b, c), nans, a, b, c);
    }
  }
}

template <class In, Op op, class Reference>
void unary(Reference expected) {
  using Result = std::invoke_result_t<Reference, Lanes<In>>;
  check_unary<Result, In>(
      op, [](const Lanes<In>& a) { return as<Result>(Semantics<op>::eval(to_v128<In>(a))); },
      Function<Result, In>(expected));
}

template <class In, Op op, class Reference>
void binary(Reference expected) {
  using Result = std::invoke_result_t<Reference, Lanes<In>, Lanes<In>>;
  check_binary<Result, In>(
      op,
      [](const Lanes<In>& a, const Lanes<In>& b) {
        return as<Result>(Semantics<op>::eval(to_v128<In>(a), to_v128<In>(b)));
      },
      Function<Result, In, In>(expected));
}

template <class In, Op op, class Reference>
void ternary(Reference expected) {
  using Result = std::invoke_result_t<Reference, Lanes<In>, Lanes<In>, Lanes<In>>;
  check_ternary<Result, In>(
      op,
      [](const Lanes<In>& a, const Lanes<In>& b, const Lanes<In>& c) {
        return as<Result>(Semantics<op>::eval(to_v128<In>(a), to_v128<In>(b), to_v128<In>(c)));
      },
      Function<Result, In, In, In>(expected));
}

// A function of lanes becomes one of vectors. Out is the type of the result's lanes; where they are
// fewer than the operands', the rest of these does not count, and where they are more, zeros follow.
template <class Out, class Function>
auto each(Function function) {
  return [function](const auto& first, const auto&... rest) {
    Lanes<Out> result = {};
    for (size_t i = 0; i < std::min(first.size(), result.size()); ++i)
      result[i] = static_cast<Out>(function(first[i], rest[i]...));
    return result;
  };
}

// The same for the upper half of the operands.
template <class Out, class Function>
auto each_high(Function function) {
  return [function](const auto& first, const auto&... rest) {
    Lanes<Out> result;
    for (size_t i = 0; i < result.size(); ++i)
      result[i] = static_cast<Out>(function(first[i + result.size()], rest[i + result.size()]...));
    return result;
  };
}

// From neighbouring lanes of the operands.
template <class Out, class Function>
auto each_pair(Function function) {
  return [function](const auto& first, const auto&... rest) {
    Lanes<Out> result;
    for (size_t i = 0; i < result.size(); ++i)
      result[i] = static_cast<Out>(
          function(first[2 * i], rest[2 * i]..., first[2 * i + 1], rest[2 * i + 1]...));
    return result;
  };
}

// --- integers

TEST_CASE("All 128 bits", "[semantics]") {
  using T = uint64_t;
  unary<T, Op::V128Not>(each<T>([](T a) { return -a - 1; }));
  binary<T, Op::V128And>(each<T>([](T a, T b) { return ~(~a | ~b); }));
  binary<T, Op::V128Or>(each<T>([](T a, T b) { return ~(~a & ~b); }));
  binary<T, Op::V128Xor>(each<T>([](T a, T b) { return (a | b) - (a & b); }));
  binary<T, Op::V128Andnot>(each<T>([](T a, T b) { return a - (a & b); }));
  const auto bitselect = each<T>([](T a, T b, T c) {
    T result = 0;
    for (int bit = 0; bit < 64; ++bit) result |= ((c >> bit & 1 ? a : b) >> bit & 1) << bit;
    return result;
  });
  ternary<T, Op::V128Bitselect>(bitselect);
  ternary<T, Op::I8x16RelaxedLaneselect>(bitselect);
  ternary<T, Op::I16x8RelaxedLaneselect>(bitselect);
  ternary<T, Op::I32x4RelaxedLaneselect>(bitselect);
  ternary<T, Op::I64x2RelaxedLaneselect>(bitselect);
  for (int bit = -1; bit < 128; ++bit) {
    V128 a = {};
    if (bit >= 0) a[bit / 64] = uint64_t{1} << bit % 64;
    CHECK(Semantics<Op::V128AnyTrue>::eval(a) == (bit >= 0 ? 1 : 0));
  }
}

template <class T, Op op, class Reference>
void shift(Reference expected) {
  RandomLanes<T> random(Nans::All);
  for (uint32_t count = 0; count < 300; ++count) {
    for (int i = 0; i < 40; ++i) {
      const Lanes<T> a = random.next();
      const auto by_count =
          each<T>([=](T lane) { return expected(lane, count % (sizeof(T) * 8)); });
      for (const uint32_t given : {count, 0xffffff00 | count})
        expect(op, to_lanes<T>(Semantics<op>::eval(to_v128<T>(a), given)), by_count(a), Nans::All,
               a, given);
    }
  }
}

#define WRUN_TEST_INTEGER(I, S, U)                                                           \
  TEST_CASE(#I " arithmetic and comparisons", "[semantics]") {                               \
    const auto mask = [](bool condition) { return condition ? -1 : 0; };                     \
    binary<S, Op::I##Add>(each<S>([](WideInt a, WideInt b) { return a + b; }));              \
    binary<S, Op::I##Sub>(each<S>([](WideInt a, WideInt b) { return a - b; }));              \
    unary<S, Op::I##Neg>(each<S>([](WideInt a) { return -a; }));                             \
    unary<S, Op::I##Abs>(each<S>([](WideInt a) { return a < 0 ? -a : a; }));                 \
    binary<S, Op::I##Eq>(each<S>([=](WideInt a, WideInt b) { return mask(a - b == 0); }));   \
    binary<S, Op::I##Ne>(each<S>([=](WideInt a, WideInt b) { return mask(a - b != 0); }));   \
    binary<S, Op::I##LtS>(each<S>([=](WideInt a, WideInt b) { return mask(a - b < 0); }));   \
    binary<S, Op::I##GtS>(each<S>([=](WideInt a, WideInt b) { return mask(a - b > 0); }));   \
    binary<S, Op::I##LeS>(each<S>([=](WideInt a, WideInt b) { return mask(a - b <= 0); }));  \
    binary<S, Op::I##GeS>(each<S>([=](WideInt a, WideInt b) { return mask(a - b >= 0); }));  \
    shift<U, Op::I##Shl>([](WideInt a, uint32_t n) { return a * (WideInt{1} << n); });       \
    shift<U, Op::I##ShrU>([](WideInt a, uint32_t n) { return a / (WideInt{1} << n); });      \
    shift<S, Op::I##ShrS>([](WideInt a, uint32_t n) { /* rounds down */                      \
                                                      const WideInt power = WideInt{1} << n; \
                                                      return (a < 0 ? a - (power - 1) : a) / \
                                                             power;                          \
    });                                                                                      \
    unary<S, Op::I##AllTrue>([](const Lanes<S>& a) {                                         \
      return static_cast<uint32_t>(std::count(a.begin(), a.end(), S{0}) == 0);               \
    });                                                                                      \
    unary<S, Op::I##Bitmask>([](const Lanes<S>& a) {                                         \
      uint32_t result = 0;                                                                   \
      for (size_t i = 0; i < a.size(); ++i) result |= uint32_t{a[i] < 0} << i;               \
      return result;                                                                         \
    });                                                                                      \
  }
WRUN_TEST_INTEGER(I8x16, int8_t, uint8_t)
WRUN_TEST_INTEGER(I16x8, int16_t, uint16_t)
WRUN_TEST_INTEGER(I32x4, int32_t, uint32_t)
WRUN_TEST_INTEGER(I64x2, int64_t, uint64_t)
#undef WRUN_TEST_INTEGER

TEST_CASE("all_true and any_true see every lane", "[semantics]") {
  for (size_t zero = 0; zero < 16; ++zero) {
    U8x16 a = U8x16{} + uint8_t{1};
    CHECK(Semantics<Op::I8x16AllTrue>::eval((V128)a) == 1);
    a[zero] = 0;
    CHECK(Semantics<Op::I8x16AllTrue>::eval((V128)a) == 0);
    CHECK(Semantics<Op::I16x8AllTrue>::eval((V128)a) == 1);
  }
}

#define WRUN_TEST_UP_TO_32(I, S, U)                                                         \
  TEST_CASE(#I " unsigned comparisons, minima and maxima", "[semantics]") {                 \
    const auto mask = [](bool condition) { return condition ? -1 : 0; };                    \
    binary<U, Op::I##LtU>(each<U>([=](WideInt a, WideInt b) { return mask(a - b < 0); }));  \
    binary<U, Op::I##GtU>(each<U>([=](WideInt a, WideInt b) { return mask(a - b > 0); }));  \
    binary<U, Op::I##LeU>(each<U>([=](WideInt a, WideInt b) { return mask(a - b <= 0); })); \
    binary<U, Op::I##GeU>(each<U>([=](WideInt a, WideInt b) { return mask(a - b >= 0); })); \
    binary<S, Op::I##MinS>(each<S>([](S a, S b) { return std::min(a, b); }));               \
    binary<U, Op::I##MinU>(each<U>([](U a, U b) { return std::min(a, b); }));               \
    binary<S, Op::I##MaxS>(each<S>([](S a, S b) { return std::max(a, b); }));               \
    binary<U, Op::I##MaxU>(each<U>([](U a, U b) { return std::max(a, b); }));               \
  }
WRUN_TEST_UP_TO_32(I8x16, int8_t, uint8_t)
WRUN_TEST_UP_TO_32(I16x8, int16_t, uint16_t)
WRUN_TEST_UP_TO_32(I32x4, int32_t, uint32_t)
#undef WRUN_TEST_UP_TO_32

#define WRUN_TEST_UP_TO_16(I, S, U)                                                 \
  TEST_CASE(#I " saturating arithmetic and averages", "[semantics]") {              \
    binary<S, Op::I##AddSatS>(                                                      \
        each<S>([](int a, int b) { return reference::saturate<S>(a + b); }));       \
    binary<U, Op::I##AddSatU>(                                                      \
        each<U>([](int a, int b) { return reference::saturate<U>(a + b); }));       \
    binary<S, Op::I##SubSatS>(                                                      \
        each<S>([](int a, int b) { return reference::saturate<S>(a - b); }));       \
    binary<U, Op::I##SubSatU>(                                                      \
        each<U>([](int a, int b) { return reference::saturate<U>(a - b); }));       \
    binary<U, Op::I##AvgrU>(each<U>([](int a, int b) { return (a + b + 1) / 2; })); \
  }
WRUN_TEST_UP_TO_16(I8x16, int8_t, uint8_t)
WRUN_TEST_UP_TO_16(I16x8, int16_t, uint16_t)
#undef WRUN_TEST_UP_TO_16

TEST_CASE("Multiplication", "[semantics]") {
  const auto product = [](WideInt a, WideInt b) { return a * b; };
  binary<int16_t, Op::I16x8Mul>(each<int16_t>(product));
  binary<int32_t, Op::I32x4Mul>(each<int32_t>(product));
  binary<int64_t, Op::I64x2Mul>(each<int64_t>(product));
  const auto q15mulr = each<int16_t>(
      [](int a, int b) { return reference::saturate<int16_t>((a * b + 0x4000) >> 15); });
  binary<int16_t, Op::I16x8Q15mulrSatS>(q15mulr);
  binary<int16_t, Op::I16x8RelaxedQ15mulrS>(q15mulr);
  binary<int16_t, Op::I32x4DotI16x8S>(each_pair<int32_t>(
      [](int64_t a0, int64_t b0, int64_t a1, int64_t b1) { return a0 * b0 + a1 * b1; }));
}

TEST_CASE("Population counts of bytes", "[semantics]") {
  unary<uint8_t, Op::I8x16Popcnt>(each<uint8_t>([](int a) {
    int count = 0;
    for (int bit = 0; bit < 8; ++bit) count += a >> bit & 1;
    return count;
  }));
}

template <class Narrow, class Wide, Op extend_low, Op extend_high, Op extmul_low, Op extmul_high>
void widening() {
  const auto same_number = [](Narrow a) { return a; };
  const auto product = [](WideInt a, WideInt b) { return a * b; };
  unary<Narrow, extend_low>(each<Wide>(same_number));
  unary<Narrow, extend_high>(each_high<Wide>(same_number));
  binary<Narrow, extmul_low>(each<Wide>(product));
  binary<Narrow, extmul_high>(each_high<Wide>(product));
}

TEST_CASE("Lanes of twice the width", "[semantics]") {
#define WRUN_WIDENING(Narrow, NarrowLanes, sign, Wide, WideLanes)     \
  widening<Narrow, Wide, Op::WideLanes##ExtendLow##NarrowLanes##sign, \
           Op::WideLanes##ExtendHigh##NarrowLanes##sign,              \
           Op::WideLanes##ExtmulLow##NarrowLanes##sign,               \
           Op::WideLanes##ExtmulHigh##NarrowLanes##sign>()
  WRUN_WIDENING(int8_t, I8x16, S, int16_t, I16x8);
  WRUN_WIDENING(uint8_t, I8x16, U, uint16_t, I16x8);
  WRUN_WIDENING(int16_t, I16x8, S, int32_t, I32x4);
  WRUN_WIDENING(uint16_t, I16x8, U, uint32_t, I32x4);
  WRUN_WIDENING(int32_t, I32x4, S, int64_t, I64x2);
  WRUN_WIDENING(uint32_t, I32x4, U, uint64_t, I64x2);
#undef WRUN_WIDENING
  const auto sum = [](int a, int b) { return a + b; };
  unary<int8_t, Op::I16x8ExtaddPairwiseI8x16S>(each_pair<int16_t>(sum));
  unary<uint8_t, Op::I16x8ExtaddPairwiseI8x16U>(each_pair<uint16_t>(sum));
  unary<int16_t, Op::I32x4ExtaddPairwiseI16x8S>(each_pair<int32_t>(sum));
  unary<uint16_t, Op::I32x4ExtaddPairwiseI16x8U>(each_pair<uint32_t>(sum));
}

// The lanes of the first operand, then those of the second.
template <class In, class Out, Op op>
void narrowing() {
  binary<In, op>([](const Lanes<In>& a, const Lanes<In>& b) {
    Lanes<Out> result;
    for (size_t i = 0; i < result.size(); ++i)
      result[i] = reference::saturate<Out>(i < a.size() ? a[i] : b[i - a.size()]);
    return result;
  });
}

TEST_CASE("Lanes of half the width", "[semantics]") {
  narrowing<int16_t, int8_t, Op::I8x16NarrowI16x8S>();
  narrowing<int16_t, uint8_t, Op::I8x16NarrowI16x8U>();
  narrowing<int32_t, int16_t, Op::I16x8NarrowI32x4S>();
  narrowing<int32_t, uint16_t, Op::I16x8NarrowI32x4U>();
}

// --- floating point

template <class T>
using Bits = reference::BitsOf<T>;

#define WRUN_TEST_FLOAT(F, T)                                                                  \
  TEST_CASE(#F " arithmetic", "[semantics]") {                                                 \
    binary<T, Op::F##Add>(each<T>(reference::add<T>));                                         \
    binary<T, Op::F##Sub>(each<T>(reference::sub<T>));                                         \
    binary<T, Op::F##Mul>(each<T>(reference::mul<T>));                                         \
    binary<T, Op::F##Div>(each<T>(reference::div<T>));                                         \
    binary<T, Op::F##Min>(each<T>(reference::minimum<T>));                                     \
    binary<T, Op::F##Max>(each<T>(reference::maximum<T>));                                     \
    binary<T, Op::F##RelaxedMin>(each<T>(reference::minimum<T>));                              \
    binary<T, Op::F##RelaxedMax>(each<T>(reference::maximum<T>));                              \
    unary<T, Op::F##Ceil>(each<T>(reference::ceil<T>));                                        \
    unary<T, Op::F##Floor>(each<T>(reference::floor<T>));                                      \
    unary<T, Op::F##Trunc>(each<T>(reference::trunc<T>));                                      \
    unary<T, Op::F##Nearest>(each<T>(reference::nearest<T>));                                  \
    unary<T, Op::F##Sqrt>(each<T>([](T a) { return std::sqrt(a); }));                          \
    ternary<T, Op::F##RelaxedMadd>(                                                            \
        each<T>([](T a, T b, T c) { return reference::add(reference::mul(a, b), c); }));       \
    ternary<T, Op::F##RelaxedNmadd>(                                                           \
        each<T>([](T a, T b, T c) { return reference::add(reference::mul(-a, b), c); }));      \
  }                                                                                            \
  TEST_CASE(#F " comparisons", "[semantics]") {                                                \
    const auto mask = [](bool condition) { return condition ? -1 : 0; };                       \
    binary<T, Op::F##Eq>(each<Bits<T>>([=](T a, T b) { return mask(a == b); }));               \
    binary<T, Op::F##Ne>(each<Bits<T>>([=](T a, T b) { return mask(!(a == b)); }));            \
    binary<T, Op::F##Lt>(each<Bits<T>>([=](T a, T b) { return mask(a < b); }));                \
    binary<T, Op::F##Gt>(each<Bits<T>>([=](T a, T b) { return mask(b < a); }));                \
    binary<T, Op::F##Le>(each<Bits<T>>([=](T a, T b) { return mask(a < b || a == b); }));      \
    binary<T, Op::F##Ge>(each<Bits<T>>([=](T a, T b) { return mask(b < a || a == b); }));      \
  }                                                                                            \
  TEST_CASE(#F " results that are operands but for the sign", "[semantics]") {                 \
    using reference::bits;                                                                     \
    constexpr Bits<T> kSign = reference::kSign<T>;                                             \
    binary<T, Op::F##Pmin>(each<Bits<T>>([](T a, T b) { return b < a ? bits(b) : bits(a); })); \
    binary<T, Op::F##Pmax>(each<Bits<T>>([](T a, T b) { return a < b ? bits(b) : bits(a); })); \
    unary<T, Op::F##Abs>(each<Bits<T>>([](T a) { return bits(a) % kSign; }));                  \
    unary<T, Op::F##Neg>(each<Bits<T>>([](T a) { return bits(a) + kSign; }));                  \
  }
WRUN_TEST_FLOAT(F32x4, float)
WRUN_TEST_FLOAT(F64x2, double)
#undef WRUN_TEST_FLOAT

TEST_CASE("Vector conversions to integers", "[semantics]") {
  const auto from_f32_s = each<int32_t>(reference::trunc_sat<int32_t, float>);
  const auto from_f32_u = each<uint32_t>(reference::trunc_sat<uint32_t, float>);
  const auto from_f64_s = each<int32_t>(reference::trunc_sat<int32_t, double>);
  const auto from_f64_u = each<uint32_t>(reference::trunc_sat<uint32_t, double>);
  unary<float, Op::I32x4TruncSatF32x4S>(from_f32_s);
  unary<float, Op::I32x4TruncSatF32x4U>(from_f32_u);
  unary<double, Op::I32x4TruncSatF64x2SZero>(from_f64_s);
  unary<double, Op::I32x4TruncSatF64x2UZero>(from_f64_u);
  unary<float, Op::I32x4RelaxedTruncF32x4S>(from_f32_s);
  unary<float, Op::I32x4RelaxedTruncF32x4U>(from_f32_u);
  unary<double, Op::I32x4RelaxedTruncF64x2SZero>(from_f64_s);
  unary<double, Op::I32x4RelaxedTruncF64x2UZero>(from_f64_u);
}

TEST_CASE("Vector conversions to floating point", "[semantics]") {
  const auto same_number = [](auto a) { return static_cast<reference::WideFloat>(a); };
  unary<int32_t, Op::F32x4ConvertI32x4S>(each<float>(same_number));
  unary<uint32_t, Op::F32x4ConvertI32x4U>(each<float>(same_number));
  unary<int32_t, Op::F64x2ConvertLowI32x4S>(each<double>(same_number));
  unary<uint32_t, Op::F64x2ConvertLowI32x4U>(each<double>(same_number));
  unary<double, Op::F32x4DemoteF64x2Zero>(each<float>(same_number));
  unary<float, Op::F64x2PromoteLowF32x4>(each<double>(same_number));
}

// --- lanes

TEST_CASE("Swizzle and shuffle", "[semantics]") {
  using Bytes = Lanes<uint8_t>;
  const auto swizzle = [](const Bytes& a, const Bytes& indices) {
    Bytes result;
    for (size_t i = 0; i < 16; ++i) result[i] = indices[i] < 16 ? a[indices[i]] : uint8_t{0};
    return result;
  };
  binary<uint8_t, Op::I8x16Swizzle>(swizzle);
  binary<uint8_t, Op::I8x16RelaxedSwizzle>(swizzle);

  RandomLanes<uint8_t> random(Nans::All);
  for (int n = 0; n < 20000; ++n) {
    const Bytes a = random.next(), b = random.next();
    Bytes lanes = random.next(), expected;
    for (size_t i = 0; i < 16; ++i) {
      lanes[i] %= 32;
      expected[i] = lanes[i] < 16 ? a[lanes[i]] : b[lanes[i] - 16];
    }
    const V128 actual = Semantics<Op::I8x16Shuffle>::eval(to_v128<uint8_t>(a), to_v128<uint8_t>(b),
                                                          to_v128<uint8_t>(lanes));
    expect(Op::I8x16Shuffle, to_lanes<uint8_t>(actual), expected, Nans::All, a, b, lanes);
  }
}

// Scalar is the type of the operand, T that of the lanes; bit patterns are kept.
template <class T, class Scalar, Op splat, Op replace>
void splat_and_replace() {
  const auto lane_bits = [](Scalar value) {
    Lanes<T> lane;
    std::memcpy(lane.data(), &value, sizeof(T));  // little-endian, so the lower bits
    return lane[0];
  };
  RandomLanes<T> random(Nans::All);
  for (const Scalar value : reference::values<Scalar>()) {
    Lanes<T> expected;
    expected.fill(lane_bits(value));
    expect(splat, to_lanes<T>(Semantics<splat>::eval(value)), expected, Nans::All);
    for (uint8_t lane = 0; lane < kCount<T>; ++lane) {
      expected = random.next();
      const V128 before = to_v128<T>(expected);
      expected[lane] = lane_bits(value);
      expect(replace, to_lanes<T>(Semantics<replace>::eval(before, value, lane)), expected,
             Nans::All);
    }
  }
}

template <class T, Op extract>
void extract_lane() {
  for (const T value : reference::values<T>()) {
    for (uint8_t lane = 0; lane < kCount<T>; ++lane) {
      Lanes<T> lanes = {};
      lanes[lane] = value;
      using Scalar = typename Semantics<extract>::Result;
      const Scalar actual = Semantics<extract>::eval(to_v128<T>(lanes), lane);
      const Scalar expected = static_cast<Scalar>(value);
      if (std::memcmp(&actual, &expected, sizeof actual) != 0)
        FAIL(text(extract) << " " << show(lanes) << " gives " << actual);
    }
  }
}

TEST_CASE("Single lanes", "[semantics]") {
  splat_and_replace<uint8_t, uint32_t, Op::I8x16Splat, Op::I8x16ReplaceLane>();
  splat_and_replace<uint16_t, uint32_t, Op::I16x8Splat, Op::I16x8ReplaceLane>();
  splat_and_replace<uint32_t, uint32_t, Op::I32x4Splat, Op::I32x4ReplaceLane>();
  splat_and_replace<uint64_t, uint64_t, Op::I64x2Splat, Op::I64x2ReplaceLane>();
  splat_and_replace<uint32_t, float, Op::F32x4Splat, Op::F32x4ReplaceLane>();
  splat_and_replace<uint64_t, double, Op::F64x2Splat, Op::F64x2ReplaceLane>();
  extract_lane<int8_t, Op::I8x16ExtractLaneS>();
  extract_lane<uint8_t, Op::I8x16ExtractLaneU>();
  extract_lane<int16_t, Op::I16x8ExtractLaneS>();
  extract_lane<uint16_t, Op::I16x8ExtractLaneU>();
  extract_lane<uint32_t, Op::I32x4ExtractLane>();
  extract_lane<uint64_t, Op::I64x2ExtractLane>();
  extract_lane<float, Op::F32x4ExtractLane>();
  extract_lane<double, Op::F64x2ExtractLane>();
}

// --- the relaxed dot products (spec 4.3.5, vrelaxeddot and vrelaxeddotadd)

Lanes<int16_t> relaxed_dot(const Lanes<int8_t>& a, const Lanes<int8_t>& b) {
  return each_pair<int16_t>([](int a0, int b0, int a1, int b1) {
    return reference::saturate<int16_t>(a0 * b0 + a1 * b1);
  })(a, b);
}

TEST_CASE("Relaxed dot products", "[semantics]") {
  using Bytes = Lanes<int8_t>;
  binary<int8_t, Op::I16x8RelaxedDotI8x16I7x16S>(relaxed_dot);
  const auto with_sum = [](const Bytes& a, const Bytes& b, const Bytes& c) {
    const Lanes<int16_t> dot = relaxed_dot(a, b);
    Lanes<int32_t> result = to_lanes<int32_t>(to_v128<int8_t>(c));
    for (size_t i = 0; i < 4; ++i)
      result[i] = static_cast<int32_t>(WideInt{result[i]} + dot[2 * i] + dot[2 * i + 1]);
    return result;
  };
  ternary<int8_t, Op::I32x4RelaxedDotI8x16I7x16AddS>(with_sum);

  // The only sums that do not fit.
  Bytes least, sums = {};
  least.fill(-128);
  const V128 a = to_v128<int8_t>(least);
  using Dot = Semantics<Op::I16x8RelaxedDotI8x16I7x16S>;
  CHECK(to_lanes<int16_t>(Dot::eval(a, a)) == relaxed_dot(least, least));
  using DotAdd = Semantics<Op::I32x4RelaxedDotI8x16I7x16AddS>;
  CHECK(to_lanes<int32_t>(DotAdd::eval(a, a, to_v128<int8_t>(sums))) ==
        with_sum(least, least, sums));
}

// --- no instruction is missing

template <Op op>
concept HasSemantics = requires { &Semantics<op>::eval; };

// Constants, loads and stores aside.
#define WRUN_OP(id, prefix, code, name, imm, sig, feature, flags)           \
  static_assert(prefix != kSimdPrefix || Op::id == Op::V128Const ||         \
                    info(Op::id).accesses_memory() || HasSemantics<Op::id>, \
                name);
#include "wasm/opcodes.def"
#undef WRUN_OP

}  // namespace
}  // namespace wrun::wasm
