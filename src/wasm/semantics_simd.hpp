// What each vector instruction computes (spec 4.3.5 to 4.3.7): semantics.hpp continued.
//
// Most operations are written with the compiler's vector types, which compile well everywhere. The
// others come from namespace simd, which simd_x64.hpp and simd_a64.hpp define with intrinsics.
//
// Shapes beyond eval(Arg) and eval(Arg, Arg):
//   Shift   eval(V128, uint32_t count)
//   Lane    eval(V128, uint8_t lane), or with a Value eval(V128, Value, uint8_t lane)
//   the ternary ones, eval(V128, V128, V128); for i8x16.shuffle the third is the 16 lane numbers
//
// Relaxed instructions have the results of the deterministic profile (spec 4.3.7).
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "base/inline.hpp"
#include "wasm/opcodes.hpp"
#include "wasm/semantics.hpp"
#include "wasm/v128.hpp"

#if defined(__x86_64__)
#include "wasm/simd_x64.hpp"
#elif defined(__aarch64__)
#include "wasm/simd_a64.hpp"
#else
#error "no vector operations for this processor"
#endif

namespace wrun::wasm {

namespace simd {

template <class Lanes>
using Element = std::remove_cvref_t<decltype(Lanes{}[0])>;
template <class Lanes>
inline constexpr uint32_t kLaneBits = sizeof(Element<Lanes>) * 8;

template <class Lanes>
WRUN_INLINE Lanes splat(Element<Lanes> value) {
  if constexpr (std::is_same_v<Lanes, F32x4>)
    return Lanes{value, value, value, value};
  else if constexpr (std::is_same_v<Lanes, F64x2>)
    return Lanes{value, value};
  else
    return Lanes{} + value;
}

template <class Lanes>
WRUN_INLINE Element<Lanes> extract_lane(Lanes a, uint8_t lane) {
  return a[lane & (16 / sizeof(Element<Lanes>) - 1)];
}

// A select by the bytes' lane numbers: writing the one lane to memory and reading the whole back
// would stall.
template <class Lanes>
WRUN_INLINE V128 replace_lane(V128 a, Element<Lanes> value, uint8_t lane) {
  constexpr int kLog2Bytes = std::countr_zero(sizeof(Element<Lanes>));
  const V128 byte_numbers = {0x07060504'03020100, 0x0f0e0d0c'0b0a0908};
  const U8x16 lane_numbers = (U8x16)byte_numbers >> kLog2Bytes;
  return (V128)(lane_numbers == splat<U8x16>(lane) ? (U8x16)splat<Lanes>(value) : (U8x16)a);
}

WRUN_INLINE V128 bitselect(V128 a, V128 b, V128 mask) { return (a & mask) | (b & ~mask); }

template <class Lanes>
WRUN_INLINE bool all_true(Lanes a) {
  return !any_true((V128)(a == Lanes{}));
}

template <class Lanes>
WRUN_INLINE Lanes minimum_integer(Lanes a, Lanes b) {
  return a < b ? a : b;
}
template <class Lanes>
WRUN_INLINE Lanes maximum_integer(Lanes a, Lanes b) {
  return a > b ? a : b;
}
template <class Signed, class Unsigned>
WRUN_INLINE Unsigned absolute(Unsigned a) {
  return (Signed)a < 0 ? -a : a;
}

// The deterministic profile does not fuse; nor may the compiler, hence -ffp-contract=off.
template <class F>
WRUN_INLINE F madd(F a, F b, F c) {
  return a * b + c;
}

// Saturates; only two products of -128 with itself do not fit (spec 4.3.5, vrelaxeddot).
WRUN_INLINE I16x8 relaxed_dot(I8x16 a, I8x16 b) {
  const auto even = [](I8x16 v) { return (I16x8)((U16x8)v << 8) >> 8; };
  const auto odd = [](I8x16 v) { return (I16x8)v >> 8; };
  return add_sat(even(a) * even(b), odd(a) * odd(b));
}

}  // namespace simd

#define WRUN_SIMD_UNARY(op, Lanes, expression) \
  template <>                                  \
  struct Semantics<Op::op> {                   \
    using Arg = V128;                          \
    using Result = V128;                       \
    WRUN_INLINE Result eval(V128 vector) {     \
      const Lanes a = (Lanes)vector;           \
      return (V128)(expression);               \
    }                                          \
  };
#define WRUN_SIMD_TEST(op, Lanes, expression) \
  template <>                                 \
  struct Semantics<Op::op> {                  \
    using Arg = V128;                         \
    using Result = uint32_t;                  \
    WRUN_INLINE Result eval(V128 vector) {    \
      const Lanes a = (Lanes)vector;          \
      return expression;                      \
    }                                         \
  };
#define WRUN_SIMD_BINARY(op, Lanes, expression)      \
  template <>                                        \
  struct Semantics<Op::op> {                         \
    using Arg = V128;                                \
    using Result = V128;                             \
    WRUN_INLINE Result eval(V128 left, V128 right) { \
      const Lanes a = (Lanes)left;                   \
      const Lanes b = (Lanes)right;                  \
      return (V128)(expression);                     \
    }                                                \
  };
#define WRUN_SIMD_TERNARY(op, expression)                                          \
  template <>                                                                      \
  struct Semantics<Op::op> {                                                       \
    using Arg = V128;                                                              \
    using Result = V128;                                                           \
    WRUN_INLINE Result eval(V128 a, V128 b, V128 c) { return (V128)(expression); } \
  };
#define WRUN_SIMD_SHIFT(op, Lanes, shift)                                       \
  template <>                                                                   \
  struct Semantics<Op::op> {                                                    \
    using Arg = V128;                                                           \
    using Result = V128;                                                        \
    using Shift = void;                                                         \
    WRUN_INLINE Result eval(V128 a, uint32_t count) {                           \
      return (V128)simd::shift((Lanes)a, count & (simd::kLaneBits<Lanes> - 1)); \
    }                                                                           \
  };
#define WRUN_SIMD_SPLAT(op, Lanes, Type)                                     \
  template <>                                                                \
  struct Semantics<Op::op> {                                                 \
    using Arg = Type;                                                        \
    using Result = V128;                                                     \
    WRUN_INLINE Result eval(Arg a) {                                         \
      return (V128)simd::splat<Lanes>(static_cast<simd::Element<Lanes>>(a)); \
    }                                                                        \
  };
// The sign of the lanes decides how the result is extended.
#define WRUN_SIMD_EXTRACT(op, Lanes, Type)                            \
  template <>                                                         \
  struct Semantics<Op::op> {                                          \
    using Arg = V128;                                                 \
    using Result = Type;                                              \
    using Lane = void;                                                \
    WRUN_INLINE Result eval(V128 a, uint8_t lane) {                   \
      return static_cast<Result>(simd::extract_lane((Lanes)a, lane)); \
    }                                                                 \
  };
#define WRUN_SIMD_REPLACE(op, Lanes, Type)                                                 \
  template <>                                                                              \
  struct Semantics<Op::op> {                                                               \
    using Arg = V128;                                                                      \
    using Value = Type;                                                                    \
    using Result = V128;                                                                   \
    using Lane = void;                                                                     \
    WRUN_INLINE Result eval(V128 a, Value value, uint8_t lane) {                           \
      return simd::replace_lane<Lanes>(a, static_cast<simd::Element<Lanes>>(value), lane); \
    }                                                                                      \
  };
#define WRUN_SIMD_SAME(relaxed, strict) \
  template <>                           \
  struct Semantics<Op::relaxed> : Semantics<Op::strict> {};

// --- all 128 bits

WRUN_SIMD_UNARY(V128Not, V128, ~a)
WRUN_SIMD_BINARY(V128And, V128, (a & b))
WRUN_SIMD_BINARY(V128Andnot, V128, a & ~b)
WRUN_SIMD_BINARY(V128Or, V128, a | b)
WRUN_SIMD_BINARY(V128Xor, V128, a ^ b)
WRUN_SIMD_TERNARY(V128Bitselect, simd::bitselect(a, b, c))
WRUN_SIMD_TEST(V128AnyTrue, V128, simd::any_true(a))

// --- integer lanes

// Shape is like 8x16. The unsigned type stands for the bits.
#define WRUN_SIMD_INTEGER(Shape)                                        \
  WRUN_SIMD_BINARY(I##Shape##Add, U##Shape, a + b)                      \
  WRUN_SIMD_BINARY(I##Shape##Sub, U##Shape, a - b)                      \
  WRUN_SIMD_UNARY(I##Shape##Neg, U##Shape, -a)                          \
  WRUN_SIMD_UNARY(I##Shape##Abs, U##Shape, simd::absolute<I##Shape>(a)) \
  WRUN_SIMD_BINARY(I##Shape##Eq, U##Shape, a == b)                      \
  WRUN_SIMD_BINARY(I##Shape##Ne, U##Shape, a != b)                      \
  WRUN_SIMD_BINARY(I##Shape##LtS, I##Shape, a < b)                      \
  WRUN_SIMD_BINARY(I##Shape##GtS, I##Shape, a > b)                      \
  WRUN_SIMD_BINARY(I##Shape##LeS, I##Shape, a <= b)                     \
  WRUN_SIMD_BINARY(I##Shape##GeS, I##Shape, a >= b)                     \
  WRUN_SIMD_SHIFT(I##Shape##Shl, U##Shape, shift_left)                  \
  WRUN_SIMD_SHIFT(I##Shape##ShrS, I##Shape, shift_right)                \
  WRUN_SIMD_SHIFT(I##Shape##ShrU, U##Shape, shift_right)                \
  WRUN_SIMD_TEST(I##Shape##AllTrue, U##Shape, simd::all_true(a))        \
  WRUN_SIMD_TEST(I##Shape##Bitmask, I##Shape, simd::bitmask(a))
WRUN_SIMD_INTEGER(8x16)
WRUN_SIMD_INTEGER(16x8)
WRUN_SIMD_INTEGER(32x4)
WRUN_SIMD_INTEGER(64x2)
#undef WRUN_SIMD_INTEGER

#define WRUN_SIMD_UP_TO_32(Shape)                                         \
  WRUN_SIMD_BINARY(I##Shape##LtU, U##Shape, a < b)                        \
  WRUN_SIMD_BINARY(I##Shape##GtU, U##Shape, a > b)                        \
  WRUN_SIMD_BINARY(I##Shape##LeU, U##Shape, a <= b)                       \
  WRUN_SIMD_BINARY(I##Shape##GeU, U##Shape, a >= b)                       \
  WRUN_SIMD_BINARY(I##Shape##MinS, I##Shape, simd::minimum_integer(a, b)) \
  WRUN_SIMD_BINARY(I##Shape##MinU, U##Shape, simd::minimum_integer(a, b)) \
  WRUN_SIMD_BINARY(I##Shape##MaxS, I##Shape, simd::maximum_integer(a, b)) \
  WRUN_SIMD_BINARY(I##Shape##MaxU, U##Shape, simd::maximum_integer(a, b))
WRUN_SIMD_UP_TO_32(8x16)
WRUN_SIMD_UP_TO_32(16x8)
WRUN_SIMD_UP_TO_32(32x4)
#undef WRUN_SIMD_UP_TO_32

#define WRUN_SIMD_UP_TO_16(Shape)                                    \
  WRUN_SIMD_BINARY(I##Shape##AddSatS, I##Shape, simd::add_sat(a, b)) \
  WRUN_SIMD_BINARY(I##Shape##AddSatU, U##Shape, simd::add_sat(a, b)) \
  WRUN_SIMD_BINARY(I##Shape##SubSatS, I##Shape, simd::sub_sat(a, b)) \
  WRUN_SIMD_BINARY(I##Shape##SubSatU, U##Shape, simd::sub_sat(a, b)) \
  WRUN_SIMD_BINARY(I##Shape##AvgrU, U##Shape, simd::average(a, b))
WRUN_SIMD_UP_TO_16(8x16)
WRUN_SIMD_UP_TO_16(16x8)
#undef WRUN_SIMD_UP_TO_16

WRUN_SIMD_BINARY(I16x8Mul, U16x8, (a * b))
WRUN_SIMD_BINARY(I32x4Mul, U32x4, (a * b))
WRUN_SIMD_BINARY(I64x2Mul, U64x2, (a * b))
WRUN_SIMD_UNARY(I8x16Popcnt, U8x16, simd::population_count(a))
WRUN_SIMD_BINARY(I16x8Q15mulrSatS, I16x8, simd::q15mulr_sat(a, b))
WRUN_SIMD_BINARY(I32x4DotI16x8S, I16x8, simd::dot(a, b))

// To lanes of twice the width.
#define WRUN_SIMD_WIDEN(Wide, Narrow, sign, Lanes)                               \
  WRUN_SIMD_UNARY(Wide##ExtendLow##Narrow##sign, Lanes, simd::extend_low(a))     \
  WRUN_SIMD_UNARY(Wide##ExtendHigh##Narrow##sign, Lanes, simd::extend_high(a))   \
  WRUN_SIMD_BINARY(Wide##ExtmulLow##Narrow##sign, Lanes, simd::extmul_low(a, b)) \
  WRUN_SIMD_BINARY(Wide##ExtmulHigh##Narrow##sign, Lanes, simd::extmul_high(a, b))
WRUN_SIMD_WIDEN(I16x8, I8x16, S, I8x16)
WRUN_SIMD_WIDEN(I16x8, I8x16, U, U8x16)
WRUN_SIMD_WIDEN(I32x4, I16x8, S, I16x8)
WRUN_SIMD_WIDEN(I32x4, I16x8, U, U16x8)
WRUN_SIMD_WIDEN(I64x2, I32x4, S, I32x4)
WRUN_SIMD_WIDEN(I64x2, I32x4, U, U32x4)
#undef WRUN_SIMD_WIDEN
WRUN_SIMD_UNARY(I16x8ExtaddPairwiseI8x16S, I8x16, simd::extadd_pairwise(a))
WRUN_SIMD_UNARY(I16x8ExtaddPairwiseI8x16U, U8x16, simd::extadd_pairwise(a))
WRUN_SIMD_UNARY(I32x4ExtaddPairwiseI16x8S, I16x8, simd::extadd_pairwise(a))
WRUN_SIMD_UNARY(I32x4ExtaddPairwiseI16x8U, U16x8, simd::extadd_pairwise(a))

// To lanes of half the width, which are signed or unsigned; the operands' are always signed.
WRUN_SIMD_BINARY(I8x16NarrowI16x8S, I16x8, simd::narrow_s(a, b))
WRUN_SIMD_BINARY(I8x16NarrowI16x8U, I16x8, simd::narrow_u(a, b))
WRUN_SIMD_BINARY(I16x8NarrowI32x4S, I32x4, simd::narrow_s(a, b))
WRUN_SIMD_BINARY(I16x8NarrowI32x4U, I32x4, simd::narrow_u(a, b))

// --- floating-point lanes

#define WRUN_SIMD_FLOAT(F, sign_bit)                              \
  WRUN_SIMD_BINARY(F##Add, F, a + b)                              \
  WRUN_SIMD_BINARY(F##Sub, F, a - b)                              \
  WRUN_SIMD_BINARY(F##Mul, F, (a * b))                            \
  WRUN_SIMD_BINARY(F##Div, F, a / b)                              \
  WRUN_SIMD_BINARY(F##Min, F, simd::minimum(a, b))                \
  WRUN_SIMD_BINARY(F##Max, F, simd::maximum(a, b))                \
  WRUN_SIMD_BINARY(F##Pmin, F, simd::pseudo_minimum(a, b))        \
  WRUN_SIMD_BINARY(F##Pmax, F, simd::pseudo_maximum(a, b))        \
  WRUN_SIMD_BINARY(F##Eq, F, a == b)                              \
  WRUN_SIMD_BINARY(F##Ne, F, a != b)                              \
  WRUN_SIMD_BINARY(F##Lt, F, a < b)                               \
  WRUN_SIMD_BINARY(F##Gt, F, a > b)                               \
  WRUN_SIMD_BINARY(F##Le, F, a <= b)                              \
  WRUN_SIMD_BINARY(F##Ge, F, a >= b)                              \
  WRUN_SIMD_UNARY(F##Abs, V128, a & ~simd::splat<V128>(sign_bit)) \
  WRUN_SIMD_UNARY(F##Neg, F, -a)                                  \
  WRUN_SIMD_UNARY(F##Sqrt, F, simd::square_root(a))               \
  WRUN_SIMD_UNARY(F##Ceil, F, simd::ceil(a))                      \
  WRUN_SIMD_UNARY(F##Floor, F, simd::floor(a))                    \
  WRUN_SIMD_UNARY(F##Trunc, F, simd::trunc(a))                    \
  WRUN_SIMD_UNARY(F##Nearest, F, simd::nearest(a))
WRUN_SIMD_FLOAT(F32x4, 0x80000000'80000000)
WRUN_SIMD_FLOAT(F64x2, 0x80000000'00000000)
#undef WRUN_SIMD_FLOAT

// --- conversions

WRUN_SIMD_UNARY(I32x4TruncSatF32x4S, F32x4, simd::trunc_sat_s(a))
WRUN_SIMD_UNARY(I32x4TruncSatF32x4U, F32x4, simd::trunc_sat_u(a))
WRUN_SIMD_UNARY(I32x4TruncSatF64x2SZero, F64x2, simd::trunc_sat_s(a))
WRUN_SIMD_UNARY(I32x4TruncSatF64x2UZero, F64x2, simd::trunc_sat_u(a))
WRUN_SIMD_UNARY(F32x4ConvertI32x4S, I32x4, __builtin_convertvector(a, F32x4))
WRUN_SIMD_UNARY(F32x4ConvertI32x4U, U32x4, __builtin_convertvector(a, F32x4))
WRUN_SIMD_UNARY(F64x2ConvertLowI32x4S, I32x4, simd::convert_low(a))
WRUN_SIMD_UNARY(F64x2ConvertLowI32x4U, U32x4, simd::convert_low(a))
WRUN_SIMD_UNARY(F32x4DemoteF64x2Zero, F64x2, simd::demote_zero(a))
WRUN_SIMD_UNARY(F64x2PromoteLowF32x4, F32x4, simd::promote_low(a))

// --- lanes

WRUN_SIMD_BINARY(I8x16Swizzle, U8x16, simd::swizzle(a, b))
WRUN_SIMD_TERNARY(I8x16Shuffle, simd::shuffle((U8x16)a, (U8x16)b, (U8x16)c))

#define WRUN_SIMD_LANES(Shape, Lanes, Type)  \
  WRUN_SIMD_SPLAT(Shape##Splat, Lanes, Type) \
  WRUN_SIMD_REPLACE(Shape##ReplaceLane, Lanes, Type)
WRUN_SIMD_LANES(I8x16, U8x16, uint32_t)
WRUN_SIMD_LANES(I16x8, U16x8, uint32_t)
WRUN_SIMD_LANES(I32x4, U32x4, uint32_t)
WRUN_SIMD_LANES(I64x2, U64x2, uint64_t)
WRUN_SIMD_LANES(F32x4, F32x4, float)
WRUN_SIMD_LANES(F64x2, F64x2, double)
#undef WRUN_SIMD_LANES
WRUN_SIMD_EXTRACT(I8x16ExtractLaneS, I8x16, uint32_t)
WRUN_SIMD_EXTRACT(I8x16ExtractLaneU, U8x16, uint32_t)
WRUN_SIMD_EXTRACT(I16x8ExtractLaneS, I16x8, uint32_t)
WRUN_SIMD_EXTRACT(I16x8ExtractLaneU, U16x8, uint32_t)
WRUN_SIMD_EXTRACT(I32x4ExtractLane, U32x4, uint32_t)
WRUN_SIMD_EXTRACT(I64x2ExtractLane, U64x2, uint64_t)
WRUN_SIMD_EXTRACT(F32x4ExtractLane, F32x4, float)
WRUN_SIMD_EXTRACT(F64x2ExtractLane, F64x2, double)

// --- relaxed instructions

WRUN_SIMD_SAME(I8x16RelaxedSwizzle, I8x16Swizzle)
WRUN_SIMD_SAME(I32x4RelaxedTruncF32x4S, I32x4TruncSatF32x4S)
WRUN_SIMD_SAME(I32x4RelaxedTruncF32x4U, I32x4TruncSatF32x4U)
WRUN_SIMD_SAME(I32x4RelaxedTruncF64x2SZero, I32x4TruncSatF64x2SZero)
WRUN_SIMD_SAME(I32x4RelaxedTruncF64x2UZero, I32x4TruncSatF64x2UZero)
WRUN_SIMD_SAME(I8x16RelaxedLaneselect, V128Bitselect)
WRUN_SIMD_SAME(I16x8RelaxedLaneselect, V128Bitselect)
WRUN_SIMD_SAME(I32x4RelaxedLaneselect, V128Bitselect)
WRUN_SIMD_SAME(I64x2RelaxedLaneselect, V128Bitselect)
WRUN_SIMD_SAME(F32x4RelaxedMin, F32x4Min)
WRUN_SIMD_SAME(F32x4RelaxedMax, F32x4Max)
WRUN_SIMD_SAME(F64x2RelaxedMin, F64x2Min)
WRUN_SIMD_SAME(F64x2RelaxedMax, F64x2Max)
WRUN_SIMD_SAME(I16x8RelaxedQ15mulrS, I16x8Q15mulrSatS)
WRUN_SIMD_TERNARY(F32x4RelaxedMadd, simd::madd((F32x4)a, (F32x4)b, (F32x4)c))
WRUN_SIMD_TERNARY(F32x4RelaxedNmadd, simd::madd(-(F32x4)a, (F32x4)b, (F32x4)c))
WRUN_SIMD_TERNARY(F64x2RelaxedMadd, simd::madd((F64x2)a, (F64x2)b, (F64x2)c))
WRUN_SIMD_TERNARY(F64x2RelaxedNmadd, simd::madd(-(F64x2)a, (F64x2)b, (F64x2)c))
WRUN_SIMD_BINARY(I16x8RelaxedDotI8x16I7x16S, I8x16, simd::relaxed_dot(a, b))
WRUN_SIMD_TERNARY(I32x4RelaxedDotI8x16I7x16AddS,
                  (U32x4)simd::extadd_pairwise(simd::relaxed_dot((I8x16)a, (I8x16)b)) + (U32x4)c)

#undef WRUN_SIMD_UNARY
#undef WRUN_SIMD_TEST
#undef WRUN_SIMD_BINARY
#undef WRUN_SIMD_TERNARY
#undef WRUN_SIMD_SHIFT
#undef WRUN_SIMD_SPLAT
#undef WRUN_SIMD_EXTRACT
#undef WRUN_SIMD_REPLACE
#undef WRUN_SIMD_SAME

}  // namespace wrun::wasm
