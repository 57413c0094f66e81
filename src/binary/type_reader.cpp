#include "binary/type_reader.hpp"

#include <algorithm>

#include "binary/encoding.hpp"

namespace wrun::binary {

using wasm::Feature;
using wasm::FeatureSet;
using wasm::HeapType;
using wasm::ValType;

namespace {

bool is_abstract_heap_type(uint8_t byte) { return byte >= 0x69 && byte <= 0x74; }

Feature feature_of(HeapType::Abstract type) {
  using enum HeapType::Abstract;
  switch (type) {
    case Func:   return Feature::Mvp;
    case Extern: return Feature::ReferenceTypes;
    case Exn:
    case NoExn:  return Feature::Exceptions;
    default:     return Feature::Gc;
  }
}

bool read_abstract(Cursor& cursor, FeatureSet features, HeapType& out) {
  uint8_t byte;
  if (!cursor.peek_u8(byte)) return false;
  const auto abstract = static_cast<HeapType::Abstract>(byte);
  if (!require(cursor, features, feature_of(abstract))) return false;
  out = abstract;
  return cursor.skip(1);
}

// One-byte negative numbers, which is what all abstract types are.
bool is_type_code(uint8_t byte) { return (byte & 0xc0) == 0x40; }

bool read_type_index(Cursor& cursor, uint32_t& out, const char* malformed) {
  const uint32_t start = cursor.position();
  int64_t index;
  if (!cursor.read_s33(index)) return false;
  if (index < 0) return cursor.fail_at(start, malformed);
  out = static_cast<uint32_t>(index);
  return true;
}

}  // namespace

const char* disabled_text(Feature feature) {
  static constexpr const char* kTexts[] = {
#define WRUN_FEATURE(id, name, standard, on) "the feature " name " is disabled",
#include "wasm/features.def"
#undef WRUN_FEATURE
  };
  return kTexts[static_cast<size_t>(feature)];
}

bool read_heap_type(Cursor& cursor, FeatureSet features, HeapType& out) {
  uint8_t byte;
  if (!cursor.peek_u8(byte)) return false;
  if (is_abstract_heap_type(byte)) return read_abstract(cursor, features, out);
  if (!require(cursor, features, Feature::FunctionReferences)) return false;
  const bool exact = byte == encoding::kExact && features.has(Feature::CustomDescriptors);
  uint32_t index;
  if (exact) {
    if (!cursor.skip(1) || !cursor.read_u32(index)) return false;
  } else if (!read_type_index(cursor, index, "malformed heap type")) {
    return false;
  }
  // HeapType has fewer than 32 bits for the index, but more than there can be types.
  out = HeapType::concrete(std::min(index, HeapType::kMaxIndices - 1), exact);
  return true;
}

bool read_ref_type(Cursor& cursor, FeatureSet features, ValType& out) {
  uint8_t byte;
  if (!cursor.peek_u8(byte)) return false;
  HeapType heap = HeapType::Abstract::Any;
  if (is_abstract_heap_type(byte)) {
    if (!read_abstract(cursor, features, heap)) return false;
    out = ValType::ref(heap, true);
    return true;
  }
  if (byte != encoding::kRef && byte != encoding::kRefNull)
    return cursor.fail("malformed reference type");
  if (!require(cursor, features, Feature::FunctionReferences)) return false;
  if (!cursor.skip(1) || !read_heap_type(cursor, features, heap)) return false;
  out = ValType::ref(heap, byte == encoding::kRefNull);
  return true;
}

bool read_val_type(Cursor& cursor, FeatureSet features, ValType& out) {
  uint8_t byte;
  if (!cursor.peek_u8(byte)) return false;
  const auto kind = static_cast<ValType::Kind>(byte);
  switch (kind) {
    case ValType::Kind::V128:
      if (!require(cursor, features, Feature::Simd)) return false;
      [[fallthrough]];
    case ValType::Kind::I32:
    case ValType::Kind::I64:
    case ValType::Kind::F32:
    case ValType::Kind::F64: out = kind; return cursor.skip(1);
    default:                 break;
  }
  if (!is_abstract_heap_type(byte) && byte != encoding::kRef && byte != encoding::kRefNull)
    return cursor.fail("malformed value type");
  if (!require(cursor, features, Feature::ReferenceTypes)) return false;
  return read_ref_type(cursor, features, out);
}

bool read_block_type(Cursor& cursor, FeatureSet features, BlockType& out) {
  uint8_t byte;
  if (!cursor.peek_u8(byte)) return false;
  if (byte == encoding::kEmptyBlock) {
    out.form = BlockType::Form::Empty;
    return cursor.skip(1);
  }
  if (is_type_code(byte)) {
    out.form = BlockType::Form::Value;
    return read_val_type(cursor, features, out.value);
  }
  if (!require(cursor, features, Feature::MultiValue)) return false;
  out.form = BlockType::Form::Type;
  return read_type_index(cursor, out.type, "malformed block type");
}

}  // namespace wrun::binary
