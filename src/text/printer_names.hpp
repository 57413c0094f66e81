// The identifiers of a module in the text format (spec 6.6.1), made from its name section: unique in
// their index space, in quotes where they need them. What has no name is written as a number.
#pragma once

#include <array>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "binary/instruction_text.hpp"
#include "binary/names.hpp"
#include "wasm/module.hpp"

namespace wrun::text {

// PrinterNames of one index space.
class IdTable {
 public:
  struct Entry {
    uint32_t index;
    std::string_view name;
  };
  // Later entries for an index that has a name already are ignored. Without `unique`, identifiers may
  // be repeated, as those of labels may be.
  void assign(std::vector<Entry> entries, bool unique = true);

  // "$name"; empty: none.
  std::string_view id(uint32_t index) const;
  // The name, if it cannot be told from the identifier.
  const std::string_view* lost_name(uint32_t index) const;

 private:
  struct Id {
    uint32_t index;
    uint32_t begin;  // of the identifier in text_
    uint32_t size;
    bool is_exact;
    std::string_view name;
  };
  const Id* find(uint32_t index) const;
  void add(uint32_t index, std::string_view name, std::string_view spelling);

  TextWriter text_;
  std::vector<Id> ids_;  // ascending by index
};

class PrinterNames final : public binary::IndexNames {
 public:
  PrinterNames(const wasm::Module& module, bool use_names);

  void append(TextWriter& out, binary::IndexSpace space, uint32_t index) const override;
  void append_field(TextWriter& out, wasm::TypeIndex type, uint32_t field) const override;
  void append_block_label(TextWriter& out) const override;

  // Where things are defined: " $name", " (@name "…")" if the identifier had to differ, and
  // " (;index;)".
  void declare_module(TextWriter& out) const;
  void declare(TextWriter& out, binary::IndexSpace space, uint32_t index) const;
  // " $name" or nothing.
  void declare_local(TextWriter& out, uint32_t local) const;
  void declare_field(TextWriter& out, wasm::TypeIndex type, uint32_t field) const;
  bool has(binary::IndexSpace space, uint32_t index) const {
    return !tables_[static_cast<size_t>(space)].id(index).empty();
  }
  bool has_local(uint32_t local) const { return locals_.has(local); }
  bool has_field(wasm::TypeIndex type, uint32_t field) const;

  // From here on, locals and labels are those of this function.
  void enter_function(uint32_t function);
  void open_block();
  void close_block();
  size_t depth() const { return labels_.size(); }

 private:
  // Names inside of something: locals and labels of functions, fields of types.
  struct Inner {
    uint32_t outer;
    uint32_t index;
    std::string_view name;
  };
  // The entries of `all` for `outer`, as a table.
  struct Scope {
    bool has(uint32_t index) const { return !table.id(index).empty(); }
    IdTable table;
    bool is_empty = true;
  };
  struct Label {
    std::string_view id;
    uint32_t number;
    uint32_t shadowed;  // position of the label with the same identifier around it
  };
  static std::vector<IdTable::Entry> entries_of(const std::vector<Inner>& all, uint32_t outer);
  static void declare(TextWriter& out, const IdTable& table, uint32_t index);
  void append_label(TextWriter& out, uint32_t label_index) const;

  IdTable module_;
  std::array<IdTable, binary::kIndexSpaces> tables_;  // of the module's index spaces
  std::vector<Inner> local_names_;
  std::vector<Inner> label_names_;
  std::vector<std::pair<uint32_t, IdTable>> fields_;  // by type
  Scope locals_;
  Scope label_ids_;
  std::vector<Label> labels_;  // of open blocks; the function's own has number 0
  std::unordered_map<std::string_view, uint32_t> visible_labels_;  // by identifier: position
  uint32_t blocks_ = 0;                                            // so far in this function
};

}  // namespace wrun::text
