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

// Where the byte at `offset` stands. Reads all lines before it.
Position position_at(std::string_view source, size_t offset);

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
