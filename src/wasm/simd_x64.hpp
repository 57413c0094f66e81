// The lane-wise operations for which x86-64 needs its intrinsics, for SSE2 (the baseline) and for
// SSE4.1 and above. simd_a64.hpp has the same functions; semantics_simd.hpp explains their place.
#pragma once

#if defined(__SSE4_1__)
#include <smmintrin.h>
#else
#include <emmintrin.h>
#endif

#include <cstdint>

#include "base/inline.hpp"
#include "wasm/v128.hpp"

namespace wrun::wasm::simd {

#define WRUN_INTRINSIC(name, Lanes, Native, intrinsic) \
  WRUN_INLINE Lanes name(Lanes a, Lanes b) { return (Lanes)intrinsic((Native)a, (Native)b); }

// --- integers

WRUN_INTRINSIC(add_sat, I8x16, __m128i, _mm_adds_epi8)
WRUN_INTRINSIC(add_sat, U8x16, __m128i, _mm_adds_epu8)
WRUN_INTRINSIC(add_sat, I16x8, __m128i, _mm_adds_epi16)
WRUN_INTRINSIC(add_sat, U16x8, __m128i, _mm_adds_epu16)
WRUN_INTRINSIC(sub_sat, I8x16, __m128i, _mm_subs_epi8)
WRUN_INTRINSIC(sub_sat, U8x16, __m128i, _mm_subs_epu8)
WRUN_INTRINSIC(sub_sat, I16x8, __m128i, _mm_subs_epi16)
WRUN_INTRINSIC(sub_sat, U16x8, __m128i, _mm_subs_epu16)
WRUN_INTRINSIC(average, U8x16, __m128i, _mm_avg_epu8)
WRUN_INTRINSIC(average, U16x8, __m128i, _mm_avg_epu16)

WRUN_INLINE bool any_true(V128 a) {
#if defined(__SSE4_1__)
  return !_mm_testz_si128((__m128i)a, (__m128i)a);
#else
  return _mm_movemask_epi8(_mm_cmpeq_epi8((__m128i)a, _mm_setzero_si128())) != 0xffff;
#endif
}

WRUN_INLINE uint32_t bitmask(I8x16 a) {
  return static_cast<uint32_t>(_mm_movemask_epi8((__m128i)a));
}
WRUN_INLINE uint32_t bitmask(I16x8 a) {
  return bitmask((I8x16)_mm_packs_epi16((__m128i)a, _mm_setzero_si128()));
}
WRUN_INLINE uint32_t bitmask(I32x4 a) { return static_cast<uint32_t>(_mm_movemask_ps((__m128)a)); }
WRUN_INLINE uint32_t bitmask(I64x2 a) { return static_cast<uint32_t>(_mm_movemask_pd((__m128d)a)); }

#if !defined(__SSE4_1__)
// Without pshufb: byte by byte through memory.
template <size_t kSize>
WRUN_INLINE U8x16 look_up(const uint8_t (&table)[kSize], U8x16 indices) {
  uint8_t result[16];
  for (int i = 0; i < 16; ++i) {
    const uint8_t index = indices[i];
    result[i] = index < kSize ? table[index] : uint8_t{0};
  }
  U8x16 lanes;
  __builtin_memcpy(&lanes, result, sizeof lanes);
  return lanes;
}
#endif

WRUN_INLINE U8x16 swizzle(U8x16 a, U8x16 indices) {
#if defined(__SSE4_1__)
  // pshufb gives 0 for an index with the upper bit set; saturation sets it in all from 16 on.
  const __m128i clamped = _mm_adds_epu8((__m128i)indices, _mm_set1_epi8(0x70));
  return (U8x16)_mm_shuffle_epi8((__m128i)a, clamped);
#else
  uint8_t table[16];
  __builtin_memcpy(table, &a, sizeof table);
  return look_up(table, indices);
#endif
}

// All lane numbers are less than 32.
WRUN_INLINE U8x16 shuffle(U8x16 a, U8x16 b, U8x16 lanes) {
#if defined(__SSE4_1__)
  const __m128i in_a = _mm_add_epi8((__m128i)lanes, _mm_set1_epi8(0x70));
  const __m128i in_b = _mm_sub_epi8((__m128i)lanes, _mm_set1_epi8(16));
  return (U8x16)_mm_or_si128(_mm_shuffle_epi8((__m128i)a, in_a),
                             _mm_shuffle_epi8((__m128i)b, in_b));
#else
  uint8_t table[32];
  __builtin_memcpy(table, &a, sizeof a);
  __builtin_memcpy(table + 16, &b, sizeof b);
  return look_up(table, lanes);
#endif
}

// Shift counts are less than the width of a lane.
#define WRUN_SHIFT(name, Lanes, intrinsic)                                           \
  WRUN_INLINE Lanes name(Lanes a, uint32_t count) {                                  \
    return (Lanes)intrinsic((__m128i)a, _mm_cvtsi32_si128(static_cast<int>(count))); \
  }
WRUN_SHIFT(shift_left, U16x8, _mm_sll_epi16)
WRUN_SHIFT(shift_left, U32x4, _mm_sll_epi32)
WRUN_SHIFT(shift_left, U64x2, _mm_sll_epi64)
WRUN_SHIFT(shift_right, U16x8, _mm_srl_epi16)
WRUN_SHIFT(shift_right, U32x4, _mm_srl_epi32)
WRUN_SHIFT(shift_right, U64x2, _mm_srl_epi64)
WRUN_SHIFT(shift_right, I16x8, _mm_sra_epi16)
WRUN_SHIFT(shift_right, I32x4, _mm_sra_epi32)
#undef WRUN_SHIFT

// There are no shifts of bytes: shift pairs and drop the bits that crossed over.
WRUN_INLINE U8x16 shift_left(U8x16 a, uint32_t count) {
  const U8x16 kept = U8x16{} + static_cast<uint8_t>(0xff << count);
  return (U8x16)shift_left((U16x8)a, count) & kept;
}
WRUN_INLINE U8x16 shift_right(U8x16 a, uint32_t count) {
  const U8x16 kept = U8x16{} + static_cast<uint8_t>(0xff >> count);
  return (U8x16)shift_right((U16x8)a, count) & kept;
}
WRUN_INLINE I8x16 shift_right(I8x16 a, uint32_t count) {
  const I16x8 low = (I16x8)_mm_unpacklo_epi8((__m128i)a, (__m128i)a);
  const I16x8 high = (I16x8)_mm_unpackhi_epi8((__m128i)a, (__m128i)a);
  return (I8x16)_mm_packs_epi16((__m128i)shift_right(low, count + 8),
                                (__m128i)shift_right(high, count + 8));
}
// Nor one of signed 64-bit lanes: shift the bits that differ from the sign.
WRUN_INLINE I64x2 shift_right(I64x2 a, uint32_t count) {
  const __m128i upper_signs = _mm_srai_epi32((__m128i)a, 31);
  const U64x2 sign = (U64x2)_mm_shuffle_epi32(upper_signs, _MM_SHUFFLE(3, 3, 1, 1));
  return (I64x2)(shift_right((U64x2)a ^ sign, count) ^ sign);
}

WRUN_INLINE U8x16 population_count(U8x16 a) {
  const U8x16 low_nibble = U8x16{} + uint8_t{0x0f};
#if defined(__SSE4_1__)
  const __m128i counts = _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  return (U8x16)_mm_shuffle_epi8(counts, (__m128i)(a & low_nibble)) +
         (U8x16)_mm_shuffle_epi8(counts, (__m128i)(shift_right((U16x8)a, 4) & (U16x8)low_nibble));
#else
  const auto halves = [](U8x16 v, uint32_t count) { return (U8x16)shift_right((U16x8)v, count); };
  const U8x16 pairs = a - (halves(a, 1) & (U8x16{} + uint8_t{0x55}));
  const U8x16 low_pair = U8x16{} + uint8_t{0x33};
  const U8x16 nibbles = (pairs & low_pair) + (halves(pairs, 2) & low_pair);
  return (nibbles + halves(nibbles, 4)) & low_nibble;
#endif
}

WRUN_INLINE I8x16 narrow_s(I16x8 a, I16x8 b) {
  return (I8x16)_mm_packs_epi16((__m128i)a, (__m128i)b);
}
WRUN_INLINE U8x16 narrow_u(I16x8 a, I16x8 b) {
  return (U8x16)_mm_packus_epi16((__m128i)a, (__m128i)b);
}
WRUN_INLINE I16x8 narrow_s(I32x4 a, I32x4 b) {
  return (I16x8)_mm_packs_epi32((__m128i)a, (__m128i)b);
}
WRUN_INLINE U16x8 narrow_u(I32x4 a, I32x4 b) {
#if defined(__SSE4_1__)
  return (U16x8)_mm_packus_epi32((__m128i)a, (__m128i)b);
#else
  // Negative lanes become 0; the others saturate as signed ones, 0x8000 lower than they are.
  const I32x4 bias = I32x4{} + 0x8000;
  a = (a & (a > 0)) - bias;
  b = (b & (b > 0)) - bias;
  return (U16x8)narrow_s(a, b) ^ (U16x8{} + uint16_t{0x8000});
#endif
}

WRUN_INLINE I16x8 extadd_pairwise(I8x16 a) {
#if defined(__SSE4_1__)
  return (I16x8)_mm_maddubs_epi16(_mm_set1_epi8(1), (__m128i)a);
#else
  const I16x8 pairs = (I16x8)a;
  return ((I16x8)((U16x8)pairs << 8) >> 8) + (pairs >> 8);
#endif
}
WRUN_INLINE U16x8 extadd_pairwise(U8x16 a) {
#if defined(__SSE4_1__)
  return (U16x8)_mm_maddubs_epi16((__m128i)a, _mm_set1_epi8(1));
#else
  const U16x8 pairs = (U16x8)a;
  return (pairs & (U16x8{} + uint16_t{0xff})) + (pairs >> 8);
#endif
}
WRUN_INLINE I32x4 extadd_pairwise(I16x8 a) {
  return (I32x4)_mm_madd_epi16((__m128i)a, _mm_set1_epi16(1));
}
WRUN_INLINE U32x4 extadd_pairwise(U16x8 a) {
  const U32x4 pairs = (U32x4)a;
  return (pairs & (U32x4{} + uint32_t{0xffff})) + (pairs >> 16);
}

WRUN_INLINE I32x4 dot(I16x8 a, I16x8 b) { return (I32x4)_mm_madd_epi16((__m128i)a, (__m128i)b); }

WRUN_INLINE I16x8 q15mulr_sat(I16x8 a, I16x8 b) {
#if defined(__SSE4_1__)
  const I16x8 product = (I16x8)_mm_mulhrs_epi16((__m128i)a, (__m128i)b);
#else
  const U16x8 low = (U16x8)_mm_mullo_epi16((__m128i)a, (__m128i)b);
  const U16x8 high = (U16x8)_mm_mulhi_epi16((__m128i)a, (__m128i)b);
  const I16x8 product = (I16x8)((high << 1) + average(low >> 14, U16x8{}));
#endif
  // Only -1 times -1 overflows, to the least number; saturated it is the greatest.
  return product ^ (product == (I16x8{} + INT16_MIN));
}

// The lower lanes at twice the width, and the upper ones.
#if defined(__SSE4_1__)
#define WRUN_EXTEND(Wide, Lanes, unpack, convert) \
  WRUN_INLINE Wide extend_low(Lanes a) { return (Wide)convert((__m128i)a); }
#else
// Signed lanes have copies of their sign for an upper half; for unsigned ones `a < 0` is 0.
#define WRUN_EXTEND(Wide, Lanes, unpack, convert) \
  WRUN_INLINE Wide extend_low(Lanes a) { return (Wide)unpack((__m128i)a, (__m128i)(a < Lanes{})); }
#endif
WRUN_EXTEND(I16x8, I8x16, _mm_unpacklo_epi8, _mm_cvtepi8_epi16)
WRUN_EXTEND(U16x8, U8x16, _mm_unpacklo_epi8, _mm_cvtepu8_epi16)
WRUN_EXTEND(I32x4, I16x8, _mm_unpacklo_epi16, _mm_cvtepi16_epi32)
WRUN_EXTEND(U32x4, U16x8, _mm_unpacklo_epi16, _mm_cvtepu16_epi32)
WRUN_EXTEND(I64x2, I32x4, _mm_unpacklo_epi32, _mm_cvtepi32_epi64)
WRUN_EXTEND(U64x2, U32x4, _mm_unpacklo_epi32, _mm_cvtepu32_epi64)
#undef WRUN_EXTEND
template <class Lanes>
WRUN_INLINE auto extend_high(Lanes a) {
  return extend_low((Lanes)_mm_unpackhi_epi64((__m128i)a, (__m128i)a));
}

// The products of the lower lanes at twice the width, and of the upper ones.
template <class Lanes>
WRUN_INLINE auto extmul_low(Lanes a, Lanes b) {
  return extend_low(a) * extend_low(b);
}
template <class Lanes>
WRUN_INLINE auto extmul_high(Lanes a, Lanes b) {
  return extend_high(a) * extend_high(b);
}
#define WRUN_EXTMUL(part, unpack, Wide, Lanes, high_intrinsic)   \
  WRUN_INLINE Wide extmul_##part(Lanes a, Lanes b) {             \
    return (Wide)unpack(_mm_mullo_epi16((__m128i)a, (__m128i)b), \
                        high_intrinsic((__m128i)a, (__m128i)b)); \
  }
