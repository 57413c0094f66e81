// The types of a module: those it defines, and after them those that type uses stand for without
// naming them (spec 6.4.11).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/byte_writer.hpp"
#include "text/identifiers.hpp"

namespace wrun::text {

struct Parameter {
  uint32_t index = 0;
  std::string_view id = {};  // may be empty
  OptionalName name = {};
};

// A function type as it is read; the types of parameters and results are encoded one after the other.
struct Signature {
  ByteWriter params;
  ByteWriter results;
  uint32_t param_count = 0;
  uint32_t result_count = 0;
  std::vector<Parameter> named_params;

  bool empty() const { return param_count == 0 && result_count == 0; }
  void clear();
  void encode(ByteWriter& out) const;  // as a composite type
};

class TypeSection {
 public:
  // What definitions consist of is written here; then add_*() says what it was.
  ByteWriter& bytes() { return bytes_; }
  void add_function(const Signature& signature, bool is_plain);  // plain: final, alone, no clauses
  void add_other() { types_.emplace_back(); }
  void end_group() { ++groups_; }
  // The first plain function type of this signature.
  uint32_t find_or_add(const Signature& signature);

  bool has(uint32_t type) const { return type < types_.size(); }
  uint32_t size() const { return static_cast<uint32_t>(types_.size()); }
  // Whether the type is a function of this signature.
  bool matches(uint32_t type, const Signature& signature);
  // 0 if it is none or no function.
  uint32_t param_count(uint32_t type) const { return has(type) ? types_[type].param_count : 0; }
  uint32_t groups() const { return groups_; }

 private:
  struct Type {
    const std::string* function = nullptr;  // a key of functions_
    uint32_t param_count = 0;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };

  std::string_view encode(const Signature& signature);

  ByteWriter bytes_;
  ByteWriter scratch_;
  uint32_t groups_ = 0;
  std::vector<Type> types_;
  // By the encoding of a function type, the first plain type that is so encoded, if any.
  std::unordered_map<std::string, std::optional<uint32_t>, Hash, std::equal_to<>> functions_;
};

}  // namespace wrun::text
