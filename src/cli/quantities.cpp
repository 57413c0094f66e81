#include "cli/quantities.hpp"

#include <charconv>
#include <cmath>
#include <span>

namespace wrun::cli {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr Unit kSizeUnits[] = {
    {   "",      1},
    {  "B",      1},
    {  "K", 0x1p10},
    {"KiB", 0x1p10},
    {  "k", 0x1p10},
    {  "M", 0x1p20},
    {"MiB", 0x1p20},
    {  "m", 0x1p20},
    {  "G", 0x1p30},
    {"GiB", 0x1p30},
    {  "g", 0x1p30},
    {  "T", 0x1p40},
    {"TiB", 0x1p40},
    { "KB",    1e3},
    { "kB",    1e3},
    { "MB",    1e6},
    { "GB",    1e9},
    { "TB",   1e12},
};
constexpr Unit kTimeUnits[] = {
    {   "",    1e9},
    { "ns",      1},
    { "us",    1e3},
    { "ms",    1e6},
    {  "s",    1e9},
    {  "m",   60e9},
    {"min",   60e9},
    {  "h", 3600e9},
};

std::optional<uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units,
                                       double limit) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const char* const end = text.data() + text.size();
  // Integers without a unit stay exact.
  uint64_t whole = 0;
  const auto exact = std::from_chars(text.data(), end, whole);
  if (exact.ec == std::errc() && exact.ptr == end && units.front().factor == 1) return whole;

  double number = 0;
  const auto parsed = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (parsed.ec != std::errc()) return std::nullopt;
  const std::string_view name(parsed.ptr, end);
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    const double product = std::round(number * unit.factor);
    if (!(product < limit)) return std::nullopt;
    return static_cast<uint64_t>(product);
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> parse_count(std::string_view text) {
  uint64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, count);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return count;
}

std::optional<uint64_t> parse_size(std::string_view text) {
  return parse_quantity(text, kSizeUnits, 0x1p64);
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  const auto count = parse_quantity(text, kTimeUnits, 0x1p63);
  if (!count) return std::nullopt;
  return std::chrono::nanoseconds(*count);
}

}  // namespace wrun::cli
