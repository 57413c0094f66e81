#include "base/text_writer.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

namespace wrun {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

template <class Float>
struct FloatFormat;
template <>
struct FloatFormat<float> {
  static constexpr uint64_t kFractionMask = (uint64_t{1} << 23) - 1;
};
template <>
struct FloatFormat<double> {
  static constexpr uint64_t kFractionMask = (uint64_t{1} << 52) - 1;
};

template <class Float, class Bits>
void append_float(TextWriter& out, Bits bits) {
  const auto value = std::bit_cast<Float>(bits);
  if (std::isfinite(value)) {
    char text[32];
    const auto end = std::to_chars(text, std::end(text), value).ptr;
    out.append(std::string_view(text, end));
    return;
  }
  if (std::signbit(value)) out.append('-');
  const uint64_t fraction = bits & FloatFormat<Float>::kFractionMask;
  if (fraction == 0) {
    out.append("inf");
    return;
  }
  out.append("nan");
  const uint64_t canonical = (FloatFormat<Float>::kFractionMask + 1) / 2;
  if (fraction == canonical) return;
  out.append(':');
  out.append_hex(fraction);
}

bool needs_escape(unsigned char byte) {
  return byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\';
}

}  // namespace

void TextWriter::grow(size_t count) {
  const size_t used = size();
  const size_t capacity = std::max<size_t>({used + count, 2 * used, 64});
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (used != 0) std::memcpy(larger.get(), buffer_.get(), used);
  buffer_ = std::move(larger);
  end_ = buffer_.get() + used;
  limit_ = buffer_.get() + capacity;
}

void TextWriter::append_decimal(uint64_t value) {
  char text[20];
  append(std::string_view(text, std::to_chars(text, std::end(text), value).ptr));
}

void TextWriter::append_signed(int64_t value) {
  char text[20];
  append(std::string_view(text, std::to_chars(text, std::end(text), value).ptr));
}

void TextWriter::append_hex(uint64_t value) {
  char text[18] = {'0', 'x'};
  append(std::string_view(text, std::to_chars(text + 2, std::end(text), value, 16).ptr));
}

void TextWriter::append_f32(uint32_t bits) { append_float<float>(*this, bits); }
void TextWriter::append_f64(uint64_t bits) { append_float<double>(*this, bits); }

void TextWriter::append_string(std::string_view bytes) { append_quoted(bytes, true); }
void TextWriter::append_name(std::string_view utf8) { append_quoted(utf8, false); }

void TextWriter::append_quoted(std::string_view bytes, bool escape_non_ascii) {
  append('"');
  // At most three characters a byte.
  char* const start = extend(3 * bytes.size());
  char* to = start;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (!needs_escape(byte) && (byte < 0x80 || !escape_non_ascii)) {
      *to++ = c;
    } else if (byte == '"' || byte == '\\') {
      *to++ = '\\';
      *to++ = c;
    } else {
      *to++ = '\\';
      *to++ = kHexDigits[byte >> 4];
      *to++ = kHexDigits[byte & 15];
    }
  }
  end_ = to;
  append('"');
}

}  // namespace wrun
