// Tests of what references refer to.
#include "codegen/a64/emitter.hpp"
#include "gc/object.hpp"
#include "runtime/vm_context.hpp"
#include "wasm/canonical_type.hpp"

namespace wrun::codegen::a64 {

using wasm::CanonicalType;
using wasm::HeapType;

namespace {

constexpr uint32_t kNotAnObject = 3;  // bits of i31 and of values of the host
constexpr auto kEqual = static_cast<uint8_t>(Condition::Equal);
constexpr auto kNotEqual = static_cast<uint8_t>(Condition::NotEqual);

}  // namespace

// Operands: result, temporary, reference, type. As CanonicalType::is_below().
void Emitter::test_type(const Instruction& insn) {
  const Gp result = gp(insn, 0, 4);
  const Gp type = gp(insn, 1, 8);
  const Gp ref = gp(insn, 2, 8);
  const Gp target = gp(insn, 3, 8);
  const auto depth = static_cast<uint32_t>(insn.immediate);
  const bool is_function = (insn.condition & test_type::Function) != 0;
  const Label done = asm_.newLabel();
  const Label equal = asm_.newLabel();
  asm_.load_constant(result, (insn.condition & test_type::Nullable) != 0 ? 1 : 0);
  asm_.cbz(ref, done);
  asm_.load_constant(result, 0);
  if (!is_function) {
    asm_.tst(ref, asmjit::Imm(kNotAnObject));
    asm_.branch_if(kNotEqual, done);
  }
  const size_t type_offset = is_function ? offsetof(runtime::FuncRef, runtime_type) : 0;
  asm_.ldr(type, asm_.at(ref, static_cast<int64_t>(type_offset), 8));
  asm_.cmp(type, target);
  if ((insn.condition & test_type::Exact) == 0) {
    asm_.branch_if(kEqual, equal);
    asm_.ldrb(kTemp.w(), asm_.at(type, offsetof(CanonicalType, depth), 1));
    asm_.cmp(kTemp.w(), asmjit::Imm(depth));
    asm_.branch_if(static_cast<uint8_t>(Condition::BelowEqual), done);
    asm_.ldr(type, asm_.at(type, offsetof(CanonicalType, supertypes), 8));
    asm_.ldr(kTemp, asm_.at(type, int64_t{depth} * 8, 8));
    asm_.cmp(target, kTemp);
    asm_.bind(equal);
  }
  asm_.cset(result, asmjit::Imm(kEqual));
  asm_.bind(done);
}

// Operands: result, temporary, reference. Against eq, i31, struct and array.
void Emitter::test_kind(const Instruction& insn) {
  const Gp result = gp(insn, 0, 4);
  const Gp temporary = gp(insn, 1, 8);
  const Gp ref = gp(insn, 2, 8);
  const HeapType heap = HeapType::from_bits(static_cast<uint32_t>(insn.immediate));
  const Label done = asm_.newLabel();
  asm_.load_constant(result, insn.condition);
  asm_.cbz(ref, done);
  if (heap == HeapType::Abstract::I31) {
    asm_.and_(result, ref.w(), asmjit::Imm(1));
  } else if (heap == HeapType::Abstract::Eq) {
    asm_.and_(temporary.w(), ref.w(), asmjit::Imm(kNotAnObject));
    asm_.cmp(temporary.w(), asmjit::Imm(2));
    asm_.cset(result, asmjit::Imm(kNotEqual));
  } else {
    const auto kind = heap == HeapType::Abstract::Struct ? CanonicalType::Kind::Struct
                                                         : CanonicalType::Kind::Array;
    asm_.load_constant(result, 0);
    asm_.tst(ref, asmjit::Imm(kNotAnObject));
    asm_.branch_if(kNotEqual, done);
    asm_.ldr(temporary, asmjit::a64::ptr(ref));
    asm_.ldrb(temporary.w(), asm_.at(temporary, offsetof(CanonicalType, kind), 1));
    asm_.cmp(temporary.w(), asmjit::Imm(static_cast<uint32_t>(kind)));
    asm_.cset(result, asmjit::Imm(kEqual));
  }
  asm_.bind(done);
}

}  // namespace wrun::codegen::a64
