#include "codegen/stubs.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/assert.hpp"
#include "codegen/a64/assembler.hpp"
#include "codegen/a64/instruction.hpp"
#include "codegen/stub_layout.hpp"
#include "gc/heap.hpp"
#include "interp/bytecode.hpp"
#include "interp/unwind.hpp"
#include "ir/ops.hpp"
#include "runtime/stack.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen {
namespace {

using namespace asmjit::a64::regs;
using a64::Condition;
using a64::Gp;
using a64::Mem;
using asmjit::Label;
using asmjit::a64::ptr;
using asmjit::a64::ptr_post;
using asmjit::a64::ptr_pre;
using interp::FuncCode;
using interp::Record;
using runtime::StackState;
using runtime::VMContext;
using wasm::ValType;
using Inst = asmjit::a64::Inst;

// The state of the interpreter, whose handlers are preserve_none functions: the integer arguments
// begin with these registers, and the context and memory base are where compiled code has them. Handlers
// find the host's return address in the link register: from a handler to compiled code it goes to the host's
// stack, and the other way from there.
const Gp kPc = x20;
const Gp kFp = x21;
const Gp kMemory = x22;
const Gp kVm = x23;
const Gp kSp = x24;
const Gp kR0 = x25;
const auto kF0 = d0;
const auto kG0 = s1;
const auto kV0 = q2;

// Neither arguments nor results, and not saved by anybody.
const Gp kState = x12;
const Gp kSlots = x13;
const Gp kScratch = x14;
const Gp kScratch2 = x15;
const Gp kFaultPc = x11;
const Gp kHelper = x10;

constexpr int32_t kWord = kWordBytes;
constexpr const Convention& kConvention = a64::kConvention;

Gp gp(Reg reg) { return a64::gp(reg); }
asmjit::a64::VecV vector(Reg reg) { return asmjit::a64::VecV(reg.number()); }

#define WRUN_STATE_FIELD(field) ptr(kState, static_cast<int32_t>(offsetof(StackState, field)))
#define WRUN_VM_FIELD(field) ptr(kVm, static_cast<int32_t>(offsetof(VMContext, field)))

class StubWriter : public StubWriterBase<a64::Assembler> {
 public:
  StubWriter() : StubWriterBase(asmjit::Environment(asmjit::Arch::kAArch64)) {}

  void load_from_slot(ValType type, Reg to, const Gp& base, int32_t offset) {
    switch (type.kind()) {
      case ValType::Kind::I32:  a.ldr(gp(to).w(), a.at(base, offset, 4)); break;
      case ValType::Kind::F32:  a.ldr(vector(to).s(), a.at(base, offset, 4)); break;
      case ValType::Kind::F64:  a.ldr(vector(to).d(), a.at(base, offset, 8)); break;
      case ValType::Kind::V128: a.ldr(vector(to).q(), a.at(base, offset, 16)); break;
      default:                  a.ldr(gp(to), a.at(base, offset, 8)); break;
    }
  }
  // The upper half of an f32's slot is zero.
  void store_to_slot(ValType type, Reg from, const Gp& base, int32_t offset) {
    switch (type.kind()) {
      case ValType::Kind::F32:
        a.fmov(kScratch.w(), vector(from).s());
        a.str(kScratch, a.at(base, offset, 8));
        break;
      case ValType::Kind::F64:  a.str(vector(from).d(), a.at(base, offset, 8)); break;
      case ValType::Kind::V128: a.str(vector(from).q(), a.at(base, offset, 16)); break;
      default:                  a.str(gp(from), a.at(base, offset, 8)); break;
    }
  }
  void copy(const Gp& to, int32_t to_offset, const Gp& from, int32_t from_offset, uint32_t words) {
    for (uint32_t word = 0; word < words; ++word) {
      const int32_t more = static_cast<int32_t>(word) * kWord;
      a.ldr(kScratch, a.at(from, from_offset + more, 8));
      a.str(kScratch, a.at(to, to_offset + more, 8));
    }
  }
  // From a word of the stack to a slot.
  void copy_value(ValType type, const Gp& to, int32_t to_offset, const Gp& from,
                  int32_t from_offset) {
    if (type.kind() != ValType::Kind::F32)
      return copy(to, to_offset, from, from_offset, type.slots());
    a.ldr(kScratch.w(), a.at(from, from_offset, 4));
    a.str(kScratch, a.at(to, to_offset, 8));
  }

