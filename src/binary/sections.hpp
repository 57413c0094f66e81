// The sections of a module, as far as their frames go.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/cursor.hpp"
#include "binary/encoding.hpp"
#include "binary/foreign_format.hpp"

namespace wrun::binary {

inline constexpr size_t kModuleHeaderBytes = 8;

struct RawSection {
  uint8_t id = 0;
  std::string_view name;                // of a custom section
  std::span<const std::byte> whole;     // with its id and size
  std::span<const std::byte> contents;  // after the name

  bool is(SectionId section) const { return id == static_cast<uint8_t>(section); }
};

// Calls visit(section) for each, in order.
template <class Visit>
Result<void> for_each_section(std::span<const std::byte> bytes, Visit&& visit) {
  if (auto error = check_header(bytes)) return std::unexpected(*std::move(error));
  Cursor cursor(bytes, kModuleHeaderBytes, bytes.size());
  while (!cursor.at_end()) {
    const uint32_t begin = cursor.position();
    RawSection section;
    uint32_t size;
    if (!cursor.read_u8(section.id) || !cursor.read_u32(size) ||
        !cursor.read_bytes(size, section.contents))
      return std::unexpected(cursor.error());
    section.whole = bytes.subspan(begin, cursor.position() - begin);
    if (section.is(SectionId::Custom)) {
      Cursor inside(section.contents, 0, section.contents.size());
      uint32_t length;
      std::span<const std::byte> name;
      if (!inside.read_u32(length) || !inside.read_bytes(length, name)) {
        Error error = inside.error();
        error.offset = cursor.position() - section.contents.size() + *error.offset;
        return std::unexpected(std::move(error));
      }
      section.name = {reinterpret_cast<const char*>(name.data()), name.size()};
      section.contents = section.contents.subspan(inside.position());
    }
    visit(section);
  }
  return {};
}

}  // namespace wrun::binary
