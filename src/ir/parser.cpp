#include "ir/parser.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "base/result.hpp"
#include "ir/printer.hpp"

namespace wrun::ir {

namespace {

using Parsed = std::expected<void, std::string>;

constexpr bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

class Parser {
 public:
  Parser(std::string_view text, const wasm::Module& module)
      : text_(text), module_(module), function_(module, 0) {
    for (size_t i = 0; i <= static_cast<size_t>(Op::InvokeRef); ++i)
      ops_.emplace(ir::text(static_cast<Op>(i)), static_cast<Op>(i));
    // Of instructions that share their text, the first is meant.
    ops_["select"] = Op::Select;
  }

  std::expected<Function, std::string> run() {
    if (auto header = function_header(); !header) return std::unexpected(header.error());
    const size_t body = at_;
    is_declaring_ = true;
    if (auto declared = lines(); !declared) return std::unexpected(declared.error());
    at_ = body;
    is_declaring_ = false;
    if (auto defined = lines(); !defined) return std::unexpected(defined.error());
    return std::move(function_);
  }

 private:
  // --- words

  Parsed fail(const std::string& what) {
    const size_t line =
        1 + static_cast<size_t>(std::count(text_.begin(), text_.begin() + at_, '\n'));
    return std::unexpected("line " + std::to_string(line) + ": " + what);
  }
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool at(char c) {
    skip_spaces();
    return at_ < text_.size() && text_[at_] == c;
  }
  bool take(std::string_view token) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  std::string_view word() {
    skip_spaces();
    const size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  static bool number(std::string_view word, uint64_t& value) {
    const bool negative = word.starts_with('-');
    if (negative) word.remove_prefix(1);
    const bool hex = word.starts_with("0x");
    if (hex) word.remove_prefix(2);
    const auto [end, error] =
        std::from_chars(word.data(), word.data() + word.size(), value, hex ? 16 : 10);
    if (error != std::errc() || end != word.data() + word.size()) return false;
    if (negative) value = -value;
    return true;
  }
  bool number(uint64_t& value) { return number(word(), value); }
  // "v12" or "b3".
  static bool id(std::string_view word, char kind, uint32_t& index) {
    uint64_t value = 0;
    if (!word.starts_with(kind) || !number(word.substr(1), value)) return false;
    index = static_cast<uint32_t>(value);
    return true;
  }
  static Type type_of_word(std::string_view word) {
    for (uint8_t i = 1; i <= static_cast<uint8_t>(Type::Ref); ++i)
      if (ir::text(static_cast<Type>(i)) == word) return static_cast<Type>(i);
    return Type::None;
  }

  // --- structure

  Parsed function_header() {
    uint64_t index = 0;
    if (!take("function") || !number(index) || !take("{")) return fail("function expected");
    if (index >= module_.functions.size()) return fail("no such function");
    function_ = Function(module_, static_cast<uint32_t>(index));
    return {};
  }

  Parsed lines() {
    while (!take("}")) {
      const size_t begin = at_;
      const std::string_view first = word();
      uint32_t index = 0;
      if (id(first, 'b', index) && (at('(') || at(':') || text_.substr(at_).starts_with("cold"))) {
        WRUN_CHECK_OK(block_header(index));
      } else {
        at_ = begin;
        WRUN_CHECK_OK(instruction());
      }
    }
    return {};
  }

  Parsed block_header(uint32_t index) {
    while (function_.block_count() <= index) function_.create_block();
    block_ = {index};
    if (take("(")) {
      do {
        uint32_t name = 0;
        Type type = Type::None;
        if (!definition(name, type)) return fail("parameter expected");
        if (is_declaring_) values_[name] = function_.add_param(block_, type);
      } while (take(","));
      if (!take(")")) return fail("')' expected");
    }
    function_[block_].is_cold = take("cold");
    return take(":") ? Parsed() : fail("':' expected");
  }

  bool definition(uint32_t& name, Type& type) {
    if (!id(word(), 'v', name) || !take(":")) return false;
    type = type_of_word(word());
    return type != Type::None;
  }

  Parsed instruction() {
    Instruction insn;
    uint32_t name = UINT32_MAX;
    const size_t begin = at_;
    if (definition(name, insn.type)) {
      if (!take("=")) return fail("'=' expected");
    } else {
      at_ = begin;
      name = UINT32_MAX;
    }
    // `ref.test null` and the like have two words.
    std::string text(word());
    if (at_ < text_.size() && text_.substr(at_).starts_with(" null[")) text += word_after_space();
    const auto op = ops_.find(std::string_view(text));
    if (op == ops_.end()) return fail("unknown instruction " + text);
    insn.op = op->second;
    if (take("[")) WRUN_CHECK_OK(immediate(insn));
    WRUN_CHECK_OK(operands(insn));
    uint64_t offset = 0;
    if (take("@") && !number(offset)) return fail("offset expected");
    if (is_declaring_) {
      if (name != UINT32_MAX) values_[name] = function_.create({});
      return {};
    }
    const Value value = name == UINT32_MAX ? function_.create({}) : values_[name];
    function_[value] = insn;
    function_.set_origin(value, {.offset = static_cast<uint32_t>(offset)});
    function_.append(block_, value);
    return {};
  }

  std::string word_after_space() { return " " + std::string(word()); }

  Parsed operands(Instruction& insn) {
    const OpInfo& op = info(insn.op);
    std::vector<Value> values;
    const size_t begin = at_;
    const bool has_operands = op.has(effect::List) ? may_be_operand() : op.param_count != 0;
    at_ = begin;
    if (has_operands) {
      do {
        Value value;
        WRUN_CHECK_OK(use(value));
        values.push_back(value);
      } while (take(","));
    }
    if (op.has(effect::List)) {
      insn.operands[0] = function_.add_list(values);
      insn.operands[1] = static_cast<uint32_t>(values.size());
    } else {
      if (values.size() != op.param_count) return fail("number of operands");
      for (size_t i = 0; i < values.size(); ++i) insn.operands[i] = values[i].index;
    }
    return op.has(effect::Edges) ? edges(insn) : Parsed();
  }

  // A value name that begins no new instruction, or a constant.
  bool may_be_operand() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ >= text_.size() || text_[at_] == '\n') return false;
    const std::string_view first = word();
    uint32_t name = 0;
    return id(first, 'v', name) || (type_of_word(first) != Type::None && at(':'));
  }

