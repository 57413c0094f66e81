#include "wasm/type_registry.hpp"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/assert.hpp"

namespace wrun::wasm {

namespace {

// The rest is for the types of host functions.
constexpr uint32_t kMaxTypesOfModules = HeapType::kMaxIndices - 100'000;

// A recursive group as a sequence of words in which other types are named by their canonical ids
// and members of the group by their position in it: equal groups give equal keys.
class GroupKey {
 public:
  GroupKey(std::span<const uint32_t> canonical, uint32_t first)
      : canonical_(canonical), first_(first) {}

  void add(const SubType& type) {
    add_word(static_cast<uint32_t>(type.kind) | (type.is_final ? 4u : 0u) |
             (type.is_shared ? 8u : 0u) | (type.supertype ? 16u : 0u) |
             (type.descriptor ? 32u : 0u) | (type.described ? 64u : 0u));
    for (const std::optional<TypeIndex>& other : {type.supertype, type.descriptor, type.described})
      if (other) add_index(*other);
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
    add_word(ValType::ref(HeapType::concrete(0, type.heap().is_exact()), type.nullable()).bits());
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

// By id, in blocks of growing size that never move.
class TypeTable {
 public:
  uint32_t size() const { return size_; }
  CanonicalType& operator[](uint32_t id) const {
    const uint32_t position = id + kFirstBlock;
    const auto block = static_cast<int>(std::bit_width(position) - std::bit_width(kFirstBlock));
    return blocks_[block][position - (kFirstBlock << block)];
  }
  CanonicalType& add() {
    const uint32_t position = size_ + kFirstBlock;
    const auto block = static_cast<int>(std::bit_width(position) - std::bit_width(kFirstBlock));
    if (blocks_[block] == nullptr)
      blocks_[block] = std::make_unique<CanonicalType[]>(kFirstBlock << block);
    CanonicalType& type = (*this)[size_];
    type.id = size_++;
    return type;
  }

 private:
  static constexpr uint32_t kFirstBlock = 64;
  std::unique_ptr<CanonicalType[]> blocks_[std::bit_width(HeapType::kMaxIndices / kFirstBlock) + 1];
  uint32_t size_ = 0;
};

CanonicalType::Kind kind_of(SubType::Kind kind) {
  switch (kind) {
    case SubType::Kind::Func:   return CanonicalType::Kind::Func;
    case SubType::Kind::Struct: return CanonicalType::Kind::Struct;
    case SubType::Kind::Array:  return CanonicalType::Kind::Array;
  }
  return CanonicalType::Kind::Func;
}

}  // namespace

struct TypeRegistry::Impl {
  std::mutex mutex;
  std::unordered_map<std::u32string, uint32_t, KeyHash> groups;  // to the first id
  TypeTable types;
  // What lies above types: one array for all types directly below the same one, by its id.
  std::unordered_map<uint32_t, std::unique_ptr<const CanonicalType*[]>> chains;

