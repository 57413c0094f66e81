// The register code that functions are translated to (docs/interpreter.md).
//
// Every instruction starts with the address of its handler, followed by operands, and is a multiple
// of 8 bytes long. Operands are slots of the frame (16-bit numbers of 64-bit slots), immediates,
// or the accumulators: one register each for integers, f32, f64 and v128 that holds the latest
// result of that bank. An instruction that has a result writes it to its bank's accumulator, and, in
// form Dst::Slot, to a slot as well.
//
// A frame is: parameters, other locals, operand stack. The callee's frame begins at the caller's first
// argument; results are left where the frame began, and the first one in its accumulator too.
// Return records live on the other end of the stack (runtime/stack.hpp).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/vm_context.hpp"
#include "wasm/opcodes.hpp"
#include "wasm/v128.hpp"

#if defined(__clang__)
#define WRUN_HANDLER __attribute__((preserve_none))
#else
#define WRUN_HANDLER
#endif

namespace wrun::interp {

using runtime::VMContext;
using wasm::V128;

using Pc = const std::byte*;

struct Record {
  Pc pc;         // where the caller goes on
  uint64_t* fp;  // the caller's frame
};

// The machine state travels in registers from handler to handler.
typedef WRUN_HANDLER void (*Handler)(Pc pc, uint64_t* fp, std::byte* memory,  // NOLINT
                                     VMContext* vm, Record* sp, uint64_t r0, double f0, float g0,
                                     V128 v0);

// A range of a function's code and where an exception thrown there goes (spec 4.4.5). Ranges of inner
// blocks come first.
struct ExceptionHandler {
  static constexpr uint32_t kNone = UINT32_MAX;
  enum class Kind : uint8_t { Catch, Delegate };
  Kind kind = Kind::Catch;
  uint32_t begin = 0;  // bytes of code
  uint32_t end = 0;
  uint32_t depth = 0;               // nesting of the block that it belongs to
  uint32_t target = 0;              // Catch: bytes of code. Delegate: the depth to go on from
  uint32_t tag = kNone;             // index; kNone catches all
  uint32_t payload_slot = kNone;    // where the tag's parameters go
  uint32_t exception_slot = kNone;  // where a reference to the exception goes
};

// What a call needs to know of its callee. `entry` leads to a Translate instruction until the first
// call; `frame_bytes` is written before `entry` is replaced.
struct FuncCode {
  Handler translate = nullptr;  // the Translate instruction that `entry` first leads to
  Pc entry = nullptr;
  // What `entry` leads to once the function is compiled: a stub that calls the code behind it.
  Handler enter_compiled = nullptr;
  const void* compiled = nullptr;
  // Read by threads that find the function untranslated while another one translates it.
  [[gnu::always_inline]] uint64_t frame_size() const {
    return __atomic_load_n(&frame_bytes, __ATOMIC_RELAXED);
  }
  uint64_t frame_bytes = 0;  // from fp to the end of the frame, plus room for a host call's record
  uint32_t function_index = 0;
  uint32_t code_bytes = 0;
  class ModuleCode* module = nullptr;
  // From code to module, for backtraces: pairs in ascending order, made with the code.
  struct OffsetEntry {
    uint32_t code;  // start of an instruction, relative to entry's block
    uint32_t wasm;
  };
  const OffsetEntry* offsets = nullptr;
  uint32_t offset_count = 0;
  uint32_t handler_count = 0;
  const ExceptionHandler* handlers = nullptr;
  Pc begin = nullptr;
  // Bytes of code at which there is a CallTarget, ascending.
  const uint32_t* counted_calls = nullptr;
  uint32_t counted_call_count = 0;
  // For tiering up, changed by any thread: what is left until the function is hot, and its calls so far.
  int32_t heat = 0;
  uint32_t calls = 0;
  uint64_t given_heat = 0;  // in all, used or left

