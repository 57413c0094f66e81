// Code that goes on where a slot says: of files, too, so that it is made on any machine for any other.
#include "codegen/x64/machine.hpp"

#include <asmjit/x86.h>

#include "base/assert.hpp"
#include "codegen/abi.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::x64 {
namespace {

namespace x86 = asmjit::x86;
using asmjit::kErrorOk;

std::vector<std::byte> finish(asmjit::CodeHolder& code, uint64_t address) {
  WRUN_CHECK(code.flatten() == kErrorOk && code.resolveUnresolvedLinks() == kErrorOk &&
             code.relocateToBase(address) == kErrorOk);
  std::vector<std::byte> bytes(code.codeSize());
  WRUN_CHECK(code.copyFlattenedData(bytes.data(), bytes.size()) == kErrorOk);
  return bytes;
}

}  // namespace

FunctionStub make_function_stub(uint32_t function_index, uint64_t address, uint64_t slot) {
  asmjit::CodeHolder code;
  code.init(asmjit::Environment(asmjit::Arch::kX64), address);
  x86::Assembler a(&code);
  const asmjit::Label by_reference = a.newLabel();
  const auto field = [](const x86::Gp& base, size_t offset) {
    return x86::qword_ptr(base, static_cast<int32_t>(offset));
  };
  const x86::Gp callee = x86::gpq(kConvention.callee.number());
  const x86::Gp vm = x86::gpq(kConvention.vm_context.number());
  a.jmp(x86::qword_ptr_rel(slot));
  a.bind(by_reference);
  a.mov(callee, field(vm, offsetof(runtime::VMContext, functions)));
  a.mov(callee, field(callee, function_index * sizeof(runtime::FuncRef*)));
  a.jmp(field(callee, offsetof(runtime::FuncRef, entry)));
  FunctionStub stub;
  stub.by_reference = static_cast<uint32_t>(code.labelOffset(by_reference));
  stub.code = finish(code, address);
  return stub;
}

StubCode make_slot_jump(uint64_t address, uint64_t slot) {
  asmjit::CodeHolder code;
  code.init(asmjit::Environment(asmjit::Arch::kX64), address);
  x86::Assembler a(&code);
  a.jmp(x86::qword_ptr_rel(slot));
  return {finish(code, address)};
}

}  // namespace wrun::codegen::x64
