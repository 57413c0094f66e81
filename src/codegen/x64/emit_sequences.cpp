// Instructions of wasm for which the processor has none.
#include "codegen/x64/emitter.hpp"

namespace wrun::codegen::x64 {

namespace x86 = asmjit::x86;

void Emitter::add(const Instruction& insn) {
  const Gp d = gp(insn, 0, insn.size);
  const Gp a = gp(insn, 1, insn.size);
  const Gp b = gp(insn, 2, insn.size);
  if (at(insn, 0) == at(insn, 1))
    asm_.add(d, b);
  else if (at(insn, 0) == at(insn, 2))
    asm_.add(d, a);
  else
    asm_.lea(d, x86::ptr(gp(insn, 1, 8), gp(insn, 2, 8)));
}

void Emitter::add_immediate(const Instruction& insn) {
  const auto value = static_cast<int32_t>(insn.immediate);
  const Gp d = gp(insn, 0, insn.size);
  if (at(insn, 0) == at(insn, 1)) {
    // -128 has a shorter encoding than 128.
    if (value == 128)
      asm_.sub(d, -128);
    else
      asm_.add(d, value);
  } else {
    asm_.lea(d, x86::ptr(gp(insn, 1, 8), value));
  }
}

// Whether nobody reads the flags that the instructions before this one have left.
bool Emitter::flags_are_free(uint32_t index) const {
  while (++index < machine_.instructions.size()) {
    const Instruction& next = machine_.instructions[index];
    if (is_common(next)) {
      switch (static_cast<CommonForm>(next.extra)) {
        case CommonForm::StoreWord:
        case CommonForm::LoadWord:
        case CommonForm::ReserveStack:      continue;
        case CommonForm::Jump:
        case CommonForm::Switch:
        case CommonForm::Invoke:
        case CommonForm::CallDirect:
        case CommonForm::CallForeign:
        case CommonForm::CallReference:
        case CommonForm::CallRuntime:
        case CommonForm::TailCallDirect:
        case CommonForm::TailCallForeign:
        case CommonForm::TailCallReference:
        case CommonForm::Return:            return true;
        default:                            return false;
      }
    }
    switch (static_cast<Form>(next.extra)) {
      case Form::LoadConstant:
      case Form::Copy:
      case Form::Unary:
      case Form::Three:
      case Form::Lea:
      case Form::Store:
      case Form::StoreImm:     break;
      case Form::Tied:         return next.op != x86::Inst::kIdAdc && next.op != x86::Inst::kIdSbb;
      // These do not stand between flags and their readers.
      case Form::TiedImm:
      case Form::TiedCl:
      case Form::Compare:
      case Form::CompareImm:
      case Form::Add:
      case Form::AddImm:
      case Form::Divide:     return true;
      default:               return false;
    }
  }
  return false;
}

// Leaves the flags alone: it may stand between a comparison and its user.
void Emitter::load_constant(uint32_t index) {
  const Instruction& insn = machine_.instructions[index];
  if (insn.op == x86::Inst::kIdMfence) {
    asm_.mfence();
  } else if (insn.op == x86::Inst::kIdVpxor) {
    asm_.vpxor(xmm(insn, 0), xmm(insn, 0), xmm(insn, 0));
  } else if (insn.immediate == 0 && flags_are_free(index)) {
    asm_.xor_(gp(insn, 0, 4), gp(insn, 0, 4));
  } else if (insn.size == 4 || insn.immediate <= UINT32_MAX) {
    asm_.mov(gp(insn, 0, 4), static_cast<uint32_t>(insn.immediate));
  } else {
    asm_.mov(gp(insn, 0, 8), static_cast<int64_t>(insn.immediate));
  }
}

void Emitter::conditional_move(const Instruction& insn) {
  const auto condition = static_cast<Condition>(insn.condition);
  const bool or_parity = insn.immediate != 0;
  const auto jcc = [](Condition c) {
    return x86::Inst::jccFromCond(static_cast<x86::CondCode>(c));
  };
  if (at(insn, 0).reg().reg_class() == RegClass::Integer) {
    const Gp to = gp(insn, 0, insn.size);
    const Gp from = gp(insn, 2, insn.size);
    asm_.emit(x86::Inst::cmovccFromCond(static_cast<x86::CondCode>(condition)), to, from);
    if (or_parity) asm_.cmovp(to, from);
    return;
  }
  const Label skip = asm_.newLabel();
  const Label move = asm_.newLabel();
  if (or_parity) {
    asm_.emit(jcc(condition), move);
    asm_.jnp(skip);
  } else {
    asm_.emit(jcc(negate(condition)), skip);
  }
  asm_.bind(move);
  asm_.vmovaps(xmm(insn, 0), xmm(insn, 2));
  asm_.bind(skip);
}

// Operands: rax, temporary, operand. Bytes and words have zeros above in rax, whatever is there in memory.
void Emitter::atomic_update(const Instruction& insn) {
  const Mem place = memory(insn, 3, insn.size);
  const uint32_t width = insn.size == 8 ? 8 : 4;
  const Gp updated = gp(insn, 1, width);
  const Label again = asm_.newLabel();
  if (insn.size < 4)
    asm_.movzx(x86::eax, place);
  else
    asm_.mov(gp(insn, 0, width), place);
  asm_.bind(again);
  asm_.mov(updated, gp(insn, 0, width));
  asm_.emit(insn.op, updated, gp(insn, 2, width));
  asm_.lock().cmpxchg(place, gp(insn, 1, insn.size), gp(insn, 0, insn.size));
  asm_.jne(again);
}

// Operands: rax, rdx, rax, divisor.
void Emitter::divide(uint32_t index) {
  const Instruction& insn = machine_.instructions[index];
  const Gp divisor = gp(insn, 3, insn.size);
  const bool is_signed = (insn.immediate & divide::Signed) != 0;
  if (!is_signed) {
    asm_.xor_(x86::edx, x86::edx);
    trap_site(trap_of(insn), origin_of(insn));
    asm_.div(divisor);
    return;
  }
  Cold cold = {.entry = asm_.newLabel(), .back = asm_.newLabel(), .insn = index};
  const bool may_be_minus_one = (insn.immediate & divide::MayBeMinusOne) != 0;
  if (may_be_minus_one) {
    asm_.cmp(divisor, -1);
    asm_.je(cold.entry);
  }
  if (insn.size == 4)
    asm_.cdq();
  else
    asm_.cqo();
  trap_site(trap_of(insn), origin_of(insn));
  asm_.idiv(divisor);
  if (may_be_minus_one) {
    asm_.bind(cold.back);
    cold_.push_back(cold);
  }
}

void Emitter::divide_by_minus_one(const Cold& cold) {
  const Instruction& insn = machine_.instructions[cold.insn];
  if ((insn.immediate & divide::Remainder) != 0) {
    asm_.xor_(x86::edx, x86::edx);
  } else {
    asm_.neg(insn.size == 4 ? Gp(x86::eax) : Gp(x86::rax));
    asm_.jo(trap_label(TrapCode::IntegerOverflow, origin_of(insn)));
  }
  asm_.jmp(cold.back);
}

// The instruction is right for operands that differ and are ordered.
void Emitter::float_minimum(uint32_t index) {
  const Instruction& insn = machine_.instructions[index];
  const bool is_min = static_cast<Form>(insn.extra) == Form::FloatMin;
  const bool is_32 = insn.size == 4;
  const Cold cold = {.entry = asm_.newLabel(), .back = asm_.newLabel(), .insn = index};
  asm_.emit(is_32 ? x86::Inst::kIdVucomiss : x86::Inst::kIdVucomisd, xmm(insn, 1), xmm(insn, 2));
  asm_.je(cold.entry);  // unordered as well
  const asmjit::InstId id = is_min ? (is_32 ? x86::Inst::kIdVminss : x86::Inst::kIdVminsd)
                                   : (is_32 ? x86::Inst::kIdVmaxss : x86::Inst::kIdVmaxsd);
  asm_.emit(id, xmm(insn, 0), xmm(insn, 1), xmm(insn, 2));
  asm_.bind(cold.back);
  cold_.push_back(cold);
}

// Zeros of both signs, or a NaN, which the sum of the two is.
void Emitter::float_equal(const Cold& cold) {
  const Instruction& insn = machine_.instructions[cold.insn];
  const bool is_min = static_cast<Form>(insn.extra) == Form::FloatMin;
  const Label unordered = asm_.newLabel();
  asm_.jp(unordered);
  asm_.emit(is_min ? x86::Inst::kIdVorps : x86::Inst::kIdVandps, xmm(insn, 0), xmm(insn, 1),
            xmm(insn, 2));
  asm_.jmp(cold.back);
  asm_.bind(unordered);
  asm_.emit(insn.size == 4 ? x86::Inst::kIdVaddss : x86::Inst::kIdVaddsd, xmm(insn, 0),
            xmm(insn, 1), xmm(insn, 2));
  asm_.jmp(cold.back);
}

// Operands: result, integer and float temporary, operand. The conversion to 64 bits tells by its result
// whether the operand was in the range of the result.
void Emitter::truncate(uint32_t index) {
  const Instruction& insn = machine_.instructions[index];
  const uint8_t kind = insn.condition;
  const Cold cold = {.entry = asm_.newLabel(), .back = asm_.newLabel(), .insn = index};
  const Gp d = gp(insn, 0, 8);
  const Gp t = gp(insn, 1, 8);
  asm_.emit((kind & truncate::From64) != 0 ? x86::Inst::kIdVcvttsd2si : x86::Inst::kIdVcvttss2si, d,
            xmm(insn, 3));
  if ((kind & truncate::To64) == 0) {
    if ((kind & truncate::Signed) != 0)
      asm_.movsxd(t, d.r32());
    else
      asm_.mov(t.r32(), d.r32());
    asm_.cmp(t, d);
    asm_.jne(cold.entry);
    if ((kind & truncate::Signed) != 0) asm_.mov(d.r32(), d.r32());
  } else if ((kind & truncate::Signed) != 0) {
    asm_.cmp(d, 1);
    asm_.jo(cold.entry);
  } else {
    asm_.test(d, d);
    asm_.js(cold.entry);
  }
  asm_.bind(cold.back);
  cold_.push_back(cold);
}

void Emitter::truncate_slowly(const Cold& cold) {
  const Instruction& insn = machine_.instructions[cold.insn];
  const uint8_t kind = insn.condition;
  const bool to_64 = (kind & truncate::To64) != 0;
  const bool is_signed = (kind & truncate::Signed) != 0;
  if (to_64 && !is_signed) return truncate_to_unsigned64(cold);
  const bool from_64 = (kind & truncate::From64) != 0;
  const Gp d = gp(insn, 0, 8);
  const Gp t = gp(insn, 1, 8);
  const x86::Xmm f = xmm(insn, 2);
  const x86::Xmm a = xmm(insn, 3);
  const asmjit::InstId compare = from_64 ? x86::Inst::kIdVucomisd : x86::Inst::kIdVucomiss;
  asm_.emit(compare, a, a);
  if ((kind & truncate::Saturating) == 0) {
    asm_.jp(trap_label(TrapCode::InvalidConversionToInteger, origin_of(insn)));
    if (to_64) {
      // The least integer is right for just one operand.
      asm_.mov(t,
               from_64 ? int64_t{static_cast<int64_t>(0xc3e0000000000000)} : int64_t{0xdf000000});
      asm_.vmovq(f, t);
      asm_.emit(compare, a, f);
      asm_.je(cold.back);
    }
    trap_site(TrapCode::IntegerOverflow, origin_of(insn));
    asm_.ud2();
    return;
  }
  const Label nan = asm_.newLabel();
  const Label negative = asm_.newLabel();
  asm_.jp(nan);
  asm_.vpxor(f, f, f);
  asm_.emit(compare, a, f);
  asm_.jb(negative);
  if (to_64)
    asm_.mov(d, INT64_MAX);
  else
    asm_.mov(d.r32(), is_signed ? 0x7fffffffu : 0xffffffffu);
  asm_.jmp(cold.back);
  asm_.bind(negative);
  if (is_signed) {
    if (to_64)
      asm_.mov(d, INT64_MIN);
    else
      asm_.mov(d.r32(), 0x80000000u);
    asm_.jmp(cold.back);
  }
  asm_.bind(nan);
  asm_.xor_(d.r32(), d.r32());
  asm_.jmp(cold.back);
}

// From 2^63 on, 2^63 is subtracted first.
void Emitter::truncate_to_unsigned64(const Cold& cold) {
  const Instruction& insn = machine_.instructions[cold.insn];
  const bool saturating = (insn.condition & truncate::Saturating) != 0;
  const bool from_64 = (insn.condition & truncate::From64) != 0;
  const Gp d = gp(insn, 0, 8);
  const Gp t = gp(insn, 1, 8);
  const x86::Xmm f = xmm(insn, 2);
  const x86::Xmm a = xmm(insn, 3);
  const Label nan = saturating ? asm_.newLabel()
                               : trap_label(TrapCode::InvalidConversionToInteger, origin_of(insn));
  const Label small = saturating ? nan : trap_label(TrapCode::IntegerOverflow, origin_of(insn));
  const Label large = saturating ? asm_.newLabel() : small;
  asm_.mov(t, from_64 ? int64_t{0x43e0000000000000} : int64_t{0x5f000000});
  asm_.vmovq(f, t);
  asm_.emit(from_64 ? x86::Inst::kIdVucomisd : x86::Inst::kIdVucomiss, a, f);
  asm_.jp(nan);
  asm_.jb(small);
  asm_.emit(from_64 ? x86::Inst::kIdVsubsd : x86::Inst::kIdVsubss, f, a, f);
  asm_.emit(from_64 ? x86::Inst::kIdVcvttsd2si : x86::Inst::kIdVcvttss2si, d, f);
  asm_.test(d, d);
  asm_.js(large);
  asm_.btc(d, 63);
  asm_.jmp(cold.back);
  if (!saturating) return;
  asm_.bind(nan);
  asm_.xor_(d.r32(), d.r32());
  asm_.jmp(cold.back);
  asm_.bind(large);
  asm_.mov(d, -1);
  asm_.jmp(cold.back);
}

// Operands: result, integer temporary, operand.
void Emitter::convert_unsigned64(uint32_t index) {
  const Instruction& insn = machine_.instructions[index];
  const Cold cold = {.entry = asm_.newLabel(), .back = asm_.newLabel(), .insn = index};
  const x86::Xmm d = xmm(insn, 0);
  const Gp a = gp(insn, 2, 8);
  asm_.vpxor(d, d, d);
  asm_.test(a, a);
  asm_.js(cold.entry);
  asm_.emit(insn.size == 4 ? x86::Inst::kIdVcvtsi2ss : x86::Inst::kIdVcvtsi2sd, d, d, a);
  asm_.bind(cold.back);
  cold_.push_back(cold);
}

// Half of it, with the lost bit kept for rounding, is converted and doubled.
void Emitter::convert_large_unsigned64(const Cold& cold) {
  const Instruction& insn = machine_.instructions[cold.insn];
  const x86::Xmm d = xmm(insn, 0);
  const Gp t = gp(insn, 1, 8);
  const Label even = asm_.newLabel();
  asm_.mov(t, gp(insn, 2, 8));
  asm_.shr(t, 1);
  asm_.jnc(even);
  asm_.or_(t, 1);
  asm_.bind(even);
  asm_.emit(insn.size == 4 ? x86::Inst::kIdVcvtsi2ss : x86::Inst::kIdVcvtsi2sd, d, d, t);
  asm_.emit(insn.size == 4 ? x86::Inst::kIdVaddss : x86::Inst::kIdVaddsd, d, d, d);
  asm_.jmp(cold.back);
}

}  // namespace wrun::codegen::x64
