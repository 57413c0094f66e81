// The type vocabulary of the spec (2.3): value, reference, function, table, memory, global and
// tag types. Everything here is a plain value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace wrun::wasm {

using TypeIndex = uint32_t;  // into Module::types

// Spec 2.3.3. The enumerators of the abstract types equal their binary encoding.
class HeapType {
 public:
  enum class Abstract : uint8_t {
    Exn = 0x69,
    Array = 0x6a,
    Struct = 0x6b,
    I31 = 0x6c,
    Eq = 0x6d,
    Any = 0x6e,
    Extern = 0x6f,
    Func = 0x70,
    None = 0x71,
    NoExtern = 0x72,
    NoFunc = 0x73,
    NoExn = 0x74,
  };

  constexpr HeapType(Abstract abstract) : bits_(static_cast<uint32_t>(abstract)) {}  // NOLINT
  // `exact`: without the types below it (custom descriptors).
  static constexpr HeapType concrete(TypeIndex index, bool exact = false) {
    return HeapType(index | kConcrete | (exact ? kExact : 0));
  }
  static constexpr HeapType from_bits(uint32_t bits) { return HeapType(bits); }

  constexpr bool is_concrete() const { return (bits_ & kConcrete) != 0; }
  constexpr bool is_exact() const { return (bits_ & kExact) != 0; }
  constexpr TypeIndex index() const { return bits_ & (kMaxIndices - 1); }
  constexpr Abstract abstract() const { return static_cast<Abstract>(bits_); }
  constexpr uint32_t bits() const { return bits_; }
  constexpr bool operator==(const HeapType&) const = default;

  static constexpr uint32_t kMaxIndices = 1u << 22;  // more than a module can have types

 private:
  static constexpr uint32_t kConcrete = 1u << 23;
  static constexpr uint32_t kExact = 1u << 22;
  explicit constexpr HeapType(uint32_t bits) : bits_(bits) {}
  uint32_t bits_;
};

// Spec 2.3.4 and 2.3.5, packed into one word so that equality is one compare:
// bits 0-6 the kind (its binary encoding), bit 7 nullable, bits 8-31 the heap type.
// `Bottom` is the type of values on a polymorphic stack (spec 3.3).
class ValType {
 public:
  enum class Kind : uint8_t {
    Bottom = 0,
    Ref = 1,
    I16 = 0x77,  // packed storage types, only in fields (spec 2.3.10)
    I8 = 0x78,
    V128 = 0x7b,
    F64 = 0x7c,
    F32 = 0x7d,
    I64 = 0x7e,
    I32 = 0x7f,
  };

  constexpr ValType() : bits_(0) {}
  constexpr ValType(Kind kind) : bits_(static_cast<uint32_t>(kind)) {}  // NOLINT
  static constexpr ValType ref(HeapType heap, bool nullable) {
    ValType type;
    type.bits_ = static_cast<uint32_t>(Kind::Ref) | (nullable ? 0x80u : 0u) | (heap.bits() << 8);
    return type;
  }

  constexpr Kind kind() const { return is_ref() ? Kind::Ref : static_cast<Kind>(bits_); }
  constexpr bool is_ref() const { return (bits_ & 0x7f) == 1; }
  constexpr bool is_numeric() const { return bits_ >= 0x7c && bits_ <= 0x7f; }
  constexpr bool is_packed() const { return bits_ == 0x77 || bits_ == 0x78; }
  constexpr bool nullable() const { return (bits_ & 0x80u) != 0; }
  constexpr HeapType heap() const { return HeapType::from_bits(bits_ >> 8); }
  constexpr bool is_defaultable() const { return !is_ref() || nullable(); }
  // How many 64-bit slots a value takes in frames, arguments and globals.
  constexpr uint32_t slots() const { return bits_ == static_cast<uint32_t>(Kind::V128) ? 2 : 1; }
  constexpr uint32_t bits() const { return bits_; }
  constexpr bool operator==(const ValType&) const = default;

 private:
  uint32_t bits_;
};

inline constexpr ValType kI32 = ValType::Kind::I32;
inline constexpr ValType kI64 = ValType::Kind::I64;
inline constexpr ValType kF32 = ValType::Kind::F32;
inline constexpr ValType kF64 = ValType::Kind::F64;
inline constexpr ValType kV128 = ValType::Kind::V128;
inline constexpr ValType kBottom = ValType::Kind::Bottom;
inline constexpr ValType kFuncRef = ValType::ref(HeapType::Abstract::Func, true);
inline constexpr ValType kExternRef = ValType::ref(HeapType::Abstract::Extern, true);

// The text form: "i32", "funcref", "(ref null 3)"; of a heap type "func" or "3".
std::string to_string(ValType type);
std::string to_string(HeapType type);
std::string to_string(std::span<const ValType> types);  // "[i32 i64]"

struct FuncType {
  std::vector<ValType> params;
  std::vector<ValType> results;
  uint32_t param_slots = 0;  // filled in by whoever builds the type, with count_slots()
  uint32_t result_slots = 0;
  bool operator==(const FuncType&) const = default;

  void count_slots() {
    param_slots = result_slots = 0;
    for (ValType type : params) param_slots += type.slots();
    for (ValType type : results) result_slots += type.slots();
  }
};

std::string to_string(const FuncType& type);  // "[i32 i32] -> [i64]"

struct FieldType {
  ValType storage;
  bool is_mutable = false;
  bool operator==(const FieldType&) const = default;
};

// Spec 2.3.8 to 2.3.11: one entry of the type section after its recursive group is flattened.
struct SubType {
  enum class Kind : uint8_t { Func, Struct, Array };
  Kind kind = Kind::Func;
  bool is_final = true;
  bool is_shared = false;
  std::optional<TypeIndex> supertype;  // at most one in Wasm 3.0
  // Custom descriptors: the type of the descriptors that values of this type have, and the type
  // whose values this type describes. Both are in the same recursive group.
  std::optional<TypeIndex> descriptor;
  std::optional<TypeIndex> described;
  FuncType func;                  // Kind::Func
  std::vector<FieldType> fields;  // Kind::Struct; one entry for Kind::Array
};

// Spec 2.3.12. Limits are in pages or elements; `maximum` empty means none was given.
struct Limits {
  uint64_t minimum = 0;
  std::optional<uint64_t> maximum = {};
  bool is_64 = false;  // the index type is i64
  bool operator==(const Limits&) const = default;
};

// Of memories that say nothing else (custom page sizes): 64 KiB.
inline constexpr uint8_t kDefaultPageLog2 = 16;

struct MemoryType {
  Limits limits;
  bool is_shared = false;
  uint8_t page_size_log2 = kDefaultPageLog2;
  bool names_page_size = false;  // even where it is the default, for printing it
};

struct TableType {
  ValType element = kFuncRef;
  Limits limits;
  bool operator==(const TableType&) const = default;
};

struct GlobalType {
  ValType content;
  bool is_mutable = false;
  bool operator==(const GlobalType&) const = default;
};

struct TagType {
  TypeIndex type = 0;
};

}  // namespace wrun::wasm
