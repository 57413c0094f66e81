#include "wasm/type_registry.hpp"

#include <unistd.h>

#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

namespace wrun::wasm {

namespace {

constexpr uint32_t kNone = UINT32_MAX;

// A recursive group as a sequence of words in which other types are named by their canonical ids
// and members of the group by their position in it: equal groups give equal keys.
class GroupKey {
 public:
  GroupKey(std::span<const uint32_t> canonical, uint32_t first)
      : canonical_(canonical), first_(first) {}

  void add(const SubType& type) {
    add_word(static_cast<uint32_t>(type.kind) | (type.is_final ? 4u : 0u) |
             (type.is_shared ? 8u : 0u) | (type.supertype ? 16u : 0u));
    if (type.supertype) add_index(*type.supertype);
    if (type.kind == SubType::Kind::Func) {
      add_list(type.func.params);
      add_list(type.func.results);
    } else {
      add_word(static_cast<uint32_t>(type.fields.size()));
      for (const FieldType& field : type.fields) {
        add_word(field.is_mutable);
        add_type(field.storage);
      }
    }
  }

  std::u32string take() { return std::move(words_); }

 private:
  void add_word(uint32_t word) { words_.push_back(word); }
  void add_index(TypeIndex index) {
    const bool in_group = index >= first_;
    add_word(in_group);
    add_word(in_group ? index - first_ : canonical_[index]);
  }
  void add_type(ValType type) {
    if (!type.is_ref() || !type.heap().is_concrete()) return add_word(type.bits());
    // No other type has these bits: the index is told apart from abstract heap types by them.
    add_word(ValType::ref(HeapType::concrete(0), type.nullable()).bits());
    add_index(type.heap().index());
  }
  void add_list(const std::vector<ValType>& types) {
    add_word(static_cast<uint32_t>(types.size()));
    for (ValType type : types) add_type(type);
  }

  std::span<const uint32_t> canonical_;
  uint32_t first_;
  std::u32string words_;
};

// Seeded, so that no module can be made of types that collide.
struct KeyHash {
  uint64_t seed = 0;

  KeyHash() {
    if (getentropy(&seed, sizeof seed) != 0) seed = reinterpret_cast<uintptr_t>(this);
  }
  size_t operator()(const std::u32string& key) const {
    uint64_t hash = seed;
    for (char32_t word : key) {
      const auto product = static_cast<unsigned __int128>(hash ^ word) * 0x9e3779b97f4a7c15;
      hash = static_cast<uint64_t>(product >> 64) ^ static_cast<uint64_t>(product);
    }
    return hash;
  }
};

}  // namespace

struct TypeRegistry::Impl {
  std::shared_mutex mutex;
  std::unordered_map<std::u32string, uint32_t, KeyHash> groups;  // to the first id
  std::vector<uint32_t> supertypes;                              // by id; kNone: none
  std::vector<SubType::Kind> kinds;                              // by id

  // The first id of the group with this key, and whether it is a new one, to which the caller adds
  // the supertypes and kinds.
  std::pair<uint32_t, bool> find_or_add(std::u32string key) {
    const auto next = static_cast<uint32_t>(supertypes.size());
    const auto [entry, added] = groups.try_emplace(std::move(key), next);
    return {entry->second, added};
  }
};

TypeRegistry::TypeRegistry() : impl_(std::make_unique<Impl>()) {}
TypeRegistry::~TypeRegistry() = default;

void TypeRegistry::canonicalize_group(std::span<const SubType> types, uint32_t first,
                                      uint32_t count, std::vector<uint32_t>& canonical) {
  if (count == 0) return;
  GroupKey key(canonical, first);
  for (const SubType& type : types.subspan(first, count)) key.add(type);

  const std::unique_lock lock(impl_->mutex);
  const auto [id, added] = impl_->find_or_add(key.take());
  for (uint32_t i = 0; i < count; ++i) canonical.push_back(id + i);
  if (!added) return;
  for (const SubType& type : types.subspan(first, count)) {
    impl_->supertypes.push_back(type.supertype ? canonical[*type.supertype] : kNone);
    impl_->kinds.push_back(type.kind);
  }
}

uint32_t TypeRegistry::function_type(const FuncType& type) {
  SubType sub_type;
  sub_type.func = type;
  std::vector<uint32_t> canonical;
  canonicalize_group({&sub_type, 1}, 0, 1, canonical);
  return canonical[0];
}

bool TypeRegistry::is_subtype(uint32_t sub, uint32_t super) const {
  if (sub == super) return true;
  const std::shared_lock lock(impl_->mutex);
  for (uint32_t id = impl_->supertypes[sub]; id != kNone; id = impl_->supertypes[id])
    if (id == super) return true;
  return false;
}

SubType::Kind TypeRegistry::kind(uint32_t type) const {
  const std::shared_lock lock(impl_->mutex);
  return impl_->kinds[type];
}

}  // namespace wrun::wasm