  Parsed edges(Instruction& insn) {
    if (!take("->")) return fail("'->' expected");
    std::vector<Edge> edges;
    do {
      uint32_t target = 0;
      if (!id(word(), 'b', target)) return fail("block expected");
      std::vector<Value> args;
      if (take("(")) {
        do {
          Value value;
          WRUN_CHECK_OK(use(value));
          args.push_back(value);
        } while (take(","));
        if (!take(")")) return fail("')' expected");
      }
      edges.push_back(function_.make_edge({target}, args));
    } while (take(","));
    if (insn.op == Op::Switch) insn.immediate = edges.size();
    insn.operands[2] = function_.add_edges(edges);
    return {};
  }

  Parsed use(Value& value) {
    const std::string_view first = word();
    uint32_t name = 0;
    if (id(first, 'v', name)) {
      if (is_declaring_) return {};
      const auto found = values_.find(name);
      if (found == values_.end()) return fail("no value " + std::string(first));
      value = found->second;
      return {};
    }
    const Type type = type_of_word(first);
    if (type == Type::None || !take(":")) return fail("operand expected");
    if (take("null")) {
      value = function_.null();
      return {};
    }
    uint64_t bits = 0;
    uint64_t high = 0;
    if (!number(bits)) return fail("number expected");
    if (type == Type::V128 && (!take(":") || !number(high))) return fail("number expected");
    value = type == Type::V128 ? function_.vector_constant(wasm::V128{bits, high})
                               : function_.constant(type, bits);
    return {};
  }

  // --- immediates, after the bracket

  Parsed immediate(Instruction& insn) {
    uint64_t low = 0;
    uint64_t high = 0;
    bool ok = true;
    switch (info(insn.op).imm) {
      case Imm::Access: ok = access(insn); break;
      case Imm::Vector:
        ok = number(low) && take(":") && number(high);
        insn.immediate = function_.add_vector(wasm::V128{low, high});
        break;
      case Imm::TrapCode: ok = trap(insn.trap); break;
      case Imm::TrapBits: ok = trap(insn.trap) && number(insn.immediate); break;
      case Imm::Pair:
        ok = number(low) && number(high);
        insn.immediate = pair(static_cast<uint32_t>(low), static_cast<uint32_t>(high));
        break;
      case Imm::Runtime: ok = runtime_call(insn.immediate); break;
      default:           ok = number(insn.immediate); break;
    }
    return ok && take("]") ? Parsed() : fail("malformed immediate");
  }

  bool access(Instruction& insn) {
    Access access;
    while (!at(']')) {
      const std::string_view name = word();
      uint64_t value = 0;
      if (name == "absolute") {
        access.is_absolute = true;
        continue;
      }
      if (name == "checked") {
        access.is_checked = true;
        continue;
      }
      if (!number(value)) return false;
      if (name == "offset")
        access.offset = static_cast<uint32_t>(value);
      else if (name == "memory")
        access.memory = static_cast<uint16_t>(value);
      else if (name == "lane")
        access.lane = static_cast<uint8_t>(value);
      else
        return false;
    }
    insn.immediate = access.bits();
    return true;
  }

  bool trap(TrapCode& code) {
    const std::string_view name = word();
    for (uint8_t i = 0; i <= static_cast<uint8_t>(TrapCode::Exit); ++i) {
      code = static_cast<TrapCode>(i);
      if (ir::text(code) == name) return true;
    }
    return false;
  }

  bool runtime_call(uint64_t& call) {
    const std::string_view name = word();
    for (call = 0; call < kRuntimeCallCount; ++call)
      if (info(static_cast<RuntimeCall>(call)).text == name) return true;
    return false;
  }

  std::string_view text_;
  const wasm::Module& module_;
  Function function_;
  size_t at_ = 0;
  bool is_declaring_ = false;  // the first of two passes, which only makes the values
  Block block_;
  std::unordered_map<uint32_t, Value> values_;
  std::unordered_map<std::string_view, Op> ops_;
};

}  // namespace

std::expected<Function, std::string> parse(std::string_view text, const wasm::Module& module) {
  return Parser(text, module).run();
}

}  // namespace wrun::ir
