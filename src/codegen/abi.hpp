// The calling convention of compiled code: what callers, callees, and the adapters between tiers
// agree upon. This is the only place that knows it.
//
// Registers
//   vm_context, memory_base   hold the context of the running instance and the base of its memory 0;
//                             the same after a call as before it
//   frame, stack              the chain of frames is always intact; the stack is the guest's
//   callee_saved              the same after a call as before it; all others are anybody's
//   callee                    at an entry that is reached through a FuncRef: the FuncRef*
//   scratch                   a vector register that is never allocated, for moves
//
// Values: an i32 has zeros in the upper half of its register or stack word, an f32 has anything there;
// references are 64 bits. A v128 on the stack takes two words.
//
// Arguments and results go to the registers of their class in order, and to the stack when those are
// used up. At the entry of a function:
//
//      result words           first one lowest; written by the callee
//      argument words         first one lowest
//   sp return address         (where the machine puts it there)
//
// The callee removes the argument words: a tail call is a jump, whatever the signature of its target.
// The caller removes the result words.
//
// A frame:
//      return address
//   fp caller's fp
//      saved registers        downwards, in ascending order of their number
//      spill slots
//   sp words of calls         only while they are made
//
// Contexts: direct calls stay in the instance. A call through a FuncRef is made to FuncRef::entry
// if FuncRef::vm is the caller's context, otherwise to VMContext::foreign_call, which enters functions
// of other instances and of the host and comes back with the caller's context. Tail calls likewise.
//
// Exceptions: the unwinder finds the frame of a call that has a landing, sets the frame pointer and the
// registers that calls preserve as they were there, and jumps to the landing, which sets the stack pointer.
//
// The stack pointer is compared with VMContext::stack_limit at the entry of functions with a frame that
// is not small or with calls. What lies kStackHeadroom bytes below the limit is always there.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "codegen/a64/registers.hpp"
#include "codegen/registers.hpp"
#include "codegen/x64/registers.hpp"
#include "wasm/types.hpp"

namespace wrun::codegen {

struct Convention {
  std::array<Reg, 6> integer_arguments;
  std::array<Reg, 8> vector_arguments;
  std::array<Reg, 4> integer_results;
  std::array<Reg, 4> vector_results;
  Reg vm_context;
  Reg memory_base;
  Reg frame;
  Reg stack;
  Reg callee;
  Reg scratch;
  RegSet allocatable;
  RegSet callee_saved;            // of the allocatable ones
  uint32_t stack_unit_words = 1;  // the stack pointer is always a multiple of that many words

  constexpr uint32_t whole_words(uint32_t words) const {
    return (words + stack_unit_words - 1) / stack_unit_words * stack_unit_words;
  }

