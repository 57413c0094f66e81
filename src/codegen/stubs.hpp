// Code between tiers: the ways from the interpreter into compiled code and back, and from compiled code
// to the runtime.
//
// All of it runs on the guest stack, on which the interpreter's frames grow upwards from the bottom
// while compiled frames grow downwards from where its return records are. The host's stack pointer
// is the same at every handler of an activation, so that going from one tier to the other is a matter of
// registers: neither way takes room on the host's stack.
#pragma once

#include <ucontext.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "codegen/compiler.hpp"
#include "ir/ops.hpp"
#include "wasm/types.hpp"

namespace wrun::codegen {

// Code that can be put anywhere at an alignment of kStubAlignment. At its beginning there is room for the
// addresses that it uses, which whoever puts it there writes.
template <class Stubs>
struct WrittenStubs {
  Stubs stubs;
  std::vector<std::byte> code;
};
inline constexpr size_t kStubAlignment = 16;

// Addresses that the stubs of a signature begin with. Return records of the adapter are what the first is:
// where a handler stands.
enum class SignatureAddress : uint8_t {
  ReturnHandler,  // SignatureStubs::return_handler
  CallFunction,   // the interpreter's handlers of these names
  TailCallFunction,
  Count
};

// For functions of one type: where they begin in their code.
struct SignatureStubs {
  uint32_t enter = 0;              // handler of the interpreter: pc is at FuncCode::enter_compiled
  uint32_t enter_return = 0;       // where the compiled function returns to
  uint32_t enter_loop = 0;         // handler: code that is entered at a loop is in r0
  uint32_t enter_loop_return = 0;  // where it returns to
  uint32_t adapter = 0;            // FuncRef::adapter
  uint32_t overflow = 0;           // faults when the stack has no room for the adapter
  uint32_t return_handler = 0;     // handler: what the adapter's return record leads to
};

// Addresses that the common stubs begin with: the runtime's functions by ir::RuntimeCall, which take the context
// and the operands, and behind them two that take the context and the FuncRef*, whose entry or adapter they set.
inline constexpr size_t kMakeEntryAddress = ir::kRuntimeCallCount;
inline constexpr size_t kMakeAdapterAddress = ir::kRuntimeCallCount + 1;
inline constexpr size_t kCommonAddresses = ir::kRuntimeCallCount + 2;

// For functions of any type.
struct CommonStubs {
  uint32_t trap_exit = 0;     // VMContext::trap_exit
  uint32_t landing = 0;       // VMContext::landing
  uint32_t foreign_call = 0;  // VMContext::foreign_call
  // FuncRef::entry and adapter of functions of any type until they are called there: have it made, and go on
  // where the field says then.
  uint32_t first_entry = 0;
  uint32_t first_adapter = 0;
  uint32_t no_adapter = 0;       // stands in for an adapter that there was no room for
  uint32_t no_adapter_trap = 0;  // where it faults
  std::array<uint32_t, ir::kRuntimeCallCount> runtime_calls = {};
};

WrittenStubs<SignatureStubs> make_signature_stubs(const wasm::FuncType& type);
WrittenStubs<CommonStubs> make_common_stubs();

struct StubCode {
  std::vector<std::byte> code;  // for the address that it was made for
};

// Calls of a function that is not compiled yet: continues where `slot` says, which first is by_reference:
// at FuncRef::entry.
struct FunctionStub : StubCode {
  static constexpr size_t kBytes = 32;  // at most
  uint32_t by_reference = 0;
};
FunctionStub make_function_stub(Machine machine, uint32_t function_index, uint64_t address,
                                uint64_t slot);

// Continues where `slot` says.
StubCode make_slot_jump(Machine machine, uint64_t address, uint64_t slot);
inline constexpr size_t kSlotJumpBytes = 16;  // at most

// A runtime::FaultResume for compiled code.
void resume_at_trap_exit(ucontext_t* context);

// Most bytes that entering a function of this type takes on the stack, beyond its frame.
uint64_t entry_stack_bytes(const wasm::FuncType& type);

}  // namespace wrun::codegen
