#include "codegen/liveness.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"
#include "codegen/predecessors.hpp"

namespace wrun::codegen {

namespace {

// Sets of blocks that are emptied often.
class BlockSet {
 public:
  explicit BlockSet(uint32_t blocks) : words_(blocks / 64 + 1, 0) {}

  bool contains(uint32_t block) const { return (words_[block / 64] >> block % 64 & 1) != 0; }
  void add(uint32_t block) { words_[block / 64] |= uint64_t{1} << block % 64; }
  void clear(uint32_t first, uint32_t last) {
    std::fill(words_.begin() + first / 64, words_.begin() + last / 64 + 1, 0);
  }
  // Downwards. All are from `first` up to `last`.
  template <class Visit>
  void for_each(uint32_t first, uint32_t last, Visit&& visit) const {
    for (uint32_t i = last / 64 + 1; i-- > first / 64;)
      for (uint64_t left = words_[i]; left != 0;) {
        const auto bit = static_cast<uint32_t>(63 - std::countl_zero(left));
        left &= ~(uint64_t{1} << bit);
        visit(i * 64 + bit);
      }
  }

 private:
  std::vector<uint64_t> words_;
};

class Analysis {
 public:
  explicit Analysis(const MachineFunction& function)
      : function_(function),
        predecessors_(function),
        live_in_(static_cast<uint32_t>(function.blocks.size())),
        live_out_(static_cast<uint32_t>(function.blocks.size())) {}

  Liveness run() {
    find_uses();
    find_ranges();
    return std::move(result_);
  }

 private:
  struct Definition {
    uint32_t block = kNone;
    Position begin = 0;
    Position end = 0;             // of the last use in that block
    uint32_t outer_use = kNone;   // the last of those in other blocks
    uint32_t latest_use = kNone;  // in result_.uses
  };
  struct OuterUse {
    uint32_t block;
    Position end;   // of the last one in the block
    uint32_t next;  // in the blocks before
  };

  uint32_t block_count() const { return static_cast<uint32_t>(function_.blocks.size()); }

  // In the order of the blocks, in which definitions come before uses.
  void find_uses() {
    definitions_.resize(function_.vregs.size());
    result_.first_use.assign(function_.vregs.size(), kNone);
    result_.uses.reserve(function_.operands.size());
    result_.by_begin.reserve(function_.vregs.size());
    for (uint32_t block = 0; block < block_count(); ++block) {
      const MachineBlock& data = function_.blocks[block];
      for (VReg param : function_.params(data)) define(param, block, gap(data.first), 0);
      for (uint32_t i = data.first; i < data.end; ++i) add_instruction(i, block);
      for (const MachineEdge& edge : function_.edges_of(data))
        for (VReg arg : function_.args(edge)) note_use(arg, block, gap(data.end));
    }
  }

  void add_instruction(uint32_t i, uint32_t block) {
    const auto operands = function_.operands_of(function_.instructions[i]);
    for (const Operand& operand : operands) {
      if (operand.is_def()) continue;
      note_use(operand.vreg, block, operand.is_gap_use() ? early(i) : late(i));
      if (operand.is_gap_use())
        add_use(operand.vreg, gap(i), UseKind::Anywhere);
      else
        add_use(operand.vreg, early(i),
                operand.constraint == Operand::Constraint::Any ? UseKind::Any : UseKind::Register);
    }
    for (const Operand& operand : operands) {
      if (!operand.is_def() || !operand.vreg.exists()) continue;
      const bool in_fixed = operand.constraint == Operand::Constraint::Fixed;
      Position begin = late(i);
      if (in_fixed)
        begin = after(i);
      else if (operand.role == Operand::Role::EarlyDef || operand.is_tied_def())
        begin = early(i);
      define(operand.vreg, block, begin, after(i));
      add_use(operand.vreg, begin, in_fixed ? UseKind::Anywhere : UseKind::Register);
    }
  }

  // What is used nowhere is live for a moment.
  void define(VReg vreg, uint32_t block, Position begin, Position at_least) {
    Definition& definition = definitions_[vreg.index];
    WRUN_ASSERT(definition.block == kNone);
    definition.block = block;
    definition.begin = begin;
    definition.end = std::max(at_least, begin + 1);
    // They come in order, but for those of one instruction.
    std::vector<VReg>& order = result_.by_begin;
    size_t at = order.size();
    order.push_back(vreg);
    for (; at > 0 && definitions_[order[at - 1].index].begin > begin; --at)
      order[at] = order[at - 1];
    order[at] = vreg;
  }

