// An instruction moves in front of the outermost loop in which all its operands are the same and nothing
// writes what it reads. What may trap, or is only allowed where control flow has led, moves only if the
// loop's first step would have executed it before anything that can be noticed. Sums with constants, which
// take an instruction to make and a register to keep, move only as long as there are few of them in a loop.
#include <array>

#include "ir/flow_graph.hpp"
#include "ir/loop_effects.hpp"
#include "ir/passes.hpp"

namespace wrun::ir {

namespace {

class LoopInvariants {
 public:
  explicit LoopInvariants(Function& function)
      : function_(function),
        graph_(function),
        loop_effects_(find_loop_effects(function, graph_)),
        sums_of_(function.block_count(), 0) {}

  void run() {
    for (const Block block : graph_.order()) {
      if (!graph_.loop_header(block).exists()) continue;
      bool is_first = graph_.is_loop_header(block);  // nothing noticeable has stayed before
      for (Value value = function_[block].first; value.exists();) {
        const Value next = function_.behind_results(value);
        const Block target = preheader_for(value, block, is_first);
        if (target.exists() && !is_one_too_many(value, block)) {
          for (Value moving = value; moving != next;) {
            const Value following = function_[moving].next;
            function_.remove(moving);
            function_.insert_before(function_.terminator(target), moving);
            moving = following;
          }
        } else if ((effects(function_[value]) & kNoticeable) != 0) {
          is_first = false;
        }
        value = next;
      }
    }
  }

 private:
  static constexpr uint32_t kNoticeable =
      effect::Writes | effect::MayTrap | effect::Call | effect::Allocates;

  bool is_one_too_many(Value value, Block block) {
    const Op op = function_[value].op;
    if ((op != Op::I32Add && op != Op::I64Add) ||
        !function_[function_.operand(value, 1)].is_constant())
      return false;
    return ++sums_of_[graph_.loop_header(block).index] > kMostSums;
  }

  static bool is_comparison(Op op) { return op >= Op::I32Eqz && op <= Op::F64Ge; }

  // Where it can move to; kNoBlock if it has to stay.
  Block preheader_for(Value value, Block block, bool is_first) const {
    const Instruction& insn = function_[value];
    const uint32_t effects = ir::effects(insn);
    if ((effects & (effect::Writes | effect::Allocates | effect::Terminator | effect::Pinned |
                    effect::Call | effect::List)) != 0)
      return kNoBlock;
    // A comparison next to its branch costs no register.
    if (is_comparison(insn.op) || insn.type == Type::None) return kNoBlock;
    const bool is_tied = (effects & (effect::MayTrap | effect::Guarded)) != 0;
    if (is_tied && !is_first) return kNoBlock;
    Block best;
    for (Block loop = graph_.loop_header(block); loop.exists(); loop = graph_.outer_loop(loop)) {
      if (!is_invariant(value, effects, loop)) break;
      const Block preheader = preheader_of(loop);
      if (!preheader.exists()) break;
      best = preheader;
      if (is_tied) break;
    }
    return best;
  }

  bool is_invariant(Value value, uint32_t effects, Block loop) const {
    // Writes stand one place above the reads of the same region.
    if ((loop_effects_[loop.index] & (effects & effect::Reads) << 1) != 0) return false;
    for (const Value operand : function_.operands(value)) {
      const Block home = function_.block_of(operand);
      if (home.exists() && graph_.loop_contains(loop, home)) return false;
    }
    return true;
  }

  // The only block from which the loop is entered, if it goes nowhere else.
  Block preheader_of(Block loop) const {
    Block found;
    for (const Block predecessor : graph_.predecessors(loop)) {
      if (graph_.dominates(loop, predecessor)) continue;
      if (found.exists()) return kNoBlock;
      found = predecessor;
    }
    if (!found.exists() || function_[function_.terminator(found)].op != Op::Jump) return kNoBlock;
    return found;
  }

  Function& function_;
  FlowGraph graph_;
  std::vector<uint32_t> loop_effects_;
  static constexpr uint32_t kMostSums = 6;
  std::vector<uint32_t> sums_of_;  // by header: that have moved or would have
};

}  // namespace

void hoist_loop_invariants(Function& function) { LoopInvariants(function).run(); }

}  // namespace wrun::ir
