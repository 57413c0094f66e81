// The indices that identifiers stand for (spec 6.1.3).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wrun::text {

// Names of one kind, in scopes: the fields of every type, say. A hash table that is cheap to clear.
class SymbolTable {
 public:
  // False if the name is taken. The characters stay the caller's.
  bool add(std::string_view name, uint32_t index, uint32_t scope = 0);
  std::optional<uint32_t> find(std::string_view name, uint32_t scope = 0) const;
  // Binds a name anew, or unbinds it; returns what it was before.
  std::optional<uint32_t> exchange(std::string_view name, std::optional<uint32_t> index);
  void clear();

 private:
  static constexpr uint32_t kUnbound = UINT32_MAX;
  struct Entry {
    std::string_view name;
    uint32_t scope = 0;
    uint32_t index = 0;
    uint32_t hash = 0;
  };

  // The slot of the name, or the empty one where it belongs.
  uint32_t find_slot(std::string_view name, uint32_t scope, uint32_t hash) const;
  void insert(const Entry& entry);
  void grow();

  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // 1 + position in entries_, 0: empty; a power of two
};

// What identifiers are called: `$x` and `$"x"` are the same. Owns the names that are not spelled out
// in the source.
class Names {
 public:
  // Of an Id, without its `$`.
  std::string_view of_id(std::string_view spelling);
  // Of a String.
  std::string_view of_string(std::string_view spelling);

 private:
  std::deque<std::string> unescaped_;
};

}  // namespace wrun::text