WRUN_EXTMUL(low, _mm_unpacklo_epi16, I32x4, I16x8, _mm_mulhi_epi16)
WRUN_EXTMUL(high, _mm_unpackhi_epi16, I32x4, I16x8, _mm_mulhi_epi16)
WRUN_EXTMUL(low, _mm_unpacklo_epi16, U32x4, U16x8, _mm_mulhi_epu16)
WRUN_EXTMUL(high, _mm_unpackhi_epi16, U32x4, U16x8, _mm_mulhi_epu16)
#undef WRUN_EXTMUL
// The multiplications of 32-bit lanes read every other one.
#define WRUN_EXTMUL(part, unpack, Wide, Lanes, multiply)                                   \
  WRUN_INLINE Wide extmul_##part(Lanes a, Lanes b) {                                       \
    return (Wide)multiply(unpack((__m128i)a, (__m128i)a), unpack((__m128i)b, (__m128i)b)); \
  }
WRUN_EXTMUL(low, _mm_unpacklo_epi32, U64x2, U32x4, _mm_mul_epu32)
WRUN_EXTMUL(high, _mm_unpackhi_epi32, U64x2, U32x4, _mm_mul_epu32)
#if defined(__SSE4_1__)
WRUN_EXTMUL(low, _mm_unpacklo_epi32, I64x2, I32x4, _mm_mul_epi32)
WRUN_EXTMUL(high, _mm_unpackhi_epi32, I64x2, I32x4, _mm_mul_epi32)
#endif
#undef WRUN_EXTMUL

