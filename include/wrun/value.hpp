// Values and types as they cross between host and guest (spec 2.3, 4.2.1).
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wrun {

enum class ValueKind : uint8_t {
  I32,
  I64,
  F32,
  F64,
  V128,
  FuncRef,    // (ref null func)
  ExternRef,  // (ref null extern)
  Ref,        // any other reference type
};

// A value type. Reference types other than funcref and externref are told apart by their text, in
// which type indices are those of the module that the type was read from.
class ValueType {
 public:
  // Implicit; not for ValueKind::Ref, which needs a text.
  ValueType(ValueKind kind);  // NOLINT(google-explicit-constructor)
  ValueType(ValueKind kind, std::string text) : kind_(kind), text_(std::move(text)) {}

  ValueKind kind() const { return kind_; }
  bool is_reference() const { return kind_ >= ValueKind::FuncRef; }
  // As in the text format: "i32", "funcref", "(ref null 3)".
  const std::string& text() const { return text_; }
  bool operator==(const ValueType&) const = default;

 private:
  ValueKind kind_;
  std::string text_;
};

struct FuncType {
  std::vector<ValueType> params;
  std::vector<ValueType> results;
  bool operator==(const FuncType&) const = default;

  // "[i32 i32] -> [i64]"
  std::string text() const;
};

// A 128-bit vector, in the byte order of linear memory.
struct V128 {
  std::array<std::byte, 16> bytes;
  bool operator==(const V128&) const = default;
};

// One value. References are opaque: they can be passed on to the store that they came from, as long
// as it keeps them (Store::release_references), and tested for null. An externref of the host's own
// is a number of 62 bits and belongs to no store. Numbers are exact, floats bit by bit. A plain value, safe to copy anywhere.
class Value {
 public:
  template <std::integral T>
    requires(sizeof(T) == 4 || sizeof(T) == 8)
  Value(T value)  // NOLINT(google-explicit-constructor)
      : kind_(sizeof(T) == 4 ? ValueKind::I32 : ValueKind::I64) {
    if constexpr (sizeof(T) == 4)
      slots_[0] = static_cast<uint32_t>(value);
    else
      slots_[0] = static_cast<uint64_t>(value);
  }
  Value(float value)  // NOLINT(google-explicit-constructor)
      : kind_(ValueKind::F32), slots_{std::bit_cast<uint32_t>(value), 0} {}
  Value(double value)  // NOLINT(google-explicit-constructor)
      : kind_(ValueKind::F64), slots_{std::bit_cast<uint64_t>(value), 0} {}
  Value(const V128& value)  // NOLINT(google-explicit-constructor)
      : kind_(ValueKind::V128), slots_(std::bit_cast<std::array<uint64_t, 2>>(value)) {}
  // The null of a reference kind.
  static Value null(ValueKind kind) { return Value(kind, {0, 0}, 0); }
  // What the guest gets as an externref and can give back, but not look into; below 2^62.
  static Value from_host(uint64_t number) {
    return Value(ValueKind::ExternRef, {number << 2 | 2, 0}, 0);
  }

  ValueKind kind() const { return kind_; }
  // Each is for values of its kind only.
  int32_t i32() const { return static_cast<int32_t>(slots_[0]); }
  int64_t i64() const { return static_cast<int64_t>(slots_[0]); }
  float f32() const { return std::bit_cast<float>(static_cast<uint32_t>(slots_[0])); }
  double f64() const { return std::bit_cast<double>(slots_[0]); }
  V128 v128() const { return std::bit_cast<V128>(slots_); }
  bool is_null() const { return slots_[0] == 0; }
  // The number given to from_host(); nothing if it is another reference.
  std::optional<uint64_t> host_number() const {
    if (kind_ < ValueKind::ExternRef || (slots_[0] & 3) != 2) return std::nullopt;
    return slots_[0] >> 2;
  }

  // The text that `wrun --invoke` prints: decimal numbers (floats in the shortest form that reads
  // back equal, or nan and inf), 0x and 32 digits for vectors, "null" or "ref" for references.
  std::string text() const;

 private:
  friend struct ValueAccess;
  Value(ValueKind kind, std::array<uint64_t, 2> slots, uint64_t store)
      : kind_(kind), slots_(slots), store_(store) {}

  ValueKind kind_;
  std::array<uint64_t, 2> slots_{};
  uint64_t store_ = 0;  // which store a reference belongs to; 0: none
};

}  // namespace wrun
