#include "binary/strip.hpp"

#include "base/cursor.hpp"
#include "binary/encoding.hpp"
#include "binary/foreign_format.hpp"

namespace wrun::binary {
namespace {

constexpr size_t kHeaderBytes = 8;

}  // namespace

Result<std::vector<std::byte>> without_custom_sections(
    std::span<const std::byte> bytes, const std::function<bool(std::string_view name)>& remove) {
  if (auto error = check_header(bytes)) return std::unexpected(*std::move(error));
  std::vector<std::byte> kept(bytes.begin(), bytes.begin() + kHeaderBytes);
  Cursor cursor(bytes, kHeaderBytes, bytes.size());
  while (!cursor.at_end()) {
    const uint32_t begin = cursor.position();
    uint8_t id;
    uint32_t size;
    std::span<const std::byte> contents;
    if (!cursor.read_u8(id) || !cursor.read_u32(size) || !cursor.read_bytes(size, contents))
      return std::unexpected(cursor.error());
    if (id == static_cast<uint8_t>(SectionId::Custom)) {
      Cursor section(contents, 0, contents.size());
      uint32_t length;
      std::span<const std::byte> name;
      if (!section.read_u32(length) || !section.read_bytes(length, name)) {
        Error error = section.error();
        error.offset = cursor.position() - contents.size() + *error.offset;
        return std::unexpected(std::move(error));
      }
      if (remove({reinterpret_cast<const char*>(name.data()), name.size()})) continue;
    }
    kept.insert(kept.end(), bytes.begin() + begin, bytes.begin() + cursor.position());
  }
  return kept;
}

}  // namespace wrun::binary
