// Blocks and what belongs to them (spec 6.5.1, 6.5.2), and the old form of exception handling.
#include "text/expression_parser.hpp"

namespace wrun::text {

using wasm::Op;

namespace {

void write_opcode(Op op, ByteWriter& out) {
  out.write_u8(static_cast<uint8_t>(wasm::info(op).code));
}

}  // namespace

// At the keyword.
bool ExpressionParser::begin_block(Op op, FrameKind kind) {
  Frame frame{.kind = kind, .op = op, .source = tokens_.position()};
  begin_instruction(frame.source, std::exchange(next_hint_, {}));
  tokens_.advance();
  ByteWriter& out = out_->bytes;
  write_opcode(op, out);
  if (!types_.read_binding(frame.label, frame.label_name) || !types_.read_block_type(out))
    return false;
  if (op == Op::TryTable && !read_catch_clauses(out)) return false;
  enter_label(frame);
  return push(frame);
}

// The opcode comes after the conditions, which are outside of its label.
bool ExpressionParser::begin_folded_if() {
  Frame frame{.kind = FrameKind::FoldedIf,
              .op = Op::If,
              .hint = std::exchange(next_hint_, {}),
              .pending = static_cast<uint32_t>(pending_.size()),
              .source = tokens_.position()};
  tokens_.advance();
  write_opcode(Op::If, pending_);
  return types_.read_binding(frame.label, frame.label_name) && types_.read_block_type(pending_) &&
         push(frame);
}

// The parts of a folded `if` or `try`.
bool ExpressionParser::read_folded_clause(Frame& parent) {
  const bool may_catch = parent.op == wasm::kNoOp || parent.op == Op::Catch;
  if (parent.op == Op::If && !parent.has_label) {
    tokens_.accept_list("then");
    emit(parent);
    enter_label(parent);
  } else if (parent.op == Op::If && tokens_.accept_list("else")) {
    parent.op = Op::Else;
    write_opcode(Op::Else, out_->bytes);
  } else if (parent.op == Op::Try && tokens_.accept_list("do")) {
    parent.op = wasm::kNoOp;  // clauses may follow, of either form
  } else if (may_catch && tokens_.accept_list("catch")) {
    parent.op = Op::Catch;
    write_opcode(Op::Catch, out_->bytes);
    if (!read_index(Space::Tag, out_->bytes)) return false;
  } else if (may_catch && tokens_.accept_list("catch_all")) {
    parent.op = Op::CatchAll;
    write_opcode(Op::CatchAll, out_->bytes);
  } else if (parent.op == wasm::kNoOp && tokens_.accept_list("delegate")) {
    parent.op = Op::Delegate;
    leave_label(parent);  // the label is one outside of the block
    write_opcode(Op::Delegate, out_->bytes);
    return read_label(out_->bytes) && tokens_.expect_close();
  } else {
    return tokens_.unexpected("`)`");
  }
  return push({.kind = FrameKind::FoldedClause, .op = parent.op, .source = tokens_.position()});
}

bool ExpressionParser::read_matching_label(const Frame& block) {
  const uint32_t begin = tokens_.position();
  std::string_view id;
  if (!tokens_.read_optional_id(id)) return false;
  return id.empty() || id == block.label ||
         tokens_.fail_at(begin, "mismatching label " + quote(id));
}

bool ExpressionParser::read_end() {
  if (frames_.empty() || frames_.back().kind != FrameKind::FlatBlock || next_hint_)
    return tokens_.unexpected("an instruction");
  out_->mark(tokens_.position());
  write_opcode(Op::End, out_->bytes);
  tokens_.advance();
  if (!read_matching_label(frames_.back())) return false;
  pop();
  return true;
}

bool ExpressionParser::read_else() {
  if (frames_.empty() || frames_.back().kind != FrameKind::FlatBlock ||
      frames_.back().op != Op::If || next_hint_)
    return tokens_.unexpected("an instruction");
  frames_.back().op = Op::Else;
  out_->mark(tokens_.position());
  write_opcode(Op::Else, out_->bytes);
  tokens_.advance();
  return read_matching_label(frames_.back());
}

bool ExpressionParser::read_catch(Op op) {
  if (frames_.empty() || frames_.back().kind != FrameKind::FlatBlock ||
      (frames_.back().op != Op::Try && frames_.back().op != Op::Catch) || next_hint_)
    return tokens_.unexpected("an instruction");
  frames_.back().op = op;
  out_->mark(tokens_.position());
  write_opcode(op, out_->bytes);
  tokens_.advance();
  return op == Op::CatchAll || read_index(Space::Tag, out_->bytes);
}

bool ExpressionParser::read_delegate() {
  if (frames_.empty() || frames_.back().kind != FrameKind::FlatBlock ||
      frames_.back().op != Op::Try || next_hint_)
    return tokens_.unexpected("an instruction");
  out_->mark(tokens_.position());
  write_opcode(Op::Delegate, out_->bytes);
  tokens_.advance();
  pop();
  return read_label(out_->bytes);
}

// Of try_table: (catch tag label), (catch_ref tag label), (catch_all label), (catch_all_ref label).
bool ExpressionParser::read_catch_clauses(ByteWriter& out) {
  constexpr std::string_view kClauses[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
  ByteWriter clauses;
  uint32_t count = 0;
  while (true) {
    uint8_t kind = 0;
    while (kind < 4 && !tokens_.accept_list(kClauses[kind])) ++kind;
    if (kind == 4) break;
    clauses.write_u8(kind);
    if (kind < 2 && !read_index(Space::Tag, clauses)) return false;
    if (!read_label(clauses) || !tokens_.expect_close()) return false;
    ++count;
  }
  out.write_u32(count);
  out.write(clauses.bytes());
  return true;
}

bool ExpressionParser::read_branch_hint() {
  constexpr const char* kName = "@metadata.code.branch_hint annotation: ";
  if (tokens_.spelling() != kBranchHintAnnotation) return tokens_.unexpected("an instruction");
  if (!in_function_) return tokens_.fail(std::string(kName) + "not in a function");
  if (next_hint_) return tokens_.fail(std::string(kName) + "duplicate annotation");
  tokens_.advance();
  const uint32_t begin = tokens_.position();
  std::string value;
  if (!tokens_.read_strings(value) || !tokens_.expect_close()) return false;
  if (value.size() != 1 || value[0] < 0 || value[0] > 1)
    return tokens_.fail_at(begin, std::string(kName) + R"(its value must be "\00" or "\01")");
  next_hint_ = static_cast<uint8_t>(value[0]);
  return true;
}

}  // namespace wrun::text
