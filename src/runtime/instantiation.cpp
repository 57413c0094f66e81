// Instantiation (spec 4.7.2): check the imports, allocate, copy active segments, start.
#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "runtime/const_eval.hpp"
#include "runtime/import_matching.hpp"
#include "runtime/instance.hpp"
#include "runtime/signals.hpp"

namespace wrun::runtime {

class Instantiation {
 public:
  Instantiation(Store& store, Instance& instance)
      : store_(store), instance_(instance), module_(*instance.module_), vm_(instance.vm_) {}

  Result<void> allocate(std::span<const Extern> imports);
  Result<void> reset();
  Result<void> initialize();

 private:
  void reserve();
  void take_imports(std::span<const Extern> imports);
  void allocate_functions();
  Result<void> allocate_globals();
  Result<void> allocate_tables();
  Result<void> allocate_memories();
  void allocate_tags();
  Result<void> allocate_segments();
  void add_table(Table* table);
  void add_memory(Memory* memory);
  void add_global(Global* global);
  template <class T>
  T* in_context(size_t offset) {
    return reinterpret_cast<T*>(instance_.context_.get() + offset);
  }

  Result<RefSlot> element(const wasm::ElementSegment& segment, size_t index);
  Result<void> copy_elements(uint32_t index);
  Result<void> copy_data(uint32_t index);
  Result<uint64_t> evaluate_offset(const wasm::ConstExpr& expression, bool is_64);
  Result<void> run_start();
  Result<void> segment_trapped(TrapCode code, const char* kind, uint32_t index);
  Result<void> trapped(Trap trap);

