#include "wrun/linker.hpp"

#include "api/convert.hpp"
#include "api/state.hpp"

namespace wrun {

struct Linker::State {
  explicit State(const Store& handle) : store(Access::store(handle)), linker(*store->store) {}

  std::shared_ptr<detail::StoreState> store;
  runtime::Linker linker;
  std::vector<runtime::HostFunctionSource*> sources;
};

namespace {

// How the runtime calls a host function. An error becomes the trap that ends the guest.
runtime::TrapCode call_host_function(void* environment, runtime::VMContext& caller,
                                     uint64_t* slots) {
  auto& host = *static_cast<detail::HostFunctionState*>(environment);
  Caller handle = Access::make<Caller>(host.store, caller.instance);
  auto result = host.function(handle, slots);
  if (result) [[likely]]
    return runtime::TrapCode::None;
  runtime::Store& store = *host.store.store;
  const Error& error = result.error();
  if (error.kind == Error::Kind::Exit && error.trap != nullptr) {
    store.set_exit(error.trap->exit_status);
    return runtime::TrapCode::Exit;
  }
  store.set_host_error(error.message);
  // A trap of guest code that the host function called stays what it is.
  return error.trap != nullptr ? error.trap->code : runtime::TrapCode::HostError;
}

}  // namespace

std::span<std::byte> Caller::memory() const {
  const runtime::MemoryView* memory = instance_->default_memory();
  if (memory == nullptr) return {};
  return {memory->base, memory->size()};
}

Store Caller::store() const { return Access::make<Store>(store_.shared_from_this()); }
bool Caller::interrupted() const { return store_.store->interrupted(); }

std::unexpected<Error> exit_guest(uint32_t status) {
  Trap trap;
  trap.code = TrapCode::Exit;
  trap.exit_status = status;
  return std::unexpected(to_error(std::move(trap)));
}

Linker::Linker(const Store& store) : state_(std::make_unique<State>(store)) {}
Linker::~Linker() = default;
Linker::Linker(Linker&&) noexcept = default;
Linker& Linker::operator=(Linker&&) noexcept = default;

namespace {

// Forgets the references that a host function was given when it returns.
class HostReferences {
 public:
  explicit HostReferences(runtime::Store& store)
      : references_(store.host_references), before_(references_.size()) {}
  ~HostReferences() { references_.resize(std::min(before_, references_.size())); }
  HostReferences(const HostReferences&) = delete;
  HostReferences& operator=(const HostReferences&) = delete;

 private:
  std::vector<runtime::RefSlot>& references_;
  size_t before_;
};

}  // namespace

void Linker::define_slot_function(std::string_view module, std::string_view name,
                                  const FuncType& type, detail::SlotFunction function) {
  detail::StoreState& store = *state_->store;
  detail::HostFunctionState& host = store.host_functions.emplace_back(store, std::move(function));
  state_->linker.define(
      module, name, &store.store->add_host_function(*to_internal(type), call_host_function, &host));
}

Result<void> Linker::define_func(std::string_view module, std::string_view name,
                                 const FuncType& type, DynamicFunction function) {
  const auto internal = to_internal(type);
  if (!internal) return fail(Error::Kind::Usage, "a host function cannot have type " + type.text());
  auto on_slots = [type = *internal, function = std::move(function), store = state_->store.get()](
                      Caller& caller, uint64_t* slots) -> Result<void> {
    const HostReferences references(*store->store);
    const std::vector<Value> arguments = load_values(type.params, slots, *store);
    const std::vector<Value> results = WRUN_TRY(function(caller, arguments));
    return store_values(results, type.results, "result", *store, slots);
  };
  define_slot_function(module, name, type, std::move(on_slots));
  return {};
}

void Linker::define(std::string_view module, std::string_view name, const Func& function) {
  state_->linker.define(module, name, &Access::function(function));
}
void Linker::define(std::string_view module, std::string_view name, const Memory& memory) {
  state_->linker.define(module, name, &Access::memory(memory));
}
void Linker::define(std::string_view module, std::string_view name, const Global& global) {
  state_->linker.define(module, name, &Access::global(global));
}
void Linker::define(std::string_view module, std::string_view name, const Table& table) {
  state_->linker.define(module, name, &Access::table(table));
}
void Linker::define_instance(std::string_view module, const Instance& instance) {
  state_->linker.define_instance(module, Access::instance(instance));
}

Store Linker::store() const { return Access::make<Store>(state_->store); }

void Linker::define_wasi(const Wasi& wasi) {
  const std::shared_ptr<detail::WasiState>& kept =
      state_->store->wasis.emplace_back(Access::wasi(wasi));
  state_->sources.push_back(kept->wasi.get());
  state_->linker.add_source(*kept->wasi);
}

std::vector<ImportType> Linker::missing_imports(const Module& handle) const {
  const wasm::Module& module = *Access::module(handle).module;
  const auto provided = [&](const wasm::Import& import) {
    if (state_->linker.find(import.module, import.name)) return true;
    if (import.kind != wasm::ExternKind::Func) return false;
    runtime::HostFunction function;
    for (runtime::HostFunctionSource* source : state_->sources)
      if (source->find(import.module, import.name, function)) return true;
    return false;
  };
  std::vector<ImportType> missing;
  for (const wasm::Import& import : module.imports)
    if (!provided(import))
      missing.push_back({std::string(import.module), std::string(import.name),
                         extern_type(module, import.kind, import.index)});
  return missing;
}

Result<Instance> Linker::instantiate(const Module& handle, std::string name) {
  const detail::ModuleState& module = Access::module(handle);
  if (&Access::engine(module.engine) != &Access::engine(state_->store->owner))
    return fail(Error::Kind::Usage, "the module and the store are of different engines");
  runtime::Instance* instance =
      WRUN_TRY(state_->linker.instantiate(module.module, std::move(name)));
  return Access::make<Instance>(state_->store, instance);
}

}  // namespace wrun
