// The name section (spec 7.5.1): names for people, in backtraces and listings. A custom section, so
// that whatever is wrong with it is not an error: names that cannot be read are not there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "wasm/module.hpp"

namespace wrun::binary {

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
