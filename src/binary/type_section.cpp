// Types: recursive groups, subtyping, composite types (spec 5.3.8 to 5.3.12, 3.2.9 to 3.2.13).
#include "binary/module_decoder.hpp"
#include "wasm/limits.hpp"
#include "wasm/subtyping.hpp"

namespace wrun::binary {

using wasm::Feature;
using wasm::SubType;
using wasm::ValType;

namespace {
constexpr uint8_t kRec = 0x4e;
constexpr uint8_t kSubFinal = 0x4f;
constexpr uint8_t kSub = 0x50;
constexpr uint8_t kArray = 0x5e;
constexpr uint8_t kStruct = 0x5f;
constexpr uint8_t kFunc = 0x60;

bool matches(const wasm::TypeSpace& space, const SubType& sub, const SubType& super) {
  if (sub.kind != super.kind) return false;
  if (sub.kind == SubType::Kind::Func)
    return wasm::matches(space, super.func.params, sub.func.params) &&
           wasm::matches(space, sub.func.results, super.func.results);
  if (sub.fields.size() < super.fields.size()) return false;
  for (size_t i = 0; i < super.fields.size(); ++i)
    if (!wasm::matches(space, sub.fields[i], super.fields[i])) return false;
  return true;
}
}  // namespace

bool ModuleDecoder::type_section() {
  uint32_t groups;
  if (!read_count(wasm::kMaxTypes, "types", groups)) return false;
  module_->types.reserve(groups);
  module_->canonical_types.reserve(groups);
  for (uint32_t i = 0; i < groups; ++i)
    if (!read_rec_group()) return false;
  return true;
}

bool ModuleDecoder::read_rec_group() {
  uint8_t form;
  if (!cursor_.peek_u8(form)) return false;
  const auto first = static_cast<uint32_t>(module_->types.size());
  uint32_t count = 1;
  if (form == kRec) {
    if (!require_feature(Feature::Gc)) return false;
    cursor_.skip(1);
    if (!read_count(wasm::kMaxRecGroupSize, "types in a recursive group", count)) return false;
  }
  if (count > wasm::kMaxTypes - first)
    return cursor_.fail("too many types", Error::Kind::Unsupported);
  for (uint32_t i = 0; i < count; ++i) {
    SubType type;
    if (!read_sub_type(type)) return false;
    module_->types.push_back(std::move(type));
  }
  return check_group(first);
}

bool ModuleDecoder::read_sub_type(SubType& out) {
  uint8_t form;
  if (!cursor_.peek_u8(form)) return false;
  if (form != kSub && form != kSubFinal) return read_composite_type(out);
  if (!require_feature(Feature::Gc)) return false;
  cursor_.skip(1);
  out.is_final = form == kSubFinal;
  const uint32_t offset = cursor_.position();
  uint32_t count;
  if (!read_count(wasm::kMaxTypes, "supertypes", count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t super;
    if (!cursor_.read_u32(super)) return false;
    out.supertype = super;
  }
  if (count > 1) return invalid(offset, "sub type has more than one super type");
  return read_composite_type(out);
}

bool ModuleDecoder::read_composite_type(SubType& out) {
  uint8_t form;
  if (!cursor_.peek_u8(form)) return false;
  if (form & 0x80) return cursor_.fail("integer representation too long");
  if (form != kFunc && form != kStruct && form != kArray)
    return cursor_.fail("malformed definition type");
  if (form != kFunc && !require_feature(Feature::Gc)) return false;
  cursor_.skip(1);
  if (form == kFunc) {
    out.kind = SubType::Kind::Func;
    if (!read_result_type(wasm::kMaxParams, out.func.params)) return false;
    if (!read_result_type(wasm::kMaxResults, out.func.results)) return false;
    out.func.count_slots();
    return out.func.results.size() <= 1 || require_feature(Feature::MultiValue);
  }
  uint32_t count = 1;
  out.kind = form == kArray ? SubType::Kind::Array : SubType::Kind::Struct;
  if (form == kStruct && !read_count(wasm::kMaxStructFields, "fields", count)) return false;
  out.fields.resize(count);
  for (wasm::FieldType& field : out.fields)
    if (!read_field_type(field)) return false;
  return true;
}

bool ModuleDecoder::read_result_type(uint32_t limit, std::vector<ValType>& out) {
  uint32_t count;
  if (!read_count(limit, "parameters or results", count)) return false;
  out.resize(count);
  for (ValType& type : out)
    if (!binary::read_val_type(cursor_, options_.features, type)) return false;
  return true;
}

bool ModuleDecoder::read_field_type(wasm::FieldType& out) {
  uint8_t byte;
  if (!cursor_.peek_u8(byte)) return false;
  const auto kind = static_cast<ValType::Kind>(byte);
  if (kind == ValType::Kind::I8 || kind == ValType::Kind::I16) {
    out.storage = kind;
    cursor_.skip(1);
  } else if (!binary::read_val_type(cursor_, options_.features, out.storage)) {
    return false;
  }
  const uint32_t offset = cursor_.position();
  uint8_t mutability;
  if (!cursor_.read_u8(mutability)) return false;
  out.is_mutable = mutability == 1;
  return mutability <= 1 || cursor_.fail_at(offset, "malformed mutability");
}

// The types of a group may refer to each other and to earlier ones.
bool ModuleDecoder::check_group(uint32_t first) {
  const uint32_t offset = cursor_.position();
  const auto end = static_cast<uint32_t>(module_->types.size());
  for (uint32_t i = first; i < end; ++i) {
    const SubType& type = module_->types[i];
    // Supertypes must come before, even within the group.
    if (type.supertype && !check_index(*type.supertype, i, "type", offset)) return false;
    for (ValType param : type.func.params)
      if (!check_val_type(param, offset)) return false;
    for (ValType result : type.func.results)
      if (!check_val_type(result, offset)) return false;
    for (const wasm::FieldType& field : type.fields)
      if (!check_val_type(field.storage, offset)) return false;
  }
  options_.types.canonicalize_group(module_->types, first, end - first, module_->canonical_types);
  for (uint32_t i = first; i < end; ++i)
    if (!check_sub_type(i)) return false;
  return true;
}

bool ModuleDecoder::check_sub_type(uint32_t index) {
  const SubType& type = module_->types[index];
  subtyping_depths_.push_back(0);
  if (!type.supertype) return true;
  const SubType& super = module_->types[*type.supertype];
  if (super.is_final || !matches(types(), type, super))
    return invalid(cursor_.position(), "sub type " + std::to_string(index) +
                                           " does not match super type " +
                                           std::to_string(*type.supertype));
  subtyping_depths_[index] = subtyping_depths_[*type.supertype] + 1;
  if (subtyping_depths_[index] > wasm::kMaxSubtypingDepth)
    return fail(cursor_.position(), Error::Kind::Unsupported,
                "sub type " + std::to_string(index) + " has more than " +
                    std::to_string(wasm::kMaxSubtypingDepth) + " super types");
  return true;
}

}  // namespace wrun::binary
