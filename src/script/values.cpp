#include "script/values.hpp"

#include <bit>

#include "base/text_writer.hpp"
#include "script/references.hpp"

namespace wrun::script {
namespace {

using text::Pattern;
using text::Value;
using wasm::ValType;

bool has_kind(ValType type, ValType::Kind kind) { return type.kind() == kind; }

bool is_in_hierarchy(ValType type, wasm::HeapType::Abstract top) {
  if (!type.is_ref()) return false;
  const wasm::HeapType heap = type.heap();
  return heap == top || (top == wasm::HeapType::Abstract::Any && !heap.is_concrete());
}

// --- NaN patterns (spec 4.3.3) ---

template <class Bits>
struct NanBits;
template <>
struct NanBits<uint32_t> {
  static constexpr uint32_t kSign = 1u << 31;
  static constexpr uint32_t kCanonical = 0x7fc00000;
};
template <>
struct NanBits<uint64_t> {
  static constexpr uint64_t kSign = uint64_t{1} << 63;
  static constexpr uint64_t kCanonical = 0x7ff8000000000000;
};

template <class Bits>
bool float_matches(Pattern::Nan nan, Bits expected, Bits actual) {
  const Bits magnitude = actual & ~NanBits<Bits>::kSign;
  switch (nan) {
    case Pattern::Nan::None:      return actual == expected;
    case Pattern::Nan::Canonical: return magnitude == NanBits<Bits>::kCanonical;
    case Pattern::Nan::Arithmetic:
      return (magnitude & NanBits<Bits>::kCanonical) == NanBits<Bits>::kCanonical;
  }
  return false;
}

bool vector_matches(const Pattern& pattern, const uint64_t* slots) {
  const wasm::U32x4 words = std::bit_cast<wasm::U32x4>(pattern.bits);
  const auto actual = std::bit_cast<wasm::U32x4>(wasm::V128{slots[0], slots[1]});
  switch (pattern.shape) {
    case Pattern::Shape::F32x4:
      for (size_t i = 0; i < 4; ++i)
        if (!float_matches<uint32_t>(pattern.nan[i], words[i], actual[i])) return false;
      return true;
    case Pattern::Shape::F64x2:
      for (size_t i = 0; i < 2; ++i)
        if (!float_matches<uint64_t>(pattern.nan[i], pattern.bits[i], slots[i])) return false;
      return true;
    default: return slots[0] == pattern.bits[0] && slots[1] == pattern.bits[1];
  }
}

bool reference_matches(const Pattern& pattern, Reference reference) {
  const auto is_number = [&] { return !pattern.number || pattern.number == reference.number; };
  switch (pattern.kind) {
    case Pattern::Kind::RefNull:   return reference.referent == Referent::Null;
    case Pattern::Kind::RefFunc:   return reference.referent == Referent::Func;
    case Pattern::Kind::RefExn:    return reference.referent == Referent::Exn;
    case Pattern::Kind::RefI31:    return reference.referent == Referent::I31;
    case Pattern::Kind::RefStruct: return reference.referent == Referent::Struct;
    case Pattern::Kind::RefArray:  return reference.referent == Referent::Array;
    case Pattern::Kind::RefExtern: return reference.referent == Referent::Extern && is_number();
    case Pattern::Kind::RefHost:   return reference.referent == Referent::Host && is_number();
    case Pattern::Kind::RefEq:
    case Pattern::Kind::RefAny:
      switch (reference.referent) {
        case Referent::I31:
        case Referent::Struct:
        case Referent::Array:  return true;
        case Referent::Host:   return pattern.kind == Pattern::Kind::RefAny;
        default:               return false;
      }
    default: return false;
  }
}

// --- Texts ---

constexpr std::string_view kShapeNames[] = {"i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"};

void append_float_lane(TextWriter& out, Pattern::Nan nan, bool is_64, uint64_t bits) {
  if (nan == Pattern::Nan::Canonical)
    out.append("nan:canonical");
  else if (nan == Pattern::Nan::Arithmetic)
    out.append("nan:arithmetic");
  else if (is_64)
    out.append_f64(bits);
  else
    out.append_f32(static_cast<uint32_t>(bits));
}

void append_vector(TextWriter& out, Pattern::Shape shape, const std::array<Pattern::Nan, 4>& nan,
                   wasm::V128 bits) {
  out.append("v128.const ");
  out.append(kShapeNames[static_cast<size_t>(shape)]);
  const bool is_float = shape >= Pattern::Shape::F32x4;
  const size_t lanes = is_float ? (shape == Pattern::Shape::F32x4 ? 4u : 2u)
                                : size_t{16} >> static_cast<size_t>(shape);
  const size_t width = 128 / lanes;
  for (size_t i = 0; i < lanes; ++i) {
    out.append(' ');
    const size_t bit = i * width;
    uint64_t lane = bits[bit / 64] >> (bit % 64);
    if (width < 64) lane &= (uint64_t{1} << width) - 1;
    if (is_float)
      append_float_lane(out, nan[i], width == 64, lane);
    else
      out.append_hex(lane);
  }
}

constexpr std::string_view kReferentNames[] = {"ref.null", "ref.func",   "ref.extern", "ref.host",
                                               "ref.i31",  "ref.struct", "ref.array",  "ref.exn"};

void append_pattern(TextWriter& out, const Pattern& pattern) {
  out.append('(');
  switch (pattern.kind) {
    case Pattern::Kind::I32:
      out.append("i32.const ");
      out.append_signed(static_cast<int32_t>(pattern.bits[0]));
      break;
    case Pattern::Kind::I64:
      out.append("i64.const ");
      out.append_signed(static_cast<int64_t>(pattern.bits[0]));
      break;
    case Pattern::Kind::F32:
    case Pattern::Kind::F64: {
      const bool is_64 = pattern.kind == Pattern::Kind::F64;
      out.append(is_64 ? "f64.const " : "f32.const ");
      append_float_lane(out, pattern.nan[0], is_64, pattern.bits[0]);
      break;
    }
    case Pattern::Kind::V128: append_vector(out, pattern.shape, pattern.nan, pattern.bits); break;
    case Pattern::Kind::RefNull:
      out.append("ref.null");
      if (pattern.heap) {
        out.append(' ');
        out.append(wasm::to_string(*pattern.heap));
      }
      break;
    case Pattern::Kind::RefFunc:   out.append("ref.func"); break;
    case Pattern::Kind::RefExtern: out.append("ref.extern"); break;
    case Pattern::Kind::RefHost:   out.append("ref.host"); break;
    case Pattern::Kind::RefAny:    out.append("ref.any"); break;
    case Pattern::Kind::RefEq:     out.append("ref.eq"); break;
    case Pattern::Kind::RefI31:    out.append("ref.i31"); break;
    case Pattern::Kind::RefStruct: out.append("ref.struct"); break;
    case Pattern::Kind::RefArray:  out.append("ref.array"); break;
    case Pattern::Kind::RefExn:    out.append("ref.exn"); break;
    case Pattern::Kind::Either:
      out.append("either");
      for (const Pattern& alternative : pattern.alternatives) {
        out.append(' ');
        append_pattern(out, alternative);
      }
      break;
  }
  if (pattern.number) {
    out.append(' ');
    out.append_decimal(*pattern.number);
  }
  out.append(')');
}

void append_value(TextWriter& out, ValType type, const uint64_t* slots) {
  out.append('(');
  switch (type.kind()) {
    case ValType::Kind::I32:
      out.append("i32.const ");
      out.append_signed(static_cast<int32_t>(slots[0]));
      break;
    case ValType::Kind::I64:
      out.append("i64.const ");
      out.append_signed(static_cast<int64_t>(slots[0]));
      break;
    case ValType::Kind::F32:
      out.append("f32.const ");
      out.append_f32(static_cast<uint32_t>(slots[0]));
      break;
    case ValType::Kind::F64:
      out.append("f64.const ");
      out.append_f64(slots[0]);
      break;
    case ValType::Kind::V128:
      append_vector(out, Pattern::Shape::I32x4, {}, wasm::V128{slots[0], slots[1]});
      break;
    default: {
      const Reference reference = inspect(type.heap(), slots[0]);
      out.append(kReferentNames[static_cast<size_t>(reference.referent)]);
      if (reference.number) {
        out.append(' ');
        out.append_decimal(*reference.number);
      }
    }
  }
  out.append(')');
}

}  // namespace

bool store_value(const Value& value, ValType type, uint64_t* slots) {
  slots[0] = value.bits[0];
  switch (value.kind) {
    case Value::Kind::I32: return has_kind(type, ValType::Kind::I32);
    case Value::Kind::I64: return has_kind(type, ValType::Kind::I64);
    case Value::Kind::F32: return has_kind(type, ValType::Kind::F32);
    case Value::Kind::F64: return has_kind(type, ValType::Kind::F64);
    case Value::Kind::V128:
      if (!has_kind(type, ValType::Kind::V128)) return false;
      slots[1] = value.bits[1];
      return true;
    case Value::Kind::RefNull: slots[0] = 0; return type.is_ref() && type.nullable();
    case Value::Kind::RefExtern:
      slots[0] = host_reference(static_cast<uint32_t>(value.bits[0]));
      return is_in_hierarchy(type, wasm::HeapType::Abstract::Extern);
    case Value::Kind::RefHost:
      slots[0] = host_reference(static_cast<uint32_t>(value.bits[0]));
      return is_in_hierarchy(type, wasm::HeapType::Abstract::Any);
  }
  return false;
}

bool matches(const Pattern& pattern, ValType type, const uint64_t* slots) {
  switch (pattern.kind) {
    case Pattern::Kind::I32:
      return has_kind(type, ValType::Kind::I32) &&
             static_cast<uint32_t>(slots[0]) == static_cast<uint32_t>(pattern.bits[0]);
    case Pattern::Kind::I64:
      return has_kind(type, ValType::Kind::I64) && slots[0] == pattern.bits[0];
    case Pattern::Kind::F32:
      return has_kind(type, ValType::Kind::F32) &&
             float_matches(pattern.nan[0], static_cast<uint32_t>(pattern.bits[0]),
                           static_cast<uint32_t>(slots[0]));
    case Pattern::Kind::F64:
      return has_kind(type, ValType::Kind::F64) &&
             float_matches<uint64_t>(pattern.nan[0], pattern.bits[0], slots[0]);
    case Pattern::Kind::V128:
      return has_kind(type, ValType::Kind::V128) && vector_matches(pattern, slots);
    case Pattern::Kind::Either:
      for (const Pattern& alternative : pattern.alternatives)
        if (matches(alternative, type, slots)) return true;
      return false;
    default: return type.is_ref() && reference_matches(pattern, inspect(type.heap(), slots[0]));
  }
}

std::string describe(const Pattern& pattern) {
  TextWriter out;
  append_pattern(out, pattern);
  return out.take();
}

std::string describe(std::span<const Pattern> patterns) {
  if (patterns.empty()) return "no result";
  TextWriter out;
  for (const Pattern& pattern : patterns) {
    if (out.size() != 0) out.append(' ');
    append_pattern(out, pattern);
  }
  return out.take();
}

std::string describe(ValType type, const uint64_t* slots) {
  TextWriter out;
  append_value(out, type, slots);
  return out.take();
}

std::string describe(std::span<const ValType> types, const uint64_t* slots) {
  if (types.empty()) return "no result";
  TextWriter out;
  for (const ValType type : types) {
    if (out.size() != 0) out.append(' ');
    append_value(out, type, slots);
    slots += type.slots();
  }
  return out.take();
}

}  // namespace wrun::script
