// A function in static single assignment form: blocks with parameters, instructions in order, each of
// which is the value that it computes. Everything is in flat arrays and named by index.
//
//   for (Block block : function.blocks())
//     for (Value value : function.instructions(block)) {
//       const Instruction& insn = function[value];
//       for (Value operand : function.operands(value)) ...
//       for (const Edge& edge : function.edges(value)) use(edge.target, function.args(edge));
//     }
//
//  - Parameters of the first block are the function's. Block parameters stand in params(block), not
//    among the instructions.
//  - Constants exist once and belong to no block; they may be used anywhere.
//  - An instruction with several results is its first; the others are `result` instructions, which
//    follow it at once.
//  - The last instruction of a block is its terminator. A target may occur on several of its edges.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "ir/ops.hpp"
#include "wasm/catch_table.hpp"
#include "wasm/inlined_call.hpp"
#include "wasm/module.hpp"
#include "wasm/v128.hpp"
#include "wrun/trap.hpp"

namespace wrun::ir {

template <class Tag>
struct Id {
  uint32_t index = UINT32_MAX;
  constexpr bool exists() const { return index != UINT32_MAX; }
  constexpr auto operator<=>(const Id&) const = default;
};
using Value = Id<struct ValueTag>;
using Block = Id<struct BlockTag>;
inline constexpr Value kNoValue = {};
inline constexpr Block kNoBlock = {};

// Where a memory instruction goes: to its first operand plus `offset`. The operand is relative to the
// base of memory 0, zero-extended if it is an i32, unless the access is absolute: then it is the address.
struct Access {
  uint32_t offset = 0;
  uint16_t memory = 0;  // of absolute accesses too
  uint8_t lane = 0;
  bool is_absolute : 1 = false;
  bool is_checked : 1 = false;  // a bounds_check has been made: cannot trap

  constexpr uint64_t bits() const {
    return offset | uint64_t{memory} << 32 | uint64_t{lane} << 48 | uint64_t{is_absolute} << 56 |
           uint64_t{is_checked} << 57;
  }
  static constexpr Access from_bits(uint64_t bits) {
    return {.offset = static_cast<uint32_t>(bits),
            .memory = static_cast<uint16_t>(bits >> 32),
            .lane = static_cast<uint8_t>(bits >> 48),
            .is_absolute = (bits >> 56 & 1) != 0,
            .is_checked = (bits >> 57 & 1) != 0};
  }
};

constexpr uint64_t pair(uint32_t low, uint32_t high) { return low | uint64_t{high} << 32; }

// Where an instruction comes from: the byte offset of one of WebAssembly's in the module, and which of
// Function::inlined_calls it was built for.
struct Origin {
  uint32_t offset = 0;
  uint32_t inlined_call = wasm::InlinedCall::kNone;
};

struct Instruction {
  Op op = Op::Nop;
  Type type = Type::None;  // of the (first) result
  TrapCode trap = TrapCode::None;
  // Operands; those of an instruction with effect::List are operands[0] (where they are in the pool) and
  // operands[1] (how many). operands[2] of a terminator is its first edge.
  uint32_t operands[3] = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
  uint64_t immediate = 0;
  Value previous = {};  // in the block
  Value next = {};

  Access access() const { return Access::from_bits(immediate); }
  uint32_t low() const { return static_cast<uint32_t>(immediate); }
  uint32_t high() const { return static_cast<uint32_t>(immediate >> 32); }
  RuntimeCall runtime_call() const { return static_cast<RuntimeCall>(immediate); }
  bool is(uint32_t effects) const { return info(op).has(effects); }
  bool is_constant() const { return is(effect::Constant); }
};
static_assert(sizeof(Instruction) == 32);

// What happens when it is executed: effect flags, those of the helper or access included.
inline uint32_t effects(const Instruction& insn) {
  const OpInfo& op = info(insn.op);
  uint32_t effects = op.effects;
  if (insn.op == Op::CallRuntime) effects |= info(insn.runtime_call()).effects;
  if (op.imm == Imm::Access && insn.access().is_checked) effects &= ~effect::MayTrap;
  return effects;
}

struct Edge {
  Block target;
  uint32_t first_arg = 0;
  uint32_t arg_count = 0;
};

struct BlockData {
  Value first;
  Value last;
  uint32_t first_param = 0;
  uint32_t param_count = 0;
  bool is_cold = false;  // leads to a trap, or a hint says so
};

// A range of consecutive ids.
template <class T>
class IdRange {
 public:
  struct Iterator {
    uint32_t index;
    T operator*() const { return {index}; }
    Iterator& operator++() {
      ++index;
      return *this;
    }
    bool operator==(const Iterator&) const = default;
  };
  explicit IdRange(uint32_t count) : count_(count) {}
  Iterator begin() const { return {0}; }
  Iterator end() const { return {count_}; }
  uint32_t size() const { return count_; }

