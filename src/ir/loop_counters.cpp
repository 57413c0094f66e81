// Where a loop goes on as long as its counter is below a bound, the counter's next value is compared with the
// next bound instead. The counter then ends where its next value begins, and both can be in one register.
#include <optional>

#include "ir/flow_graph.hpp"
#include "ir/passes.hpp"

namespace wrun::ir {

namespace {

using Wide = __int128;

enum class Relation : uint8_t { Equality, Zero, Below, NotBelow };

struct Comparison {
  Relation relation;
  bool is_signed = false;
};

std::optional<Comparison> comparison(Op op) {
  switch (op) {
    case Op::I32Eq:
    case Op::I32Ne:
    case Op::I64Eq:
    case Op::I64Ne:  return Comparison{Relation::Equality};
    case Op::I32Eqz:
    case Op::I64Eqz: return Comparison{Relation::Zero};
    case Op::I32LtU:
    case Op::I64LtU: return Comparison{Relation::Below};
    case Op::I32GeU:
    case Op::I64GeU: return Comparison{Relation::NotBelow};
    case Op::I32LtS:
    case Op::I64LtS: return Comparison{Relation::Below, true};
    case Op::I32GeS:
    case Op::I64GeS: return Comparison{Relation::NotBelow, true};
    default:         return std::nullopt;
  }
}

class Counters {
 public:
  explicit Counters(Function& function)
      : function_(function), graph_(function), uses_(count_uses(function)) {}

  void run() {
    for (const Block latch : graph_.order()) {
      const Value last = function_.terminator(latch);
      if (function_[last].op != Op::Branch) continue;
      for (uint32_t i = 0; i < 2; ++i) {
        const Block header = function_.edges(last)[i].target;
        if (graph_.is_loop_header(header) && graph_.position(header) <= graph_.position(latch))
          compare_next(latch, i);
      }
    }
  }

 private:
  // Edge number `back` of the latch goes back to the header.
  void compare_next(Block latch, uint32_t back) {
    const Value condition = function_.operand(function_.terminator(latch), 0);
    const auto found = comparison(function_[condition].op);
    if (!found || function_.block_of(condition) != latch) return;
    const Value counter = function_.operand(condition, 0);
    uint64_t bound = 0;
    if (found->relation != Relation::Zero) {
      const Value other = function_.operand(condition, 1);
      if (!function_[other].is_constant()) return;
      bound = constant(other);
    }
    const Edge& edge = function_.edges(latch)[back];
    const auto params = function_.params(edge.target);
    for (uint32_t i = 0; i < params.size(); ++i)
      if (params[i] == counter) {
        const Value next = function_.args(edge)[i];
        const auto step = step_of(next, counter);
        if (step && can_compare(next, condition) &&
            (is_equality(*found) || stays_in_range(*found, latch, back, i, *step, bound)))
          replace(condition, next, bound + *step);
        return;
      }
  }

  static bool is_equality(const Comparison& found) {
    return found.relation == Relation::Equality || found.relation == Relation::Zero;
  }
  uint64_t constant(Value value) const { return function_[value].immediate; }

  std::optional<uint64_t> step_of(Value next, Value counter) const {
    const Op op = function_[next].op;
    if ((op != Op::I32Add && op != Op::I64Add) || function_.operand(next, 0) != counter)
      return std::nullopt;
    const Value step = function_.operand(next, 1);
    if (!function_[step].is_constant()) return std::nullopt;
    return constant(step);
  }

  // The comparison can be where it stands, or at the end of the block if only the branch there wants it.
  bool can_compare(Value next, Value condition) const {
    const Block block = function_.block_of(condition);
    return graph_.dominates(function_.block_of(next), block) &&
           (function_.block_of(next) != block || uses_[condition.index] == 1);
  }

  // The counter is one of the values that the loop is entered with, or less than bound + step: it has come
  // from below the bound. Nothing of this nor the next step wraps around.
  bool stays_in_range(const Comparison& found, Block latch, uint32_t back, uint32_t param,
                      uint64_t step, uint64_t bound) const {
    if ((found.relation == Relation::Below) != (back == 0)) return false;
    const Block header = function_.edges(latch)[back].target;
    const Type type = function_.type(function_.params(header)[param]);
    const auto number = [&](uint64_t bits) -> Wide {
      if (type == Type::I32)
        return found.is_signed ? Wide{static_cast<int32_t>(bits)}
                               : Wide{static_cast<uint32_t>(bits)};
      return found.is_signed ? Wide{static_cast<int64_t>(bits)} : Wide{bits};
    };
    const uint32_t bits = (type == Type::I32 ? 32 : 64) - (found.is_signed ? 1 : 0);
    const Wide most = (Wide{1} << bits) - 1;
    const Wide by = number(step);
    if (by <= 0 || number(bound) + 2 * by > most) return false;
    uint32_t back_edges = 0;
    for (const Block from : graph_.predecessors(header))
      for (const Edge& edge : function_.edges(from)) {
        if (edge.target != header) continue;
        if (from == latch) {
          ++back_edges;
          continue;
        }
        const Value begin = function_.args(edge)[param];
        if (!function_[begin].is_constant() || number(constant(begin)) + by > most) return false;
      }
    return back_edges == 1;
  }

  void replace(Value condition, Value next, uint64_t bound) {
    const Value constant = function_.constant(function_.type(next), bound);
    Instruction& insn = function_[condition];
    if (insn.op == Op::I32Eqz) insn.op = Op::I32Eq;
    if (insn.op == Op::I64Eqz) insn.op = Op::I64Eq;
    insn.operands[0] = next.index;
    insn.operands[1] = constant.index;
    if (uses_[condition.index] != 1) return;
    const Value last = function_.terminator(function_.block_of(condition));
    function_.remove(condition);
    function_.insert_before(last, condition);
  }

  Function& function_;
  FlowGraph graph_;
  std::vector<uint32_t> uses_;
};

}  // namespace

void compare_next_counters(Function& function) { Counters(function).run(); }

}  // namespace wrun::ir
