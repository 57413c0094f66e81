// The lane-wise operations for which AArch64 needs its intrinsics. simd_x64.hpp has the same
// functions; semantics_simd.hpp explains their place.
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "base/inline.hpp"
#include "wasm/v128.hpp"

namespace wrun::wasm::simd {

#define WRUN_INTRINSIC(name, Lanes, Native, intrinsic) \
  WRUN_INLINE Lanes name(Lanes a, Lanes b) { return (Lanes)intrinsic((Native)a, (Native)b); }
#define WRUN_UNARY_INTRINSIC(name, Lanes, Native, Out, intrinsic) \
  WRUN_INLINE Out name(Lanes a) { return (Out)intrinsic((Native)a); }

// --- integers

WRUN_INTRINSIC(add_sat, I8x16, int8x16_t, vqaddq_s8)
WRUN_INTRINSIC(add_sat, U8x16, uint8x16_t, vqaddq_u8)
WRUN_INTRINSIC(add_sat, I16x8, int16x8_t, vqaddq_s16)
WRUN_INTRINSIC(add_sat, U16x8, uint16x8_t, vqaddq_u16)
WRUN_INTRINSIC(sub_sat, I8x16, int8x16_t, vqsubq_s8)
WRUN_INTRINSIC(sub_sat, U8x16, uint8x16_t, vqsubq_u8)
WRUN_INTRINSIC(sub_sat, I16x8, int16x8_t, vqsubq_s16)
WRUN_INTRINSIC(sub_sat, U16x8, uint16x8_t, vqsubq_u16)
WRUN_INTRINSIC(average, U8x16, uint8x16_t, vrhaddq_u8)
WRUN_INTRINSIC(average, U16x8, uint16x8_t, vrhaddq_u16)

WRUN_INLINE bool any_true(V128 a) { return vmaxvq_u32((uint32x4_t)a) != 0; }

// Each sign selects the bit of its lane; the sum puts them together.
WRUN_INLINE uint32_t bitmask(I8x16 a) {
  const U8x16 weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t bits = (uint8x16_t)((U8x16)(a < 0) & weights);
  return static_cast<uint32_t>(vaddv_u8(vget_low_u8(bits))) |
         static_cast<uint32_t>(vaddv_u8(vget_high_u8(bits))) << 8;
}
WRUN_INLINE uint32_t bitmask(I16x8 a) {
  return vaddvq_u16((uint16x8_t)((U16x8)(a < 0) & U16x8{1, 2, 4, 8, 16, 32, 64, 128}));
}
WRUN_INLINE uint32_t bitmask(I32x4 a) {
  return vaddvq_u32((uint32x4_t)((U32x4)(a < 0) & U32x4{1, 2, 4, 8}));
}
WRUN_INLINE uint32_t bitmask(I64x2 a) {
  const U64x2 signs = (U64x2)a >> 63;
  return static_cast<uint32_t>(signs[0] | signs[1] << 1);
}

WRUN_INLINE U8x16 swizzle(U8x16 a, U8x16 indices) {
  return (U8x16)vqtbl1q_u8((uint8x16_t)a, (uint8x16_t)indices);
}
// All lane numbers are less than 32.
WRUN_INLINE U8x16 shuffle(U8x16 a, U8x16 b, U8x16 lanes) {
  return (U8x16)vqtbl2q_u8(
      {
          {(uint8x16_t)a, (uint8x16_t)b}
  },
      (uint8x16_t)lanes);
}

// Shift counts are less than the width of a lane.
template <class Lanes>
WRUN_INLINE Lanes shift_count(uint32_t count) {
  return Lanes{} + static_cast<std::remove_cvref_t<decltype(Lanes{}[0])>>(count);
}
template <class Lanes>
WRUN_INLINE Lanes shift_left(Lanes a, uint32_t count) {
  return a << shift_count<Lanes>(count);
}
template <class Lanes>
WRUN_INLINE Lanes shift_right(Lanes a, uint32_t count) {
  return a >> shift_count<Lanes>(count);
}

WRUN_UNARY_INTRINSIC(population_count, U8x16, uint8x16_t, U8x16, vcntq_u8)

#define WRUN_NARROW(name, Lanes, Native, Out, low_intrinsic, high_intrinsic) \
  WRUN_INLINE Out name(Lanes a, Lanes b) {                                   \
    return (Out)high_intrinsic(low_intrinsic((Native)a), (Native)b);         \
  }
WRUN_NARROW(narrow_s, I16x8, int16x8_t, I8x16, vqmovn_s16, vqmovn_high_s16)
WRUN_NARROW(narrow_u, I16x8, int16x8_t, U8x16, vqmovun_s16, vqmovun_high_s16)
WRUN_NARROW(narrow_s, I32x4, int32x4_t, I16x8, vqmovn_s32, vqmovn_high_s32)
WRUN_NARROW(narrow_u, I32x4, int32x4_t, U16x8, vqmovun_s32, vqmovun_high_s32)
#undef WRUN_NARROW

WRUN_UNARY_INTRINSIC(extadd_pairwise, I8x16, int8x16_t, I16x8, vpaddlq_s8)
WRUN_UNARY_INTRINSIC(extadd_pairwise, U8x16, uint8x16_t, U16x8, vpaddlq_u8)
WRUN_UNARY_INTRINSIC(extadd_pairwise, I16x8, int16x8_t, I32x4, vpaddlq_s16)
WRUN_UNARY_INTRINSIC(extadd_pairwise, U16x8, uint16x8_t, U32x4, vpaddlq_u16)

// The lower lanes and the upper ones, and their products, at twice the width.
#define WRUN_WIDEN(Wide, Lanes, Native, type)                                                     \
  WRUN_INLINE Wide extend_low(Lanes a) { return (Wide)vmovl_##type(vget_low_##type((Native)a)); } \
  WRUN_INLINE Wide extend_high(Lanes a) { return (Wide)vmovl_high_##type((Native)a); }            \
  WRUN_INLINE Wide extmul_low(Lanes a, Lanes b) {                                                 \
    return (Wide)vmull_##type(vget_low_##type((Native)a), vget_low_##type((Native)b));            \
  }                                                                                               \
  WRUN_INLINE Wide extmul_high(Lanes a, Lanes b) {                                                \
    return (Wide)vmull_high_##type((Native)a, (Native)b);                                         \
  }
WRUN_WIDEN(I16x8, I8x16, int8x16_t, s8)
WRUN_WIDEN(U16x8, U8x16, uint8x16_t, u8)
WRUN_WIDEN(I32x4, I16x8, int16x8_t, s16)
WRUN_WIDEN(U32x4, U16x8, uint16x8_t, u16)
WRUN_WIDEN(I64x2, I32x4, int32x4_t, s32)
WRUN_WIDEN(U64x2, U32x4, uint32x4_t, u32)
#undef WRUN_WIDEN

WRUN_INLINE I32x4 dot(I16x8 a, I16x8 b) {
  return (I32x4)vpaddq_s32((int32x4_t)extmul_low(a, b), (int32x4_t)extmul_high(a, b));
}

WRUN_INTRINSIC(q15mulr_sat, I16x8, int16x8_t, vqrdmulhq_s16)

// --- floating point

#define WRUN_FLOAT_BOTH(name, intrinsic)                                 \
  WRUN_UNARY_INTRINSIC(name, F32x4, float32x4_t, F32x4, intrinsic##_f32) \
  WRUN_UNARY_INTRINSIC(name, F64x2, float64x2_t, F64x2, intrinsic##_f64)
WRUN_FLOAT_BOTH(square_root, vsqrtq)
WRUN_FLOAT_BOTH(ceil, vrndpq)
WRUN_FLOAT_BOTH(floor, vrndmq)
WRUN_FLOAT_BOTH(trunc, vrndq)
WRUN_FLOAT_BOTH(nearest, vrndnq)
#undef WRUN_FLOAT_BOTH

WRUN_INTRINSIC(minimum, F32x4, float32x4_t, vminq_f32)
WRUN_INTRINSIC(minimum, F64x2, float64x2_t, vminq_f64)
WRUN_INTRINSIC(maximum, F32x4, float32x4_t, vmaxq_f32)
WRUN_INTRINSIC(maximum, F64x2, float64x2_t, vmaxq_f64)

template <class F>
WRUN_INLINE F pseudo_minimum(F a, F b) {
  return b < a ? b : a;
}
template <class F>
WRUN_INLINE F pseudo_maximum(F a, F b) {
  return a < b ? b : a;
}

// The instructions saturate, and give 0 for NaNs.
WRUN_UNARY_INTRINSIC(trunc_sat_s, F32x4, float32x4_t, I32x4, vcvtq_s32_f32)
WRUN_UNARY_INTRINSIC(trunc_sat_u, F32x4, float32x4_t, U32x4, vcvtq_u32_f32)
WRUN_INLINE I32x4 trunc_sat_s(F64x2 a) {
  return (I32x4)vcombine_s32(vqmovn_s64(vcvtq_s64_f64((float64x2_t)a)), vdup_n_s32(0));
}
WRUN_INLINE U32x4 trunc_sat_u(F64x2 a) {
  return (U32x4)vcombine_u32(vqmovn_u64(vcvtq_u64_f64((float64x2_t)a)), vdup_n_u32(0));
}

WRUN_INLINE F32x4 demote_zero(F64x2 a) {
  return (F32x4)vcombine_f32(vcvt_f32_f64((float64x2_t)a), vdup_n_f32(0));
}
WRUN_INLINE F64x2 promote_low(F32x4 a) { return (F64x2)vcvt_f64_f32(vget_low_f32((float32x4_t)a)); }
WRUN_INLINE F64x2 convert_low(I32x4 a) {
  return (F64x2)vcvtq_f64_s64(vmovl_s32(vget_low_s32((int32x4_t)a)));
}
WRUN_INLINE F64x2 convert_low(U32x4 a) {
  return (F64x2)vcvtq_f64_u64(vmovl_u32(vget_low_u32((uint32x4_t)a)));
}

#undef WRUN_INTRINSIC
#undef WRUN_UNARY_INTRINSIC

}  // namespace wrun::wasm::simd