// --- floating point

WRUN_INLINE F32x4 square_root(F32x4 a) { return (F32x4)_mm_sqrt_ps((__m128)a); }
WRUN_INLINE F64x2 square_root(F64x2 a) { return (F64x2)_mm_sqrt_pd((__m128d)a); }

// The instructions give the second operand for zeros of either sign and for NaNs.
WRUN_INTRINSIC(native_min, F32x4, __m128, _mm_min_ps)
WRUN_INTRINSIC(native_min, F64x2, __m128d, _mm_min_pd)
WRUN_INTRINSIC(native_max, F32x4, __m128, _mm_max_ps)
WRUN_INTRINSIC(native_max, F64x2, __m128d, _mm_max_pd)
WRUN_INLINE I32x4 unordered(F32x4 a, F32x4 b) {
  return (I32x4)_mm_cmpunord_ps((__m128)a, (__m128)b);
}
WRUN_INLINE I64x2 unordered(F64x2 a, F64x2 b) {
  return (I64x2)_mm_cmpunord_pd((__m128d)a, (__m128d)b);
}

// In both orders, so that of two zeros both signs come together; where there is a NaN, the sum is
// one with the right bits.
template <class F>
WRUN_INLINE F minimum(F a, F b) {
  const F least = (F)((V128)native_min(a, b) | (V128)native_min(b, a));
  return unordered(a, b) ? a + b : least;
}
template <class F>
WRUN_INLINE F maximum(F a, F b) {
  const F greatest = (F)((V128)native_max(a, b) & (V128)native_max(b, a));
  return unordered(a, b) ? a + b : greatest;
}
template <class F>
WRUN_INLINE F pseudo_minimum(F a, F b) {
  return native_min(b, a);
}
template <class F>
WRUN_INLINE F pseudo_maximum(F a, F b) {
  return native_max(b, a);
}

