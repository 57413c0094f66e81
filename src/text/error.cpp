#include "text/error.hpp"

#include <algorithm>

#include "base/printable.hpp"

namespace wrun::text {

namespace {

constexpr size_t kShownBefore = 60;  // bytes of the line around the column
constexpr size_t kShownAfter = 40;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

size_t count_characters(std::string_view text) {
  return text.size() - static_cast<size_t>(std::ranges::count_if(text, is_continuation));
}

// The line without its end, a carriage return included; empty past the end of the text.
std::string_view find_line(std::string_view source, uint32_t line) {
  for (; line > 1; --line) {
    const size_t end = source.find('\n');
    if (end == source.npos) return {};
    source.remove_prefix(end + 1);
  }
  source = source.substr(0, source.find('\n'));
  if (source.ends_with('\r')) source.remove_suffix(1);
  return source;
}

size_t offset_of_column(std::string_view line, uint32_t column) {
  size_t offset = 0;
  while (column > 1 && offset < line.size()) {
    ++offset;
    while (offset < line.size() && is_continuation(line[offset])) ++offset;
    --column;
  }
  return offset;
}

std::string without_tabs(std::string_view text) {
  std::string out(text);
  std::ranges::replace(out, '\t', ' ');
  return printable(out);
}

}  // namespace

Position PositionFinder::at(size_t offset) {
  if (offset < line_start_) {
    line_ = 1;
    line_start_ = 0;
  }
  for (size_t end; (end = source_.find('\n', line_start_)) < offset; line_start_ = end + 1) ++line_;
  const std::string_view before = source_.substr(line_start_, offset - line_start_);
  return {line_, static_cast<uint32_t>(count_characters(before) + 1)};
}

std::string render(const Error& error, std::string_view source, std::string_view file) {
  const auto [line, column] = error.position;
  std::string out = std::string(file) + ':' + std::to_string(line) + ':' + std::to_string(column) +
                    ": " + error.message;
  const std::string_view text = find_line(source, line);
  if (text.empty()) return out;

  const size_t at = offset_of_column(text, column);
  size_t begin = at > kShownBefore ? at - kShownBefore : 0;
  while (begin < at && is_continuation(text[begin])) ++begin;
  size_t end = std::min(text.size(), at + kShownAfter);
  while (end < text.size() && is_continuation(text[end])) ++end;

  const std::string before = (begin > 0 ? "…" : "") + without_tabs(text.substr(begin, at - begin));
  out += "\n  " + before + without_tabs(text.substr(at, end - at));
  if (end < text.size()) out += "…";
  return out + "\n  " + std::string(count_characters(before), ' ') + '^';
}

}  // namespace wrun::text
