#include "text/module_parser.hpp"

#include "base/assert.hpp"

namespace wrun::text {

std::optional<ModuleParser::FieldKind> ModuleParser::find_field(std::string_view keyword) {
  constexpr std::string_view kKeywords[] = {"type",   "rec", "import", "func",  "table", "memory",
                                            "global", "tag", "export", "start", "elem",  "data"};
  for (size_t i = 0; i < std::size(kKeywords); ++i)
    if (keyword == kKeywords[i]) return static_cast<FieldKind>(i);
  return std::nullopt;
}

std::optional<Space> ModuleParser::find_extern_space(std::string_view keyword) {
  if (keyword == "func") return Space::Func;
  if (keyword == "table") return Space::Table;
  if (keyword == "memory") return Space::Memory;
  if (keyword == "global") return Space::Global;
  if (keyword == "tag") return Space::Tag;
  return std::nullopt;
}

bool ModuleParser::read(std::string_view id) {
  if (!id.empty()) names_.module = id;
  if (tokens_.at(TokenKind::Annotation) && tokens_.spelling() == kNameAnnotation) {
    tokens_.advance();
    if (!tokens_.expect_name(names_.module.emplace()) || !tokens_.expect_close()) return false;
    if (tokens_.at(TokenKind::Annotation) && tokens_.spelling() == kNameAnnotation)
      return tokens_.fail("@name annotation: multiple module names");
  }
  if (!scan_fields()) return false;
  const uint32_t end = tokens_.position();
  const auto is_type = [](const Field& field) {
    return field.kind == FieldKind::Type || field.kind == FieldKind::Rec;
  };
  for (const Field& field : fields_)
    if (is_type(field) && !read_field(field)) return false;
  for (const Field& field : fields_)
    if (!is_type(field) && !read_field(field)) return false;
  tokens_.seek(end);
  return true;
}

bool ModuleParser::scan_fields() {
  while (!tokens_.at(TokenKind::Close) && !tokens_.at(TokenKind::End)) {
    if (tokens_.at(TokenKind::Annotation) && tokens_.spelling() == kCustomAnnotation) {
      tokens_.advance();
      fields_.push_back({FieldKind::Custom, tokens_.position()});
      if (!tokens_.skip_list()) return false;
      continue;
    }
    if (tokens_.at(TokenKind::Annotation) && tokens_.spelling() == kBranchHintAnnotation)
      return tokens_.fail("@metadata.code.branch_hint annotation: not in a function");
    if (!tokens_.expect(TokenKind::Open, "a field of the module")) return false;
    const std::optional<FieldKind> kind =
        tokens_.at(TokenKind::Word) ? find_field(tokens_.spelling()) : std::nullopt;
    if (!kind) return tokens_.unexpected("a field of the module");
    tokens_.advance();
    fields_.push_back({*kind, tokens_.position()});
    if (!scan_field(*kind)) return false;
  }
  return true;
}

bool ModuleParser::scan_field(FieldKind kind) {
  switch (kind) {
    case FieldKind::Type: return bind(Space::Type) && tokens_.skip_list();
    case FieldKind::Rec:
      while (tokens_.accept_list("type"))
        if (!bind(Space::Type) || !tokens_.skip_list()) return false;
      return tokens_.expect_close();
    case FieldKind::Import: return scan_import();
    case FieldKind::Func:   return scan_definition(Space::Func);
    case FieldKind::Table:  return scan_definition(Space::Table);
    case FieldKind::Memory: return scan_definition(Space::Memory);
    case FieldKind::Global: return scan_definition(Space::Global);
    case FieldKind::Tag:    return scan_definition(Space::Tag);
    case FieldKind::Elem:   return bind(Space::Elem) && tokens_.skip_list();
    case FieldKind::Data:   return bind(Space::Data) && tokens_.skip_list();
    case FieldKind::Export:
    case FieldKind::Start:
    case FieldKind::Custom: return tokens_.skip_list();
  }
  WRUN_UNREACHABLE();
}

bool ModuleParser::bind(Space space) {
  const uint32_t index = counts_[static_cast<size_t>(space)]++;
  const uint32_t begin = tokens_.position();
  std::string_view id;
  if (!tokens_.read_optional_id(id)) return false;
  return id.empty() || identifiers_.of(space).add(id, index) ||
         tokens_.fail_at(begin, std::string("duplicate ") + to_string(space) + ' ' + quote(id));
}

bool ModuleParser::note_import() {
  return !first_definition_ ||
         tokens_.fail(std::string("import after ") + to_string(*first_definition_) + " definition");
}

bool ModuleParser::scan_import() {
  std::string_view name;
  if (!note_import() || !tokens_.expect_name(name)) return false;
  if (tokens_.at_list("item")) return scan_import_group();
  return tokens_.expect_name(name) && scan_imported_type() && tokens_.expect_close();
}

// Each item with its type, or the type of all behind the items, which then have no identifiers.
bool ModuleParser::scan_import_group() {
  std::string_view name;
  uint32_t without_type = 0;
  while (tokens_.accept_list("item")) {
    if (!tokens_.expect_name(name)) return false;
    if (without_type == 0 && !tokens_.at(TokenKind::Close)) {
      if (!scan_imported_type()) return false;
    } else {
      ++without_type;
    }
    if (!tokens_.expect_close()) return false;
  }
  if (without_type == 0) return tokens_.expect_close();
  std::optional<Space> space;
  if (!expect_extern_keyword(space)) return false;
  if (tokens_.at(TokenKind::Id)) return tokens_.fail("identifier not allowed");
  counts_[static_cast<size_t>(*space)] += without_type;
  return tokens_.skip_list() && tokens_.expect_close();
}

bool ModuleParser::scan_imported_type() {
  std::optional<Space> space;
  return expect_extern_keyword(space) && bind(*space) && tokens_.skip_list();
}

// "(func"
bool ModuleParser::expect_extern_keyword(std::optional<Space>& out) {
  if (!tokens_.expect(TokenKind::Open, "`(`")) return false;
  out = tokens_.at(TokenKind::Word) ? find_extern_space(tokens_.spelling()) : std::nullopt;
  if (!out) return tokens_.unexpected("the type of an import");
  tokens_.advance();
  return true;
}

bool ModuleParser::scan_definition(Space space) {
  if (!bind(space)) return false;
  if (tokens_.at(TokenKind::Annotation)) {
    tokens_.advance();
    if (!tokens_.skip_list()) return false;
  }
  while (tokens_.accept_list("export"))
    if (!tokens_.skip_list()) return false;
  if (tokens_.at_list("import")) return note_import() && tokens_.skip_list();
  if (!first_definition_) first_definition_ = space;
  if (space == Space::Table) return scan_for_inline_segment("elem", Space::Elem);
  if (space == Space::Memory) return scan_for_inline_segment("data", Space::Data);
  return tokens_.skip_list();
}

bool ModuleParser::scan_for_inline_segment(std::string_view keyword, Space segment) {
  while (!tokens_.at(TokenKind::Close)) {
    if (tokens_.at_list(keyword)) {
      ++counts_[static_cast<size_t>(segment)];
      break;
    }
    if (tokens_.at(TokenKind::End) || tokens_.at(TokenKind::Error)) break;
    const bool is_list = tokens_.at(TokenKind::Open);
    tokens_.advance();
    if (is_list && !tokens_.skip_list()) return false;
  }
  return tokens_.skip_list();
}

bool ModuleParser::read_field(const Field& field) {
  tokens_.seek(field.begin);
  field_begin_ = field.begin;
  switch (field.kind) {
    case FieldKind::Type:   return types_.read_type_definition();
    case FieldKind::Rec:    return types_.read_recursive_group();
    case FieldKind::Import: return read_import();
    case FieldKind::Func:   return read_function();
    case FieldKind::Table:  return read_table();
    case FieldKind::Memory: return read_memory();
    case FieldKind::Global: return read_global();
    case FieldKind::Tag:    return read_tag();
    case FieldKind::Export: return read_export();
    case FieldKind::Start:  return read_start();
    case FieldKind::Elem:   return read_elements();
    case FieldKind::Data:   return read_data();
    case FieldKind::Custom: return read_custom();
  }
  WRUN_UNREACHABLE();
}

}  // namespace wrun::text
