#include "ir/passes.hpp"
#include "ir/replacements.hpp"

namespace wrun::ir {

namespace {

// One round: the parameters whose arguments are all one value, or the parameter itself.
bool remove_once(Function& function) {
  std::vector<Value> only(function.value_count());
  std::vector<uint8_t> differs(function.value_count(), 0);
  for (const Value param : function.params(function.entry())) differs[param.index] = 1;
  for (const Block block : function.blocks())
    for (const Edge& edge : function.edges(block)) {
      const auto params = function.params(edge.target);
      const auto args = function.args(edge);
      for (size_t i = 0; i < args.size(); ++i) {
        if (args[i] == params[i]) continue;
        Value& known = only[params[i].index];
        if (!known.exists())
          known = args[i];
        else if (known != args[i])
          differs[params[i].index] = 1;
      }
    }

  // Chains of them may not close to a ring: such a parameter stays.
  Replacements replacements(function);
  for (const Block block : function.blocks())
    for (const Value param : function.params(block)) {
      const Value by = only[param.index];
      if (differs[param.index] || !by.exists()) continue;
      if (replacements.resolve(by) == param) continue;
      replacements.replace(param, by);
    }
  if (!replacements.any()) return false;
  const auto stays = [&](Value param) { return replacements.resolve(param) == param; };
  for (const Block block : function.blocks())
    for (Edge& edge : function.edges(block)) {
      const auto params = function.params(edge.target);
      function.filter_args(edge, [&](uint32_t i) { return stays(params[i]); });
    }
  for (const Block block : function.blocks()) {
    const auto params = function.params(block);
    function.filter_params(block, [&](uint32_t i) { return stays(params[i]); });
  }
  replacements.apply(function);
  return true;
}

}  // namespace

void remove_redundant_params(Function& function) {
  for (int round = 0; round < 4 && remove_once(function); ++round) {
  }
}

}  // namespace wrun::ir
