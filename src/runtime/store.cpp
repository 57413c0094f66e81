#include "runtime/store.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "runtime/import_matching.hpp"
#include "runtime/instance.hpp"

namespace wrun::runtime {

Store::Store(Executor& executor, wasm::TypeRegistry& types, const StoreLimits& limits)
    : executor_(executor),
      types_(types),
      limits_(limits),
      stack_(limits.stack_bytes),
      heap_(*this,
            {.maximum_bytes = limits.gc_heap_bytes, .collect_always = limits.collect_always}) {}

Store::~Store() = default;

FuncRef& Store::add_host_function(const wasm::FuncType& type, HostCallback callback,
                                  void* environment) {
  const wasm::FuncType& kept = keep_type(type);
  FuncRef& function = host_functions_.emplace_back();
  function.type_id = types_.function_type(kept);
  function.runtime_type = &types_.type(function.type_id);
  function.is_host = true;
  function.param_slots = kept.param_slots;
  function.result_slots = kept.result_slots;
  function.callback = callback;
  function.environment = environment;
  function.type = &kept;
  const auto [entry, adapter] = executor_.first_entries();
  function.entry = entry;
  function.adapter = adapter;
  return function;
}

Result<Memory*> Store::add_memory(const wasm::MemoryType& type) {
  Memory::Options options;
  options.maximum_bytes = limits_.memory_bytes;
  options.allow_guard = limits_.guarded_memories;
  options.others = memories_.size();
  return memories_.emplace_back(WRUN_TRY(Memory::create(type, options))).get();
}

Memory* Store::add_memory(std::shared_ptr<Memory> memory) {
  WRUN_ASSERT(memory->type().is_shared);
  return memories_.emplace_back(std::move(memory)).get();
}

Result<Table*> Store::add_table(const wasm::TableType& type, RefSlot init) {
  return tables_.emplace_back(WRUN_TRY(Table::create(type, init, limits_.table_elements))).get();
}

Global& Store::add_global(const wasm::GlobalType& type, GlobalCell value) {
  return add_global(type, &host_cells_.emplace_back(value));
}

Global& Store::add_global(const wasm::GlobalType& type, GlobalCell* cell) {
  return globals_.emplace_back(type, cell);
}

Tag& Store::add_tag(const wasm::FuncType& type) {
  const wasm::FuncType& kept = keep_type(type);
  return add_tag(types_.function_type(kept), kept);
}

Tag& Store::add_tag(uint32_t type_id, const wasm::FuncType& type) {
  return tags_.emplace_back(type_id, &type);
}

RefSlot Store::new_exception(const Tag& tag, const uint64_t* payload) {
  const uint32_t slots = tag.type->param_slots;
  return gc::to_reference(heap_.allocate_exception(&tag, payload, slots, payload + slots));
}

Instance& Store::add_instance(std::unique_ptr<Instance> instance) {
  return *instances_.emplace_back(std::move(instance));
}

uint64_t Store::memory_bytes() const {
  uint64_t bytes = 0;
  for (const std::shared_ptr<Memory>& memory : memories_) bytes += memory->size();
  return bytes;
}

size_t Store::object_count() const {
  return host_functions_.size() + globals_.size() + tags_.size() + memories_.size() +
         tables_.size() + instances_.size();
}

bool Store::reset() {
  trap_ = {};
  clear_interrupt();
  uncaught_exception = 0;
  host_references.clear();
  fuel = INT64_MAX;
  return call_depth_ == 0 && heap_.allocation_area().base == 0;
}

const wasm::FuncType& Store::keep_type(const wasm::FuncType& type) {
  wasm::FuncType& kept = host_types_.emplace_back(type);
  kept.count_slots();
  return kept;
}

std::expected<void, Trap> Store::call(FuncRef& function, uint64_t* slots, Instance* caller) {
  // A call from within a host function leaves what the outer call has reported so far alone.
  Trap outer = std::exchange(trap_, {});
  ++call_depth_;
  const TrapCode code = run(function, slots, caller);
  --call_depth_;

  std::expected<void, Trap> outcome;
  if (code != TrapCode::None) {
    trap_.code = code;
    if (trap_.message.empty()) trap_.message = trap_message(code);
    outcome = std::unexpected(trap_);
  }
  if (call_depth_ > 0) trap_ = std::move(outer);
  return outcome;
}

TrapCode Store::run(FuncRef& function, uint64_t* slots, Instance* caller) {
  if (call_depth_ > kMaxCallDepth) return TrapCode::CallStackExhausted;
  if (!function.is_host) return executor_.call(*this, function, slots);
  VMContext& vm = caller == nullptr ? host_instance().vm() : caller->vm();
  return function.callback(function.environment, vm, slots);
}

// --- Roots ---

TemporaryRoots::TemporaryRoots(Store& store) : store_(store), outer_(store.temporary_roots_) {
  store.temporary_roots_ = this;
}

TemporaryRoots::~TemporaryRoots() { store_.temporary_roots_ = outer_; }

void Store::mark_roots(gc::Marker& marker, const uint64_t* stack_end) {
  if (stack_end == nullptr) stack_end = stack_.frames;
  marker.mark_conservatively(stack_.bottom(), stack_end);
  marker.mark_conservatively(stack_.records, stack_.top());  // frames of compiled code
  for (const TemporaryRoots* roots = temporary_roots_; roots != nullptr; roots = roots->outer_)
    marker.mark_conservatively(roots->slots.data(), roots->slots.data() + roots->slots.size());
  marker.mark_conservatively(host_references.data(),
                             host_references.data() + host_references.size());
  marker.mark(uncaught_exception);
  for (const Global& global : globals_)
    if (types_.may_hold_object(global.type.content)) marker.mark(global.cell->slots[0]);
  for (const std::unique_ptr<Table>& table : tables_) {
    if (!types_.may_hold_object(table->type().element)) continue;
    const TableView& view = *table->view();
    for (uint64_t i = 0; i < view.size; ++i) marker.mark(view.elements[i]);
  }
  for (const std::unique_ptr<Instance>& instance : instances_) {
    const wasm::Module& module = instance->module();
    for (uint32_t i = 0; i < module.elements.size(); ++i) {
      if (!types_.may_hold_object(canonical_type(module, module.elements[i].type))) continue;
      for (const RefSlot reference : instance->elements(i)) marker.mark(reference);
    }
  }
}

Instance& Store::host_instance() {
  if (host_instance_ == nullptr)
    host_instance_.reset(new Instance(*this, std::make_shared<const wasm::Module>(), "host"));
  return *host_instance_;
}

}  // namespace wrun::runtime