  void note_use(VReg vreg, uint32_t block, Position end) {
    Definition& definition = definitions_[vreg.index];
    WRUN_ASSERT(definition.block != kNone);
    if (definition.block == block) {
      definition.end = std::max(definition.end, end);
      return;
    }
    uint32_t& latest = definition.outer_use;
    if (latest != kNone && outer_uses_[latest].block == block) {
      outer_uses_[latest].end = std::max(outer_uses_[latest].end, end);
      return;
    }
    outer_uses_.push_back({block, end, latest});
    latest = static_cast<uint32_t>(outer_uses_.size() - 1);
  }

  void add_use(VReg vreg, Position position, UseKind kind) {
    uint32_t& latest = definitions_[vreg.index].latest_use;
    const auto added = static_cast<uint32_t>(result_.uses.size());
    UsePoint point = {position, kind, kNone};
    if (latest == kNone) {
      result_.first_use[vreg.index] = added;
    } else {
      UsePoint& before = result_.uses[latest];
      // Of one instruction, in order of their moments.
      if (before.position > position) {
        std::swap(before.position, point.position);
        std::swap(before.kind, point.kind);
      }
      before.next = added;
    }
    result_.uses.push_back(point);
    latest = added;
  }

  void find_ranges() {
    const auto count = static_cast<uint32_t>(function_.vregs.size());
    result_.first_range.assign(count, kNone);
    result_.first_live_block.reserve(count + 1);
    result_.ranges.reserve(count + count / 4);
    for (uint32_t vreg = 0; vreg < count; ++vreg) {
      result_.first_live_block.push_back(static_cast<uint32_t>(result_.live_block_pool.size()));
      const Definition& definition = definitions_[vreg];
      if (definition.block == kNone) continue;
      if (definition.outer_use != kNone)
        add_outer_ranges(vreg);
      else
        add_range(vreg, definition.begin, definition.end);
    }
    result_.first_live_block.push_back(static_cast<uint32_t>(result_.live_block_pool.size()));
  }

  // From the last block to the first, so that the list is made from its end.
  void add_outer_ranges(uint32_t vreg) {
    const Definition& definition = definitions_[vreg];
    const uint32_t last = find_live_blocks(definition);
    uint32_t use = definition.outer_use;
    live_in_.for_each(definition.block, last, [&](uint32_t block) {
      const MachineBlock& data = function_.blocks[block];
      result_.live_block_pool.push_back(block);
      Position end = gap(data.end);
      if (!live_out_.contains(block)) {
        while (outer_uses_[use].block != block) use = outer_uses_[use].next;
        end = outer_uses_[use].end;
      }
      add_range(vreg, gap(data.first), end);
    });
    add_range(vreg, definition.begin, gap(function_.blocks[definition.block].end));
    live_in_.clear(definition.block, last);
    live_out_.clear(definition.block, last);
  }

  // Walks from each use up to the block of the definition; gives the last block.
  uint32_t find_live_blocks(const Definition& definition) {
    uint32_t last = definition.block;
    const auto enter = [&](uint32_t block) {
      if (live_in_.contains(block)) return;
      live_in_.add(block);
      last = std::max(last, block);
      work_.push_back(block);
    };
    for (uint32_t use = definition.outer_use; use != kNone; use = outer_uses_[use].next) {
      enter(outer_uses_[use].block);
      while (!work_.empty()) {
        const uint32_t block = work_.back();
        work_.pop_back();
        for (const uint32_t predecessor : predecessors_.of(block)) {
          live_out_.add(predecessor);
          if (predecessor != definition.block) enter(predecessor);
        }
      }
    }
    return last;
  }

  void add_range(uint32_t vreg, Position begin, Position end) {
    uint32_t& first = result_.first_range[vreg];
    if (first != kNone && result_.ranges[first].begin == end) {
      result_.ranges[first].begin = begin;
      return;
    }
    result_.ranges.push_back({begin, end, first});
    first = static_cast<uint32_t>(result_.ranges.size() - 1);
  }

  const MachineFunction& function_;
  const Predecessors predecessors_;
  std::vector<Definition> definitions_;  // by virtual register
  std::vector<OuterUse> outer_uses_;
  BlockSet live_in_;
  BlockSet live_out_;
  std::vector<uint32_t> work_;
  Liveness result_;
};

}  // namespace

Liveness find_liveness(const MachineFunction& function) { return Analysis(function).run(); }

}  // namespace wrun::codegen
