#include "text/lexer.hpp"

#include <string>
#include <vector>

#include "catch.hpp"

using namespace wrun::text;

namespace {

// The spellings of all tokens; an error ends them.
std::vector<std::string> tokens_of(std::string_view source) {
  Lexer lexer(source);
  std::vector<std::string> out;
  for (Token token = lexer.read(0); token.kind != TokenKind::End; token = lexer.read(token.end)) {
    if (token.kind == TokenKind::Error) {
      out.push_back(std::string("error: ") + lexer.error());
      break;
    }
    out.emplace_back(lexer.spelling(token));
  }
  return out;
}

TokenKind kind_of(std::string_view source) { return Lexer(source).read(0).kind; }

using Tokens = std::vector<std::string>;

}  // namespace

TEST_CASE("tokens are parentheses, words, identifiers and strings") {
  CHECK(tokens_of("(i32.add $x 0x1p-3 \"a b\")") ==
        Tokens{"(", "i32.add", "$x", "0x1p-3", "\"a b\"", ")"});
  CHECK(tokens_of("") == Tokens{});
  CHECK(kind_of("offset=4") == TokenKind::Word);
  CHECK(kind_of("$!?@#a$%^&*b-+_.:9'`|/\\<=>~") == TokenKind::Id);
  CHECK(kind_of("$\"a b\"") == TokenKind::Id);
}

TEST_CASE("comments are nothing, nested or not") {
  CHECK(tokens_of("a ;; b )\n c (; d (; e ;) \" ;) f") == Tokens{"a", "c", "f"});
  CHECK(tokens_of("a;;b\rc") == Tokens{"a", "c"});
  CHECK(tokens_of("(;;)") == Tokens{});
  CHECK(tokens_of("(; (; ;)") == Tokens{"error: unclosed comment"});
  CHECK(tokens_of("(;)") == Tokens{"error: unclosed comment"});
}

TEST_CASE("tokens that touch are reserved") {
  for (const char* source :
       {"\"a\"\"b\"", "0$\"x\"", "$x\"a\"", "\"a\"x", "a,b", ";", "[", "}x{"}) {
    CHECK(tokens_of(source) == Tokens{source});
    CHECK(kind_of(source) == TokenKind::Reserved);
  }
}

TEST_CASE("strings have known escapes and no control characters") {
  CHECK(tokens_of(R"("\t\n\r\"\'\\\00\u{10ffff}\u{1_0}")").size() == 1);
  for (const char* source : {R"("\x")", R"("\0")", R"("\u{110000}")", R"("\u{d800}")", R"("\u{}")",
                             R"("\u{1__0}")", R"("\u{1_}")", R"("\u{1")"})
    CHECK(tokens_of(source) == Tokens{"error: illegal escape in a string"});
  CHECK(tokens_of("\"a\tb\"") == Tokens{"error: illegal character in a string"});
  CHECK(tokens_of("\"a\nb\"") == Tokens{"error: unclosed string"});
  CHECK(tokens_of("\"a\\\"") == Tokens{"error: unclosed string"});
}

TEST_CASE("characters beyond ASCII are for strings and comments") {
  CHECK(tokens_of("\"λ\" ;; λ") == Tokens{"\"λ\""});
  CHECK(tokens_of("λ") == Tokens{"error: illegal character"});
  CHECK(tokens_of("a\x01") == Tokens{"a", "error: illegal character"});
}

TEST_CASE("identifiers are not empty") {
  CHECK(tokens_of("$") == Tokens{"error: empty identifier"});
  CHECK(tokens_of("$\"\"") == Tokens{"error: empty identifier"});
  CHECK(tokens_of("$(") == Tokens{"error: empty identifier"});
}

TEST_CASE("annotations nobody knows are skipped") {
  CHECK(tokens_of("a (@x (y (@z) \")\" , ; $ x\")\"y) ;; )\n) b") ==
        Tokens{"a", "error: empty identifier"});
  CHECK(tokens_of("a (@x (y (@z) \")\" , ; x\")\"y) ;; )\n) b") == Tokens{"a", "b"});
  CHECK(tokens_of("(@\"quoted id\" 1) b") == Tokens{"b"});
  CHECK(tokens_of("(@)") == Tokens{"error: empty annotation id"});
  CHECK(tokens_of("(@\"\")") == Tokens{"error: empty annotation id"});
  CHECK(tokens_of("(@\"\\ff\")") == Tokens{"error: malformed UTF-8 encoding"});
  CHECK(tokens_of("(@x ()") == Tokens{"error: unclosed annotation"});
  CHECK(tokens_of("( @x") == Tokens{"(", "@x"});
}

TEST_CASE("known annotations are tokens") {
  CHECK(tokens_of("(@name \"x\")") == Tokens{"(@name", "\"x\"", ")"});
  CHECK(tokens_of("(@custom") == Tokens{"(@custom"});
  CHECK(tokens_of("(@metadata.code.branch_hint") == Tokens{"(@metadata.code.branch_hint"});
}

TEST_CASE("lists are skipped without a look at what is in them") {
  const std::string_view source = "a (b \")\\\"\" (; ) ;) ;; )\n (c)) ) d";
  const Lexer lexer(source);
  CHECK(source.substr(lexer.skip_list(0)) == " d");
  CHECK(lexer.skip_list(static_cast<uint32_t>(source.size() - 1)) == 0);
  CHECK(Lexer("\"").skip_list(0) == 0);
  CHECK(Lexer("\"\\").skip_list(0) == 0);
  CHECK(Lexer("(;").skip_list(0) == 0);
}
