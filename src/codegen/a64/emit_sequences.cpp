// Instructions of wasm for which the processor has none.
#include "codegen/a64/emitter.hpp"

namespace wrun::codegen::a64 {

using namespace asmjit::a64::regs;
using Inst = asmjit::a64::Inst;

namespace {

// Never allocated.
const Vec kScratch = asmjit::a64::VecV(kConvention.scratch.number());

}  // namespace

void Emitter::load_constant(const Instruction& insn) {
  const Reg to = at(insn, 0).reg();
  if (to.reg_class() == RegClass::Integer)
    return asm_.load_constant(a64::gp(to, insn.size), insn.immediate);
  if (insn.immediate == 0) {
    asm_.emit(Inst::kIdMovi_v, vec(to).d2(), asmjit::Imm(0));
    return;
  }
  const Gp bits = insn.size == 4 ? Gp(kTemp.w()) : Gp(kTemp);
  asm_.load_constant(bits, insn.immediate);
  asm_.emit(Inst::kIdFmov_v, view(to, insn.size), bits);
}

// What is in the register is what it shall be.
void Emitter::copy(const Instruction& insn) {
  const Location from = at(insn, 1);
  if (from == at(insn, 0)) return;
  if (from.is_slot())
    asm_.ldr(gp(insn, 0, insn.size), slot(from, insn.size));
  else
    asm_.mov(gp(insn, 0, insn.size), gp(insn, 1, insn.size));
}

void Emitter::select(const Instruction& insn) {
  asm_.emit(insn.op, view(insn, 0, insn.size), view(insn, 1, insn.size), view(insn, 2, insn.size),
            asmjit::Imm(static_cast<uint32_t>(insn.condition)));
}

void Emitter::select_vector(const Instruction& insn) {
  const Label skip = asm_.newLabel();
  asm_.branch_if(static_cast<uint8_t>(negate(static_cast<Condition>(insn.condition))), skip);
  asm_.emit(Inst::kIdMov_v, vec(insn, 0).b16(), vec(insn, 2).b16());
  asm_.bind(skip);
}

void Emitter::count_ones(const Instruction& insn) {
  asm_.emit(Inst::kIdFmov_v, view(kConvention.scratch, insn.size), gp(insn, 1, insn.size));
  asm_.emit(Inst::kIdCnt_v, kScratch.b8(), kScratch.b8());
  asm_.emit(Inst::kIdAddv_v, kScratch.b(), kScratch.b8());
  asm_.emit(Inst::kIdFmov_v, gp(insn, 0, 4), kScratch.s());
}

void Emitter::rotate_left(const Instruction& insn) {
  const Gp by = insn.size == 4 ? Gp(kTemp.w()) : Gp(kTemp);
  asm_.neg(by, gp(insn, 2, insn.size));
  asm_.ror(gp(insn, 0, insn.size), gp(insn, 1, insn.size), by);
}

void Emitter::divide(const Instruction& insn) {
  const uint32_t size = insn.size;
  const Gp result = gp(insn, 0, size);
  const Gp a = gp(insn, 1, size);
  const Gp b = gp(insn, 2, size);
  if ((insn.immediate & divide::MayBeZero) != 0) asm_.cbz(b, trap_label_of(insn));
  if ((insn.immediate & divide::MayOverflow) != 0) {
    // The least number less one overflows; it is looked at only if the divisor is -1.
    asm_.cmn(b, asmjit::Imm(1));
    asm_.ccmp(a, asmjit::Imm(1), asmjit::Imm(0),
              asmjit::Imm(static_cast<uint32_t>(Condition::Equal)));
    asm_.branch_if(static_cast<uint8_t>(Condition::Overflow),
                   trap_label(TrapCode::IntegerOverflow, origin_of(insn)));
  }
  const asmjit::InstId id = (insn.immediate & divide::Signed) != 0 ? Inst::kIdSdiv : Inst::kIdUdiv;
  if ((insn.immediate & divide::Remainder) == 0) {
    asm_.emit(id, result, a, b);
    return;
  }
  const Gp quotient = size == 4 ? Gp(kTemp.w()) : Gp(kTemp);
  asm_.emit(id, quotient, a, b);
  asm_.msub(result, quotient, b, a);
}

// The sign is taken in under a mask.
void Emitter::copysign(const Instruction& insn) {
  if (insn.size == 4) {
    asm_.emit(Inst::kIdMovi_v, kScratch.s2(), asmjit::Imm(0x80), shift_by(arm::ShiftOp::kLSL, 24));
  } else {
    asm_.emit(Inst::kIdMovi_v, kScratch.d2(), asmjit::Imm(0));
    asm_.emit(Inst::kIdFneg_v, kScratch.d2(), kScratch.d2());
  }
  asm_.emit(Inst::kIdBit_v, vec(insn, 0).b8(), vec(insn, 2).b8(), kScratch.b8());
}

void Emitter::truncate(const Instruction& insn) {
  const Label failed = asm_.newLabel();
  if ((insn.condition & truncate::To64) != 0)
    truncate_to_64(insn, failed);
  else
    truncate_to_32(insn, failed);
  Cold& cold = cold_.emplace_back();
  cold.entry = failed;
  cold.insn = static_cast<uint32_t>(&insn - machine_.instructions.data());
}

// By way of 64 bits, of which the result are 32.
void Emitter::truncate_to_32(const Instruction& insn, const Label& failed) {
  const bool is_signed = (insn.condition & truncate::Signed) != 0;
  const asmjit::Operand a = view(insn, 1, (insn.condition & truncate::From64) != 0 ? 8 : 4);
  asm_.emit(Inst::kIdFcmp_v, a, a);
  asm_.branch_if(static_cast<uint8_t>(Condition::Overflow), failed);
  asm_.emit(Inst::kIdFcvtzs_v, kTemp, a);
  asm_.cmp(kTemp, kTemp, shift_by(is_signed ? arm::ShiftOp::kSXTW : arm::ShiftOp::kUXTW, 0));
  asm_.branch_if(static_cast<uint8_t>(Condition::NotEqual), failed);
  asm_.mov(gp(insn, 0, 4), kTemp.w());
}

// Between bounds, of which the lower one is allowed if the result is signed.
void Emitter::truncate_to_64(const Instruction& insn, const Label& failed) {
  const bool is_signed = (insn.condition & truncate::Signed) != 0;
  const bool from_64 = (insn.condition & truncate::From64) != 0;
  const uint32_t size = from_64 ? 8 : 4;
  const asmjit::Operand a = view(insn, 1, size);
  const asmjit::Operand bound = view(kConvention.scratch, size);
  const Gp bits = from_64 ? Gp(kTemp) : Gp(kTemp.w());
  const auto compare = [&](uint64_t in_32, uint64_t in_64, Condition fails) {
    asm_.load_constant(bits, from_64 ? in_64 : in_32);
    asm_.emit(Inst::kIdFmov_v, bound, bits);
    asm_.emit(Inst::kIdFcmp_v, a, bound);
    asm_.branch_if(static_cast<uint8_t>(fails), failed);
  };
  if (is_signed) {
    compare(0x5f000000, 0x43e0000000000000, Condition::Plus);  // 2^63, or unordered
    compare(0xdf000000, 0xc3e0000000000000, Condition::Less);
    asm_.emit(Inst::kIdFcvtzs_v, gp(insn, 0, 8), a);
  } else {
    compare(0x5f800000, 0x43f0000000000000, Condition::Plus);  // 2^64
    compare(0xbf800000, 0xbff0000000000000, Condition::LessEqual);
    asm_.emit(Inst::kIdFcvtzu_v, gp(insn, 0, 8), a);
  }
}

void Emitter::explain_truncation(const Cold& cold) {
  const Instruction& insn = machine_.instructions[cold.insn];
  const asmjit::Operand a = view(insn, 1, (insn.condition & truncate::From64) != 0 ? 8 : 4);
  const ir::Origin origin = origin_of(insn);
  asm_.emit(Inst::kIdFcmp_v, a, a);
  asm_.branch_if(static_cast<uint8_t>(Condition::Overflow),
                 trap_label(TrapCode::InvalidConversionToInteger, origin));
  trap_site(TrapCode::IntegerOverflow, origin);
  emit_trap();
}

void Emitter::bitmask_64(const Instruction& insn) {
  const Vec from = vec(insn, 1);
  asm_.emit(Inst::kIdUmov_v, kTemp, from.d(0));
  asm_.emit(Inst::kIdUmov_v, kTemp2, from.d(1));
  asm_.lsr(kTemp, kTemp, asmjit::Imm(63));
  asm_.lsr(kTemp2, kTemp2, asmjit::Imm(63));
  asm_.add(gp(insn, 0, 4), kTemp.w(), kTemp2.w(), shift_by(arm::ShiftOp::kLSL, 1));
}

// --- atomic accesses

namespace {

struct Accesses {
  asmjit::InstId load, store, load_exclusive;
};
Accesses accesses_of(uint32_t bytes) {
  switch (bytes) {
    case 1:  return {Inst::kIdLdarb, Inst::kIdStlrb, Inst::kIdLdaxrb};
    case 2:  return {Inst::kIdLdarh, Inst::kIdStlrh, Inst::kIdLdaxrh};
    default: return {Inst::kIdLdar, Inst::kIdStlr, Inst::kIdLdaxr};
  }
}

}  // namespace

void Emitter::atomic_load(const Instruction& insn) {
  const Gp place = address(insn, 1);
  if (insn.trap != 0) trap_site(insn);
  asm_.emit(accesses_of(insn.size).load, gp(insn, 0, insn.size), asmjit::a64::ptr(place));
}

void Emitter::atomic_store(const Instruction& insn) {
  const Gp place = address(insn, 1);
  if (insn.trap != 0) trap_site(insn);
  asm_.emit(accesses_of(insn.size).store, gp(insn, 0, insn.size), asmjit::a64::ptr(place));
}

// Operands: what there was, temporary, operand.
void Emitter::atomic_update(const Instruction& insn) {
  const Accesses accesses = accesses_of(insn.size);
  const Gp place = address(insn, 3);
  const Gp old = gp(insn, 0, insn.size);
  Gp updated = gp(insn, 1, insn.size);
  const Gp operand = gp(insn, 2, insn.size);
  const Label again = asm_.newLabel();
  asm_.bind(again);
  if (insn.trap != 0) trap_site(insn);
  asm_.emit(accesses.load_exclusive, old, asmjit::a64::ptr(place));
  if (insn.op == Inst::kIdNone)
    updated = operand;
  else
    asm_.emit(insn.op, updated, old, operand);
  asm_.store_exclusive(kTemp2, updated, place, insn.size);
  asm_.cbnz(kTemp2.w(), again);
}

// Operands: what there was, expected, replacement. Of a narrow access the expected bits above are nothing.
void Emitter::compare_exchange(const Instruction& insn) {
  const Accesses accesses = accesses_of(insn.size);
  const Gp place = address(insn, 3);
  const Gp old = gp(insn, 0, insn.size);
  const Gp expected = gp(insn, 1, insn.size);
  const Label again = asm_.newLabel();
  const Label differs = asm_.newLabel();
  asm_.bind(again);
  if (insn.trap != 0) trap_site(insn);
  asm_.emit(accesses.load_exclusive, old, asmjit::a64::ptr(place));
  if (insn.size < 4)
    asm_.cmp(old, expected,
             shift_by(insn.size == 1 ? arm::ShiftOp::kUXTB : arm::ShiftOp::kUXTH, 0));
  else
    asm_.cmp(old, expected);
  asm_.branch_if(static_cast<uint8_t>(Condition::NotEqual), differs);
  asm_.store_exclusive(kTemp2, gp(insn, 2, insn.size), place, insn.size);
  asm_.cbnz(kTemp2.w(), again);
  asm_.bind(differs);
}

}  // namespace wrun::codegen::a64
