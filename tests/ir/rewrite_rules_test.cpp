// Every rule of the table fires on an expression made from it, and what it gives is equal for many values.
#include "ir/rewrite_rules.hpp"

#include <random>

#include "catch.hpp"
#include "ir/evaluation.hpp"
#include "ir/printer.hpp"

namespace {

using namespace wrun;
using ir::Function;
using ir::Instruction;
using ir::Term;
using ir::Type;
using ir::Value;

// Types of operands by the letters of instructions.def.
Type operand_type(ir::Op op, uint32_t i) {
  switch (ir::info(op).params[i]) {
    case 'i': return Type::I32;
    case 'l': return Type::I64;
    case 'f': return Type::F32;
    default:  return Type::F64;
  }
}

// A function of the rule's variables, whose last instruction is the rule's left side.
class Instance {
 public:
  Instance(const wasm::Module& module, const ir::Rule& rule, std::mt19937_64& random)
      : function(module, 0), rule_(rule), random_(random) {
    block_ = function.create_block();
    uint8_t position = 0;
    root = make(position, Type::None);
  }

  Function function;
  Value root;
  std::array<Value, ir::kVariables> variables = {};

 private:
  Value make(uint8_t& position, Type type) {
    const Term& term = rule_.from.terms[position++];
    switch (term.kind) {
      case Term::Kind::Bits:     return function.constant(term.type, term.bits);
      case Term::Kind::Value:
      case Term::Kind::Constant: {
        Value& variable = variables[term.variable];
        if (!variable.exists()) variable = make_variable(term, type);
        return variable;
      }
      default: break;
    }
    Instruction insn = {.op = term.op, .type = term.type};
    for (uint8_t i = 0; i < term.operands; ++i)
      insn.operands[i] = make(position, operand_type(term.op, i)).index;
    return append(insn);
  }

  // Constants are small or masks more often than chance would have it; some rules want values of which
  // not all bits can be set.
  Value make_variable(const Term& term, Type type) {
    const uint64_t choice = random_() % 8;
    const uint64_t mask = choice < 2 ? 1 : choice < 4 ? 0xff : choice < 5 ? 0xffffffff : UINT64_MAX;
    if (term.kind == Term::Kind::Constant) {
      uint64_t bits = random_() & mask;
      if (random_() % 3 == 0) bits = uint64_t{1} << random_() % (type == Type::I32 ? 32 : 64);
      if (random_() % 3 == 0) bits = random_() % 40;
      if (random_() % 4 == 0) bits = random_() << 32 | 0xffffffff;
      return function.constant(type, bits);
    }
    const Value param = function.add_param(block_, type);
    if (mask == UINT64_MAX || (type != Type::I32 && type != Type::I64)) return param;
    return append({
        .op = type == Type::I32 ? ir::Op::I32And : ir::Op::I64And,
        .type = type,
        .operands = {param.index, function.constant(type, mask).index, UINT32_MAX}
    });
  }

  Value append(const Instruction& insn) {
    const Value value = function.create(insn);
    function.append(block_, value);
    return value;
  }

  const ir::Rule& rule_;
  std::mt19937_64& random_;
  ir::Block block_;
};

// Of an expression; parameters have bits that depend on their number and the seed.
uint64_t evaluate(const Function& function, Value value, uint64_t seed) {
  const Instruction& insn = function[value];
  if (insn.is_constant()) return insn.immediate;
  if (insn.op == ir::Op::BlockParam) {
    std::mt19937_64 random(seed * 31 + value.index);
    uint64_t bits = random();
    if (bits % 5 == 0) bits = bits >> 32 & 3;
    if (bits % 7 == 0) bits = ~uint64_t{0} << bits % 64;
    return insn.type == Type::I32 || insn.type == Type::F32 ? static_cast<uint32_t>(bits) : bits;
  }
  uint64_t operands[2] = {0, 0};
  for (uint8_t i = 0; i < ir::info(insn.op).param_count; ++i)
    operands[i] = evaluate(function, Value{insn.operands[i]}, seed);
  uint64_t result = 0;
  REQUIRE(ir::evaluate_scalar(insn.op, operands[0], operands[1], result));
  return result;
}

bool holds(const ir::Rule& rule, const Instance& instance) {
  ir::Match match{instance.function, instance.variables};
  return rule.when == nullptr || rule.when(match);
}

}  // namespace

TEST_CASE("every rewrite rule fires, and keeps the value") {
  wasm::Module module;
  module.types.resize(1);
  module.functions.resize(1);
  std::mt19937_64 random(1);
  for (const ir::Rule& rule : ir::rewrite_rules()) {
    INFO(rule.name);
    int tried = 0;
    for (int attempt = 0; attempt < 4000 && tried < 20; ++attempt) {
      Instance instance(module, rule, random);
      if (!holds(rule, instance)) continue;
      ++tried;
      Function before = instance.function;
      const Value simple = ir::apply_rule(instance.function, instance.root, rule);
      INFO(ir::to_string(before));
      INFO(ir::to_string(instance.function));
      REQUIRE(simple.exists());
      for (uint64_t seed = 0; seed < 50; ++seed)
        REQUIRE(evaluate(before, instance.root, seed) == evaluate(instance.function, simple, seed));
    }
    CHECK(tried != 0);
  }
}

TEST_CASE("possible bits include all that are set") {
  wasm::Module module;
  module.types.resize(1);
  module.functions.resize(1);
  std::mt19937_64 random(2);
  for (const ir::Rule& rule : ir::rewrite_rules())
    for (int attempt = 0; attempt < 20; ++attempt) {
      const Instance instance(module, rule, random);
      const Type type = instance.function.type(instance.root);
      if (type != Type::I32 && type != Type::I64) continue;
      const uint64_t possible = ir::possible_bits(instance.function, instance.root);
      INFO(ir::to_string(instance.function));
      for (uint64_t seed = 0; seed < 20; ++seed) {
        const Instruction& root = instance.function[instance.root];
        const bool divides = root.op >= ir::Op::I32DivS && root.op <= ir::Op::I32RemU;
        const bool divides_64 = root.op >= ir::Op::I64DivS && root.op <= ir::Op::I64RemU;
        if (divides || divides_64) continue;
        REQUIRE((evaluate(instance.function, instance.root, seed) & ~possible) == 0);
      }
    }
}
