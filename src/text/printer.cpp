#include "text/printer.hpp"

#include <algorithm>

#include "text/code_printer.hpp"
#include "text/folded_code_printer.hpp"

namespace wrun::text {
namespace {

using binary::IndexSpace;
using wasm::ExternKind;
using wasm::SubType;
using wasm::ValType;

constexpr size_t kFlushSize = 1 << 20;
constexpr uint32_t kNoFunction = UINT32_MAX;  // has no locals that could have names

// By section id; what (@custom … (after …)) calls them.
constexpr std::string_view kSectionKeywords[] = {"",       "type",   "import",    "func",  "table",
                                                 "memory", "global", "export",    "start", "elem",
                                                 "code",   "data",   "datacount", "tag"};

IndexSpace space_of(ExternKind kind) {
  switch (kind) {
    case ExternKind::Func:   return IndexSpace::Func;
    case ExternKind::Table:  return IndexSpace::Table;
    case ExternKind::Memory: return IndexSpace::Memory;
    case ExternKind::Global: return IndexSpace::Global;
    case ExternKind::Tag:    return IndexSpace::Tag;
  }
  return IndexSpace::Func;
}

std::string_view keyword_of(ExternKind kind) {
  constexpr std::string_view kKeywords[] = {"func", "table", "memory", "global", "tag"};
  return kKeywords[static_cast<size_t>(kind)];
}

class ModulePrinter {
 public:
  ModulePrinter(const wasm::Module& module, const PrintOptions& options, const TextSink& sink)
      : module_(module),
        options_(options),
        sink_(sink),
        names_(module, options.names),
        text_(out_, names_),
        hints_(module) {}

  bool print();

 private:
  bool flush() {
    if (out_.size() < kFlushSize || stopped_) return !stopped_;
    return drain();
  }
  bool drain() {
    if (!sink_(out_.text())) stopped_ = true;
    out_.clear();
    return !stopped_;
  }
  void line(size_t indent = 2) { append_line_start(out_, indent); }
  void index(IndexSpace space, uint32_t i) { text_.append_index(space, i); }

  void types();
  void sub_type(uint32_t i, size_t indent);
  void type_clause(std::string_view keyword, std::optional<wasm::TypeIndex> type);
  void composite_type(uint32_t i);
  void function_type(const wasm::FuncType& type);
  void fields(uint32_t i);
  void storage(const wasm::FieldType& field);
  void val_types(std::string_view keyword, std::span<const ValType> types);
  using ImportIterator = std::vector<wasm::Import>::const_iterator;
  void imports();
  ImportIterator import_group(ImportIterator first);
  void imported(const wasm::Import& import);
  void definition(ExternKind kind, uint32_t i);
  void type_use(wasm::TypeIndex type);
  void params(const wasm::FuncType& type);
  void limits(const wasm::Limits& limits);
  void table_type(const wasm::TableType& type);
  void memory_type(const wasm::MemoryType& type);
  void global_type(const wasm::GlobalType& type);
  void definitions(ExternKind kind, uint32_t begin, size_t end);
  void exports();
  void expression(const wasm::ConstExpr& expression);
  void offset(const wasm::ConstExpr& expression);
  void elements();
  void element(const wasm::ElementSegment& segment);
  void functions();
  void function(uint32_t i);
  void locals(binary::InstructionReader<true>& reader, uint32_t first);
  void data();
  void custom_sections();
  bool has_entries(const wasm::SectionExtent& section) const;
  void placement(const wasm::CustomSection& section);

