// Custom sections: those of @custom annotations, branch hints, and names (spec 7.4, 7.5).
#include "base/utf8.hpp"
#include "text/module_parser.hpp"

namespace wrun::text {

namespace {

std::optional<SectionId> find_section(std::string_view keyword) {
  constexpr std::string_view kKeywords[kSections] = {
      "custom", "type",  "import", "func", "table", "memory",    "global",
      "export", "start", "elem",   "code", "data",  "datacount", "tag"};
  if (keyword == "first") return SectionId::Type;
  if (keyword == "last") return SectionId::Data;
  for (uint8_t i = 1; i < kSections; ++i)
    if (keyword == kKeywords[i]) return static_cast<SectionId>(i);
  return std::nullopt;
}

void write_name_map(const NameMap& names, ByteWriter& out) {
  out.write_u64(names.size());
  for (const auto& [index, name] : names) {
    out.write_u32(index);
    out.write_name(name);
  }
}

void write_indirect_name_map(const std::vector<IndirectNameEntry>& entries, ByteWriter& out) {
  out.write_u64(entries.size());
  for (const auto& [index, names] : entries) {
    out.write_u32(index);
    write_name_map(names, out);
  }
}

}  // namespace

bool ModuleParser::read_custom() {
  CustomSection custom;
  if (!tokens_.at(TokenKind::String))
    return tokens_.fail("@custom annotation: missing section name");
  const uint32_t begin = tokens_.position();
  if (!tokens_.expect_string(custom.name)) return false;
  if (!is_valid_utf8(custom.name))
    return tokens_.fail_at(begin, "@custom annotation: malformed UTF-8 encoding");
  if (tokens_.accept(TokenKind::Open) && !read_custom_place(custom.place)) return false;
  tokens_.read_strings(custom.contents);
  if (!tokens_.accept(TokenKind::Close))
    return tokens_.fail("@custom annotation: unexpected token " + quote(tokens_.spelling()));
  customs_.push_back(std::move(custom));
  return true;
}

// (before section) or (after section).
bool ModuleParser::read_custom_place(CustomPlace& out) {
  if (!tokens_.at_word("before") && !tokens_.at_word("after"))
    return tokens_.fail("@custom annotation: malformed placement, expected `before` or `after`");
  out.after = tokens_.at_word("after");
  tokens_.advance();
  const std::optional<SectionId> section =
      tokens_.at(TokenKind::Word) ? find_section(tokens_.spelling()) : std::nullopt;
  if (!section) return tokens_.fail("@custom annotation: malformed section kind");
  out.section = *section;
  tokens_.advance();
  return tokens_.accept(TokenKind::Close) ||
         tokens_.fail("@custom annotation: unexpected token " + quote(tokens_.spelling()));
}

void ModuleParser::write_custom(std::string_view name, std::span<const std::byte> contents,
                                ByteWriter& out) {
  ByteWriter section;
  section.write_name(name);
  section.write(contents);
  out.write_u8(static_cast<uint8_t>(SectionId::Custom));
  out.write_vector(section.bytes());
}

void ModuleParser::write_customs(CustomPlace place, ByteWriter& out) const {
  for (const CustomSection& custom : customs_)
    if (custom.place == place)
      write_custom(custom.name, std::as_bytes(std::span(custom.contents)), out);
}

void ModuleParser::write_branch_hints(ByteWriter& out) const {
  if (hints_.empty()) return;
  ByteWriter content;
  content.write_u64(hints_.size());
  for (const auto& [function, hints] : hints_) {
    content.write_u32(function);
    content.write_u64(hints.size());
    for (const BranchHint& hint : hints) {
      content.write_u32(hint.offset);
      content.write_u32(1);  // the size of the value
      content.write_u8(hint.likely);
    }
  }
  write_custom("metadata.code.branch_hint", content.bytes(), out);
}

// With the subsections of the extended name section proposal. A @custom annotation may have written
// the section already.
void ModuleParser::write_names(ByteWriter& out) const {
  for (const CustomSection& custom : customs_)
    if (custom.name == "name") return;

  ByteWriter content, part;
  uint8_t id = 0;
  const auto end_part = [&] {
    if (!part.empty()) {
      content.write_u8(id);
      content.write_vector(part.bytes());
      part.clear();
    }
    ++id;
  };
  const auto map = [&](Space space) {
    const NameMap& entries = names_.spaces[static_cast<size_t>(space)];
    if (!entries.empty()) write_name_map(entries, part);
    end_part();
  };
  const auto indirect = [&](const std::vector<IndirectNameEntry>& entries) {
    if (!entries.empty()) write_indirect_name_map(entries, part);
    end_part();
  };
  if (names_.module) part.write_name(*names_.module);
  end_part();
  map(Space::Func);
  indirect(names_.locals);
  indirect(names_.labels);
  map(Space::Type);
  map(Space::Table);
  map(Space::Memory);
  map(Space::Global);
  map(Space::Elem);
  map(Space::Data);
  indirect(names_.fields);
  map(Space::Tag);
  if (!content.empty()) write_custom("name", content.bytes(), out);
}

}  // namespace wrun::text
