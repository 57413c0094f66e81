#include "text/parser.hpp"

#include <algorithm>

#include "text/module_parser.hpp"

namespace wrun::text {

namespace {

// (module binary "…")
ModuleBinary read_binary(TokenReader& tokens) {
  std::string bytes;
  tokens.read_strings(bytes);
  const auto raw = std::as_bytes(std::span(bytes));
  return {
      {raw.begin(), raw.end()},
      {}
  };
}

bool read_module(TokenReader& tokens, ModuleBinary& out) {
  if (!tokens.start()) return false;
  if (tokens.at_list("component")) return tokens.fail("components are not supported yet");
  const bool has_parentheses = tokens.accept_list("module");
  std::string_view id;
  if (has_parentheses && !tokens.read_optional_id(id)) return false;
  if (has_parentheses && tokens.accept_word("binary")) {
    out = read_binary(tokens);
  } else {
    ModuleParser parser(tokens);
    if (!parser.read(id)) return false;
    out = parser.encode();
  }
  if (has_parentheses && !tokens.expect_close()) return false;
  return tokens.expect(TokenKind::End, "the end of the text");
}

}  // namespace

std::optional<uint32_t> ModuleBinary::find_source(uint64_t offset) const {
  const auto behind = std::ranges::upper_bound(marks, offset, {}, &SourceMark::binary);
  if (behind == marks.begin()) return std::nullopt;
  return std::prev(behind)->source;
}

Parsed<ModuleBinary> parse_module(std::string_view source) {
  TokenReader tokens(source);
  ModuleBinary binary;
  if (!read_module(tokens, binary)) return std::unexpected(tokens.error());
  return binary;
}

}  // namespace wrun::text
