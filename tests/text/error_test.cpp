#include "text/error.hpp"

#include "catch.hpp"

using namespace wrun::text;

TEST_CASE("positions count lines and characters from 1") {
  const std::string_view source = "ab\nλx\n";
  CHECK(position_at(source, 0) == Position{1, 1});
  CHECK(position_at(source, 2) == Position{1, 3});
  CHECK(position_at(source, 3) == Position{2, 1});
  CHECK(position_at(source, 5) == Position{2, 2});
  CHECK(position_at(source, 7) == Position{3, 1});
}

TEST_CASE("an error is shown with its line and a caret") {
  CHECK(render(
            {
                "unexpected token", {2, 3}
  },
            "(module\n  oops)\r\n", "a.wat") ==
        "a.wat:2:3: unexpected token\n"
        "    oops)\n"
        "    ^");
}

TEST_CASE("the caret stands below its character, whatever is before it") {
  CHECK(render(
            {
                "m", {1, 4}
  },
            "\tλ\x1bx", "f") == "f:1:4: m\n   λ\\x1bx\n        ^");
}

TEST_CASE("an error at the end of the text has no line to show") {
  CHECK(render(
            {
                "unexpected end", {2, 1}
  },
            "(module\n", "f") == "f:2:1: unexpected end");
  CHECK(render(
            {
                "unexpected end", {3, 1}
  },
            "(module\n", "f") == "f:3:1: unexpected end");
}

TEST_CASE("of a long line the neighbourhood is shown") {
  const std::string line = std::string(100, 'a') + "!" + std::string(100, 'b');
  CHECK(render(
            {
                "m", {1, 101}
  },
            line, "f") == "f:1:101: m\n  …" + std::string(60, 'a') + "!" + std::string(39, 'b') +
                              "…\n  " + std::string(61, ' ') + "^");
}
