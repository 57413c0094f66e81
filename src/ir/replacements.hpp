// Which values stand for others, until the function is rewritten.
#pragma once

#include <vector>

#include "ir/function.hpp"

namespace wrun::ir {

class Replacements {
 public:
  explicit Replacements(const Function& function) : by_(function.value_count()) {}

  void replace(Value value, Value by) {
    by_[value.index] = by;
    any_ = true;
  }
  // Values made since then stand for themselves.
  Value resolve(Value value) const {
    while (value.index < by_.size() && by_[value.index].exists()) value = by_[value.index];
    return value;
  }
  bool any() const { return any_; }

  void resolve_operands(Function& function, Value value) const {
    for (Value& operand : function.operands(value)) operand = resolve(operand);
    for (const Edge& edge : function.edges(value))
      for (Value& arg : function.args(edge)) arg = resolve(arg);
  }
  void apply(Function& function) const {
    if (!any_) return;
    for (const Block block : function.blocks())
      for (const Value value : function.instructions(block)) resolve_operands(function, value);
  }

 private:
  std::vector<Value> by_;
  bool any_ = false;
};

}  // namespace wrun::ir
