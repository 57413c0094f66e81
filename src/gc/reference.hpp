// What is in a slot of a reference type that is not a function's (docs/adr/0005-references.md):
//
//   0                null
//   address          an object of the heap, at a multiple of 8
//   ...value...1     an i31, in the low 32 bits
//   ...value...10    a value of the host, of 62 bits
//
// extern.convert_any and any.convert_extern change nothing: the same slot is the same value in both
// hierarchies, and equal slots are what ref.eq calls equal.
#pragma once

#include <cstdint>

namespace wrun::gc {

using Reference = uint64_t;

inline constexpr Reference kNull = 0;
inline constexpr uint64_t kMaxHostValue = (uint64_t{1} << 62) - 1;

constexpr Reference from_i31(uint32_t value) { return static_cast<uint32_t>(value << 1) | 1u; }
constexpr bool is_i31(Reference reference) { return (reference & 1) != 0; }
constexpr uint32_t i31_unsigned(Reference i31) { return static_cast<uint32_t>(i31) >> 1; }
constexpr int32_t i31_signed(Reference i31) { return static_cast<int32_t>(i31) >> 1; }

// `value` is at most kMaxHostValue: an index or an address, but not any 64 bits.
constexpr Reference from_host(uint64_t value) { return value << 2 | 2; }
constexpr bool is_host(Reference reference) { return (reference & 3) == 2; }
constexpr uint64_t host_value(Reference reference) { return reference >> 2; }

constexpr bool is_object(Reference reference) { return reference != 0 && (reference & 3) == 0; }

}  // namespace wrun::gc
