#include "text/symbols.hpp"

#include <unistd.h>

#include <cstring>
#include <utility>

#include "text/literals.hpp"

namespace wrun::text {

namespace {

// Differs between processes, so that nobody can write names that collide.
uint64_t seed() {
  static const uint64_t value = [] {
    uint64_t random = 0;
    if (getentropy(&random, sizeof random) != 0) random = reinterpret_cast<uintptr_t>(&random);
    return random;
  }();
  return value;
}

uint32_t hash_of(std::string_view name, uint32_t scope) {
  uint64_t hash = seed() ^ scope;
  size_t rest = name.size();
  const char* bytes = name.data();
  const auto mix = [&hash](uint64_t word) {
    const auto product = static_cast<unsigned __int128>(hash ^ word) * 0x9e3779b97f4a7c15;
    hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  for (; rest >= 8; rest -= 8, bytes += 8) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    mix(word);
  }
  uint64_t word = 0;
  std::memcpy(&word, bytes, rest);
  mix(word ^ (uint64_t{name.size()} << 56));
  return static_cast<uint32_t>(hash >> 16);
}

}  // namespace

uint32_t SymbolTable::find_slot(std::string_view name, uint32_t scope, uint32_t hash) const {
  const uint32_t mask = static_cast<uint32_t>(slots_.size()) - 1;
  for (uint32_t slot = hash & mask;; slot = (slot + 1) & mask) {
    if (slots_[slot] == 0) return slot;
    const Entry& entry = entries_[slots_[slot] - 1];
    if (entry.hash == hash && entry.scope == scope && entry.name == name) return slot;
  }
}

void SymbolTable::grow() {
  slots_.assign(slots_.empty() ? 16 : slots_.size() * 2, 0);
  for (uint32_t i = 0; i < entries_.size(); ++i)
    slots_[find_slot(entries_[i].name, entries_[i].scope, entries_[i].hash)] = i + 1;
}

void SymbolTable::insert(const Entry& entry) {
  if (2 * (entries_.size() + 1) > slots_.size()) grow();
  entries_.push_back(entry);
  slots_[find_slot(entry.name, entry.scope, entry.hash)] = static_cast<uint32_t>(entries_.size());
}

bool SymbolTable::add(std::string_view name, uint32_t index, uint32_t scope) {
  const uint32_t hash = hash_of(name, scope);
  if (!slots_.empty() && slots_[find_slot(name, scope, hash)] != 0) return false;
  insert({name, scope, index, hash});
  return true;
}

std::optional<uint32_t> SymbolTable::find(std::string_view name, uint32_t scope) const {
  if (entries_.empty()) return std::nullopt;
  const uint32_t slot = slots_[find_slot(name, scope, hash_of(name, scope))];
  if (slot == 0 || entries_[slot - 1].index == kUnbound) return std::nullopt;
  return entries_[slot - 1].index;
}

std::optional<uint32_t> SymbolTable::exchange(std::string_view name,
                                              std::optional<uint32_t> index) {
  const uint32_t hash = hash_of(name, 0);
  if (slots_.empty()) grow();
  const uint32_t slot = slots_[find_slot(name, 0, hash)];
  if (slot == 0) {
    insert({name, 0, index.value_or(kUnbound), hash});
    return std::nullopt;
  }
  const uint32_t before = std::exchange(entries_[slot - 1].index, index.value_or(kUnbound));
  return before == kUnbound ? std::nullopt : std::optional(before);
}

void SymbolTable::clear() {
  // The last first: nothing that is still there was put behind it while it was in the way.
  for (; !entries_.empty(); entries_.pop_back()) {
    const Entry& entry = entries_.back();
    slots_[find_slot(entry.name, entry.scope, entry.hash)] = 0;
  }
}

std::string_view Names::of_string(std::string_view spelling) {
  if (spelling.find('\\') == spelling.npos) return spelling.substr(1, spelling.size() - 2);
  std::string& name = unescaped_.emplace_back();
  append_string(spelling, name);
  return name;
}

std::string_view Names::of_id(std::string_view spelling) {
  spelling.remove_prefix(1);
  return spelling.starts_with('"') ? of_string(spelling) : spelling;
}

}  // namespace wrun::text
