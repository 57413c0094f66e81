#include "base/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace wrun {

namespace {

bool is_ascii(const char* bytes) {  // eight of them
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return (word & 0x8080808080808080) == 0;
}

// The length of the well-formed sequence at the start of `text`, 0 if there is none.
size_t sequence_length(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto continues = [&](size_t i, uint8_t low = 0x80, uint8_t high = 0xbf) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;  // a continuation, or an overlong form
  if (lead < 0xe0) return continues(1) ? 2 : 0;
  if (lead < 0xf0) {
    const uint8_t low = lead == 0xe0 ? 0xa0 : 0x80;   // overlong forms
    const uint8_t high = lead == 0xed ? 0x9f : 0xbf;  // surrogates
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (lead < 0xf5) {
    const uint8_t low = lead == 0xf0 ? 0x90 : 0x80;   // overlong forms
    const uint8_t high = lead == 0xf4 ? 0x8f : 0xbf;  // beyond U+10FFFF
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

size_t valid_utf8_length(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    if (rest.size() >= 8 && is_ascii(rest.data())) {
      rest.remove_prefix(8);
      continue;
    }
    const size_t length = sequence_length(rest);
    if (length == 0) break;
    rest.remove_prefix(length);
  }
  return text.size() - rest.size();
}

}  // namespace wrun