 private:
  uint32_t count_;
};

class Function {
 public:
  Function(const wasm::Module& module, uint32_t index) : module_(&module), index_(index) {}

  const wasm::Module& module() const { return *module_; }
  uint32_t index() const { return index_; }
  const wasm::FuncType& type() const { return module_->func_type(index_); }
  // Of the entry: the function's, or, where it is entered at a loop, the address of the frame that the
  // interpreter had for it.
  std::span<const wasm::ValType> entry_params() const {
    static constexpr wasm::ValType kFrame[] = {wasm::kI64};
    return enters_at_loop ? kFrame : std::span<const wasm::ValType>(type().params);
  }
  bool enters_at_loop = false;

  // --- blocks
  Block entry() const { return {0}; }
  IdRange<Block> blocks() const { return IdRange<Block>(block_count()); }
  uint32_t block_count() const { return static_cast<uint32_t>(blocks_.size()); }
  BlockData& operator[](Block block) { return blocks_[block.index]; }
  const BlockData& operator[](Block block) const { return blocks_[block.index]; }
  std::span<const Value> params(Block block) const {
    const BlockData& data = (*this)[block];
    return {pool_.data() + data.first_param, data.param_count};
  }
  Block create_block();
  Value add_param(Block block, Type type);
  // Leaves the parameters for which keep(index) holds; arguments are the caller's.
  template <class Keep>
  void filter_params(Block block, Keep&& keep) {
    BlockData& data = (*this)[block];
    data.param_count = compact(data.first_param, data.param_count, keep);
  }

  // --- instructions
  uint32_t value_count() const { return static_cast<uint32_t>(instructions_.size()); }
  Instruction& operator[](Value value) { return instructions_[value.index]; }
  const Instruction& operator[](Value value) const { return instructions_[value.index]; }
  Type type(Value value) const { return (*this)[value].type; }
  // kNoBlock: a constant, or not in the function (any more).
  Block block_of(Value value) const { return block_of_[value.index]; }
  const Origin& origin_of(Value value) const { return origin_of_[value.index]; }
  uint32_t offset_of(Value value) const { return origin_of(value).offset; }
  void set_origin(Value value, const Origin& origin) { origin_of_[value.index] = origin; }
  Value terminator(Block block) const { return (*this)[block].last; }

  class InstructionRange;
  InstructionRange instructions(Block block) const;

  std::span<Value> operands(Value value) { return operands_of(instructions_[value.index]); }
  std::span<const Value> operands(Value value) const {
    return const_cast<Function*>(this)
        ->operands_of(  // NOLINT(cppcoreguidelines-pro-type-const-cast)
            const_cast<Instruction&>(
                (*this)[value]));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  }
  Value operand(Value value, uint32_t i) const { return operands(value)[i]; }

