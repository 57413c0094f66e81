// Tests of what references refer to.
#include "codegen/x64/emitter.hpp"
#include "gc/object.hpp"
#include "runtime/vm_context.hpp"
#include "wasm/canonical_type.hpp"

namespace wrun::codegen::x64 {

namespace x86 = asmjit::x86;
using wasm::CanonicalType;
using wasm::HeapType;

namespace {
constexpr uint8_t kNotAnObject = 3;  // bits of i31 and of values of the host
constexpr auto kKindOffset = static_cast<int32_t>(offsetof(CanonicalType, kind));
constexpr auto kDepthOffset = static_cast<int32_t>(offsetof(CanonicalType, depth));
constexpr auto kSupertypesOffset = static_cast<int32_t>(offsetof(CanonicalType, supertypes));
}  // namespace

// Operands: result, temporary, reference, type. As CanonicalType::is_below().
void Emitter::test_type(const Instruction& insn) {
  const Gp result = gp(insn, 0, 4);
  const Gp type = gp(insn, 1, 8);
  const Gp ref = gp(insn, 2, 8);
  const Gp target = gp(insn, 3, 8);
  const auto depth = static_cast<int32_t>(insn.immediate);
  const bool is_function = (insn.condition & test_type::Function) != 0;
  const Label done = asm_.newLabel();
  const Label equal = asm_.newLabel();
  asm_.mov(result, (insn.condition & test_type::Nullable) != 0 ? 1 : 0);
  asm_.test(ref, ref);
  asm_.jz(done);
  asm_.mov(result, 0);
  if (!is_function) {
    asm_.test(gp(insn, 2, 1), kNotAnObject);
    asm_.jnz(done);
  }
  const size_t type_offset = is_function ? offsetof(runtime::FuncRef, runtime_type) : 0;
  asm_.mov(type, x86::qword_ptr(ref, static_cast<int32_t>(type_offset)));
  asm_.cmp(type, target);
  if ((insn.condition & test_type::Exact) == 0) {
    asm_.je(equal);
    asm_.cmp(x86::byte_ptr(type, kDepthOffset), depth);
    asm_.jbe(done);
    asm_.mov(type, x86::qword_ptr(type, kSupertypesOffset));
    asm_.cmp(target, x86::qword_ptr(type, depth * 8));
    asm_.bind(equal);
  }
  asm_.sete(gp(insn, 0, 1));
  asm_.bind(done);
}

// Operands: result, temporary, reference. Against eq, i31, struct and array.
void Emitter::test_kind(const Instruction& insn) {
  const Gp result = gp(insn, 0, 4);
  const Gp temporary = gp(insn, 1, 8);
  const Gp ref = gp(insn, 2, 8);
  const HeapType heap = HeapType::from_bits(static_cast<uint32_t>(insn.immediate));
  const Label done = asm_.newLabel();
  asm_.mov(result, insn.condition);
  asm_.test(ref, ref);
  asm_.jz(done);
  asm_.mov(result, 0);
  if (heap == HeapType::Abstract::I31) {
    asm_.test(gp(insn, 2, 1), 1);
    asm_.setne(gp(insn, 0, 1));
  } else if (heap == HeapType::Abstract::Eq) {
    asm_.mov(temporary.r32(), ref.r32());
    asm_.and_(temporary.r32(), kNotAnObject);
    asm_.cmp(temporary.r32(), 2);
    asm_.setne(gp(insn, 0, 1));
  } else {
    const auto kind = heap == HeapType::Abstract::Struct ? CanonicalType::Kind::Struct
                                                         : CanonicalType::Kind::Array;
    asm_.test(gp(insn, 2, 1), kNotAnObject);
    asm_.jnz(done);
    asm_.mov(temporary, x86::qword_ptr(ref));
    asm_.cmp(x86::byte_ptr(temporary, kKindOffset), static_cast<uint8_t>(kind));
    asm_.sete(gp(insn, 0, 1));
  }
  asm_.bind(done);
}

}  // namespace wrun::codegen::x64
