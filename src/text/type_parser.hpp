// Types in the text format (spec 6.4 of the text chapter): read from tokens, written encoded.
#pragma once

#include <cstdint>
#include <optional>

#include "base/byte_writer.hpp"
#include "text/identifiers.hpp"
#include "text/token_reader.hpp"
#include "text/type_section.hpp"

namespace wrun::text {

enum class Nullability : uint8_t { NonNull, Nullable };

// The encoding of an abstract heap type such as `func`, 0 if it is none.
uint8_t find_heap_type(std::string_view word);

class TypeParser {
 public:
  TypeParser(TokenReader& tokens, Identifiers& identifiers, TypeSection& types, ModuleNames& names)
      : tokens_(tokens), identifiers_(identifiers), types_(types), names_(names) {}

  // An index or identifier.
  bool read_index(Space space, uint32_t& out);
  bool read_field_index(uint32_t type, uint32_t& out);
  // An identifier that is being bound and its @name annotation, both optional. `name` is what the
  // name section is to say.
  bool read_binding(std::string_view& id, OptionalName& name);

  bool read_heap_type(ByteWriter& out);
  bool read_ref_type(ByteWriter& out);
  // The parts of a reference type apart, as casts encode them.
  bool read_ref_type(ByteWriter& heap_type, Nullability& nullability);
  bool read_val_type(ByteWriter& out);
  bool at_ref_type();

  // (param …)* (result …)*
  bool read_signature(Signature& out, bool may_name = true);
  // (type x)? (param …)* (result …)*: the index of the type. `signature` has what is written inline.
  bool read_type_use(Signature& signature, uint32_t& type, bool may_name = true);
  // The same where a value type or nothing will do instead of an index.
  bool read_block_type(ByteWriter& out);

  bool read_global_type(ByteWriter& out);
  bool read_table_type(ByteWriter& out);
  bool read_memory_type(ByteWriter& out);
  // Parts of the above, for their abbreviations.
  bool accept_index_type();  // whether it is i64
  bool read_limits(bool is_64, ByteWriter& out);
  bool read_page_size(std::optional<uint8_t>& log2);

  // (type …) and (rec …), behind the keyword up to the end.
  bool read_type_definition();
  bool read_recursive_group();

 private:
  bool read_explicit_type(uint32_t& out, bool& present);
  bool read_type_member(bool is_alone);
  bool read_sub_type(bool is_alone);
  bool read_composite_type(bool is_alone, bool is_final_root);
  bool read_type_clause(const char* keyword, uint8_t code, bool& present);
  bool read_struct_fields();
  bool read_field_type(ByteWriter& out);
  bool read_storage_type(ByteWriter& out);
  bool read_val_types(const char* keyword, ByteWriter& out, uint32_t& count,
                      std::vector<Parameter>* named);
  bool read_name_annotation(OptionalName& name);

  TokenReader& tokens_;
  Identifiers& identifiers_;
  TypeSection& types_;
  ModuleNames& names_;
  Signature block_signature_;
};

}  // namespace wrun::text
