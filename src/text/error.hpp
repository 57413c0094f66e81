// What is wrong with a text, and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace wrun::text {

// Both count from 1; a column is a character, not a byte.
struct Position {
  uint32_t line = 1;
  uint32_t column = 1;
  bool operator==(const Position&) const = default;
};

// Finds positions. Reads the source from the last one on if it can, else from the start.
class PositionFinder {
 public:
  explicit PositionFinder(std::string_view source) : source_(source) {}
  Position at(size_t offset);

 private:
  std::string_view source_;
  uint32_t line_ = 1;
  size_t line_start_ = 0;
};

inline Position position_at(std::string_view source, size_t offset) {
  return PositionFinder(source).at(offset);
}

struct Error {
  std::string message;  // starts with the words of the spec's test suite
  Position position;
};

template <class T>
using Parsed = std::expected<T, Error>;

// "file:line:column: message", the line and, below the column, a caret. Of a long line only the
// neighbourhood of the column is shown.
std::string render(const Error& error, std::string_view source, std::string_view file);

}  // namespace wrun::text
