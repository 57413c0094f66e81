#include "base/cursor.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace wrun;

namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

// What reading one integer gives: the value and the bytes it took, or the error.
template <class T, class Read>
std::string read(const std::vector<std::byte>& input, Read&& read_integer) {
  Cursor cursor(input, 0, input.size());
  T value{};
  if (!read_integer(cursor, value)) {
    CHECK(cursor.has_error());
    CHECK(cursor.error_offset() == 0);
    return cursor.error_text();
  }
  return std::to_string(value) + "/" + std::to_string(cursor.position());
}

std::string u32(std::initializer_list<int> input) {
  return read<uint32_t>(bytes(input), [](Cursor& c, uint32_t& v) { return c.read_u32(v); });
}
std::string u64(std::initializer_list<int> input) {
  return read<uint64_t>(bytes(input), [](Cursor& c, uint64_t& v) { return c.read_u64(v); });
}
std::string s32(std::initializer_list<int> input) {
  return read<int32_t>(bytes(input), [](Cursor& c, int32_t& v) { return c.read_s32(v); });
}
std::string s33(std::initializer_list<int> input) {
  return read<int64_t>(bytes(input), [](Cursor& c, int64_t& v) { return c.read_s33(v); });
}
std::string s64(std::initializer_list<int> input) {
  return read<int64_t>(bytes(input), [](Cursor& c, int64_t& v) { return c.read_s64(v); });
}

const std::string kTooLong = "integer representation too long";
const std::string kTooLarge = "integer too large";
const std::string kEnd = Cursor::kUnexpectedEnd;

}  // namespace

TEST_CASE("unsigned LEB128 of 32 bits") {
  CHECK(u32({0x00}) == "0/1");
  CHECK(u32({0x7f}) == "127/1");
  CHECK(u32({0x80, 0x01}) == "128/2");
  CHECK(u32({0xe5, 0x8e, 0x26}) == "624485/3");
  CHECK(u32({0x80, 0x80, 0x80, 0x80, 0x00}) == "0/5");
  CHECK(u32({0xff, 0xff, 0xff, 0xff, 0x0f}) == "4294967295/5");
  CHECK(u32({0xff, 0xff, 0xff, 0xff, 0x1f}) == kTooLarge);
  CHECK(u32({0x80, 0x80, 0x80, 0x80, 0x70}) == kTooLarge);
  CHECK(u32({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}) == kTooLong);
  CHECK(u32({}) == kEnd);
  CHECK(u32({0x80}) == kEnd);
  CHECK(u32({0x80, 0x80, 0x80, 0x80}) == kEnd);
}

TEST_CASE("unsigned LEB128 of 64 bits") {
  CHECK(u64({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}) ==
        "18446744073709551615/10");
  CHECK(u64({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}) == kTooLarge);
  CHECK(u64({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}) == kTooLong);
  CHECK(u64({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) == kEnd);
}

TEST_CASE("signed LEB128") {
  CHECK(s32({0x3f}) == "63/1");
  CHECK(s32({0x40}) == "-64/1");
  CHECK(s32({0x7f}) == "-1/1");
  CHECK(s32({0xc0, 0xbb, 0x78}) == "-123456/3");
  CHECK(s32({0xff, 0xff, 0xff, 0xff, 0x07}) == "2147483647/5");
  CHECK(s32({0x80, 0x80, 0x80, 0x80, 0x78}) == "-2147483648/5");
  CHECK(s32({0xff, 0xff, 0xff, 0xff, 0x7f}) == "-1/5");
  CHECK(s32({0xff, 0xff, 0xff, 0xff, 0x0f}) == kTooLarge);
  CHECK(s32({0x80, 0x80, 0x80, 0x80, 0x70}) == kTooLarge);
  CHECK(s32({0xff, 0xff, 0xff, 0xff, 0x4f}) == kTooLarge);
  CHECK(s32({0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}) == kTooLong);

  CHECK(s33({0x80, 0x80, 0x80, 0x80, 0x70}) == "-4294967296/5");
  CHECK(s33({0xff, 0xff, 0xff, 0xff, 0x0f}) == "4294967295/5");
  CHECK(s33({0xff, 0xff, 0xff, 0xff, 0x1f}) == kTooLarge);

  CHECK(s64({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}) ==
        "-9223372036854775808/10");
  CHECK(s64({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00}) ==
        "9223372036854775807/10");
  CHECK(s64({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}) == kTooLarge);
  CHECK(s64({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7e}) == kTooLarge);
}

TEST_CASE("a cursor stays in its range and counts from the start of the bytes") {
  const auto input = bytes({1, 2, 3, 4, 5, 6});
  Cursor cursor(input, 2, 5);
  CHECK(cursor.position() == 2);
  CHECK(cursor.remaining() == 3);
  uint8_t byte = 0;
  CHECK(cursor.peek_u8(byte));
  CHECK(byte == 3);
  uint16_t fixed = 0;
  CHECK(cursor.read_fixed(fixed));
  CHECK(fixed == 0x0403);
  CHECK_FALSE(cursor.read_fixed(fixed));
  CHECK(cursor.error_offset() == 4);
  CHECK(cursor.error().message == kEnd);
  CHECK_FALSE(cursor.skip(2));
  std::span<const std::byte> rest;
  CHECK_FALSE(cursor.read_bytes(SIZE_MAX, rest));
  CHECK(cursor.read_bytes(1, rest));
  CHECK(cursor.at_end());
  CHECK_FALSE(cursor.read_u8(byte));
}
