// The state of decoding one module. One method a section, each of which validates what it reads,
// since everything that sections before the code refer to comes earlier in the binary.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/cursor.hpp"
#include "binary/decoder.hpp"
#include "binary/encoding.hpp"
#include "binary/type_reader.hpp"
#include "binary/validator.hpp"
#include "wasm/module.hpp"

namespace wrun::binary {

class ModuleDecoder {
 public:
  ModuleDecoder(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                const DecodeOptions& options);

  Result<std::shared_ptr<const wasm::Module>> decode();

 private:
  // --- decoder.cpp ---
  bool decode_header();
  bool decode_sections();
  bool decode_section(SectionId id);
  bool take_bodies();
  bool check_lengths();
  bool has_all_bodies() const {
    return body_count_ == module_->functions.size() - module_->imported_functions;
  }
  bool custom_section(uint32_t section_offset);
  Error take_error();

  // --- type_section.cpp ---
  bool type_section();
  bool read_rec_group();
  bool read_sub_type(wasm::SubType& out);
  bool read_described_type(wasm::SubType& out);
  bool read_clause(uint8_t code, std::optional<wasm::TypeIndex>& out);
  bool read_composite_type(wasm::SubType& out);
  bool read_result_type(uint32_t limit, std::vector<wasm::ValType>& out);
  bool read_field_type(wasm::FieldType& out);
  bool check_group(uint32_t first);
  bool check_descriptor_clauses(uint32_t index, uint32_t first, uint32_t offset);
  bool check_subtyping_depth(uint32_t index);
  bool check_sub_type(uint32_t index);

  // --- definition_sections.cpp ---
  bool import_section();
  // What an import asks for, in the order of ExternKind.
  using ImportedType =
      std::variant<wasm::Function, wasm::Table, wasm::MemoryType, wasm::Global, wasm::TagType>;
  bool read_imports();
  bool read_imports_of_types(wasm::Import& import);
  bool read_imports_of_one_type(wasm::Import& import);
  bool read_imported_type(ImportedType& out);
  void add_import(wasm::Import& import, const ImportedType& type);
  bool function_section();
  bool table_section();
  bool memory_section();
  bool tag_section();
  bool global_section();
  bool export_section();
  bool check_export(const wasm::Export& entry, uint32_t offset);
  bool check_duplicate_exports(uint32_t offset);
  bool start_section();
  bool read_function_type_index(wasm::TypeIndex& out);
  bool read_table_type(wasm::TableType& out);
  bool read_memory_type(wasm::MemoryType& out);
  bool read_global_type(wasm::GlobalType& out);
  bool read_tag_type(wasm::TagType& out);
  bool check_limits_flags(uint8_t flags, uint8_t allowed);
  bool read_limit_values(bool has_maximum, wasm::Limits& out);

  // --- segment_sections.cpp ---
  bool element_section();
  bool read_element_segment(wasm::ElementSegment& out);
  bool read_function_elements(wasm::ElementSegment& out);
  bool read_expression_elements(wasm::ElementSegment& out);
  bool read_element_count(uint32_t& out);
  bool data_count_section();
  bool code_section();
  bool data_section();
  bool read_data_segment(wasm::DataSegment& out);

  // --- const_expr.cpp ---
  bool read_const_expr(wasm::ValType type, wasm::ConstExpr& out);
  bool scan_const_expr(wasm::ConstExpr& out);
  bool check_constant(const Instruction& insn);
  std::optional<wasm::ValType> type_of(const wasm::ConstExpr& expr) const;

  // --- what all sections need ---
  bool has_feature(wasm::Feature feature) const { return options_.features.has(feature); }
  bool require_feature(wasm::Feature feature) {
    return require(cursor_, options_.features, feature);
  }
  // The length of a vector whose entries take a byte or more each. `limit` is what is left of an
  // implementation limit.
  bool read_count(uint64_t limit, const char* what, uint32_t& out);
  bool read_name(std::string_view& out);
  bool read_val_type(wasm::ValType& out);
  bool read_ref_type(wasm::ValType& out);
  bool check_val_type(wasm::ValType type, uint32_t offset);
  bool check_index(uint32_t index, size_t count, const char* what, uint32_t offset);
  void declare_function(uint32_t index) { context_.declared_functions[index] = true; }
  wasm::TypeSpace types() const { return {module_->types, module_->canonical_types}; }

  [[gnu::cold]] bool fail(uint32_t offset, Error::Kind kind, std::string message);
  [[gnu::cold]] bool invalid(uint32_t offset, std::string message) {
    return fail(offset, Error::Kind::Invalid, std::move(message));
  }

  const DecodeOptions& options_;
  std::shared_ptr<wasm::Module> module_;
  // In the current section, but bounded by the file alone: contents that go on past the declared
  // size are told from contents that are broken inside.
  Cursor cursor_;
  ModuleContext context_;
  std::optional<Validator> expressions_;  // for constant expressions that are not plain
  std::vector<uint8_t> subtyping_depths_;
  uint64_t element_count_ = 0;
  uint32_t code_bytes_ = 0;
  uint32_t body_count_ = 0;
  bool has_data_section_ = false;
  std::optional<Error> error_;  // if it is not in the cursor
};

}  // namespace wrun::binary
