// Applies the rules of rewrite_rules.cpp to one instruction.
#include <array>
#include <bit>

#include "ir/evaluation.hpp"
#include "ir/rewrite_rules.hpp"

namespace wrun::ir {

namespace {

constexpr int kMaxSteps = 8;  // rules applied to one value
constexpr int kMaxDepth = 4;  // of expressions that possible_bits() looks into

// The rules by the instruction at their root, as chains.
struct RuleIndex {
  std::array<uint16_t, wasm::kOpCount> first;
  std::array<uint16_t, 512> next;
  static constexpr uint16_t kNone = UINT16_MAX;

  RuleIndex() {
    first.fill(kNone);
    const auto rules = rewrite_rules();
    WRUN_CHECK(rules.size() <= next.size());
    for (size_t i = rules.size(); i-- > 0;) {
      uint16_t& head = first[static_cast<size_t>(rules[i].from.terms[0].op)];
      next[i] = head;
      head = static_cast<uint16_t>(i);
    }
  }
};

class Simplifier {
 public:
  Simplifier(Function& function, Value at) : function_(function), at_(at) {}

  // Matches the term at `position` and what is below it; leaves `position` behind it.
  bool match(const Pattern& pattern, uint8_t& position, Value value, Match& found) const {
    const Term& term = pattern.terms[position++];
    const Instruction& insn = function_[value];
    switch (term.kind) {
      case Term::Kind::Bits: return insn.is_constant() && insn.immediate == term.bits;
      case Term::Kind::Constant:
        if (!insn.is_constant()) return false;
        [[fallthrough]];
      case Term::Kind::Value: {
        Value& bound = found.values[term.variable];
        if (bound.exists()) return bound == value;
        bound = value;
        return true;
      }
      default:
        if (insn.op != term.op) return false;
        for (uint8_t i = 0; i < term.operands; ++i)
          if (!match(pattern, position, Value{insn.operands[i]}, found)) return false;
        return true;
    }
  }

  Value make(const Pattern& pattern, uint8_t& position, const Match& found) {
    const Term& term = pattern.terms[position++];
    switch (term.kind) {
      case Term::Kind::Bits: return function_.constant(term.type, term.bits);
      case Term::Kind::Computed:
        return function_.constant(term.type, term.compute(found.c(), found.d()));
      case Term::Kind::Operation: break;
      default:                    return found.values[term.variable];
    }
    Instruction insn = {.op = term.op, .type = term.type};
    for (uint8_t i = 0; i < term.operands; ++i)
      insn.operands[i] = make(pattern, position, found).index;
    if (const Value constant = fold(insn); constant.exists()) return constant;
    const Value value = function_.create(insn, function_.origin_of(at_));
    function_.insert_before(at_, value);
    return value;
  }

  Value fold(const Instruction& insn) {
    if (insn.type == Type::None || insn.type == Type::V128 || insn.type == Type::Ref ||
        info(insn.op).imm != Imm::None || info(insn.op).param_count == 0)
      return kNoValue;
    uint64_t operands[2] = {0, 0};
    if (info(insn.op).param_count > 2) return kNoValue;
    for (uint8_t i = 0; i < info(insn.op).param_count; ++i) {
      const Instruction& operand = function_[Value{insn.operands[i]}];
      if (!operand.is_constant() || operand.type == Type::V128 || operand.type == Type::Ref)
        return kNoValue;
      operands[i] = operand.immediate;
    }
    uint64_t result = 0;
    if (!evaluate_scalar(insn.op, operands[0], operands[1], result)) return kNoValue;
    return function_.constant(insn.type, result);
  }

