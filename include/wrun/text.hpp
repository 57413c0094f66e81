// The text format of modules (spec chapter 6), .wat: translated to binary. Whatever takes a module
// takes it in this form as well; this is for who wants the binary, or to show where an error is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wrun {

namespace detail {
struct TextModuleState;
}

// Both count from 1; a column is a character, not a byte.
struct TextPosition {
  uint32_t line = 1;
  uint32_t column = 1;
};

struct TextError {
  std::string message;
  TextPosition position;
};

// A module translated from text, not yet validated.
class TextModule {
 public:
  // `source` is read again by find_position() and has to live as long.
  static std::expected<TextModule, TextError> parse(std::string_view source);

  // Lives as long as the owner, which is shared by all copies of this.
  std::span<const std::byte> binary() const;
  std::shared_ptr<const void> owner() const { return state_; }
  // Where a byte of the binary comes from: for errors of validation, and traps.
  std::optional<TextPosition> find_position(uint64_t offset) const;

 private:
  explicit TextModule(std::shared_ptr<const detail::TextModuleState> state)
      : state_(std::move(state)) {}
  std::shared_ptr<const detail::TextModuleState> state_;
};

// Whether this is a module in text, by its first characters.
bool is_text(std::span<const std::byte> contents);

// "file:line:column: message", the line and, below the column, a caret.
std::string render(const TextError& error, std::string_view source, std::string_view file);

}  // namespace wrun
