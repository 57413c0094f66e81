#include "binary/names.hpp"

#include <algorithm>

#include "base/cursor.hpp"
#include "base/utf8.hpp"
#include "binary/sections.hpp"

namespace wrun::binary {

namespace {

Cursor over(std::span<const std::byte> bytes) { return Cursor(bytes, 0, bytes.size()); }

bool read_name(Cursor& cursor, std::string_view& out) {
  uint32_t length;
  std::span<const std::byte> bytes;
  if (!cursor.read_u32(length) || !cursor.read_bytes(length, bytes)) return false;
  out = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  return true;
}

// Calls bool visit(index, offset of the name, name) for each entry of a name map, until it returns
// false or the map turns out to be malformed. Whether the map was read to its end.
template <class Visit>
bool read_name_map(Cursor& cursor, Visit&& visit) {
  uint32_t count;
  if (!cursor.read_u32(count)) return false;
  for (; count != 0; --count) {
    uint32_t index;
    if (!cursor.read_u32(index)) return false;
    const uint32_t offset = cursor.position();
    std::string_view name;
    if (!read_name(cursor, name) || !visit(index, offset, name)) return false;
  }
  return true;
}

std::span<const std::byte> find_name_section(const wasm::Module& module) {
  constexpr std::string_view kName = "name";
  std::span<const std::byte> found;
  if (module.source == nullptr) {
    const auto section =
        std::ranges::find(module.custom_sections, kName, &wasm::CustomSection::name);
    if (section != module.custom_sections.end()) found = section->contents;
  } else {
    // Where there is no module, there are no names.
    (void)for_each_section(module.source->bytes(), [&](const RawSection& section) {
      if (section.name == kName && found.empty()) found = section.contents;
    });
  }
  return found;
}

// Calls visit(kind, contents) for each subsection of the name section.
template <class Visit>
void for_each_subsection(const wasm::Module& module, Visit&& visit) {
  Cursor cursor = over(find_name_section(module));
  uint8_t id;
  uint32_t size;
  std::span<const std::byte> bytes;
  while (!cursor.at_end() && cursor.read_u8(id) && cursor.read_u32(size) &&
         cursor.read_bytes(size, bytes))
    visit(static_cast<NameKind>(id), bytes);
}

}  // namespace

void for_each_name(const wasm::Module& module, const std::function<void(const NameEntry&)>& visit) {
  for_each_subsection(module, [&](NameKind kind, std::span<const std::byte> bytes) {
    if (kind > NameKind::Tag) return;
    Cursor cursor = over(bytes);
    const auto read_map = [&](uint32_t outer) {
      return read_name_map(cursor, [&](uint32_t index, uint32_t, std::string_view name) {
        visit({kind, outer, index, name});
        return true;
      });
    };
    if (kind == NameKind::Module) {
      std::string_view name;
      if (read_name(cursor, name)) visit({kind, 0, 0, name});
    } else if (kind == NameKind::Local || kind == NameKind::Label || kind == NameKind::Field) {
      uint32_t count;
      uint32_t outer;
      if (!cursor.read_u32(count)) return;
      while (count-- != 0 && cursor.read_u32(outer) && read_map(outer)) {
      }
    } else {
      read_map(0);
    }
  });
}

NameSection::NameSection(const wasm::Module& module) {
  for_each_subsection(module, [&](NameKind kind, Bytes bytes) {
    if (kind == NameKind::Module) {
      Cursor contents = over(bytes);
      std::string_view name;
      if (read_name(contents, name) && is_valid_utf8(name)) module_name_ = name;
    } else if (kind == NameKind::Function) {
      functions_ = bytes;
      index_functions();
    } else if (kind == NameKind::Local) {
      locals_ = bytes;
    }
  });
}

void NameSection::index_functions() {
  Cursor cursor = over(functions_);
  index_.clear();
  read_name_map(cursor, [&](uint32_t function, uint32_t offset, std::string_view) {
    index_.push_back({function, offset});
    return true;
  });
  // In order in any well-formed section.
  if (!std::ranges::is_sorted(index_)) std::ranges::sort(index_);
}

std::optional<std::string_view> NameSection::function_name(uint32_t function) const {
  const auto entry = std::ranges::lower_bound(index_, function, {}, &Entry::function);
  if (entry == index_.end() || entry->function != function) return std::nullopt;
  Cursor cursor(functions_, entry->offset, functions_.size());
  std::string_view name;
  if (!read_name(cursor, name) || !is_valid_utf8(name)) return std::nullopt;
  return name;
}

std::optional<std::string_view> NameSection::local_name(uint32_t function, uint32_t local) const {
  Cursor cursor = over(locals_);
  uint32_t count;
  if (!cursor.read_u32(count)) return std::nullopt;
  std::optional<std::string_view> found;
  for (; count != 0; --count) {
    uint32_t index;
    if (!cursor.read_u32(index)) return std::nullopt;
    const bool complete =
        read_name_map(cursor, [&](uint32_t entry, uint32_t, std::string_view name) {
          if (index != function || entry != local) return true;
          if (is_valid_utf8(name)) found = name;
          return false;
        });
    if (!complete || index == function) break;
  }
  return found;
}

}  // namespace wrun::binary
