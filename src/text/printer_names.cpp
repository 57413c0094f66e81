#include "text/printer_names.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/utf8.hpp"

namespace wrun::text {

using binary::IndexSpace;
using binary::NameKind;

namespace {

// Spec 6.3.5.
bool is_id_char(char c) {
  return c > ' ' && c < 0x7f && std::string_view("\",;()[]{}").find(c) == std::string_view::npos;
}

// The names point into the section: entries of one `key` stay in its order.
template <class Entry>
void sort_by(std::vector<Entry>& entries, uint32_t Entry::* key) {
  std::ranges::sort(entries, {},
                    [key](const Entry& entry) { return std::pair(entry.*key, entry.name.data()); });
}

bool is_plain(std::string_view name) { return std::ranges::all_of(name, is_id_char); }

std::optional<IndexSpace> space_of(NameKind kind) {
  switch (kind) {
    case NameKind::Function: return IndexSpace::Func;
    case NameKind::Type:     return IndexSpace::Type;
    case NameKind::Table:    return IndexSpace::Table;
    case NameKind::Memory:   return IndexSpace::Memory;
    case NameKind::Global:   return IndexSpace::Global;
    case NameKind::Element:  return IndexSpace::Elem;
    case NameKind::Data:     return IndexSpace::Data;
    case NameKind::Tag:      return IndexSpace::Tag;
    default:                 return std::nullopt;
  }
}

}  // namespace

// --- IdTable ---

void IdTable::assign(std::vector<Entry> entries, bool unique) {
  sort_by(entries, &Entry::index);
  const auto repeated = std::ranges::unique(entries, {}, &Entry::index);
  entries.erase(repeated.begin(), repeated.end());

  text_.clear();
  ids_.clear();
  ids_.reserve(entries.size());
  std::unordered_set<std::string_view> used;
  used.reserve(entries.size());
  std::deque<std::string> made_up;
  std::vector<bool> is_first(entries.size());
  for (size_t i = 0; i < entries.size(); ++i)
    is_first[i] = !unique || used.insert(entries[i].name).second;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [index, name] = entries[i];
    if (is_first[i] || name.empty()) {
      add(index, name, name);
      continue;
    }
    std::string& spelling = made_up.emplace_back(std::string(name) + "#" + std::to_string(index));
    while (!used.insert(spelling).second) spelling += '#';
    add(index, name, spelling);
  }
}

void IdTable::add(uint32_t index, std::string_view name, std::string_view spelling) {
  const auto begin = static_cast<uint32_t>(text_.size());
  if (!spelling.empty()) {
    text_.append('$');
    if (is_plain(spelling))
      text_.append(spelling);
    else
      text_.append_name(spelling);
  }
  const auto size = static_cast<uint32_t>(text_.size()) - begin;
  ids_.push_back({index, begin, size, name == spelling && !name.empty(), name});
}

const IdTable::Id* IdTable::find(uint32_t index) const {
  // Mostly everything or nothing has a name.
  if (index < ids_.size() && ids_[index].index == index) return &ids_[index];
  const auto found = std::ranges::lower_bound(ids_, index, {}, &Id::index);
  return found != ids_.end() && found->index == index ? &*found : nullptr;
}

std::string_view IdTable::id(uint32_t index) const {
  const Id* found = find(index);
  return found ? text_.text().substr(found->begin, found->size) : std::string_view();
}

const std::string_view* IdTable::lost_name(uint32_t index) const {
  const Id* found = find(index);
  return found && !found->is_exact ? &found->name : nullptr;
}

// --- PrinterNames ---

PrinterNames::PrinterNames(const wasm::Module& module, bool use_names) {
  if (!use_names) return;
  std::vector<IdTable::Entry> module_name;
  std::array<std::vector<IdTable::Entry>, binary::kIndexSpaces> entries;
  std::vector<Inner> fields;
  binary::for_each_name(module, [&](const binary::NameEntry& entry) {
    if (!is_valid_utf8(entry.name)) return;
    const Inner inner{entry.outer, entry.index, entry.name};
    switch (entry.kind) {
      case NameKind::Module: module_name.push_back({0, entry.name}); break;
      case NameKind::Local:  local_names_.push_back(inner); break;
      case NameKind::Label:  label_names_.push_back(inner); break;
      case NameKind::Field:  fields.push_back(inner); break;
      default:
        entries[static_cast<size_t>(*space_of(entry.kind))].push_back({entry.index, entry.name});
    }
  });
  module_.assign(std::move(module_name));
  for (size_t i = 0; i < binary::kIndexSpaces; ++i) tables_[i].assign(std::move(entries[i]));
  sort_by(local_names_, &Inner::outer);
  sort_by(label_names_, &Inner::outer);
  sort_by(fields, &Inner::outer);
  for (const Inner& field : fields) {
    if (!fields_.empty() && fields_.back().first == field.outer) continue;
    fields_.emplace_back(field.outer, IdTable()).second.assign(entries_of(fields, field.outer));
  }
}

