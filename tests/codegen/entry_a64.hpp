// From C to compiled code, on AArch64: the slots of arguments and results, the context, code and stack.
#pragma once

#include <vector>

#include "codegen/a64/assembler.hpp"
#include "codegen/stub_layout.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::test {

inline std::vector<std::byte> make_entry(const wasm::FuncType& type) {
  using namespace asmjit::a64::regs;
  using asmjit::a64::Gp;
  using asmjit::a64::ptr;
  using asmjit::a64::ptr_post;
  using asmjit::a64::ptr_pre;
  const Convention& convention = a64::kConvention;
  const Words words(convention, type);
  const Gp slots = x12, code = x13, word = x14;
  const auto vector = [](Reg reg) { return asmjit::a64::VecV(reg.number()); };
  asmjit::CodeHolder holder;
  holder.init(asmjit::Environment(asmjit::Arch::kAArch64));
  a64::Assembler a;
  holder.attach(&a);
  const std::pair<Gp, Gp> saved[] = {
      {x29, x30},
      {x19, x20},
      {x21, x22},
      {x23, x24},
      {x25, x26},
      {x27, x28}
  };
  for (const auto& [one, other] : saved) a.stp(one, other, ptr_pre(sp, -16));
  for (uint32_t i = 8; i < 16; ++i) a.str(vector(a64::v(i)).q(), ptr_pre(sp, -16));
  a.mov(x23, x1);
  a.ldr(x22, ptr(x1, offsetof(runtime::VMContext, memory0_base)));
  a.mov(word, sp);
  a.mov(sp, x3);
  a.stp(x0, word, ptr_pre(sp, -16));
  a.mov(slots, x0);
  a.mov(code, x2);
  a.add_constant(sp, sp, -int64_t{words.arguments + words.results});
  const auto copy = [&](const Gp& to, int32_t to_offset, const Gp& from, int32_t from_offset,
                        uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      a.ldr(word, a.at(from, from_offset + 8 * static_cast<int32_t>(i), 8));
      a.str(word, a.at(to, to_offset + 8 * static_cast<int32_t>(i), 8));
    }
  };
  for_each_location(type.params, LocationSequence::arguments(convention),
                    [&](wasm::ValType each, const ValueLocation& at, int32_t slot) {
                      if (!at.in_register())
                        copy(sp, 8 * static_cast<int32_t>(at.stack_word), slots, slot,
                             each.slots());
                      else if (at.reg.reg_class() == RegClass::Integer)
                        a.ldr(a64::gp(at.reg), a.at(slots, slot, 8));
                      else if (each.slots() == 2)
                        a.ldr(vector(at.reg).q(), a.at(slots, slot, 16));
                      else
                        a.ldr(vector(at.reg).d(), a.at(slots, slot, 8));
                    });
  // The registers that a call preserves.
  const asmjit::Label intact = a.newLabel();
  a.load_constant(x19, 0x1234);
  a.blr(code);
  a.load_constant(word, 0x1234);
  a.cmp(x19, word);
  a.b_eq(intact);
  a.brk(0);
  a.bind(intact);
  a.ldr(slots, a.at(sp, words.results, 8));
  for_each_location(type.results, LocationSequence::results(convention),
                    [&](wasm::ValType each, const ValueLocation& at, int32_t slot) {
                      if (!at.in_register())
                        copy(slots, slot, sp, 8 * static_cast<int32_t>(at.stack_word),
                             each.slots());
                      else if (at.reg.reg_class() == RegClass::Integer)
                        a.str(a64::gp(at.reg), a.at(slots, slot, 8));
                      else if (each.slots() == 2)
                        a.str(vector(at.reg).q(), a.at(slots, slot, 16));
                      else if (each.kind() == wasm::ValType::Kind::F32) {
                        a.fmov(word.w(), vector(at.reg).s());
                        a.str(word, a.at(slots, slot, 8));
                      } else
                        a.str(vector(at.reg).d(), a.at(slots, slot, 8));
                    });
  a.ldr(word, a.at(sp, words.results + 8, 8));
  a.mov(sp, word);
  for (uint32_t i = 16; i-- > 8;) a.ldr(vector(a64::v(i)).q(), ptr_post(sp, 16));
  for (size_t i = std::size(saved); i-- > 0;)
    a.ldp(saved[i].first, saved[i].second, ptr_post(sp, 16));
  a.ret(x30);
  const asmjit::CodeBuffer& buffer = holder.textSection()->buffer();
  const auto* bytes = reinterpret_cast<const std::byte*>(buffer.data());
  return {bytes, bytes + buffer.size()};
}

}  // namespace wrun::codegen::test
