// What the spellings of numbers and strings stand for (spec 6.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wrun::text {

enum class NumberStatus : uint8_t { Ok, Malformed, OutOfRange };

NumberStatus parse_unsigned(std::string_view text, uint64_t maximum, uint64_t& out);
// iN: from -2^(bits-1) to 2^bits - 1, modulo 2^bits.
NumberStatus parse_integer(std::string_view text, unsigned bits, uint64_t& out);
// fN as its bits: decimal, hexadecimal, inf, nan, nan:0x…; rounded to nearest, ties to even.
NumberStatus parse_f32(std::string_view text, uint32_t& out);
NumberStatus parse_f64(std::string_view text, uint64_t& out);

// Whether the text is a number of any of these forms, whatever its size.
bool is_number(std::string_view text);

// Appends the bytes of a string token, quotes included in `token`.
void append_string(std::string_view token, std::string& out);

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr uint32_t hex_value(char c) {
  return static_cast<uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

}  // namespace wrun::text
