// The instructions' results worked out another way than in src/wasm: in arithmetic wide enough to be
// exact, and step by step after the spec's definitions. And the operands worth trying.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace wrun::wasm::reference {

// binary128: the rounding of a result in it to double is that of the exact result.
#if defined(__x86_64__)
using WideFloat = __float128;
#else
using WideFloat = long double;
static_assert(std::numeric_limits<long double>::digits == 113);
#endif
using WideInt = __int128;

template <class F>
using BitsOf = std::conditional_t<sizeof(F) == 4, uint32_t, uint64_t>;

template <std::floating_point F>
BitsOf<F> bits(F value) {
  return std::bit_cast<BitsOf<F>>(value);
}

// --- NaNs

template <std::floating_point F>
constexpr BitsOf<F> kSign = BitsOf<F>{1} << (sizeof(F) * 8 - 1);
template <std::floating_point F>
constexpr BitsOf<F> kCanonicalNan = std::bit_cast<BitsOf<F>>(std::numeric_limits<F>::infinity()) |
                                    BitsOf<F>{1} << (std::numeric_limits<F>::digits - 2);

template <std::floating_point F>
bool is_canonical_nan(F value) {
  return (bits(value) & ~kSign<F>) == kCanonicalNan<F>;
}
template <std::floating_point F>
bool is_arithmetic_nan(F value) {
  return (bits(value) & kCanonicalNan<F>) == kCanonicalNan<F>;
}

enum class Nans : uint8_t { Canonical, All };

// Whether a result is as expected (spec 4.3.3, "NaN propagation"): bit for bit, but for NaNs, which
// are arithmetic ones, and canonical if all NaNs among the operands were.
template <class T>
bool same(T actual, T expected, Nans operands) {
  if constexpr (std::is_floating_point_v<T>) {
    if (expected != expected)
      return operands == Nans::Canonical ? is_canonical_nan(actual) : is_arithmetic_nan(actual);
  }
  return std::memcmp(&actual, &expected, sizeof(T)) == 0;
}

// --- operands

// All values of 8 bits; else the neighbourhood of all powers of two, and some more.
template <std::integral T>
std::vector<T> values(Nans = Nans::All) {
  using U = std::make_unsigned_t<T>;
  std::vector<T> result;
  if constexpr (sizeof(T) == 1) {
    for (int i = 0; i < 256; ++i) result.push_back(static_cast<T>(i));
  } else {
    for (size_t bit = 0; bit < sizeof(T) * 8; ++bit) {
      const U power = static_cast<U>(U{1} << bit);
      for (const U value : {static_cast<U>(power - 1), power, static_cast<U>(-power)})
        result.push_back(static_cast<T>(value));
      // Half way between two floating-point numbers, almost.
      for (const int digits : {24, 53}) {
        const U middle = static_cast<U>(power + (uint64_t{power} >> digits));
        for (const U value : {static_cast<U>(middle - 1), middle, static_cast<U>(middle + 1)})
          if (bit > static_cast<size_t>(digits)) result.push_back(static_cast<T>(value));
      }
    }
    for (const U value : {U{0x5555555555555555 & std::numeric_limits<U>::max()}, U{7}, U{100}})
      result.push_back(static_cast<T>(value));
    std::mt19937_64 random(8 * sizeof(T));
    for (int i = 0; i < 40; ++i) result.push_back(static_cast<T>(random()));
  }
  return result;
}

template <std::floating_point F>
std::vector<F> values(Nans nans = Nans::All) {
  using Limits = std::numeric_limits<F>;
  std::vector<F> positive = {0,
                             Limits::denorm_min(),
                             Limits::min(),
                             std::nextafter(Limits::min(), F{0}),
                             Limits::epsilon(),
                             Limits::max(),
                             Limits::infinity(),
                             F(0.1),
                             F(1.5),
                             F(2.5),
                             F(3.5),
                             F(4.25),
                             F(100.7)};
  // Half way between two numbers of 24 digits, almost.
  for (const int exponent : {-140, -126, 0, 60}) {
    const F middle = std::ldexp(F(1 + 0x1p-24), exponent);
    for (const F value :
         {std::nextafter(middle, F{0}), middle, std::nextafter(middle, Limits::infinity())})
      positive.push_back(value);
  }
  // Where rounding and conversions change their ways.
  for (const int exponent :
       {-1, 0, 1, 7, 8, 15, 16, 21, 22, 23, 24, 30, 31, 32, 51, 52, 53, 62, 63, 64, 100}) {
    const F power = std::ldexp(F{1}, exponent);
    for (const F value :
         {power, std::nextafter(power, F{0}), std::nextafter(power, Limits::infinity()),
          power - F(0.5), power + F(0.5), power + 1, power - 1})
      positive.push_back(value);
  }
  std::vector<F> result;
  for (const F value : positive) {
    result.push_back(value);
    result.push_back(-value);
  }
  const auto add_bits = [&result](BitsOf<F> value) { result.push_back(std::bit_cast<F>(value)); };
  add_bits(kCanonicalNan<F>);
  add_bits(kCanonicalNan<F> | kSign<F>);
  if (nans == Nans::All) {
    const BitsOf<F> infinity = bits(Limits::infinity());
    for (const BitsOf<F> payload : {BitsOf<F>{1}, BitsOf<F>{0x12345}, BitsOf<F>{0x200000}}) {
      add_bits(infinity | payload);  // signalling
      add_bits(infinity | payload | kSign<F>);
      add_bits(kCanonicalNan<F> | payload);
      add_bits(kCanonicalNan<F> | payload | kSign<F>);
    }
  }
  std::mt19937_64 random(8 * sizeof(F));
  for (int i = 0; i < 40; ++i) {
    const F value = std::bit_cast<F>(static_cast<BitsOf<F>>(random()));
    if (nans == Nans::All || value == value) result.push_back(value);
  }
  return result;
}

