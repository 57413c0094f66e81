#include "base/utf8.hpp"

#include "catch.hpp"

using wrun::is_valid_utf8;
using namespace std::string_view_literals;

using wrun::valid_utf8_length;

TEST_CASE("well-formed UTF-8") {
  CHECK(is_valid_utf8(""));
  CHECK(is_valid_utf8("plain text that is longer than one word"));
  CHECK(is_valid_utf8("\0"sv));
  CHECK(is_valid_utf8("\xc2\x80 \xdf\xbf"));
  CHECK(is_valid_utf8("\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"));
  CHECK(is_valid_utf8("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"));
  CHECK(is_valid_utf8("eight by\xe2\x82\xac"));
}

TEST_CASE("malformed UTF-8") {
  CHECK_FALSE(is_valid_utf8("\x80"));
  CHECK_FALSE(is_valid_utf8("\xbf"));
  CHECK_FALSE(is_valid_utf8("\xc0\x80"));  // overlong
  CHECK_FALSE(is_valid_utf8("\xc1\xbf"));
  CHECK_FALSE(is_valid_utf8("\xe0\x9f\xbf"));
  CHECK_FALSE(is_valid_utf8("\xf0\x8f\xbf\xbf"));
  CHECK_FALSE(is_valid_utf8("\xed\xa0\x80"));  // surrogates
  CHECK_FALSE(is_valid_utf8("\xed\xbf\xbf"));
  CHECK_FALSE(is_valid_utf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
  CHECK_FALSE(is_valid_utf8("\xf5\x80\x80\x80"));
  CHECK_FALSE(is_valid_utf8("\xff"));
  CHECK_FALSE(is_valid_utf8("\xc2"));  // cut off
  CHECK_FALSE(is_valid_utf8("\xe2\x82"));
  CHECK_FALSE(is_valid_utf8("\xf0\x90\x80"));
  CHECK_FALSE(is_valid_utf8("\xc2 "));
  CHECK_FALSE(is_valid_utf8("eight by\xe2\x82"));
}

TEST_CASE("The well-formed start of a text is measured") {
  CHECK(valid_utf8_length("") == 0);
  CHECK(valid_utf8_length("plain λ") == 8);
  CHECK(valid_utf8_length("12345678λ\xff tail") == 10);
  CHECK(valid_utf8_length("cut \xce") == 4);
}
