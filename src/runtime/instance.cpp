#include "runtime/instance.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"

namespace wrun::runtime {
namespace {

constexpr bool fits(uint64_t offset, uint64_t count, uint64_t size) {
  return count <= size && offset <= size - count;
}

// Stands in for memory 0 where there is none.
constinit MemoryView no_memory;

}  // namespace

Instance::Instance(Store& store, std::shared_ptr<const wasm::Module> module, std::string name)
    : module_(std::move(module)),
      layout_(*module_),
      context_(std::make_unique<std::byte[]>(layout_.bytes())),
      vm_(*new(context_.get()) VMContext),
      name_(std::move(name)) {
  vm_.memory0 = &no_memory;
  vm_.store = &store;
  vm_.instance = this;
  vm_.allocation = &store.heap().allocation_area();
}

Instance::~Instance() {
  if (is_prepared_) vm_.store->executor().release(*this);
}

std::optional<Extern> Instance::find_export(std::string_view name) {
  const wasm::Export* found = module_->find_export(name);
  if (found == nullptr) return std::nullopt;
  return get(found->kind, found->index);
}

Extern Instance::get(wasm::ExternKind kind, uint32_t index) {
  switch (kind) {
    case wasm::ExternKind::Func:   return functions_[index];
    case wasm::ExternKind::Table:  return tables_[index];
    case wasm::ExternKind::Memory: return memories_[index];
    case wasm::ExternKind::Global: return globals_[index];
    case wasm::ExternKind::Tag:    return tags_[index];
  }
  WRUN_UNREACHABLE();
}

std::span<const std::byte> Instance::data(uint32_t segment) const {
  if (dropped_data_[segment]) return {};
  return module_->contents(module_->data[segment]);
}

std::span<const RefSlot> Instance::elements(uint32_t segment) const {
  // Instantiation may collect before it has come to the segments.
  if (segment >= element_segments_.size()) return {};
  return element_segments_[segment];
}

TrapCode Instance::memory_init(uint32_t memory, uint32_t segment, uint64_t to, uint32_t from,
                               uint32_t count) {
  const std::span<const std::byte> source = data(segment);
  const MemoryView& target = *memory_views_[memory];
  if (!fits(from, count, source.size()) || !fits(to, count, target.size()))
    return TrapCode::OutOfBoundsMemoryAccess;
  if (count != 0) std::memcpy(target.base + to, source.data() + from, count);
  return TrapCode::None;
}

void Instance::data_drop(uint32_t segment) { dropped_data_[segment] = true; }

TrapCode Instance::table_init(uint32_t table, uint32_t segment, uint64_t to, uint32_t from,
                              uint32_t count) {
  const std::span<const RefSlot> source = elements(segment);
  const TableView& target = *table_views_[table];
  if (!fits(from, count, source.size()) || !fits(to, count, target.size))
    return TrapCode::OutOfBoundsTableAccess;
  std::copy_n(source.data() + from, count, target.elements + to);
  return TrapCode::None;
}

void Instance::elem_drop(uint32_t segment) {
  std::vector<RefSlot>().swap(element_segments_[segment]);
}

TrapCode Instance::table_copy(uint32_t to_table, uint32_t from_table, uint64_t to, uint64_t from,
                              uint64_t count) {
  const TableView& target = *table_views_[to_table];
  const TableView& source = *table_views_[from_table];
  if (!fits(from, count, source.size) || !fits(to, count, target.size))
    return TrapCode::OutOfBoundsTableAccess;
  if (count != 0)
    std::memmove(target.elements + to, source.elements + from, count * sizeof(RefSlot));
  return TrapCode::None;
}

TrapCode Instance::table_fill(uint32_t table, uint64_t to, RefSlot value, uint64_t count) {
  const TableView& target = *table_views_[table];
  if (!fits(to, count, target.size)) return TrapCode::OutOfBoundsTableAccess;
  std::fill_n(target.elements + to, count, value);
  return TrapCode::None;
}

template <class T>
TrapCode Instance::memory_wait(uint32_t memory, const T* place, T expected, int64_t nanoseconds,
                               uint32_t& outcome) {
  ParkingLot* lot = memories_[memory]->parking_lot();
  if (lot == nullptr) return TrapCode::ExpectedSharedMemory;
  const ParkingLot::Outcome result =
      lot->wait(place, expected, nanoseconds, store().parker(), store().interrupt_flag());
  if (result == ParkingLot::Outcome::Interrupted) return TrapCode::Interrupted;
  outcome = static_cast<uint32_t>(result);
  return TrapCode::None;
}

template TrapCode Instance::memory_wait(uint32_t, const uint32_t*, uint32_t, int64_t, uint32_t&);
template TrapCode Instance::memory_wait(uint32_t, const uint64_t*, uint64_t, int64_t, uint32_t&);

uint32_t Instance::memory_notify(uint32_t memory, const void* place, uint32_t count) {
  ParkingLot* lot = memories_[memory]->parking_lot();
  return lot == nullptr ? 0 : lot->notify(place, count);
}

}  // namespace wrun::runtime
