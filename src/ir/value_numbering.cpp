// Walks the dominator tree; what has been computed above is found by its operation and operands. Reads
// are found too, as long as the state that they read is the same: every region (memory, globals, tables,
// objects, sizes) has a number for its state, which writing changes.
#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "ir/flow_graph.hpp"
#include "ir/loop_effects.hpp"
#include "ir/passes.hpp"
#include "ir/replacements.hpp"
#include "ir/rewrite_rules.hpp"

namespace wrun::ir {

namespace {

constexpr size_t kRegions = 5;
// By bit of effect::Reads*, which stand at even places, those of effect::Writes* behind them.
using State = std::array<uint32_t, kRegions>;

constexpr uint32_t reads_of(size_t region) { return effect::ReadsMemory << (2 * region); }
constexpr uint32_t writes_of(size_t region) { return effect::WritesMemory << (2 * region); }

class ValueNumbering {
 public:
  explicit ValueNumbering(Function& function)
      : function_(function),
        graph_(function),
        replacements_(function),
        loop_effects_(find_loop_effects(function, graph_)) {
    table_.assign(std::bit_ceil(size_t{2} * function.value_count() + 16), {});
    at_end_.resize(function.block_count());
    visited_.assign(function.block_count(), 0);
  }

  void run() {
    for (const Block block : graph_.order()) {
      enter(block);
      for (Value value = function_[block].first; value.exists();) {
        const Value next = function_.behind_results(value);
        visit(block, value);
        value = next;
      }
      at_end_[block.index] = state_;
      visited_[block.index] = 1;
    }
    replacements_.apply(function_);
  }

 private:
  struct Entry {
    Value key;    // an instruction, perhaps one that is in no block
    Value value;  // what it computes
    uint32_t hash = 0;
    uint32_t state = 0;  // of the region that is read
  };

  // --- states

  void enter(Block block) {
    const auto predecessors = graph_.predecessors(block);
    if (predecessors.size() != 1 || predecessors[0] != latest_) recent_.clear();
    latest_ = block;
    for (size_t region = 0; region < kRegions; ++region) {
      uint32_t common = 0;
      bool is_new = predecessors.empty();
      for (const Block predecessor : predecessors) {
        if (!visited_[predecessor.index]) {
          // A back edge: of a loop that does not write, it brings what came in.
          if (!graph_.is_loop_header(block) ||
              (loop_effects_[block.index] & writes_of(region)) != 0)
            is_new = true;
          continue;
        }
        const uint32_t state = at_end_[predecessor.index][region];
        if (common != 0 && common != state) is_new = true;
        common = state;
      }
      state_[region] = is_new ? ++states_ : common;
    }
  }

  void write(uint32_t effects) {
    for (size_t region = 0; region < kRegions; ++region)
      if ((effects & writes_of(region)) != 0) state_[region] = ++states_;
  }

  // --- instructions

  void visit(Block block, Value value) {
    replacements_.resolve_operands(function_, value);
    if (function_[value].is(effect::Terminator)) return terminator(value);
    const uint32_t count = function_.value_count();
    const Value simple = simplify(function_, value);
    if (simple != value) {
      // What simplification put in front of the instruction has not been looked up yet.
      const bool is_new = simple.index >= count && !function_[simple].is_constant();
      const Value known = is_new ? look_up(block, simple) : simple;
      replacements_.replace(value, known);
      function_.remove(value);
      return;
    }
    const Instruction& insn = function_[value];
    if (insn.op == Op::TrapIf && function_[Value{insn.operands[0]}].is_constant() &&
        function_[Value{insn.operands[0]}].low() == 0)
      return function_.remove(value);
    const uint32_t effects = ir::effects(insn);
    if ((effects & effect::Writes) != 0) {
      write(effects);
      if (effects & effect::Call)
        recent_.clear();
      else
        forward(value);
      return;
    }
    if (!can_be_found(insn, effects)) return;
    const Value known =
        insn.op == Op::BoundsCheck ? look_up_check(block, value) : look_up(block, value);
    if (known == value) {
      if ((effects & (effect::ReadsMemory | effect::ReadsObjects)) != 0) remember(value, value);
      return;
    }
    replace_results(value, known);
    replacements_.replace(value, known);
    function_.remove(value);
  }