  constexpr RegSet clobbered_by_calls() const { return allocatable - callee_saved; }
};

namespace x64 {
// A helper of the runtime takes its arguments after the context where C has them: stubs need no moves.
inline constexpr Convention kConvention = {
    .integer_arguments = {kRsi, kRdx, kRcx, kR8, kR9, kRdi},
    .vector_arguments = {xmm(0), xmm(1), xmm(2), xmm(3), xmm(4), xmm(5), xmm(6), xmm(7)},
    .integer_results = {kRax, kRdx, kRcx, kRsi},
    .vector_results = {xmm(0), xmm(1), xmm(2), xmm(3)},
    .vm_context = kR15,
    .memory_base = kR14,
    .frame = kRbp,
    .stack = kRsp,
    .callee = kRax,
    .scratch = xmm(15),
    .allocatable = {kRax,   kRcx,   kRdx,   kRbx,   kRsi,    kRdi,    kR8,     kR9,     kR10,
                          kR11,   kR12,   kR13,   xmm(0), xmm(1),  xmm(2),  xmm(3),  xmm(4),  xmm(5),
                          xmm(6), xmm(7), xmm(8), xmm(9), xmm(10), xmm(11), xmm(12), xmm(13), xmm(14)},
    .callee_saved = {kRbx, kR12, kR13},
};
// Where a trap has what it is about: the index of a table's element.
inline constexpr Reg kTrapOperand = kRsi;
}  // namespace x64

namespace a64 {
// The interpreter's handlers have the context, the memory's base and their frame in these registers. The
// platform's register and those of addresses (16 to 18) are not allocated, nor is the link register.
inline constexpr Convention kConvention = {
    .integer_arguments = {x(1), x(2), x(3), x(4), x(5), x(6)},
    .vector_arguments = {v(0), v(1), v(2), v(3), v(4), v(5), v(6), v(7)},
    .integer_results = {x(0), x(1), x(2), x(3)},
    .vector_results = {v(0), v(1), v(2), v(3)},
    .vm_context = x(23),
    .memory_base = x(22),
    .frame = kFramePointer,
    .stack = kStackPointer,
    .callee = x(0),
    .scratch = v(31),
    .allocatable = {x(0),  x(1),  x(2),  x(3),  x(4),  x(5),  x(6),  x(7),  x(8),  x(9),  x(10),
                          x(11), x(12), x(13), x(14), x(15), x(19), x(20), x(21), x(24), x(25), x(26),
                          x(27), x(28), v(0),  v(1),  v(2),  v(3),  v(4),  v(5),  v(6),  v(7),  v(8),
                          v(9),  v(10), v(11), v(12), v(13), v(14), v(15), v(16), v(17), v(18), v(19),
                          v(20), v(21), v(22), v(23), v(24), v(25), v(26), v(27), v(28), v(29), v(30)},
    .callee_saved = {x(19), x(20), x(21), x(24)},
    .stack_unit_words = 2,
};
inline constexpr Reg kTrapOperand = x(1);
}  // namespace a64

// Of the machine that this runs on.
#if defined(__aarch64__)
inline constexpr const Convention& kNativeConvention = a64::kConvention;
#else
inline constexpr const Convention& kNativeConvention = x64::kConvention;
#endif

inline constexpr uint32_t kWordBytes = 8;
// Below the limit: frames of functions that do not compare, and what adapters and stubs push.
inline constexpr uint32_t kStackHeadroom = 16384;
inline constexpr uint32_t kSmallFrameBytes = 512;  // leaf functions up to it do not compare

// Where an argument or result is: in a register, or from a stack word on.
struct ValueLocation {
  Reg reg = kNoReg;
  uint32_t stack_word = 0;  // of the argument words or result words

  constexpr bool in_register() const { return reg.exists(); }
  constexpr bool operator==(const ValueLocation&) const = default;
};

constexpr RegClass reg_class(wasm::ValType type) {
  switch (type.kind()) {
    case wasm::ValType::Kind::F32:
    case wasm::ValType::Kind::F64:
    case wasm::ValType::Kind::V128: return RegClass::Vector;
    default:                        return RegClass::Integer;
  }
}

// Gives out the locations of arguments or of results, in order.
class LocationSequence {
 public:
  static constexpr LocationSequence arguments(const Convention& convention) {
    return {convention, convention.integer_arguments.data(), convention.integer_arguments.size(),
            convention.vector_arguments.data(), convention.vector_arguments.size()};
  }
  static constexpr LocationSequence results(const Convention& convention) {
    return {convention, convention.integer_results.data(), convention.integer_results.size(),
            convention.vector_results.data(), convention.vector_results.size()};
  }

  constexpr ValueLocation next(wasm::ValType type) { return next(reg_class(type), type.slots()); }
  constexpr ValueLocation next(RegClass of, uint32_t words) {
    Pool& pool = pools_[static_cast<size_t>(of)];
    if (pool.next < pool.count) return {.reg = pool.regs[pool.next++]};
    const ValueLocation location = {.stack_word = stack_words_};
    stack_words_ += words;
    return location;
  }
  constexpr uint32_t stack_words() const { return convention_.whole_words(stack_words_); }

 private:
  struct Pool {
    const Reg* regs;
    size_t count;
    size_t next = 0;
  };
  constexpr LocationSequence(const Convention& convention, const Reg* integers,
                             size_t integer_count, const Reg* vectors, size_t vector_count)
      : convention_(convention),
        pools_{
            {integers, integer_count},
            { vectors,  vector_count}
  } {}

  const Convention& convention_;
  Pool pools_[2];
  uint32_t stack_words_ = 0;
};

constexpr uint32_t argument_words(const Convention& convention,
                                  std::span<const wasm::ValType> params) {
  LocationSequence sequence = LocationSequence::arguments(convention);
  for (wasm::ValType param : params) sequence.next(param);
  return sequence.stack_words();
}
constexpr uint32_t result_words(const Convention& convention, const wasm::FuncType& type) {
  LocationSequence sequence = LocationSequence::results(convention);
  for (wasm::ValType result : type.results) sequence.next(result);
  return sequence.stack_words();
}

}  // namespace wrun::codegen
