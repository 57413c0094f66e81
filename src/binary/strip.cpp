#include "binary/strip.hpp"

#include "binary/sections.hpp"

namespace wrun::binary {
namespace {

template <class Remove>
Result<std::vector<std::byte>> without(std::span<const std::byte> bytes, Remove&& remove) {
  std::vector<std::byte> kept;
  WRUN_CHECK_OK(for_each_section(bytes, [&](const RawSection& section) {
    if (!remove(section)) kept.insert(kept.end(), section.whole.begin(), section.whole.end());
  }));
  kept.insert(kept.begin(), bytes.begin(), bytes.begin() + kModuleHeaderBytes);
  return kept;
}

}  // namespace

Result<std::vector<std::byte>> without_custom_sections(
    std::span<const std::byte> bytes, const std::function<bool(std::string_view name)>& remove) {
  return without(bytes, [&](const RawSection& section) {
    return section.is(SectionId::Custom) && remove(section.name);
  });
}

Result<std::vector<std::byte>> without_code(std::span<const std::byte> bytes, bool keep_data) {
  return without(bytes, [&](const RawSection& section) {
    return section.is(SectionId::Custom) || section.is(SectionId::Code) ||
           (section.is(SectionId::Data) && !keep_data);
  });
}

}  // namespace wrun::binary
