// The tokens of a source one after the other, with what every parser needs: looking ahead, expecting,
// and the error slot. Functions that return bool return false on an error, which the slot then holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text/error.hpp"
#include "text/lexer.hpp"
#include "text/literals.hpp"
#include "text/symbols.hpp"

namespace wrun::text {

// No offset in the source, or in what is made of it, takes more than 32 bits.
inline constexpr size_t kMaxSourceBytes = size_t{7} << 29;

class TokenReader {
 public:
  explicit TokenReader(std::string_view source) : lexer_(source) {}

  // Checks what holds for the whole source, and reads the first token.
  bool start();
  void seek(uint32_t position);
  std::string_view source() const { return lexer_.source(); }
  uint32_t position() const { return token_.begin; }  // of the current token
  uint32_t previous_end() const { return previous_end_; }

  TokenKind kind() const { return token_.kind; }
  bool at(TokenKind kind) const { return token_.kind == kind; }
  std::string_view spelling() const { return lexer_.spelling(token_); }
  bool at_word(std::string_view word) const { return at(TokenKind::Word) && spelling() == word; }
  // A list that begins with the keyword.
  bool at_list(std::string_view keyword) { return at(TokenKind::Open) && next_word() == keyword; }
  // The word behind the current token; empty if it is no word.
  std::string_view next_word();
  bool at_index() const {
    return at(TokenKind::Id) || (at(TokenKind::Word) && is_digit(spelling()[0]));
  }

  void advance();
  bool accept(TokenKind kind);
  bool accept_word(std::string_view word);
  bool accept_list(std::string_view keyword);  // moves behind the keyword

  bool expect(TokenKind kind, const char* what);
  bool expect_close() { return expect(TokenKind::Close, "`)`"); }
  bool expect_word(std::string_view word);
  bool expect_list(std::string_view keyword);
  bool expect_id(std::string_view& out);
  bool expect_string(std::string_view& out);  // the bytes
  bool expect_name(std::string_view& out);    // a string that is UTF-8
  bool expect_u32(uint32_t& out);
  bool expect_u64(uint64_t& out);

  // An optional identifier; empty if there is none.
  bool read_optional_id(std::string_view& out);
  // Appends all strings that follow.
  bool read_strings(std::string& out);
  // From within a list, moves behind its end.
  bool skip_list();

  bool fail(std::string message) { return fail_at(position(), std::move(message)); }
  bool fail_at(uint32_t position, std::string message);
  // About the current token, which is not `expected`.
  bool unexpected(const char* expected);
  bool number_error(NumberStatus status, const char* expected);
  bool has_error() const { return !message_.empty(); }
  Error error() const { return {message_, position_at(lexer_.source(), error_position_)}; }
  void clear_error() { message_.clear(); }

 private:
  Lexer lexer_;
  Names names_;
  Token token_;
  Token next_;  // behind token_, if has_next_
  bool has_next_ = false;
  uint32_t previous_end_ = 0;
  std::string message_;
  uint32_t error_position_ = 0;
};

// For messages: text from the source, cut where it is long.
std::string quote(std::string_view spelling);
std::string unknown_operator(std::string_view spelling);

}  // namespace wrun::text
