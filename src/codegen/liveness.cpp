#include "codegen/liveness.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace wrun::codegen {

namespace {

class Analysis {
 public:
  explicit Analysis(const MachineFunction& function) : function_(function) {}

  Liveness run() {
    find_predecessors();
    find_outer_uses();
    find_live_blocks();
    build_ranges();
    std::reverse(result_.by_begin.begin(), result_.by_begin.end());
    return std::move(result_);
  }

 private:
  struct BlockOfVReg {
    VReg vreg;
    uint32_t block;
  };
  struct OuterUse {
    uint32_t block;
    uint32_t next;
  };

  uint32_t block_count() const { return static_cast<uint32_t>(function_.blocks.size()); }

  void find_predecessors() {
    first_predecessor_.assign(block_count() + 2, 0);
    for (const MachineEdge& edge : function_.edges) ++first_predecessor_[edge.target + 2];
    for (uint32_t i = 2; i < first_predecessor_.size(); ++i)
      first_predecessor_[i] += first_predecessor_[i - 1];
    predecessors_.resize(function_.edges.size());
    for (uint32_t block = 0; block < block_count(); ++block)
      for (const MachineEdge& edge : function_.edges_of(function_.blocks[block]))
        predecessors_[first_predecessor_[edge.target + 1]++] = block;
  }

  // Those in other blocks than the definition's. Definitions come first in the order of the blocks.
  void find_outer_uses() {
    definition_.assign(function_.vregs.size(), kNone);
    first_outer_use_.assign(function_.vregs.size(), kNone);
    for (uint32_t block = 0; block < block_count(); ++block) {
      const MachineBlock& data = function_.blocks[block];
      for (VReg param : function_.params(data)) definition_[param.index] = block;
      for (uint32_t i = data.first; i < data.end; ++i)
        for (const Operand& operand : function_.operands_of(function_.instructions[i])) {
          if (!operand.is_def())
            note_use(operand.vreg, block);
          else if (operand.vreg.exists())
            definition_[operand.vreg.index] = block;
        }
      for (const MachineEdge& edge : function_.edges_of(data))
        for (VReg arg : function_.args(edge)) note_use(arg, block);
    }
  }
  void note_use(VReg vreg, uint32_t block) {
    WRUN_ASSERT(definition_[vreg.index] != kNone);
    if (definition_[vreg.index] == block) return;
    uint32_t& first = first_outer_use_[vreg.index];
    if (first != kNone && outer_uses_[first].block == block) return;
    outer_uses_.push_back({block, first});
    first = static_cast<uint32_t>(outer_uses_.size() - 1);
  }

  // Walks from each such use up to the block of the definition.
  void find_live_blocks() {
    std::vector<uint32_t>& first_in = result_.first_live_in;
    first_in.assign(block_count() + 2, 0);
    std::vector<uint32_t> mark(block_count(), kNone);
    std::vector<uint32_t> work;
    for (uint32_t vreg = 0; vreg < function_.vregs.size(); ++vreg) {
      for (uint32_t i = first_outer_use_[vreg]; i != kNone; i = outer_uses_[i].next) {
        work.push_back(outer_uses_[i].block);
        while (!work.empty()) {
          const uint32_t block = work.back();
          work.pop_back();
          if (block == definition_[vreg] || mark[block] == vreg) continue;
          mark[block] = vreg;
          live_.push_back({{vreg}, block});
          ++first_in[block + 2];
          for (uint32_t p = first_predecessor_[block]; p < first_predecessor_[block + 1]; ++p)
            work.push_back(predecessors_[p]);
        }
      }
    }
    for (uint32_t i = 2; i < first_in.size(); ++i) first_in[i] += first_in[i - 1];
    result_.live_in_pool.resize(live_.size());
    for (const BlockOfVReg& live : live_)
      result_.live_in_pool[first_in[live.block + 1]++] = live.vreg;
  }

