// Text that came from outside, such as names in modules, for messages: control characters, which could speak to a terminal,
// become \xHH. Everything else, UTF-8 included, stays.
#pragma once

#include <string>
#include <string_view>

namespace wrun {

inline std::string printable(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // C1 controls are two bytes in UTF-8: c2 80 to c2 9f.
    const bool c1 =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte >= 0x20 && byte != 0x7f && !c1) {
      out += text[i];
      continue;
    }
    const auto control = c1 ? static_cast<unsigned char>(text[++i]) : byte;
    out += "\\x";
    out += kHex[control >> 4];
    out += kHex[control & 15];
  }
  return out;
}

}  // namespace wrun
