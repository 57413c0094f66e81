#include "text/literals.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

namespace wrun::text {

namespace {

struct Sign {
  bool negative = false;
  bool present = false;
};

Sign take_sign(std::string_view& text) {
  if (!text.starts_with('+') && !text.starts_with('-')) return {};
  const bool negative = text[0] == '-';
  text.remove_prefix(1);
  return {negative, true};
}

// Digits with single underscores between them: moves `text` behind them and returns them, or
// returns nothing if there are none or an underscore is misplaced.
std::string_view take_digits(std::string_view& text, bool hexadecimal) {
  size_t length = 0;
  bool after_digit = false;
  for (; length < text.size(); ++length) {
    const char c = text[length];
    const bool digit = hexadecimal ? is_hex_digit(c) : is_digit(c);
    if (!digit && !(c == '_' && after_digit)) break;
    after_digit = digit;
  }
  if (!after_digit) return {};
  const std::string_view digits = text.substr(0, length);
  text.remove_prefix(length);
  return digits;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// The parts of a finite number (spec 6.4.2); the integer part is there in every one.
struct Float {
  std::string_view integer;
  std::string_view fraction;
  std::string_view exponent;  // with its sign
  bool hexadecimal = false;
};

bool split_float(std::string_view text, Float& out) {
  out.hexadecimal = take_prefix(text, "0x");
  out.integer = take_digits(text, out.hexadecimal);
  if (out.integer.empty()) return false;
  if (take_prefix(text, ".")) {
    out.fraction = take_digits(text, out.hexadecimal);
    if (out.fraction.empty() && !text.empty() && (text[0] | 0x20) != (out.hexadecimal ? 'p' : 'e'))
      return false;
  }
  if (text.empty()) return true;
  if ((text[0] | 0x20) != (out.hexadecimal ? 'p' : 'e')) return false;
  text.remove_prefix(1);
  const std::string_view exponent = text;
  take_sign(text);
  if (take_digits(text, false).empty() || !text.empty()) return false;
  out.exponent = exponent;
  return true;
}

// Far beyond all exponents that matter, and far from overflowing when others are added.
constexpr int64_t kExponentLimit = int64_t{1} << 40;

int64_t exponent_value(std::string_view text) {
  const bool negative = take_sign(text).negative;
  int64_t value = 0;
  for (const char c : text)
    if (c != '_') value = std::min(value * 10 + (c - '0'), kExponentLimit);
  return negative ? -value : value;
}

template <class Real>
struct Format;
template <>
struct Format<float> {
  using Bits = uint32_t;
  static constexpr int kMantissaBits = 23;
  static constexpr int kBias = 127;
};
template <>
struct Format<double> {
  using Bits = uint64_t;
  static constexpr int kMantissaBits = 52;
  static constexpr int kBias = 1023;
};

// significand × 2^exponent, where `sticky` says that the significand goes on below its last bit.
// False if that is too large.
template <class Real>
bool round_to_bits(uint64_t significand, int64_t exponent, bool sticky,
                   typename Format<Real>::Bits& out) {
  using Bits = typename Format<Real>::Bits;
  constexpr int kMantissaBits = Format<Real>::kMantissaBits;
  constexpr int kBias = Format<Real>::kBias;
  out = 0;
  if (significand == 0) return true;
  const int leading = std::countl_zero(significand);
  significand <<= leading;
  const int64_t top = exponent - leading + 63;  // the value is 1.… × 2^top
  if (top > kBias) return false;

  // How many bits below the significand's top are dropped: more for subnormal numbers.
  const int64_t dropped = 63 - kMantissaBits + std::max<int64_t>(0, 1 - kBias - top);
  if (dropped > 64) return true;  // less than half of the smallest number
  const uint64_t kept = dropped == 64 ? 0 : significand >> dropped;
  const uint64_t rest = dropped == 64 ? significand : significand << (64 - dropped);
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  const bool up = rest > kHalf || (rest == kHalf && (sticky || (kept & 1) != 0));
  // A normal number's leading one adds the one that the biased exponent lacks here.
  const int64_t biased = std::max<int64_t>(top + kBias - 1, 0);
  const uint64_t bits = (static_cast<uint64_t>(biased) << kMantissaBits) + kept + (up ? 1 : 0);
  constexpr uint64_t kInfinity = uint64_t{2 * kBias + 1} << kMantissaBits;
  out = static_cast<Bits>(bits);
  return bits < kInfinity;
}

template <class Real>
NumberStatus parse_hexadecimal(const Float& parts, typename Format<Real>::Bits& out) {
  uint64_t significand = 0;
  int64_t exponent = 0;
  bool sticky = false;
  const auto add = [&](std::string_view digits, int64_t step) {
    for (const char c : digits) {
      if (c == '_') continue;
      if (significand >> 60 == 0) {
        significand = significand << 4 | hex_value(c);
        exponent += step;
      } else {
        sticky |= c != '0';
        exponent += step + 4;
      }
    }
  };
  add(parts.integer, 0);
  add(parts.fraction, -4);
  exponent += exponent_value(parts.exponent);
  return round_to_bits<Real>(significand, exponent, sticky, out) ? NumberStatus::Ok
                                                                 : NumberStatus::OutOfRange;
}

// Whether a decimal number that is not near 1 is large, rather than small.
bool is_large(const Float& parts) {
  const size_t first = parts.integer.find_first_not_of("0_");
  int64_t magnitude = 0;
  if (first != parts.integer.npos) {
    magnitude = std::ranges::count_if(parts.integer.substr(first), is_digit);
  } else {
    const size_t zeros = std::min(parts.fraction.find_first_not_of("0_"), parts.fraction.size());
    magnitude = -std::ranges::count_if(parts.fraction.substr(0, zeros), is_digit);
  }
  return magnitude + exponent_value(parts.exponent) > 0;
}

template <class Real>
NumberStatus parse_decimal(std::string_view text, const Float& parts,
                           typename Format<Real>::Bits& out) {
  std::string plain;
  if (text.find('_') != text.npos) {
    std::ranges::copy_if(text, std::back_inserter(plain), [](char c) { return c != '_'; });
    text = plain;
  }
  Real value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (is_large(parts)) return NumberStatus::OutOfRange;
    value = 0;
  } else if (std::isinf(value)) {
    return NumberStatus::OutOfRange;
  }
  out = std::bit_cast<typename Format<Real>::Bits>(value);
  return NumberStatus::Ok;
}

// Behind "nan".
template <class Real>
NumberStatus parse_payload(std::string_view text, typename Format<Real>::Bits& payload) {
  using Bits = typename Format<Real>::Bits;
  constexpr int kMantissaBits = Format<Real>::kMantissaBits;
  payload = Bits{1} << (kMantissaBits - 1);
  if (text.empty()) return NumberStatus::Ok;
  if (!text.starts_with(":0x")) return NumberStatus::Malformed;
  uint64_t value = 0;
  const NumberStatus status =
      parse_unsigned(text.substr(1), (uint64_t{1} << kMantissaBits) - 1, value);
  if (status == NumberStatus::Ok && value == 0) return NumberStatus::OutOfRange;
  payload = static_cast<Bits>(value);
  return status;
}

template <class Real>
NumberStatus parse_float(std::string_view text, typename Format<Real>::Bits& out) {
  using Bits = typename Format<Real>::Bits;
  constexpr Bits kInfinity = Bits{2 * Format<Real>::kBias + 1} << Format<Real>::kMantissaBits;
  const bool negative = take_sign(text).negative;
  NumberStatus status = NumberStatus::Ok;
  Float parts;
  if (text == "inf") {
    out = kInfinity;
  } else if (text.starts_with("nan")) {
    status = parse_payload<Real>(text.substr(3), out);
    out |= kInfinity;
  } else if (!split_float(text, parts)) {
    return NumberStatus::Malformed;
  } else {
    status = parts.hexadecimal ? parse_hexadecimal<Real>(parts, out)
                               : parse_decimal<Real>(text, parts, out);
  }
  if (negative) out |= Bits{1} << (std::numeric_limits<Bits>::digits - 1);
  return status;
}

void append_utf8(uint32_t scalar, std::string& out) {
  const auto put = [&out](uint32_t byte) { out += static_cast<char>(byte); };
  const auto put_tail = [&](uint32_t shift) { put(0x80 | ((scalar >> shift) & 0x3f)); };
  if (scalar < 0x80) {
    put(scalar);
  } else if (scalar < 0x800) {
    put(0xc0 | scalar >> 6);
    put_tail(0);
  } else if (scalar < 0x10000) {
    put(0xe0 | scalar >> 12);
    put_tail(6);
    put_tail(0);
  } else {
    put(0xf0 | scalar >> 18);
    put_tail(12);
    put_tail(6);
    put_tail(0);
  }
}

}  // namespace

NumberStatus parse_unsigned(std::string_view text, uint64_t maximum, uint64_t& out) {
  if (text.size() == 1 && is_digit(text[0])) {  // most are
    out = static_cast<uint64_t>(text[0] - '0');
    return out <= maximum ? NumberStatus::Ok : NumberStatus::OutOfRange;
  }
  const bool hexadecimal = take_prefix(text, "0x");
  const std::string_view digits = take_digits(text, hexadecimal);
  if (digits.empty() || !text.empty()) return NumberStatus::Malformed;
  const uint64_t base = hexadecimal ? 16 : 10;
  uint64_t value = 0;
  for (const char c : digits) {
    if (c == '_') continue;
    const uint64_t digit = hex_value(c);
    if (value > (maximum - digit) / base || digit > maximum) return NumberStatus::OutOfRange;
    value = value * base + digit;
  }
  out = value;
  return NumberStatus::Ok;
}

NumberStatus parse_integer(std::string_view text, unsigned bits, uint64_t& out) {
  const uint64_t ones = bits == 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
  const Sign sign = take_sign(text);
  const uint64_t half = ones / 2 + 1;
  const uint64_t maximum = sign.negative ? half : sign.present ? half - 1 : ones;
  const NumberStatus status = parse_unsigned(text, maximum, out);
  if (sign.negative) out = (0 - out) & ones;
  return status;
}

NumberStatus parse_f32(std::string_view text, uint32_t& out) {
  return parse_float<float>(text, out);
}
NumberStatus parse_f64(std::string_view text, uint64_t& out) {
  return parse_float<double>(text, out);
}

bool is_number(std::string_view text) {
  take_sign(text);
  Float parts;
  if (split_float(text, parts) || text == "inf" || text == "nan") return true;
  return take_prefix(text, "nan:0x") && !take_digits(text, true).empty() && text.empty();
}

void append_string(std::string_view token, std::string& out) {
  token = token.substr(1, token.size() - 2);
  while (!token.empty()) {
    const size_t plain = std::min(token.find('\\'), token.size());
    out.append(token.substr(0, plain));
    token.remove_prefix(plain);
    if (token.empty()) return;

    if (is_hex_digit(token[1]) && is_hex_digit(token[2])) {
      out += static_cast<char>(hex_value(token[1]) << 4 | hex_value(token[2]));
      token.remove_prefix(3);
      continue;
    }
    if (token[1] == 'u') {
      const size_t end = token.find('}');
      uint32_t scalar = 0;
      for (const char c : token.substr(3, end - 3))
        if (c != '_') scalar = scalar << 4 | hex_value(c);
      append_utf8(scalar, out);
      token.remove_prefix(end + 1);
      continue;
    }
    switch (token[1]) {
      case 't': out += '\t'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      default:  out += token[1]; break;
    }
    token.remove_prefix(2);
  }
}

}  // namespace wrun::text
