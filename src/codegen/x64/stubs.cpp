#include "codegen/stubs.hpp"

#include <asmjit/x86.h>

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/assert.hpp"
#include "codegen/stub_layout.hpp"
#include "gc/heap.hpp"
#include "interp/bytecode.hpp"
#include "interp/unwind.hpp"
#include "ir/ops.hpp"
#include "runtime/stack.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen {
namespace {

using namespace asmjit;
using interp::FuncCode;
using interp::Record;
using runtime::StackState;
using runtime::VMContext;
using wasm::ValType;

// The state of the interpreter, whose handlers are preserve_none functions: the integer arguments
// begin with these registers, and the context and memory base are where compiled code has them.
constexpr x86::Gp kPc = x86::r12;
constexpr x86::Gp kFp = x86::r13;
constexpr x86::Gp kVm = x86::r15;
constexpr x86::Gp kSp = x86::rdi;
constexpr x86::Gp kR0 = x86::rsi;
constexpr x86::Xmm kF0 = x86::xmm0;
constexpr x86::Xmm kG0 = x86::xmm1;
constexpr x86::Xmm kV0 = x86::xmm2;

// Neither arguments nor results, and not saved by anybody.
constexpr x86::Gp kState = x86::r10;
constexpr x86::Gp kSlots = x86::r11;
constexpr x86::Gp kHelper = x86::r11;  // a function of the runtime that is about to be called

constexpr int32_t kWord = kWordBytes;
constexpr const Convention& kConvention = x64::kConvention;

x86::Gp gp(Reg reg) { return x86::gpq(reg.number()); }
x86::Xmm vector(Reg reg) { return x86::xmm(reg.number()); }

#define WRUN_STATE_FIELD(field) \
  x86::qword_ptr(kState, static_cast<int32_t>(offsetof(StackState, field)))
#define WRUN_VM_FIELD(field) x86::qword_ptr(kVm, static_cast<int32_t>(offsetof(VMContext, field)))

class StubWriter : public StubWriterBase<x86::Assembler> {
 public:
  StubWriter() : StubWriterBase(Environment::host()) {}

  void load_from_slot(ValType type, Reg to, const x86::Mem& slot) {
    switch (type.kind()) {
      case ValType::Kind::I32:  a.mov(gp(to).r32(), slot); break;
      case ValType::Kind::F32:  a.movss(vector(to), slot); break;
      case ValType::Kind::F64:  a.movsd(vector(to), slot); break;
      case ValType::Kind::V128: a.movups(vector(to), slot); break;
      default:                  a.mov(gp(to), slot); break;
    }
  }
  // The upper half of an f32's slot is zero. Uses rbx.
  void store_to_slot(ValType type, Reg from, const x86::Mem& slot) {
    switch (type.kind()) {
      case ValType::Kind::F32:
        a.movd(x86::ebx, vector(from));
        a.mov(slot, x86::rbx);
        break;
      case ValType::Kind::F64:  a.movsd(slot, vector(from)); break;
      case ValType::Kind::V128: a.movups(slot, vector(from)); break;
      default:                  a.mov(slot, gp(from)); break;
    }
  }
  // Words of memory, by way of rbx.
  void copy(const x86::Mem& to, const x86::Mem& from, uint32_t words) {
    for (uint32_t word = 0; word < words; ++word) {
      a.mov(x86::rbx, from.cloneAdjusted(static_cast<int64_t>(word) * kWord));
      a.mov(to.cloneAdjusted(static_cast<int64_t>(word) * kWord), x86::rbx);
    }
  }
  void copy_f32(const x86::Mem& to, const x86::Mem& from) {
    a.mov(x86::ebx, from);
    a.mov(to, x86::rbx);
  }