  // --- edges
  static constexpr uint32_t edge_count(const Instruction& insn) {
    switch (insn.op) {
      case Op::Jump:      return 1;
      case Op::Branch:
      case Op::Invoke:
      case Op::InvokeRef: return 2;
      case Op::Switch:    return static_cast<uint32_t>(insn.immediate);
      default:            return 0;
    }
  }
  std::span<Edge> edges(Value terminator) {
    const Instruction& insn = (*this)[terminator];
    const uint32_t count = edge_count(insn);
    return {edges_.data() + (count == 0 ? 0 : insn.operands[2]), count};
  }
  std::span<const Edge> edges(Value terminator) const {
    const Instruction& insn = (*this)[terminator];
    const uint32_t count = edge_count(insn);
    return {edges_.data() + (count == 0 ? 0 : insn.operands[2]), count};
  }
  // None for a block that has been removed: it has no instructions.
  std::span<const Edge> edges(Block block) const {
    const Value last = terminator(block);
    return last.exists() ? edges(last) : std::span<const Edge>();
  }
  std::span<Edge> edges(Block block) {
    const Value last = terminator(block);
    return last.exists() ? edges(last) : std::span<Edge>();
  }
  std::span<Value> args(const Edge& edge) {
    return {pool_.data() + edge.first_arg, edge.arg_count};
  }
  std::span<const Value> args(const Edge& edge) const {
    return {pool_.data() + edge.first_arg, edge.arg_count};
  }
  template <class Keep>
  void filter_args(Edge& edge, Keep&& keep) {
    edge.arg_count = compact(edge.first_arg, edge.arg_count, keep);
  }

  // What regions catch; those of calls are the immediates of caught_exception.
  wasm::CatchTable catches;
  std::vector<wasm::InlinedCall> inlined_calls;

  // --- construction
  Value constant(Type type, uint64_t bits);
  Value i32(uint32_t value) { return constant(Type::I32, value); }
  Value i64(uint64_t value) { return constant(Type::I64, value); }
  Value vector_constant(wasm::V128 value);
  Value null() { return constant(Type::Ref, 0); }
  uint32_t add_vector(wasm::V128 value);
  const std::vector<wasm::V128>& vectors() const { return vectors_; }

  // Edges and lists are made first, then the instruction that has them.
  uint32_t add_list(std::span<const Value> values);
  Edge make_edge(Block target, std::span<const Value> args) {
    return {target, add_list(args), static_cast<uint32_t>(args.size())};
  }
  uint32_t add_edges(std::span<const Edge> edges);
  Edge& edge(uint32_t index) { return edges_[index]; }

  // An instruction that is in no block yet.
  Value create(const Instruction& insn, const Origin& origin = {});
  void append(Block block, Value value);
  void insert_before(Value at, Value value);
  void insert_after(Value at, Value value);
  void remove(Value value);  // from its block; its number is not used again
  // Whether it is one of the further results of the instruction in front of it.
  bool is_result(Value value) const { return value.exists() && (*this)[value].op == Op::Result; }
  Value behind_results(Value value) const {  // the next instruction that is none
    do value = (*this)[value].next;
    while (is_result(value));
    return value;
  }

  // Room for about as many instructions as a body of this size has.
  void reserve(uint32_t body_bytes);

 private:
  std::span<Value> operands_of(Instruction& insn) {
    if (insn.is(effect::List)) return {pool_.data() + insn.operands[0], insn.operands[1]};
    return {reinterpret_cast<Value*>(insn.operands), info(insn.op).param_count};
  }
  template <class Keep>
  uint32_t compact(uint32_t first, uint32_t count, Keep&& keep) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; ++i)
      if (keep(i)) pool_[first + kept++] = pool_[first + i];
    return kept;
  }
  Value intern(Op op, Type type, uint64_t immediate);
  void grow_constants();

  const wasm::Module* module_;
  uint32_t index_;
  std::vector<Instruction> instructions_;
  std::vector<Block> block_of_;    // by value
  std::vector<Origin> origin_of_;  // by value
  std::vector<BlockData> blocks_;
  std::vector<Edge> edges_;
  std::vector<Value> pool_;  // operand lists, arguments of edges, parameters of blocks
  std::vector<wasm::V128> vectors_;
  std::vector<Value> constants_;  // open hash table
  uint32_t constant_count_ = 0;
};

class Function::InstructionRange {
 public:
  struct Iterator {
    const Function* function;
    Value value;
    Value operator*() const { return value; }
    Iterator& operator++() {
      value = (*function)[value].next;
      return *this;
    }
    bool operator==(const Iterator& other) const { return value == other.value; }
  };
  InstructionRange(const Function& function, Block block)
      : function_(&function), first_(function[block].first) {}
  Iterator begin() const { return {function_, first_}; }
  Iterator end() const { return {function_, kNoValue}; }

 private:
  const Function* function_;
  Value first_;
};

inline Function::InstructionRange Function::instructions(Block block) const {
  return {*this, block};
}

}  // namespace wrun::ir