#if defined(__SSE4_1__)
#define WRUN_ROUND(name, mode)                                        \
  WRUN_INLINE F32x4 name(F32x4 a) {                                   \
    return (F32x4)_mm_round_ps((__m128)a, mode | _MM_FROUND_NO_EXC);  \
  }                                                                   \
  WRUN_INLINE F64x2 name(F64x2 a) {                                   \
    return (F64x2)_mm_round_pd((__m128d)a, mode | _MM_FROUND_NO_EXC); \
  }
WRUN_ROUND(ceil, _MM_FROUND_TO_POS_INF)
WRUN_ROUND(floor, _MM_FROUND_TO_NEG_INF)
WRUN_ROUND(trunc, _MM_FROUND_TO_ZERO)
WRUN_ROUND(nearest, _MM_FROUND_TO_NEAREST_INT)
#undef WRUN_ROUND
#else
// Numbers from 2^(digits - 1) on are whole. Adding that number to a smaller one and subtracting it
// again rounds to nearest; the other directions correct the result by one where it went wrong.
template <class F>
struct Rounder;
template <>
struct Rounder<F32x4> {
  static constexpr float kWhole = 0x1p23F;
  static constexpr uint64_t kSigns = 0x80000000'80000000;
  static constexpr uint64_t kQuiet = 0x00400000'00400000;
};
template <>
struct Rounder<F64x2> {
  static constexpr double kWhole = 0x1p52;
  static constexpr uint64_t kSigns = 0x80000000'00000000;
  static constexpr uint64_t kQuiet = 0x00080000'00000000;
};