  void to_host_stack() {
    a.mov(x86::rsp, WRUN_STATE_FIELD(host_stack));
    a.mov(x86::rbp, WRUN_STATE_FIELD(host_frame));
  }
  void push_saved() {
    begin_frame();
    a.push(x86::rbx);
    a.push(x86::r12);
    a.push(x86::r13);
  }
  void pop_saved() {
    a.pop(x86::r13);
    a.pop(x86::r12);
    a.pop(x86::rbx);
    a.pop(x86::rbp);
  }
  x86::Mem address(size_t index) const {
    return x86::qword_ptr(addresses, static_cast<int32_t>(index * sizeof(uint64_t)));
  }
  void set_helper(size_t index) { a.mov(kHelper, address(index)); }
  void jump_to(SignatureAddress index) { a.jmp(address(static_cast<size_t>(index))); }
  // The helper, with the context before the arguments that are in their registers already. Uses rbx.
  void call_on_host_stack() {
    a.mov(x86::rbx, x86::rsp);
    a.mov(x86::rsp, WRUN_STATE_FIELD(host_stack));
    a.and_(x86::rsp, -16);
    a.mov(x86::rdi, kVm);
    a.call(kHelper);
    a.mov(x86::rsp, x86::rbx);
  }
  // Calls a helper that may trap or collect.
  void call_helper() {
    push_saved();
    a.mov(kState, WRUN_VM_FIELD(stack));
    a.mov(WRUN_STATE_FIELD(records), x86::rsp);
    static_assert(sizeof(TrapCode) == 1);
    a.mov(x86::byte_ptr(kState, offsetof(StackState, exit_code)), 0);
    call_on_host_stack();
    a.mov(kState, WRUN_VM_FIELD(stack));
  }
  // At the call of the runtime, in the caller's frame.
  void trap_at_call(const Label& trap_exit) {
    pop_saved();
    a.pop(x86::rdi);
    a.dec(x86::rdi);
    a.jmp(trap_exit);
  }
  // Compiled code may use what lies above the interpreter's frames, which end at `kSlots`.
  void set_limit() {
    a.lea(x86::rbx, x86::ptr(kSlots, static_cast<int32_t>(kStackHeadroom)));
    a.mov(WRUN_VM_FIELD(stack_limit), x86::rbx);
  }

