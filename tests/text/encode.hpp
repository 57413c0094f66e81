// What tests of the text format look at: sections of the binary that a source is encoded to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/cursor.hpp"
#include "text/parser.hpp"

// The message of the error, or "" if there is none.
inline std::string error_of(std::string_view source) {
  const auto module = wrun::text::parse_module(source);
  return module ? "" : module.error().message;
}

inline std::string hex(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::byte byte : bytes) {
    if (!out.empty()) out += ' ';
    out += kDigits[static_cast<unsigned>(byte) >> 4];
    out += kDigits[static_cast<unsigned>(byte) & 15];
  }
  return out;
}

// The contents of the first section of this id, in hexadecimal; "none" if there is none, and the
// error if there is one.
inline std::string section_of(std::string_view source, uint8_t id) {
  const auto module = wrun::text::parse_module(source);
  if (!module) return module.error().message;
  wrun::Cursor cursor(module->bytes, 8, module->bytes.size());
  while (!cursor.at_end()) {
    uint8_t section = 0;
    uint32_t size = 0;
    std::span<const std::byte> contents;
    if (!cursor.read_u8(section) || !cursor.read_u32(size) || !cursor.read_bytes(size, contents))
      return "malformed sections";
    if (section == id) return hex(contents);
  }
  return "none";
}

// The instructions of a function of this text, without its locals and its `end`.
inline std::string code_of(std::string_view instructions) {
  const std::string code = section_of("(func " + std::string(instructions) + ")", 10);
  constexpr std::string_view kBefore = "01 00 00 ";  // count, size, locals; sizes stay below 128
  return code.size() < kBefore.size() + 2
             ? code
             : code.substr(kBefore.size(), code.size() - 3 - kBefore.size());
}
