// Modules (spec 6.6). Fields may refer to what comes after them, so the source is read several times:
// scan_fields() binds all identifiers, skipping over everything else; then the types are read, and at
// last all other fields in their order. Every field goes straight into its section.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "binary/encoding.hpp"
#include "text/expression_parser.hpp"
#include "text/identifiers.hpp"
#include "text/parser.hpp"
#include "text/token_reader.hpp"
#include "text/type_parser.hpp"
#include "text/type_section.hpp"

namespace wrun::text {

using binary::SectionId;

inline constexpr size_t kSections = static_cast<size_t>(SectionId::Tag) + 1;

class ModuleParser {
 public:
  explicit ModuleParser(TokenReader& tokens) : tokens_(tokens) {}

  // Whether a list that begins with this keyword is a field of a module.
  static bool is_field(std::string_view keyword) { return find_field(keyword).has_value(); }

  // What is between `(module` and its `)`, where it stops; without them, up to the end of the text.
  // The module's identifier, if any, becomes its name.
  bool read(std::string_view id);
  ModuleBinary encode();

 private:
  enum class FieldKind : uint8_t {
    Type,
    Rec,
    Import,
    Func,
    Table,
    Memory,
    Global,
    Tag,
    Export,
    Start,
    Elem,
    Data,
    Custom,
  };
  struct Field {
    FieldKind kind;
    uint32_t begin;  // behind the keyword
  };
  struct Section {
    Code content;  // without the count
    uint32_t count = 0;
  };
  // Where a custom section goes: in front of or behind another.
  struct CustomPlace {
    SectionId section = SectionId::Data;
    bool after = true;
    bool operator==(const CustomPlace&) const = default;
  };
  struct CustomSection {
    CustomPlace place;
    std::string_view name;
    std::string contents;
  };
  struct FunctionHints {
    uint32_t function;
    std::vector<BranchHint> hints;
  };
  struct ElementList {
    ByteWriter type;  // empty: indices of functions, of elemkind 0
    Code items;
    uint32_t count = 0;
  };

  static std::optional<FieldKind> find_field(std::string_view keyword);
  static std::optional<Space> find_extern_space(std::string_view keyword);

  // Binding identifiers
  bool scan_fields();
  bool scan_field(FieldKind kind);
  bool scan_import();
  bool scan_import_group();
  bool scan_imported_type();
  bool expect_extern_keyword(std::optional<Space>& out);
  bool scan_definition(Space space);
  bool scan_for_inline_segment(std::string_view keyword, Space segment);
  bool bind(Space space);
  bool note_import();

  // Fields
  bool read_field(const Field& field);
  bool read_import();
  bool read_import_group(std::string_view module);
  bool read_imported_type(uint32_t count, ByteWriter& out);
  bool read_extern_type(Space space, uint32_t index, ByteWriter& out);
  bool read_function();
  bool read_function_body(uint32_t function, uint32_t type, const Signature& signature);
  bool read_locals(uint32_t first, NameMap& names);
  bool read_table();
  bool read_inline_elements(uint32_t table, bool is_64, ByteWriter& type);
  bool read_memory();
  bool read_inline_data(uint32_t memory, bool is_64, std::optional<uint8_t> page_size_log2);
  bool read_global();
  bool read_tag();
  bool read_export();
  bool read_start();
  bool read_elements();
  bool read_element_list(bool may_omit_kind, ElementList& out);
  bool read_element_indices(ElementList& out);
  bool read_element_expressions(ElementList& out);
  bool read_data();
  bool read_offset(Code& out);
  bool read_custom();
  bool read_custom_place(CustomPlace& out);

  // The index of the definition at hand, its name, its inline exports; whether it is an import, which
  // then has been written up to its type.
  bool begin_definition(Space space, uint32_t& index, bool& is_import);
  bool note_binding(Space space, uint32_t index);
  void write_elements(uint32_t flags, std::optional<uint32_t> table, const Code* offset,
                      const ElementList& list);

  Section& section(SectionId id) { return sections_[static_cast<size_t>(id)]; }
  // A new entry of a section that comes from the current position.
  ByteWriter& begin_entry(SectionId id);

  // Writing the module
  void write_section(SectionId id, Code& out);
  void write_customs(CustomPlace place, ByteWriter& out) const;
  void write_branch_hints(ByteWriter& out) const;
  void write_names(ByteWriter& out) const;
  static void write_custom(std::string_view name, std::span<const std::byte> contents,
                           ByteWriter& out);

  TokenReader& tokens_;
  Identifiers identifiers_;
  ModuleNames names_;
  TypeSection type_section_;
  TypeParser types_{tokens_, identifiers_, type_section_, names_};
  ExpressionParser expressions_{tokens_, types_};

  std::vector<Field> fields_;
  std::array<uint32_t, kSpaces> counts_ = {};  // bound while scanning
  std::array<uint32_t, kSpaces> next_ = {};    // read
  std::optional<Space> first_definition_;      // behind which no import may be

  std::array<Section, kSections> sections_;
  std::vector<CustomSection> customs_;
  std::vector<FunctionHints> hints_;
  uint32_t field_begin_ = 0;
  Signature signature_;
  Code body_;
};

}  // namespace wrun::text