std::vector<IdTable::Entry> PrinterNames::entries_of(const std::vector<Inner>& all,
                                                     uint32_t outer) {
  std::vector<IdTable::Entry> entries;
  for (const Inner& inner : std::ranges::equal_range(all, outer, {}, &Inner::outer))
    entries.push_back({inner.index, inner.name});
  return entries;
}

void PrinterNames::append(TextWriter& out, IndexSpace space, uint32_t index) const {
  if (space == IndexSpace::Label) return append_label(out, index);
  const IdTable& table =
      space == IndexSpace::Local ? locals_.table : tables_[static_cast<size_t>(space)];
  const std::string_view id = table.id(index);
  if (id.empty())
    out.append_decimal(index);
  else
    out.append(id);
}

void PrinterNames::append_field(TextWriter& out, wasm::TypeIndex type, uint32_t field) const {
  const auto found =
      std::ranges::lower_bound(fields_, type, {}, &decltype(fields_)::value_type::first);
  const std::string_view id =
      found != fields_.end() && found->first == type ? found->second.id(field) : std::string_view();
  if (id.empty())
    out.append_decimal(field);
  else
    out.append(id);
}

void PrinterNames::declare_module(TextWriter& out) const { declare(out, module_, 0); }

void PrinterNames::declare(TextWriter& out, const IdTable& table, uint32_t index) {
  const std::string_view id = table.id(index);
  if (!id.empty()) {
    out.append(' ');
    out.append(id);
  }
  if (const std::string_view* name = table.lost_name(index)) {
    out.append(" (@name ");
    out.append_name(*name);
    out.append(')');
  }
}

void PrinterNames::declare(TextWriter& out, IndexSpace space, uint32_t index) const {
  declare(out, tables_[static_cast<size_t>(space)], index);
  out.append(" (;");
  out.append_decimal(index);
  out.append(";)");
}

void PrinterNames::declare_local(TextWriter& out, uint32_t local) const {
  declare(out, locals_.table, local);
}

void PrinterNames::declare_field(TextWriter& out, wasm::TypeIndex type, uint32_t field) const {
  const auto found =
      std::ranges::lower_bound(fields_, type, {}, &decltype(fields_)::value_type::first);
  if (found != fields_.end() && found->first == type) declare(out, found->second, field);
}

// --- Functions and their blocks ---

void PrinterNames::enter_function(uint32_t function) {
  const auto load = [&](const std::vector<Inner>& names, Scope& scope, bool unique) {
    std::vector<IdTable::Entry> entries;
    if (!names.empty()) entries = entries_of(names, function);
    if (entries.empty() && scope.is_empty) return;
    scope.is_empty = entries.empty();
    scope.table.assign(std::move(entries), unique);
  };
  load(local_names_, locals_, true);
  load(label_names_, label_ids_, false);
  labels_.assign(1, {});
  visible_labels_.clear();
  blocks_ = 0;
}

void PrinterNames::open_block() {
  Label label{label_ids_.table.id(blocks_), ++blocks_, 0};
  if (!label.id.empty())
    label.shadowed = std::exchange(visible_labels_[label.id], static_cast<uint32_t>(depth()));
  labels_.push_back(label);
}

void PrinterNames::close_block() {
  const Label& label = labels_.back();
  if (!label.id.empty()) visible_labels_[label.id] = label.shadowed;
  labels_.pop_back();
}

// Called while the block is not open yet.
void PrinterNames::append_block_label(TextWriter& out) const {
  const std::string_view id = label_ids_.table.id(blocks_);
  out.append(' ');
  if (!id.empty()) {
    out.append(id);
    return;
  }
  out.append("(;@");
  out.append_decimal(blocks_ + 1);
  out.append(";)");
}

void PrinterNames::append_label(TextWriter& out, uint32_t label_index) const {
  if (label_index >= depth()) return out.append_decimal(label_index);  // not inside a function
  const size_t position = depth() - 1 - label_index;
  const Label& label = labels_[position];
  if (!label.id.empty() && visible_labels_.at(label.id) == position) return out.append(label.id);
  out.append_decimal(label_index);
  if (label.number == 0 || !label.id.empty()) return;
  out.append(" (;@");
  out.append_decimal(label.number);
  out.append(";)");
}

}  // namespace wrun::text
