#include "base/text_writer.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "catch.hpp"

using wrun::TextWriter;

namespace {

template <class Append>
std::string written(Append&& append) {
  TextWriter out;
  append(out);
  return out.take();
}

std::string f32(uint32_t bits) {
  return written([&](TextWriter& out) { out.append_f32(bits); });
}
std::string f64(uint64_t bits) {
  return written([&](TextWriter& out) { out.append_f64(bits); });
}
std::string f32(float value) { return f32(std::bit_cast<uint32_t>(value)); }
std::string f64(double value) { return f64(std::bit_cast<uint64_t>(value)); }

}  // namespace

TEST_CASE("Floats are written in the shortest form that reads back equal") {
  CHECK(f32(0.1f) == "0.1");
  CHECK(f64(0.1) == "0.1");
  CHECK(f64(double{0.1f}) == "0.10000000149011612");
  CHECK(f32(-0.0f) == "-0");
  CHECK(f64(1e300) == "1e+300");
  CHECK(f64(std::numeric_limits<double>::denorm_min()) == "5e-324");
  CHECK(f32(std::numeric_limits<float>::infinity()) == "inf");
  CHECK(f64(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST_CASE("NaNs have their payload unless it is the canonical one") {
  CHECK(f32(0x7fc00000u) == "nan");
  CHECK(f32(0xffc00000u) == "-nan");
  CHECK(f32(0x7f800001u) == "nan:0x1");
  CHECK(f32(0x7fe00000u) == "nan:0x600000");
  CHECK(f64(uint64_t{0x7ff8000000000000}) == "nan");
  CHECK(f64(uint64_t{0xfff0000000000abc}) == "-nan:0xabc");
}

TEST_CASE("Integers") {
  CHECK(written([](TextWriter& out) { out.append_decimal(UINT64_MAX); }) == "18446744073709551615");
  CHECK(written([](TextWriter& out) { out.append_signed(INT64_MIN); }) == "-9223372036854775808");
  CHECK(written([](TextWriter& out) { out.append_hex(0xabc); }) == "0xabc");
  CHECK(written([](TextWriter& out) { out.append_hex(0); }) == "0x0");
}

TEST_CASE("Strings are quoted, with what is not printable ASCII escaped") {
  const std::string_view bytes("a\"\\\n\x00\xff\xc3\xa9~", 9);
  CHECK(written([&](TextWriter& out) { out.append_string(bytes); }) ==
        "\"a\\\"\\\\\\0a\\00\\ff\\c3\\a9~\"");
  CHECK(written([&](TextWriter& out) { out.append_name("é\x1b"); }) == "\"é\\1b\"");
}

TEST_CASE("A buffer grows and starts again") {
  TextWriter out;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    out.append("piece ");
    out.append_spaces(static_cast<size_t>(i % 5));
    out.append('.');
    expected += "piece " + std::string(static_cast<size_t>(i % 5), ' ') + ".";
  }
  CHECK(out.text() == expected);
  out.clear();
  CHECK(out.text().empty());
  CHECK(out.take().empty());
}
