// Vector instructions (spec 4.3.5), with AVX: most are one instruction of the processor.
#include "codegen/x64/selector.hpp"

namespace wrun::codegen::x64 {

namespace {

using Op = ir::Op;

// How an instruction of wasm is one of the processor.
enum class Shape : uint8_t {
  None,
  Binary,    // op d, a, b
  Swapped,   // op d, b, a
  Unary,     // op d, a
  UnaryImm,  // op d, a, imm
  BinaryImm,
  NotSwapped,  // all bits of op d, b, a inverted
  Not,         // all bits of op d, a, b inverted
  Widen,       // op d, low half of a
  WidenHigh,   // op d, high half of a
  ExtMul,      // products of the widened low halves; `extra` is the multiplication
  ExtMulHigh,
  Negate,     // op d, 0, a
  Shift,      // by an amount modulo the bits of a lane, which are `immediate`
  Bounded,    // whether op a, b is a; `extra` is the comparison
  Unbounded,  // whether it is not
};

struct Row {
  Shape shape = Shape::None;
  uint8_t immediate = 0;
  InstId id = 0;
  InstId extra = 0;
};

Row row(Op op) {
  switch (op) {
#define WRUN_ROW(op, shape, id) \
  case Op::op: return {Shape::shape, 0, Id::kId##id, 0};
#define WRUN_ROW_IMM(op, shape, id, imm) \
  case Op::op: return {Shape::shape, imm, Id::kId##id, 0};
#define WRUN_ROW_EXTRA(op, shape, id, extra) \
  case Op::op: return {Shape::shape, 0, Id::kId##id, Id::kId##extra};
#include "codegen/x64/simd_rows.def"
#undef WRUN_ROW
#undef WRUN_ROW_IMM
#undef WRUN_ROW_EXTRA
    default: return {};
  }
}

}  // namespace

bool Selector::select_simd() {
  if (select_simd_row() || select_simd_lanes() || select_simd_memory() || select_simd_sequence())
    return true;
  switch (insn().op) {
    case Op::V128Not:
      emit(Form::Three, Id::kIdVpxor, 16, {d(vreg(current_)), u(in_register(operand(0)))},
           constant_source(wasm::V128{UINT64_MAX, UINT64_MAX}));
      break;
    case Op::V128Andnot:
      three(Id::kIdVpandn, vreg(current_), in_register(operand(1)), in_register(operand(0)));
      break;
    case Op::I8x16RelaxedLaneselect:
    case Op::I16x8RelaxedLaneselect:
    case Op::I32x4RelaxedLaneselect:
    case Op::I64x2RelaxedLaneselect:
    case Op::V128Bitselect:          {
      const VReg a = in_register(operand(0));
      const VReg b = in_register(operand(1));
      const VReg mask = in_register(operand(2));
      const VReg from_a = three(Id::kIdVpand, a, mask);
      const VReg from_b = three(Id::kIdVpandn, mask, b);
      three(Id::kIdVpor, vreg(current_), from_a, from_b);
      break;
    }
    case Op::V128AnyTrue: {
      const VReg a = in_register(operand(0));
      emit(Form::Compare, Id::kIdVptest, 16, {u(a), u(a)});
      set({.condition = Condition::NotEqual});
      break;
    }
    case Op::I8x16AllTrue: all_true(Id::kIdVpcmpeqb); break;
    case Op::I16x8AllTrue: all_true(Id::kIdVpcmpeqw); break;
    case Op::I32x4AllTrue: all_true(Id::kIdVpcmpeqd); break;
    case Op::I64x2AllTrue: all_true(Id::kIdVpcmpeqq); break;
    case Op::I8x16Bitmask: bitmask(Id::kIdVpmovmskb, in_register(operand(0))); break;
    case Op::I32x4Bitmask: bitmask(Id::kIdVmovmskps, in_register(operand(0))); break;
    case Op::I64x2Bitmask: bitmask(Id::kIdVmovmskpd, in_register(operand(0))); break;
    case Op::F32x4Abs:     mask_lanes(Id::kIdVpand, 0x7fffffff7fffffff); break;
    case Op::F64x2Abs:     mask_lanes(Id::kIdVpand, 0x7fffffffffffffff); break;
    case Op::F32x4Neg:     mask_lanes(Id::kIdVpxor, 0x8000000080000000); break;
    case Op::F64x2Neg:     mask_lanes(Id::kIdVpxor, 0x8000000000000000); break;
    case Op::F32x4Min:
    case Op::F32x4RelaxedMin:
      vector_minimum(Id::kIdVminps, Id::kIdVcmpps, Id::kIdVpsrld, 10);
      break;
    case Op::F64x2Min:
    case Op::F64x2RelaxedMin:
      vector_minimum(Id::kIdVminpd, Id::kIdVcmppd, Id::kIdVpsrlq, 13);
      break;
    case Op::F32x4Max:
    case Op::F32x4RelaxedMax:
      vector_maximum(Id::kIdVmaxps, Id::kIdVsubps, Id::kIdVcmpps, Id::kIdVpsrld, 10);
      break;
    case Op::F64x2Max:
    case Op::F64x2RelaxedMax:
      vector_maximum(Id::kIdVmaxpd, Id::kIdVsubpd, Id::kIdVcmppd, Id::kIdVpsrlq, 13);
      break;
    default: return false;
  }
  return true;
}

bool Selector::select_simd_row() {
  const Row found = row(insn().op);
  if (found.shape == Shape::None) return false;
  const VReg result = vreg(current_);
  const auto widen = [&](Value value, bool high) {
    VReg from = in_register(value);
    if (high) from = three(Id::kIdVpunpckhqdq, from, from);
    return from;
  };
  const auto widened = [&](Value value, bool high) {
    const VReg wide = fresh(ValueType::V128);
    emit(Form::Unary, found.id, 16, {d(wide), u(widen(value, high))});
    return wide;
  };
  switch (found.shape) {
    case Shape::Binary:
    case Shape::BinaryImm: {
      const Source right = source(operand(1), 16);
      const VReg left = in_register(operand(0));
      const bool has_immediate = found.shape == Shape::BinaryImm;
      emit(has_immediate ? Form::ThreeImm : Form::Three, found.id, 16, {d(result), u(left)}, right)
          .immediate = found.immediate;
      break;
    }
    case Shape::Swapped: {
      const Source right = source(operand(0), 16);
      const VReg left = in_register(operand(1));
      emit(Form::Three, found.id, 16, {d(result), u(left)}, right);
      break;
    }
    case Shape::Not:
    case Shape::NotSwapped: {
      const bool swapped = found.shape == Shape::NotSwapped;
      const VReg a = in_register(operand(swapped ? 1 : 0));
      const VReg b = in_register(operand(swapped ? 0 : 1));
      const VReg inverted = three(found.id, a, b);
      emit(Form::Three, Id::kIdVpxor, 16, {d(result), u(inverted)},
           constant_source(wasm::V128{UINT64_MAX, UINT64_MAX}));
      break;
    }
    case Shape::Unary: emit(Form::Unary, found.id, 16, {d(result)}, source(operand(0), 16)); break;
    case Shape::UnaryImm:
      emit(Form::UnaryImm, found.id, 16, {d(result)}, source(operand(0), 16)).immediate =
          found.immediate;
      break;
    case Shape::Widen:
    case Shape::WidenHigh:
      emit(Form::Unary, found.id, 16,
           {d(result), u(widen(operand(0), found.shape == Shape::WidenHigh))});
      break;
    case Shape::ExtMul:
    case Shape::ExtMulHigh: {
      const bool high = found.shape == Shape::ExtMulHigh;
      const VReg a = widened(operand(0), high);
      const VReg b = widened(operand(1), high);
      three(found.extra, result, a, b);
      break;
    }
    case Shape::Negate: {
      const VReg a = in_register(operand(0));
      three(found.id, result, zero_vector(), a);
      break;
    }
    case Shape::Bounded:
    case Shape::Unbounded: {
      const Source right = source(operand(1), 16);
      const VReg a = in_register(operand(0));
      const VReg bound = fresh(ValueType::V128);
      emit(Form::Three, found.id, 16, {d(bound), u(a)}, right);
      if (found.shape == Shape::Bounded) {
        three(found.extra, result, bound, a);
        break;
      }
      three_constant(Id::kIdVpxor, result, three(found.extra, bound, a), UINT64_MAX);
      break;
    }
    case Shape::Shift: {
      const VReg a = in_register(operand(0));
      const Value count = operand(1);
      const uint64_t mask = found.immediate - 1u;
      if (is_constant(count)) {
        emit(Form::UnaryImm, found.id, 16, {d(result), u(a)}).immediate =
            function_[count].immediate & mask;
        break;
      }
      const VReg by = count_in_vector(count, mask);
      three(found.id, result, a, by);
      break;
    }
    default: return false;
  }
  return true;
}

VReg Selector::three(InstId id, VReg a, VReg b) {
  const VReg result = fresh(ValueType::V128);
  three(id, result, a, b);
  return result;
}
void Selector::three(InstId id, VReg result, VReg a, VReg b) {
  emit(Form::Three, id, 16, {d(result), u(a), u(b)});
}

VReg Selector::three_constant(InstId id, VReg a, uint64_t lanes) {
  const VReg result = fresh(ValueType::V128);
  three_constant(id, result, a, lanes);
  return result;
}
void Selector::three_constant(InstId id, VReg result, VReg a, uint64_t lanes) {
  emit(Form::Three, id, 16, {d(result), u(a)}, constant_source(wasm::V128{lanes, lanes}));
}
VReg Selector::zero_vector() {
  const VReg zero = fresh(ValueType::V128);
  emit(Form::LoadConstant, Id::kIdVpxor, 16, {d(zero)});
  return zero;
}
VReg Selector::count_in_vector(Value count, uint64_t mask, uint64_t more) {
  VReg by = fresh(ValueType::I32);
  emit(Form::TiedImm, Id::kIdAnd, 4, {tied_d(by), tied_u(low_half(count))}).immediate = mask;
  if (more != 0) {
    const VReg sum = fresh(ValueType::I32);
    emit(Form::AddImm, Id::kIdAdd, 4, {d(sum), u(by)}).immediate = more;
    by = sum;
  }
  const VReg in_vector = fresh(ValueType::V128);
  emit(Form::Unary, Id::kIdVmovd, 4, {d(in_vector), u(by)});
  return in_vector;
}

void Selector::mask_lanes(InstId id, uint64_t mask) {
  three_constant(id, vreg(current_), in_register(operand(0)), mask);
}

void Selector::all_true(InstId compare) {
  const VReg a = in_register(operand(0));
  const VReg zeros = three(compare, a, zero_vector());
  emit(Form::Compare, Id::kIdVptest, 16, {u(zeros), u(zeros)});
  set({.condition = Condition::Equal});
}

void Selector::bitmask(InstId id, VReg from) {
  emit(Form::Unary, id, 4, {d(vreg(current_)), u(from)});
}

// The processor gives its second operand for zeros and NaNs: both orders together have the right bits.
void Selector::vector_minimum(InstId minimum, InstId compare, InstId shift, uint8_t bits) {
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  const VReg both = three(Id::kIdVpor, three(minimum, a, b), three(minimum, b, a));
  make_nans_quiet(both, compare, shift, bits);
}

void Selector::vector_maximum(InstId maximum, InstId subtract, InstId compare, InstId shift,
                              uint8_t bits) {
  const VReg a = in_register(operand(0));
  const VReg b = in_register(operand(1));
  const VReg one = three(maximum, a, b);
  const VReg difference = three(Id::kIdVpxor, three(maximum, b, a), one);
  const VReg both = three(subtract, three(Id::kIdVpor, one, difference), difference);
  make_nans_quiet(both, compare, shift, bits);
}

// NaNs become canonical ones, whatever their sign.
void Selector::make_nans_quiet(VReg value, InstId compare, InstId shift, uint8_t bits) {
  constexpr uint8_t kUnordered = 3;
  const VReg unordered = fresh(ValueType::V128);
  emit(Form::ThreeImm, compare, 16, {d(unordered), u(value), u(value)}).immediate = kUnordered;
  const VReg ones = three(Id::kIdVpor, value, unordered);
  const VReg payload = fresh(ValueType::V128);
  emit(Form::UnaryImm, shift, 16, {d(payload), u(unordered)}).immediate = bits;
  three(Id::kIdVpandn, vreg(current_), payload, ones);
}

// --- lanes

bool Selector::select_simd_lanes() {
  const VReg result = vregs_[current_.index].exists() ? vreg(current_) : kNoVReg;
  const auto lane = insn().immediate;
  const auto splat = [&](InstId to_vector, InstId broadcast) {
    const VReg scalar = fresh(ValueType::V128);
    emit(Form::Unary, to_vector, to_vector == Id::kIdVmovq ? 8 : 4,
         {d(scalar), u(in_register(operand(0)))});
    emit(Form::Unary, broadcast, 16, {d(result), u(scalar)});
  };
  const auto extract = [&](InstId id, uint8_t size) {
    emit(Form::Extract, id, size, {d(result), u(in_register(operand(0)))}).immediate = lane;
  };
  const auto extract_signed = [&](InstId id, uint8_t bytes) {
    const VReg narrow = fresh(ValueType::I32);
    emit(Form::Extract, id, 4, {d(narrow), u(in_register(operand(0)))}).immediate = lane;
    emit(Form::Unary, Id::kIdMovsx, 4, {d(result), u(narrow)}).condition = bytes;
  };
  const auto replace = [&](InstId id, uint8_t size, uint64_t immediate) {
    const VReg to = in_register(operand(0));
    const VReg value = in_register(operand(1));
    emit(Form::Insert, id, size, {d(result), u(to), u(value)}).immediate = immediate;
  };
  switch (insn().op) {
    case Op::I8x16Splat: splat(Id::kIdVmovd, Id::kIdVpbroadcastb); break;
    case Op::I16x8Splat: splat(Id::kIdVmovd, Id::kIdVpbroadcastw); break;
    case Op::I32x4Splat: splat(Id::kIdVmovd, Id::kIdVpbroadcastd); break;
    case Op::I64x2Splat: splat(Id::kIdVmovq, Id::kIdVpbroadcastq); break;
    case Op::F32x4Splat:
      emit(Form::Unary, Id::kIdVbroadcastss, 16, {d(result), u(in_register(operand(0)))});
      break;
    case Op::F64x2Splat:
      emit(Form::Unary, Id::kIdVmovddup, 16, {d(result), u(in_register(operand(0)))});
      break;
    case Op::I8x16ExtractLaneU: extract(Id::kIdVpextrb, 4); break;
    case Op::I16x8ExtractLaneU: extract(Id::kIdVpextrw, 4); break;
    case Op::I8x16ExtractLaneS: extract_signed(Id::kIdVpextrb, 1); break;
    case Op::I16x8ExtractLaneS: extract_signed(Id::kIdVpextrw, 2); break;
    case Op::I32x4ExtractLane:  extract(Id::kIdVpextrd, 4); break;
    case Op::I64x2ExtractLane:  extract(Id::kIdVpextrq, 8); break;
    case Op::F32x4ExtractLane:
      emit(Form::UnaryImm, Id::kIdVpshufd, 16, {d(result), u(in_register(operand(0)))}).immediate =
          lane;
      break;
    case Op::F64x2ExtractLane: {
      const VReg from = in_register(operand(0));
      three(lane == 0 ? Id::kIdVpunpcklqdq : Id::kIdVpunpckhqdq, result, from, from);
      break;
    }
    case Op::I8x16ReplaceLane: replace(Id::kIdVpinsrb, 4, lane); break;
    case Op::I16x8ReplaceLane: replace(Id::kIdVpinsrw, 4, lane); break;
    case Op::I32x4ReplaceLane: replace(Id::kIdVpinsrd, 4, lane); break;
    case Op::I64x2ReplaceLane: replace(Id::kIdVpinsrq, 8, lane); break;
    case Op::F32x4ReplaceLane: replace(Id::kIdVinsertps, 4, lane << 4); break;
    case Op::F64x2ReplaceLane: {
      const VReg to = in_register(operand(0));
      const VReg value = in_register(operand(1));
      three(lane == 0 ? Id::kIdVmovsd : Id::kIdVunpcklpd, result, to, value);
      break;
    }
    case Op::I8x16Swizzle:
    case Op::I8x16RelaxedSwizzle: {
      // Indices from 16 on become such that the processor gives zero for.
      const VReg from = in_register(operand(0));
      const VReg indices = fresh(ValueType::V128);
      emit(Form::Three, Id::kIdVpaddusb, 16, {d(indices), u(in_register(operand(1)))},
           constant_source(wasm::V128{0x7070707070707070, 0x7070707070707070}));
      three(Id::kIdVpshufb, result, from, indices);
      break;
    }
    case Op::I8x16Shuffle: shuffle(); break;
    default:               return false;
  }
  return true;
}

void Selector::shuffle() {
  const auto [of_a, of_b, uses_a, uses_b] = split_shuffle();
  const auto pick = [&](Value from, wasm::V128 mask) {
    const VReg picked = fresh(ValueType::V128);
    emit(Form::Three, Id::kIdVpshufb, 16, {d(picked), u(in_register(from))}, constant_source(mask));
    return picked;
  };
  const VReg from_a = pick(operand(0), of_a);
  const VReg from_b = pick(operand(1), of_b);
  three(Id::kIdVpor, vreg(current_), from_a, from_b);
}

// --- memory

bool Selector::select_simd_memory() {
  const auto load_as = [&](InstId id, uint8_t bytes) { load(id, 16, bytes); };
  const auto load_lane = [&](InstId id, uint8_t bytes) {
    const VReg to = in_register(operand(1));
    const Address from = address(operand(0), insn().access());
    Instruction& load = emit(Form::InsertMemory, id, bytes, {d(vreg(current_)), u(to)}, from);
    load.immediate = insn().access().lane;
    if (insn().access().is_checked) load.trap = 0;
  };
  const auto store_lane = [&](InstId id, uint8_t bytes) {
    const VReg value = in_register(operand(1));
    const Address to = address(operand(0), insn().access());
    Instruction& store = emit(Form::ExtractMemory, id, bytes, {u(value)}, to);
    store.immediate = insn().access().lane;
    if (insn().access().is_checked) store.trap = 0;
  };
  switch (insn().op) {
    case Op::V128Load8x8S:    load_as(Id::kIdVpmovsxbw, 8); break;
    case Op::V128Load8x8U:    load_as(Id::kIdVpmovzxbw, 8); break;
    case Op::V128Load16x4S:   load_as(Id::kIdVpmovsxwd, 8); break;
    case Op::V128Load16x4U:   load_as(Id::kIdVpmovzxwd, 8); break;
    case Op::V128Load32x2S:   load_as(Id::kIdVpmovsxdq, 8); break;
    case Op::V128Load32x2U:   load_as(Id::kIdVpmovzxdq, 8); break;
    case Op::V128Load8Splat:  load_as(Id::kIdVpbroadcastb, 1); break;
    case Op::V128Load16Splat: load_as(Id::kIdVpbroadcastw, 2); break;
    case Op::V128Load32Splat: load_as(Id::kIdVbroadcastss, 4); break;
    case Op::V128Load64Splat: load_as(Id::kIdVmovddup, 8); break;
    case Op::V128Load32Zero:  load_as(Id::kIdVmovss, 4); break;
    case Op::V128Load64Zero:  load_as(Id::kIdVmovsd, 8); break;
    case Op::V128Load8Lane:   load_lane(Id::kIdVpinsrb, 1); break;
    case Op::V128Load16Lane:  load_lane(Id::kIdVpinsrw, 2); break;
    case Op::V128Load32Lane:  load_lane(Id::kIdVpinsrd, 4); break;
    case Op::V128Load64Lane:  load_lane(Id::kIdVpinsrq, 8); break;
    case Op::V128Store8Lane:  store_lane(Id::kIdVpextrb, 1); break;
    case Op::V128Store16Lane: store_lane(Id::kIdVpextrw, 2); break;
    case Op::V128Store32Lane: store_lane(Id::kIdVpextrd, 4); break;
    case Op::V128Store64Lane: store_lane(Id::kIdVpextrq, 8); break;
    default:                  return false;
  }
  return true;
}

}  // namespace wrun::codegen::x64
