// Element and data segments (spec 6.6.8, 6.6.9), alone and inside of tables and memories.
#include "text/module_parser.hpp"
#include "wasm/opcodes.hpp"

namespace wrun::text {

namespace encoding = binary::encoding;

namespace {

// Spec 5.5.12.
constexpr uint32_t kPassive = 1;
constexpr uint32_t kDeclarative = 3;
constexpr uint32_t kExplicitTable = 2;
constexpr uint32_t kExpressions = 4;
constexpr uint8_t kFuncRef = 0x70;

bool is_funcref(const ByteWriter& type) {
  return type.size() == 1 && type.bytes()[0] == std::byte{kFuncRef};
}

void write_zero_offset(bool is_64, Code& out) {
  out.bytes.write_u8(
      static_cast<uint8_t>(wasm::info(is_64 ? wasm::Op::I64Const : wasm::Op::I32Const).code));
  out.bytes.write_s64(0);
  out.bytes.write_u8(static_cast<uint8_t>(wasm::info(wasm::Op::End).code));
}

}  // namespace

bool ModuleParser::read_offset(Code& out) {
  if (!tokens_.accept_list("offset")) return expressions_.read_folded_constant(out);
  return expressions_.read_constant(out) && tokens_.expect_close();
}

bool ModuleParser::read_element_indices(ElementList& out) {
  for (; tokens_.at_index(); ++out.count) {
    uint32_t function;
    if (!types_.read_index(Space::Func, function)) return false;
    out.items.bytes.write_u32(function);
  }
  return true;
}

bool ModuleParser::read_element_expressions(ElementList& out) {
  for (; tokens_.at(TokenKind::Open); ++out.count) {
    if (!tokens_.accept_list("item")) {
      if (!expressions_.read_folded_constant(out.items)) return false;
      continue;
    }
    if (!expressions_.read_constant(out.items) || !tokens_.expect_close()) return false;
  }
  return true;
}

// `func` and indices, or a reference type and expressions; the old form is indices alone.
bool ModuleParser::read_element_list(bool may_omit_kind, ElementList& out) {
  if (tokens_.accept_word("func") || (may_omit_kind && !types_.at_ref_type()))
    return read_element_indices(out);
  return types_.read_ref_type(out.type) && read_element_expressions(out);
}

void ModuleParser::write_elements(uint32_t flags, std::optional<uint32_t> table, const Code* offset,
                                  const ElementList& list) {
  const bool has_expressions = !list.type.empty();
  if (has_expressions) flags |= kExpressions;
  const bool is_active = (flags & kPassive) == 0;
  // The short forms are for functions in table 0, if nobody named it.
  if (is_active && (table || (has_expressions && !is_funcref(list.type)))) flags |= kExplicitTable;

  ByteWriter& out = begin_entry(SectionId::Element);
  out.write_u32(flags);
  if (is_active && (flags & kExplicitTable) != 0) out.write_u32(table.value_or(0));
  Code& content = section(SectionId::Element).content;
  if (offset != nullptr) content.append(*offset);
  if ((flags & (kPassive | kExplicitTable)) != 0) {
    if (has_expressions)
      out.write(list.type.bytes());
    else
      out.write_u8(0);  // the kind: functions
  }
  out.write_u32(list.count);
  content.append(list.items);
}

bool ModuleParser::read_elements() {
  const uint32_t index = next_[static_cast<size_t>(Space::Elem)]++;
  if (!note_binding(Space::Elem, index)) return false;
  ElementList list;
  const bool is_declarative = tokens_.accept_word("declare");
  const bool is_active = !is_declarative && !tokens_.at_list("ref") &&
                         (tokens_.at(TokenKind::Open) || tokens_.at_index());
  if (!is_active) {
    if (!read_element_list(false, list)) return false;
    write_elements(is_declarative ? kDeclarative : kPassive, {}, nullptr, list);
    return tokens_.expect_close();
  }

  std::optional<uint32_t> table;
  const bool has_table_use = tokens_.accept_list("table");
  // Before reference types, an index alone.
  if ((has_table_use || tokens_.at_index()) && !types_.read_index(Space::Table, table.emplace()))
    return false;
  if (has_table_use && !tokens_.expect_close()) return false;
  Code offset;
  if (!read_offset(offset) || !read_element_list(!has_table_use, list)) return false;
  write_elements(0, table, &offset, list);
  return tokens_.expect_close();
}

// Behind the type: (elem …), which decides the table's size.
bool ModuleParser::read_inline_elements(uint32_t table, bool is_64, ByteWriter& type) {
  ++next_[static_cast<size_t>(Space::Elem)];
  if (!tokens_.expect_list("elem")) return false;
  ElementList list;
  if (tokens_.at(TokenKind::Open)) {
    list.type.write(type.bytes());
    if (!read_element_expressions(list)) return false;
  } else if (is_funcref(type)) {
    if (!read_element_indices(list)) return false;
  } else {
    list.type.write(type.bytes());
    for (; tokens_.at_index(); ++list.count) {
      uint32_t function;
      if (!types_.read_index(Space::Func, function)) return false;
      ByteWriter& item = list.items.bytes;
      item.write_u8(static_cast<uint8_t>(wasm::info(wasm::Op::RefFunc).code));
      item.write_u32(function);
      item.write_u8(static_cast<uint8_t>(wasm::info(wasm::Op::End).code));
    }
  }
  if (!tokens_.expect_close()) return false;

  ByteWriter& out = begin_entry(SectionId::Table);
  out.write(type.bytes());
  out.write_u8(is_64 ? encoding::kHasMaximum | encoding::kIs64 : encoding::kHasMaximum);
  out.write_u32(list.count);
  out.write_u32(list.count);
  Code offset;
  write_zero_offset(is_64, offset);
  write_elements(0, table, &offset, list);
  return tokens_.expect_close();
}

bool ModuleParser::read_data() {
  const uint32_t index = next_[static_cast<size_t>(Space::Data)]++;
  if (!note_binding(Space::Data, index)) return false;
  uint32_t memory = 0;
  const bool has_memory = tokens_.accept_list("memory");
  if (has_memory && !(types_.read_index(Space::Memory, memory) && tokens_.expect_close()))
    return false;
  // Before bulk memory operations, an index alone.
  if (!has_memory && tokens_.at_index() && !types_.read_index(Space::Memory, memory)) return false;

  ByteWriter& out = begin_entry(SectionId::Data);
  if (has_memory || tokens_.at(TokenKind::Open)) {
    out.write_u32(memory != 0 ? kExplicitTable : 0);
    if (memory != 0) out.write_u32(memory);
    if (!read_offset(section(SectionId::Data).content)) return false;
  } else {
    out.write_u32(kPassive);
  }
  std::string contents;
  if (!tokens_.read_strings(contents)) return false;
  out.write_name(contents);
  return tokens_.expect_close();
}

// (data …), which decides the memory's size.
bool ModuleParser::read_inline_data(uint32_t memory, bool is_64,
                                    std::optional<uint8_t> page_size_log2) {
  ++next_[static_cast<size_t>(Space::Data)];
  std::string contents;
  if (!tokens_.expect_list("data") || !tokens_.read_strings(contents) || !tokens_.expect_close())
    return false;
  const uint8_t log2 = page_size_log2.value_or(wasm::kDefaultPageLog2);
  const uint64_t page_mask = (uint64_t{1} << log2) - 1;
  const uint64_t pages = (contents.size() >> log2) + ((contents.size() & page_mask) != 0 ? 1 : 0);
  ByteWriter& type = begin_entry(SectionId::Memory);
  type.write_u8(static_cast<uint8_t>(encoding::kHasMaximum | (is_64 ? encoding::kIs64 : 0) |
                                     (page_size_log2 ? encoding::kHasPageSize : 0)));
  type.write_u64(pages);
  type.write_u64(pages);
  if (page_size_log2) type.write_u32(log2);

  ByteWriter& out = begin_entry(SectionId::Data);
  out.write_u32(memory != 0 ? kExplicitTable : 0);
  if (memory != 0) out.write_u32(memory);
  write_zero_offset(is_64, section(SectionId::Data).content);
  out.write_name(contents);
  return tokens_.expect_close();
}

}  // namespace wrun::text
