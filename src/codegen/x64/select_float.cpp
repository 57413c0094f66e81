// Scalar floating point (spec 4.3.3), with AVX.
#include "codegen/x64/selector.hpp"

namespace wrun::codegen::x64 {

namespace {
constexpr uint64_t kSign32 = 0x80000000;
constexpr uint64_t kSign64 = 0x8000000000000000;
// Of the `round` instructions; bit 3: no precision exception.
constexpr uint8_t kNearest = 8, kFloor = 9, kCeil = 10, kTrunc = 11;
}  // namespace

bool Selector::select_float() {
  switch (insn().op) {
    case Op::F32Add:  float_binary(Id::kIdVaddss, 4); break;
    case Op::F64Add:  float_binary(Id::kIdVaddsd, 8); break;
    case Op::F32Sub:  float_binary(Id::kIdVsubss, 4); break;
    case Op::F64Sub:  float_binary(Id::kIdVsubsd, 8); break;
    case Op::F32Mul:  float_binary(Id::kIdVmulss, 4); break;
    case Op::F64Mul:  float_binary(Id::kIdVmulsd, 8); break;
    case Op::F32Div:  float_binary(Id::kIdVdivss, 4); break;
    case Op::F64Div:  float_binary(Id::kIdVdivsd, 8); break;
    case Op::F32Sqrt: {
      const VReg a = in_register(operand(0));
      emit(Form::Three, Id::kIdVsqrtss, 4, {d(vreg(current_)), u(a), u(a)});
      break;
    }
    case Op::F64Sqrt: {
      const VReg a = in_register(operand(0));
      emit(Form::Three, Id::kIdVsqrtsd, 8, {d(vreg(current_)), u(a), u(a)});
      break;
    }
    case Op::F32Min:
    case Op::F32Max:
    case Op::F64Min:
    case Op::F64Max: {
      const bool is_min = insn().op == Op::F32Min || insn().op == Op::F64Min;
      const VReg a = in_register(operand(0));
      const VReg b = in_register(operand(1));
      emit(is_min ? Form::FloatMin : Form::FloatMax, 0, bytes_of(insn().type),
           {early_d(vreg(current_)), u(a), u(b)});
      break;
    }
    case Op::F32Abs:      float_constant_binary(Id::kIdVandps, 4, kSign32 - 1); break;
    case Op::F64Abs:      float_constant_binary(Id::kIdVandpd, 8, kSign64 - 1); break;
    case Op::F32Neg:      float_constant_binary(Id::kIdVxorps, 4, kSign32); break;
    case Op::F64Neg:      float_constant_binary(Id::kIdVxorpd, 8, kSign64); break;
    case Op::F32Copysign: copysign(4); break;
    case Op::F64Copysign: copysign(8); break;
    case Op::F32Nearest:  float_round(4, kNearest); break;
    case Op::F64Nearest:  float_round(8, kNearest); break;
    case Op::F32Floor:    float_round(4, kFloor); break;
    case Op::F64Floor:    float_round(8, kFloor); break;
    case Op::F32Ceil:     float_round(4, kCeil); break;
    case Op::F64Ceil:     float_round(8, kCeil); break;
    case Op::F32Trunc:    float_round(4, kTrunc); break;
    case Op::F64Trunc:    float_round(8, kTrunc); break;

    case Op::F32Lt:
    case Op::F32Gt:
    case Op::F32Le:
    case Op::F32Ge:
    case Op::F64Lt:
    case Op::F64Gt:
    case Op::F64Le:
    case Op::F64Ge: set(*comparison(current_, false)); break;
    case Op::F32Eq: float_compare_value(4, 0); break;
    case Op::F64Eq: float_compare_value(8, 0); break;
    case Op::F32Ne: float_compare_value(4, 4); break;
    case Op::F64Ne: float_compare_value(8, 4); break;

    case Op::I32ReinterpretF32:
    case Op::F32ReinterpretI32:
      emit(Form::Unary, Id::kIdVmovd, 4, {d(vreg(current_)), u(in_register(operand(0)))});
      break;
    case Op::I64ReinterpretF64:
    case Op::F64ReinterpretI64:
      emit(Form::Unary, Id::kIdVmovq, 8, {d(vreg(current_)), u(in_register(operand(0)))});
      break;
    case Op::CanonicalNan: canonical_nan(); break;
    case Op::F32DemoteF64: {
      const VReg a = in_register(operand(0));
      emit(Form::Three, Id::kIdVcvtsd2ss, 8, {d(vreg(current_)), u(a), u(a)});
      break;
    }
    case Op::F64PromoteF32: {
      const VReg a = in_register(operand(0));
      emit(Form::Three, Id::kIdVcvtss2sd, 4, {d(vreg(current_)), u(a), u(a)});
      break;
    }
    case Op::F32ConvertI32S: convert_from_integer(4, 4, true); break;
    case Op::F32ConvertI32U: convert_from_integer(4, 4, false); break;
    case Op::F32ConvertI64S: convert_from_integer(4, 8, true); break;
    case Op::F32ConvertI64U: convert_from_integer(4, 8, false); break;
    case Op::F64ConvertI32S: convert_from_integer(8, 4, true); break;
    case Op::F64ConvertI32U: convert_from_integer(8, 4, false); break;
    case Op::F64ConvertI64S: convert_from_integer(8, 8, true); break;
    case Op::F64ConvertI64U: convert_from_integer(8, 8, false); break;

    case Op::I32TruncF32S:    truncate(truncate::Signed); break;
    case Op::I32TruncF32U:    truncate(0); break;
    case Op::I32TruncF64S:    truncate(truncate::Signed | truncate::From64); break;
    case Op::I32TruncF64U:    truncate(truncate::From64); break;
    case Op::I64TruncF32S:    truncate(truncate::Signed | truncate::To64); break;
    case Op::I64TruncF32U:    truncate(truncate::To64); break;
    case Op::I64TruncF64S:    truncate(truncate::Signed | truncate::To64 | truncate::From64); break;
    case Op::I64TruncF64U:    truncate(truncate::To64 | truncate::From64); break;
    case Op::I32TruncSatF32S: truncate(truncate::Saturating | truncate::Signed); break;
    case Op::I32TruncSatF32U: truncate(truncate::Saturating); break;
    case Op::I32TruncSatF64S:
      truncate(truncate::Saturating | truncate::Signed | truncate::From64);
      break;
    case Op::I32TruncSatF64U: truncate(truncate::Saturating | truncate::From64); break;
    case Op::I64TruncSatF32S:
      truncate(truncate::Saturating | truncate::Signed | truncate::To64);
      break;
    case Op::I64TruncSatF32U: truncate(truncate::Saturating | truncate::To64); break;
    case Op::I64TruncSatF64S:
      truncate(truncate::Saturating | truncate::Signed | truncate::To64 | truncate::From64);
      break;
    case Op::I64TruncSatF64U:
      truncate(truncate::Saturating | truncate::To64 | truncate::From64);
      break;
    default: return false;
  }
  return true;
}

void Selector::float_binary(InstId id, uint8_t size) {
  Value a = operand(0);
  Value b = operand(1);
  if (ir::info(insn().op).has(ir::effect::Commutes) && !is_constant(b) &&
      (is_constant(a) || (can_fold_load(a, size) && !can_fold_load(b, size))))
    std::swap(a, b);
  const Source right = source(b, size);
  const VReg left = in_register(a);
  emit(Form::Three, id, size, {d(vreg(current_)), u(left)}, right);
}

// Constants have 16 bytes, which is what these instructions read.
void Selector::float_constant_binary(InstId id, uint8_t size, uint64_t mask) {
  const VReg a = in_register(operand(0));
  emit(Form::Three, id, size, {d(vreg(current_)), u(a)}, constant_source(wasm::V128{mask, 0}));
}

void Selector::copysign(uint8_t size) {
  const uint64_t sign = size == 4 ? kSign32 : kSign64;
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  const ValueType type = size == 4 ? ValueType::F32 : ValueType::F64;
  const VReg magnitude = fresh(type);
  const VReg of_b = fresh(type);
  emit(Form::Three, Id::kIdVandps, size, {d(magnitude), u(a)},
       constant_source(wasm::V128{sign - 1, 0}));
  emit(Form::Three, Id::kIdVandps, size, {d(of_b), u(b)}, constant_source(wasm::V128{sign, 0}));
  emit(Form::Three, Id::kIdVorps, size, {d(vreg(current_)), u(magnitude), u(of_b)});
}

void Selector::float_round(uint8_t size, uint8_t mode) {
  const VReg a = in_register(operand(0));
  emit(Form::ThreeImm, size == 4 ? Id::kIdVroundss : Id::kIdVroundsd, size,
       {d(vreg(current_)), u(a), u(a)})
      .immediate = mode;
}

Test Selector::compare_floats(Value a, Value b, Condition condition, uint8_t size) {
  const Source right = source(b, size);
  const VReg left = in_register(a);
  emit(Form::Compare, size == 4 ? Id::kIdVucomiss : Id::kIdVucomisd, size, {u(left)}, right);
  return {.condition = condition};
}

void Selector::float_compare_value(uint8_t size, uint8_t predicate) {
  const VReg mask = fresh(size == 4 ? ValueType::F32 : ValueType::F64);
  const VReg bits = fresh(ValueType::I32);
  const Source right = source(operand(1), size);
  const VReg left = in_register(operand(0));
  emit(Form::ThreeImm, size == 4 ? Id::kIdVcmpss : Id::kIdVcmpsd, size, {d(mask), u(left)}, right)
      .immediate = predicate;
  emit(Form::Unary, Id::kIdVmovd, 4, {d(bits), u(mask)});
  emit(Form::TiedImm, Id::kIdAnd, 4, {tied_d(vreg(current_)), tied_u(bits)}).immediate = 1;
}

void Selector::convert_from_integer(uint8_t size, uint8_t integer_size, bool is_signed) {
  const VReg result = vreg(current_);
  const VReg a = in_register(operand(0));
  if (integer_size == 8 && !is_signed) {
    emit(Form::ConvertUnsigned64, 0, size, {early_d(result), early_d(fresh(ValueType::I64)), u(a)});
    return;
  }
  // The instruction keeps the upper part of its second operand: zeros, so as not to wait for it.
  const VReg zero = fresh(size == 4 ? ValueType::F32 : ValueType::F64);
  emit(Form::LoadConstant, Id::kIdVpxor, size, {d(zero)});
  Instruction& insn = emit(Form::Three, size == 4 ? Id::kIdVcvtsi2ss : Id::kIdVcvtsi2sd, size,
                           {d(result), u(zero), u(a)});
  // An unsigned i32 is a signed i64.
  insn.condition = integer_size == 8 || !is_signed ? 8 : 4;
}

// All lanes at once, of scalars as well.
void Selector::canonical_nan() {
  const bool is_32 = insn().low() == 32;
  constexpr uint8_t kUnordered = 3;
  const uint64_t canonical = is_32 ? 0x7fc000007fc00000 : 0x7ff8000000000000;
  const VReg a = in_register(operand(0));
  const VReg unordered = fresh(ValueType::V128);
  emit(Form::ThreeImm, is_32 ? Id::kIdVcmpps : Id::kIdVcmppd, 16, {d(unordered), u(a), u(a)})
      .immediate = kUnordered;
  const VReg nans = fresh(ValueType::V128);
  emit(Form::Unary, Id::kIdVmovups, 16, {d(nans)},
       constant_source(wasm::V128{canonical, canonical}));
  emit(Form::Four, is_32 ? Id::kIdVblendvps : Id::kIdVblendvpd, 16,
       {d(vreg(current_)), u(a), u(nans), u(unordered)});
}

void Selector::truncate(uint8_t kind) {
  const VReg result = vreg(current_);
  const VReg a = in_register(operand(0));
  Instruction& insn =
      emit(Form::Truncate, 0, (kind & truncate::To64) != 0 ? 8 : 4,
           {early_d(result), early_d(fresh(ValueType::I64)), early_d(fresh(ValueType::F64)), u(a)});
  insn.condition = kind;
  may_trap(insn, TrapCode::IntegerOverflow);
}

}  // namespace wrun::codegen::x64
