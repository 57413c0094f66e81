#include "text/type_parser.hpp"

#include <bit>

#include "binary/encoding.hpp"
#include "wasm/types.hpp"

namespace wrun::text {

namespace encoding = binary::encoding;

namespace {

struct AbstractType {
  std::string_view heap;
  std::string_view reference;  // the abbreviation of (ref null heap)
  uint8_t code;
};
constexpr AbstractType kAbstractTypes[] = {
    {    "func",       "funcref", 0x70},
    {  "extern",     "externref", 0x6f},
    {     "any",        "anyref", 0x6e},
    {      "eq",         "eqref", 0x6d},
    {     "i31",        "i31ref", 0x6c},
    {  "struct",     "structref", 0x6b},
    {   "array",      "arrayref", 0x6a},
    {     "exn",        "exnref", 0x69},
    {    "none",       "nullref", 0x71},
    {"noextern", "nullexternref", 0x72},
    {  "nofunc",   "nullfuncref", 0x73},
    {   "noexn",    "nullexnref", 0x74},
};

uint8_t find_reference_type(std::string_view word) {
  for (const AbstractType& type : kAbstractTypes)
    if (type.reference == word) return type.code;
  return 0;
}

uint8_t find_number_type(std::string_view word) {
  if (word == "i32") return 0x7f;
  if (word == "i64") return 0x7e;
  if (word == "f32") return 0x7d;
  if (word == "f64") return 0x7c;
  if (word == "v128") return 0x7b;
  return 0;
}

}  // namespace

uint8_t find_heap_type(std::string_view word) {
  for (const AbstractType& type : kAbstractTypes)
    if (type.heap == word) return type.code;
  return 0;
}

bool TypeParser::read_index(Space space, uint32_t& out) {
  if (!tokens_.at(TokenKind::Id)) {
    if (tokens_.at_index()) return tokens_.expect_u32(out);
    return tokens_.unexpected("an index");
  }
  const uint32_t begin = tokens_.position();
  const std::string_view spelling = tokens_.spelling();
  std::string_view id;
  if (!tokens_.read_optional_id(id)) return false;
  const std::optional<uint32_t> index = identifiers_.of(space).find(id);
  if (!index)
    return tokens_.fail_at(begin,
                           std::string("unknown ") + to_string(space) + ' ' + quote(spelling));
  out = *index;
  return true;
}

bool TypeParser::read_field_index(uint32_t type, uint32_t& out) {
  if (!tokens_.at(TokenKind::Id)) return tokens_.expect_u32(out);
  const uint32_t begin = tokens_.position();
  const std::string_view spelling = tokens_.spelling();
  std::string_view id;
  if (!tokens_.read_optional_id(id)) return false;
  const std::optional<uint32_t> index = identifiers_.fields.find(id, type);
  if (!index) return tokens_.fail_at(begin, "unknown field " + quote(spelling));
  out = *index;
  return true;
}

bool TypeParser::read_name_annotation(OptionalName& name) {
  if (!tokens_.at(TokenKind::Annotation) || tokens_.spelling() != kNameAnnotation) return true;
  tokens_.advance();
  return tokens_.expect_name(name.emplace()) && tokens_.expect_close();
}

bool TypeParser::read_binding(std::string_view& id, OptionalName& name) {
  if (!tokens_.read_optional_id(id)) return false;
  name = id.empty() ? OptionalName() : id;
  return read_name_annotation(name);
}

bool TypeParser::read_heap_type(ByteWriter& out) {
  uint32_t index;
  if (tokens_.accept_list("exact")) {
    if (!read_index(Space::Type, index)) return false;
    out.write_u8(encoding::kExact);
    out.write_u32(index);
    return tokens_.expect_close();
  }
  if (tokens_.at_index()) {
    if (!read_index(Space::Type, index)) return false;
    out.write_s64(index);
    return true;
  }
  const uint8_t code = tokens_.at(TokenKind::Word) ? find_heap_type(tokens_.spelling()) : 0;
  if (code == 0) return tokens_.unexpected("a heap type");
  out.write_u8(code);
  tokens_.advance();
  return true;
}

bool TypeParser::at_ref_type() {
  return tokens_.at_list("ref") ||
         (tokens_.at(TokenKind::Word) && find_reference_type(tokens_.spelling()) != 0);
}

bool TypeParser::read_ref_type(ByteWriter& heap_type, Nullability& nullability) {
  if (tokens_.at(TokenKind::Word)) {
    const uint8_t code = find_reference_type(tokens_.spelling());
    if (code == 0) return tokens_.unexpected("a reference type");
    heap_type.write_u8(code);
    nullability = Nullability::Nullable;
    tokens_.advance();
    return true;
  }
  if (!tokens_.accept_list("ref")) return tokens_.unexpected("a reference type");
  nullability = tokens_.accept_word("null") ? Nullability::Nullable : Nullability::NonNull;
  return read_heap_type(heap_type) && tokens_.expect_close();
}

bool TypeParser::read_ref_type(ByteWriter& out) {
  ByteWriter heap_type;
  Nullability nullability;
  if (!read_ref_type(heap_type, nullability)) return false;
  // (ref null func) is funcref, and encoded like it.
  const auto code = static_cast<uint8_t>(heap_type.bytes()[0]);
  const bool is_abstract = heap_type.size() == 1 && (code & 0xc0) == 0x40;
  if (nullability == Nullability::NonNull)
    out.write_u8(encoding::kRef);
  else if (!is_abstract)
    out.write_u8(encoding::kRefNull);
  out.write(heap_type.bytes());
  return true;
}

bool TypeParser::read_val_type(ByteWriter& out) {
  if (tokens_.at(TokenKind::Word)) {
    uint8_t code = find_number_type(tokens_.spelling());
    if (code == 0) code = find_reference_type(tokens_.spelling());
    if (code == 0) return tokens_.unexpected("a value type");
    out.write_u8(code);
    tokens_.advance();
    return true;
  }
  if (!tokens_.at_list("ref")) return tokens_.unexpected("a value type");
  return read_ref_type(out);
}

// All lists of one keyword in a row.
bool TypeParser::read_val_types(const char* keyword, ByteWriter& out, uint32_t& count,
                                std::vector<Parameter>* named) {
  while (tokens_.accept_list(keyword)) {
    Parameter parameter{.index = count};
    if (named != nullptr && !read_binding(parameter.id, parameter.name)) return false;
    if (parameter.name) {
      named->push_back(parameter);
      if (!read_val_type(out) || !tokens_.expect_close()) return false;
      ++count;
      continue;
    }
    for (; !tokens_.accept(TokenKind::Close); ++count)
      if (!read_val_type(out)) return false;
  }
  return true;
}

bool TypeParser::read_signature(Signature& out, bool may_name) {
  out.clear();
  return read_val_types("param", out.params, out.param_count,
                        may_name ? &out.named_params : nullptr) &&
         read_val_types("result", out.results, out.result_count, nullptr);
}

bool TypeParser::read_explicit_type(uint32_t& out, bool& present) {
  present = tokens_.accept_list("type");
  return !present || (read_index(Space::Type, out) && tokens_.expect_close());
}

bool TypeParser::read_type_use(Signature& signature, uint32_t& type, bool may_name) {
  const uint32_t begin = tokens_.position();
  bool is_explicit;
  if (!read_explicit_type(type, is_explicit) || !read_signature(signature, may_name)) return false;
  if (!is_explicit) {
    type = types_.find_or_add(signature);
    return true;
  }
  if (signature.empty()) return true;
  if (!types_.has(type)) return tokens_.fail_at(begin, "unknown type " + std::to_string(type));
  return types_.matches(type, signature) ||
         tokens_.fail_at(begin, "inline function type differs from type " + std::to_string(type));
}

bool TypeParser::read_block_type(ByteWriter& out) {
  if (!tokens_.at(TokenKind::Open)) {
    out.write_u8(encoding::kEmptyBlock);
    return true;
  }
  Signature& signature = block_signature_;
  uint32_t type = 0;
  if (tokens_.at_list("type")) {
    if (!read_type_use(signature, type, false)) return false;
  } else {
    if (!read_signature(signature, false)) return false;
    if (signature.empty()) {
      out.write_u8(encoding::kEmptyBlock);
      return true;
    }
    if (signature.param_count == 0 && signature.result_count == 1) {
      out.write(signature.results.bytes());
      return true;
    }
    type = types_.find_or_add(signature);
  }
  out.write_s64(type);
  return true;
}

bool TypeParser::read_global_type(ByteWriter& out) {
  const bool is_mutable = tokens_.accept_list("mut");
  if (!read_val_type(out)) return false;
  out.write_u8(is_mutable ? 1 : 0);
  return !is_mutable || tokens_.expect_close();
}

bool TypeParser::accept_index_type() {
  if (tokens_.accept_word("i64")) return true;
  tokens_.accept_word("i32");
  return false;
}

bool TypeParser::read_page_size(std::optional<uint8_t>& log2) {
  if (!tokens_.accept_list("pagesize")) return true;
  const uint32_t begin = tokens_.position();
  uint64_t bytes;
  if (!tokens_.expect_u64(bytes)) return false;
  if (!std::has_single_bit(bytes))
    return tokens_.fail_at(begin, "invalid custom page size: it must be a power of two");
  log2 = static_cast<uint8_t>(std::countr_zero(bytes));
  return tokens_.expect_close();
}

bool TypeParser::read_limits(bool is_64, ByteWriter& out) {
  uint64_t minimum = 0, maximum = 0;
  if (!tokens_.expect_u64(minimum)) return false;
  const bool has_maximum = tokens_.at_index();
  if (has_maximum && !tokens_.expect_u64(maximum)) return false;
  const bool is_shared = tokens_.accept_word("shared");
  std::optional<uint8_t> page_size;
  if (!read_page_size(page_size)) return false;

  out.write_u8(static_cast<uint8_t>(
      (has_maximum ? encoding::kHasMaximum : 0) | (is_shared ? encoding::kShared : 0) |
      (is_64 ? encoding::kIs64 : 0) | (page_size ? encoding::kHasPageSize : 0)));
  out.write_u64(minimum);
  if (has_maximum) out.write_u64(maximum);
  if (page_size) out.write_u32(*page_size);
  return true;
}

bool TypeParser::read_memory_type(ByteWriter& out) { return read_limits(accept_index_type(), out); }

bool TypeParser::read_table_type(ByteWriter& out) {
  ByteWriter limits;
  if (!read_limits(accept_index_type(), limits) || !read_ref_type(out)) return false;
  out.write(limits.bytes());
  return true;
}

}  // namespace wrun::text
