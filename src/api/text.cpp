#include "wrun/text.hpp"

#include "text/parser.hpp"

namespace wrun {

namespace detail {

struct TextModuleState {
  std::string_view source;
  text::ModuleBinary module;
};

}  // namespace detail

std::expected<TextModule, TextError> TextModule::parse(std::string_view source) {
  auto module = text::parse_module(source);
  if (!module) {
    const auto& [message, position] = module.error();
    return std::unexpected(TextError{
        message, {position.line, position.column}
    });
  }
  return TextModule(std::make_shared<const detail::TextModuleState>(source, std::move(*module)));
}

std::span<const std::byte> TextModule::binary() const { return state_->module.bytes; }

std::optional<TextPosition> TextModule::find_position(uint64_t offset) const {
  const std::optional<uint32_t> source = state_->module.find_source(offset);
  if (!source) return std::nullopt;
  const text::Position position = text::position_at(state_->source, *source);
  return TextPosition{position.line, position.column};
}

bool is_text(std::span<const std::byte> contents) {
  const std::string_view text(reinterpret_cast<const char*>(contents.data()), contents.size());
  const size_t start = text.find_first_not_of(" \t\r\n");
  return start != text.npos && (text[start] == '(' || text.substr(start).starts_with(";;"));
}

std::string render(const TextError& error, std::string_view source, std::string_view file) {
  const auto& [message, position] = error;
  return text::render(
      {
          message, {position.line, position.column}
  },
      source, file);
}

}  // namespace wrun
