// The codes of the binary format (spec 5.3 to 5.5) that instructions and abstract types do not have in
// their own tables: what the decoder reads and the text format's encoder writes.
#pragma once

#include <cstdint>

namespace wrun::binary {

// Spec 5.5.2.
enum class SectionId : uint8_t {
  Custom = 0,
  Type = 1,
  Import = 2,
  Function = 3,
  Table = 4,
  Memory = 5,
  Global = 6,
  Export = 7,
  Start = 8,
  Element = 9,
  Code = 10,
  Data = 11,
  DataCount = 12,
  Tag = 13,
};

namespace encoding {

// Types (spec 5.3.8 to 5.3.12, custom descriptors).
inline constexpr uint8_t kDescribes = 0x4c;
inline constexpr uint8_t kDescriptor = 0x4d;
inline constexpr uint8_t kRec = 0x4e;
inline constexpr uint8_t kSubFinal = 0x4f;
inline constexpr uint8_t kSub = 0x50;
inline constexpr uint8_t kArray = 0x5e;
inline constexpr uint8_t kStruct = 0x5f;
inline constexpr uint8_t kFunc = 0x60;

// References (spec 5.3.4, 5.3.5, custom descriptors).
inline constexpr uint8_t kExact = 0x62;    // (exact x), a heap type
inline constexpr uint8_t kRefNull = 0x63;  // (ref null ht)
inline constexpr uint8_t kRef = 0x64;      // (ref ht)

// Flags of limits (spec 5.3.13, threads and custom page sizes).
inline constexpr uint8_t kHasMaximum = 0x01;
inline constexpr uint8_t kShared = 0x02;
inline constexpr uint8_t kIs64 = 0x04;
inline constexpr uint8_t kHasPageSize = 0x08;

// In the place of an import's kind, behind an empty name (compact imports).
inline constexpr uint8_t kImportsOfTypes = 0x7f;    // of one module
inline constexpr uint8_t kImportsOfOneType = 0x7e;  // and of one type

inline constexpr uint8_t kExactFunction = 0x20;  // import kind of custom descriptors
inline constexpr uint8_t kTableWithInit = 0x40;  // spec 5.5.7
inline constexpr uint8_t kEmptyBlock = 0x40;     // spec 5.4.1
inline constexpr uint32_t kHasMemory = 0x40;     // flag of a memory argument (spec 5.4.6)

}  // namespace encoding
}  // namespace wrun::binary