  bool find_or_add(std::span<const SubType> definitions, uint32_t first, uint32_t count,
                   std::vector<uint32_t>& canonical, uint32_t limit);
  void define(CanonicalType& type, const SubType& definition, std::span<const uint32_t> canonical);
  void set_supertype(CanonicalType& type, const CanonicalType& super);
  void lay_out_struct(CanonicalType& type, bool described);
  bool may_hold_object(ValType type) const;
};

void TypeRegistry::Impl::define(CanonicalType& type, const SubType& definition,
                                std::span<const uint32_t> canonical) {
  if (definition.supertype) set_supertype(type, types[canonical[*definition.supertype]]);
  for (const FieldType& field : definition.fields) {
    ValType storage = field.storage;
    if (storage.is_ref() && storage.heap().is_concrete()) {
      const HeapType heap = storage.heap();
      storage = ValType::ref(HeapType::concrete(canonical[heap.index()], heap.is_exact()),
                             storage.nullable());
    }
    type.fields.push_back({storage, kArrayHeaderBytes, may_hold_object(storage)});
  }
  if (type.kind == CanonicalType::Kind::Struct)
    lay_out_struct(type, definition.descriptor.has_value());
  else if (type.kind == CanonicalType::Kind::Array)
    type.element_log2 = width_log2(type.fields[0].storage);
}

void TypeRegistry::Impl::set_supertype(CanonicalType& type, const CanonicalType& super) {
  std::unique_ptr<const CanonicalType*[]>& chain = chains[super.id];
  if (chain == nullptr) {
    chain = std::make_unique<const CanonicalType*[]>(super.depth + size_t{1});
    std::copy_n(super.supertypes, super.depth, chain.get());
    chain[super.depth] = &super;
  }
  type.depth = static_cast<uint8_t>(super.depth + 1);
  type.supertypes = chain.get();
}

// Fields in order, each at a multiple of its size (but at most 8): those that a supertype has as well
// are where they are there. The descriptor is ahead of the fields of the topmost type that has it.
void TypeRegistry::Impl::lay_out_struct(CanonicalType& type, bool described) {
  uint32_t end = kObjectHeaderBytes;
  size_t inherited = 0;
  if (type.depth > 0) {
    const CanonicalType& super = *type.supertypes[type.depth - 1];
    inherited = std::min(super.fields.size(), type.fields.size());
    for (size_t i = 0; i < inherited; ++i) type.fields[i].offset = super.fields[i].offset;
    type.descriptor_offset = super.descriptor_offset;
    end = super.bytes;
  }
  if (described && type.descriptor_offset == 0) {
    type.descriptor_offset = end;
    end += sizeof(uint64_t);
  }
  for (CanonicalType::Field& field : std::span(type.fields).subspan(inherited)) {
    const uint32_t bytes = uint32_t{1} << width_log2(field.storage);
    const uint32_t alignment = std::min<uint32_t>(bytes, sizeof(uint64_t));
    field.offset = (end + alignment - 1) & ~(alignment - 1);
    end = field.offset + bytes;
  }
  type.bytes = (end + 7) & ~7u;
  if (type.descriptor_offset != 0) type.references.push_back(type.descriptor_offset);
  for (const CanonicalType::Field& field : type.fields)
    if (field.may_hold_object) type.references.push_back(field.offset);
}

bool TypeRegistry::Impl::may_hold_object(ValType type) const {
  if (!type.is_ref()) return false;
  const HeapType heap = type.heap();
  if (heap.is_concrete()) return types[heap.index()].kind != CanonicalType::Kind::Func;
  return heap != HeapType::Abstract::Func && heap != HeapType::Abstract::NoFunc;
}

// False: there would be more than `limit` types.
bool TypeRegistry::Impl::find_or_add(std::span<const SubType> definitions, uint32_t first,
                                     uint32_t count, std::vector<uint32_t>& canonical,
                                     uint32_t limit) {
  if (count == 0) return true;
  const std::span<const SubType> group = definitions.subspan(first, count);
  GroupKey key(canonical, first);
  for (const SubType& type : group) key.add(type);
  std::u32string words = key.take();

  const std::unique_lock lock(mutex);
  const auto found = groups.find(words);
  const bool is_new = found == groups.end();
  if (is_new && types.size() + uint64_t{count} > limit) return false;
  const uint32_t id = is_new ? types.size() : found->second;
  for (uint32_t i = 0; i < count; ++i) canonical.push_back(id + i);
  if (!is_new) return true;
  groups.emplace(std::move(words), id);
  for (const SubType& type : group) types.add().kind = kind_of(type.kind);
  for (uint32_t i = 0; i < count; ++i) define(types[id + i], group[i], canonical);
  return true;
}

TypeRegistry::TypeRegistry() : impl_(std::make_unique<Impl>()) {}
TypeRegistry::~TypeRegistry() = default;

bool TypeRegistry::canonicalize_group(std::span<const SubType> types, uint32_t first,
                                      uint32_t count, std::vector<uint32_t>& canonical) {
  return impl_->find_or_add(types, first, count, canonical, kMaxTypesOfModules);
}

uint32_t TypeRegistry::function_type(const FuncType& type) {
  SubType sub_type;
  sub_type.func = type;
  std::vector<uint32_t> canonical;
  WRUN_CHECK(impl_->find_or_add({&sub_type, 1}, 0, 1, canonical, HeapType::kMaxIndices));
  return canonical[0];
}

const CanonicalType& TypeRegistry::type(uint32_t id) const { return impl_->types[id]; }

bool TypeRegistry::may_hold_object(ValType type) const { return impl_->may_hold_object(type); }

bool TypeRegistry::is_subtype(uint32_t sub, uint32_t super) const {
  return type(sub).is_below(type(super));
}

}  // namespace wrun::wasm