  const wasm::Module& module_;
  const PrintOptions& options_;
  const TextSink& sink_;
  TextWriter out_;
  PrinterNames names_;
  binary::InstructionText text_;
  HintPrinter hints_;
  bool stopped_ = false;
};

bool ModulePrinter::print() {
  out_.append("(module");
  names_.declare_module(out_);
  types();
  imports();
  definitions(ExternKind::Table, module_.imported_tables, module_.tables.size());
  definitions(ExternKind::Memory, module_.imported_memories, module_.memories.size());
  definitions(ExternKind::Tag, module_.imported_tags, module_.tags.size());
  definitions(ExternKind::Global, module_.imported_globals, module_.globals.size());
  exports();
  if (module_.start) {
    line();
    out_.append("(start");
    index(IndexSpace::Func, *module_.start);
    out_.append(')');
  }
  elements();
  functions();
  data();
  custom_sections();
  out_.append("\n)\n");
  return drain();
}

// --- Types ---

void ModulePrinter::types() {
  auto group = module_.rec_groups.begin();
  const auto end = static_cast<uint32_t>(module_.types.size());
  for (uint32_t i = 0; i <= end && flush(); ++i) {
    for (; group != module_.rec_groups.end() && group->first == i; ++group) {
      line();
      out_.append("(rec");
      for (uint32_t k = 0; k < group->count; ++k) sub_type(i++, 4);
      out_.append(')');
    }
    if (i < end) sub_type(i, 2);
  }
}

void ModulePrinter::sub_type(uint32_t i, size_t indent) {
  const SubType& type = module_.types[i];
  line(indent);
  out_.append("(type");
  names_.declare(out_, IndexSpace::Type, i);
  const bool is_plain = type.is_final && !type.supertype;
  if (!is_plain) {
    out_.append(type.is_final ? " (sub final" : " (sub");
    if (type.supertype) index(IndexSpace::Type, *type.supertype);
  }
  type_clause("describes", type.described);
  type_clause("descriptor", type.descriptor);
  composite_type(i);
  out_.append(is_plain ? ")" : "))");
}

void ModulePrinter::type_clause(std::string_view keyword, std::optional<wasm::TypeIndex> type) {
  if (!type) return;
  out_.append(" (");
  out_.append(keyword);
  index(IndexSpace::Type, *type);
  out_.append(')');
}

void ModulePrinter::composite_type(uint32_t i) {
  const SubType& type = module_.types[i];
  switch (type.kind) {
    case SubType::Kind::Func:
      out_.append(" (func");
      function_type(type.func);
      break;
    case SubType::Kind::Array:
      out_.append(" (array ");
      storage(type.fields[0]);
      break;
    case SubType::Kind::Struct:
      out_.append(" (struct");
      fields(i);
      break;
  }
  out_.append(')');
}

void ModulePrinter::function_type(const wasm::FuncType& type) {
  val_types("param", type.params);
  val_types("result", type.results);
}

void ModulePrinter::val_types(std::string_view keyword, std::span<const ValType> types) {
  if (types.empty()) return;
  out_.append(" (");
  out_.append(keyword);
  for (const ValType type : types) {
    out_.append(' ');
    text_.append(type);
  }
  out_.append(')');
}

void ModulePrinter::fields(uint32_t i) {
  const std::vector<wasm::FieldType>& fields = module_.types[i].fields;
  for (uint32_t k = 0; k < fields.size(); ++k) {
    out_.append(" (field");
    names_.declare_field(out_, i, k);
    out_.append(' ');
    storage(fields[k]);
    out_.append(')');
  }
}

void ModulePrinter::storage(const wasm::FieldType& field) {
  if (field.is_mutable) out_.append("(mut ");
  text_.append(field.storage);
  if (field.is_mutable) out_.append(')');
}

// --- Imports and definitions ---

void ModulePrinter::imports() {
  for (auto import = module_.imports.begin(); import != module_.imports.end() && flush();) {
    line();
    out_.append("(import ");
    out_.append_name(import->module);
    if (import->form == wasm::ImportForm::Single) {
      out_.append(' ');
      imported(*import++);
    } else {
      import = import_group(import);
    }
    out_.append(')');
  }
}

// Items that have names keep their identifiers, which only those with types of their own may have.
ModulePrinter::ImportIterator ModulePrinter::import_group(ImportIterator first) {
  const auto begins = [](const wasm::Import& import) { return import.begins_group; };
  const ImportIterator end = std::find_if(first + 1, module_.imports.end(), begins);
  const bool have_types = first->form == wasm::ImportForm::OwnType ||
                          std::any_of(first, end, [this](const wasm::Import& import) {
                            return names_.has(space_of(import.kind), import.index);
                          });
  for (auto import = first; import != end && flush(); ++import) {
    out_.append(" (item ");
    if (have_types)
      imported(*import);
    else
      out_.append_name(import->name);
    out_.append(')');
  }
  if (!have_types) {
    out_.append(' ');
    definition(first->kind, first->index);
    out_.append(')');
  }
  return end;
}

void ModulePrinter::imported(const wasm::Import& import) {
  out_.append_name(import.name);
  out_.append(' ');
  definition(import.kind, import.index);
  out_.append(')');
}

// "(memory $m (;0;) 1 2", without the closing parenthesis.
void ModulePrinter::definition(ExternKind kind, uint32_t i) {
  out_.append('(');
  out_.append(keyword_of(kind));
  names_.declare(out_, space_of(kind), i);
  switch (kind) {
    case ExternKind::Func: {
      const bool is_exact_import = module_.is_imported(i) && module_.functions[i].is_exact;
      names_.enter_function(i);
      if (is_exact_import) out_.append(" (exact");
      type_use(module_.functions[i].type);
      if (is_exact_import) out_.append(')');
      break;
    }
    case ExternKind::Table:  table_type(module_.tables[i].type); break;
    case ExternKind::Memory: memory_type(module_.memories[i]); break;
    case ExternKind::Global: global_type(module_.globals[i].type); break;
    case ExternKind::Tag:
      names_.enter_function(kNoFunction);
      type_use(module_.tags[i].type);
      break;
  }
}

void ModulePrinter::type_use(wasm::TypeIndex type) {
  out_.append(" (type");
  index(IndexSpace::Type, type);
  out_.append(')');
  params(module_.types[type].func);
  val_types("result", module_.types[type].func.results);
}

// Those with a name on their own, others together.
void ModulePrinter::params(const wasm::FuncType& type) {
  bool is_open = false;
  for (uint32_t i = 0; i < type.params.size(); ++i) {
    const bool is_named = names_.has_local(i);
    if (is_open && is_named) out_.append(')');
    if (!is_open || is_named) out_.append(" (param");
    names_.declare_local(out_, i);
    out_.append(' ');
    text_.append(type.params[i]);
    if (is_named) out_.append(')');
    is_open = !is_named;
  }
  if (is_open) out_.append(')');
}

void ModulePrinter::limits(const wasm::Limits& limits) {
  if (limits.is_64) out_.append(" i64");
  out_.append(' ');
  out_.append_decimal(limits.minimum);
  if (!limits.maximum) return;
  out_.append(' ');
  out_.append_decimal(*limits.maximum);
}

void ModulePrinter::table_type(const wasm::TableType& type) {
  limits(type.limits);
  out_.append(' ');
  text_.append(type.element);
}

void ModulePrinter::memory_type(const wasm::MemoryType& type) {
  limits(type.limits);
  if (type.is_shared) out_.append(" shared");
  if (!type.names_page_size) return;
  out_.append(" (pagesize ");
  out_.append_decimal(uint64_t{1} << type.page_size_log2);
  out_.append(')');
}

void ModulePrinter::global_type(const wasm::GlobalType& type) {
  out_.append(' ');
  storage({type.content, type.is_mutable});
}

void ModulePrinter::definitions(ExternKind kind, uint32_t begin, size_t end) {
  for (uint32_t i = begin; i < end && flush(); ++i) {
    line();
    definition(kind, i);
    if (kind == ExternKind::Global) expression(module_.globals[i].init);
    if (kind == ExternKind::Table && module_.tables[i].init) expression(*module_.tables[i].init);
    out_.append(')');
  }
}

void ModulePrinter::exports() {
  for (const wasm::Export& entry : module_.exports) {
    if (!flush()) return;
    line();
    out_.append("(export ");
    out_.append_name(entry.name);
    out_.append(" (");
    out_.append(keyword_of(entry.kind));
    index(space_of(entry.kind), entry.index);
    out_.append("))");
  }
}

// --- Constant expressions and segments ---

// Each instruction in parentheses, after a space.
void ModulePrinter::expression(const wasm::ConstExpr& expression) {
  // Has no code of its own where the decoder has made it up from a list of functions.
  if (expression.form == wasm::ConstExpr::Form::RefFunc) {
    out_.append(" (ref.func");
    index(IndexSpace::Func, static_cast<uint32_t>(expression.value));
    out_.append(')');
    return;
  }
  const auto end = static_cast<uint32_t>(module_.bytes.size());
  binary::InstructionReader<true> reader(module_.bytes.data(), expression.offset, end);
  binary::Instruction insn;
  while (reader.next(insn) && insn.op != wasm::Op::End) {
    out_.append(" (");
    text_.append(module_.bytes.data(), end, insn);
    out_.append(')');
  }
}

void ModulePrinter::offset(const wasm::ConstExpr& offset) {
  const bool is_single = offset.form != wasm::ConstExpr::Form::General;
  if (!is_single) out_.append(" (offset");
  expression(offset);
  if (!is_single) out_.append(')');
}

void ModulePrinter::elements() {
  for (uint32_t i = 0; i < module_.elements.size() && flush(); ++i) {
    line();
    out_.append("(elem");
    names_.declare(out_, IndexSpace::Elem, i);
    element(module_.elements[i]);
    out_.append(')');
  }
}

void ModulePrinter::element(const wasm::ElementSegment& segment) {
  if (segment.mode == wasm::SegmentMode::Declarative) out_.append(" declare");
  if (segment.mode == wasm::SegmentMode::Active) {
    if (segment.names_its_table) {
      out_.append(" (table");
      index(IndexSpace::Table, segment.table);
      out_.append(')');
    }
    offset(segment.table_offset);
  }
  if (!segment.is_encoded_as_expressions) {
    out_.append(" func");
    for (const uint32_t function : segment.functions) index(IndexSpace::Func, function);
    return;
  }
  out_.append(' ');
  text_.append(segment.type);
  for (const uint32_t function : segment.functions)
    expression({.value = function, .form = wasm::ConstExpr::Form::RefFunc});
  for (const wasm::ConstExpr& item : segment.expressions) {
    const bool is_single = item.form != wasm::ConstExpr::Form::General;
    if (!is_single) out_.append(" (item");
    expression(item);
    if (!is_single) out_.append(')');
    if (!flush()) return;
  }
}

void ModulePrinter::data() {
  for (uint32_t i = 0; i < module_.data.size() && flush(); ++i) {
    const wasm::DataSegment& segment = module_.data[i];
    line();
    out_.append("(data");
    names_.declare(out_, IndexSpace::Data, i);
    if (segment.mode == wasm::SegmentMode::Active) {
      if (segment.memory != 0) {
        out_.append(" (memory");
        index(IndexSpace::Memory, segment.memory);
        out_.append(')');
      }
      offset(segment.memory_offset);
    }
    out_.append(' ');
    const std::span<const std::byte> contents = module_.contents(segment);
    out_.append_string({reinterpret_cast<const char*>(contents.data()), contents.size()});
    out_.append(')');
  }
}

// --- Functions ---

void ModulePrinter::functions() {
  for (uint32_t i = module_.imported_functions; i < module_.functions.size() && flush(); ++i) {
    line();
    function(i);
    out_.append(')');
  }
}

void ModulePrinter::function(uint32_t i) {
  definition(ExternKind::Func, i);
  const wasm::Function& body = module_.functions[i];
  binary::InstructionReader<true> reader(module_.bytes.data(), body.body_offset,
                                         body.body_offset + body.body_size);
  locals(reader, static_cast<uint32_t>(module_.func_type(i).params.size()));
  if (options_.folded)
    FoldedCodePrinter(module_, i, out_, names_, hints_).print(reader);
  else
    CodePrinter(module_, out_, names_, hints_).print(reader, [&] { return flush(); });
}

void ModulePrinter::locals(binary::InstructionReader<true>& reader, uint32_t first) {
  uint32_t local = first;
  bool is_open = false;
  reader.read_locals([&](uint32_t count, ValType type) {
    for (; count != 0; --count, ++local) {
      const bool is_named = names_.has_local(local);
      if (is_open && is_named) out_.append(')');
      if (!is_open || is_named) {
        line(4);
        out_.append("(local");
      }
      names_.declare_local(out_, local);
      out_.append(' ');
      text_.append(type);
      if (is_named) out_.append(')');
      is_open = !is_named;
      if (!flush()) return false;
    }
    return true;
  });
  if (is_open) out_.append(')');
}

// --- Custom sections ---

// All that is not printed as names and hints.
void ModulePrinter::custom_sections() {
  for (const wasm::CustomSection& section : module_.custom_sections) {
    if (section.name == "name" || section.name == kBranchHintSection) continue;
    if (!flush()) return;
    line();
    out_.append("(@custom ");
    out_.append_name(section.name);
    placement(section);
    out_.append(' ');
    out_.append_string(
        {reinterpret_cast<const char*>(section.contents.data()), section.contents.size()});
    out_.append(')');
  }
}

// The text has no place for sections without entries.
bool ModulePrinter::has_entries(const wasm::SectionExtent& section) const {
  if (section.id == static_cast<uint8_t>(binary::SectionId::Start)) return true;
  Cursor cursor(module_.bytes.data(), section.offset, section.offset + section.size);
  uint32_t count;
  return cursor.read_u32(count) && count != 0;
}

void ModulePrinter::placement(const wasm::CustomSection& section) {
  const wasm::SectionExtent* previous = nullptr;
  bool is_last = true;
  for (const wasm::SectionExtent& extent : module_.sections) {
    if (!has_entries(extent)) continue;
    is_last = extent.offset < section.offset;
    if (!is_last) break;
    previous = &extent;
  }
  if (previous == nullptr) {
    out_.append(" (before first)");
  } else {
    out_.append(" (after ");
    out_.append(is_last ? "last" : kSectionKeywords[previous->id]);
    out_.append(')');
  }
}

}  // namespace

bool print_module(const wasm::Module& module, const PrintOptions& options, const TextSink& sink) {
  return ModulePrinter(module, options, sink).print();
}

std::string print_module(const wasm::Module& module, const PrintOptions& options) {
  std::string text;
  print_module(module, options, [&](std::string_view piece) {
    text += piece;
    return true;
  });
  return text;
}

}  // namespace wrun::text
