#include "text/lexer.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "text/literals.hpp"

namespace wrun::text {

namespace {

enum class Class : uint8_t { Illegal, Space, Open, Close, Semicolon, Quote, Id, Punctuation };

consteval std::array<Class, 256> make_classes() {
  std::array<Class, 256> table{};
  for (int c = 0x21; c < 0x7f; ++c) table[static_cast<size_t>(c)] = Class::Id;
  for (const char c : {' ', '\t', '\n', '\r'}) table[static_cast<unsigned char>(c)] = Class::Space;
  for (const char c : {',', '[', ']', '{', '}'})
    table[static_cast<unsigned char>(c)] = Class::Punctuation;
  table['('] = Class::Open;
  table[')'] = Class::Close;
  table[';'] = Class::Semicolon;
  table['"'] = Class::Quote;
  return table;
}
constexpr auto kClasses = make_classes();

Class class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool continues_token(char c) {
  const Class kind = class_of(c);
  return kind == Class::Id || kind == Class::Quote || kind == Class::Punctuation;
}

}  // namespace

Token Lexer::fail(uint32_t position, const char* error) {
  error_ = error;
  return {TokenKind::Error, position, std::min(position + 1, size())};
}

uint32_t Lexer::end_of_line(uint32_t position) const {
  const size_t end = source_.find_first_of("\r\n", position);
  return end == source_.npos ? size() : static_cast<uint32_t>(end);
}

bool Lexer::skip_block_comment(uint32_t& position) const {  // spec 6.3.4
  uint32_t depth = 0;
  for (uint32_t next = position; next + 1 < size();) {
    const char first = source_[next];
    const char second = source_[next + 1];
    if (first == '(' && second == ';') {
      ++depth;
      next += 2;
    } else if (first == ';' && second == ')') {
      next += 2;
      if (--depth == 0) {
        position = next;
        return true;
      }
    } else {
      ++next;
    }
  }
  return false;
}

uint32_t Lexer::skip_id_characters(uint32_t position) const {
  while (position < size() && class_of(source_[position]) == Class::Id) ++position;
  return position;
}

// From `u{` to behind `}`.
bool Lexer::skip_unicode_escape(uint32_t& position) const {
  uint32_t value = 0;
  uint32_t next = position + 2;
  bool after_digit = false;
  for (; is_hex_digit(at(next)) || (at(next) == '_' && after_digit); ++next) {
    after_digit = at(next) != '_';
    if (after_digit) value = std::min(value * 16 + hex_value(at(next)), 0x110000u);
  }
  const bool is_scalar = value < 0xd800 || (value > 0xdfff && value < 0x110000);
  position = next + 1;
  return after_digit && at(next) == '}' && is_scalar;
}

bool Lexer::skip_string(uint32_t& position) {  // spec 6.4.3
  const auto refuse = [this](uint32_t where, const char* error) {
    failure_ = fail(where, error);
    return false;
  };
  for (uint32_t next = position + 1;;) {
    if (next >= size() || source_[next] == '\n') return refuse(position, "unclosed string");
    const char c = source_[next];
    if (is_control(c)) return refuse(next, "illegal character in a string");
    const uint32_t escape = next++;
    if (c == '"') {
      position = next;
      return true;
    }
    if (c != '\\') continue;

    if (is_hex_digit(at(next)) && is_hex_digit(at(next + 1))) {
      next += 2;
    } else if (at(next) == 'u' && at(next + 1) == '{') {
      if (!skip_unicode_escape(next)) return refuse(escape, "illegal escape in a string");
    } else if (std::string_view("tnr\"'\\").find(at(next)) != std::string_view::npos) {
      ++next;
    } else {
      return refuse(escape, "illegal escape in a string");
    }
  }
}

// Tokens that touch each other are one reserved token.
Token Lexer::read_reserved(uint32_t begin, uint32_t position) {
  while (position < size()) {
    const Class c = class_of(source_[position]);
    if (c == Class::Quote) {
      if (!skip_string(position)) return failure_;
    } else if (c == Class::Id || c == Class::Punctuation ||
               (c == Class::Semicolon && at(position + 1) != ';')) {
      ++position;
    } else {
      break;
    }
  }
  return {TokenKind::Reserved, begin, position};
}

Token Lexer::read_string(uint32_t begin) {
  uint32_t end = begin;
  if (!skip_string(end)) return failure_;
  if (continues_token(at(end))) return read_reserved(begin, end);
  return {TokenKind::String, begin, end};
}

Token Lexer::read_id(uint32_t begin) {
  uint32_t end = begin + 1;
  if (at(end) == '"') {
    if (!skip_string(end)) return failure_;
    if (end == begin + 3) return fail(begin, "empty identifier");
  } else {
    end = skip_id_characters(end);
    if (end == begin + 1) return fail(begin, "empty identifier");
  }
  if (continues_token(at(end))) return read_reserved(begin, end);
  return {TokenKind::Id, begin, end};
}

// Spec 6.3.5. `begin` is at `(@`.
Token Lexer::read_annotation(uint32_t begin) {
  uint32_t end = begin + 2;
  if (at(end) == '"') {
    if (!skip_string(end)) return failure_;
    if (end == begin + 4) return fail(begin, "empty annotation id");
    std::string name;
    append_string(source_.substr(begin + 2, end - begin - 2), name);
    if (!is_valid_utf8(name)) return fail(begin, "malformed UTF-8 encoding");
  } else {
    end = skip_id_characters(end);
    if (end == begin + 2) return fail(begin, "empty annotation id");
  }
  const Token annotation{TokenKind::Annotation, begin, end};
  const std::string_view text = spelling(annotation);
  if (text == kCustomAnnotation || text == kNameAnnotation || text == kBranchHintAnnotation)
    return annotation;

  for (uint32_t depth = 1; depth > 0;) {
    const Token token = read_raw(end);
    end = token.end;
    if (token.kind == TokenKind::Error) return token;
    if (token.kind == TokenKind::End) return fail(begin, "unclosed annotation");
    if (token.kind == TokenKind::Open) ++depth;
    if (token.kind == TokenKind::Close) --depth;
  }
  return {TokenKind::End, end, end};  // nothing: read() goes on behind it
}

Token Lexer::read_raw(uint32_t position) {
  while (position < size()) {
    const char c = source_[position];
    switch (class_of(c)) {
      case Class::Space: ++position; break;
      case Class::Id:    {
        if (c == '$') return read_id(position);
        const uint32_t end = skip_id_characters(position);
        if (continues_token(at(end))) return read_reserved(position, end);
        return {TokenKind::Word, position, end};
      }
      case Class::Open:
        if (at(position + 1) != ';') return {TokenKind::Open, position, position + 1};
        if (!skip_block_comment(position)) return fail(position, "unclosed comment");
        break;
      case Class::Close: return {TokenKind::Close, position, position + 1};
      case Class::Semicolon:
        if (at(position + 1) != ';') return read_reserved(position, position + 1);
        position = end_of_line(position);
        break;
      case Class::Quote:       return read_string(position);
      case Class::Punctuation: return read_reserved(position, position + 1);
      case Class::Illegal:     return fail(position, "illegal character");
    }
  }
  return {TokenKind::End, size(), size()};
}

Token Lexer::read(uint32_t position) {
  while (true) {
    Token token = read_raw(position);
    if (token.kind != TokenKind::Open || at(token.end) != '@') return token;
    token = read_annotation(token.begin);
    if (token.kind != TokenKind::End) return token;
    position = token.end;
  }
}

uint32_t Lexer::skip_list(uint32_t position) const {
  uint32_t depth = 1;
  while (position < size()) {
    switch (class_of(source_[position])) {
      case Class::Open:
        if (at(position + 1) == ';') {
          if (!skip_block_comment(position)) return 0;
          continue;
        }
        ++depth;
        break;
      case Class::Close:
        if (--depth == 0) return position + 1;
        break;
      case Class::Semicolon:
        if (at(position + 1) == ';') {
          position = end_of_line(position);
          continue;
        }
        break;
      case Class::Quote:
        for (++position; at(position) != '"'; ++position) {
          if (position >= size() || source_[position] == '\n') return 0;
          if (source_[position] == '\\') ++position;
        }
        break;
      default: break;
    }
    ++position;
  }
  return 0;
}

}  // namespace wrun::text
