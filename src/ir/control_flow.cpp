#include <algorithm>

#include "ir/flow_graph.hpp"
#include "ir/passes.hpp"
#include "ir/replacements.hpp"

namespace wrun::ir {

namespace {

class ControlFlow {
 public:
  explicit ControlFlow(Function& function) : function_(function), replacements_(function) {}

  void remove_unreached() {
    count_predecessors();
    remove_uncounted();
  }

  void run() {
    for (const Block block : function_.blocks()) fold_terminator(block);
    count_predecessors();
    for (const Block block : function_.blocks())
      for (Edge& edge : function_.edges(block)) skip_forwarders(block, edge);
    remove_unreached();
    for (const Block block : function_.blocks())
      while (absorb_successor(block)) {
      }
    replacements_.apply(function_);
  }

 private:
  // A branch whose outcome is known.
  void fold_terminator(Block block) {
    const Value terminator = function_.terminator(block);
    if (!terminator.exists()) return;
    Instruction& insn = function_[terminator];
    if (insn.op != Op::Branch && insn.op != Op::Switch) return;
    const auto edges = function_.edges(terminator);
    size_t taken = 0;
    const Instruction& condition = function_[Value{insn.operands[0]}];
    if (condition.is_constant()) {
      taken = insn.op == Op::Branch ? (condition.low() != 0 ? 0 : 1)
                                    : std::min<size_t>(condition.low(), edges.size() - 1);
    } else if (!std::ranges::all_of(edges,
                                    [&](const Edge& edge) { return same(edge, edges[0]); })) {
      return;
    }
    insn.operands[2] += static_cast<uint32_t>(taken);
    insn.operands[0] = UINT32_MAX;
    insn.op = Op::Jump;
    insn.immediate = 0;
  }

  bool same(const Edge& a, const Edge& b) const {
    return a.target == b.target && std::ranges::equal(function_.args(a), function_.args(b));
  }

  void count_predecessors() {
    predecessors_.assign(function_.block_count(), 0);
    std::vector<Block> work = {function_.entry()};
    predecessors_[function_.entry().index] = 1;
    while (!work.empty()) {
      const Block block = work.back();
      work.pop_back();
      for (const Edge& edge : function_.edges(block))
        if (predecessors_[edge.target.index]++ == 0) work.push_back(edge.target);
    }
  }

  void remove_uncounted() {
    for (const Block block : function_.blocks()) {
      if (predecessors_[block.index] != 0) continue;
      BlockData& data = function_[block];
      while (data.last.exists()) function_.remove(data.last);
      data.param_count = 0;
    }
  }

  // Past blocks that have nothing but a jump.
  void skip_forwarders(Block from, Edge& edge) {
    if (function_[function_.terminator(from)].is(effect::Call)) return;  // invokes keep theirs
    for (int hops = 0; hops < 16; ++hops) {
      const Block middle = edge.target;
      const Value only = function_[middle].first;
      if (middle == function_.entry() || !only.exists() || function_[only].op != Op::Jump) return;
      const Edge& next = function_.edges(only)[0];
      if (next.target == middle) return;
      const auto params = function_.params(middle);
      if (params.empty()) {
        edge.first_arg = next.first_arg;
        edge.arg_count = next.arg_count;
        if (next.arg_count != 0) {
          // Every edge has arguments of its own.
          const auto args = function_.args(next);
          edge.first_arg = function_.add_list(std::vector<Value>(args.begin(), args.end()));
        }
        edge.target = next.target;
      } else if (std::ranges::equal(params, function_.args(next)) && params_are_local(middle)) {
        edge.target = next.target;
      } else {
        return;
      }
    }
  }

  // Whether the block's parameters are used by its jump alone: it must have been all there is below it.
  bool params_are_local(Block block) {
    if (uses_.empty()) uses_ = count_uses(function_);
    return std::ranges::all_of(function_.params(block),
                               [&](Value param) { return uses_[param.index] == 1; });
  }

  // A block and the only one after it, which has no other predecessor.
  bool absorb_successor(Block block) {
    const Value jump = function_.terminator(block);
    if (!jump.exists() || function_[jump].op != Op::Jump) return false;
    const Edge edge = function_.edges(jump)[0];
    const Block next = edge.target;
    if (next == block || next == function_.entry() || predecessors_[next.index] != 1) return false;
    const auto params = function_.params(next);
    for (uint32_t i = 0; i < edge.arg_count; ++i)
      replacements_.replace(params[i], function_.args(edge)[i]);
    function_.remove(jump);
    BlockData& data = function_[next];
    while (data.first.exists()) {
      const Value value = data.first;
      function_.remove(value);
      function_.append(block, value);
    }
    data.param_count = 0;
    predecessors_[next.index] = 0;
    function_[block].is_cold |= data.is_cold;
    return true;
  }

  Function& function_;
  Replacements replacements_;
  std::vector<uint32_t> predecessors_;
  std::vector<uint32_t> uses_;
};

}  // namespace

void remove_unreached_blocks(Function& function) { ControlFlow(function).remove_unreached(); }

void simplify_control_flow(Function& function) { ControlFlow(function).run(); }

void split_critical_edges(Function& function) {
  std::vector<uint32_t> predecessors(function.block_count(), 0);
  for (const Block block : function.blocks())
    for (const Edge& edge : function.edges(block)) ++predecessors[edge.target.index];
  const uint32_t count = function.block_count();
  for (uint32_t i = 0; i < count; ++i) {
    const auto edges = function.edges(Block{i});
    if (edges.size() < 2) continue;
    const Value terminator = function.terminator({i});
    const uint32_t first = function[terminator].operands[2];
    for (uint32_t e = 0; e < edges.size(); ++e) {
      const Edge edge = function.edge(first + e);
      if (predecessors[edge.target.index] < 2) continue;
      const Block middle = function.create_block();
      function[middle].is_cold = function[edge.target].is_cold;
      function.edge(first + e) = {middle, 0, 0};
      const uint32_t jump = function.add_edges(std::array{edge});
      function.append(middle, function.create({
                                  .op = Op::Jump, .operands = {UINT32_MAX, UINT32_MAX, jump}
      }));
    }
  }
}

}  // namespace wrun::ir