template <class F>
WRUN_INLINE F magnitude(F a) {
  return (F)((V128)a & ~(V128{} + Rounder<F>::kSigns));
}
template <class F>
WRUN_INLINE F nearest_magnitude(F a) {
  const F whole = F{} + Rounder<F>::kWhole;
  return magnitude(a) + whole - whole;
}
template <class F>
WRUN_INLINE F with_sign_of(F a, F sign) {
  return (F)((V128)magnitude(a) | ((V128)sign & (V128{} + Rounder<F>::kSigns)));
}
// Where `a` is whole, infinite or a NaN it stays, but quiet.
template <class F>
WRUN_INLINE F unless_whole(F a, F rounded) {
  const F quiet = (F)((V128)a | ((V128)(a != a) & (V128{} + Rounder<F>::kQuiet)));
  return magnitude(a) < F{} + Rounder<F>::kWhole ? with_sign_of(rounded, a) : quiet;
}
template <class F>
WRUN_INLINE F one_where(decltype(F{} < F{}) condition) {
  return (F)((V128)condition & (V128)(F{} + 1));
}

template <class F>
WRUN_INLINE F nearest(F a) {
  return unless_whole(a, nearest_magnitude(a));
}
template <class F>
WRUN_INLINE F trunc(F a) {
  const F rounded = nearest_magnitude(a);
  return unless_whole(a, rounded - one_where<F>(rounded > magnitude(a)));
}
template <class F>
WRUN_INLINE F floor(F a) {
  const F rounded = with_sign_of(nearest_magnitude(a), a);
  return unless_whole(a, rounded - one_where<F>(rounded > a));
}
template <class F>
WRUN_INLINE F ceil(F a) {
  const F rounded = with_sign_of(nearest_magnitude(a), a);
  return unless_whole(a, rounded + one_where<F>(rounded < a));
}
#endif

// The instructions give 0x80000000 for what does not fit, NaNs included. Flipping all its bits
// makes it the greatest number.
WRUN_INLINE I32x4 trunc_sat_s(F32x4 a) {
  const F32x4 number = (F32x4)((I32x4)a & (a == a));
  const I32x4 above = number >= F32x4{} + 0x1p31F;
  return (I32x4)_mm_cvttps_epi32((__m128)number) ^ above;
}
WRUN_INLINE I32x4 trunc_sat_s(F64x2 a) {
  const F64x2 number = (F64x2)((I64x2)a & (a == a));
  return (I32x4)_mm_cvttpd_epi32((__m128d)native_min(number, F64x2{} + 0x1.fffffffcp30));
}
// In two halves, up to 2^31 and what is beyond; for the maximum, NaNs are less than zero.
WRUN_INLINE U32x4 trunc_sat_u(F32x4 a) {
  const F32x4 number = native_max(a, F32x4{});
  const F32x4 beyond = native_max(number - 0x1p31F, F32x4{});
  const I32x4 above = beyond >= F32x4{} + 0x1p31F;
  const I32x4 upper = (I32x4)_mm_cvttps_epi32((__m128)beyond) ^ above;
  return (U32x4)_mm_cvttps_epi32((__m128)number) + (U32x4)upper;
}
WRUN_INLINE U32x4 trunc_sat_u(F64x2 a) {
  const F64x2 number = native_min(native_max(a, F64x2{}), F64x2{} + 0x1.fffffffep31);
  const F64x2 beyond = native_max(number - 0x1p31, F64x2{});
  return (U32x4)_mm_cvttpd_epi32((__m128d)number) + (U32x4)_mm_cvttpd_epi32((__m128d)beyond);
}

WRUN_INLINE F32x4 demote_zero(F64x2 a) { return (F32x4)_mm_cvtpd_ps((__m128d)a); }
WRUN_INLINE F64x2 promote_low(F32x4 a) { return (F64x2)_mm_cvtps_pd((__m128)a); }
WRUN_INLINE F64x2 convert_low(I32x4 a) { return (F64x2)_mm_cvtepi32_pd((__m128i)a); }
WRUN_INLINE F64x2 convert_low(U32x4 a) {
  // As the lower half of a number 2^52 + a, exactly.
  const __m128i upper = _mm_set1_epi32(0x43300000);
  return (F64x2)_mm_unpacklo_epi32((__m128i)a, upper) - 0x1p52;
}

#undef WRUN_INTRINSIC

}  // namespace wrun::wasm::simd