  // Results stand behind the instruction that gives them: those that are new there move.
  void replace_results(Value value, Value known) {
    while (function_.is_result(function_[value].next)) {
      const Value result = function_[value].next;
      function_.remove(result);
      Value at = function_[known].next;
      while (function_.is_result(at) && function_[at].immediate != function_[result].immediate)
        at = function_[at].next;
      if (function_.is_result(at))
        replacements_.replace(result, at);
      else
        function_.insert_before(function_[known].next, result);
    }
  }

  // --- what is written is what will be read

  // Reads of this block that may still be known after a write.
  void remember(Value key, Value value) {
    if (recent_.size() == kMaxRecent) recent_.erase(recent_.begin());
    recent_.push_back({key, value});
  }

  void forward(Value writer) {
    const Instruction write = function_[writer];
    std::erase_if(recent_, [&](const Recent& r) { return may_change(write, function_[r.key]); });
    for (const Recent& recent : recent_) enter_value(recent.key, recent.value);
    const auto [op, written] = read_back(write);
    if (op == Op::Nop) return;
    Instruction read = write;
    read.op = op;
    read.type = function_.type({write.operands[written]});
    read.operands[written] = UINT32_MAX;
    const Value key = function_.create(read);
    enter_value(key, {write.operands[written]});
    if (op != Op::GlobalGet) remember(key, {write.operands[written]});
  }

  void enter_value(Value key, Value value) {
    const Instruction insn = function_[key];
    const uint32_t state = state_for(insn);
    set(find(insn, state), insn, state, key, value);
  }

  // The instruction that reads what this one writes, and which operand it gives.
  static std::pair<Op, uint32_t> read_back(const Instruction& write) {
    switch (write.op) {
      case Op::GlobalSet: return {Op::GlobalGet, 0};
      case Op::I32Store:  return {Op::I32Load, 1};
      case Op::I64Store:  return {Op::I64Load, 1};
      case Op::F32Store:  return {Op::F32Load, 1};
      case Op::F64Store:  return {Op::F64Load, 1};
      case Op::V128Store: return {Op::V128Load, 1};
      default:            return {Op::Nop, 0};
    }
  }

  static bool may_change(const Instruction& write, const Instruction& read) {
    const OpInfo& reads = info(read.op);
    const OpInfo& writes = info(write.op);
    if (reads.imm == Imm::Access) {
      if (writes.imm != Imm::Access)
        return (writes.effects & effect::WritesMemory) != 0 || write.op == Op::CallRuntime;
      const Access a = write.access(), b = read.access();
      if (a.memory != b.memory || write.operands[0] != read.operands[0]) return true;
      const auto bytes = [](Op op) { return uint64_t{1} << wasm::info(to_wasm(op)).access_log2(); };
      return a.offset < b.offset + bytes(read.op) && b.offset < a.offset + bytes(write.op);
    }
    // Fields of different numbers are different, whatever the types.
    if (write.op == Op::StructSet) return reads.imm == Imm::Pair && write.high() == read.high();
    if (write.op == Op::ArraySet) return reads.imm != Imm::Pair;
    return (writes.effects & effect::WritesObjects) != 0;
  }

  static bool can_be_found(const Instruction& insn, uint32_t effects) {
    return (effects & (effect::Writes | effect::Allocates | effect::Terminator | effect::Pinned |
                       effect::Call | effect::List)) == 0 &&
           insn.type != Type::None;
  }

  void terminator(Value value) {
    Instruction& insn = function_[value];
    write(ir::effects(insn));
    if (insn.op != Op::Branch) return;
    for (;;) {
      const Instruction& condition = function_[Value{insn.operands[0]}];
      if (condition.op == Op::I32Eqz) {
        const auto edges = function_.edges(value);
        std::swap(edges[0], edges[1]);
      } else if (condition.op != Op::I32Ne || !is_zero({condition.operands[1]})) {
        return;
      }
      insn.operands[0] = condition.operands[0];
    }
  }

