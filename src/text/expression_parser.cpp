#include "text/expression_parser.hpp"

#include "text/keywords.hpp"
#include "wasm/limits.hpp"

namespace wrun::text {

using wasm::Op;

void Code::append(const Code& other) {
  const auto base = static_cast<uint32_t>(bytes.size());
  for (const SourceMark& mark : other.marks) marks.push_back({base + mark.binary, mark.source});
  bytes.write(other.bytes.bytes());
}

bool ExpressionParser::read_constant(Code& out) {
  in_function_ = false;
  out_ = &out;
  return read_instructions(false);
}

bool ExpressionParser::read_folded_constant(Code& out) {
  in_function_ = false;
  out_ = &out;
  if (!tokens_.at(TokenKind::Open)) return tokens_.unexpected("`(`");
  return read_instructions(true);
}

void ExpressionParser::begin_function() {
  locals_.clear();
  label_names_.clear();
  hints_.clear();
  block_count_ = 0;
}

bool ExpressionParser::bind_local(std::string_view id, uint32_t index) {
  return locals_.add(id, index) || tokens_.fail("duplicate local " + quote(id));
}

bool ExpressionParser::read_body(Code& out) {
  in_function_ = true;
  out_ = &out;
  return read_instructions(false);
}

bool ExpressionParser::read_instructions(bool single_folded) {
  do {
    if (frames_.empty() && tokens_.at(TokenKind::Close)) break;
    if (!read_next()) return false;
  } while (!single_folded || !frames_.empty());
  if (next_hint_) return tokens_.fail("misplaced @metadata.code.branch_hint annotation");
  out_->mark(tokens_.position());
  out_->bytes.write_u8(static_cast<uint8_t>(wasm::info(Op::End).code));
  return true;
}

bool ExpressionParser::read_next() {
  switch (tokens_.kind()) {
    case TokenKind::Open:       return read_folded();
    case TokenKind::Close:      return close_list();
    case TokenKind::Annotation: return read_branch_hint();
    case TokenKind::Word:
      if (frames_.empty() || frames_.back().kind == FrameKind::FlatBlock ||
          frames_.back().kind == FrameKind::FoldedBlock ||
          frames_.back().kind == FrameKind::FoldedClause)
        return read_flat();
      return tokens_.unexpected("`(` or `)`");
    default: return tokens_.unexpected("an instruction");
  }
}

bool ExpressionParser::read_flat() {
  const Op op = find_mnemonic(tokens_.spelling());
  if (!check_hint(op)) return false;
  if (op == wasm::kNoOp) return tokens_.unexpected("an instruction");
  switch (op) {
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
    case Op::TryTable: return begin_block(op, FrameKind::FlatBlock);
    case Op::End:      return read_end();
    case Op::Else:     return read_else();
    case Op::Catch:
    case Op::CatchAll: return read_catch(op);
    case Op::Delegate: return read_delegate();
    default:
      begin_instruction(tokens_.position(), std::exchange(next_hint_, {}));
      tokens_.advance();
      return read_plain(op, out_->bytes);
  }
}

bool ExpressionParser::check_hint(Op op) {
  return !next_hint_ || op == Op::If || op == Op::BrIf ||
         tokens_.fail(
             "@metadata.code.branch_hint annotation: invalid target, expected `if` or `br_if`");
}

bool ExpressionParser::read_folded() {
  const std::string_view word = tokens_.next_word();
  if (!frames_.empty()) {
    Frame& parent = frames_.back();
    if (parent.kind == FrameKind::FoldedTry ||
        (parent.kind == FrameKind::FoldedIf && (parent.has_label || word == "then")))
      return read_folded_clause(parent);
  }
  const Op op = find_mnemonic(word);
  if (!check_hint(op)) return false;
  tokens_.advance();
  if (op == wasm::kNoOp) return tokens_.unexpected("an instruction");
  switch (op) {
    case Op::End:
    case Op::Else:
    case Op::Catch:
    case Op::CatchAll:
    case Op::Delegate: return tokens_.unexpected("an instruction");
    case Op::Block:
    case Op::Loop:
    case Op::TryTable: return begin_block(op, FrameKind::FoldedBlock);
    case Op::Try:      return begin_block(op, FrameKind::FoldedTry);
    case Op::If:       return begin_folded_if();
    default:           break;
  }
  Frame frame{.op = op,
              .hint = std::exchange(next_hint_, {}),
              .pending = static_cast<uint32_t>(pending_.size()),
              .source = tokens_.position()};
  tokens_.advance();
  return read_plain(op, pending_) && push(frame);
}

bool ExpressionParser::close_list() {
  const Frame& frame = frames_.back();
  if (next_hint_) return tokens_.unexpected("an instruction");
  switch (frame.kind) {
    case FrameKind::FlatBlock:    return tokens_.unexpected("`end`");
    case FrameKind::FoldedPlain:  emit(frame); break;
    case FrameKind::FoldedClause: break;
    case FrameKind::FoldedIf:
      if (!frame.has_label) return tokens_.unexpected("`(then`");
      [[fallthrough]];
    case FrameKind::FoldedTry:
      if (frame.op == Op::Try) return tokens_.unexpected("`(do`");
      [[fallthrough]];
    case FrameKind::FoldedBlock:
      if (frame.op != Op::Delegate) {
        out_->mark(tokens_.position());
        out_->bytes.write_u8(static_cast<uint8_t>(wasm::info(Op::End).code));
      }
      break;
  }
  tokens_.advance();
  pop();
  return true;
}

bool ExpressionParser::push(const Frame& frame) {
  if (frames_.size() >= wasm::kMaxNestingDepth) return tokens_.fail("instructions nested too deep");
  frames_.push_back(frame);
  return true;
}

void ExpressionParser::pop() {
  if (frames_.back().has_label) leave_label(frames_.back());
  frames_.pop_back();
}

void ExpressionParser::enter_label(Frame& frame) {
  frame.has_label = true;
  ++depth_;
  if (!frame.label.empty()) frame.shadowed = labels_.exchange(frame.label, depth_);
  if (frame.label_name) label_names_.push_back({block_count_, *frame.label_name});
  ++block_count_;
}

void ExpressionParser::leave_label(Frame& frame) {
  frame.has_label = false;
  --depth_;
  if (!frame.label.empty()) labels_.exchange(frame.label, frame.shadowed);
}

void ExpressionParser::begin_instruction(uint32_t source, std::optional<uint8_t> hint) {
  if (hint) hints_.push_back({static_cast<uint32_t>(out_->bytes.size()), *hint});
  out_->mark(source);
}

void ExpressionParser::emit(const Frame& frame) {
  begin_instruction(frame.source, frame.hint);
  out_->bytes.write(pending_.bytes_from(frame.pending));
  pending_.truncate(frame.pending);
}

}  // namespace wrun::text
