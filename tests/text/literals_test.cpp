#include "text/literals.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "catch.hpp"

using namespace wrun::text;

namespace {

uint32_t f32(std::string_view text) {
  uint32_t bits = 0;
  REQUIRE(parse_f32(text, bits) == NumberStatus::Ok);
  return bits;
}
uint64_t f64(std::string_view text) {
  uint64_t bits = 0;
  REQUIRE(parse_f64(text, bits) == NumberStatus::Ok);
  return bits;
}
NumberStatus f32_status(std::string_view text) {
  uint32_t bits = 0;
  return parse_f32(text, bits);
}
NumberStatus integer_status(std::string_view text, unsigned bits) {
  uint64_t value = 0;
  return parse_integer(text, bits, value);
}
uint64_t integer(std::string_view text, unsigned bits) {
  uint64_t value = 0;
  REQUIRE(parse_integer(text, bits, value) == NumberStatus::Ok);
  return value;
}
std::string string_of(std::string_view token) {
  std::string out;
  append_string(token, out);
  return out;
}

}  // namespace

TEST_CASE("integers are signed or unsigned, decimal or hexadecimal") {
  CHECK(integer("0", 32) == 0);
  CHECK(integer("4294967295", 32) == 0xffffffff);
  CHECK(integer("-1", 32) == 0xffffffff);
  CHECK(integer("-0x8000_0000", 32) == 0x80000000);
  CHECK(integer("+0x7f", 8) == 0x7f);
  CHECK(integer("0xFFFF_ffff_FFFF_ffff", 64) == UINT64_MAX);
  CHECK(integer("-9223372036854775808", 64) == uint64_t{1} << 63);
  CHECK(integer("00000000000000000000000001", 32) == 1);
}

TEST_CASE("integers out of range are told from what is no integer") {
  CHECK(integer_status("4294967296", 32) == NumberStatus::OutOfRange);
  CHECK(integer_status("-2147483649", 32) == NumberStatus::OutOfRange);
  CHECK(integer_status("18446744073709551616", 64) == NumberStatus::OutOfRange);
  CHECK(integer_status("256", 8) == NumberStatus::OutOfRange);
  for (const char* text : {"", "-", "0x", "1_", "_1", "1__0", "0x_1", "1a", "1.0", "--1", "0X1"})
    CHECK(integer_status(text, 32) == NumberStatus::Malformed);
}

TEST_CASE("decimal floats are rounded to nearest, ties to even") {
  CHECK(f32("1") == 0x3f800000);
  CHECK(f32("-1.5e1") == 0xc1700000);
  CHECK(f32("1.") == 0x3f800000);
  CHECK(f32("1.e1") == 0x41200000);
  CHECK(f32("1_000.000_5E+0_0") == std::bit_cast<uint32_t>(1000.0005f));
  CHECK(f32("16777217") == 0x4b800000);  // halfway, down to even
  CHECK(f32("16777219") == 0x4b800002);  // halfway, up to even
  CHECK(f32("16777217.000000000000000000000000000000000000001") == 0x4b800001);
  CHECK(f32("1e-50") == 0);
  CHECK(f32("-0.0e99999999999999999999") == 0x80000000);
  CHECK(f32("1e-99999999999999999999") == 0);
  CHECK(f32("1.4e-45") == 1);
  CHECK(f32("3.4028234e38") == 0x7f7fffff);
  CHECK(f64("2.2250738585072014e-308") == 0x0010000000000000);
  CHECK(f64("4.9e-324") == 1);
  CHECK(f64("2e-324") == 0);
  CHECK(f32_status("3.4028236e38") == NumberStatus::OutOfRange);
  CHECK(f32_status("1e39") == NumberStatus::OutOfRange);
  CHECK(f32_status("1e99999999999999999999") == NumberStatus::OutOfRange);
}