  // Backwards, so that each list is made from its end.
  void build_ranges() {
    result_.first_range.assign(function_.vregs.size(), kNone);
    result_.first_use.assign(function_.vregs.size(), kNone);
    result_.uses.reserve(function_.operands.size());
    result_.ranges.reserve(function_.vregs.size() + live_.size());
    result_.by_begin.reserve(function_.vregs.size());
    for (uint32_t block = block_count(); block-- > 0;) {
      const MachineBlock& data = function_.blocks[block];
      const Position begin = gap(data.first);
      const Position end = gap(data.end);
      for (const MachineEdge& edge : function_.edges_of(data)) {
        for (VReg vreg : result_.live_in(edge.target)) add_range(vreg, begin, end);
        for (VReg vreg : function_.args(edge)) add_range(vreg, begin, end);
      }
      for (uint32_t i = data.end; i-- > data.first;) add_instruction(i, begin);
      for (VReg param : function_.params(data)) define(param, begin, begin);
    }
  }

  void add_instruction(uint32_t i, Position block_begin) {
    const auto operands = function_.operands_of(function_.instructions[i]);
    for (const Operand& operand : operands) {
      if (!operand.is_def() || !operand.vreg.exists()) continue;
      Position begin = late(i);
      if (operand.constraint == Operand::Constraint::Fixed)
        begin = after(i);
      else if (operand.role == Operand::Role::EarlyDef || operand.is_tied_def())
        begin = early(i);
      define(operand.vreg, begin, after(i));
      const bool in_fixed = operand.constraint == Operand::Constraint::Fixed;
      add_use(operand.vreg, begin, in_fixed ? UseKind::Anywhere : UseKind::Register);
    }
    for (const Operand& operand : operands) {
      if (operand.is_def()) continue;
      add_range(operand.vreg, block_begin, operand.is_gap_use() ? early(i) : late(i));
      if (operand.is_gap_use())
        add_use(operand.vreg, gap(i), UseKind::Anywhere);
      else
        add_use(operand.vreg, early(i),
                operand.constraint == Operand::Constraint::Any ? UseKind::Any : UseKind::Register);
    }
  }

  void add_range(VReg vreg, Position begin, Position end) {
    uint32_t& first = result_.first_range[vreg.index];
    if (first != kNone) {
      Range& range = result_.ranges[first];
      if (range.begin <= end) {
        if (begin < range.begin) range.begin = begin;
        if (end > range.end) range.end = end;
        return;
      }
    }
    result_.ranges.push_back({begin, end, first});
    first = static_cast<uint32_t>(result_.ranges.size() - 1);
  }

  // What is used nowhere is live for a moment.
  void define(VReg vreg, Position begin, Position at_least) {
    note_begin(vreg, begin);
    const uint32_t first = result_.first_range[vreg.index];
    if (first != kNone && result_.ranges[first].begin <= begin) {
      result_.ranges[first].begin = begin;
      return;
    }
    result_.ranges.push_back({begin, at_least > begin ? at_least : begin + 1, first});
    result_.first_range[vreg.index] = static_cast<uint32_t>(result_.ranges.size() - 1);
  }

  // Definitions come in descending order, but for those of one instruction.
  void note_begin(VReg vreg, Position begin) {
    std::vector<VReg>& order = result_.by_begin;
    size_t at = order.size();
    order.push_back(vreg);
    for (; at > 0 && begin_of(order[at - 1]) < begin; --at) order[at] = order[at - 1];
    order[at] = vreg;
  }
  Position begin_of(VReg vreg) const {
    return result_.ranges[result_.first_range[vreg.index]].begin;
  }

  void add_use(VReg vreg, Position position, UseKind kind) {
    uint32_t& first = result_.first_use[vreg.index];
    // Of one instruction, in order of their moments.
    if (first != kNone && result_.uses[first].position < position) {
      const UsePoint moved = result_.uses[first];
      result_.uses[first] = {position, kind, moved.next};
      result_.uses.push_back({moved.position, moved.kind, first});
    } else {
      result_.uses.push_back({position, kind, first});
    }
    first = static_cast<uint32_t>(result_.uses.size() - 1);
  }

  const MachineFunction& function_;
  std::vector<uint32_t> definition_;       // block, by virtual register
  std::vector<uint32_t> first_outer_use_;  // by virtual register
  std::vector<OuterUse> outer_uses_;
  std::vector<uint32_t> first_predecessor_;
  std::vector<uint32_t> predecessors_;
  std::vector<BlockOfVReg> live_;
  Liveness result_;
};

}  // namespace

Liveness find_liveness(const MachineFunction& function) { return Analysis(function).run(); }

}  // namespace wrun::codegen
