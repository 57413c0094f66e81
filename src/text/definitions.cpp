// Imports, exports and definitions of functions, tables, memories, globals and tags (spec 6.6.4 to
// 6.6.12), with their abbreviations.
#include <algorithm>

#include "text/module_parser.hpp"

namespace wrun::text {

namespace encoding = binary::encoding;

namespace {

uint8_t extern_code(Space space) {
  switch (space) {
    case Space::Func:   return 0;
    case Space::Table:  return 1;
    case Space::Memory: return 2;
    case Space::Global: return 3;
    default:            return 4;
  }
}

NameMap names_of_parameters(const Signature& signature) {
  NameMap names;
  for (const Parameter& parameter : signature.named_params)
    names.push_back({parameter.index, *parameter.name});
  return names;
}

}  // namespace

ByteWriter& ModuleParser::begin_entry(SectionId id) {
  Section& entries = section(id);
  ++entries.count;
  entries.content.mark(field_begin_);
  return entries.content.bytes;
}

bool ModuleParser::note_binding(Space space, uint32_t index) {
  std::string_view id;
  OptionalName name;
  if (!types_.read_binding(id, name)) return false;
  if (name) names_.of(space).push_back({index, *name});
  return true;
}

bool ModuleParser::begin_definition(Space space, uint32_t& index, bool& is_import) {
  index = next_[static_cast<size_t>(space)]++;
  if (!note_binding(space, index)) return false;
  std::string_view name;
  while (tokens_.accept_list("export")) {
    if (!tokens_.expect_name(name) || !tokens_.expect_close()) return false;
    ByteWriter& out = begin_entry(SectionId::Export);
    out.write_name(name);
    out.write_u8(extern_code(space));
    out.write_u32(index);
  }
  is_import = tokens_.accept_list("import");
  if (!is_import) return true;

  std::string_view module;
  if (!tokens_.expect_name(module) || !tokens_.expect_name(name) || !tokens_.expect_close())
    return false;
  ByteWriter& out = begin_entry(SectionId::Import);
  out.write_name(module);
  out.write_name(name);
  return read_extern_type(space, index, out) && tokens_.expect_close();
}

bool ModuleParser::read_import() {
  std::string_view module, name;
  if (!tokens_.expect_name(module)) return false;
  if (tokens_.at_list("item")) return read_import_group(module);
  if (!tokens_.expect_name(name)) return false;
  ByteWriter& out = begin_entry(SectionId::Import);
  out.write_name(module);
  out.write_name(name);
  return read_imported_type(1, out) && tokens_.expect_close();
}

bool ModuleParser::read_import_group(std::string_view module) {
  ByteWriter items;
  uint32_t count = 0;
  bool have_types = false;
  std::string_view name;
  for (; tokens_.accept_list("item"); ++count) {
    if (!tokens_.expect_name(name)) return false;
    items.write_name(name);
    if (count == 0) have_types = !tokens_.at(TokenKind::Close);
    if ((have_types && !read_imported_type(1, items)) || !tokens_.expect_close()) return false;
  }
  ByteWriter& out = begin_entry(SectionId::Import);
  out.write_name(module);
  out.write_name("");
  out.write_u8(have_types ? encoding::kImportsOfTypes : encoding::kImportsOfOneType);
  if (!have_types && !read_imported_type(count, out)) return false;
  out.write_u32(count);
  out.write(items.bytes());
  return tokens_.expect_close();
}

// The type of `count` imports.
bool ModuleParser::read_imported_type(uint32_t count, ByteWriter& out) {
  std::optional<Space> space;
  if (!expect_extern_keyword(space)) return false;
  uint32_t& next = next_[static_cast<size_t>(*space)];
  const uint32_t index = next;
  next += count;
  return note_binding(*space, index) && read_extern_type(*space, index, out) &&
         tokens_.expect_close();
}

bool ModuleParser::read_extern_type(Space space, uint32_t index, ByteWriter& out) {
  uint32_t type;
  if (space == Space::Func) {
    const bool is_exact = tokens_.accept_list("exact");
    if (!types_.read_type_use(signature_, type)) return false;
    NameMap names = names_of_parameters(signature_);
    if (!names.empty()) names_.locals.push_back({index, std::move(names)});
    out.write_u8(is_exact ? encoding::kExactFunction : extern_code(space));
    out.write_u32(type);
    return !is_exact || tokens_.expect_close();
  }
  out.write_u8(extern_code(space));
  switch (space) {
    case Space::Table:  return types_.read_table_type(out);
    case Space::Memory: return types_.read_memory_type(out);
    case Space::Global: return types_.read_global_type(out);
    default:
      out.write_u8(0);
      if (!types_.read_type_use(signature_, type)) return false;
      out.write_u32(type);
      return true;
  }
}

bool ModuleParser::read_function() {
  uint32_t index, type;
  bool is_import;
  if (!begin_definition(Space::Func, index, is_import)) return false;
  if (is_import) return true;
  if (!types_.read_type_use(signature_, type)) return false;
  begin_entry(SectionId::Function).write_u32(type);
  return read_function_body(index, type, signature_) && tokens_.expect_close();
}

bool ModuleParser::read_function_body(uint32_t function, uint32_t type,
                                      const Signature& signature) {
  expressions_.begin_function();
  for (const Parameter& parameter : signature.named_params)
    if (!parameter.id.empty() && !expressions_.bind_local(parameter.id, parameter.index))
      return false;
  NameMap names = names_of_parameters(signature);

  body_.bytes.clear();
  body_.marks.clear();
  const uint32_t params =
      signature.empty() ? type_section_.param_count(type) : signature.param_count;
  if (!read_locals(params, names) || !expressions_.read_body(body_)) return false;

  if (!names.empty()) names_.locals.push_back({function, std::move(names)});
  if (NameMap labels = expressions_.take_label_names(); !labels.empty())
    names_.labels.push_back({function, std::move(labels)});
  if (std::vector<BranchHint> hints = expressions_.take_hints(); !hints.empty())
    hints_.push_back({function, std::move(hints)});
  begin_entry(SectionId::Code).write_u64(body_.bytes.size());
  section(SectionId::Code).content.append(body_);
  return true;
}

// (local …)*, written as runs of equal types.
bool ModuleParser::read_locals(uint32_t first, NameMap& names) {
  ByteWriter runs, type, run_type;
  uint32_t run_count = 0, run_length = 0;
  uint32_t index = first;
  const auto end_run = [&] {
    if (run_length == 0) return;
    runs.write_u32(run_length);
    runs.write(run_type.bytes());
    ++run_count;
  };
  const auto read_local = [&] {
    type.clear();
    if (!types_.read_val_type(type)) return false;
    if (!std::ranges::equal(type.bytes(), run_type.bytes())) {
      end_run();
      run_length = 0;
      std::swap(type, run_type);
    }
    ++run_length;
    ++index;
    return true;
  };
  while (tokens_.accept_list("local")) {
    std::string_view id;
    OptionalName name;
    if (!types_.read_binding(id, name)) return false;
    if (!id.empty() && !expressions_.bind_local(id, index)) return false;
    if (name) {
      names.push_back({index, *name});
      if (!read_local() || !tokens_.expect_close()) return false;
      continue;
    }
    while (!tokens_.accept(TokenKind::Close))
      if (!read_local()) return false;
  }
  end_run();
  body_.bytes.write_u32(run_count);
  body_.bytes.write(runs.bytes());
  return true;
}

bool ModuleParser::read_table() {
  uint32_t index;
  bool is_import;
  if (!begin_definition(Space::Table, index, is_import)) return false;
  if (is_import) return true;
  const bool is_64 = types_.accept_index_type();
  ByteWriter type, limits;
  if (types_.at_ref_type())
    return types_.read_ref_type(type) && read_inline_elements(index, is_64, type);

  if (!types_.read_limits(is_64, limits) || !types_.read_ref_type(type)) return false;
  ByteWriter& out = begin_entry(SectionId::Table);
  const bool has_init = !tokens_.at(TokenKind::Close);
  if (has_init) {
    out.write_u8(encoding::kTableWithInit);
    out.write_u8(0);
  }
  out.write(type.bytes());
  out.write(limits.bytes());
  if (has_init && !expressions_.read_constant(section(SectionId::Table).content)) return false;
  return tokens_.expect_close();
}

bool ModuleParser::read_memory() {
  uint32_t index;
  bool is_import;
  if (!begin_definition(Space::Memory, index, is_import)) return false;
  if (is_import) return true;
  const bool is_64 = types_.accept_index_type();
  if (tokens_.at(TokenKind::Open)) {
    std::optional<uint8_t> page_size_log2;
    return types_.read_page_size(page_size_log2) && read_inline_data(index, is_64, page_size_log2);
  }
  return types_.read_limits(is_64, begin_entry(SectionId::Memory)) && tokens_.expect_close();
}

bool ModuleParser::read_global() {
  uint32_t index;
  bool is_import;
  if (!begin_definition(Space::Global, index, is_import)) return false;
  if (is_import) return true;
  return types_.read_global_type(begin_entry(SectionId::Global)) &&
         expressions_.read_constant(section(SectionId::Global).content) && tokens_.expect_close();
}

bool ModuleParser::read_tag() {
  uint32_t index, type;
  bool is_import;
  if (!begin_definition(Space::Tag, index, is_import)) return false;
  if (is_import) return true;
  if (!types_.read_type_use(signature_, type)) return false;
  ByteWriter& out = begin_entry(SectionId::Tag);
  out.write_u8(0);  // an exception
  out.write_u32(type);
  return tokens_.expect_close();
}

bool ModuleParser::read_export() {
  std::string_view name;
  if (!tokens_.expect_name(name) || !tokens_.expect(TokenKind::Open, "`(`")) return false;
  const std::optional<Space> space =
      tokens_.at(TokenKind::Word) ? find_extern_space(tokens_.spelling()) : std::nullopt;
  if (!space) return tokens_.unexpected("what is exported, such as `func`");
  tokens_.advance();
  uint32_t index;
  if (!types_.read_index(*space, index)) return false;
  ByteWriter& out = begin_entry(SectionId::Export);
  out.write_name(name);
  out.write_u8(extern_code(*space));
  out.write_u32(index);
  return tokens_.expect_close() && tokens_.expect_close();
}

bool ModuleParser::read_start() {
  if (section(SectionId::Start).count != 0) return tokens_.fail("multiple start sections");
  uint32_t index;
  if (!types_.read_index(Space::Func, index)) return false;
  begin_entry(SectionId::Start).write_u32(index);
  return tokens_.expect_close();
}

}  // namespace wrun::text
