#include "text/token_reader.hpp"

#include "base/printable.hpp"
#include "base/utf8.hpp"
#include "text/keywords.hpp"

namespace wrun::text {

namespace {

constexpr const char* kMalformedUtf8 = "malformed UTF-8 encoding";

}  // namespace

std::string quote(std::string_view spelling) {
  constexpr size_t kShown = 60;
  if (spelling.size() <= kShown) return '`' + printable(spelling) + '`';
  size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(spelling[end]) & 0xc0) == 0x80) --end;
  return '`' + printable(spelling.substr(0, end)) + "…`";
}

std::string unknown_operator(std::string_view spelling) {
  std::string quoted = quote(spelling);
  return "unknown operator " + quoted.substr(1, quoted.size() - 2);
}

bool TokenReader::start() {
  if (source().size() > kMaxSourceBytes) return fail_at(0, "the text is larger than 3.5 GiB");
  const size_t valid = valid_utf8_length(source());
  if (valid < source().size()) return fail_at(static_cast<uint32_t>(valid), kMalformedUtf8);
  seek(0);
  return true;
}

void TokenReader::seek(uint32_t position) {
  previous_end_ = position;
  token_ = lexer_.read(position);
  has_next_ = false;
}

std::string_view TokenReader::next_word() {
  if (!has_next_) {
    next_ = lexer_.read(token_.end);
    has_next_ = true;
  }
  return next_.kind == TokenKind::Word ? lexer_.spelling(next_) : std::string_view();
}

void TokenReader::advance() {
  previous_end_ = token_.end;
  token_ = has_next_ ? next_ : lexer_.read(token_.end);
  has_next_ = false;
}

bool TokenReader::accept(TokenKind kind) {
  if (!at(kind)) return false;
  advance();
  return true;
}

bool TokenReader::accept_word(std::string_view word) {
  if (!at_word(word)) return false;
  advance();
  return true;
}

bool TokenReader::accept_list(std::string_view keyword) {
  if (!at_list(keyword)) return false;
  advance();
  advance();
  return true;
}

bool TokenReader::expect(TokenKind kind, const char* what) {
  return accept(kind) || unexpected(what);
}

bool TokenReader::expect_word(std::string_view word) {
  return accept_word(word) || unexpected(quote(word).c_str());
}

bool TokenReader::expect_list(std::string_view keyword) {
  return accept_list(keyword) || unexpected(quote('(' + std::string(keyword)).c_str());
}

bool TokenReader::expect_id(std::string_view& out) {
  if (!at(TokenKind::Id)) return unexpected("an identifier");
  return read_optional_id(out);
}

bool TokenReader::read_optional_id(std::string_view& out) {
  out = {};
  if (!at(TokenKind::Id)) return true;
  out = names_.of_id(spelling());
  if (!is_valid_utf8(out)) return fail(kMalformedUtf8);
  advance();
  return true;
}

bool TokenReader::expect_string(std::string_view& out) {
  if (!at(TokenKind::String)) return unexpected("a string");
  out = names_.of_string(spelling());
  advance();
  return true;
}

bool TokenReader::expect_name(std::string_view& out) {
  const uint32_t begin = position();
  if (!expect_string(out)) return false;
  return is_valid_utf8(out) || fail_at(begin, kMalformedUtf8);
}

bool TokenReader::read_strings(std::string& out) {
  for (; at(TokenKind::String); advance()) append_string(spelling(), out);
  return true;
}

bool TokenReader::expect_u32(uint32_t& out) {
  uint64_t value = 0;
  const NumberStatus status =
      at(TokenKind::Word) ? parse_unsigned(spelling(), UINT32_MAX, value) : NumberStatus::Malformed;
  if (status == NumberStatus::OutOfRange) return fail("i32 constant out of range");
  if (status != NumberStatus::Ok) return unexpected("a number");
  out = static_cast<uint32_t>(value);
  advance();
  return true;
}

bool TokenReader::expect_u64(uint64_t& out) {
  const NumberStatus status =
      at(TokenKind::Word) ? parse_unsigned(spelling(), UINT64_MAX, out) : NumberStatus::Malformed;
  if (status == NumberStatus::OutOfRange) return fail("i64 constant out of range");
  if (status != NumberStatus::Ok) return unexpected("a number");
  advance();
  return true;
}

bool TokenReader::skip_list() {
  const uint32_t end = lexer_.skip_list(position());
  if (end != 0) {
    seek(end);
    return true;
  }
  // Token by token finds out what is wrong.
  while (!at(TokenKind::End) && !at(TokenKind::Error)) advance();
  return unexpected("`)`");
}

bool TokenReader::fail_at(uint32_t position, std::string message) {
  if (has_error()) return false;
  error_position_ = position;
  message_ = std::move(message);
  return false;
}

bool TokenReader::number_error(NumberStatus status, const char* expected) {
  if (status == NumberStatus::OutOfRange)
    return fail("constant out of range: " + quote(spelling()) + " is not " + expected);
  return unexpected(expected);
}

bool TokenReader::unexpected(const char* expected) {
  const std::string expectation = std::string(", expected ") + expected;
  switch (token_.kind) {
    case TokenKind::Error: return fail(lexer_.error());
    case TokenKind::End:   return fail("unexpected token: the text ends here" + expectation);
    case TokenKind::Annotation:
      return fail("misplaced " + std::string(spelling().substr(1)) + " annotation");
    case TokenKind::Reserved: return fail(unknown_operator(spelling()));
    case TokenKind::Word:
      if (!is_number(spelling()) && !is_keyword(spelling()))
        return fail(unknown_operator(spelling()));
      break;
    default: break;
  }
  return fail("unexpected token " + quote(spelling()) + expectation);
}

}  // namespace wrun::text
