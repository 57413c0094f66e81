#include "base/printable.hpp"

#include "catch.hpp"

using namespace wrun;

TEST_CASE("Control characters are spelled out, everything else stays") {
  CHECK(printable("env::memory") == "env::memory");
  CHECK(printable("naïve ✓") == "naïve ✓");
  CHECK(printable("\x1b[31mred\x1b[0m\n") == "\\x1b[31mred\\x1b[0m\\x0a");
  CHECK(printable(std::string_view("a\0b\x7f", 4)) == "a\\x00b\\x7f");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\x9b31m");  // the one-character form of ESC [
  CHECK(printable("\xc2\xa0") == "\xc2\xa0");
}
