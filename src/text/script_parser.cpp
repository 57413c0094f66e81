#include <cstring>

#include "text/constants.hpp"
#include "text/module_parser.hpp"
#include "text/script.hpp"

namespace wrun::text {

namespace {

class ScriptParser {
 public:
  explicit ScriptParser(std::string_view source) : tokens_(source), positions_(source) {}

  bool read(Script& out);
  Error error() const { return tokens_.error(); }

 private:
  // All of these are behind the opening parenthesis, and read up to the closing one.
  bool read_command(Script& out);
  bool read_module_command(Position position, Script& out);
  bool read_module(Position position, Module& out);
  bool read_fields(Module& out);
  bool read_module_in_list(Module& out);
  bool read_action(Action& out);
  bool read_assert_return(AssertReturn& out);
  bool read_assert_trap(AssertTrap& out);
  bool read_assert_refused(AssertRefused& out);
  bool read_thread(Thread& out);
  template <class Assertion>
  bool read_assertion_on_action(Position position, bool has_message, Script& out);

  bool read_value(Value& out);
  bool read_pattern(Pattern& out);
  bool read_reference_pattern(Pattern& out);
  bool read_vector_pattern(Pattern& out);
  bool accept_number_type(Value::Kind& out);
  bool read_number(Value::Kind kind, wasm::V128& bits);
  bool read_nan(Pattern::Nan& out);

  bool read_id(std::string& out);
  bool read_message(std::string& out);
  Position position() { return positions_.at(tokens_.position()); }

