#include "ir/printer.hpp"

#include <utility>

namespace wrun::ir {

std::string_view text(TrapCode code) {
  static constexpr std::string_view kNames[] = {
#define WRUN_TRAP(id, message) #id,
#include "wrun/trap_codes.def"
#undef WRUN_TRAP
  };
  return kNames[static_cast<size_t>(code)];
}

namespace {

class Printer {
 public:
  Printer(TextWriter& out, const Function& function) : out_(out), function_(function) {}

  void function() {
    out_.append("function ");
    out_.append_decimal(function_.index());
    out_.append(" {\n");
    for (const Block block : function_.blocks())
      if (function_.terminator(block).exists() || block == function_.entry()) this->block(block);
    out_.append("}\n");
  }

  void instruction(Value value) {
    const Instruction& insn = function_[value];
    const OpInfo& op = info(insn.op);
    if (insn.type != Type::None) {
      definition(value);
      out_.append(" = ");
    }
    out_.append(text(insn.op));
    immediate(insn, op.imm);
    std::string_view separator = " ";
    for (const Value operand : function_.operands(value)) {
      out_.append(separator);
      separator = ", ";
      use(operand);
    }
    separator = " -> ";
    for (const Edge& edge : function_.edges(value)) {
      out_.append(separator);
      separator = ", ";
      id('b', edge.target.index);
      if (edge.arg_count != 0) list(function_.args(edge), [&](Value arg) { use(arg); });
    }
    if (const uint32_t offset = function_.offset_of(value); offset != 0) {
      out_.append(" @");
      out_.append_decimal(offset);
    }
  }

 private:
  void block(Block block) {
    id('b', block.index);
    const auto params = function_.params(block);
    if (!params.empty()) list(params, [&](Value param) { definition(param); });
    out_.append(function_[block].is_cold ? " cold:\n" : ":\n");
    for (const Value value : function_.instructions(block)) {
      out_.append("  ");
      instruction(value);
      out_.append('\n');
    }
  }

  void id(char kind, uint32_t index) {
    out_.append(kind);
    out_.append_decimal(index);
  }

  void definition(Value value) {
    id('v', value.index);
    out_.append(':');
    out_.append(text(function_.type(value)));
  }

  template <class Print>
  void list(std::span<const Value> values, Print&& print) {
    char separator = '(';
    for (const Value value : values) {
      if (separator == ',')
        out_.append(", ");
      else
        out_.append(separator);
      separator = ',';
      print(value);
    }
    out_.append(')');
  }

  void use(Value value) {
    if (!value.exists()) return out_.append("none");
    const Instruction& insn = function_[value];
    if (!insn.is_constant()) return id('v', value.index);
    out_.append(text(insn.type));
    out_.append(':');
    switch (insn.op) {
      case Op::I32Const:  out_.append_signed(static_cast<int32_t>(insn.immediate)); break;
      case Op::I64Const:  out_.append_signed(static_cast<int64_t>(insn.immediate)); break;
      case Op::V128Const: vector(insn); break;
      case Op::RefNull:   out_.append("null"); break;
      default:            out_.append_hex(insn.immediate); break;
    }
  }

  void vector(const Instruction& insn) {
    const wasm::V128 value = function_.vectors()[insn.low()];
    out_.append_hex(value[0]);
    out_.append(':');
    out_.append_hex(value[1]);
  }

  void number(std::string_view name, uint64_t value) {
    if (value == 0) return;
    word(name);
    out_.append(' ');
    out_.append_decimal(value);
  }
  void word(std::string_view word) {
    if (!std::exchange(first_, false)) out_.append(' ');
    out_.append(word);
  }

  void immediate(const Instruction& insn, Imm imm) {
    if (imm == Imm::None || imm == Imm::Bits || imm == Imm::Count) return;
    out_.append('[');
    switch (imm) {
      case Imm::Vector: vector(insn); break;
      case Imm::Access: {
        const Access access = insn.access();
        first_ = true;
        number("offset", access.offset);
        number("memory", access.memory);
        number("lane", access.lane);
        if (access.is_absolute) word("absolute");
        if (access.is_checked) word("checked");
        break;
      }
      case Imm::TrapCode: out_.append(text(insn.trap)); break;
      case Imm::TrapBits:
        out_.append(text(insn.trap));
        out_.append(' ');
        out_.append_decimal(insn.immediate);
        break;
      case Imm::Pair:
        out_.append_decimal(insn.low());
        out_.append(' ');
        out_.append_decimal(insn.high());
        break;
      case Imm::Runtime: out_.append(info(insn.runtime_call()).text); break;
      default:           out_.append_decimal(insn.immediate); break;
    }
    out_.append(']');
  }

  TextWriter& out_;
  const Function& function_;
  bool first_ = true;
};

}  // namespace

void print(TextWriter& out, const Function& function) { Printer(out, function).function(); }

std::string to_string(const Function& function) {
  TextWriter out;
  print(out, function);
  return out.take();
}

std::string to_string(const Function& function, Value value) {
  TextWriter out;
  Printer(out, function).instruction(value);
  return out.take();
}

}  // namespace wrun::ir