  // A call takes more of the heat than a round of a loop, which takes 1.
  static constexpr int32_t kHeatOfCall = 8;
  void give_heat(int32_t amount) {
    __atomic_fetch_add(&given_heat, static_cast<uint64_t>(amount), __ATOMIC_RELAXED);
    const int64_t left = __atomic_exchange_n(&heat, amount, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&given_heat, static_cast<uint64_t>(left), __ATOMIC_RELAXED);
  }
  uint64_t used_heat() const {
    const uint64_t given = __atomic_load_n(&given_heat, __ATOMIC_RELAXED);
    return given - static_cast<uint64_t>(int64_t{__atomic_load_n(&heat, __ATOMIC_RELAXED)});
  }
};

// At the end of the instruction for a call by reference, while heat is counted: the function of the same
// instance that was called there most, or nearly so.
struct CallTarget {
  static constexpr uint32_t kNone = UINT32_MAX;  // of another instance, or of the host
  uint32_t function_index = kNone;
  uint32_t hits = 0;
  uint32_t misses = 0;
  uint32_t wasm_offset = 0;
};

// Where an operand comes from. At most one operand of an instruction is an accumulator and at most
// one is an immediate.
enum class Src : uint8_t { Slot, Acc, Imm };
enum class Dst : uint8_t { Slot, Acc };

// Operand forms of binary instructions: S slot, R accumulator, I immediate; left operand first.
enum class BinaryForm : uint8_t { SS, SR, RS, SI, IS, RI, IR, Count };
enum class UnaryForm : uint8_t { S, R, Count };
// Fused compare-and-branch; W is an immediate of 32 bits, where I has 16.
enum class BranchForm : uint8_t { SS, SR, RS, SI, RI, SW, RW, Count };
// Addresses: one operand, the sum of two, or left + (right << log2 of the access width).
enum class AddressForm : uint8_t {
  S,
  R,
  AddSS,
  AddSR,
  AddRS,
  AddSI,
  AddRI,
  ScaledSS,
  ScaledSR,
  ScaledRS,
  Count
};
// Address and value of a store.
enum class StoreForm : uint8_t {
  SS,
  SR,
  RS,
  SI,
  RI,
  AddSSS,
  AddSSR,
  AddRSS,
  AddSSI,
  AddSIS,
  AddSIR,
  AddSII,
  ScaledSSS,
  ScaledSSR,
  ScaledSRS,
  Count
};
// How memory 0 is accessed; other memories always go through AnyMemory.
enum class Access : uint8_t { Guarded32, Checked32, Checked64, Count };

// Positions of handlers within the row of a wasm opcode.
constexpr size_t binary_at(BinaryForm form, Dst dst) {
  return static_cast<size_t>(form) * 2 + static_cast<size_t>(dst);
}
inline constexpr size_t kBinaryHandlers = static_cast<size_t>(BinaryForm::Count) * 2;
constexpr size_t branch_at(BranchForm form, bool if_true) {
  return kBinaryHandlers + static_cast<size_t>(form) * 2 + (if_true ? 1 : 0);
}
inline constexpr size_t kCompareHandlers =
    kBinaryHandlers + static_cast<size_t>(BranchForm::Count) * 2;
// Fused addition of a constant to a local, comparison with the sum on the left, and branch if true:
// what loops end with. Follows the other handlers of 32-bit integer comparisons.
constexpr size_t add_branch_at(Src right) { return kCompareHandlers + (right == Src::Imm ? 1 : 0); }
inline constexpr size_t kIntegerCompareHandlers = kCompareHandlers + 2;
constexpr size_t unary_at(UnaryForm form, Dst dst) {
  return static_cast<size_t>(form) * 2 + static_cast<size_t>(dst);
}
inline constexpr size_t kUnaryHandlers = static_cast<size_t>(UnaryForm::Count) * 2;
constexpr size_t load_at(Access access, AddressForm form, Dst dst) {
  return (static_cast<size_t>(access) * static_cast<size_t>(AddressForm::Count) +
          static_cast<size_t>(form)) *
             2 +
         static_cast<size_t>(dst);
}
inline constexpr size_t kAnyMemoryLoad =
    static_cast<size_t>(Access::Count) * static_cast<size_t>(AddressForm::Count) * 2;
inline constexpr size_t kLoadHandlers = kAnyMemoryLoad + 1;
constexpr size_t store_at(Access access, StoreForm form) {
  return static_cast<size_t>(access) * static_cast<size_t>(StoreForm::Count) +
         static_cast<size_t>(form);
}
inline constexpr size_t kAnyMemoryStore =
    static_cast<size_t>(Access::Count) * static_cast<size_t>(StoreForm::Count);
inline constexpr size_t kStoreHandlers = kAnyMemoryStore + 1;

// Two operands of an instruction on objects: SR and RS take one from the integer accumulator.
enum class ObjectForm : uint8_t { SS, SR, RS, Count };
// How a field is read, by its storage type.
enum class FieldRead : uint8_t { I8U, I8S, I16U, I16S, Word32, Word64, F32, F64, V128, Count };
constexpr size_t struct_get_at(FieldRead read, Src src, Dst dst) {
  return static_cast<size_t>(read) * 4 + static_cast<size_t>(src) * 2 + static_cast<size_t>(dst);
}
inline constexpr size_t kStructGetHandlers = static_cast<size_t>(FieldRead::Count) * 4;
constexpr size_t array_get_at(FieldRead read, ObjectForm form, Dst dst) {
  return (static_cast<size_t>(read) * static_cast<size_t>(ObjectForm::Count) +
          static_cast<size_t>(form)) *
             2 +
         static_cast<size_t>(dst);
}
inline constexpr size_t kArrayGetHandlers =
    static_cast<size_t>(FieldRead::Count) * static_cast<size_t>(ObjectForm::Count) * 2;
// struct.set and array.set, by log2 of the field's width.
constexpr size_t object_set_at(uint8_t width_log2, ObjectForm form) {
  return width_log2 * static_cast<size_t>(ObjectForm::Count) + static_cast<size_t>(form);
}
inline constexpr size_t kObjectSetHandlers = 5 * static_cast<size_t>(ObjectForm::Count);

enum class Code : uint16_t {
#define WRUN_CODE(id) id,
#include "interp/bytecode.def"
#undef WRUN_CODE
  Count
};

// left + (right << shift), which addresses of array elements are made of.
struct ShiftAddHandlers {
  Handler slot[3];  // SS, SR, RS, to slot and accumulator
  Handler acc[3];   // to the accumulator alone
};

struct HandlerTable {
  const Handler* rows[wasm::kOpCount] = {};
  Handler codes[static_cast<size_t>(Code::Count)] = {};
  ShiftAddHandlers shift_add32 = {};

  Handler operator[](Code code) const { return codes[static_cast<size_t>(code)]; }
  const Handler* row(wasm::Op op) const { return rows[static_cast<size_t>(op)]; }
};

// The handlers built for the best instruction set that this machine has.
const HandlerTable& handler_table();

}  // namespace wrun::interp