  void jump(const Label& target) { a.jmp(target); }
  // To where a field of the callee's FuncRef says.
  void jump_by(size_t field) { a.jmp(x86::qword_ptr(x86::rax, static_cast<int32_t>(field))); }
  void begin_frame() {
    a.push(x86::rbp);
    a.mov(x86::rbp, x86::rsp);
  }
  void fault() { a.ud2(); }
};

// To the guest stack, above whose frames compiled code may use what there is.
void begin_enter(StubWriter& w, const Words& words) {
  x86::Assembler& a = w.a;
  a.mov(kState, WRUN_VM_FIELD(stack));
  a.mov(WRUN_STATE_FIELD(host_stack), x86::rsp);
  a.mov(WRUN_STATE_FIELD(host_frame), x86::rbp);
  // The chain of compiled frames ends at the record of the interpreter.
  a.mov(x86::rsp, kSp);
  a.mov(x86::rbp, kSp);
  a.lea(kSlots, x86::ptr(kFp, words.shared()));
  a.mov(WRUN_STATE_FIELD(frames), kSlots);
  a.mov(WRUN_STATE_FIELD(entry_record), kSp);
  w.set_limit();
}

// Results to the frame; goes on where the record says.
void end_enter(StubWriter& w, const wasm::FuncType& type, const Words& words) {
  x86::Assembler& a = w.a;
  for_each_location(type.results, LocationSequence::results(kConvention),
                    [&](ValType result, const ValueLocation& location, int32_t slot) {
                      const x86::Mem to = x86::ptr(kFp, slot);
                      const x86::Mem word =
                          x86::ptr(x86::rsp, static_cast<int32_t>(location.stack_word) * kWord);
                      if (location.in_register())
                        w.store_to_slot(result, location.reg, to);
                      else if (result.kind() == ValType::Kind::F32)
                        w.copy_f32(to, word);
                      else
                        w.copy(to, word, result.slots());
                    });
  a.lea(kSp, x86::ptr(x86::rsp, words.results));
  a.mov(kState, WRUN_VM_FIELD(stack));
  w.to_host_stack();
  // Whoever uses an accumulator next finds the first result in it.
  if (!type.results.empty()) {
    switch (type.results[0].kind()) {
      case ValType::Kind::F32:  a.movss(kG0, x86::ptr(kFp)); break;
      case ValType::Kind::F64:  a.movsd(kF0, x86::ptr(kFp)); break;
      case ValType::Kind::V128: a.movups(kV0, x86::ptr(kFp)); break;
      default:                  a.mov(kR0, x86::ptr(kFp)); break;
    }
  }
  a.mov(kPc, x86::ptr(kSp, offsetof(Record, pc)));
  a.mov(kFp, x86::ptr(kSp, offsetof(Record, fp)));
  a.add(kSp, static_cast<int32_t>(sizeof(Record)));
  a.jmp(x86::qword_ptr(kPc));
}

// Handler: calls the code behind pc with the arguments in the frame.
void write_enter(StubWriter& w, const wasm::FuncType& type, const Words& words,
                 const Label& returned) {
  x86::Assembler& a = w.a;
  begin_enter(w, words);
  a.mov(kSlots, x86::qword_ptr(kPc, static_cast<int32_t>(offsetof(FuncCode, compiled) -
                                                         offsetof(FuncCode, enter_compiled))));
  if (words.arguments + words.results != 0) a.sub(x86::rsp, words.arguments + words.results);
  for_each_location(type.params, LocationSequence::arguments(kConvention),
                    [&](ValType param, const ValueLocation& location, int32_t slot) {
                      const x86::Mem from = x86::ptr(kFp, slot);
                      if (location.in_register())
                        w.load_from_slot(param, location.reg, from);
                      else
                        w.copy(
                            x86::ptr(x86::rsp, static_cast<int32_t>(location.stack_word) * kWord),
                            from, param.slots());
                    });
  a.call(kSlots);
  a.bind(returned);
  end_enter(w, type, words);
}

// Handler: calls the code in r0 with the address of the frame, whose place the results take.
void write_enter_loop(StubWriter& w, const wasm::FuncType& type, const Words& words,
                      const Label& returned) {
  x86::Assembler& a = w.a;
  begin_enter(w, words);
  a.mov(kSlots, kR0);
  a.mov(gp(kConvention.integer_arguments[0]), kFp);
  if (words.results != 0) a.sub(x86::rsp, words.results);
  a.call(kSlots);
  a.bind(returned);
  end_enter(w, type, words);
}

// Arguments to slots. The words of those on the stack begin at `on_stack`.
void store_arguments(StubWriter& w, const wasm::FuncType& type, const x86::Mem& on_stack,
                     const x86::Gp& slots) {
  for_each_location(type.params, LocationSequence::arguments(kConvention),
                    [&](ValType param, const ValueLocation& location, int32_t slot) {
                      const x86::Mem to = x86::ptr(slots, slot);
                      const x86::Mem word =
                          on_stack.cloneAdjusted(static_cast<int64_t>(location.stack_word) * kWord);
                      if (location.in_register())
                        w.store_to_slot(param, location.reg, to);
                      else if (param.kind() == ValType::Kind::F32)
                        w.copy_f32(to, word);
                      else
                        w.copy(to, word, param.slots());
                    });
}

// A tail call of code that the interpreter entered, when nothing of it is left on the stack: it tail-calls
// the function itself, or the tiers would pile up frames taking turns. The registers that calls preserve
// are as they were at the entry: the frame still is in the interpreter's register.
void write_tail_adapter(StubWriter& w, const wasm::FuncType& type, const Words& words,
                        const Label& otherwise) {
  x86::Assembler& a = w.a;
  static_assert(kConvention.callee_saved.contains(x64::kR13));
  a.mov(kState, WRUN_VM_FIELD(stack));
  a.lea(kSlots, x86::ptr(x86::rsp, kWord + words.arguments + words.results));
  a.cmp(kSlots, WRUN_STATE_FIELD(entry_record));
  a.jne(otherwise);
  a.lea(kSlots, x86::ptr(kFp, words.shared() + static_cast<int32_t>(kStackHeadroom / 2)));
  a.cmp(kSlots, x86::rsp);
  a.ja(otherwise);
  store_arguments(w, type, x86::ptr(x86::rsp, kWord), kFp);
  a.mov(kSp, WRUN_STATE_FIELD(entry_record));
  a.mov(kR0, x86::rax);
  w.to_host_stack();
  w.jump_to(SignatureAddress::TailCallFunction);
}

// Calls the function in rax by the interpreter, with the arguments in the slots above its frames.
void write_adapter(StubWriter& w, const wasm::FuncType& type, const Words& words,
                   const Label& overflow) {
  x86::Assembler& a = w.a;
  w.push_saved();
  a.mov(kState, WRUN_VM_FIELD(stack));
  a.mov(kSlots, WRUN_STATE_FIELD(frames));
  // Room for the slots, for records of both, and for what a host function's activation begins with.
  a.lea(x86::rbx, x86::ptr(kSlots, words.shared() + static_cast<int32_t>(kStackHeadroom / 2)));
  a.cmp(x86::rbx, x86::rsp);
  a.ja(overflow);
  // Above the frame pointer and the return address.
  store_arguments(w, type, x86::ptr(x86::rbp, 2 * kWord), kSlots);
  a.push(kSlots);
  a.push(WRUN_STATE_FIELD(entry_record));
  a.push(x86::rbp);
  a.lea(kPc, w.address(static_cast<size_t>(SignatureAddress::ReturnHandler)));
  a.push(kPc);
  a.mov(WRUN_STATE_FIELD(records), x86::rsp);
  a.mov(kSp, x86::rsp);
  a.mov(kFp, x86::rbp);
  a.mov(kR0, x86::rax);
  a.movq(kF0, kSlots);
  w.to_host_stack();
  w.jump_to(SignatureAddress::CallFunction);
  a.bind(overflow);
  w.fault();
}

// Handler: what the adapter's record leads to; the results are in the slots.
void write_return(StubWriter& w, const wasm::FuncType& type, const Words& words) {
  x86::Assembler& a = w.a;
  a.lea(x86::rsp, x86::ptr(kSp, static_cast<int32_t>(sizeof(Record))));
  a.mov(kState, WRUN_VM_FIELD(stack));
  a.pop(WRUN_STATE_FIELD(entry_record));
  a.pop(kSlots);
  a.mov(WRUN_STATE_FIELD(frames), kSlots);
  w.set_limit();
  a.lea(x86::rbp, x86::ptr(x86::rsp, 3 * kWord));
  const int32_t results = 2 * kWord + words.arguments;
  for_each_location(
      type.results, LocationSequence::results(kConvention),
      [&](ValType result, const ValueLocation& location, int32_t slot) {
        const x86::Mem from = x86::ptr(kSlots, slot);
        if (location.in_register())
          w.load_from_slot(result, location.reg, from);
        else
          w.copy(x86::ptr(x86::rbp, results + static_cast<int32_t>(location.stack_word) * kWord),
                 from, result.slots());
      });
  w.pop_saved();
  a.ret(words.arguments);
}

// The faulting pc is in rdi.
void write_trap_exit(StubWriter& w) {
  x86::Assembler& a = w.a;
  a.mov(kState, WRUN_VM_FIELD(stack));
  a.mov(WRUN_STATE_FIELD(exit_pc), x86::rdi);
  a.mov(WRUN_STATE_FIELD(exit_operand), x86::gpq(x64::kTrapOperand.number()));
  a.mov(WRUN_STATE_FIELD(exit_records), x86::rsp);
  a.mov(WRUN_STATE_FIELD(exit_frame), x86::rbp);
  a.mov(WRUN_STATE_FIELD(exit_vm), kVm);
  a.mov(x86::byte_ptr(kState, offsetof(StackState, exit_was_compiled)), 1);
  w.to_host_stack();
  a.ret();
}

// Where all runtime calls go on. The arguments already are where C has those behind the context.
void write_runtime_call(StubWriter& w, const Label& trap_exit) {
  x86::Assembler& a = w.a;
  const Label trapped = a.newLabel();
  const x86::Mem exit_code = x86::byte_ptr(kState, offsetof(StackState, exit_code));
  w.call_helper();
  a.cmp(exit_code, 0);
  a.jne(trapped);
  w.pop_saved();
  a.ret();
  a.bind(trapped);
  w.trap_at_call(trap_exit);
}

// The type and the size in bytes are where a helper takes them. As Heap::try_allocate(); only when there is
// no room the runtime is called.
void write_allocate(StubWriter& w, size_t helper, const Label& runtime_call) {
  x86::Assembler& a = w.a;
  const auto area = [](size_t offset) {
    return x86::qword_ptr(x86::r10, static_cast<int32_t>(offset));
  };
  const Label slowly = a.newLabel();
  const x86::Gp type = gp(kConvention.integer_arguments[0]);
  const x86::Gp bytes = gp(kConvention.integer_arguments[1]);
  a.mov(x86::r10, WRUN_VM_FIELD(allocation));
  a.mov(x86::rax, area(offsetof(gc::AllocationArea, cursor)));
  a.mov(x86::r11, area(offsetof(gc::AllocationArea, limit)));
  a.sub(x86::r11, x86::rax);
  a.cmp(bytes, x86::r11);
  a.ja(slowly);
  a.add(bytes, x86::rax);
  a.mov(area(offsetof(gc::AllocationArea, cursor)), bytes);
  a.mov(x86::ptr(x86::rax), type);
  a.mov(x86::rcx, x86::rax);
  a.sub(x86::rcx, area(offsetof(gc::AllocationArea, base)));
  a.shr(x86::rcx, 3);
  a.mov(x86::r11, x86::rcx);
  a.shr(x86::r11, 6);
  a.mov(x86::r10, area(offsetof(gc::AllocationArea, starts)));
  a.mov(x86::r8, x86::qword_ptr(x86::r10, x86::r11, 3));
  a.bts(x86::r8, x86::rcx);
  a.mov(x86::qword_ptr(x86::r10, x86::r11, 3), x86::r8);
  a.ret();
  a.bind(slowly);
  w.set_helper(helper);
  w.jump(runtime_call);
}

// Handler: goes on in compiled code where an exception is caught, which sets the stack pointer.
void write_landing(StubWriter& w) {
  x86::Assembler& a = w.a;
  a.mov(kState, WRUN_VM_FIELD(stack));
  a.mov(kSlots, WRUN_STATE_FIELD(frames));
  w.set_limit();
  x86::Mem saved = WRUN_STATE_FIELD(landing_saved);
  static_assert(kConvention.callee_saved.size() == runtime::CompiledPc::kSavedRegisters);
  for (const Reg reg : kConvention.callee_saved) {
    a.mov(gp(reg), saved);
    saved.addOffset(kWord);
  }
  a.mov(x86::rbp, WRUN_STATE_FIELD(landing_frame));
  a.jmp(WRUN_STATE_FIELD(landing_pc));
}

// A runtime call that does not come back, unless as a trap: the helper says where the thread goes on.
void write_throw(StubWriter& w, size_t helper, const Label& trap_exit, const Label& landing) {
  x86::Assembler& a = w.a;
  const Label uncaught = a.newLabel();
  w.set_helper(helper);
  w.call_helper();
  a.test(x86::al, x86::al);
  a.jz(uncaught);
  a.mov(kVm, WRUN_STATE_FIELD(landing_vm));
  a.mov(x86::r14, WRUN_VM_FIELD(memory0));
  a.mov(x86::r14, x86::ptr(x86::r14, offsetof(runtime::MemoryView, base)));
  w.to_host_stack();
  a.cmp(x86::al, static_cast<uint8_t>(interp::Landing::Compiled));
  a.je(landing);
  a.mov(kPc, WRUN_STATE_FIELD(landing_pc));
  a.mov(kFp, WRUN_STATE_FIELD(landing_frame));
  a.mov(kSp, WRUN_STATE_FIELD(landing_records));
  a.jmp(x86::qword_ptr(kPc));
  a.bind(uncaught);
  w.trap_at_call(trap_exit);
}

// All arguments stay where they are, and the function in rax.
void write_first_call(StubWriter& w, size_t helper, size_t field) {
  x86::Assembler& a = w.a;
  constexpr auto& integers = kConvention.integer_arguments;
  constexpr auto& vectors = kConvention.vector_arguments;
  constexpr auto kVectorBytes = static_cast<int32_t>(sizeof(wasm::V128));
  w.push_saved();
  for (const Reg reg : integers) a.push(gp(reg));
  a.push(x86::rax);
  a.sub(x86::rsp, static_cast<int32_t>(vectors.size()) * kVectorBytes);
  for (size_t i = 0; i < vectors.size(); ++i)
    a.movups(x86::ptr(x86::rsp, static_cast<int32_t>(i) * kVectorBytes), vector(vectors[i]));
  a.mov(kState, WRUN_VM_FIELD(stack));
  a.mov(x86::rsi, x86::rax);
  w.set_helper(helper);
  w.call_on_host_stack();
  for (size_t i = 0; i < vectors.size(); ++i)
    a.movups(vector(vectors[i]), x86::ptr(x86::rsp, static_cast<int32_t>(i) * kVectorBytes));
  a.add(x86::rsp, static_cast<int32_t>(vectors.size()) * kVectorBytes);
  a.pop(x86::rax);
  for (size_t i = integers.size(); i-- > 0;) a.pop(gp(integers[i]));
  w.pop_saved();
  w.jump_by(field);
}

}  // namespace

// The context is in its register; the pc goes to where write_trap_exit() takes it.
void resume_at_trap_exit(ucontext_t* context) {
  greg_t* registers = context->uc_mcontext.gregs;
  registers[REG_RDI] = registers[REG_RIP];
  registers[REG_RIP] =
      reinterpret_cast<greg_t>(reinterpret_cast<const VMContext*>(registers[REG_R15])->trap_exit);
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
