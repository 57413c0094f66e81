// Bytes written one after the other, with the integers of the binary format (spec 5.2.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace wrun {

class ByteWriter {
 public:
  void write_u8(uint8_t byte) { bytes_.push_back(std::byte{byte}); }
  void write_u32(uint32_t value) { write_u64(value); }
  void write_u64(uint64_t value) {
    while (value >= 0x80) {
      write_u8(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    write_u8(static_cast<uint8_t>(value));
  }
  // For signed integers of any width.
  void write_s64(int64_t value) {
    while (value < -0x40 || value >= 0x40) {
      write_u8(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    write_u8(static_cast<uint8_t>(value & 0x7f));
  }
  // Little-endian, of fixed width.
  template <class T>
  void write_fixed(T value) {
    std::byte raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    write(raw);
  }
  void write(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  // A vector of bytes (spec 5.2.1): names and contents of any kind.
  void write_vector(std::span<const std::byte> bytes) {
    write_u64(bytes.size());
    write(bytes);
  }
  void write_name(std::string_view text) { write_vector(std::as_bytes(std::span(text))); }

  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::span<const std::byte> bytes_from(size_t begin) const {
    return std::span(bytes_).subspan(begin);
  }
  void reserve(size_t size) { bytes_.reserve(size); }
  void truncate(size_t size) { bytes_.resize(size); }
  void clear() { bytes_.clear(); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace wrun
