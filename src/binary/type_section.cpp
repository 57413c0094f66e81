// Types: recursive groups, subtyping, composite types (spec 5.3.8 to 5.3.12, 3.2.9 to 3.2.13).
#include <utility>

#include "binary/module_decoder.hpp"
#include "wasm/limits.hpp"
#include "wasm/subtyping.hpp"

namespace wrun::binary {

using wasm::Feature;
using wasm::SubType;
using wasm::ValType;

namespace {
// A subtype of a type with a descriptor has one, too; what describes a type is not a subtype of what
// describes none (custom descriptors).
bool clauses_match(const wasm::TypeSpace& space, const SubType& sub, const SubType& super) {
  if (super.descriptor &&
      !(sub.descriptor && wasm::matches(space, *sub.descriptor, *super.descriptor)))
    return false;
  if (sub.described.has_value() != super.described.has_value()) return false;
  return !sub.described || wasm::matches(space, *sub.described, *super.described);
}

bool matches(const wasm::TypeSpace& space, const SubType& sub, const SubType& super) {
  if (sub.kind != super.kind || !clauses_match(space, sub, super)) return false;
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
  module_->runtime_types.reserve(groups);
  // What is invalid is reported only if all that follows is well-formed.
  std::optional<Error> invalid;
  for (uint32_t i = 0; i < groups; ++i) {
    const auto first = static_cast<uint32_t>(module_->types.size());
    if (!read_rec_group()) return false;
    if (!invalid && !check_group(first)) invalid = std::exchange(error_, std::nullopt);
  }
  const wasm::SectionExtent& section = module_->sections.back();
  if (!invalid || cursor_.position() != section.offset + section.size) return true;
  error_ = std::move(invalid);
  return false;
}

bool ModuleDecoder::read_rec_group() {
  uint8_t form;
  if (!cursor_.peek_u8(form)) return false;
  uint32_t count = 1;
  if (form == encoding::kRec) {
    if (!require_feature(Feature::Gc)) return false;
    cursor_.skip(1);
    if (!read_count(wasm::kMaxRecGroupSize, "types in a recursive group", count)) return false;
    module_->rec_groups.push_back({static_cast<uint32_t>(module_->types.size()), count});
  }
  if (count > wasm::kMaxTypes - module_->types.size())
    return cursor_.fail("too many types", Error::Kind::Unsupported);
  for (uint32_t i = 0; i < count; ++i) {
    SubType type;
    if (!read_sub_type(type)) return false;
    module_->types.push_back(std::move(type));
  }
  return true;
}

bool ModuleDecoder::read_sub_type(SubType& out) {
  uint8_t form;
  if (!cursor_.peek_u8(form)) return false;
  if (form != encoding::kSub && form != encoding::kSubFinal) return read_described_type(out);
  if (!require_feature(Feature::Gc)) return false;
  cursor_.skip(1);
  out.is_final = form == encoding::kSubFinal;
  const uint32_t offset = cursor_.position();
  uint32_t count;
  if (!read_count(wasm::kMaxTypes, "supertypes", count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    uint32_t super;
    if (!cursor_.read_u32(super)) return false;
    out.supertype = super;
  }
  if (count > 1) return invalid(offset, "sub type has more than one super type");
  return read_described_type(out);
}

bool ModuleDecoder::read_described_type(SubType& out) {
  return read_clause(encoding::kDescribes, out.described) &&
         read_clause(encoding::kDescriptor, out.descriptor) && read_composite_type(out);
}

bool ModuleDecoder::read_clause(uint8_t code, std::optional<wasm::TypeIndex>& out) {
  uint8_t byte;
  if (!cursor_.peek_u8(byte)) return false;
  if (byte != code || !has_feature(Feature::CustomDescriptors)) return true;
  out.emplace();
  return cursor_.skip(1) && cursor_.read_u32(*out);
}

bool ModuleDecoder::read_composite_type(SubType& out) {
  uint8_t form;
  if (!cursor_.peek_u8(form)) return false;
  if (form & 0x80) return cursor_.fail("integer representation too long");
  if (form != encoding::kFunc && form != encoding::kStruct && form != encoding::kArray)
    return cursor_.fail("malformed definition type");
  if (form != encoding::kFunc && !require_feature(Feature::Gc)) return false;
  cursor_.skip(1);
  if (form == encoding::kFunc) {
    out.kind = SubType::Kind::Func;
    if (!read_result_type(wasm::kMaxParams, out.func.params)) return false;
    if (!read_result_type(wasm::kMaxResults, out.func.results)) return false;
    out.func.count_slots();
    return out.func.results.size() <= 1 || require_feature(Feature::MultiValue);
  }
  uint32_t count = 1;
  out.kind = form == encoding::kArray ? SubType::Kind::Array : SubType::Kind::Struct;
  if (form == encoding::kStruct && !read_count(wasm::kMaxStructFields, "fields", count))
    return false;
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
    if (!check_descriptor_clauses(i, first, offset)) return false;
    const SubType& type = module_->types[i];
    // Supertypes must come before, even within the group.
    if (type.supertype && !check_index(*type.supertype, i, "type", offset)) return false;
    if (!check_subtyping_depth(i)) return false;
    for (ValType param : type.func.params)
      if (!check_val_type(param, offset)) return false;
    for (ValType result : type.func.results)
      if (!check_val_type(result, offset)) return false;
    for (const wasm::FieldType& field : type.fields)
      if (!check_val_type(field.storage, offset)) return false;
  }
  if (!options_.types.canonicalize_group(module_->types, first, end - first,
                                         module_->canonical_types))
    return fail(offset, Error::Kind::Unsupported, "too many types in this engine");
  for (uint32_t i = first; i < end; ++i)
    module_->runtime_types.push_back(&options_.types.type(module_->canonical_types[i]));
  for (uint32_t i = first; i < end; ++i)
    if (!check_sub_type(i)) return false;
  return true;
}

// Both are structures, name each other, and the descriptor comes later in the group.
bool ModuleDecoder::check_descriptor_clauses(uint32_t index, uint32_t first, uint32_t offset) {
  const std::vector<SubType>& types = module_->types;
  const SubType& type = types[index];
  if (!type.descriptor && !type.described) return true;
  if (type.kind != SubType::Kind::Struct)
    return invalid(offset, type.descriptor ? "described type must be a struct"
                                           : "descriptor type must be a struct");
  const auto in_group = [&](wasm::TypeIndex other) {
    return other >= first && other < types.size();
  };
  if (type.described) {
    if (!in_group(*type.described)) return invalid(offset, "described type is outside rec group");
    if (types[*type.described].descriptor != index)
      return invalid(offset, "described type is not described by descriptor");
    if (*type.described >= index) return invalid(offset, "forward use of described type");
  }
  if (!type.descriptor) return true;
  if (!in_group(*type.descriptor)) return invalid(offset, "descriptor type is outside rec group");
  return types[*type.descriptor].described == index ||
         invalid(offset, "type is not described by its descriptor");
}

bool ModuleDecoder::check_subtyping_depth(uint32_t index) {
  const std::optional<wasm::TypeIndex> super = module_->types[index].supertype;
  const unsigned depth = super ? subtyping_depths_[*super] + 1u : 0;
  subtyping_depths_.push_back(static_cast<uint8_t>(depth));
  if (depth <= wasm::kMaxSubtypingDepth) return true;
  return fail(cursor_.position(), Error::Kind::Unsupported,
              "sub type " + std::to_string(index) + " has more than " +
                  std::to_string(wasm::kMaxSubtypingDepth) + " super types");
}

bool ModuleDecoder::check_sub_type(uint32_t index) {
  const SubType& type = module_->types[index];
  if (!type.supertype) return true;
  const SubType& super = module_->types[*type.supertype];
  if (super.is_final || !matches(types(), type, super))
    return invalid(cursor_.position(), "sub type " + std::to_string(index) +
                                           " does not match super type " +
                                           std::to_string(*type.supertype));
  return true;
}

}  // namespace wrun::binary
