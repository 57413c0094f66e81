#include "wrun/instance.hpp"

#include "api/convert.hpp"
#include "api/state.hpp"

namespace wrun {
namespace {

template <class Thing>
Thing* find(runtime::Instance& instance, std::string_view name) {
  auto found = instance.find_export(name);
  Thing** thing = found ? std::get_if<Thing*>(&*found) : nullptr;
  return thing == nullptr ? nullptr : *thing;
}

}  // namespace

Result<Memory> Memory::create(const Store& store, const MemoryType& type) {
  wasm::MemoryType internal;
  internal.limits = {.minimum = type.minimum, .maximum = type.maximum, .is_64 = type.is_64};
  internal.is_shared = type.is_shared;
  if (type.page_size == 1)
    internal.page_size_log2 = 0;
  else if (type.page_size != uint64_t{1} << internal.page_size_log2)
    return fail(Error::Kind::Usage, "the size of pages is 1 or 65536");
  if (type.is_shared && !type.maximum)
    return fail(Error::Kind::Usage, "a shared memory needs a maximum");
  if (type.maximum && type.minimum > *type.maximum)
    return fail(Error::Kind::Usage, "the minimum is greater than the maximum");
  const auto& state = Access::store(store);
  return Memory(state, WRUN_TRY(state->store->add_memory(internal)));
}

Result<Memory> Memory::share_with(const Store& other) const {
  if (!memory_->type().is_shared)
    return fail(Error::Kind::Usage, "only a shared memory can be in several stores");
  const auto& state = Access::store(other);
  if (state == store_) return *this;
  return Memory(state, state->store->add_memory(memory_->shared_from_this()));
}

MemoryType Memory::type() const { return to_public(memory_->type()); }
std::span<std::byte> Memory::bytes() const { return {memory_->base(), memory_->size()}; }
uint64_t Memory::size() const { return memory_->size(); }
uint64_t Memory::pages() const { return memory_->pages(); }
std::optional<uint64_t> Memory::grow(uint64_t delta_pages) const {
  return memory_->grow(delta_pages);
}

ValueType Global::type() const { return to_public(global_->type.content); }
bool Global::is_mutable() const { return global_->type.is_mutable; }

Value Global::get() const {
  return load_value(global_->type.content, global_->cell->slots, *store_);
}

Result<void> Global::set(const Value& value) const {
  if (!global_->type.is_mutable) return fail(Error::Kind::Usage, "the global is constant");
  return store_values({&value, 1}, {&global_->type.content, 1}, "value", *store_,
                      global_->cell->slots);
}

ValueType Table::element_type() const { return to_public(table_->type().element); }
uint64_t Table::size() const { return table_->size(); }

std::optional<Value> Table::get(uint64_t index) const {
  if (index >= table_->size()) return std::nullopt;
  return load_value(table_->type().element, &table_->view()->elements[index], *store_);
}

std::optional<uint64_t> Table::grow(uint64_t delta) const {
  if (!table_->type().element.nullable()) return std::nullopt;
  return table_->grow(delta, 0);
}

std::optional<Func> Instance::func(std::string_view name) const {
  auto* function = find<runtime::FuncRef>(*instance_, name);
  if (function == nullptr) return std::nullopt;
  return Access::make<Func>(store_, function);
}

std::optional<Memory> Instance::memory(std::string_view name) const {
  auto* memory = find<runtime::Memory>(*instance_, name);
  if (memory == nullptr) return std::nullopt;
  return Access::make<Memory>(store_, memory);
}

std::optional<Global> Instance::global(std::string_view name) const {
  auto* global = find<runtime::Global>(*instance_, name);
  if (global == nullptr) return std::nullopt;
  return Access::make<Global>(store_, global);
}

std::optional<Table> Instance::table(std::string_view name) const {
  auto* table = find<runtime::Table>(*instance_, name);
  if (table == nullptr) return std::nullopt;
  return Access::make<Table>(store_, table);
}

std::vector<ExportType> Instance::exports() const {
  const wasm::Module& module = instance_->module();
  std::vector<ExportType> exports;
  exports.reserve(module.exports.size());
  for (const wasm::Export& entry : module.exports)
    exports.push_back({std::string(entry.name), extern_type(module, entry.kind, entry.index)});
  return exports;
}

}  // namespace wrun
