// The index spaces of a module (spec 2.5.1) and the identifiers bound in them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "text/symbols.hpp"

namespace wrun::text {

enum class Space : uint8_t { Type, Func, Table, Memory, Global, Tag, Elem, Data };
inline constexpr size_t kSpaces = 8;

constexpr const char* to_string(Space space) {
  constexpr const char* kNames[kSpaces] = {"type",   "function", "table",        "memory",
                                           "global", "tag",      "elem segment", "data segment"};
  return kNames[static_cast<size_t>(space)];
}

struct Identifiers {
  std::array<SymbolTable, kSpaces> spaces;
  SymbolTable fields;  // scoped by type

  SymbolTable& of(Space space) { return spaces[static_cast<size_t>(space)]; }
};

// A name of the name section, which may be empty, or none.
using OptionalName = std::optional<std::string_view>;

// What the name section says about an index.
struct NameEntry {
  uint32_t index = 0;
  std::string_view name;
};
using NameMap = std::vector<NameEntry>;

// Of things inside of others, such as the locals of functions.
struct IndirectNameEntry {
  uint32_t index = 0;
  NameMap names;
};

// The names of a module as its name section will have them (spec 7.4.1).
struct ModuleNames {
  OptionalName module;
  std::array<NameMap, kSpaces> spaces;
  std::vector<IndirectNameEntry> locals;
  std::vector<IndirectNameEntry> labels;
  std::vector<IndirectNameEntry> fields;

  NameMap& of(Space space) { return spaces[static_cast<size_t>(space)]; }
};

}  // namespace wrun::text
