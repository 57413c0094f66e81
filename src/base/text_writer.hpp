// Text in one growing buffer, for output of many small pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace wrun {

class TextWriter {
 public:
  std::string_view text() const { return {buffer_.get(), static_cast<size_t>(end_ - begin())}; }
  size_t size() const { return static_cast<size_t>(end_ - begin()); }
  std::string take() {
    std::string taken(text());
    clear();
    return taken;
  }
  void clear() { end_ = buffer_.get(); }

  void append(std::string_view text) {
    char* to = extend(text.size());
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
  }
  void append(char c) { *extend(1) = c; }
  void append_spaces(size_t count) {
    char* to = extend(count);
    if (count != 0) std::memset(to, ' ', count);
  }

  void append_decimal(uint64_t value);
  void append_signed(int64_t value);
  void append_hex(uint64_t value);  // "0x1f"
  // By their bits; the shortest decimal number that reads back equal, or as "-inf", "nan:0x200000"
  // (spec 6.3.2).
  void append_f32(uint32_t bits);
  void append_f64(uint64_t bits);
  // In quotes, with every byte that is not printable ASCII escaped (spec 6.3.3).
  void append_string(std::string_view bytes);
  // The same, but well-formed UTF-8 stays as it is.
  void append_name(std::string_view utf8);

 private:
  const char* begin() const { return buffer_.get(); }
  // Room for `count` more characters, which count as written.
  char* extend(size_t count) {
    if (static_cast<size_t>(limit_ - end_) < count) [[unlikely]]
      grow(count);
    char* const place = end_;
    end_ += count;
    return place;
  }
  void grow(size_t count);
  void append_quoted(std::string_view bytes, bool escape_non_ascii);

  std::unique_ptr<char[]> buffer_;
  char* end_ = nullptr;    // of the text
  char* limit_ = nullptr;  // of the buffer
};

}  // namespace wrun
