#include "ir/verifier.hpp"

#include <algorithm>
#include <string>

#include "base/result.hpp"
#include "ir/flow_graph.hpp"
#include "ir/printer.hpp"

namespace wrun::ir {

namespace {

Type type_of_letter(char letter) {
  switch (letter) {
    case 'i': return Type::I32;
    case 'l': return Type::I64;
    case 'f': return Type::F32;
    case 'd': return Type::F64;
    case 'v': return Type::V128;
    case 'r': return Type::Ref;
    default:  return Type::None;
  }
}

bool is_integer(Type type) { return type == Type::I32 || type == Type::I64; }

class Verifier {
 public:
  explicit Verifier(const Function& function) : function_(function) {}

  Verified run() {
    if (function_.block_count() == 0) return fail("no blocks");
    for (const Block block : function_.blocks()) WRUN_CHECK_OK(structure(block));
    if (!std::ranges::equal(
            function_.params(function_.entry()), function_.entry_params(), {},
            [&](Value v) { return function_.type(v); }, [](wasm::ValType t) { return type_of(t); }))
      return fail("the entry's parameters are not the function's");
    const FlowGraph graph(function_);
    if (!graph.predecessors(function_.entry()).empty()) return fail("a branch to the entry");
    number_instructions(graph);
    for (const Block block : graph.order()) {
      for (const Value value : function_.instructions(block))
        WRUN_CHECK_OK(instruction(graph, block, value));
    }
    return {};
  }

 private:
  Verified fail(std::string what) { return std::unexpected(std::move(what)); }
  Verified fail(Value value, const char* what) {
    return fail(std::string(what) + ": " + to_string(function_, value));
  }

  // The list of a block's instructions, and what they name.
  Verified structure(Block block) {
    const std::string name = "b" + std::to_string(block.index);
    for (const Value param : function_.params(block))
      if (function_[param].op != Op::BlockParam || function_.block_of(param) != block)
        return fail(name + ": a parameter is not its own");
    Value previous;
    for (const Value value : function_.instructions(block)) {
      const Instruction& insn = function_[value];
      if (insn.previous != previous || function_.block_of(value) != block)
        return fail(value, "broken list");
      if (insn.is_constant() || insn.op == Op::BlockParam) return fail(value, "not in its place");
      const bool is_last = !insn.next.exists();
      if (info(insn.op).is_terminator() != is_last) return fail(value, "terminator");
      for (const Value operand : function_.operands(value))
        if (operand.index >= function_.value_count()) return fail(value, "no such operand");
      for (const Edge& edge : function_.edges(value)) {
        if (edge.target.index >= function_.block_count()) return fail(value, "no such block");
        for (const Value arg : function_.args(edge))
          if (arg.index >= function_.value_count()) return fail(value, "no such argument");
      }
      previous = value;
    }
    if (previous != function_[block].last) return fail(name + ": broken end of list");
    return {};
  }

  void number_instructions(const FlowGraph& graph) {
    place_.assign(function_.value_count(), 0);
    for (const Block block : graph.order()) {
      uint32_t place = 0;
      for (const Value value : function_.instructions(block)) place_[value.index] = ++place;
    }
  }

  bool is_available(const FlowGraph& graph, Block block, Value user, Value value) {
    const Instruction& insn = function_[value];
    if (insn.is_constant()) return true;
    const Block home = function_.block_of(value);
    if (!home.exists()) return false;
    if (home == block) return place_[value.index] < place_[user.index];
    if (!graph.dominates(home, block)) return false;
    // The results of an invoke are those of its first edge.
    if (insn.is(effect::Edges)) return graph.dominates(function_.edges(value)[0].target, block);
    return true;
  }

  Verified instruction(const FlowGraph& graph, Block block, Value value) {
    for (const Value operand : function_.operands(value))
      if (!is_available(graph, block, value, operand))
        return fail(value, "an operand does not dominate its use");
    WRUN_CHECK_OK(types(value));
    const Instruction& insn = function_[value];
    for (const Edge& edge : function_.edges(value)) {
      const auto params = function_.params(edge.target);
      if (params.size() != edge.arg_count) return fail(value, "number of arguments");
      for (uint32_t i = 0; i < edge.arg_count; ++i) {
        const Value arg = function_.args(edge)[i];
        if (!is_available(graph, block, value, arg) && arg != value)
          return fail(value, "an argument does not dominate its use");
        if (function_.type(arg) != function_.type(params[i]))
          return fail(value, "type of an argument");
      }
    }
    if (insn.op == Op::Result && !follows_its_instruction(value))
      return fail(value, "not behind what gives it");
    if (insn.op == Op::Invoke || insn.op == Op::InvokeRef) return invoke(graph, value);
    return {};
  }

