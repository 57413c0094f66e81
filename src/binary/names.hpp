// The name section (spec 7.5.1): names for people, in backtraces and listings. A custom section, so
// that whatever is wrong with it is not an error: names that cannot be read are not there.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "wasm/module.hpp"

namespace wrun::binary {

// The subsections, those of the extended name section proposal included; the enumerators are the
// encoding.
enum class NameKind : uint8_t {
  Module = 0,
  Function = 1,
  Local = 2,  // in functions
  Label = 3,  // in functions, by the order in which blocks begin
  Type = 4,
  Table = 5,
  Memory = 6,
  Global = 7,
  Element = 8,
  Data = 9,
  Field = 10,  // in types
  Tag = 11,
};

struct NameEntry {
  NameKind kind;
  uint32_t outer = 0;  // Local, Label, Field: what it is in
  uint32_t index = 0;
  std::string_view name;
};

// Every name that can be read, in the order of the section. Not necessarily UTF-8, and indices may be
// of things that the module does not have.
void for_each_name(const wasm::Module& module, const std::function<void(const NameEntry&)>& visit);

// Indexes the module's name section, in time and memory proportional to the number of named
// functions: make one when names are needed, not before. Borrows the module's bytes.
class NameSection {
 public:
  explicit NameSection(const wasm::Module& module);

  std::optional<std::string_view> module_name() const { return module_name_; }
  std::optional<std::string_view> function_name(uint32_t function) const;
  std::optional<std::string_view> local_name(uint32_t function, uint32_t local) const;

 private:
  using Bytes = std::span<const std::byte>;
  void index_functions();

  std::optional<std::string_view> module_name_;
  struct Entry {
    uint32_t function;
    uint32_t offset;  // of the encoded name in functions_
    auto operator<=>(const Entry&) const = default;
  };

  std::vector<Entry> index_;  // ascending by function
  // The subsections as they are encoded.
  Bytes functions_;
  Bytes locals_;
};

}  // namespace wrun::binary
