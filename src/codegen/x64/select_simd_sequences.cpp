// Vector instructions that take several of the processor's.
#include <bit>

#include "codegen/x64/selector.hpp"

namespace wrun::codegen::x64 {

namespace {

constexpr uint64_t bytes_of_all(uint8_t byte) { return byte * uint64_t{0x0101010101010101}; }
constexpr uint64_t both(float value) {
  return std::bit_cast<uint32_t>(value) * uint64_t{0x0000000100000001};
}
constexpr uint64_t bits(double value) { return std::bit_cast<uint64_t>(value); }

constexpr uint64_t kOneWords = 0x0001000100010001;
// Of the `cmp` instructions.
constexpr uint8_t kEqual = 0, kGreaterEqual = 13;

}  // namespace

bool Selector::select_simd_sequence() {
  const auto a = [&] { return in_register(operand(0)); };
  switch (insn().op) {
    case Op::I8x16Shl:     shift_bytes(Id::kIdVpsllw, true); break;
    case Op::I8x16ShrU:    shift_bytes(Id::kIdVpsrlw, false); break;
    case Op::I8x16ShrS:    shift_bytes_signed(); break;
    case Op::I64x2ShrS:    shift_quadwords_signed(); break;
    case Op::I8x16Popcnt:  population_count(); break;
    case Op::I64x2Mul:     multiply_quadwords(); break;
    case Op::I64x2Abs:     absolute_quadwords(); break;
    case Op::I16x8Bitmask: {
      const VReg from = a();
      bitmask(Id::kIdVpmovmskb, three(Id::kIdVpacksswb, from, zero_vector()));
      break;
    }
    case Op::I16x8Q15mulrSatS:
    case Op::I16x8RelaxedQ15mulrS: {
      // Only -1 times -1 overflows, to the least number.
      const VReg left = a();
      const VReg product = three(Id::kIdVpmulhrsw, left, in_register(operand(1)));
      const VReg least = three_constant(Id::kIdVpcmpeqw, product, 0x8000 * kOneWords);
      three(Id::kIdVpxor, vreg(current_), product, least);
      break;
    }
    case Op::I16x8ExtaddPairwiseI8x16S: {
      const VReg from = a();
      const VReg ones = fresh(ValueType::V128);
      emit(Form::Unary, Id::kIdVmovups, 16, {d(ones)},
           constant_source(wasm::V128{bytes_of_all(1), bytes_of_all(1)}));
      three(Id::kIdVpmaddubsw, vreg(current_), ones, from);
      break;
    }
    case Op::I16x8ExtaddPairwiseI8x16U:
      three_constant(Id::kIdVpmaddubsw, vreg(current_), a(), bytes_of_all(1));
      break;
    case Op::I32x4ExtaddPairwiseI16x8S:
      three_constant(Id::kIdVpmaddwd, vreg(current_), a(), kOneWords);
      break;
    case Op::I32x4ExtaddPairwiseI16x8U: {
      const VReg from = a();
      const VReg even = three_constant(Id::kIdVpand, from, 0x0000ffff0000ffff);
      three(Id::kIdVpaddd, vreg(current_), even, shift_immediate(Id::kIdVpsrld, from, 16));
      break;
    }
    case Op::I32x4TruncSatF32x4S:
    case Op::I32x4RelaxedTruncF32x4S:     truncate_saturating_f32x4_s(); break;
    case Op::I32x4TruncSatF32x4U:
    case Op::I32x4RelaxedTruncF32x4U:     truncate_saturating_f32x4_u(); break;
    case Op::I32x4TruncSatF64x2SZero:
    case Op::I32x4RelaxedTruncF64x2SZero: truncate_saturating_f64x2_s(); break;
    case Op::I32x4TruncSatF64x2UZero:
    case Op::I32x4RelaxedTruncF64x2UZero: truncate_saturating_f64x2_u(); break;
    case Op::F32x4ConvertI32x4U:          convert_unsigned_to_f32x4(); break;
    case Op::F64x2ConvertLowI32x4U:       {
      // As the lower half of a number 2^52 + a, exactly.
      const VReg number = three_constant(Id::kIdVpunpckldq, a(), 0x4330000043300000);
      three_constant(Id::kIdVsubpd, vreg(current_), number, bits(0x1p52));
      break;
    }
    case Op::F32x4RelaxedMadd:  multiply_add(Id::kIdVmulps, Id::kIdVaddps, 0); break;
    case Op::F64x2RelaxedMadd:  multiply_add(Id::kIdVmulpd, Id::kIdVaddpd, 0); break;
    case Op::F32x4RelaxedNmadd: multiply_add(Id::kIdVmulps, Id::kIdVaddps, both(-0.0F)); break;
    case Op::F64x2RelaxedNmadd: multiply_add(Id::kIdVmulpd, Id::kIdVaddpd, bits(-0.0)); break;
    case Op::I16x8RelaxedDotI8x16I7x16S:
      emit(Form::Unary, Id::kIdVmovaps, 16, {d(vreg(current_)), u(relaxed_dot())});
      break;
    case Op::I32x4RelaxedDotI8x16I7x16AddS: {
      const VReg products = relaxed_dot();
      const VReg sums = three_constant(Id::kIdVpmaddwd, products, kOneWords);
      three(Id::kIdVpaddd, vreg(current_), sums, in_register(operand(2)));
      break;
    }
    default: return false;
  }
  return true;
}

VReg Selector::unary(InstId id, VReg a) {
  const VReg result = fresh(ValueType::V128);
  emit(Form::Unary, id, 16, {d(result), u(a)});
  return result;
}
VReg Selector::shift_immediate(InstId id, VReg a, uint64_t count) {
  const VReg result = fresh(ValueType::V128);
  emit(Form::UnaryImm, id, 16, {d(result), u(a)}).immediate = count;
  return result;
}
VReg Selector::compare_constant(InstId id, VReg a, uint64_t lanes, uint8_t predicate) {
  const VReg result = fresh(ValueType::V128);
  emit(Form::ThreeImm, id, 16, {d(result), u(a)}, constant_source(wasm::V128{lanes, lanes}))
      .immediate = predicate;
  return result;
}

// --- integers

// There are no shifts of bytes: pairs are shifted, and the bits dropped that crossed over.
void Selector::shift_bytes(InstId id, bool is_left) {
  const VReg a = in_register(operand(0));
  const Value count = operand(1);
  if (is_constant(count)) {
    const auto by = static_cast<uint32_t>(function_[count].immediate & 7);
    const auto kept = static_cast<uint8_t>(is_left ? 0xffu << by : 0xffu >> by);
    const VReg shifted = shift_immediate(id, a, by);
    return three_constant(Id::kIdVpand, vreg(current_), shifted, bytes_of_all(kept));
  }
  const VReg by = count_in_vector(count, 7);
  const VReg shifted = three(id, a, by);
  const VReg byte = fresh(ValueType::V128);
  emit(Form::Unary, Id::kIdVmovups, 16, {d(byte)}, constant_source(wasm::V128{0xff, 0}));
  const VReg kept = unary(Id::kIdVpbroadcastb, three(id, byte, by));
  three(Id::kIdVpand, vreg(current_), shifted, kept);
}

void Selector::shift_bytes_signed() {
  const VReg a = in_register(operand(0));
  VReg low = three(Id::kIdVpunpcklbw, a, a);
  VReg high = three(Id::kIdVpunpckhbw, a, a);
  const Value count = operand(1);
  if (is_constant(count)) {
    const uint64_t by = 8 + (function_[count].immediate & 7);
    low = shift_immediate(Id::kIdVpsraw, low, by);
    high = shift_immediate(Id::kIdVpsraw, high, by);
  } else {
    const VReg by = count_in_vector(count, 7, 8);
    low = three(Id::kIdVpsraw, low, by);
    high = three(Id::kIdVpsraw, high, by);
  }
  three(Id::kIdVpacksswb, vreg(current_), low, high);
}

// Nor one of signed quadwords: the bits are shifted that differ from the sign.
void Selector::shift_quadwords_signed() {
  const VReg a = in_register(operand(0));
  const VReg sign = three(Id::kIdVpcmpgtq, zero_vector(), a);
  const VReg magnitude = three(Id::kIdVpxor, a, sign);
  const Value count = operand(1);
  const VReg shifted =
      is_constant(count)
          ? shift_immediate(Id::kIdVpsrlq, magnitude, function_[count].immediate & 63)
          : three(Id::kIdVpsrlq, magnitude, count_in_vector(count, 63));
  three(Id::kIdVpxor, vreg(current_), shifted, sign);
}

void Selector::population_count() {
  const VReg a = in_register(operand(0));
  const uint64_t low_nibbles = bytes_of_all(0x0f);
  const VReg low = three_constant(Id::kIdVpand, a, low_nibbles);
  const VReg high = three_constant(Id::kIdVpand, shift_immediate(Id::kIdVpsrlw, a, 4), low_nibbles);
  const VReg counts = fresh(ValueType::V128);
  emit(Form::Unary, Id::kIdVmovups, 16, {d(counts)},
       constant_source(wasm::V128{0x0302020102010100, 0x0403030203020201}));
  const VReg of_low = three(Id::kIdVpshufb, counts, low);
  three(Id::kIdVpaddb, vreg(current_), of_low, three(Id::kIdVpshufb, counts, high));
}

void Selector::multiply_quadwords() {
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  const VReg a_upper = three(Id::kIdVpmuludq, shift_immediate(Id::kIdVpsrlq, a, 32), b);
  const VReg b_upper = three(Id::kIdVpmuludq, shift_immediate(Id::kIdVpsrlq, b, 32), a);
  const VReg upper = shift_immediate(Id::kIdVpsllq, three(Id::kIdVpaddq, a_upper, b_upper), 32);
  three(Id::kIdVpaddq, vreg(current_), three(Id::kIdVpmuludq, a, b), upper);
}

void Selector::absolute_quadwords() {
  const VReg a = in_register(operand(0));
  const VReg sign = three(Id::kIdVpcmpgtq, zero_vector(), a);
  three(Id::kIdVpsubq, vreg(current_), three(Id::kIdVpxor, a, sign), sign);
}

// Saturates; the processor's instruction for it takes one of the operands as unsigned.
VReg Selector::relaxed_dot() {
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  const auto even = [&](VReg v) {
    return shift_immediate(Id::kIdVpsraw, shift_immediate(Id::kIdVpsllw, v, 8), 8);
  };
  const auto odd = [&](VReg v) { return shift_immediate(Id::kIdVpsraw, v, 8); };
  const VReg of_even = three(Id::kIdVpmullw, even(a), even(b));
  return three(Id::kIdVpaddsw, of_even, three(Id::kIdVpmullw, odd(a), odd(b)));
}

// --- floats

VReg Selector::without_nans(VReg a, InstId compare) {
  const VReg is_number = fresh(ValueType::V128);
  emit(Form::ThreeImm, compare, 16, {d(is_number), u(a), u(a)}).immediate = kEqual;
  return three(Id::kIdVpand, a, is_number);
}

// The processor gives 0x80000000 for what does not fit. Inverted it is the greatest number.
void Selector::truncate_saturating_f32x4_s() {
  const VReg number = without_nans(in_register(operand(0)), Id::kIdVcmpps);
  const VReg above = compare_constant(Id::kIdVcmpps, number, both(0x1p31F), kGreaterEqual);
  three(Id::kIdVpxor, vreg(current_), unary(Id::kIdVcvttps2dq, number), above);
}

// In two halves, up to 2^31 and what is beyond. For the maximum, NaNs are less than zero.
void Selector::truncate_saturating_f32x4_u() {
  const VReg zero = zero_vector();
  const VReg number = three(Id::kIdVmaxps, in_register(operand(0)), zero);
  const VReg difference = three_constant(Id::kIdVsubps, number, both(0x1p31F));
  const VReg beyond = three(Id::kIdVmaxps, difference, zero);
  const VReg above = compare_constant(Id::kIdVcmpps, beyond, both(0x1p31F), kGreaterEqual);
  const VReg upper = three(Id::kIdVpxor, unary(Id::kIdVcvttps2dq, beyond), above);
  three(Id::kIdVpaddd, vreg(current_), unary(Id::kIdVcvttps2dq, number), upper);
}

void Selector::truncate_saturating_f64x2_s() {
  const VReg number = without_nans(in_register(operand(0)), Id::kIdVcmppd);
  const VReg least = three_constant(Id::kIdVminpd, number, bits(0x1.fffffffcp30));
  emit(Form::Unary, Id::kIdVcvttpd2dq, 16, {d(vreg(current_)), u(least)});
}

void Selector::truncate_saturating_f64x2_u() {
  const VReg zero = zero_vector();
  const VReg positive = three(Id::kIdVmaxpd, in_register(operand(0)), zero);
  const VReg number = three_constant(Id::kIdVminpd, positive, bits(0x1.fffffffep31));
  const VReg difference = three_constant(Id::kIdVsubpd, number, bits(0x1p31));
  const VReg beyond = three(Id::kIdVmaxpd, difference, zero);
  const VReg lower = unary(Id::kIdVcvttpd2dq, number);
  three(Id::kIdVpaddd, vreg(current_), lower, unary(Id::kIdVcvttpd2dq, beyond));
}

// The halves are exact; only their sum is rounded.
void Selector::convert_unsigned_to_f32x4() {
  const VReg a = in_register(operand(0));
  const VReg low = unary(Id::kIdVcvtdq2ps, three_constant(Id::kIdVpand, a, 0x0000ffff0000ffff));
  const VReg high = unary(Id::kIdVcvtdq2ps, shift_immediate(Id::kIdVpsrld, a, 16));
  three(Id::kIdVaddps, vreg(current_), three_constant(Id::kIdVmulps, high, both(0x1p16F)), low);
}

// Not fused: the deterministic profile (spec 4.3.7).
void Selector::multiply_add(InstId multiply, InstId add, uint64_t sign) {
  VReg a = in_register(operand(0));
  if (sign != 0) a = three_constant(Id::kIdVpxor, a, sign);
  const VReg product = three(multiply, a, in_register(operand(1)));
  three(add, vreg(current_), product, in_register(operand(2)));
}

}  // namespace wrun::codegen::x64