  Store& store_;
  Instance& instance_;
  const wasm::Module& module_;
  VMContext& vm_;
};

Result<Instance*> Instance::instantiate(Store& store, std::shared_ptr<const wasm::Module> module,
                                        std::span<const Extern> imports, std::string name) {
  WRUN_CHECK_OK(check_imports(store.types(), *module, imports));
  if (store.instance_count() >= store.limits().instances)
    return fail(Error::Kind::Unsupported,
                "more than " + std::to_string(store.limits().instances) + " instances in a store");
  // The store keeps the instance even if instantiation fails from here on: tables of other instances
  // may already hold its functions.
  Instance& instance = store.add_instance(
      std::unique_ptr<Instance>(new Instance(store, std::move(module), std::move(name))));
  Instantiation instantiation(store, instance);
  WRUN_CHECK_OK(instantiation.allocate(imports));
  const auto prepared = store.executor().prepare(instance);
  instance.is_prepared_ = true;
  WRUN_CHECK_OK(prepared);
  WRUN_CHECK_OK(instantiation.initialize());
  return &instance;
}

Result<void> Instance::reset() { return Instantiation(store(), *this).reset(); }
Result<void> Instance::initialize() { return Instantiation(store(), *this).initialize(); }

std::optional<std::string> Instance::why_not_resettable(const wasm::Module& module) {
  for (const wasm::Import& import : module.imports) {
    const bool is_shared =
        import.kind == wasm::ExternKind::Memory || import.kind == wasm::ExternKind::Table ||
        (import.kind == wasm::ExternKind::Global && module.globals[import.index].type.is_mutable);
    if (is_shared)
      return "it imports `" + std::string(import.name) + "` from `" + std::string(import.module) +
             "`, which others may change";
  }
  for (const wasm::MemoryType& memory : module.memories)
    if (memory.is_shared) return "it has a shared memory";
  return std::nullopt;
}

// --- Allocation (spec 4.7.3) ---

Result<void> Instantiation::allocate(std::span<const Extern> imports) {
  reserve();
  take_imports(imports);
  allocate_functions();
  WRUN_CHECK_OK(allocate_memories());
  WRUN_CHECK_OK(allocate_globals());
  WRUN_CHECK_OK(allocate_tables());
  allocate_tags();
  WRUN_CHECK_OK(allocate_segments());
  return {};
}

// The arrays that vm_ points to never move once they have their sizes.
void Instantiation::reserve() {
  instance_.defined_functions_.reserve(module_.functions.size() - module_.imported_functions);
  instance_.functions_.reserve(module_.functions.size());
  instance_.memories_.reserve(module_.memories.size());
  instance_.memory_views_.reserve(module_.memories.size());
  instance_.tables_.reserve(module_.tables.size());
  instance_.table_views_.reserve(module_.tables.size());
  instance_.globals_.reserve(module_.globals.size());
  instance_.global_cells_.reserve(module_.globals.size());
  instance_.tags_.reserve(module_.tags.size());
  vm_.functions = instance_.functions_.data();
  vm_.memories = instance_.memory_views_.data();
  vm_.tables = instance_.table_views_.data();
  vm_.globals = instance_.global_cells_.data();
  vm_.types = module_.runtime_types.data();
  vm_.tags = instance_.tags_.data();
  std::ranges::copy(module_.canonical_types, in_context<uint32_t>(instance_.layout_.type_id(0)));
}

void Instantiation::take_imports(std::span<const Extern> imports) {
  for (const Extern& import : imports) {
    switch (static_cast<wasm::ExternKind>(import.index())) {
      case wasm::ExternKind::Func:
        instance_.functions_.push_back(std::get<FuncRef*>(import));
        break;
      case wasm::ExternKind::Table:  add_table(std::get<Table*>(import)); break;
      case wasm::ExternKind::Memory: add_memory(std::get<Memory*>(import)); break;
      case wasm::ExternKind::Global: add_global(std::get<Global*>(import)); break;
      case wasm::ExternKind::Tag:    instance_.tags_.push_back(std::get<Tag*>(import)); break;
    }
  }
}

void Instantiation::allocate_functions() {
  const auto count = static_cast<uint32_t>(module_.functions.size());
  const auto [entry, adapter] = store_.executor().first_entries();
  for (uint32_t index = module_.imported_functions; index < count; ++index) {
    const wasm::TypeIndex type_index = module_.functions[index].type;
    const wasm::FuncType& type = module_.types[type_index].func;
    FuncRef& function = instance_.defined_functions_.emplace_back(
        FuncRef{.runtime_type = module_.runtime_types[type_index],
                .type_id = module_.canonical_types[type_index],
                .param_slots = type.param_slots,
                .result_slots = type.result_slots,
                .vm = &vm_,
                .type = &type,
                .function_index = index,
                .entry = entry,
                .adapter = adapter});
    instance_.functions_.push_back(&function);
  }
}

Result<void> Instantiation::allocate_memories() {
  for (size_t i = module_.imported_memories; i < module_.memories.size(); ++i)
    add_memory(WRUN_TRY(store_.add_memory(module_.memories[i])));

  const auto is_guarded = [](const Memory* memory) {
    return memory->kind() == MemoryKind::Guarded;
  };
  if (std::ranges::any_of(instance_.memories_, is_guarded)) install_fault_handler();

  const wasm::Export* exported = module_.find_export("memory");
  if (exported != nullptr && exported->kind == wasm::ExternKind::Memory)
    instance_.default_memory_ = instance_.memory_views_[exported->index];
  return {};
}

Result<void> Instantiation::allocate_globals() {
  for (size_t i = module_.imported_globals; i < module_.globals.size(); ++i) {
    const wasm::Global& global = module_.globals[i];
    auto* cell = in_context<GlobalCell>(instance_.layout_.global_cell(static_cast<uint32_t>(i)));
    *cell = WRUN_TRY(evaluate_const(module_, global.init, vm_));
    add_global(&store_.add_global(canonical_type(module_, global.type), cell));
  }
  return {};
}

Result<void> Instantiation::allocate_tables() {
  for (size_t i = module_.imported_tables; i < module_.tables.size(); ++i) {
    const wasm::Table& table = module_.tables[i];
    GlobalCell init;
    if (table.init) init = WRUN_TRY(evaluate_const(module_, *table.init, vm_));
    const wasm::TableType type = canonical_type(module_, table.type);
    add_table(WRUN_TRY(store_.add_table(type, init.slots[0])));
  }
  return {};
}

void Instantiation::allocate_tags() {
  for (size_t i = module_.imported_tags; i < module_.tags.size(); ++i) {
    const wasm::TypeIndex type = module_.tags[i].type;
    instance_.tags_.push_back(
        &store_.add_tag(module_.canonical_types[type], module_.types[type].func));
  }
}

// Active and declarative segments are dropped by the end of instantiation; only passive ones need
// their references kept.
Result<void> Instantiation::allocate_segments() {
  instance_.dropped_data_.resize(module_.data.size());
  instance_.element_segments_.resize(module_.elements.size());
  for (size_t i = 0; i < module_.elements.size(); ++i) {
    const wasm::ElementSegment& segment = module_.elements[i];
    if (segment.mode != wasm::SegmentMode::Passive) continue;
    std::vector<RefSlot>& references = instance_.element_segments_[i];
    references.reserve(segment.size());
    for (size_t k = 0; k < segment.size(); ++k) references.push_back(WRUN_TRY(element(segment, k)));
  }
  return {};
}

void Instantiation::add_table(Table* table) {
  const auto index = static_cast<uint32_t>(instance_.tables_.size());
  *in_context<TableView*>(instance_.layout_.table_view(index)) = table->view();
  *in_context<RefSlot*>(instance_.layout_.table_elements(index)) = table->view()->elements;
  instance_.tables_.push_back(table);
  instance_.table_views_.push_back(table->view());
}

void Instantiation::add_memory(Memory* memory) {
  if (instance_.memories_.empty()) vm_.memory0 = memory->view();
  instance_.memories_.push_back(memory);
  instance_.memory_views_.push_back(memory->view());
}

void Instantiation::add_global(Global* global) {
  instance_.globals_.push_back(global);
  instance_.global_cells_.push_back(global->cell);
}

// --- Back to the beginning ---

// Functions, tags and what is imported are as they were.
Result<void> Instantiation::reset() {
  for (size_t i = module_.imported_memories; i < module_.memories.size(); ++i)
    if (!instance_.memories_[i]->reset())
      return fail(Error::Kind::Unsupported, "the host does not give the memory's pages back");
  for (size_t i = module_.imported_globals; i < module_.globals.size(); ++i)
    *instance_.globals_[i]->cell = WRUN_TRY(evaluate_const(module_, module_.globals[i].init, vm_));
  for (size_t i = module_.imported_tables; i < module_.tables.size(); ++i) {
    GlobalCell init;
    if (module_.tables[i].init)
      init = WRUN_TRY(evaluate_const(module_, *module_.tables[i].init, vm_));
    instance_.tables_[i]->reset(init.slots[0]);
  }
  instance_.dropped_data_.assign(module_.data.size(), false);
  for (std::vector<RefSlot>& references : instance_.element_segments_) references.clear();
  store_.executor().reset(instance_);
  return allocate_segments();
}

// --- Active segments and the start function ---

Result<void> Instantiation::initialize() {
  for (uint32_t i = 0; i < module_.elements.size(); ++i)
    if (module_.elements[i].mode == wasm::SegmentMode::Active) WRUN_CHECK_OK(copy_elements(i));
  for (uint32_t i = 0; i < module_.data.size(); ++i)
    if (module_.data[i].mode == wasm::SegmentMode::Active) WRUN_CHECK_OK(copy_data(i));
  if (module_.start) WRUN_CHECK_OK(run_start());
  return {};
}

Result<RefSlot> Instantiation::element(const wasm::ElementSegment& segment, size_t index) {
  if (!segment.functions.empty()) return to_ref(vm_.functions[segment.functions[index]]);
  return WRUN_TRY(evaluate_const(module_, segment.expressions[index], vm_)).slots[0];
}

// Like table.init, but without a copy of the references in between.
Result<void> Instantiation::copy_elements(uint32_t index) {
  const wasm::ElementSegment& segment = module_.elements[index];
  const TableView& table = *vm_.tables[segment.table];
  const bool is_64 = module_.tables[segment.table].type.limits.is_64;
  const uint64_t to = WRUN_TRY(evaluate_offset(segment.table_offset, is_64));
  const size_t count = segment.size();
  if (count > table.size || to > table.size - count)
    return segment_trapped(TrapCode::OutOfBoundsTableAccess, "element", index);
  if (!segment.functions.empty()) {
    std::ranges::transform(segment.functions, table.elements + to,
                           [&](uint32_t function) { return to_ref(vm_.functions[function]); });
    return {};
  }
  for (size_t i = 0; i < count; ++i) table.elements[to + i] = WRUN_TRY(element(segment, i));
  return {};
}

Result<void> Instantiation::copy_data(uint32_t index) {
  const wasm::DataSegment& segment = module_.data[index];
  if (instance_.data_is_in_place_) {
    instance_.data_drop(index);
    return {};
  }
  const bool is_64 = module_.memories[segment.memory].limits.is_64;
  const uint64_t to = WRUN_TRY(evaluate_offset(segment.memory_offset, is_64));
  const TrapCode code = instance_.memory_init(segment.memory, index, to, 0, segment.size);
  if (code != TrapCode::None) return segment_trapped(code, "data", index);
  instance_.data_drop(index);
  return {};
}

Result<uint64_t> Instantiation::evaluate_offset(const wasm::ConstExpr& expression, bool is_64) {
  const uint64_t offset = WRUN_TRY(evaluate_const(module_, expression, vm_)).slots[0];
  return is_64 ? offset : static_cast<uint32_t>(offset);
}

Result<void> Instantiation::run_start() {
  uint64_t no_arguments[1] = {0};
  auto outcome = store_.call(*vm_.functions[*module_.start], no_arguments, &instance_);
  if (!outcome) return trapped(std::move(outcome).error());
  return {};
}

Result<void> Instantiation::segment_trapped(TrapCode code, const char* kind, uint32_t index) {
  Trap trap;
  trap.code = code;
  trap.message = trap_message(code);
  trap.message += std::string(": ") + kind + " segment " + std::to_string(index);
  return trapped(std::move(trap));
}

Result<void> Instantiation::trapped(Trap trap) {
  Error error;
  error.kind = trap.code == TrapCode::Exit ? Error::Kind::Exit : Error::Kind::Trap;
  error.message = trap.message;
  error.trap = std::make_shared<const Trap>(trap);
  store_.last_trap() = std::move(trap);
  return std::unexpected(std::move(error));
}

}  // namespace wrun::runtime
