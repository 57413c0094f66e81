// Marks what is needed, starting from what has effects, and removes the rest: instructions, block
// parameters and the arguments for them.
#include <vector>

#include "ir/passes.hpp"

namespace wrun::ir {

namespace {

class DeadCode {
 public:
  explicit DeadCode(Function& function) : function_(function), live_(function.value_count(), 0) {}

  void run() {
    find_arguments();
    for (const Value param : function_.params(function_.entry())) live_[param.index] = 1;
    for (const Block block : function_.blocks())
      for (const Value value : function_.instructions(block)) {
        const Instruction& insn = function_[value];
        if (!is_removable(insn)) mark(value);
      }
    while (!work_.empty()) {
      const Value value = work_.back();
      work_.pop_back();
      for (const Value operand : function_.operands(value)) mark(operand);
      if (function_[value].op != Op::BlockParam) continue;
      for (uint32_t i = first_argument_[value.index]; i != UINT32_MAX; i = arguments_[i].next)
        mark(arguments_[i].value);
    }
    sweep();
  }

 private:
  struct Argument {
    Value value;
    uint32_t next;
  };

  static bool is_removable(const Instruction& insn) {
    switch (insn.op) {
      // An object that nobody looks at may as well not be made.
      case Op::StructNew:
      case Op::StructNewDefault:
      case Op::ExceptionNew:     return true;
      case Op::CaughtException:  return false;  // is how one knows a landing block
      default:
        return (effects(insn) &
                (effect::Writes | effect::MayTrap | effect::Terminator | effect::Call)) == 0;
    }
  }

  void mark(Value value) {
    if (live_[value.index]) return;
    live_[value.index] = 1;
    work_.push_back(value);
  }

  // The arguments for each parameter, as a chain.
  void find_arguments() {
    first_argument_.assign(function_.value_count(), UINT32_MAX);
    for (const Block block : function_.blocks())
      for (const Edge& edge : function_.edges(block)) {
        const auto params = function_.params(edge.target);
        const auto args = function_.args(edge);
        for (size_t i = 0; i < args.size(); ++i) {
          uint32_t& first = first_argument_[params[i].index];
          arguments_.push_back({args[i], first});
          first = static_cast<uint32_t>(arguments_.size() - 1);
        }
      }
  }

  void sweep() {
    for (const Block block : function_.blocks()) {
      for (Value value = function_[block].first; value.exists();) {
        const Value next = function_[value].next;
        if (!live_[value.index]) function_.remove(value);
        value = next;
      }
      for (Edge& edge : function_.edges(block)) {
        const auto params = function_.params(edge.target);
        function_.filter_args(edge, [&](uint32_t i) { return live_[params[i].index] != 0; });
      }
    }
    for (const Block block : function_.blocks()) {
      if (block == function_.entry()) continue;
      const auto params = function_.params(block);
      function_.filter_params(block, [&](uint32_t i) { return live_[params[i].index] != 0; });
    }
  }

  Function& function_;
  std::vector<uint8_t> live_;
  std::vector<Value> work_;
  std::vector<uint32_t> first_argument_;
  std::vector<Argument> arguments_;
};

}  // namespace

void remove_dead_code(Function& function) { DeadCode(function).run(); }

}  // namespace wrun::ir
