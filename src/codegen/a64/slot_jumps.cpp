// Code that goes on where a slot says: of files, too, so that it is made on any machine for any other.
#include "codegen/a64/machine.hpp"

#include "codegen/a64/assembler.hpp"
#include "codegen/abi.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::a64 {
namespace {

using asmjit::a64::ptr;

class Writer {
 public:
  Writer() {
    code_.init(asmjit::Environment(asmjit::Arch::kAArch64));
    code_.attach(&a);
  }
  // By the distance in pages.
  void jump(uint64_t address, uint64_t slot) {
    a.load_page(kTemp, address, slot);
    a.ldr(kTemp, ptr(kTemp, static_cast<int32_t>(slot & 4095)));
    a.br(kTemp);
  }
  std::vector<std::byte> finish() {
    const asmjit::CodeBuffer& buffer = code_.textSection()->buffer();
    const auto* bytes = reinterpret_cast<const std::byte*>(buffer.data());
    return {bytes, bytes + buffer.size()};
  }

 private:
  asmjit::CodeHolder code_;

 public:
  Assembler a;
};

}  // namespace

FunctionStub make_function_stub(uint32_t function_index, uint64_t address, uint64_t slot) {
  Writer writer;
  Assembler& a = writer.a;
  const Gp callee = gp(kConvention.callee);
  const auto offset = static_cast<int64_t>(function_index * sizeof(runtime::FuncRef*));
  writer.jump(address, slot);
  FunctionStub stub;
  stub.by_reference = static_cast<uint32_t>(a.offset());
  a.ldr(callee, a.at(gp(kConvention.vm_context), offsetof(runtime::VMContext, functions), 8));
  a.ldr(callee, a.at(callee, offset, 8, callee));
  a.ldr(kTemp, a.at(callee, offsetof(runtime::FuncRef, entry), 8));
  a.br(kTemp);
  stub.code = writer.finish();
  return stub;
}

StubCode make_slot_jump(uint64_t address, uint64_t slot) {
  Writer writer;
  writer.jump(address, slot);
  return {writer.finish()};
}

}  // namespace wrun::codegen::a64
