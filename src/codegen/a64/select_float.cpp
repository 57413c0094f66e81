// Scalar floating point (spec 4.3.3): nearly all of it is one instruction each.
#include "codegen/a64/selector.hpp"

namespace wrun::codegen::a64 {

bool Selector::select_float() {
  switch (insn().op) {
    case Op::F32Add:      float_binary(Id::kIdFadd_v, 4); break;
    case Op::F64Add:      float_binary(Id::kIdFadd_v, 8); break;
    case Op::F32Sub:      float_binary(Id::kIdFsub_v, 4); break;
    case Op::F64Sub:      float_binary(Id::kIdFsub_v, 8); break;
    case Op::F32Mul:      float_binary(Id::kIdFmul_v, 4); break;
    case Op::F64Mul:      float_binary(Id::kIdFmul_v, 8); break;
    case Op::F32Div:      float_binary(Id::kIdFdiv_v, 4); break;
    case Op::F64Div:      float_binary(Id::kIdFdiv_v, 8); break;
    case Op::F32Min:      float_binary(Id::kIdFmin_v, 4); break;
    case Op::F64Min:      float_binary(Id::kIdFmin_v, 8); break;
    case Op::F32Max:      float_binary(Id::kIdFmax_v, 4); break;
    case Op::F64Max:      float_binary(Id::kIdFmax_v, 8); break;
    case Op::F32Sqrt:     float_unary(Id::kIdFsqrt_v, 4); break;
    case Op::F64Sqrt:     float_unary(Id::kIdFsqrt_v, 8); break;
    case Op::F32Abs:      float_unary(Id::kIdFabs_v, 4); break;
    case Op::F64Abs:      float_unary(Id::kIdFabs_v, 8); break;
    case Op::F32Neg:      float_unary(Id::kIdFneg_v, 4); break;
    case Op::F64Neg:      float_unary(Id::kIdFneg_v, 8); break;
    case Op::F32Copysign: copysign(4); break;
    case Op::F64Copysign: copysign(8); break;
    case Op::F32Nearest:  float_unary(Id::kIdFrintn_v, 4); break;
    case Op::F64Nearest:  float_unary(Id::kIdFrintn_v, 8); break;
    case Op::F32Floor:    float_unary(Id::kIdFrintm_v, 4); break;
    case Op::F64Floor:    float_unary(Id::kIdFrintm_v, 8); break;
    case Op::F32Ceil:     float_unary(Id::kIdFrintp_v, 4); break;
    case Op::F64Ceil:     float_unary(Id::kIdFrintp_v, 8); break;
    case Op::F32Trunc:    float_unary(Id::kIdFrintz_v, 4); break;
    case Op::F64Trunc:    float_unary(Id::kIdFrintz_v, 8); break;

    case Op::F32Eq:
    case Op::F32Ne:
    case Op::F32Lt:
    case Op::F32Gt:
    case Op::F32Le:
    case Op::F32Ge:
    case Op::F64Eq:
    case Op::F64Ne:
    case Op::F64Lt:
    case Op::F64Gt:
    case Op::F64Le:
    case Op::F64Ge: set(comparison(current_, false)->condition); break;

    case Op::I32ReinterpretF32:
    case Op::F32ReinterpretI32: float_unary(Id::kIdFmov_v, 4); break;
    case Op::I64ReinterpretF64:
    case Op::F64ReinterpretI64: float_unary(Id::kIdFmov_v, 8); break;
    case Op::CanonicalNan:      canonical_nan(); break;
    case Op::F32DemoteF64:      float_unary(Id::kIdFcvt_v, 4, 8); break;
    case Op::F64PromoteF32:     float_unary(Id::kIdFcvt_v, 8, 4); break;
    case Op::F32ConvertI32S:    float_unary(Id::kIdScvtf_v, 4, 4); break;
    case Op::F32ConvertI32U:    float_unary(Id::kIdUcvtf_v, 4, 4); break;
    case Op::F32ConvertI64S:    float_unary(Id::kIdScvtf_v, 4, 8); break;
    case Op::F32ConvertI64U:    float_unary(Id::kIdUcvtf_v, 4, 8); break;
    case Op::F64ConvertI32S:    float_unary(Id::kIdScvtf_v, 8, 4); break;
    case Op::F64ConvertI32U:    float_unary(Id::kIdUcvtf_v, 8, 4); break;
    case Op::F64ConvertI64S:    float_unary(Id::kIdScvtf_v, 8, 8); break;
    case Op::F64ConvertI64U:    float_unary(Id::kIdUcvtf_v, 8, 8); break;

    case Op::I32TruncF32S: truncate(truncate::Signed); break;
    case Op::I32TruncF32U: truncate(0); break;
    case Op::I32TruncF64S: truncate(truncate::Signed | truncate::From64); break;
    case Op::I32TruncF64U: truncate(truncate::From64); break;
    case Op::I64TruncF32S: truncate(truncate::Signed | truncate::To64); break;
    case Op::I64TruncF32U: truncate(truncate::To64); break;
    case Op::I64TruncF64S: truncate(truncate::Signed | truncate::To64 | truncate::From64); break;
    case Op::I64TruncF64U: truncate(truncate::To64 | truncate::From64); break;
    // The processor's conversions saturate.
    case Op::I32TruncSatF32S: float_unary(Id::kIdFcvtzs_v, 4, 4); break;
    case Op::I32TruncSatF32U: float_unary(Id::kIdFcvtzu_v, 4, 4); break;
    case Op::I32TruncSatF64S: float_unary(Id::kIdFcvtzs_v, 4, 8); break;
    case Op::I32TruncSatF64U: float_unary(Id::kIdFcvtzu_v, 4, 8); break;
    case Op::I64TruncSatF32S: float_unary(Id::kIdFcvtzs_v, 8, 4); break;
    case Op::I64TruncSatF32U: float_unary(Id::kIdFcvtzu_v, 8, 4); break;
    case Op::I64TruncSatF64S: float_unary(Id::kIdFcvtzs_v, 8, 8); break;
    case Op::I64TruncSatF64U: float_unary(Id::kIdFcvtzu_v, 8, 8); break;
    default:                  return false;
  }
  return true;
}

void Selector::float_unary(InstId id, uint8_t size, uint8_t source_size) {
  const VReg a = in_register(operand(0));
  emit(Form::Unary, id, size, {d(vreg(current_)), u(a)}).scale_log2 = source_size;
}

void Selector::float_binary(InstId id, uint8_t size) {
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  emit(Form::Binary, id, size, {d(vreg(current_)), u(a), u(b)});
}

void Selector::copysign(uint8_t size) {
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  emit(Form::Copysign, 0, size, {tied_d(vreg(current_)), tied_u(a), u(b)});
}

// All lanes at once, of scalars as well.
void Selector::canonical_nan() {
  const bool is_32 = insn().low() == 32;
  const uint64_t canonical = is_32 ? 0x7fc000007fc00000 : 0x7ff8000000000000;
  const VReg a = in_register(operand(0));
  const VReg nans = fresh(ValueType::V128);
  load_from(nans, Id::kIdLdr_v, 16, 16,
            {.kind = AddressKind::Constant,
             .displacement = static_cast<int32_t>(constant(wasm::V128{canonical, canonical}))});
  const VReg is_number = fresh(ValueType::V128);
  emit(Form::Binary, Id::kIdFcmeq_v, 16, {d(is_number), u(a), u(a)}).condition =
      lanes(is_32 ? kS4 : kD2);
  emit(Form::TiedBinary, Id::kIdBif_v, 16,
       {tied_d(vreg(current_)), tied_u(a), u(nans), u(is_number)})
      .condition = lanes(kB16);
}

void Selector::truncate(uint8_t kind) {
  const VReg a = in_register(operand(0));
  Instruction& insn =
      emit(Form::Truncate, 0, (kind & truncate::To64) != 0 ? 8 : 4, {d(vreg(current_)), u(a)});
  insn.condition = kind;
  may_trap(insn, TrapCode::IntegerOverflow);
}

}  // namespace wrun::codegen::a64