TEST_CASE("hexadecimal floats are rounded to nearest, ties to even") {
  CHECK(f32("0x1p0") == 0x3f800000);
  CHECK(f32("-0x1.8p+3") == 0xc1400000);
  CHECK(f32("0x1.fffffep127") == 0x7f7fffff);
  CHECK(f32("0x1.ffffff") == 0x40000000);
  CHECK(f32("0x1.000001p0") == 0x3f800000);  // halfway, down to even
  CHECK(f32("0x1.000001000000000000000001p0") == 0x3f800001);
  CHECK(f32("0x1.000003p0") == 0x3f800002);  // halfway, up to even
  CHECK(f32("0x1p-149") == 1);
  CHECK(f32("0x1p-150") == 0);  // halfway, down to even
  CHECK(f32("0x1.8p-150") == 1);
  CHECK(f32("0x1p-151") == 0);
  CHECK(f32("0x0.000001p-126") == 0);
  CHECK(f32("0x0.fffffep-126") == 0x007fffff);
  CHECK(f32("0x0.ffffffp-126") == 0x00800000);  // rounds up to a normal number
  CHECK(f32("0x0p999999999999999999999") == 0);
  CHECK(f64("0x1.fffffffffffffp1023") == 0x7fefffffffffffff);
  CHECK(f64("0x1p-1074") == 1);
  CHECK(f64("0x123456789abcdef01p-64") == std::bit_cast<uint64_t>(0x1.23456789abcdfp0));
  CHECK(f32("0x" + std::string(1000, '0') + "1" + std::string(1000, '0') + "p-4000") == 0x3f800000);
  CHECK(f32_status("0x1p128") == NumberStatus::OutOfRange);
  CHECK(f32_status("0x1.ffffffp127") == NumberStatus::OutOfRange);
  CHECK(f32_status("0x1p999999999999999999999") == NumberStatus::OutOfRange);
}

TEST_CASE("hexadecimal floats of the host's library come back") {
  for (const double value :
       {1.0, 0.1, 1e300, 5e-324, 1.7976931348623157e308, 2.2250738585072009e-308, 123456789.125}) {
    char text[64];
    std::snprintf(text, sizeof text, "%a", value);
    CHECK(f64(text) == std::bit_cast<uint64_t>(value));
  }
}

TEST_CASE("infinities and NaNs have names") {
  CHECK(f32("inf") == 0x7f800000);
  CHECK(f32("-inf") == 0xff800000);
  CHECK(f32("nan") == 0x7fc00000);
  CHECK(f32("-nan") == 0xffc00000);
  CHECK(f32("+nan:0x1") == 0x7f800001);
  CHECK(f64("nan:0xf_ffff_ffff_ffff") == 0x7fffffffffffffff);
  CHECK(f32_status("nan:0x0") == NumberStatus::OutOfRange);
  CHECK(f32_status("nan:0x800000") == NumberStatus::OutOfRange);
  for (const char* text : {"nan:1", "nan:", "nan:0x", "infinity", "nanx", "NaN", "0x1.p", "1e",
                           ".5", "1._0", "1e_1", "0x1p1_", "0x.8", "1 "})
    CHECK(f32_status(text) == NumberStatus::Malformed);
}

TEST_CASE("is_number() knows the forms of numbers whatever their size") {
  for (const char* text : {"0", "-0x1p9999999999", "1e999", "inf", "-nan", "nan:0x0", "1_0"})
    CHECK(is_number(text));
  for (const char* text : {"", "0x", "i32", "nan:canonical", "1x", "-"}) CHECK(!is_number(text));
}

TEST_CASE("strings are unescaped to bytes") {
  CHECK(string_of(R"("")") == "");
  CHECK(string_of(R"("plain λ")") == "plain λ");
  CHECK(string_of(R"("\t\n\r\"\'\\")") == "\t\n\r\"'\\");
  CHECK(string_of(R"("\00\fFz")") == std::string("\0\xffz", 3));
  CHECK(string_of(R"("\u{41}\u{3bb}\u{20_ac}\u{1f600}")") == "Aλ€😀");
}
