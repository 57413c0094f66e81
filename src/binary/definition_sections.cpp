// Imports, definitions, exports and the start function (spec 5.5.5 to 5.5.11).
#include <algorithm>

#include "base/printable.hpp"
#include "binary/module_decoder.hpp"
#include "wasm/limits.hpp"

namespace wrun::binary {

using wasm::ExternKind;
using wasm::Feature;

namespace {

uint64_t max_pages(const wasm::MemoryType& type) {
  if (type.limits.is_64)
    return type.page_size_log2 == 0 ? UINT64_MAX
                                    : wasm::kMaxMemory64Pages << (16 - type.page_size_log2);
  return type.page_size_log2 == 0 ? UINT32_MAX : wasm::kMaxMemory32Pages;
}

}  // namespace

bool ModuleDecoder::import_section() {
  uint32_t count;
  if (!read_count(wasm::kMaxImports, "imports", count)) return false;
  module_->imports.reserve(count);
  while (count-- > 0)
    if (!read_imports()) return false;
  context_.declared_functions.resize(module_->functions.size());
  return true;
}

bool ModuleDecoder::read_imports() {
  wasm::Import import;
  if (!read_name(import.module) || !read_name(import.name)) return false;
  uint8_t code = 0;
  if (import.name.empty() && has_feature(Feature::CompactImports) && cursor_.peek_u8(code)) {
    if (code == encoding::kImportsOfTypes) return read_imports_of_types(import);
    if (code == encoding::kImportsOfOneType) return read_imports_of_one_type(import);
  }
  ImportedType type;
  if (!read_imported_type(type)) return false;
  add_import(import, type);
  return true;
}

bool ModuleDecoder::read_imports_of_types(wasm::Import& import) {
  uint8_t code;
  uint32_t count;
  if (!cursor_.read_u8(code) ||
      !read_count(wasm::kMaxImports - module_->imports.size(), "imports", count))
    return false;
  import.form = wasm::ImportForm::OwnType;
  for (; count > 0; --count) {
    ImportedType type;
    if (!read_name(import.name) || !read_imported_type(type)) return false;
    add_import(import, type);
  }
  return true;
}

bool ModuleDecoder::read_imports_of_one_type(wasm::Import& import) {
  uint8_t code;
  uint32_t count;
  ImportedType type;
  if (!cursor_.read_u8(code) || !read_imported_type(type) ||
      !read_count(wasm::kMaxImports - module_->imports.size(), "imports", count))
    return false;
  import.form = wasm::ImportForm::SharedType;
  for (; count > 0; --count) {
    if (!read_name(import.name)) return false;
    add_import(import, type);
  }
  return true;
}

bool ModuleDecoder::read_imported_type(ImportedType& out) {
  const uint32_t offset = cursor_.position();
  uint8_t kind;
  if (!cursor_.read_u8(kind)) return false;
  const bool exact = kind == encoding::kExactFunction && has_feature(Feature::CustomDescriptors);
  if (exact) kind = static_cast<uint8_t>(ExternKind::Func);
  if (kind > static_cast<uint8_t>(ExternKind::Tag))
    return cursor_.fail_at(offset, "malformed import kind");
  switch (static_cast<ExternKind>(kind)) {
    case ExternKind::Func: {
      auto& function = out.emplace<wasm::Function>();
      function.is_exact = exact;
      return read_function_type_index(function.type);
    }
    case ExternKind::Table:  return read_table_type(out.emplace<wasm::Table>().type);
    case ExternKind::Memory: return read_memory_type(out.emplace<wasm::MemoryType>());
    case ExternKind::Global: {
      wasm::GlobalType& type = out.emplace<wasm::Global>().type;
      return read_global_type(type) &&
             (!type.is_mutable || require_feature(Feature::MutableGlobals));
    }
    case ExternKind::Tag: return read_tag_type(out.emplace<wasm::TagType>());
  }
  return false;
}

// `import` then is the one that the next of its group follows.
void ModuleDecoder::add_import(wasm::Import& import, const ImportedType& type) {
  wasm::Module& module = *module_;
  import.kind = static_cast<ExternKind>(type.index());
  const auto add = [&](auto& all, uint32_t& imported) {
    all.push_back(std::get<typename std::remove_reference_t<decltype(all)>::value_type>(type));
    import.index = imported++;
  };
  switch (import.kind) {
    case ExternKind::Func:   add(module.functions, module.imported_functions); break;
    case ExternKind::Table:  add(module.tables, module.imported_tables); break;
    case ExternKind::Memory: add(module.memories, module.imported_memories); break;
    case ExternKind::Global: add(module.globals, module.imported_globals); break;
    case ExternKind::Tag:    add(module.tags, module.imported_tags); break;
  }
  module.imports.push_back(import);
  import.begins_group = false;
}

bool ModuleDecoder::function_section() {
  uint32_t count;
  if (!read_count(wasm::kMaxFunctions - module_->functions.size(), "functions", count))
    return false;
  module_->functions.reserve(module_->functions.size() + count);
  for (uint32_t i = 0; i < count; ++i) {
    wasm::Function function;
    if (!read_function_type_index(function.type)) return false;
    module_->functions.push_back(function);
  }
  context_.declared_functions.resize(module_->functions.size());
  return true;
}

bool ModuleDecoder::table_section() {
  uint32_t count;
  if (!read_count(wasm::kMaxTables - module_->tables.size(), "tables", count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t offset = cursor_.position();
    wasm::Table table;
    uint8_t form;
    if (!cursor_.peek_u8(form)) return false;
    if (form == encoding::kTableWithInit) {
      if (!require_feature(Feature::FunctionReferences)) return false;
      cursor_.skip(1);
      uint8_t reserved;
      if (!cursor_.read_u8(reserved)) return false;
      if (reserved != 0) return cursor_.fail_at(offset + 1, "malformed table");
    }
    if (!read_table_type(table.type)) return false;
    if (form == encoding::kTableWithInit) {
      table.init.emplace();
      if (!read_const_expr(table.type.element, *table.init)) return false;
    } else if (!table.type.element.is_defaultable()) {
      return invalid(offset, "type mismatch: a table of " + to_string(table.type.element) +
                                 " needs an initial value");
    }
    module_->tables.push_back(table);
  }
  return true;
}

bool ModuleDecoder::memory_section() {
  uint32_t count;
  if (!read_count(UINT32_MAX, "memories", count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    wasm::MemoryType memory;
    if (!read_memory_type(memory)) return false;
    module_->memories.push_back(memory);
  }
  return true;
}

bool ModuleDecoder::tag_section() {
  uint32_t count;
  if (!read_count(wasm::kMaxTags - module_->tags.size(), "tags", count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    wasm::TagType tag;
    if (!read_tag_type(tag)) return false;
    module_->tags.push_back(tag);
  }
  return true;
}

bool ModuleDecoder::global_section() {
  uint32_t count;
  if (!read_count(wasm::kMaxGlobals - module_->globals.size(), "globals", count)) return false;
  module_->globals.reserve(module_->globals.size() + count);
  for (uint32_t i = 0; i < count; ++i) {
    wasm::Global global;
    if (!read_global_type(global.type)) return false;
    // Only earlier globals are visible in it, which are those that are there already.
    if (!read_const_expr(global.type.content, global.init)) return false;
    module_->globals.push_back(global);
  }
  return true;
}

bool ModuleDecoder::export_section() {
  const uint32_t section = cursor_.position();
  uint32_t count;
  if (!read_count(wasm::kMaxExports, "exports", count)) return false;
  module_->exports.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    wasm::Export entry;
    if (!read_name(entry.name)) return false;
    const uint32_t offset = cursor_.position();
    uint8_t kind;
    if (!cursor_.read_u8(kind)) return false;
    if (kind > static_cast<uint8_t>(ExternKind::Tag))
      return cursor_.fail_at(offset, "malformed export kind");
    entry.kind = static_cast<ExternKind>(kind);
    if (!cursor_.read_u32(entry.index) || !check_export(entry, offset)) return false;
    module_->exports.push_back(entry);
  }
  return check_duplicate_exports(section);
}

bool ModuleDecoder::check_export(const wasm::Export& entry, uint32_t offset) {
  switch (entry.kind) {
    case ExternKind::Func:
      if (!check_index(entry.index, module_->functions.size(), "function", offset)) return false;
      declare_function(entry.index);
      return true;
    case ExternKind::Table:
      return check_index(entry.index, module_->tables.size(), "table", offset);
    case ExternKind::Memory:
      return check_index(entry.index, module_->memories.size(), "memory", offset);
    case ExternKind::Global:
      if (!check_index(entry.index, module_->globals.size(), "global", offset)) return false;
      return !module_->globals[entry.index].type.is_mutable ||
             require_feature(Feature::MutableGlobals);
    case ExternKind::Tag: return check_index(entry.index, module_->tags.size(), "tag", offset);
  }
  return false;
}

// By sorting: hashing could be made to collide.
bool ModuleDecoder::check_duplicate_exports(uint32_t offset) {
  std::vector<std::string_view> names;
  names.reserve(module_->exports.size());
  for (const wasm::Export& entry : module_->exports) names.push_back(entry.name);
  std::ranges::sort(names);
  const auto duplicate = std::ranges::adjacent_find(names);
  if (duplicate == names.end()) return true;
  return invalid(offset, "duplicate export name \"" + printable(*duplicate) + "\"");
}

bool ModuleDecoder::start_section() {
  const uint32_t offset = cursor_.position();
  uint32_t index;
  if (!cursor_.read_u32(index)) return false;
  if (!check_index(index, module_->functions.size(), "function", offset)) return false;
  const wasm::FuncType& type = module_->func_type(index);
  if (!type.params.empty() || !type.results.empty())
    return invalid(offset, "start function has type " + to_string(type) + ", not [] -> []");
  module_->start = index;
  return true;
}

// --- types of externals ---

bool ModuleDecoder::read_function_type_index(wasm::TypeIndex& out) {
  const uint32_t offset = cursor_.position();
  if (!cursor_.read_u32(out)) return false;
  if (!check_index(out, module_->types.size(), "type", offset)) return false;
  return module_->types[out].kind == wasm::SubType::Kind::Func ||
         invalid(offset, "type mismatch: type " + std::to_string(out) + " is not a function type");
}

bool ModuleDecoder::check_limits_flags(uint8_t flags, uint8_t allowed) {
  const uint32_t offset = cursor_.position() - 1;
  if (flags & ~allowed) return cursor_.fail_at(offset, "malformed limits flags");
  constexpr std::pair<uint8_t, Feature> kFlags[] = {
      {     encoding::kShared,         Feature::Threads},
      {       encoding::kIs64,        Feature::Memory64},
      {encoding::kHasPageSize, Feature::CustomPageSizes}
  };
  for (const auto& [flag, feature] : kFlags)
    if ((flags & flag) && !has_feature(feature))
      return fail(offset, Error::Kind::Malformed,
                  std::string("malformed limits flags: ") + disabled_text(feature));
  return true;
}

bool ModuleDecoder::read_limit_values(bool has_maximum, wasm::Limits& out) {
  const uint32_t offset = cursor_.position();
  // Integers of 32 bits before there was memory64.
  const auto read = [this](uint64_t& value) {
    if (has_feature(Feature::Memory64)) return cursor_.read_u64(value);
    uint32_t narrow;
    if (!cursor_.read_u32(narrow)) return false;
    value = narrow;
    return true;
  };
  if (!read(out.minimum)) return false;
  if (!has_maximum) return true;
  uint64_t maximum;
  if (!read(maximum)) return false;
  out.maximum = maximum;
  return out.minimum <= maximum || invalid(offset, "size minimum must not be greater than maximum");
}

bool ModuleDecoder::read_table_type(wasm::TableType& out) {
  if (!read_ref_type(out.element)) return false;
  if (out.element != wasm::kFuncRef && !require_feature(Feature::ReferenceTypes)) return false;
  const uint32_t offset = cursor_.position();
  if (!module_->tables.empty() && !has_feature(Feature::ReferenceTypes))
    return invalid(offset,
                   std::string("multiple tables: ") + disabled_text(Feature::ReferenceTypes));
  uint8_t flags;
  if (!cursor_.read_u8(flags)) return false;
  if (!check_limits_flags(flags, encoding::kHasMaximum | encoding::kIs64)) return false;
  out.limits.is_64 = flags & encoding::kIs64;
  if (!read_limit_values(flags & encoding::kHasMaximum, out.limits)) return false;
  if (!out.limits.is_64 &&
      std::max(out.limits.minimum, out.limits.maximum.value_or(0)) > UINT32_MAX)
    return invalid(offset, "table size must be at most 2^32-1");
  if (module_->tables.size() >= wasm::kMaxTables)
    return cursor_.fail_at(offset, "too many tables", Error::Kind::Unsupported);
  return true;
}

bool ModuleDecoder::read_memory_type(wasm::MemoryType& out) {
  const uint32_t offset = cursor_.position();
  uint8_t flags;
  if (!cursor_.read_u8(flags)) return false;
  if (!check_limits_flags(flags, encoding::kHasMaximum | encoding::kShared | encoding::kIs64 |
                                     encoding::kHasPageSize))
    return false;
  out.is_shared = flags & encoding::kShared;
  out.limits.is_64 = flags & encoding::kIs64;
  if (!read_limit_values(flags & encoding::kHasMaximum, out.limits)) return false;
  if (flags & encoding::kHasPageSize) {
    uint32_t log2;
    if (!cursor_.read_u32(log2)) return false;
    if (log2 >= 64) return cursor_.fail_at(offset, "invalid custom page size");
    if (log2 != 0 && log2 != wasm::kDefaultPageLog2)
      return invalid(offset, "invalid custom page size");
    out.page_size_log2 = static_cast<uint8_t>(log2);
    out.names_page_size = true;
  }
  if (out.is_shared && !out.limits.maximum)
    return invalid(offset, "shared memory must have maximum");
  if (const uint64_t pages = max_pages(out);
      std::max(out.limits.minimum, out.limits.maximum.value_or(0)) > pages)
    return invalid(offset, "memory size must be at most " + std::to_string(pages) + " pages" +
                               (pages == wasm::kMaxMemory32Pages ? " (4GiB)" : ""));
  if (!module_->memories.empty() && !has_feature(Feature::MultiMemory))
    return invalid(offset,
                   std::string("multiple memories: ") + disabled_text(Feature::MultiMemory));
  if (module_->memories.size() >= wasm::kMaxMemories)
    return cursor_.fail_at(offset, "too many memories", Error::Kind::Unsupported);
  return true;
}

bool ModuleDecoder::read_global_type(wasm::GlobalType& out) {
  if (!read_val_type(out.content)) return false;
  const uint32_t offset = cursor_.position();
  uint8_t mutability;
  if (!cursor_.read_u8(mutability)) return false;
  out.is_mutable = mutability == 1;
  return mutability <= 1 || cursor_.fail_at(offset, "malformed mutability");
}

bool ModuleDecoder::read_tag_type(wasm::TagType& out) {
  const uint32_t offset = cursor_.position();
  if (!has_feature(Feature::LegacyExceptions) && !require_feature(Feature::Exceptions))
    return false;
  uint8_t attribute;
  if (!cursor_.read_u8(attribute)) return false;
  if (attribute != 0) return cursor_.fail_at(offset, "malformed tag attribute");
  if (!read_function_type_index(out.type)) return false;
  return module_->types[out.type].func.results.empty() ||
         invalid(offset, "non-empty tag result type");
}

}  // namespace wrun::binary
