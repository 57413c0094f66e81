// The instructions of WebAssembly as an enumeration and tables, all made from opcodes.def.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wasm/features.hpp"
#include "wasm/types.hpp"

namespace wrun::wasm {

// Dense, in the order of opcodes.def: by prefix, then by code.
enum class Op : uint16_t {
#define WRUN_OP(id, prefix, code, text, imm, sig, feature, flags) id,
#include "wasm/opcodes.def"
#undef WRUN_OP
};

// The shapes of immediates (spec 5.4), in the order in which they are encoded.
enum class Imm : uint8_t {
  None,
  Block,  // block type
  Label,
  LabelTable,  // br_table: labels, default label
  Func,
  TypeTable,  // call_indirect: type, table
  Type,
  Local,
  Global,
  Table,
  TableTable,  // table.copy: destination, source
  ElemTable,   // table.init: element segment, table
  Elem,
  Data,
  DataMemory,  // memory.init: data segment, memory
  Memory,
  MemoryMemory,  // memory.copy: destination, source
  MemArg,        // alignment, memory, offset
  MemArgLane,
  Lane,
  V128,
  Lanes16,  // i8x16.shuffle
  I32,
  I64,
  F32,
  F64,
  HeapType,
  SelectTypes,  // vector of value types
  TypeField,    // struct type, field
  TypeType,     // array.copy: destination, source
  TypeData,
  TypeElem,
  TypeCount,  // array.new_fixed
  BrOnCast,   // flags, label, source and target heap type
  TryTable,   // block type, catch clauses
  Tag,
  Zero,  // one reserved byte
};

namespace op_flag {
enum : uint16_t {
  None = 0,
  Pure = 1 << 0,      // the results depend on the operands alone, and nothing else happens
                      // (but for a trap, if MayTrap is set as well)
  Commutes = 1 << 1,  // the two operands may be exchanged
  MayTrap = 1 << 2,
  Load = 1 << 3,     // reads memory at its first operand plus the immediate offset
  Store = 1 << 4,    // writes memory there
  Control = 1 << 5,  // structured control, branches and everything that ends a basic block
  Call = 1 << 6,
  Atomic = 1 << 7,  // alignment must be the natural one
  // The width of a memory access, as 1 + log2 in the upper byte.
  Bytes1 = 1 << 8,
  Bytes2 = 2 << 8,
  Bytes4 = 3 << 8,
  Bytes8 = 4 << 8,
  Bytes16 = 5 << 8,
};
}  // namespace op_flag

// The type of an instruction that has a single one.
struct OpSignature {
  bool special = false;  // no single type: see the validator
  uint8_t param_count = 0;
  uint8_t result_count = 0;
  ValType::Kind params[4] = {};
  ValType::Kind results[2] = {};

  // Reads the notation of opcodes.def, such as "ii_i".
  static constexpr OpSignature parse(std::string_view text) {
    OpSignature sig;
    if (text == "Special") {
      sig.special = true;
      return sig;
    }
    bool in_results = false;
    for (char letter : text) {
      if (letter == '_') {
        in_results = true;
        continue;
      }
      const ValType::Kind kind = letter == 'i'   ? ValType::Kind::I32
                                 : letter == 'l' ? ValType::Kind::I64
                                 : letter == 'f' ? ValType::Kind::F32
                                 : letter == 'd' ? ValType::Kind::F64
                                                 : ValType::Kind::V128;
      if (in_results)
        sig.results[sig.result_count++] = kind;
      else
        sig.params[sig.param_count++] = kind;
    }
    return sig;
  }
};

struct OpInfo {
  uint8_t prefix = 0;  // 0: none
  Imm imm = Imm::None;
  Feature feature = Feature::Mvp;
  uint16_t code = 0;
  uint16_t flags = 0;
  OpSignature signature;

  constexpr bool has(uint16_t flag) const { return (flags & flag) != 0; }
  constexpr bool accesses_memory() const { return (flags >> 8) != 0; }
  // Memory accesses only: log2 of the number of bytes, which is the natural alignment (spec 3.4.11).
  constexpr uint8_t access_log2() const { return static_cast<uint8_t>((flags >> 8) - 1); }
};

namespace detail {
consteval auto make_op_infos() {
  using namespace op_flag;
  return std::to_array<OpInfo>({
#define WRUN_OP(id, prefix, code, text, imm, sig, feature, flags) \
  {prefix, Imm::imm, Feature::feature, code, (flags), OpSignature::parse(#sig)},
#include "wasm/opcodes.def"
#undef WRUN_OP
  });
}
}  // namespace detail

inline constexpr auto kOpInfos = detail::make_op_infos();
inline constexpr size_t kOpCount = kOpInfos.size();

constexpr const OpInfo& info(Op op) { return kOpInfos[static_cast<size_t>(op)]; }
// The name in the text format.
std::string_view text(Op op);
// How wide the floats of the result are, if which NaN is among them is up to the host's processor (spec
// 4.3.3); else 0.
uint32_t nan_bits(Op op);

inline constexpr Op kNoOp = static_cast<Op>(0xffff);
inline constexpr uint8_t kGcPrefix = 0xfb;
inline constexpr uint8_t kMiscPrefix = 0xfc;
inline constexpr uint8_t kSimdPrefix = 0xfd;
inline constexpr uint8_t kAtomicPrefix = 0xfe;

namespace detail {
template <uint8_t kPrefix, size_t kSize>
consteval std::array<Op, kSize> make_code_table() {
  std::array<Op, kSize> table;
  table.fill(kNoOp);
  for (size_t i = 0; i < kOpCount; ++i)
    if (kOpInfos[i].prefix == kPrefix) table[kOpInfos[i].code] = static_cast<Op>(i);
  return table;
}
}  // namespace detail

inline constexpr auto kUnprefixedOps = detail::make_code_table<0, 0x100>();
inline constexpr auto kGcOps = detail::make_code_table<kGcPrefix, 0x27>();
inline constexpr auto kMiscOps = detail::make_code_table<kMiscPrefix, 0x18>();
inline constexpr auto kSimdOps = detail::make_code_table<kSimdPrefix, 0x114>();
inline constexpr auto kAtomicOps = detail::make_code_table<kAtomicPrefix, 0x50>();

// kNoOp if there is no such instruction.
constexpr Op find_op(uint8_t prefix, uint32_t code) {
  const auto at = [code](const auto& table) { return code < table.size() ? table[code] : kNoOp; };
  switch (prefix) {
    case 0:             return at(kUnprefixedOps);
    case kGcPrefix:     return at(kGcOps);
    case kMiscPrefix:   return at(kMiscOps);
    case kSimdPrefix:   return at(kSimdOps);
    case kAtomicPrefix: return at(kAtomicOps);
    default:            return kNoOp;
  }
}

constexpr bool is_prefix(uint8_t byte) { return byte >= kGcPrefix && byte <= kAtomicPrefix; }

}  // namespace wrun::wasm
