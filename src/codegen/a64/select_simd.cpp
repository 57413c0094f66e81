// Vector instructions (spec 4.3.5): most are one instruction of the processor.
#include "codegen/a64/selector.hpp"

namespace wrun::codegen::a64 {

namespace {

using Op = ir::Op;

// How an instruction of wasm is one of the processor.
enum class Shape : uint8_t {
  None,
  Unary,    // op d, a
  Binary,   // op d, a, b
  Swapped,  // op d, b, a
  Not,      // all bits of op d, a, b inverted
};

struct Row {
  Shape shape = Shape::None;
  InstId id = 0;
  uint8_t lanes = 0;
};

Row row(Op op) {
  switch (op) {
#define WRUN_ROW(op, shape, id, written, read) \
  case Op::op: return {Shape::shape, Id::kId##id, lanes(k##written, k##read)};
#include "codegen/a64/simd_rows.def"
#undef WRUN_ROW
    default: return {};
  }
}

}  // namespace

bool Selector::select_simd() {
  if (select_simd_row() || select_simd_lanes() || select_simd_memory() || select_simd_sequence())
    return true;
  switch (insn().op) {
    case Op::I8x16RelaxedLaneselect:
    case Op::I16x8RelaxedLaneselect:
    case Op::I32x4RelaxedLaneselect:
    case Op::I64x2RelaxedLaneselect:
    case Op::V128Bitselect:          {
      const VReg a = in_register(operand(0));
      const VReg b = in_register(operand(1));
      const VReg mask = in_register(operand(2));
      emit(Form::TiedBinary, Id::kIdBsl_v, 16, {tied_d(vreg(current_)), tied_u(mask), u(a), u(b)})
          .condition = lanes(kB16);
      break;
    }
    case Op::I8x16Shl:     vector_shift(Id::kIdShl_v, Id::kIdSshl_v, kB16, false); break;
    case Op::I16x8Shl:     vector_shift(Id::kIdShl_v, Id::kIdSshl_v, kH8, false); break;
    case Op::I32x4Shl:     vector_shift(Id::kIdShl_v, Id::kIdSshl_v, kS4, false); break;
    case Op::I64x2Shl:     vector_shift(Id::kIdShl_v, Id::kIdSshl_v, kD2, false); break;
    case Op::I8x16ShrS:    vector_shift(Id::kIdSshr_v, Id::kIdSshl_v, kB16, true); break;
    case Op::I16x8ShrS:    vector_shift(Id::kIdSshr_v, Id::kIdSshl_v, kH8, true); break;
    case Op::I32x4ShrS:    vector_shift(Id::kIdSshr_v, Id::kIdSshl_v, kS4, true); break;
    case Op::I64x2ShrS:    vector_shift(Id::kIdSshr_v, Id::kIdSshl_v, kD2, true); break;
    case Op::I8x16ShrU:    vector_shift(Id::kIdUshr_v, Id::kIdUshl_v, kB16, true); break;
    case Op::I16x8ShrU:    vector_shift(Id::kIdUshr_v, Id::kIdUshl_v, kH8, true); break;
    case Op::I32x4ShrU:    vector_shift(Id::kIdUshr_v, Id::kIdUshl_v, kS4, true); break;
    case Op::I64x2ShrU:    vector_shift(Id::kIdUshr_v, Id::kIdUshl_v, kD2, true); break;
    case Op::V128AnyTrue:  any_of(Id::kIdUmaxv_v, kB16, Condition::NotEqual); break;
    case Op::I8x16AllTrue: any_of(Id::kIdUminv_v, kB16, Condition::NotEqual); break;
    case Op::I16x8AllTrue: any_of(Id::kIdUminv_v, kH8, Condition::NotEqual); break;
    case Op::I32x4AllTrue: any_of(Id::kIdUminv_v, kS4, Condition::NotEqual); break;
    case Op::I64x2AllTrue: {
      // The sum of what is -1 for the lanes that are zero.
      const VReg a = in_register(operand(0));
      const VReg zeros = vector_immediate(Id::kIdCmeq_v, lanes(kD2), a, 0);
      const VReg sum = fresh(ValueType::F64);
      emit(Form::Unary, Id::kIdAddp_v, 8, {d(sum), u(zeros)}).condition = lanes(kScalar, kD2);
      const VReg number = fresh(ValueType::I64);
      emit(Form::Unary, Id::kIdFmov_v, 8, {d(number), u(sum)});
      emit(Form::CompareImm, Id::kIdCmp, 8, {u(number)});
      set(Condition::Equal);
      break;
    }
    default: return false;
  }
  return true;
}

bool Selector::select_simd_row() {
  const Row found = row(insn().op);
  if (found.shape == Shape::None) return false;
  const VReg result = vreg(current_);
  const VReg a = in_register(operand(0));
  switch (found.shape) {
    case Shape::Unary:   vector(result, found.id, found.lanes, a); break;
    case Shape::Binary:  vector(result, found.id, found.lanes, a, in_register(operand(1))); break;
    case Shape::Swapped: vector(result, found.id, found.lanes, in_register(operand(1)), a); break;
    default:
      vector(result, Id::kIdNot_v, lanes(kB16),
             vector(found.id, found.lanes, a, in_register(operand(1))));
      break;
  }
  return true;
}

VReg Selector::vector(InstId id, uint8_t lanes, VReg a) {
  const VReg result = fresh(ValueType::V128);
  vector(result, id, lanes, a);
  return result;
}
VReg Selector::vector(InstId id, uint8_t lanes, VReg a, VReg b) {
  const VReg result = fresh(ValueType::V128);
  vector(result, id, lanes, a, b);
  return result;
}
void Selector::vector(VReg result, InstId id, uint8_t lanes, VReg a) {
  emit(Form::Unary, id, 16, {d(result), u(a)}).condition = lanes;
}
void Selector::vector(VReg result, InstId id, uint8_t lanes, VReg a, VReg b) {
  emit(Form::Binary, id, 16, {d(result), u(a), u(b)}).condition = lanes;
}
VReg Selector::vector_immediate(InstId id, uint8_t lanes, VReg a, uint64_t immediate) {
  const VReg result = fresh(ValueType::V128);
  Instruction& insn = emit(Form::BinaryImm, id, 16, {d(result), u(a)});
  insn.condition = lanes;
  insn.immediate = immediate;
  return result;
}

// By an amount modulo the bits of a lane; to the right, of a register, by its negation to the left.
void Selector::vector_shift(InstId by_immediate, InstId by_register, Lanes of, bool right) {
  const VReg a = in_register(operand(0));
  const Value count = operand(1);
  const uint64_t mask = (uint64_t{8} << (of - kB16)) - 1;
  if (is_constant(count)) {
    const uint64_t by = function_[count].immediate & mask;
    if (by == 0) return vector(vreg(current_), Id::kIdMov_v, lanes(kB16), a);
    Instruction& insn = emit(Form::BinaryImm, by_immediate, 16, {d(vreg(current_)), u(a)});
    insn.condition = lanes(of);
    insn.immediate = by;
    return;
  }
  const VReg masked = fresh(ValueType::I32);
  emit(Form::BinaryImm, Id::kIdAnd, 4, {d(masked), u(low_half(count))}).immediate = mask;
  VReg by = masked;
  if (right) {
    by = fresh(ValueType::I64);
    emit(Form::Unary, Id::kIdNeg, 8, {d(by), u(masked)});
  }
  const VReg counts = fresh(ValueType::V128);
  emit(Form::Unary, Id::kIdDup_v, of == kD2 ? 8 : 4, {d(counts), u(by)}).condition =
      lanes(of, kScalar);
  vector(vreg(current_), by_register, lanes(of), a, counts);
}

// Whether what the lanes are reduced to is zero or not.
void Selector::any_of(InstId reduce, Lanes of, Condition condition) {
  const VReg reduced = fresh(ValueType::F32);
  const auto bytes = static_cast<uint8_t>(1u << (of - kB16));
  emit(Form::Unary, reduce, bytes, {d(reduced), u(in_register(operand(0)))}).condition =
      lanes(kScalar, of);
  const VReg number = fresh(ValueType::I32);
  emit(Form::Unary, Id::kIdFmov_v, 4, {d(number), u(reduced)});
  emit(Form::CompareImm, Id::kIdCmp, 4, {u(number)});
  set(condition);
}

// --- lanes

bool Selector::select_simd_lanes() {
  const uint64_t lane = insn().immediate;
  const auto splat = [&](Lanes of) {
    const VReg from = in_register(operand(0));
    if (function_.type(operand(0)) == Type::F32 || function_.type(operand(0)) == Type::F64)
      emit(Form::FromLane, Id::kIdDup_v, 16, {d(vreg(current_)), u(from)}).condition = lanes(of);
    else
      emit(Form::Unary, Id::kIdDup_v, of == kD2 ? 8 : 4, {d(vreg(current_)), u(from)}).condition =
          lanes(of, kScalar);
  };
  const auto extract = [&](InstId id, uint8_t size, Lanes of) {
    const VReg from = in_register(operand(0));
    Instruction& insn = emit(Form::FromLane, id, size, {d(vreg(current_)), u(from)});
    insn.condition = lanes(kScalar, of);
    insn.immediate = lane;
  };
  const auto replace = [&](uint8_t size, Lanes of) {
    const VReg to = in_register(operand(0));
    const VReg value = in_register(operand(1));
    Instruction& insn =
        emit(Form::ToLane, Id::kIdIns_v, size, {tied_d(vreg(current_)), tied_u(to), u(value)});
    insn.condition = lanes(of);
    insn.immediate = lane;
  };
  switch (insn().op) {
    case Op::I8x16Splat:        splat(kB16); break;
    case Op::I16x8Splat:        splat(kH8); break;
    case Op::I32x4Splat:
    case Op::F32x4Splat:        splat(kS4); break;
    case Op::I64x2Splat:
    case Op::F64x2Splat:        splat(kD2); break;
    case Op::I8x16ExtractLaneU: extract(Id::kIdUmov_v, 4, kB16); break;
    case Op::I16x8ExtractLaneU: extract(Id::kIdUmov_v, 4, kH8); break;
    case Op::I8x16ExtractLaneS: extract(Id::kIdSmov_v, 4, kB16); break;
    case Op::I16x8ExtractLaneS: extract(Id::kIdSmov_v, 4, kH8); break;
    case Op::I32x4ExtractLane:  extract(Id::kIdUmov_v, 4, kS4); break;
    case Op::I64x2ExtractLane:  extract(Id::kIdUmov_v, 8, kD2); break;
    case Op::F32x4ExtractLane:  extract(Id::kIdDup_v, 4, kS4); break;
    case Op::F64x2ExtractLane:  extract(Id::kIdDup_v, 8, kD2); break;
    case Op::I8x16ReplaceLane:  replace(4, kB16); break;
    case Op::I16x8ReplaceLane:  replace(4, kH8); break;
    case Op::I32x4ReplaceLane:
    case Op::F32x4ReplaceLane:  replace(4, kS4); break;
    case Op::I64x2ReplaceLane:
    case Op::F64x2ReplaceLane:  replace(8, kD2); break;
    // Indices that are too large give zero.
    case Op::I8x16Swizzle:
    case Op::I8x16RelaxedSwizzle: {
      const VReg from = in_register(operand(0));
      vector(vreg(current_), Id::kIdTbl_v, lanes(kB16), from, in_register(operand(1)));
      break;
    }
    case Op::I8x16Shuffle: shuffle(); break;
    default:               return false;
  }
  return true;
}

// Each operand gives its lanes, and zeros for those of the other.
void Selector::shuffle() {
  const auto [of_a, of_b, uses_a, uses_b] = split_shuffle();
  const auto pick = [&](VReg to, Value from, wasm::V128 indices) {
    vector(to, Id::kIdTbl_v, lanes(kB16), in_register(from), vector_constant(indices));
    return to;
  };
  if (!uses_b) {
    pick(vreg(current_), operand(0), of_a);
  } else if (!uses_a) {
    pick(vreg(current_), operand(1), of_b);
  } else {
    const VReg from_a = pick(fresh(ValueType::V128), operand(0), of_a);
    const VReg from_b = pick(fresh(ValueType::V128), operand(1), of_b);
    vector(vreg(current_), Id::kIdOrr_v, lanes(kB16), from_a, from_b);
  }
}

// --- memory

bool Selector::select_simd_memory() {
  const auto may_fault = [&](Instruction& insn) -> Instruction& {
    if (this->insn().access().is_checked) insn.trap = 0;
    return insn;
  };
  const auto load_scalar = [&](VReg to, uint8_t bytes) {
    const Address from = address(operand(0), insn().access());
    may_fault(emit(Form::Load, Id::kIdLdr_v, bytes, {d(to)}, from)).condition = bytes;
    return to;
  };
  const auto extend = [&](InstId id, Lanes wide, Lanes narrow) {
    const VReg result = vreg(current_);
    const VReg loaded = load_scalar(fresh(ValueType::F64), 8);
    vector(result, id, lanes(wide, narrow), loaded);
  };
  const auto splat = [&](Lanes of) {
    const VReg result = vreg(current_);
    const Address from = address(operand(0), insn().access());
    may_fault(emit(Form::LoadSplat, Id::kIdLd1r_v, 16, {d(result)}, from)).condition = lanes(of);
  };
  const auto load_lane = [&](Lanes of) {
    const VReg to = in_register(operand(1));
    const Address from = address(operand(0), insn().access());
    Instruction& load = may_fault(
        emit(Form::LoadLane, Id::kIdLd1_v, 16, {tied_d(vreg(current_)), tied_u(to)}, from));
    load.condition = lanes(of);
    load.immediate = insn().access().lane;
  };
  const auto store_lane = [&](Lanes of) {
    const VReg value = in_register(operand(1));
    const Address to = address(operand(0), insn().access());
    Instruction& store = may_fault(emit(Form::StoreLane, Id::kIdSt1_v, 16, {u(value)}, to));
    store.condition = lanes(of);
    store.immediate = insn().access().lane;
  };
  switch (insn().op) {
    case Op::V128Load8x8S:    extend(Id::kIdSxtl_v, kH8, kB8); break;
    case Op::V128Load8x8U:    extend(Id::kIdUxtl_v, kH8, kB8); break;
    case Op::V128Load16x4S:   extend(Id::kIdSxtl_v, kS4, kH4); break;
    case Op::V128Load16x4U:   extend(Id::kIdUxtl_v, kS4, kH4); break;
    case Op::V128Load32x2S:   extend(Id::kIdSxtl_v, kD2, kS2); break;
    case Op::V128Load32x2U:   extend(Id::kIdUxtl_v, kD2, kS2); break;
    case Op::V128Load8Splat:  splat(kB16); break;
    case Op::V128Load16Splat: splat(kH8); break;
    case Op::V128Load32Splat: splat(kS4); break;
    case Op::V128Load64Splat: splat(kD2); break;
    case Op::V128Load32Zero:  load_scalar(vreg(current_), 4); break;
    case Op::V128Load64Zero:  load_scalar(vreg(current_), 8); break;
    case Op::V128Load8Lane:   load_lane(kB16); break;
    case Op::V128Load16Lane:  load_lane(kH8); break;
    case Op::V128Load32Lane:  load_lane(kS4); break;
    case Op::V128Load64Lane:  load_lane(kD2); break;
    case Op::V128Store8Lane:  store_lane(kB16); break;
    case Op::V128Store16Lane: store_lane(kH8); break;
    case Op::V128Store32Lane: store_lane(kS4); break;
    case Op::V128Store64Lane: store_lane(kD2); break;
    default:                  return false;
  }
  return true;
}

}  // namespace wrun::codegen::a64
