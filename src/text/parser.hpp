// The text format (spec chapter 6): from the source of a module to its binary.
//
// The binary is well-formed, but not validated: indices that have no name, types and the rules of
// chapter 3 are left to the validator, whose errors the marks lead back to the source.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "text/error.hpp"

namespace wrun::text {

// What begins at a byte of the binary was written at a byte of the source.
struct SourceMark {
  uint32_t binary = 0;
  uint32_t source = 0;
};

struct ModuleBinary {
  std::vector<std::byte> bytes;
  std::vector<SourceMark> marks;  // ascending; one for each instruction and definition

  // Where the byte at `offset` of the binary comes from.
  std::optional<uint32_t> find_source(uint64_t offset) const;
};

// A module, with or without `(module …)` around its fields.
Parsed<ModuleBinary> parse_module(std::string_view source);

}  // namespace wrun::text