  bool is_zero(Value value) const {
    return function_[value].is_constant() && function_[value].immediate == 0;
  }

  // --- the table

  // Of the one region that it reads; 0 if it reads none.
  uint32_t state_for(const Instruction& insn) const {
    const uint32_t effects = ir::effects(insn);
    uint32_t state = 0;
    for (size_t region = 0; region < kRegions; ++region)
      if ((effects & reads_of(region)) != 0) state = std::max(state, state_[region]);
    return state;
  }

  static uint32_t hash(const Instruction& insn, uint32_t state) {
    uint64_t h = static_cast<uint64_t>(insn.op) * 0x9e3779b97f4a7c15u;
    for (const uint32_t operand : insn.operands) h = (h ^ operand) * 0xff51afd7ed558ccdu;
    h = (h ^ insn.immediate ^ (h >> 29)) * 0xc4ceb9fe1a85ec53u;
    h = (h ^ state ^ (h >> 32)) * 0x9e3779b97f4a7c15u;
    return static_cast<uint32_t>(h >> 32);
  }

  static bool same(const Instruction& a, const Instruction& b) {
    return a.op == b.op && a.type == b.type && a.trap == b.trap && a.immediate == b.immediate &&
           a.operands[0] == b.operands[0] && a.operands[1] == b.operands[1] &&
           a.operands[2] == b.operands[2];
  }

  // An equal value that is available in the block, or the value itself, which is it from now on.
  Value look_up(Block block, Value value) {
    const Instruction insn = function_[value];
    const uint32_t state = state_for(insn);
    Entry& entry = find(insn, state);
    if (entry.key.exists()) {
      const Value known = replacements_.resolve(entry.value);
      const Block home = function_.block_of(known);
      if (!home.exists() || home == block || graph_.dominates(home, block)) return known;
    }
    set(entry, insn, state, value, value);
    return value;
  }

  // A check that goes as far or further makes this one needless.
  Value look_up_check(Block block, Value value) {
    const uint64_t extent = function_[value].immediate;
    Instruction key = function_[value];
    key.immediate = 0;
    const Value key_value = function_.create(key);
    const Value known = look_up(block, key_value);
    if (known != key_value && function_[known].immediate >= extent) return known;
    const uint32_t state = state_for(key);
    set(find(key, state), key, state, key_value, value);
    return value;
  }

  Entry& find(const Instruction& insn, uint32_t state) {
    const size_t mask = table_.size() - 1;
    const uint32_t wanted = hash(insn, state);
    for (size_t at = wanted & mask;; at = (at + 1) & mask) {
      Entry& entry = table_[at];
      if (!entry.key.exists()) return entry;
      if (entry.hash == wanted && entry.state == state && same(key_of(entry), insn)) return entry;
    }
  }

  void set(Entry& entry, const Instruction& insn, uint32_t state, Value key, Value value) {
    Entry* place = &entry;
    if (!entry.key.exists() && ++used_ * 2 > table_.size()) {
      grow();
      place = &find(insn, state);
    }
    *place = {key, value, hash(insn, state), state};
  }

  void grow() {
    std::vector<Entry> old(table_.size() * 2);
    old.swap(table_);
    const size_t mask = table_.size() - 1;
    for (const Entry& entry : old) {
      if (!entry.key.exists()) continue;
      size_t at = entry.hash & mask;
      while (table_[at].key.exists()) at = (at + 1) & mask;
      table_[at] = entry;
    }
  }

  const Instruction& key_of(const Entry& entry) const { return function_[entry.key]; }

  Function& function_;
  FlowGraph graph_;
  Replacements replacements_;
  std::vector<Entry> table_;
  size_t used_ = 0;
  State state_ = {};
  uint32_t states_ = 0;
  std::vector<State> at_end_;
  std::vector<uint8_t> visited_;
  std::vector<uint32_t> loop_effects_;  // by header
  struct Recent {
    Value key;
    Value value;
  };
  static constexpr size_t kMaxRecent = 16;
  std::vector<Recent> recent_;
  Block latest_;
};

}  // namespace

void number_values(Function& function) { ValueNumbering(function).run(); }

}  // namespace wrun::ir
