// Type definitions (spec 6.4.8 to 6.4.10 of the text chapter).
#include "binary/encoding.hpp"
#include "text/type_parser.hpp"

namespace wrun::text {

namespace encoding = binary::encoding;

namespace {

constexpr uint8_t kI8 = 0x78;
constexpr uint8_t kI16 = 0x77;

}  // namespace

bool TypeParser::read_type_definition() {
  if (!read_type_member(true)) return false;
  types_.end_group();
  return true;
}

bool TypeParser::read_recursive_group() {
  // How many there are decides whether one stands alone, and is written first.
  const uint32_t begin = tokens_.position();
  uint32_t count = 0;
  for (; tokens_.accept_list("type"); ++count)
    if (!tokens_.skip_list()) return false;
  tokens_.seek(begin);
  types_.bytes().write_u8(encoding::kRec);
  types_.bytes().write_u32(count);
  while (tokens_.accept_list("type"))
    if (!read_type_member(count == 1)) return false;
  types_.end_group();
  return tokens_.expect_close();
}

bool TypeParser::read_type_member(bool is_alone) {
  std::string_view id;
  OptionalName name;
  if (!read_binding(id, name)) return false;
  if (name) names_.of(Space::Type).push_back({types_.size(), *name});
  return read_sub_type(is_alone) && tokens_.expect_close();
}

bool TypeParser::read_sub_type(bool is_alone) {
  if (!tokens_.accept_list("sub")) return read_composite_type(is_alone, true);

  const bool is_final = tokens_.accept_word("final");
  ByteWriter supertypes;
  uint32_t count = 0;
  for (; tokens_.at_index(); ++count) {
    uint32_t index;
    if (!read_index(Space::Type, index)) return false;
    supertypes.write_u32(index);
  }
  // (sub final …) without supertypes is what a type is anyway.
  const bool is_final_root = is_final && count == 0;
  if (!is_final_root) {
    ByteWriter& out = types_.bytes();
    out.write_u8(is_final ? encoding::kSubFinal : encoding::kSub);
    out.write_u32(count);
    out.write(supertypes.bytes());
  }
  return read_composite_type(is_alone, is_final_root) && tokens_.expect_close();
}

bool TypeParser::read_type_clause(const char* keyword, uint8_t code, bool& present) {
  present = tokens_.accept_list(keyword);
  if (!present) return true;
  uint32_t index;
  if (!read_index(Space::Type, index)) return false;
  types_.bytes().write_u8(code);
  types_.bytes().write_u32(index);
  return tokens_.expect_close();
}

bool TypeParser::read_composite_type(bool is_alone, bool is_final_root) {
  bool describes, has_descriptor;
  if (!read_type_clause("describes", encoding::kDescribes, describes) ||
      !read_type_clause("descriptor", encoding::kDescriptor, has_descriptor))
    return false;
  ByteWriter& out = types_.bytes();
  if (tokens_.accept_list("func")) {
    Signature signature;
    if (!read_signature(signature)) return false;
    signature.encode(out);
    types_.add_function(signature, is_alone && is_final_root && !describes && !has_descriptor);
  } else if (tokens_.accept_list("struct")) {
    out.write_u8(encoding::kStruct);
    if (!read_struct_fields()) return false;
    types_.add_other();
  } else if (tokens_.accept_list("array")) {
    out.write_u8(encoding::kArray);
    if (!read_field_type(out)) return false;
    types_.add_other();
  } else {
    return tokens_.unexpected("`(func`, `(struct` or `(array`");
  }
  return tokens_.expect_close();
}

bool TypeParser::read_struct_fields() {
  const uint32_t type = types_.size();
  ByteWriter fields;
  uint32_t count = 0;
  NameMap named;
  while (tokens_.accept_list("field")) {
    const uint32_t begin = tokens_.position();
    std::string_view id;
    OptionalName name;
    if (!read_binding(id, name)) return false;
    if (!id.empty() && !identifiers_.fields.add(id, count, type))
      return tokens_.fail_at(begin, "duplicate field " + quote(id));
    if (name) {
      named.push_back({count++, *name});
      if (!read_field_type(fields) || !tokens_.expect_close()) return false;
      continue;
    }
    for (; !tokens_.accept(TokenKind::Close); ++count)
      if (!read_field_type(fields)) return false;
  }
  if (!named.empty()) names_.fields.push_back({type, std::move(named)});
  types_.bytes().write_u32(count);
  types_.bytes().write(fields.bytes());
  return true;
}

bool TypeParser::read_field_type(ByteWriter& out) {
  const bool is_mutable = tokens_.accept_list("mut");
  if (!read_storage_type(out)) return false;
  out.write_u8(is_mutable ? 1 : 0);
  return !is_mutable || tokens_.expect_close();
}

bool TypeParser::read_storage_type(ByteWriter& out) {
  if (tokens_.at_word("i8") || tokens_.at_word("i16")) {
    out.write_u8(tokens_.at_word("i8") ? kI8 : kI16);
    tokens_.advance();
    return true;
  }
  return read_val_type(out);
}

}  // namespace wrun::text