  TokenReader tokens_;
  PositionFinder positions_;
};

bool ScriptParser::read(Script& out) {
  if (!tokens_.start()) return false;
  const bool is_module =
      tokens_.at(TokenKind::Annotation) ||
      (tokens_.at(TokenKind::Open) && ModuleParser::is_field(tokens_.next_word()));
  if (is_module) {
    Module module;
    module.position = position();
    ModuleParser parser(tokens_);
    if (!parser.read({})) return false;
    module.binary = parser.encode();
    out.commands.emplace_back(std::move(module));
  }
  while (tokens_.accept(TokenKind::Open))
    if (!read_command(out)) return false;
  return tokens_.expect(TokenKind::End, "a command of the script");
}

bool ScriptParser::read_command(Script& out) {
  const Position begin = positions_.at(tokens_.position() - 1);
  const auto add = [&](auto command, auto read) {
    command.position = begin;
    if (!(this->*read)(command)) return false;
    out.commands.emplace_back(std::move(command));
    return true;
  };
  if (tokens_.accept_word("module")) return read_module_command(begin, out);
  if (tokens_.at_word("invoke") || tokens_.at_word("get"))
    return add(Action(), &ScriptParser::read_action);
  if (tokens_.accept_word("assert_return"))
    return add(AssertReturn(), &ScriptParser::read_assert_return);
  if (tokens_.accept_word("assert_trap")) return add(AssertTrap(), &ScriptParser::read_assert_trap);
  if (tokens_.accept_word("assert_exception"))
    return read_assertion_on_action<AssertException>(begin, false, out);
  if (tokens_.accept_word("assert_exhaustion"))
    return read_assertion_on_action<AssertExhaustion>(begin, true, out);
  if (tokens_.accept_word("assert_suspension"))
    return read_assertion_on_action<AssertSuspension>(begin, true, out);
  if (tokens_.accept_word("register")) {
    Register command;
    command.position = begin;
    std::string_view name;
    if (!tokens_.expect_name(name) || !read_id(command.module)) return false;
    command.name = name;
    out.commands.emplace_back(std::move(command));
    return tokens_.expect_close();
  }
  if (tokens_.accept_word("thread")) return add(Thread(), &ScriptParser::read_thread);
  if (tokens_.accept_word("wait")) {
    Wait command;
    command.position = begin;
    if (!tokens_.at(TokenKind::Id)) return tokens_.unexpected("the identifier of a thread");
    if (!read_id(command.thread)) return false;
    out.commands.emplace_back(std::move(command));
    return tokens_.expect_close();
  }
  if (tokens_.at(TokenKind::Word) && tokens_.spelling().starts_with("assert_"))
    return add(AssertRefused(), &ScriptParser::read_assert_refused);
  return tokens_.unexpected("a command of the script");
}

bool ScriptParser::read_id(std::string& out) {
  std::string_view id;
  if (!tokens_.read_optional_id(id)) return false;
  out = id;
  return true;
}

bool ScriptParser::read_message(std::string& out) {
  std::string_view message;
  if (!tokens_.expect_string(message)) return false;
  out = message;
  return true;
}

bool ScriptParser::read_module_command(Position begin, Script& out) {
  if (tokens_.accept_word("instance")) {
    ModuleInstance command;
    command.position = begin;
    std::string first;
    if (!read_id(first)) return false;
    if (tokens_.at(TokenKind::Id)) {
      command.id = std::move(first);
      if (!read_id(command.definition)) return false;
    } else {
      command.definition = std::move(first);
    }
    out.commands.emplace_back(std::move(command));
    return tokens_.expect_close();
  }
  Module module;
  if (!read_module(begin, module)) return false;
  out.commands.emplace_back(std::move(module));
  return true;
}

bool ScriptParser::read_module(Position begin, Module& out) {
  out.position = begin;
  out.is_definition = tokens_.accept_word("definition");
  if (!read_id(out.id)) return false;
  if (tokens_.accept_word("quote")) {
    out.form = Module::Form::Quote;
    tokens_.read_strings(out.quoted);
  } else if (tokens_.accept_word("binary")) {
    out.form = Module::Form::Binary;
    std::string bytes;
    tokens_.read_strings(bytes);
    const auto raw = std::as_bytes(std::span(bytes));
    out.binary->bytes.assign(raw.begin(), raw.end());
  } else {
    return read_fields(out) && tokens_.expect_close();
  }
  return tokens_.expect_close();
}

// Errors are the module's: the script goes on behind its list, if that ends.
bool ScriptParser::read_fields(Module& out) {
  const uint32_t begin = tokens_.position();
  ModuleParser parser(tokens_);
  if (parser.read(out.id)) {
    out.binary = parser.encode();
    return true;
  }
  tokens_.seek(begin);
  if (!tokens_.skip_list()) return false;
  out.binary = std::unexpected(tokens_.error());
  tokens_.clear_error();
  tokens_.seek(tokens_.previous_end() - 1);
  return true;
}

bool ScriptParser::read_module_in_list(Module& out) {
  const Position begin = position();
  return tokens_.expect_list("module") && read_module(begin, out);
}

bool ScriptParser::read_action(Action& out) {
  if (tokens_.accept_word("get")) {
    out.kind = Action::Kind::Get;
  } else if (!tokens_.accept_word("invoke")) {
    return tokens_.unexpected("`invoke` or `get`");
  }
  std::string_view name;
  if (!read_id(out.module) || !tokens_.expect_name(name)) return false;
  out.name = name;
  while (out.kind == Action::Kind::Invoke && tokens_.accept(TokenKind::Open))
    if (!read_value(out.arguments.emplace_back())) return false;
  return tokens_.expect_close();
}

bool ScriptParser::read_assert_return(AssertReturn& out) {
  out.action.position = position();
  if (!tokens_.expect(TokenKind::Open, "`(`") || !read_action(out.action)) return false;
  while (tokens_.accept(TokenKind::Open))
    if (!read_pattern(out.results.emplace_back())) return false;
  return tokens_.expect_close();
}

bool ScriptParser::read_assert_trap(AssertTrap& out) {
  if (tokens_.at_list("module")) {
    if (!read_module_in_list(out.subject.emplace<Module>())) return false;
  } else {
    Action& action = out.subject.emplace<Action>();
    action.position = position();
    if (!tokens_.expect(TokenKind::Open, "`(`") || !read_action(action)) return false;
  }
  return read_message(out.message) && tokens_.expect_close();
}

template <class Assertion>
bool ScriptParser::read_assertion_on_action(Position begin, bool has_message, Script& out) {
  Assertion command;
  command.position = begin;
  command.action.position = position();
  if (!tokens_.expect(TokenKind::Open, "`(`") || !read_action(command.action)) return false;
  if constexpr (requires { command.message; })
    if (has_message && !read_message(command.message)) return false;
  out.commands.emplace_back(std::move(command));
  return tokens_.expect_close();
}

bool ScriptParser::read_assert_refused(AssertRefused& out) {
  using enum AssertRefused::Reason;
  constexpr std::pair<std::string_view, AssertRefused::Reason> kReasons[] = {
      {       "assert_malformed",       Malformed},
      {         "assert_invalid",         Invalid},
      {      "assert_unlinkable",      Unlinkable},
      {"assert_malformed_custom", MalformedCustom},
      {  "assert_invalid_custom",   InvalidCustom},
  };
  for (const auto& [keyword, reason] : kReasons) {
    if (!tokens_.accept_word(keyword)) continue;
    out.reason = reason;
    return read_module_in_list(out.module) && read_message(out.message) && tokens_.expect_close();
  }
  return tokens_.unexpected("a command of the script");
}

bool ScriptParser::read_thread(Thread& out) {
  if (!read_id(out.id)) return false;
  while (tokens_.accept_list("shared")) {
    std::string& module = out.shared_modules.emplace_back();
    if (!tokens_.expect_list("module") || !read_id(module) || !tokens_.expect_close() ||
        !tokens_.expect_close())
      return false;
  }
  Script& script = out.script.emplace_back();
  while (tokens_.accept(TokenKind::Open)) {
    if (tokens_.at_word("thread")) return tokens_.unexpected("a command of a thread");
    if (!read_command(script)) return false;
  }
  return tokens_.expect_close();
}

bool ScriptParser::read_number(Value::Kind kind, wasm::V128& bits) {
  bits = wasm::V128{};
  uint32_t narrow = 0;
  uint64_t wide = 0;
  bool ok = true;
  switch (kind) {
    case Value::Kind::I32: ok = read_i32(tokens_, narrow); break;
    case Value::Kind::I64: ok = read_i64(tokens_, wide); break;
    case Value::Kind::F32: ok = read_f32(tokens_, narrow); break;
    default:               ok = read_f64(tokens_, wide); break;
  }
  bits[0] = wide | narrow;
  return ok;
}

// The keyword of a constant that is a number.
bool ScriptParser::accept_number_type(Value::Kind& out) {
  constexpr std::pair<std::string_view, Value::Kind> kNumbers[] = {
      {"i32.const", Value::Kind::I32},
      {"i64.const", Value::Kind::I64},
      {"f32.const", Value::Kind::F32},
      {"f64.const", Value::Kind::F64},
  };
  for (const auto& [keyword, kind] : kNumbers) {
    if (!tokens_.accept_word(keyword)) continue;
    out = kind;
    return true;
  }
  return false;
}

bool ScriptParser::read_value(Value& out) {
  if (accept_number_type(out.kind))
    return read_number(out.kind, out.bits) && tokens_.expect_close();
  if (tokens_.accept_word("v128.const")) {
    out.kind = Value::Kind::V128;
    ByteWriter bytes;
    if (!read_v128(tokens_, bytes)) return false;
    std::memcpy(&out.bits, bytes.bytes().data(), sizeof out.bits);
    return tokens_.expect_close();
  }
  if (tokens_.accept_word("ref.null")) {
    out.kind = Value::Kind::RefNull;
    const uint8_t code = tokens_.at(TokenKind::Word) ? find_heap_type(tokens_.spelling()) : 0;
    if (code == 0) return tokens_.unexpected("an abstract heap type");
    out.heap = static_cast<wasm::HeapType::Abstract>(code);
    tokens_.advance();
    return tokens_.expect_close();
  }
  if (tokens_.at_word("ref.extern") || tokens_.at_word("ref.host")) {
    out.kind = tokens_.at_word("ref.host") ? Value::Kind::RefHost : Value::Kind::RefExtern;
    tokens_.advance();
    uint32_t number;
    if (!tokens_.expect_u32(number)) return false;
    out.bits = wasm::V128{number, 0};
    return tokens_.expect_close();
  }
  return tokens_.unexpected("a constant");
}

bool ScriptParser::read_nan(Pattern::Nan& out) {
  out = tokens_.at_word("nan:canonical")    ? Pattern::Nan::Canonical
        : tokens_.at_word("nan:arithmetic") ? Pattern::Nan::Arithmetic
                                            : Pattern::Nan::None;
  if (out != Pattern::Nan::None) tokens_.advance();
  return out != Pattern::Nan::None;
}

bool ScriptParser::read_pattern(Pattern& out) {
  Value::Kind kind;
  if (accept_number_type(kind)) {
    out.kind = static_cast<Pattern::Kind>(kind);
    const bool may_be_nan = kind == Value::Kind::F32 || kind == Value::Kind::F64;
    if (may_be_nan && read_nan(out.nan[0])) return tokens_.expect_close();
    return read_number(kind, out.bits) && tokens_.expect_close();
  }
  if (tokens_.accept_word("v128.const")) return read_vector_pattern(out);
  if (!tokens_.accept_word("either")) return read_reference_pattern(out);
  out.kind = Pattern::Kind::Either;
  while (tokens_.accept(TokenKind::Open)) {
    if (tokens_.at_word("either")) return tokens_.unexpected("a result");
    if (!read_pattern(out.alternatives.emplace_back())) return false;
  }
  return tokens_.expect_close();
}

bool ScriptParser::read_vector_pattern(Pattern& out) {
  out.kind = Pattern::Kind::V128;
  uint8_t shape = 0;
  for (const LaneShape& candidate : lane_shapes()) {
    if (!tokens_.accept_word(candidate.name)) {
      ++shape;
      continue;
    }
    out.shape = static_cast<Pattern::Shape>(shape);
    const bool may_be_nan =
        out.shape == Pattern::Shape::F32x4 || out.shape == Pattern::Shape::F64x2;
    ByteWriter bytes;
    const size_t lane_bytes = sizeof out.bits / candidate.lanes;
    for (uint32_t lane = 0; lane < candidate.lanes; ++lane) {
      if (may_be_nan && read_nan(out.nan[lane])) {
        for (size_t i = 0; i < lane_bytes; ++i) bytes.write_u8(0);
      } else if (!candidate.read_lane(tokens_, bytes)) {
        return false;
      }
    }
    std::memcpy(&out.bits, bytes.bytes().data(), sizeof out.bits);
    return tokens_.expect_close();
  }
  return tokens_.unexpected("a shape such as `i32x4`");
}

bool ScriptParser::read_reference_pattern(Pattern& out) {
  constexpr std::pair<std::string_view, Pattern::Kind> kReferences[] = {
      {  "ref.null",   Pattern::Kind::RefNull},
      {  "ref.func",   Pattern::Kind::RefFunc},
      {"ref.extern", Pattern::Kind::RefExtern},
      {  "ref.host",   Pattern::Kind::RefHost},
      {   "ref.any",    Pattern::Kind::RefAny},
      {       "ref",    Pattern::Kind::RefAny},
      {    "ref.eq",     Pattern::Kind::RefEq},
      {   "ref.i31",    Pattern::Kind::RefI31},
      {"ref.struct", Pattern::Kind::RefStruct},
      { "ref.array",  Pattern::Kind::RefArray},
      {   "ref.exn",    Pattern::Kind::RefExn},
  };
  for (const auto& [keyword, kind] : kReferences) {
    if (!tokens_.accept_word(keyword)) continue;
    out.kind = kind;
    if (kind == Pattern::Kind::RefNull && tokens_.at(TokenKind::Word)) {
      const uint8_t code = find_heap_type(tokens_.spelling());
      if (code == 0) return tokens_.unexpected("an abstract heap type");
      out.heap = static_cast<wasm::HeapType::Abstract>(code);
      tokens_.advance();
    }
    // That of a function is in a module that nothing names: any function will do.
    const bool may_have_number = kind == Pattern::Kind::RefExtern ||
                                 kind == Pattern::Kind::RefHost || kind == Pattern::Kind::RefFunc;
    if (may_have_number && tokens_.at(TokenKind::Word)) {
      uint32_t number;
      if (!tokens_.expect_u32(number)) return false;
      out.number = number;
    }
    return tokens_.expect_close();
  }
  return tokens_.unexpected("a result");
}

}  // namespace

Parsed<ModuleBinary> Module::encode() const {
  return form == Form::Quote ? parse_module(quoted) : binary;
}

Parsed<Script> parse_script(std::string_view source) {
  ScriptParser parser(source);
  Script script;
  if (!parser.read(script)) return std::unexpected(parser.error());
  return script;
}

}  // namespace wrun::text
