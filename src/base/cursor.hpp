// Reads a range of bytes front to back. Every read is checked against the end of the range; a read
// that fails returns false and leaves its reason and place in the cursor's error slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/leb128.hpp"
#include "base/result.hpp"

namespace wrun {

class Cursor {
 public:
  // The range [begin, end) of `bytes`. Positions count from the start of `bytes`.
  Cursor(std::span<const std::byte> bytes, uint64_t begin, uint64_t end)
      : Cursor(bytes.data(), begin, end) {}
  Cursor(const std::byte* bytes, uint64_t begin, uint64_t end)
      : base_(reinterpret_cast<const uint8_t*>(bytes)), pos_(base_ + begin), end_(base_ + end) {}

  uint32_t position() const { return static_cast<uint32_t>(pos_ - base_); }
  uint32_t end_position() const { return static_cast<uint32_t>(end_ - base_); }
  size_t remaining() const { return static_cast<size_t>(end_ - pos_); }
  bool at_end() const { return pos_ == end_; }

  bool read_u8(uint8_t& out) {
    if (pos_ == end_) [[unlikely]]
      return fail(kUnexpectedEnd);
    out = *pos_++;
    return true;
  }
  bool peek_u8(uint8_t& out) {
    if (pos_ == end_) [[unlikely]]
      return fail(kUnexpectedEnd);
    out = *pos_;
    return true;
  }
  [[gnu::always_inline]] bool read_u32(uint32_t& out) { return read_unsigned<32>(out); }
  [[gnu::always_inline]] bool read_u64(uint64_t& out) { return read_unsigned<64>(out); }
  [[gnu::always_inline]] bool read_s32(int32_t& out) { return read_signed<32>(out); }
  [[gnu::always_inline]] bool read_s33(int64_t& out) { return read_signed<33>(out); }
  [[gnu::always_inline]] bool read_s64(int64_t& out) { return read_signed<64>(out); }

  // Little-endian, of fixed width.
  template <class T>
  bool read_fixed(T& out) {
    if (remaining() < sizeof(T)) [[unlikely]]
      return fail(kUnexpectedEnd);
    std::memcpy(&out, pos_, sizeof(T));
    pos_ += sizeof(T);
    return true;
  }
  bool read_bytes(size_t count, std::span<const std::byte>& out) {
    if (remaining() < count) [[unlikely]]
      return fail(kUnexpectedEnd);
    out = {reinterpret_cast<const std::byte*>(pos_), count};
    pos_ += count;
    return true;
  }
  bool skip(size_t count) {
    if (remaining() < count) [[unlikely]]
      return fail(kUnexpectedEnd);
    pos_ += count;
    return true;
  }

  // The error slot. `text` must live forever. Always returns false.
  bool fail(const char* text, Error::Kind kind = Error::Kind::Malformed) {
    return fail_at(position(), text, kind);
  }
  bool fail_at(uint32_t offset, const char* text, Error::Kind kind = Error::Kind::Malformed) {
    error_text_ = text;
    error_offset_ = offset;
    error_kind_ = kind;
    return false;
  }
  bool has_error() const { return error_text_ != nullptr; }
  const char* error_text() const { return error_text_; }
  uint32_t error_offset() const { return error_offset_; }
  Error::Kind error_kind() const { return error_kind_; }
  Error error() const { return {error_kind_, error_text_, error_offset_, {}}; }

  static constexpr const char* kUnexpectedEnd = "unexpected end of section or function";

 private:
  template <int kBits, class T>
  [[gnu::always_inline]] bool read_unsigned(T& out) {
    if (pos_ != end_ && *pos_ < 0x80) [[likely]] {
      out = *pos_++;
      return true;
    }
    return read_long<kBits, false>(out);
  }
  template <int kBits, class T>
  [[gnu::always_inline]] bool read_signed(T& out) {
    if (pos_ != end_ && *pos_ < 0x80) [[likely]] {
      out = static_cast<int8_t>(*pos_++ << 1) >> 1;
      return true;
    }
    return read_long<kBits, true>(out);
  }
  template <int kBits, bool kSigned, class T>
  [[gnu::always_inline]] bool read_long(T& out) {
    const LebValue leb = read_leb128<kBits, kSigned>(pos_, end_);
    if (!leb.next) [[unlikely]]
      return fail(leb128_error(pos_, end_, kBits));
    out = static_cast<T>(leb.value);
    pos_ = leb.next;
    return true;
  }

  const uint8_t* base_;
  const uint8_t* pos_;
  const uint8_t* end_;
  const char* error_text_ = nullptr;
  uint32_t error_offset_ = 0;
  Error::Kind error_kind_ = Error::Kind::Malformed;
};

}  // namespace wrun
