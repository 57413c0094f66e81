#include "wrun/store.hpp"

#include <algorithm>
#include <atomic>

#include "api/state.hpp"

namespace wrun {
namespace detail {
namespace {

uint64_t next_store_id() {
  static constinit std::atomic<uint64_t> last = 0;
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

runtime::StoreLimits to_internal(const Limits& limits) {
  runtime::StoreLimits out;
  out.memory_bytes = limits.memory_bytes;
  out.table_elements = limits.table_elements;
  out.stack_bytes = limits.stack_bytes;
  out.gc_heap_bytes = limits.gc_heap_bytes;
  out.instances = limits.instances;
  return out;
}

}  // namespace

StoreState::StoreState(const Engine& engine, const Limits& limits)
    : owner(engine),
      id(next_store_id()),
      store(Access::engine(engine).new_store(to_internal(limits))) {}

}  // namespace detail

Store::Store(const Engine& engine, const Limits& limits)
    : state_(std::make_shared<detail::StoreState>(engine, limits)) {}

void Store::interrupt() { state_->store->interrupt(); }
void Store::clear_interrupt() { state_->store->clear_interrupt(); }

void Store::set_fuel(uint64_t units) {
  state_->store->fuel = static_cast<int64_t>(std::min<uint64_t>(units, INT64_MAX));
}

uint64_t Store::fuel() const {
  return static_cast<uint64_t>(std::max<int64_t>(state_->store->fuel, 0));
}

void Store::release_references() { state_->store->host_references.clear(); }
void Store::collect_garbage() { state_->store->heap().collect(); }
void Store::on_collection(std::function<void(const Collection&)> observer) {
  state_->store->heap().on_collection = std::move(observer);
}

uint64_t Store::memory_bytes() const { return state_->store->memory_bytes(); }

}  // namespace wrun