// --- floating point (spec 4.3.3)

template <std::floating_point F>
F add(F a, F b) {
  return static_cast<F>(static_cast<WideFloat>(a) + b);
}
template <std::floating_point F>
F sub(F a, F b) {
  return static_cast<F>(static_cast<WideFloat>(a) - b);
}
template <std::floating_point F>
F mul(F a, F b) {
  return static_cast<F>(static_cast<WideFloat>(a) * b);
}
template <std::floating_point F>
F div(F a, F b) {
  return static_cast<F>(static_cast<WideFloat>(a) / b);
}

// Whether `root` is the nearest to the exact one: the squares of the points half way to its
// neighbours enclose `value`.
template <std::floating_point F>
bool is_square_root(F value, F root) {
  if (value != value || value < 0) return root != root;
  if (value == 0 || value == std::numeric_limits<F>::infinity()) return bits(root) == bits(value);
  const auto square_of_middle = [root](F neighbour) {
    const WideFloat middle = (static_cast<WideFloat>(root) + neighbour) / 2;
    return middle * middle;
  };
  return square_of_middle(std::nextafter(root, F{0})) <= value &&
         square_of_middle(std::nextafter(root, std::numeric_limits<F>::infinity())) >= value;
}

template <std::floating_point F>
F minimum(F a, F b) {
  if (a != a || b != b) return std::numeric_limits<F>::quiet_NaN();
  if (a == 0 && b == 0) return std::signbit(a) || std::signbit(b) ? -F{0} : F{0};
  return a < b ? a : b;
}
template <std::floating_point F>
F maximum(F a, F b) {
  if (a != a || b != b) return std::numeric_limits<F>::quiet_NaN();
  if (a == 0 && b == 0) return std::signbit(a) && std::signbit(b) ? -F{0} : F{0};
  return a < b ? b : a;
}

// Rounds with integers; `correct` gets what is cut off towards zero, and the truncated number.
template <std::floating_point F, class Correct>
F round(F value, Correct correct) {
  if (value != value || std::abs(value) >= F{4503599627370496.0}) return value;
  const int64_t whole = static_cast<int64_t>(value);
  const F rest = value - static_cast<F>(whole);
  return std::copysign(static_cast<F>(whole + correct(rest, whole)), value);
}
template <std::floating_point F>
F ceil(F value) {
  return round(value, [](F rest, int64_t) { return rest > 0 ? 1 : 0; });
}
template <std::floating_point F>
F floor(F value) {
  return round(value, [](F rest, int64_t) { return rest < 0 ? -1 : 0; });
}
template <std::floating_point F>
F trunc(F value) {
  return round(value, [](F, int64_t) { return 0; });
}
template <std::floating_point F>
F nearest(F value) {
  return round(value, [](F rest, int64_t whole) {
    const int away = rest < 0 ? -1 : 1;
    const F size = std::abs(rest);
    return size > F(0.5) || (size == F(0.5) && whole % 2 != 0) ? away : 0;
  });
}

// --- conversions (spec 4.3.4)

// Whether the truncation of a number is one of `Int`.
template <std::integral Int, std::floating_point F>
bool truncates_to(F value) {
  const WideFloat wide = value;
  return wide > static_cast<WideFloat>(std::numeric_limits<Int>::min()) - 1 &&
         wide < static_cast<WideFloat>(std::numeric_limits<Int>::max()) + 1;
}

template <std::integral Int, std::floating_point F>
Int trunc_sat(F value) {
  if (value != value) return 0;
  if (!truncates_to<Int>(value))
    return value < 0 ? std::numeric_limits<Int>::min() : std::numeric_limits<Int>::max();
  return static_cast<Int>(static_cast<WideInt>(value));
}

template <std::integral Int>
Int saturate(WideInt value) {
  const WideInt least = std::numeric_limits<Int>::min();
  const WideInt greatest = std::numeric_limits<Int>::max();
  return static_cast<Int>(value < least ? least : value > greatest ? greatest : value);
}

}  // namespace wrun::wasm::reference
