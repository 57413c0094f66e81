// What the stubs of all machines have in common: where the values of a signature are on both sides, and what
// is written one behind the other. A machine has a writer, and a function for each part that is found by it.
#pragma once

#include <asmjit/core.h>

#include <algorithm>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "codegen/abi.hpp"
#include "codegen/stubs.hpp"
#include "ir/ops.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen {

// Where values of the interpreter's slots and of the convention are, in order: visit(type, location, offset of
// the slot).
template <class Visit>
void for_each_location(std::span<const wasm::ValType> types, LocationSequence sequence,
                       Visit&& visit) {
  int32_t slot = 0;
  for (const wasm::ValType type : types) {
    visit(type, sequence.next(type), slot * static_cast<int32_t>(kWordBytes));
    slot += static_cast<int32_t>(type.slots());
  }
}

struct Words {
  Words(const Convention& convention, const wasm::FuncType& type)
      : arguments(bytes(argument_words(convention, type.params))),
        results(bytes(result_words(convention, type))) {
    for (const wasm::ValType param : type.params) param_slots += param.slots();
    for (const wasm::ValType result : type.results) result_slots += result.slots();
  }
  int32_t shared() const { return bytes(std::max(param_slots, result_slots)); }
  int32_t arguments, results;  // bytes on the stack
  uint32_t param_slots = 0, result_slots = 0;

 private:
  static int32_t bytes(uint32_t words) { return static_cast<int32_t>(words * kWordBytes); }
};

inline uint64_t entry_stack_bytes(const Words& words) {
  return static_cast<uint64_t>(words.shared() + words.arguments + words.results) + kStackHeadroom;
}

// Writes code with an assembler of the machine's.
template <class Assembler>
class StubWriterBase {
 public:
  explicit StubWriterBase(const asmjit::Environment& environment) {
    code_.init(environment);
    code_.attach(&a);
  }

  // Before anything else.
  void reserve_addresses(size_t count) {
    addresses = a.newLabel();
    a.bind(addresses);
    for (size_t i = 0; i < count; ++i) a.embedUInt64(0);
  }
  void align() { a.align(asmjit::AlignMode::kCode, kStubAlignment); }
  uint32_t offset(const asmjit::Label& label) const {
    return static_cast<uint32_t>(code_.labelOffset(label));
  }
  std::vector<std::byte> finish() {
    using asmjit::kErrorOk;
    WRUN_CHECK(code_.flatten() == kErrorOk && code_.resolveUnresolvedLinks() == kErrorOk &&
               !code_.hasRelocEntries());
    std::vector<std::byte> bytes(code_.codeSize());
    WRUN_CHECK(code_.copyFlattenedData(bytes.data(), bytes.size()) == kErrorOk);
    return bytes;
  }

 private:
  asmjit::CodeHolder code_;

 public:
  Assembler a;
  asmjit::Label addresses;
};

template <class Writer>
WrittenStubs<SignatureStubs> write_signature_stubs(Writer& w, const wasm::FuncType& type,
                                                   const Words& words) {
  using asmjit::Label;
  auto& a = w.a;
  const Label enter = a.newLabel(), returned = a.newLabel(), enter_loop = a.newLabel(),
              loop_returned = a.newLabel(), adapter = a.newLabel(), overflow = a.newLabel(),
              return_handler = a.newLabel(), call = a.newLabel();
  w.reserve_addresses(static_cast<size_t>(SignatureAddress::Count));
  w.align();
  a.bind(enter);
  write_enter(w, type, words, returned);
  w.align();
  a.bind(enter_loop);
  write_enter_loop(w, type, words, loop_returned);
  w.align();
  a.bind(adapter);
  write_tail_adapter(w, type, words, call);
  a.bind(call);
  write_adapter(w, type, words, overflow);
  w.align();
  a.bind(return_handler);
  write_return(w, type, words);

  std::vector<std::byte> code = w.finish();
  SignatureStubs stubs;
  stubs.enter = w.offset(enter);
  stubs.enter_return = w.offset(returned);
  stubs.enter_loop = w.offset(enter_loop);
  stubs.enter_loop_return = w.offset(loop_returned);
  stubs.adapter = w.offset(adapter);
  stubs.overflow = w.offset(overflow);
  stubs.return_handler = w.offset(return_handler);
  return {stubs, std::move(code)};
}

template <class Writer>
WrittenStubs<CommonStubs> write_common_stubs(Writer& w) {
  using asmjit::Label;
  auto& a = w.a;
  const Label landing = a.newLabel(), trap_exit = a.newLabel(), foreign_call = a.newLabel(),
              entry = a.newLabel(), adapter = a.newLabel(), no_adapter = a.newLabel(),
              no_adapter_trap = a.newLabel(), runtime_call = a.newLabel();
  w.reserve_addresses(kCommonAddresses);
  w.align();
  a.bind(trap_exit);
  write_trap_exit(w);
  w.align();
  a.bind(landing);
  write_landing(w);
  w.align();
  a.bind(foreign_call);
  w.jump_by(offsetof(runtime::FuncRef, adapter));
  w.align();
  a.bind(entry);
  write_first_call(w, kMakeEntryAddress, offsetof(runtime::FuncRef, entry));
  w.align();
  a.bind(adapter);
  write_first_call(w, kMakeAdapterAddress, offsetof(runtime::FuncRef, adapter));
  a.bind(no_adapter);
  w.begin_frame();
  a.bind(no_adapter_trap);
  w.fault();
  w.align();
  a.bind(runtime_call);
  write_runtime_call(w, trap_exit);
  std::vector<Label> calls;
  for (size_t index = 0; index < ir::kRuntimeCallCount; ++index) {
    w.align();
    calls.push_back(a.newLabel());
    a.bind(calls.back());
    switch (static_cast<ir::RuntimeCall>(index)) {
      case ir::RuntimeCall::ThrowRef:       write_throw(w, index, trap_exit, landing); break;
      case ir::RuntimeCall::ObjectAllocate: write_allocate(w, index, runtime_call); break;
      default:
        w.set_helper(index);
        w.jump(runtime_call);
        break;
    }
  }
  std::vector<std::byte> code = w.finish();
  CommonStubs stubs;
  stubs.trap_exit = w.offset(trap_exit);
  stubs.landing = w.offset(landing);
  stubs.foreign_call = w.offset(foreign_call);
  stubs.first_entry = w.offset(entry);
  stubs.first_adapter = w.offset(adapter);
  stubs.no_adapter = w.offset(no_adapter);
  stubs.no_adapter_trap = w.offset(no_adapter_trap);
  std::ranges::transform(calls, stubs.runtime_calls.begin(),
                         [&](const Label& call) { return w.offset(call); });
  return {stubs, std::move(code)};
}

}  // namespace wrun::codegen
