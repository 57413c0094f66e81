// From C to compiled code, on x86-64: the slots of arguments and results, the context, code and stack.
#pragma once

#include <asmjit/x86.h>

#include <vector>

#include "codegen/abi.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::test {

inline std::vector<std::byte> make_entry(const wasm::FuncType& type) {
  namespace x86 = asmjit::x86;
  const Convention& convention = x64::kConvention;
  asmjit::CodeHolder holder;
  holder.init(asmjit::Environment(asmjit::Arch::kX64));
  x86::Assembler a(&holder);
  for (const x86::Gp& reg : {x86::rbx, x86::rbp, x86::r12, x86::r13, x86::r14, x86::r15, x86::rdi})
    a.push(reg);
  a.mov(x86::r15, x86::rsi);
  a.mov(x86::r14, x86::qword_ptr(x86::rsi, offsetof(runtime::VMContext, memory0_base)));
  a.mov(x86::rax, x86::rsp);
  a.mov(x86::rsp, x86::rcx);
  a.push(x86::rax);
  a.mov(x86::r10, x86::rdi);
  a.mov(x86::r11, x86::rdx);
  const auto words_of = static_cast<int32_t>(argument_words(convention, type.params));
  const auto result_words_of = static_cast<int32_t>(result_words(convention, type));
  a.sub(x86::rsp, 8 * (words_of + result_words_of));
  LocationSequence arguments = LocationSequence::arguments(convention);
  int32_t slot = 0;
  for (wasm::ValType each : type.params) {
    const ValueLocation at = arguments.next(each);
    for (uint32_t word = 0; word < each.slots(); ++word) {
      if (at.in_register()) continue;
      a.mov(x86::rax, x86::qword_ptr(x86::r10, 8 * (slot + static_cast<int32_t>(word))));
      a.mov(x86::qword_ptr(x86::rsp, 8 * static_cast<int32_t>(at.stack_word + word)), x86::rax);
    }
    const auto from = x86::ptr(x86::r10, 8 * slot);
    if (at.in_register() && at.reg.reg_class() == RegClass::Integer)
      a.mov(x86::gpq(at.reg.number()), from);
    else if (at.in_register() && each.slots() == 2)
      a.vmovups(x86::xmm(at.reg.number()), from);
    else if (at.in_register())
      a.vmovq(x86::xmm(at.reg.number()), from);
    slot += static_cast<int32_t>(each.slots());
  }
  a.mov(x86::rbx, 0x1234);
  a.call(x86::r11);
  // The registers that a call preserves.
  const asmjit::Label intact = a.newLabel();
  a.cmp(x86::rbx, 0x1234);
  a.je(intact);
  a.int3();
  a.bind(intact);
  a.mov(x86::r10, x86::qword_ptr(x86::rsp, 8 * result_words_of));
  a.mov(x86::r10, x86::qword_ptr(x86::r10));
  LocationSequence results = LocationSequence::results(convention);
  slot = 0;
  for (wasm::ValType each : type.results) {
    const ValueLocation at = results.next(each);
    const auto to = x86::ptr(x86::r10, 8 * slot);
    const bool is_i32 = each.kind() == wasm::ValType::Kind::I32;
    for (uint32_t word = 0; word < each.slots() && !at.in_register(); ++word) {
      a.mov(x86::r11, x86::qword_ptr(x86::rsp, 8 * static_cast<int32_t>(at.stack_word + word)));
      a.mov(x86::qword_ptr(x86::r10, 8 * (slot + static_cast<int32_t>(word))), x86::r11);
    }
    if (at.in_register() && at.reg.reg_class() == RegClass::Integer)
      a.mov(to, x86::gpq(at.reg.number()));
    else if (at.in_register() && each.slots() == 2)
      a.vmovups(to, x86::xmm(at.reg.number()));
    else if (at.in_register() && each.kind() == wasm::ValType::Kind::F32) {
      a.mov(x86::qword_ptr(x86::r10, 8 * slot), 0);
      a.vmovd(to, x86::xmm(at.reg.number()));
    } else if (at.in_register())
      a.vmovq(to, x86::xmm(at.reg.number()));
    (void)is_i32;  // all 64 bits: the upper half must be zero
    slot += static_cast<int32_t>(each.slots());
  }
  a.mov(x86::rsp, x86::qword_ptr(x86::rsp, 8 * result_words_of));
  for (const x86::Gp& reg : {x86::rdi, x86::r15, x86::r14, x86::r13, x86::r12, x86::rbp, x86::rbx})
    a.pop(reg);
  a.ret();
  const asmjit::CodeBuffer& buffer = holder.textSection()->buffer();
  const auto* bytes = reinterpret_cast<const std::byte*>(buffer.data());
  return {bytes, bytes + buffer.size()};
}

}  // namespace wrun::codegen::test