  // At a handler: the host's stack pointer is kept, above it the link register.
  void leave_host_stack() {
    a.ldr(kState, WRUN_VM_FIELD(stack));
    a.str(x30, ptr_pre(sp, -16));
    a.mov(kScratch, sp);
    a.str(kScratch, WRUN_STATE_FIELD(host_stack));
    a.str(x29, WRUN_STATE_FIELD(host_frame));
  }
  void to_host_stack() {
    a.ldr(kScratch, WRUN_STATE_FIELD(host_stack));
    a.ldr(x29, WRUN_STATE_FIELD(host_frame));
    a.mov(sp, kScratch);
    a.ldr(x30, ptr_post(sp, 16));
  }
  void push_saved() {
    static_assert(kConvention.callee_saved ==
                  RegSet{a64::x(19), a64::x(20), a64::x(21), a64::x(24)});
    static_assert(kConvention.callee_saved.size() == runtime::CompiledPc::kSavedRegisters);
    begin_frame();
    a.stp(x20, x19, ptr_pre(sp, -16));
    a.stp(x24, x21, ptr_pre(sp, -16));
  }
  void pop_saved() {
    a.ldp(x24, x21, ptr_post(sp, 16));
    a.ldp(x20, x19, ptr_post(sp, 16));
    a.ldp(x29, x30, ptr_post(sp, 16));
  }
  // With the context before the arguments that are in their registers already. Uses x19, which is saved.
  void call_on_host_stack() {
    a.mov(x19, sp);
    a.ldr(kScratch, WRUN_STATE_FIELD(host_stack));
    a.mov(sp, kScratch);
    a.mov(x0, kVm);
    a.blr(kHelper);
    a.mov(sp, x19);
  }
  void load_address(const Gp& to, size_t index) {
    a.ldr(to, ptr(addresses, static_cast<int32_t>(index * sizeof(uint64_t))));
  }
  // Calls a function of the runtime that may trap or collect.
  void call_helper() {
    push_saved();
    a.ldr(kState, WRUN_VM_FIELD(stack));
    a.mov(kScratch, sp);
    a.str(kScratch, WRUN_STATE_FIELD(records));
    static_assert(sizeof(TrapCode) == 1);
    a.strb(wzr, WRUN_STATE_FIELD(exit_code));
    call_on_host_stack();
    a.ldr(kState, WRUN_VM_FIELD(stack));
  }
  // At the call of the runtime, in the caller's frame.
  void trap_at_call(const Label& trap_exit) {
    pop_saved();
    a.sub(kFaultPc, x30, asmjit::Imm(1));
    a.b(trap_exit);
  }
  // Compiled code may use what lies above the interpreter's frames, which end at `kSlots`.
  void set_limit() {
    a.add_constant(kScratch, kSlots, kStackHeadroom, kScratch);
    a.str(kScratch, WRUN_VM_FIELD(stack_limit));
  }
  void jump_to_handler() {
    a.ldr(kScratch, ptr(kPc));
    a.br(kScratch);
  }
  void set_helper(size_t index) { load_address(kHelper, index); }
  void jump_to(SignatureAddress index) {
    load_address(kScratch, static_cast<size_t>(index));
    a.br(kScratch);
  }
  void branch_if(Condition condition, const Label& target) {
    a.branch_if(static_cast<uint8_t>(condition), target);
  }
  void jump(const Label& target) { a.b(target); }
  // To where a field of the callee's FuncRef says.
  void jump_by(size_t field) {
    a.ldr(kScratch, ptr(gp(kConvention.callee), static_cast<int32_t>(field)));
    a.br(kScratch);
  }
  void begin_frame() {
    a.stp(x29, x30, ptr_pre(sp, -16));
    a.mov(x29, sp);
  }
  void fault() { a.udf(0); }
};

// To the guest stack, above whose frames compiled code may use what there is.
void begin_enter(StubWriter& w, const Words& words) {
  a64::Assembler& a = w.a;
  w.leave_host_stack();
  // The chain of compiled frames ends at the record of the interpreter.
  a.mov(sp, kSp);
  a.mov(x29, kSp);
  a.add_constant(kSlots, kFp, words.shared(), kSlots);
  a.str(kSlots, WRUN_STATE_FIELD(frames));
  a.str(kSp, WRUN_STATE_FIELD(entry_record));
  w.set_limit();
}

// Results to the frame; goes on where the record says.
void end_enter(StubWriter& w, const wasm::FuncType& type, const Words& words) {
  a64::Assembler& a = w.a;
  for_each_location(type.results, LocationSequence::results(kConvention),
                    [&](ValType result, const ValueLocation& location, int32_t slot) {
                      if (location.in_register())
                        w.store_to_slot(result, location.reg, kFp, slot);
                      else
                        w.copy_value(result, kFp, slot, sp,
                                     static_cast<int32_t>(location.stack_word) * kWord);
                    });
  a.mov(kSp, sp);
  a.add_constant(kSp, kSp, words.results);
  a.ldr(kState, WRUN_VM_FIELD(stack));
  w.to_host_stack();
  // Whoever uses an accumulator next finds the first result in it.
  if (!type.results.empty()) {
    switch (type.results[0].kind()) {
      case ValType::Kind::F32:  a.ldr(kG0, ptr(kFp)); break;
      case ValType::Kind::F64:  a.ldr(kF0, ptr(kFp)); break;
      case ValType::Kind::V128: a.ldr(kV0, ptr(kFp)); break;
      default:                  a.ldr(kR0, ptr(kFp)); break;
    }
  }
  static_assert(offsetof(Record, pc) == 0 && offsetof(Record, fp) == kWord && sizeof(Record) == 16);
  a.ldp(kPc, kFp, ptr_post(kSp, sizeof(Record)));
  w.jump_to_handler();
}

// Handler: calls the code behind pc with the arguments in the frame. The code's address is loaded by way of pc,
// which another thread has published after it: that dependency keeps the order.
void write_enter(StubWriter& w, const wasm::FuncType& type, const Words& words,
                 const Label& returned) {
  a64::Assembler& a = w.a;
  begin_enter(w, words);
  a.ldr(kSlots, ptr(kPc, static_cast<int32_t>(offsetof(FuncCode, compiled) -
                                              offsetof(FuncCode, enter_compiled))));
  a.add_constant(sp, sp, -int64_t{words.arguments + words.results});
  for_each_location(type.params, LocationSequence::arguments(kConvention),
                    [&](ValType param, const ValueLocation& location, int32_t slot) {
                      if (location.in_register())
                        w.load_from_slot(param, location.reg, kFp, slot);
                      else
                        w.copy(sp, static_cast<int32_t>(location.stack_word) * kWord, kFp, slot,
                               param.slots());
                    });
  a.blr(kSlots);
  a.bind(returned);
  end_enter(w, type, words);
}

// Handler: calls the code in r0 with the address of the frame, whose place the results take.
void write_enter_loop(StubWriter& w, const wasm::FuncType& type, const Words& words,
                      const Label& returned) {
  a64::Assembler& a = w.a;
  begin_enter(w, words);
  a.mov(gp(kConvention.integer_arguments[0]), kFp);
  a.add_constant(sp, sp, -int64_t{words.results});
  a.blr(kR0);
  a.bind(returned);
  end_enter(w, type, words);
}

// Arguments to slots. The words of those on the stack begin at an offset from a register.
void store_arguments(StubWriter& w, const wasm::FuncType& type, const Gp& base, int32_t on_stack,
                     const Gp& slots) {
  for_each_location(type.params, LocationSequence::arguments(kConvention),
                    [&](ValType param, const ValueLocation& location, int32_t slot) {
                      if (location.in_register())
                        w.store_to_slot(param, location.reg, slots, slot);
                      else
                        w.copy_value(param, slots, slot, base,
                                     on_stack + static_cast<int32_t>(location.stack_word) * kWord);
                    });
}

// A tail call of code that the interpreter entered, when nothing of it is left on the stack: it tail-calls
// the function itself, or the tiers would pile up frames taking turns. The registers that calls preserve
// are as they were at the entry: the frame still is in the interpreter's register.
void write_tail_adapter(StubWriter& w, const wasm::FuncType& type, const Words& words,
                        const Label& otherwise) {
  a64::Assembler& a = w.a;
  static_assert(kConvention.callee_saved.contains(a64::x(21)));
  a.ldr(kState, WRUN_VM_FIELD(stack));
  a.mov(kScratch2, sp);
  a.add_constant(kSlots, kScratch2, words.arguments + words.results, kSlots);
  a.ldr(kScratch, WRUN_STATE_FIELD(entry_record));
  a.cmp(kSlots, kScratch);
  w.branch_if(Condition::NotEqual, otherwise);
  a.add_constant(kSlots, kFp, words.shared() + static_cast<int32_t>(kStackHeadroom / 2), kSlots);
  a.cmp(kSlots, kScratch2);
  w.branch_if(Condition::Above, otherwise);
  store_arguments(w, type, sp, 0, kFp);
  a.ldr(kSp, WRUN_STATE_FIELD(entry_record));
  a.mov(kR0, x0);
  w.to_host_stack();
  w.jump_to(SignatureAddress::TailCallFunction);
}

// Calls the function in the callee's register by the interpreter, with the arguments in the slots above its
// frames.
void write_adapter(StubWriter& w, const wasm::FuncType& type, const Words& words,
                   const Label& overflow) {
  a64::Assembler& a = w.a;
  w.push_saved();
  a.ldr(kState, WRUN_VM_FIELD(stack));
  a.ldr(kSlots, WRUN_STATE_FIELD(frames));
  // Room for the slots, for records of both, and for what a host function's activation begins with.
  a.add_constant(kScratch, kSlots, words.shared() + static_cast<int32_t>(kStackHeadroom / 2),
                 kScratch);
  a.mov(kScratch2, sp);
  a.cmp(kScratch, kScratch2);
  w.branch_if(Condition::Above, overflow);
  // Above the frame pointer and the return address.
  store_arguments(w, type, x29, 2 * kWord, kSlots);
  a.ldr(kScratch, WRUN_STATE_FIELD(entry_record));
  a.stp(kScratch, kSlots, ptr_pre(sp, -16));
  static_assert(SignatureAddress{} == SignatureAddress::ReturnHandler);
  a.adr(kPc, w.addresses);
  a.stp(kPc, x29, ptr_pre(sp, -16));
  a.mov(kSp, sp);
  a.str(kSp, WRUN_STATE_FIELD(records));
  a.mov(kFp, x29);
  a.mov(kR0, x0);
  a.fmov(kF0, kSlots);
  w.to_host_stack();
  w.jump_to(SignatureAddress::CallFunction);
  a.bind(overflow);
  w.fault();
}

// Handler: what the adapter's record leads to; the results are in the slots.
void write_return(StubWriter& w, const wasm::FuncType& type, const Words& words) {
  a64::Assembler& a = w.a;
  w.leave_host_stack();
  a.add(kSp, kSp, asmjit::Imm(sizeof(Record)));
  a.mov(sp, kSp);
  a.ldp(kScratch, kSlots, ptr_post(sp, 16));
  a.str(kScratch, WRUN_STATE_FIELD(entry_record));
  a.str(kSlots, WRUN_STATE_FIELD(frames));
  w.set_limit();
  a.mov(x29, sp);
  a.add(x29, x29, asmjit::Imm(kConvention.callee_saved.size() * kWordBytes));
  const int32_t results = 2 * kWord + words.arguments;
  for_each_location(type.results, LocationSequence::results(kConvention),
                    [&](ValType result, const ValueLocation& location, int32_t slot) {
                      if (location.in_register())
                        w.load_from_slot(result, location.reg, kSlots, slot);
                      else
                        w.copy(x29, results + static_cast<int32_t>(location.stack_word) * kWord,
                               kSlots, slot, result.slots());
                    });
  w.pop_saved();
  a.add_constant(sp, sp, words.arguments);
  a.ret(x30);
}

// The faulting pc is in its register.
void write_trap_exit(StubWriter& w) {
  a64::Assembler& a = w.a;
  a.ldr(kState, WRUN_VM_FIELD(stack));
  a.str(kFaultPc, WRUN_STATE_FIELD(exit_pc));
  a.str(gp(a64::kTrapOperand), WRUN_STATE_FIELD(exit_operand));
  a.mov(kScratch, sp);
  a.str(kScratch, WRUN_STATE_FIELD(exit_records));
  a.str(x29, WRUN_STATE_FIELD(exit_frame));
  a.str(kVm, WRUN_STATE_FIELD(exit_vm));
  a.load_constant(kScratch.w(), 1);
  a.strb(kScratch.w(), WRUN_STATE_FIELD(exit_was_compiled));
  w.to_host_stack();
  a.ret(x30);
}

// Where all runtime calls go on. The arguments already are where C has those behind the context.
void write_runtime_call(StubWriter& w, const Label& trap_exit) {
  a64::Assembler& a = w.a;
  const Label trapped = a.newLabel();
  w.call_helper();
  a.ldrb(kScratch.w(), WRUN_STATE_FIELD(exit_code));
  a.cbnz(kScratch.w(), trapped);
  w.pop_saved();
  a.ret(x30);
  a.bind(trapped);
  w.trap_at_call(trap_exit);
}

// The type and the size in bytes are where a helper takes them. As Heap::try_allocate(); only when there is
// no room the runtime is called.
void write_allocate(StubWriter& w, size_t helper, const Label& runtime_call) {
  a64::Assembler& a = w.a;
  const Gp area = x9;
  const auto field = [&](size_t offset) { return ptr(area, static_cast<int32_t>(offset)); };
  const Label slowly = a.newLabel();
  const Gp type = gp(kConvention.integer_arguments[0]);
  const Gp bytes = gp(kConvention.integer_arguments[1]);
  a.ldr(area, WRUN_VM_FIELD(allocation));
  a.ldr(x0, field(offsetof(gc::AllocationArea, cursor)));
  a.ldr(x10, field(offsetof(gc::AllocationArea, limit)));
  a.sub(x10, x10, x0);
  a.cmp(bytes, x10);
  w.branch_if(Condition::Above, slowly);
  a.add(bytes, bytes, x0);
  a.str(bytes, field(offsetof(gc::AllocationArea, cursor)));
  a.str(type, ptr(x0));
  a.ldr(x10, field(offsetof(gc::AllocationArea, base)));
  a.sub(x10, x0, x10);
  a.lsr(x10, x10, asmjit::Imm(3));
  a.lsr(x11, x10, asmjit::Imm(6));
  a.ldr(area, field(offsetof(gc::AllocationArea, starts)));
  const auto word = ptr(area, x11, asmjit::arm::Shift(asmjit::arm::ShiftOp::kLSL, 3));
  a.ldr(x12, word);
  a.load_constant(x13, 1);
  a.lsl(x13, x13, x10);
  a.orr(x12, x12, x13);
  a.str(x12, word);
  a.ret(x30);
  a.bind(slowly);
  w.set_helper(helper);
  w.jump(runtime_call);
}

// Handler: goes on in compiled code where an exception is caught, which sets the stack pointer.
void write_landing(StubWriter& w) {
  a64::Assembler& a = w.a;
  w.leave_host_stack();
  a.ldr(kSlots, WRUN_STATE_FIELD(frames));
  w.set_limit();
  Mem saved = WRUN_STATE_FIELD(landing_saved);
  for (const Reg reg : kConvention.callee_saved) {
    a.ldr(gp(reg), saved);
    saved.addOffset(kWord);
  }
  a.ldr(x29, WRUN_STATE_FIELD(landing_frame));
  a.ldr(kScratch, WRUN_STATE_FIELD(landing_pc));
  a.br(kScratch);
}

// A runtime call that does not come back, unless as a trap: the helper says where the thread goes on.
void write_throw(StubWriter& w, size_t helper, const Label& trap_exit, const Label& landing) {
  a64::Assembler& a = w.a;
  const Label uncaught = a.newLabel();
  w.set_helper(helper);
  w.call_helper();
  a.and_(w0, w0, asmjit::Imm(0xff));
  a.cbz(w0, uncaught);
  a.ldr(kVm, WRUN_STATE_FIELD(landing_vm));
  a.ldr(kMemory, WRUN_VM_FIELD(memory0));
  a.ldr(kMemory, ptr(kMemory, static_cast<int32_t>(offsetof(runtime::MemoryView, base))));
  w.to_host_stack();
  a.cmp(w0, asmjit::Imm(static_cast<uint32_t>(interp::Landing::Compiled)));
  w.branch_if(Condition::Equal, landing);
  a.ldr(kPc, WRUN_STATE_FIELD(landing_pc));
  a.ldr(kFp, WRUN_STATE_FIELD(landing_frame));
  a.ldr(kSp, WRUN_STATE_FIELD(landing_records));
  w.jump_to_handler();
  a.bind(uncaught);
  w.trap_at_call(trap_exit);
}

// All arguments stay where they are, and the function in the callee's register.
void write_first_call(StubWriter& w, size_t helper, size_t field) {
  a64::Assembler& a = w.a;
  constexpr auto& vectors = kConvention.vector_arguments;
  static_assert(kConvention.integer_arguments.size() == 6 && vectors.size() == 8);
  w.push_saved();
  const std::pair<Gp, Gp> pairs[] = {
      {x0, x1},
      {x2, x3},
      {x4, x5},
      {x6, x7}
  };
  for (const auto& [one, other] : pairs) a.stp(one, other, ptr_pre(sp, -16));
  for (const Reg reg : vectors) a.str(vector(reg).q(), ptr_pre(sp, -16));
  a.ldr(kState, WRUN_VM_FIELD(stack));
  a.mov(x1, x0);
  w.set_helper(helper);
  w.call_on_host_stack();
  for (size_t i = vectors.size(); i-- > 0;) a.ldr(vector(vectors[i]).q(), ptr_post(sp, 16));
  for (size_t i = std::size(pairs); i-- > 0;)
    a.ldp(pairs[i].first, pairs[i].second, ptr_post(sp, 16));
  w.pop_saved();
  w.jump_by(field);
}

}  // namespace

// The context is in its register; the pc goes to where write_trap_exit() takes it.
void resume_at_trap_exit(ucontext_t* context) {
  mcontext_t& machine = context->uc_mcontext;
  const auto* vm = reinterpret_cast<const VMContext*>(machine.regs[kVm.id()]);
  machine.regs[kFaultPc.id()] = machine.pc;
  machine.pc = reinterpret_cast<uint64_t>(vm->trap_exit);
}

uint64_t entry_stack_bytes(const wasm::FuncType& type) {
  return entry_stack_bytes(Words(kConvention, type));
}

WrittenStubs<SignatureStubs> make_signature_stubs(const wasm::FuncType& type) {
  StubWriter w;
  return write_signature_stubs(w, type, Words(kConvention, type));
}

WrittenStubs<CommonStubs> make_common_stubs() {
  StubWriter w;
  return write_common_stubs(w);
}

}  // namespace wrun::codegen
