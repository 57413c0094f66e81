#include "engine/optimizing_tier.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "cache/code_image.hpp"
#include "codegen/abi.hpp"
#include "codegen/compiler.hpp"
#include "engine/compile.hpp"
#include "runtime/instance.hpp"

namespace wrun::engine {

namespace {

// Another loop of a function may have to be hot so often until it is compiled as well: the first one may be
// the inner loop that is come to again and again.
constexpr uint32_t kMissesOfLoop = 8;
// Rounds of a loop until it is looked whether its code is there.
constexpr int32_t kRoundsOfHotLoop = 256;

ir::BuildOptions build_options(const interp::ModuleCode& code) {
  return {.guarded_memory0 = code.access() == interp::Access::Guarded32,
          .interruptible = code.options().interruptible,
          .fuel = code.options().fuel_metering,
          .canonical_nans = code.options().canonical_nans,
          .profile = code.options().count_heat ? &code : nullptr};
}

// Of an instance with functions.
interp::ModuleCode& code_of(runtime::Instance& instance) {
  return *static_cast<interp::ModuleCode*>(instance.code());
}

// Of an instance that is prepared.
TieredModule& tiered_module(const interp::ModuleCode& code) {
  return *static_cast<TieredModule*>(code.tier_up_record);
}

void make_entry(runtime::VMContext* vm, runtime::FuncRef* function) {
  vm->store->executor().make_entry(*function);
}
void make_adapter(runtime::VMContext* vm, runtime::FuncRef* function) {
  vm->store->executor().make_adapter(*function);
}

}  // namespace

TieredModule::TieredModule(interp::ModuleCode& of_code, TierStubs& stubs, CodeMemory& memory)
    : code(of_code),
      module(of_code.module()),
      options(build_options(of_code)),
      compiled(static_cast<uint32_t>(module.functions.size()), module.imported_functions,
               stubs.runtime_calls(), memory) {}

OptimizingTier::OptimizingTier(interp::InterpreterOptions options, const TieringOptions& tiering)
    : tiering_(tiering),
      interpreter_([&] {
        options.tier_up = this;
        options.count_heat = !tiering.compile_before_start;
        return options;
      }()),
      queue_(tiering.threads, [this](const CompileRequest& request) { compile(request); }) {}

OptimizingTier::~OptimizingTier() {
  if (range_.accesses != nullptr) runtime::unregister_code_range(range_);
}

std::unique_ptr<OptimizingTier> OptimizingTier::create(interp::InterpreterOptions options,
                                                       const TieringOptions& tiering) {
  std::unique_ptr<OptimizingTier> tier(new OptimizingTier(options, tiering));
  return tier->start() ? std::move(tier) : nullptr;
}

bool OptimizingTier::start() {
  if (!codegen::is_supported() || !memory_.reserve()) return false;
  const TierStubs::FirstCallHelpers first_call = {
      .make_entry = reinterpret_cast<const void*>(&engine::make_entry),
      .make_adapter = reinterpret_cast<const void*>(&engine::make_adapter)};
  if (!stubs_.start(memory_, first_call)) return false;
  runtime::install_fault_handler();
  range_ = runtime::register_code_range(memory_.begin(), memory_.end(), runtime::Faults::All,
                                        codegen::resume_at_trap_exit);
  return true;
}

// --- instances

// What is not compiled, is entered by its adapter until it is.
void OptimizingTier::make_entry(runtime::FuncRef& function) {
  if (!function.is_host)
    if (const void* code =
            tiered_module(code_of(*function.vm->instance)).compiled.entry(function.function_index))
      return stubs_.set_entry(function, code);
  stubs_.set_adapter(function);
  stubs_.set_entry(function, function.adapter);
}

void OptimizingTier::make_adapter(runtime::FuncRef& function) { stubs_.set_adapter(function); }

Result<void> OptimizingTier::prepare(runtime::Instance& instance) {
  WRUN_CHECK_OK(interpreter_.prepare(instance));
  runtime::VMContext& vm = instance.vm();
  vm.stack = &instance.store().stack();
  vm.memory0_base = vm.memory0->base;
  vm.interrupt_flag = &instance.store().interrupt_flag();
  vm.fuel = &instance.store().fuel;
  stubs_.set_context(vm);

  const wasm::Module& module = instance.module();
  if (module.source != nullptr)
    if (const cache::CodeImage& image = *module.source->code(); image.memory.bytes != 0)
      WRUN_CHECK(map_memory(instance, image.file, image.memory));
  const auto functions = static_cast<uint32_t>(module.functions.size());
  if (functions == module.imported_functions) return {};
  TieredModule& tiered = prepare_module(instance);
  const std::lock_guard lock(tiered.mutex);
  tiered.instances.push_back(&instance);
  tiered.map_data(instance);
  if (tiered.batches.empty() && module.source != nullptr && module.code_bytes().empty())
    return fail(
        Error::Kind::Unsupported,
        "the compiled code cannot run here: it needs a guard region behind memory, or room "
        "for code, which the host refuses; and the file does not contain the module itself");
  return {};
}

void OptimizingTier::reset(runtime::Instance& instance) {
  if (instance.code() == nullptr || instance.data_is_in_place()) return;
  TieredModule& tiered = tiered_module(code_of(instance));
  const std::lock_guard lock(tiered.mutex);
  tiered.map_data(instance);
}

void TieredModule::map_data(runtime::Instance& instance) {
  if (!std::exchange(was_instantiated, true)) return;
  if (!std::exchange(has_looked_for_data, true)) data = SharedMemoryImage::create(module);
  if (data != nullptr) data->map(instance);
}

void OptimizingTier::release(runtime::Instance& instance) {
  const wasm::Module& module = instance.module();
  if (module.functions.size() == module.imported_functions) return;
  TieredModule& tiered = tiered_module(code_of(instance));
  const std::lock_guard lock(tiered.mutex);
  std::erase(tiered.instances, &instance);
}

TieredModule& OptimizingTier::prepare_module(runtime::Instance& instance) {
  interp::ModuleCode& code = code_of(instance);
  const std::lock_guard lock(compiling_);
  std::unique_ptr<TieredModule>& known = modules_[&code];
  if (known == nullptr) {
    known = std::make_unique<TieredModule>(code, stubs_, memory_);
    code.tier_up_record = known.get();
    if (known->module.source != nullptr) map_code(*known);
    if (tiering_.compile_before_start && known->batches.empty()) compile_all(*known);
  }
  return *known;
}

void OptimizingTier::forget(interp::ModuleCode& code) {
  std::unique_ptr<TieredModule> forgotten;
  {
    const std::lock_guard lock(compiling_);
    const auto known = modules_.find(&code);
    if (known == modules_.end()) return;
    forgotten = std::move(known->second);
    modules_.erase(known);
  }
  queue_.forget(*forgotten);
  const std::unique_lock lock(mutex_);
  for (const CodeBatch* batch : forgotten->batches) {
    if (tiering_.symbols != nullptr) tiering_.symbols->remove(*batch);
    batches_.erase(batch->begin());
  }
}

// --- compiling

void OptimizingTier::compile_all(TieredModule& module) {
  add_code(module, compile_module(module.module, module.options, tiering_.diagnostics));
}

void OptimizingTier::compile(const CompileRequest& request) {
  TieredModule& module = *request.module;
  auto code = compile_unit(
      module.module, request.unit, module.options, [this] { return queue_.is_stopping(); },
      tiering_.diagnostics);
  if (!code) return;
  std::vector<CompiledUnit> units;
  units.push_back({request.unit, std::move(*code)});
  add_code(module, std::move(units));
}

void OptimizingTier::keep(TieredModule& module, std::unique_ptr<CodeBatch> batch) {
  const CodeBatch& kept = *batch;
  if (tiering_.symbols != nullptr) tiering_.symbols->add(module.module, kept);
  {
    const std::unique_lock lock(mutex_);
    batches_[kept.begin()] = std::move(batch);
  }
  const std::lock_guard lock(module.mutex);
  module.batches.push_back(&kept);
  module.compiled.publish(kept);
}

// What was compiled before, if it accesses memory 0 like this. The interpreter finds it function by function.
void OptimizingTier::map_code(TieredModule& module) {
  const cache::CodeImage& image = *module.module.source->code();
  if (image.guarded_memory0 != module.options.guarded_memory0) return;
  if (auto mapped = module.compiled.map(image)) keep(module, std::move(mapped));
}

bool OptimizingTier::enters_compiled(interp::FuncCode& function) {
  TieredModule& module = tiered_module(*function.module);
  const void* entry = module.compiled.entry(function.function_index);
  return entry != nullptr && enter_from_interpreter(module, function.function_index, entry);
}

// Functions of the module's other instances enter the code by what they share with this one.
void OptimizingTier::add_code(TieredModule& module, std::vector<CompiledUnit> units) {
  auto linked = module.compiled.link(std::move(units));
  if (linked == nullptr) return;
  const CodeBatch& batch = *linked;
  keep(module, std::move(linked));
  const std::lock_guard lock(module.mutex);
  for (size_t i = 0; i < batch.size(); ++i) {
    const auto [unit, entry, bytes] = batch.entry(i);
    if (unit.entry_loop != 0) continue;
    for (runtime::Instance* instance : module.instances)
      __atomic_store_n(&instance->function(unit.function_index).entry, entry, __ATOMIC_RELEASE);
    enter_from_interpreter(module, unit.function_index, entry);
  }
}

const TierStubs::Signature* OptimizingTier::signature(const wasm::Module& module,
                                                      uint32_t function_index) {
  const uint32_t type_id = module.canonical_types[module.functions[function_index].type];
  return stubs_.signature(module.func_type(function_index), type_id);
}

bool OptimizingTier::enter_from_interpreter(TieredModule& module, uint32_t function_index,
                                            const void* entry) {
  const wasm::FuncType& type = module.module.func_type(function_index);
  const TierStubs::Signature* stubs = signature(module.module, function_index);
  if (stubs == nullptr) return false;
  auto* enter = const_cast<std::byte*>(stubs->code) + stubs->stubs.enter;
  module.code.replace(module.code.function(function_index),
                      reinterpret_cast<interp::Handler>(enter), entry,
                      codegen::entry_stack_bytes(type));
  return true;
}

// --- tiering up

void OptimizingTier::function_is_hot(interp::FuncCode& function) {
  function.give_heat(tiering_.initial_heat);
  queue_.request({&tiered_module(*function.module), {.function_index = function.function_index}});
}

bool TieredModule::wants_loop(const CompilationUnit& unit) {
  const std::lock_guard lock(mutex);
  Loops& known = loops[unit.function_index];
  const uint32_t loop = unit.entry_loop;
  if (known.requested != loop && (known.requested == 0 || ++known.missed == kMissesOfLoop))
    known = {.requested = loop};
  return known.requested == loop;
}

interp::TierUp::LoopEntry OptimizingTier::loop_is_hot(interp::FuncCode& function, uint32_t offset) {
  function.give_heat(std::min(tiering_.initial_heat, kRoundsOfHotLoop));
  TieredModule& module = tiered_module(*function.module);
  const CompilationUnit unit = {function.function_index, offset};
  const bool can_enter = offset != 0;
  if (can_enter && module.wants_loop(unit)) queue_.request({&module, unit});
  if (!can_enter || __atomic_load_n(&function.calls, __ATOMIC_RELAXED) > 1)
    queue_.request({&module, {.function_index = function.function_index}});
  const void* code = can_enter ? module.compiled.loop_entry(unit) : nullptr;
  const TierStubs::Signature* stubs =
      code == nullptr ? nullptr : signature(module.module, function.function_index);
  if (stubs == nullptr) return {};
  auto* enter = const_cast<std::byte*>(stubs->code) + stubs->stubs.enter_loop;
  return {reinterpret_cast<interp::Handler>(enter), code,
          codegen::entry_stack_bytes(module.module.func_type(function.function_index))};
}

// Where instances access memory 0 in different ways, they have different code: the one that ran more counts.
wasm::Counts OptimizingTier::counts(const wasm::Module& module) {
  const auto heat = [](const wasm::Counts& counts) {
    uint64_t sum = 0;
    for (const wasm::FunctionCounts& function : counts.functions) sum += function.heat;
    return sum;
  };
  const std::lock_guard lock(compiling_);
  wasm::Counts hottest;
  for (const auto& [code, tiered] : modules_) {
    if (&tiered->module != &module) continue;
    wasm::Counts counts = code->counts();
    if (heat(counts) >= heat(hottest)) hottest = std::move(counts);
  }
  return hottest;
}

// --- running

runtime::TrapCode OptimizingTier::call(runtime::Store& store, runtime::FuncRef& function,
                                       uint64_t* slots) {
  return interpreter_.call(store, function, slots);
}

runtime::CompiledPc OptimizingTier::find(const void* pc) const {
  const auto* address = static_cast<const std::byte*>(pc);
  if (address < memory_.begin() || address >= memory_.end()) return {};
  {
    const std::shared_lock lock(mutex_);
    if (const auto after = batches_.upper_bound(address); after != batches_.begin())
      if (const CodeBatch& batch = *std::prev(after)->second; address < batch.end())
        return batch.find(pc);
  }
  return stubs_.find(address);
}

}  // namespace wrun::engine
