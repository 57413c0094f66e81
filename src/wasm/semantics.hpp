// What each scalar instruction computes (spec 4.3), written once: used by the interpreter, by constant
// folding and by tests. Semantics<Op> has
//   Result eval(Arg...)          the result, for arguments that do not trap
//   TrapKind trap(Arg...)        only where the instruction can trap
// Floating-point results follow the host's IEEE 754 arithmetic; NaN results are arithmetic NaNs.
#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "base/inline.hpp"
#include "wasm/opcodes.hpp"

#if defined(__SSE4_1__)
#include <smmintrin.h>
#endif

namespace wrun::wasm {

template <Op op>
struct Semantics;

// The traps that arithmetic can cause.
enum class TrapKind : uint8_t { None, DivideByZero, IntegerOverflow, InvalidConversion };

namespace semantics {

// As std::bit_cast, which is an ordinary function.
template <class To, class From>
WRUN_INLINE constexpr To bit_cast(From value) {
  return __builtin_bit_cast(To, value);
}

template <std::floating_point F>
using Bits = std::conditional_t<sizeof(F) == 4, uint32_t, uint64_t>;

// Signalling NaNs become quiet, as every operation but the bit-wise ones requires.
template <std::floating_point F>
WRUN_INLINE constexpr F quiet(F value) {
  constexpr Bits<F> kQuiet = Bits<F>{1} << (std::numeric_limits<F>::digits - 2);
  return bit_cast<F>(bit_cast<Bits<F>>(value) | kQuiet);
}

// The sum of NaNs is one with the right bits; equal numbers differ at most in the sign of a zero.
template <std::floating_point F>
WRUN_INLINE constexpr F minimum(F a, F b) {
  if (a != a || b != b) [[unlikely]]
    return a + b;
  if (a == b) return bit_cast<F>(bit_cast<Bits<F>>(a) | bit_cast<Bits<F>>(b));
  return a < b ? a : b;
}

template <std::floating_point F>
WRUN_INLINE constexpr F maximum(F a, F b) {
  if (a != a || b != b) [[unlikely]]
    return a + b;
  if (a == b) return bit_cast<F>(bit_cast<Bits<F>>(a) & bit_cast<Bits<F>>(b));
  return a > b ? a : b;
}

// Rounding without touching NaN payloads beyond the quiet bit.
enum class Rounding : uint8_t { Nearest = 0, Floor = 1, Ceil = 2, Trunc = 3 };

template <Rounding rounding, std::floating_point F>
WRUN_INLINE F round_to(F value) {
#if defined(__SSE4_1__)
  constexpr int kMode = static_cast<int>(rounding) | _MM_FROUND_NO_EXC;
  if constexpr (sizeof(F) == 4) {
    __m128 v = _mm_set_ss(value);
    return _mm_cvtss_f32(_mm_round_ss(v, v, kMode));
  } else {
    __m128d v = _mm_set_sd(value);
    return _mm_cvtsd_f64(_mm_round_sd(v, v, kMode));
  }
#else
  if (value != value) return quiet(value);
  // The default rounding mode is in force, so nearbyint rounds to even.
  if constexpr (rounding == Rounding::Nearest) return std::nearbyint(value);
  if constexpr (rounding == Rounding::Floor) return std::floor(value);
  if constexpr (rounding == Rounding::Ceil) return std::ceil(value);
  return std::trunc(value);
#endif
}

// Whether trunc(value) fits Int: compares with the exact bounds just outside the range.
template <std::integral Int, std::floating_point F>
WRUN_INLINE constexpr bool truncates_to(F value) {
  if constexpr (std::is_signed_v<Int>) {
    constexpr F kBelow = static_cast<F>(std::numeric_limits<Int>::min());  // exact power of two
    if constexpr (sizeof(Int) < sizeof(F) || (sizeof(Int) == 4 && std::is_same_v<F, double>)) {
      return value > kBelow - 1 && value < -kBelow;
    } else {
      return value >= kBelow && value < -kBelow;
    }
  } else {
    constexpr F kAbove = sizeof(Int) == 4 ? F{4294967296.0} : F{18446744073709551616.0};
    return value > F{-1} && value < kAbove;
  }
}

template <std::integral Int, std::floating_point F>
WRUN_INLINE constexpr Int truncate(F value) {
  return static_cast<Int>(value);
}

template <std::integral Int, std::floating_point F>
WRUN_INLINE constexpr TrapKind truncate_trap(F value) {
  if (truncates_to<Int>(value)) [[likely]]
    return TrapKind::None;
  return value != value ? TrapKind::InvalidConversion : TrapKind::IntegerOverflow;
}

template <std::integral Int, std::floating_point F>
WRUN_INLINE constexpr Int truncate_saturating(F value) {
  if (truncates_to<Int>(value)) [[likely]]
    return static_cast<Int>(value);
  if (value != value) return 0;
  return value < 0 ? std::numeric_limits<Int>::min() : std::numeric_limits<Int>::max();
}

template <std::floating_point F>
WRUN_INLINE constexpr F copysign_bits(F magnitude, F sign) {
  constexpr Bits<F> kSign = Bits<F>{1} << (sizeof(F) * 8 - 1);
  return bit_cast<F>((bit_cast<Bits<F>>(magnitude) & ~kSign) | (bit_cast<Bits<F>>(sign) & kSign));
}

template <std::floating_point F>
WRUN_INLINE constexpr F abs_bits(F value) {
  return copysign_bits(value, F{0});
}

template <std::floating_point F>
WRUN_INLINE constexpr F neg_bits(F value) {
  return bit_cast<F>(bit_cast<Bits<F>>(value) ^ (Bits<F>{1} << (sizeof(F) * 8 - 1)));
}

WRUN_INLINE float square_root(float value) { return __builtin_sqrtf(value); }
WRUN_INLINE double square_root(double value) { return __builtin_sqrt(value); }

}  // namespace semantics

#define WRUN_BINARY(op, Type, Out, expression)                                                  \
  template <>                                                                                   \
  struct Semantics<Op::op> {                                                                    \
    using Arg = Type;                                                                           \
    using Result = Out;                                                                         \
    WRUN_INLINE constexpr Result eval(Arg a, Arg b) { return static_cast<Result>(expression); } \
  };
#define WRUN_BINARY_TRAP(op, Type, trap_expression, expression)                                    \
  template <>                                                                                      \
  struct Semantics<Op::op> {                                                                       \
    using Arg = Type;                                                                              \
    using Result = Type;                                                                           \
    WRUN_INLINE constexpr TrapKind trap([[maybe_unused]] Arg a, Arg b) { return trap_expression; } \
    WRUN_INLINE constexpr Result eval(Arg a, Arg b) { return static_cast<Result>(expression); }    \
  };
#define WRUN_UNARY(op, In, Out, expression)                                              \
  template <>                                                                            \
  struct Semantics<Op::op> {                                                             \
    using Arg = In;                                                                      \
    using Result = Out;                                                                  \
    WRUN_INLINE constexpr Result eval(Arg a) { return static_cast<Result>(expression); } \
  };
#define WRUN_UNARY_RUNTIME(op, In, Out, expression)       \
  template <>                                             \
  struct Semantics<Op::op> {                              \
    using Arg = In;                                       \
    using Result = Out;                                   \
    WRUN_INLINE Result eval(Arg a) { return expression; } \
  };
#define WRUN_UNARY_TRAP(op, In, Out, trap_expression, expression)          \
  template <>                                                              \
  struct Semantics<Op::op> {                                               \
    using Arg = In;                                                        \
    using Result = Out;                                                    \
    WRUN_INLINE constexpr TrapKind trap(Arg a) { return trap_expression; } \
    WRUN_INLINE constexpr Result eval(Arg a) { return expression; }        \
  };

// --- integers (spec 4.3.2): the unsigned type stands for the bits, the signed one interprets them

#define WRUN_INTEGER(I, U, S)                                                                      \
  WRUN_BINARY(I##Add, U, U, a + b)                                                                 \
  WRUN_BINARY(I##Sub, U, U, a - b)                                                                 \
  WRUN_BINARY(I##Mul, U, U, (a * b))                                                               \
  WRUN_BINARY(I##And, U, U, (a & b))                                                               \
  WRUN_BINARY(I##Or, U, U, a | b)                                                                  \
  WRUN_BINARY(I##Xor, U, U, a ^ b)                                                                 \
  WRUN_BINARY(I##Shl, U, U, a << (b & (sizeof(U) * 8 - 1)))                                        \
  WRUN_BINARY(I##ShrU, U, U, a >> (b & (sizeof(U) * 8 - 1)))                                       \
  WRUN_BINARY(I##ShrS, U, U, static_cast<S>(a) >> (b & (sizeof(U) * 8 - 1)))                       \
  WRUN_BINARY(I##Rotl, U, U, std::rotl(a, static_cast<int>(b & (sizeof(U) * 8 - 1))))              \
  WRUN_BINARY(I##Rotr, U, U, std::rotr(a, static_cast<int>(b & (sizeof(U) * 8 - 1))))              \
  WRUN_BINARY_TRAP(I##DivU, U, b == 0 ? TrapKind::DivideByZero : TrapKind::None, a / b)            \
  WRUN_BINARY_TRAP(I##RemU, U, b == 0 ? TrapKind::DivideByZero : TrapKind::None, a % b)            \
  WRUN_BINARY_TRAP(I##DivS, U,                                                                     \
                   b == 0 ? TrapKind::DivideByZero                                                 \
                   : static_cast<S>(a) == std::numeric_limits<S>::min() && static_cast<S>(b) == -1 \
                       ? TrapKind::IntegerOverflow                                                 \
                       : TrapKind::None,                                                           \
                   static_cast<S>(a) / static_cast<S>(b))                                          \
  WRUN_BINARY_TRAP(I##RemS, U, b == 0 ? TrapKind::DivideByZero : TrapKind::None,                   \
                   static_cast<S>(b) == -1 ? 0 : static_cast<S>(a) % static_cast<S>(b))            \
  WRUN_BINARY(I##Eq, U, uint32_t, a == b)                                                          \
  WRUN_BINARY(I##Ne, U, uint32_t, a != b)                                                          \
  WRUN_BINARY(I##LtU, U, uint32_t, a < b)                                                          \
  WRUN_BINARY(I##GtU, U, uint32_t, a > b)                                                          \
  WRUN_BINARY(I##LeU, U, uint32_t, a <= b)                                                         \
  WRUN_BINARY(I##GeU, U, uint32_t, a >= b)                                                         \
  WRUN_BINARY(I##LtS, U, uint32_t, static_cast<S>(a) < static_cast<S>(b))                          \
  WRUN_BINARY(I##GtS, U, uint32_t, static_cast<S>(a) > static_cast<S>(b))                          \
  WRUN_BINARY(I##LeS, U, uint32_t, static_cast<S>(a) <= static_cast<S>(b))                         \
  WRUN_BINARY(I##GeS, U, uint32_t, static_cast<S>(a) >= static_cast<S>(b))                         \
  WRUN_UNARY(I##Eqz, U, uint32_t, a == 0)                                                          \
  WRUN_UNARY(I##Clz, U, U, std::countl_zero(a))                                                    \
  WRUN_UNARY(I##Ctz, U, U, std::countr_zero(a))                                                    \
  WRUN_UNARY(I##Popcnt, U, U, std::popcount(a))                                                    \
  WRUN_UNARY(I##Extend8S, U, U, static_cast<S>(static_cast<int8_t>(a)))                            \
  WRUN_UNARY(I##Extend16S, U, U, static_cast<S>(static_cast<int16_t>(a)))

WRUN_INTEGER(I32, uint32_t, int32_t)
WRUN_INTEGER(I64, uint64_t, int64_t)
#undef WRUN_INTEGER

WRUN_UNARY(I64Extend32S, uint64_t, uint64_t, static_cast<int64_t>(static_cast<int32_t>(a)))
WRUN_UNARY(I32WrapI64, uint64_t, uint32_t, a)
WRUN_UNARY(I64ExtendI32S, uint32_t, uint64_t, static_cast<int64_t>(static_cast<int32_t>(a)))
WRUN_UNARY(I64ExtendI32U, uint32_t, uint64_t, a)

// --- integers of 128 bits as two halves (wide arithmetic proposal)

struct Int128 {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const Int128&) const = default;
};

namespace semantics {

WRUN_INLINE constexpr unsigned __int128 join(Int128 value) {
  return static_cast<unsigned __int128>(value.high) << 64 | value.low;
}
WRUN_INLINE constexpr Int128 split(unsigned __int128 value) {
  return {static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64)};
}
WRUN_INLINE constexpr __int128 signed_wide(uint64_t value) { return static_cast<int64_t>(value); }

}  // namespace semantics

#define WRUN_WIDE(op, Type, expression)                                    \
  template <>                                                              \
  struct Semantics<Op::op> {                                               \
    using Arg = Type;                                                      \
    using Result = Int128;                                                 \
    WRUN_INLINE constexpr Result eval(Arg a, Arg b) {                      \
      return semantics::split(static_cast<unsigned __int128>(expression)); \
    }                                                                      \
  };
WRUN_WIDE(I64Add128, Int128, semantics::join(a) + semantics::join(b))
WRUN_WIDE(I64Sub128, Int128, semantics::join(a) - semantics::join(b))
WRUN_WIDE(I64MulWideS, uint64_t, semantics::signed_wide(a) * semantics::signed_wide(b))
WRUN_WIDE(I64MulWideU, uint64_t, static_cast<unsigned __int128>(a) * b)
#undef WRUN_WIDE

// --- floating point (spec 4.3.3)

#define WRUN_FLOAT(F, T)                                                                 \
  WRUN_BINARY(F##Add, T, T, a + b)                                                       \
  WRUN_BINARY(F##Sub, T, T, a - b)                                                       \
  WRUN_BINARY(F##Mul, T, T, (a * b))                                                     \
  WRUN_BINARY(F##Div, T, T, a / b)                                                       \
  WRUN_BINARY(F##Min, T, T, semantics::minimum(a, b))                                    \
  WRUN_BINARY(F##Max, T, T, semantics::maximum(a, b))                                    \
  WRUN_BINARY(F##Copysign, T, T, semantics::copysign_bits(a, b))                         \
  WRUN_BINARY(F##Eq, T, uint32_t, a == b)                                                \
  WRUN_BINARY(F##Ne, T, uint32_t, a != b)                                                \
  WRUN_BINARY(F##Lt, T, uint32_t, a < b)                                                 \
  WRUN_BINARY(F##Gt, T, uint32_t, a > b)                                                 \
  WRUN_BINARY(F##Le, T, uint32_t, a <= b)                                                \
  WRUN_BINARY(F##Ge, T, uint32_t, a >= b)                                                \
  WRUN_UNARY(F##Abs, T, T, semantics::abs_bits(a))                                       \
  WRUN_UNARY(F##Neg, T, T, semantics::neg_bits(a))                                       \
  WRUN_UNARY_RUNTIME(F##Sqrt, T, T, semantics::square_root(a))                           \
  WRUN_UNARY_RUNTIME(F##Ceil, T, T, semantics::round_to<semantics::Rounding::Ceil>(a))   \
  WRUN_UNARY_RUNTIME(F##Floor, T, T, semantics::round_to<semantics::Rounding::Floor>(a)) \
  WRUN_UNARY_RUNTIME(F##Trunc, T, T, semantics::round_to<semantics::Rounding::Trunc>(a)) \
  WRUN_UNARY_RUNTIME(F##Nearest, T, T, semantics::round_to<semantics::Rounding::Nearest>(a))

WRUN_FLOAT(F32, float)
WRUN_FLOAT(F64, double)
#undef WRUN_FLOAT

// --- conversions (spec 4.3.4)

#define WRUN_TRUNCATE(I, S, sign, F, T)                                                          \
  WRUN_UNARY_TRAP(I##Trunc##F##sign, T, std::make_unsigned_t<S>, semantics::truncate_trap<S>(a), \
                  static_cast<std::make_unsigned_t<S>>(semantics::truncate<S>(a)))               \
  WRUN_UNARY(I##TruncSat##F##sign, T, std::make_unsigned_t<S>,                                   \
             static_cast<std::make_unsigned_t<S>>(semantics::truncate_saturating<S>(a)))
WRUN_TRUNCATE(I32, int32_t, S, F32, float)
WRUN_TRUNCATE(I32, uint32_t, U, F32, float)
WRUN_TRUNCATE(I32, int32_t, S, F64, double)
WRUN_TRUNCATE(I32, uint32_t, U, F64, double)
WRUN_TRUNCATE(I64, int64_t, S, F32, float)
WRUN_TRUNCATE(I64, uint64_t, U, F32, float)
WRUN_TRUNCATE(I64, int64_t, S, F64, double)
WRUN_TRUNCATE(I64, uint64_t, U, F64, double)
#undef WRUN_TRUNCATE

WRUN_UNARY(F32ConvertI32S, uint32_t, float, static_cast<int32_t>(a))
WRUN_UNARY(F32ConvertI32U, uint32_t, float, a)
WRUN_UNARY(F32ConvertI64S, uint64_t, float, static_cast<int64_t>(a))
WRUN_UNARY(F32ConvertI64U, uint64_t, float, a)
WRUN_UNARY(F64ConvertI32S, uint32_t, double, static_cast<int32_t>(a))
WRUN_UNARY(F64ConvertI32U, uint32_t, double, a)
WRUN_UNARY(F64ConvertI64S, uint64_t, double, static_cast<int64_t>(a))
WRUN_UNARY(F64ConvertI64U, uint64_t, double, a)
WRUN_UNARY(F32DemoteF64, double, float, a)
WRUN_UNARY(F64PromoteF32, float, double, a)
WRUN_UNARY(I32ReinterpretF32, float, uint32_t, semantics::bit_cast<uint32_t>(a))
WRUN_UNARY(I64ReinterpretF64, double, uint64_t, semantics::bit_cast<uint64_t>(a))
WRUN_UNARY(F32ReinterpretI32, uint32_t, float, semantics::bit_cast<float>(a))
WRUN_UNARY(F64ReinterpretI64, uint64_t, double, semantics::bit_cast<double>(a))

#undef WRUN_BINARY
#undef WRUN_BINARY_TRAP
#undef WRUN_UNARY
#undef WRUN_UNARY_RUNTIME
#undef WRUN_UNARY_TRAP

}  // namespace wrun::wasm