  // Results of an invoke stand in the block that it leads to.
  bool follows_its_instruction(Value result) const {
    const Value giver = function_.operands(result)[0];
    if (function_[giver].is(effect::Edges)) return true;
    Value at = function_[result].previous;
    while (at != giver && function_.is_result(at)) at = function_[at].previous;
    return at == giver;
  }

  Verified invoke(const FlowGraph& graph, Value value) {
    const Block landing = function_.edges(value)[1].target;
    if (function_[function_[landing].first].op != Op::CaughtException)
      return fail(value, "not a landing block");
    for (const Edge& edge : function_.edges(value))
      if (graph.predecessors(edge.target).size() != 1)
        return fail(value, "another predecessor of a target");
    return {};
  }

  Verified types(Value value) {
    const Instruction& insn = function_[value];
    const OpInfo& op = info(insn.op);
    const auto operands = function_.operands(value);
    if (op.has(effect::List)) return list_types(value);
    for (uint32_t i = 0; i < op.param_count; ++i) {
      const Type type = function_.type(operands[i]);
      const char letter = op.params[i];
      const bool ok = letter == 'x'   ? type != Type::None
                      : letter == 't' ? type == insn.type
                      : letter == 'a' ? is_integer(type) && (i == 0 || op.params[i - 1] != 'a' ||
                                                             type == function_.type(operands[0]))
                                      : type == type_of_letter(letter);
      if (!ok) return fail(value, "type of an operand");
    }
    const bool ok = op.result == 't'   ? insn.type != Type::None
                    : op.result == 'a' ? insn.type == function_.type(operands[0])
                                       : insn.type == type_of_letter(op.result);
    return ok ? Verified() : fail(value, "type of the result");
  }

  Verified list_types(Value value) {
    const Instruction& insn = function_[value];
    const auto operands = function_.operands(value);
    const wasm::Module& module = function_.module();
    switch (insn.op) {
      case Op::Return:        return match(value, operands, function_.type().results);
      case Op::Call:
      case Op::Invoke:        return signature(value, operands, module.func_type(insn.low()));
      case Op::ReturnCall:    return match(value, operands, module.func_type(insn.low()).params);
      case Op::CallRef:
      case Op::InvokeRef:
      case Op::ReturnCallRef: {
        if (operands.empty() || function_.type(operands[0]) != Type::Ref)
          return fail(value, "type of the callee");
        const wasm::FuncType& type = module.types[insn.low()].func;
        if (insn.op == Op::ReturnCallRef) return match(value, operands.subspan(1), type.params);
        return signature(value, operands.subspan(1), type);
      }
      case Op::CallRuntime: {
        const RuntimeCallInfo& call = info(insn.runtime_call());
        if (operands.size() != call.params.size()) return fail(value, "number of operands");
        for (size_t i = 0; i < operands.size(); ++i)
          if (function_.type(operands[i]) != type_of_letter(call.params[i]))
            return fail(value, "type of an operand");
        return insn.type == type_of_letter(call.result) ? Verified()
                                                        : fail(value, "type of the result");
      }
      default: return {};
    }
  }

  Verified signature(Value value, std::span<const Value> operands, const wasm::FuncType& type) {
    WRUN_CHECK_OK(match(value, operands, type.params));
    const Type result = type.results.empty() ? Type::None : type_of(type.results[0]);
    return result == function_.type(value) ? Verified() : fail(value, "type of the result");
  }

  Verified match(Value value, std::span<const Value> operands,
                 std::span<const wasm::ValType> types) {
    if (operands.size() != types.size()) return fail(value, "number of operands");
    for (size_t i = 0; i < operands.size(); ++i)
      if (function_.type(operands[i]) != type_of(types[i]))
        return fail(value, "type of an operand");
    return {};
  }

  const Function& function_;
  std::vector<uint32_t> place_;  // in its block; 0 for parameters
};

}  // namespace

Verified verify(const Function& function) { return Verifier(function).run(); }

}  // namespace wrun::ir
