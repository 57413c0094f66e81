// Cuts a source into tokens (spec 6.3). Tokens are ranges of the source; nothing is copied.
//
// A word is a run of identifier characters: keywords and numbers are told apart by the parser, which
// knows what it expects. Annotations of names that kAnnotations does not list are skipped like
// comments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace wrun::text {

enum class TokenKind : uint8_t {
  End,
  Open,        // (
  Close,       // )
  Word,        // i32.add, 0x1p-3, offset=8
  Id,          // $name, $"a name"
  String,      // with its quotes
  Annotation,  // (@name
  Reserved,    // tokens run together, and what is no token (spec 6.3.2)
  Error,
};

struct Token {
  TokenKind kind = TokenKind::End;
  uint32_t begin = 0;
  uint32_t end = 0;
};

inline constexpr std::string_view kCustomAnnotation = "(@custom";
inline constexpr std::string_view kNameAnnotation = "(@name";
inline constexpr std::string_view kBranchHintAnnotation = "(@metadata.code.branch_hint";

class Lexer {
 public:
  // `source` is valid UTF-8 and smaller than 4 GiB.
  explicit Lexer(std::string_view source) : source_(source) {}

  std::string_view source() const { return source_; }
  std::string_view spelling(Token token) const {
    return source_.substr(token.begin, token.end - token.begin);
  }
  // The token at `position` or after it. Of an Error, error() is the reason.
  Token read(uint32_t position);
  const char* error() const { return error_; }

  // From within a list: the position behind the parenthesis that ends it, looking at nothing else
  // than parentheses, strings and comments. 0 if the source ends before.
  uint32_t skip_list(uint32_t position) const;

 private:
  Token read_raw(uint32_t position);  // annotations are an Open and a Word
  Token read_string(uint32_t begin);
  Token read_id(uint32_t begin);
  Token read_reserved(uint32_t begin, uint32_t position);
  Token read_annotation(uint32_t begin);
  Token fail(uint32_t position, const char* error);
  // These move `position` behind what it is at. On an error in a string failure_ is set.
  bool skip_block_comment(uint32_t& position) const;
  bool skip_string(uint32_t& position);
  bool skip_unicode_escape(uint32_t& position) const;
  uint32_t end_of_line(uint32_t position) const;
  uint32_t skip_id_characters(uint32_t position) const;
  char at(uint32_t position) const { return position < source_.size() ? source_[position] : '\0'; }
  uint32_t size() const { return static_cast<uint32_t>(source_.size()); }

  std::string_view source_;
  const char* error_ = nullptr;
  Token failure_;
};

}  // namespace wrun::text
