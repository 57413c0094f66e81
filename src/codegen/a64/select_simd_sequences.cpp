// Vector instructions that take several of the processor's.
#include "codegen/a64/selector.hpp"

namespace wrun::codegen::a64 {

bool Selector::select_simd_sequence() {
  const auto a = [&] { return in_register(operand(0)); };
  const auto b = [&] { return in_register(operand(1)); };
  const auto multiply_add = [&](Lanes of, bool negated) {
    // Not fused: the deterministic profile (spec 4.3.7).
    const VReg product = vector(Id::kIdFmul_v, lanes(of), a(), b());
    vector(vreg(current_), negated ? Id::kIdFsub_v : Id::kIdFadd_v, lanes(of),
           in_register(operand(2)), product);
  };
  switch (insn().op) {
    case Op::I8x16NarrowI16x8S: narrow(Id::kIdSqxtn_v, Id::kIdSqxtn2_v, kB8, kB16, kH8); break;
    case Op::I8x16NarrowI16x8U: narrow(Id::kIdSqxtun_v, Id::kIdSqxtun2_v, kB8, kB16, kH8); break;
    case Op::I16x8NarrowI32x4S: narrow(Id::kIdSqxtn_v, Id::kIdSqxtn2_v, kH4, kH8, kS4); break;
    case Op::I16x8NarrowI32x4U: narrow(Id::kIdSqxtun_v, Id::kIdSqxtun2_v, kH4, kH8, kS4); break;
    case Op::F32x4Pmin:         pseudo_minimum(kS4, false); break;
    case Op::F64x2Pmin:         pseudo_minimum(kD2, false); break;
    case Op::F32x4Pmax:         pseudo_minimum(kS4, true); break;
    case Op::F64x2Pmax:         pseudo_minimum(kD2, true); break;
    case Op::I64x2Mul:          multiply_quadwords(); break;
    case Op::I8x16Bitmask:      bitmask(kB16); break;
    case Op::I16x8Bitmask:      bitmask(kH8); break;
    case Op::I32x4Bitmask:      bitmask(kS4); break;
    case Op::I64x2Bitmask:      emit(Form::Bitmask64, 0, 4, {d(vreg(current_)), u(a())}); break;
    case Op::I32x4DotI16x8S:    {
      const VReg left = a();
      const VReg right = b();
      const VReg low = vector(Id::kIdSmull_v, lanes(kS4, kH4), left, right);
      const VReg high = vector(Id::kIdSmull2_v, lanes(kS4, kH8), left, right);
      vector(vreg(current_), Id::kIdAddp_v, lanes(kS4), low, high);
      break;
    }
    case Op::I32x4TruncSatF64x2SZero:
    case Op::I32x4RelaxedTruncF64x2SZero:
      vector(vreg(current_), Id::kIdSqxtn_v, lanes(kS2, kD2),
             vector(Id::kIdFcvtzs_v, lanes(kD2), a()));
      break;
    case Op::I32x4TruncSatF64x2UZero:
    case Op::I32x4RelaxedTruncF64x2UZero:
      vector(vreg(current_), Id::kIdUqxtn_v, lanes(kS2, kD2),
             vector(Id::kIdFcvtzu_v, lanes(kD2), a()));
      break;
    case Op::F64x2ConvertLowI32x4S:
      vector(vreg(current_), Id::kIdScvtf_v, lanes(kD2),
             vector(Id::kIdSxtl_v, lanes(kD2, kS2), a()));
      break;
    case Op::F64x2ConvertLowI32x4U:
      vector(vreg(current_), Id::kIdUcvtf_v, lanes(kD2),
             vector(Id::kIdUxtl_v, lanes(kD2, kS2), a()));
      break;
    case Op::F32x4RelaxedMadd:  multiply_add(kS4, false); break;
    case Op::F64x2RelaxedMadd:  multiply_add(kD2, false); break;
    case Op::F32x4RelaxedNmadd: multiply_add(kS4, true); break;
    case Op::F64x2RelaxedNmadd: multiply_add(kD2, true); break;
    case Op::I16x8RelaxedDotI8x16I7x16S:
      vector(vreg(current_), Id::kIdMov_v, lanes(kB16), relaxed_dot());
      break;
    case Op::I32x4RelaxedDotI8x16I7x16AddS: {
      const VReg sums = vector(Id::kIdSaddlp_v, lanes(kS4, kH8), relaxed_dot());
      vector(vreg(current_), Id::kIdAdd_v, lanes(kS4), sums, in_register(operand(2)));
      break;
    }
    default: return false;
  }
  return true;
}

void Selector::narrow(InstId low, InstId high, Lanes narrow_low, Lanes narrow_high, Lanes wide) {
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  const VReg first = vector(low, lanes(narrow_low, wide), a);
  emit(Form::Tied, high, 16, {tied_d(vreg(current_)), tied_u(first), u(b)}).condition =
      lanes(narrow_high, wide);
}

// The second operand if it is less, or greater; the first one if they are not ordered.
void Selector::pseudo_minimum(Lanes of, bool is_max) {
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  const VReg takes_b =
      is_max ? vector(Id::kIdFcmgt_v, lanes(of), b, a) : vector(Id::kIdFcmgt_v, lanes(of), a, b);
  emit(Form::TiedBinary, Id::kIdBsl_v, 16, {tied_d(vreg(current_)), tied_u(takes_b), u(b), u(a)})
      .condition = lanes(kB16);
}

// The products of both halves with the other one's lower half are added in the upper half.
void Selector::multiply_quadwords() {
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  const VReg crossed = vector(Id::kIdMul_v, lanes(kS4), vector(Id::kIdRev64_v, lanes(kS4), b), a);
  const VReg sums = vector(Id::kIdUaddlp_v, lanes(kD2, kS4), crossed);
  const VReg upper = vector_immediate(Id::kIdShl_v, lanes(kD2), sums, 32);
  const VReg a_low = vector(Id::kIdXtn_v, lanes(kS2, kD2), a);
  const VReg b_low = vector(Id::kIdXtn_v, lanes(kS2, kD2), b);
  emit(Form::TiedBinary, Id::kIdUmlal_v, 16,
       {tied_d(vreg(current_)), tied_u(upper), u(a_low), u(b_low)})
      .condition = lanes(kD2, kS2);
}

// Every lane that is negative keeps its bit, and they are added up. Bytes: those of the upper half go to where
// the lower half's have their upper bytes.
void Selector::bitmask(Lanes of) {
  const VReg a = in_register(operand(0));
  const uint64_t bits = (uint64_t{8} << (of - kB16)) - 1;
  const VReg signs = vector_immediate(Id::kIdSshr_v, lanes(of), a, bits);
  wasm::V128 powers = {0x8040201008040201, 0x8040201008040201};
  if (of == kH8) powers = wasm::V128{0x0008000400020001, 0x0080004000200010};
  if (of == kS4) powers = wasm::V128{0x0000000200000001, 0x0000000800000004};
  VReg kept = vector(Id::kIdAnd_v, lanes(kB16), signs, vector_constant(powers));
  if (of == kB16) {
    const VReg swapped = fresh(ValueType::V128);
    Instruction& insn = emit(Form::TernaryImm, Id::kIdExt_v, 16, {d(swapped), u(kept), u(kept)});
    insn.condition = lanes(kB16);
    insn.immediate = 8;
    kept = vector(Id::kIdZip1_v, lanes(kB16), kept, swapped);
    of = kH8;
  }
  const VReg sum = fresh(ValueType::F32);
  emit(Form::Unary, Id::kIdAddv_v, of == kH8 ? 2 : 4, {d(sum), u(kept)}).condition =
      lanes(kScalar, of);
  emit(Form::Unary, Id::kIdFmov_v, 4, {d(vreg(current_)), u(sum)});
}

// Sums of two neighbouring products, which saturate.
VReg Selector::relaxed_dot() {
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  const VReg low = vector(Id::kIdSmull_v, lanes(kH8, kB8), a, b);
  const VReg high = vector(Id::kIdSmull2_v, lanes(kH8, kB16), a, b);
  const VReg even = vector(Id::kIdUzp1_v, lanes(kH8), low, high);
  const VReg odd = vector(Id::kIdUzp2_v, lanes(kH8), low, high);
  return vector(Id::kIdSqadd_v, lanes(kH8), even, odd);
}

}  // namespace wrun::codegen::a64
