// Instance: an instantiated module (spec 4.2.6), with its memories, globals and tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wrun/error.hpp"
#include "wrun/func.hpp"
#include "wrun/module.hpp"
#include "wrun/store.hpp"
#include "wrun/value.hpp"

namespace wrun {

namespace runtime {
class Instance;
class Memory;
class Table;
struct Global;
}  // namespace runtime

// A linear memory. Its bytes never move, so that a span stays valid, but for the bytes that are
// added later, as long as any handle into the store lives. A handle, like Func. The bytes of a shared
// memory may change at any time: access them by atomic operations, and read nothing twice.
class Memory {
 public:
  // Fails with Kind::Usage for a type that is not valid, and Unsupported beyond the store's limits.
  static Result<Memory> create(const Store& store, const MemoryType& type);
  // The same memory in another store, whose thread may then use it. Fails with Kind::Usage if it is
  // not shared.
  Result<Memory> share_with(const Store& other) const;

  MemoryType type() const;
  std::span<std::byte> bytes() const;
  uint64_t size() const;   // bytes
  uint64_t pages() const;  // of 64 KiB, unless the memory's type says otherwise
  // The previous size in pages, or nothing when a limit or the host refuses.
  std::optional<uint64_t> grow(uint64_t delta_pages) const;

 private:
  friend struct Access;
  Memory(std::shared_ptr<detail::StoreState> store, runtime::Memory* memory)
      : store_(std::move(store)), memory_(memory) {}
  std::shared_ptr<detail::StoreState> store_;
  runtime::Memory* memory_;
};

// A global variable. A handle, like Func.
class Global {
 public:
  ValueType type() const;
  bool is_mutable() const;
  Value get() const;
  // Fails with Kind::Usage if the global is constant or the value has another type.
  Result<void> set(const Value& value) const;

 private:
  friend struct Access;
  Global(std::shared_ptr<detail::StoreState> store, runtime::Global* global)
      : store_(std::move(store)), global_(global) {}
  std::shared_ptr<detail::StoreState> store_;
  runtime::Global* global_;
};

// A table of references. A handle, like Func.
class Table {
 public:
  ValueType element_type() const;
  uint64_t size() const;
  std::optional<Value> get(uint64_t index) const;  // nothing beyond the end
  // The previous size, or nothing when a limit or the host refuses; new elements are null.
  std::optional<uint64_t> grow(uint64_t delta) const;

 private:
  friend struct Access;
  Table(std::shared_ptr<detail::StoreState> store, runtime::Table* table)
      : store_(std::move(store)), table_(table) {}
  std::shared_ptr<detail::StoreState> store_;
  runtime::Table* table_;
};

// A handle, like Func.
class Instance {
 public:
  // Exports by name; nothing if there is none of that kind.
  std::optional<Func> func(std::string_view name) const;
  std::optional<Memory> memory(std::string_view name) const;
  std::optional<Global> global(std::string_view name) const;
  std::optional<Table> table(std::string_view name) const;
  std::vector<ExportType> exports() const;

 private:
  friend struct Access;
  Instance(std::shared_ptr<detail::StoreState> store, runtime::Instance* instance)
      : store_(std::move(store)), instance_(instance) {}
  std::shared_ptr<detail::StoreState> store_;
  runtime::Instance* instance_;
};

}  // namespace wrun