 private:
  Function& function_;
  Value at_;
};

void order_operands(Function& function, Value value) {
  Instruction& insn = function[value];
  if (!insn.is(effect::Commutes) || insn.is(effect::List)) return;
  if (function[Value{insn.operands[0]}].is_constant() &&
      !function[Value{insn.operands[1]}].is_constant())
    std::swap(insn.operands[0], insn.operands[1]);
}

Value simplify_select(const Function& function, Value value) {
  const Instruction& insn = function[value];
  if (insn.operands[0] == insn.operands[1]) return {insn.operands[0]};
  const Instruction& condition = function[Value{insn.operands[2]}];
  if (!condition.is_constant()) return value;
  return {insn.operands[condition.low() != 0 ? 0 : 1]};
}

// Up to the highest bit that may be set.
uint64_t filled(uint64_t bits) { return bits == 0 ? 0 : UINT64_MAX >> std::countl_zero(bits); }

// What is added to an address goes into the offset, unless the sum may wrap around.
void extend_offset(Function& function, Value value) {
  Instruction& insn = function[value];
  if (info(insn.op).imm != Imm::Access || insn.is(effect::List)) return;
  Access access = insn.access();
  const Instruction& sum = function[Value{insn.operands[0]}];
  if (access.is_absolute || access.is_checked || (sum.op != Op::I32Add && sum.op != Op::I32Or))
    return;
  const Instruction& added = function[Value{sum.operands[1]}];
  if (!added.is_constant()) return;
  const uint64_t possible = possible_bits(function, Value{sum.operands[0]});
  const bool is_sum = sum.op == Op::I32Add ? filled(possible) + added.immediate <= UINT32_MAX
                                           : (possible & added.immediate) == 0;
  if (!is_sum || access.offset + added.immediate > INT32_MAX) return;
  access.offset += static_cast<uint32_t>(added.immediate);
  insn.operands[0] = sum.operands[0];
  insn.immediate = access.bits();
}

}  // namespace

Value apply_rule(Function& function, Value value, const Rule& rule) {
  Simplifier simplifier(function, value);
  Match found{function};
  uint8_t position = 0;
  if (!simplifier.match(rule.from, position, value, found)) return kNoValue;
  if (rule.when != nullptr && !rule.when(found)) return kNoValue;
  position = 0;
  return simplifier.make(rule.to, position, found);
}

Value simplify(Function& function, Value value) {
  static const RuleIndex index;
  for (int step = 0; step < kMaxSteps; ++step) {
    if (function[value].op == Op::Select) {
      // The other value if the condition is negated.
      Instruction& insn = function[value];
      while (function[Value{insn.operands[2]}].op == Op::I32Eqz) {
        insn.operands[2] = function[Value{insn.operands[2]}].operands[0];
        std::swap(insn.operands[0], insn.operands[1]);
      }
      return simplify_select(function, value);
    }
    if (!is_wasm(function[value].op) || function[value].is_constant()) return value;
    order_operands(function, value);
    extend_offset(function, value);
    Simplifier simplifier(function, value);
    if (const Value constant = simplifier.fold(function[value]); constant.exists()) return constant;
    Value next = value;
    const auto rules = rewrite_rules();
    for (uint16_t i = index.first[static_cast<size_t>(function[value].op)]; i != RuleIndex::kNone;
         i = index.next[i]) {
      const Value made = apply_rule(function, value, rules[i]);
      if (!made.exists()) continue;
      next = made;
      break;
    }
    if (next == value || !function.block_of(next).exists() || function[next].op == Op::BlockParam)
      return next;
    // New instructions may match again; others have been looked at.
    if (next < value) return next;
    value = next;
  }
  return value;
}

namespace {

uint64_t all_bits(Type type) { return type == Type::I32 ? UINT32_MAX : UINT64_MAX; }

uint64_t possible(const Function& function, Value value, int depth) {
  const Instruction& insn = function[value];
  const uint64_t all = all_bits(insn.type);
  if (insn.is_constant()) return insn.immediate;
  if (is_wasm(insn.op) && wasm::info(to_wasm(insn.op)).accesses_memory()) {
    switch (insn.op) {
      case Op::I32Load8U:
      case Op::I64Load8U:  return 0xff;
      case Op::I32Load16U:
      case Op::I64Load16U: return 0xffff;
      case Op::I64Load32U: return UINT32_MAX;
      default:             return all;
    }
  }
  if (depth == kMaxDepth) return all;
  const auto operand = [&](uint32_t i) {
    return possible(function, Value{insn.operands[i]}, depth + 1);
  };
  const auto shift = [&]() -> int {
    const Instruction& count = function[Value{insn.operands[1]}];
    if (!count.is_constant()) return -1;
    return static_cast<int>(count.immediate & (insn.type == Type::I32 ? 31 : 63));
  };
  switch (insn.op) {
    case Op::I32And:
    case Op::I64And:        return operand(0) & operand(1);
    case Op::I32Or:
    case Op::I64Or:
    case Op::I32Xor:
    case Op::I64Xor:        return operand(0) | operand(1);
    case Op::I64ExtendI32U: return operand(0);
    case Op::I32WrapI64:    return operand(0) & UINT32_MAX;
    case Op::I32Shl:
    case Op::I64Shl:        return shift() < 0 ? all : (operand(0) << shift()) & all;
    case Op::I32ShrU:
    case Op::I64ShrU:       return shift() < 0 ? filled(operand(0)) : operand(0) >> shift();
    case Op::I32Add:
    case Op::I64Add:        {
      const uint64_t a = filled(operand(0)), b = filled(operand(1));
      uint64_t sum = 0;
      return __builtin_add_overflow(a, b, &sum) ? all : filled(sum) & all;
    }
    case Op::I32RemU:
    case Op::I64RemU:   return filled(operand(1));
    case Op::I32Clz:
    case Op::I32Ctz:
    case Op::I32Popcnt: return 63;
    case Op::I64Clz:
    case Op::I64Ctz:
    case Op::I64Popcnt: return 127;
    case Op::ArrayLen:
    case Op::Select:    break;
    default:            {
      const OpInfo& op = info(insn.op);
      const bool is_comparison =
          is_wasm(insn.op) && ((insn.op >= Op::I32Eqz && insn.op <= Op::F64Ge));
      const bool is_test = insn.op == Op::RefIsNull || insn.op == Op::RefEq ||
                           insn.op == Op::RefTest || insn.op == Op::RefTestNull;
      if (op.result == 'i' && (is_comparison || is_test)) return 1;
      return all;
    }
  }
  if (insn.op == Op::Select) return operand(0) | operand(1);
  return all;
}

}  // namespace

uint64_t possible_bits(const Function& function, Value value) {
  return possible(function, value, 0);
}

}  // namespace wrun::ir
