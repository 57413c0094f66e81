#include "codegen/liveness.hpp"

#include "base/assert.hpp"

namespace wrun::codegen {

namespace {

class Analysis {
 public:
  explicit Analysis(const MachineFunction& function) : function_(function) {}

  Liveness run() {
    find_definitions();
    find_predecessors();
    find_live_blocks();
    build_ranges();
    return std::move(result_);
  }

 private:
  struct BlockOfVReg {
    VReg vreg;
    uint32_t block;
  };

  uint32_t block_count() const { return static_cast<uint32_t>(function_.blocks.size()); }

  template <class Visit>
  void for_each_def(uint32_t block, Visit&& visit) const {
    const MachineBlock& data = function_.blocks[block];
    for (VReg param : function_.params(data)) visit(param);
    for (uint32_t i = data.first; i < data.end; ++i)
      for (const Operand& operand : function_.operands_of(function_.instructions[i]))
        if (operand.is_def() && operand.vreg.exists()) visit(operand.vreg);
  }
  template <class Visit>
  void for_each_use(uint32_t block, Visit&& visit) const {
    const MachineBlock& data = function_.blocks[block];
    for (uint32_t i = data.first; i < data.end; ++i)
      for (const Operand& operand : function_.operands_of(function_.instructions[i]))
        if (!operand.is_def()) visit(operand.vreg);
    for (const MachineEdge& edge : function_.edges_of(data))
      for (VReg arg : function_.args(edge)) visit(arg);
  }

  void find_definitions() {
    definition_.assign(function_.vregs.size(), kNone);
    for (uint32_t block = 0; block < block_count(); ++block)
      for_each_def(block, [&](VReg vreg) {
        WRUN_ASSERT(definition_[vreg.index] == kNone);
        definition_[vreg.index] = block;
      });
  }

  void find_predecessors() {
    first_predecessor_.assign(block_count() + 1, 0);
    for (const MachineEdge& edge : function_.edges) ++first_predecessor_[edge.target + 1];
    for (uint32_t i = 0; i < block_count(); ++i) first_predecessor_[i + 1] += first_predecessor_[i];
    predecessors_.resize(function_.edges.size());
    std::vector<uint32_t> next(first_predecessor_.begin(), first_predecessor_.end() - 1);
    for (uint32_t block = 0; block < block_count(); ++block)
      for (const MachineEdge& edge : function_.edges_of(function_.blocks[block]))
        predecessors_[next[edge.target]++] = block;
  }

  // Walks from each use that is not in the block of the definition up to that block.
  void find_live_blocks() {
    std::vector<uint32_t> first(function_.vregs.size() + 1, 0);
    for (uint32_t block = 0; block < block_count(); ++block)
      for_each_use(block, [&](VReg vreg) {
        WRUN_ASSERT(definition_[vreg.index] != kNone);
        first[vreg.index + 1] += definition_[vreg.index] != block;
      });
    for (size_t i = 0; i + 1 < first.size(); ++i) first[i + 1] += first[i];
    std::vector<uint32_t> use_blocks(first.back());
    std::vector<uint32_t> next(first.begin(), first.end() - 1);
    for (uint32_t block = 0; block < block_count(); ++block)
      for_each_use(block, [&](VReg vreg) {
        if (definition_[vreg.index] != block) use_blocks[next[vreg.index]++] = block;
      });

    std::vector<uint32_t> mark(block_count(), kNone);
    std::vector<uint32_t> work;
    for (uint32_t vreg = 0; vreg < function_.vregs.size(); ++vreg) {
      for (uint32_t i = first[vreg]; i < first[vreg + 1]; ++i) {
        work.push_back(use_blocks[i]);
        while (!work.empty()) {
          const uint32_t block = work.back();
          work.pop_back();
          if (block == definition_[vreg] || mark[block] == vreg) continue;
          mark[block] = vreg;
          live_.push_back({{vreg}, block});
          work.insert(work.end(), predecessors_.begin() + first_predecessor_[block],
                      predecessors_.begin() + first_predecessor_[block + 1]);
        }
      }
    }

    std::vector<uint32_t>& first_in = result_.first_live_in;
    first_in.assign(block_count() + 1, 0);
    for (const BlockOfVReg& live : live_) ++first_in[live.block + 1];
    for (uint32_t i = 0; i < block_count(); ++i) first_in[i + 1] += first_in[i];
    result_.live_in_pool.resize(live_.size());
    std::vector<uint32_t> fill(first_in.begin(), first_in.end() - 1);
    for (const BlockOfVReg& live : live_) result_.live_in_pool[fill[live.block]++] = live.vreg;
  }

  // Backwards, so that each list is made from its end.
  void build_ranges() {
    result_.first_range.assign(function_.vregs.size(), kNone);
    result_.first_use.assign(function_.vregs.size(), kNone);
    result_.uses.reserve(function_.operands.size());
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
    const uint32_t first = result_.first_range[vreg.index];
    if (first != kNone && result_.ranges[first].begin <= begin) {
      result_.ranges[first].begin = begin;
      return;
    }
    result_.ranges.push_back({begin, at_least > begin ? at_least : begin + 1, first});
    result_.first_range[vreg.index] = static_cast<uint32_t>(result_.ranges.size() - 1);
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
  std::vector<uint32_t> definition_;  // block, by virtual register
  std::vector<uint32_t> first_predecessor_;
  std::vector<uint32_t> predecessors_;
  std::vector<BlockOfVReg> live_;
  Liveness result_;
};

}  // namespace

Liveness find_liveness(const MachineFunction& function) { return Analysis(function).run(); }

}  // namespace wrun::codegen
