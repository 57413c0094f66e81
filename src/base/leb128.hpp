// LEB128, the variable-length integers of the binary format (spec 5.2.2). These functions are the
// general case; Cursor handles single bytes, which almost all integers are, inline.
#pragma once

#include <cstdint>
#include <type_traits>

namespace wrun {

struct LebValue {
  uint64_t value;       // signed integers are sign-extended to 64 bits
  const uint8_t* next;  // null: malformed, see leb128_error()
};

// Reads an integer of `kBits` bits, which may take at most ceil(kBits / 7) bytes, of which the last
// must not have bits set beyond kBits (other than copies of the sign).
template <int kBits, bool kSigned>
[[gnu::noinline]] LebValue read_leb128(const uint8_t* pos, const uint8_t* end) {
  constexpr int kMaxBytes = (kBits + 6) / 7;
  constexpr int kLastBits = kBits - 7 * (kMaxBytes - 1);
  uint64_t value = 0;
  for (int i = 0; i < kMaxBytes; ++i) {
    if (pos == end) return {0, nullptr};
    const uint8_t byte = *pos++;
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte & 0x80) continue;
    if (i == kMaxBytes - 1) {
      if constexpr (kSigned) {
        // All of the sign bit and the unused bits above it must agree.
        const int rest = (byte & 0x7f) >> (kLastBits - 1);
        if (rest != 0 && rest != 0x7f >> (kLastBits - 1)) return {0, nullptr};
      } else if (byte >> kLastBits) {
        return {0, nullptr};
      }
    }
    if constexpr (kSigned) {
      const int shift = 64 - 7 * (i + 1);
      if (shift > 0) value = static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
    }
    return {value, pos};
  }
  return {0, nullptr};
}

// Why an integer of `bits` bits at `pos` is malformed, in the words of the spec's test suite.
const char* leb128_error(const uint8_t* pos, const uint8_t* end, int bits);

}  // namespace wrun
