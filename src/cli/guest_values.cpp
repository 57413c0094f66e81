#include "cli/guest_values.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace wrun::cli {
namespace {

using Uint128 = unsigned __int128;

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_sign(std::string_view& text) {
  if (take_prefix(text, "-")) return true;
  take_prefix(text, "+");
  return false;
}

std::optional<unsigned> digit(char c, unsigned base) {
  unsigned value = base;
  if (c >= '0' && c <= '9') value = static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') value = static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') value = static_cast<unsigned>(c - 'A') + 10;
  if (value >= base) return std::nullopt;
  return value;
}

// Without a sign.
std::optional<Uint128> parse_magnitude(std::string_view text) {
  const unsigned base = take_prefix(text, "0x") || take_prefix(text, "0X") ? 16 : 10;
  if (text.empty()) return std::nullopt;
  Uint128 number = 0;
  for (const char c : text) {
    const auto value = digit(c, base);
    if (!value || number > (~Uint128{0} - *value) / base) return std::nullopt;
    number = number * base + *value;
  }
  return number;
}

template <class Unsigned>
std::optional<Unsigned> parse_integer(std::string_view text) {
  const bool negative = take_sign(text);
  const auto magnitude = parse_magnitude(text);
  constexpr Uint128 kMax = std::numeric_limits<Unsigned>::max();
  const Uint128 limit = negative ? kMax / 2 + 1 : kMax;
  if (!magnitude || *magnitude > limit) return std::nullopt;
  const auto bits = static_cast<Unsigned>(*magnitude);
  return negative ? static_cast<Unsigned>(Unsigned{0} - bits) : bits;
}

template <class Float>
struct FloatFormat;
template <>
struct FloatFormat<float> {
  using Bits = uint32_t;
  static constexpr int kFractionBits = 23;
  static float parse(const char* text, char** end) { return std::strtof(text, end); }
};
template <>
struct FloatFormat<double> {
  using Bits = uint64_t;
  static constexpr int kFractionBits = 52;
  static double parse(const char* text, char** end) { return std::strtod(text, end); }
};

// "nan", or "nan:0x…" with the fraction's bits (spec 6.3.2).
template <class Float>
std::optional<Float> parse_nan(std::string_view text, bool negative) {
  using Format = FloatFormat<Float>;
  using Bits = typename Format::Bits;
  Bits fraction = Bits{1} << (Format::kFractionBits - 1);
  if (text != "nan") {
    if (!take_prefix(text, "nan:0x")) return std::nullopt;
    const auto payload = parse_magnitude(std::string("0x").append(text));
    if (!payload || *payload == 0 || *payload >> Format::kFractionBits != 0) return std::nullopt;
    fraction = static_cast<Bits>(*payload);
  }
  constexpr int kBits = sizeof(Bits) * 8;
  const Bits exponent = (~Bits{0} >> (Format::kFractionBits + 1)) << Format::kFractionBits;
  return std::bit_cast<Float>(
      static_cast<Bits>((Bits{negative} << (kBits - 1)) | exponent | fraction));
}

template <class Float>
std::optional<Float> parse_float(std::string_view text) {
  std::string_view magnitude = text;
  const bool negative = take_sign(magnitude);
  if (magnitude.starts_with("nan")) return parse_nan<Float>(magnitude, negative);
  // strtod would take leading spaces, a second sign and words such as "infinity".
  if (magnitude != "inf" &&
      (magnitude.empty() || !(digit(magnitude[0], 10) || magnitude[0] == '.')))
    return std::nullopt;
  const std::string terminated(text);
  char* end = nullptr;
  const Float number = FloatFormat<Float>::parse(terminated.c_str(), &end);
  if (end != terminated.c_str() + terminated.size()) return std::nullopt;
  return number;
}

template <class T>
std::optional<Value> as_value(const std::optional<T>& number) {
  if (!number) return std::nullopt;
  return Value(*number);
}

}  // namespace

std::optional<Value> parse_value(const ValueType& type, std::string_view text) {
  switch (type.kind()) {
    case ValueKind::I32:  return as_value(parse_integer<uint32_t>(text));
    case ValueKind::I64:  return as_value(parse_integer<uint64_t>(text));
    case ValueKind::F32:  return as_value(parse_float<float>(text));
    case ValueKind::F64:  return as_value(parse_float<double>(text));
    case ValueKind::V128: {
      const auto number = parse_magnitude(text);
      if (!number) return std::nullopt;
      return Value(std::bit_cast<V128>(*number));
    }
    case ValueKind::FuncRef:
    case ValueKind::ExternRef:
    case ValueKind::Ref:
      if (text != "null") return std::nullopt;
      return Value::null(type.kind());
  }
  return std::nullopt;
}

std::expected<std::vector<Value>, std::string> parse_call_arguments(
    std::string_view function, const FuncType& type, std::span<const std::string> arguments) {
  if (arguments.size() != type.params.size())
    return std::unexpected(fmt::format("`{}` has type {} and takes {} argument{}, not {}", function,
                                       type.text(), type.params.size(),
                                       type.params.size() == 1 ? "" : "s", arguments.size()));
  std::vector<Value> values;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto value = parse_value(type.params[i], arguments[i]);
    if (!value)
      return std::unexpected(fmt::format("argument {} of `{}`: `{}` is not a value of type {}",
                                         i + 1, function, arguments[i], type.params[i].text()));
    values.push_back(*value);
  }
  return values;
}

}  // namespace wrun::cli
