#include "engine/optimizing_tier.hpp"

#include <cstring>

#include "codegen/compiler.hpp"
#include "engine/compile.hpp"
#include "engine/runtime_calls.hpp"

namespace wrun::engine {

OptimizingTier::OptimizingTier(const interp::InterpreterOptions& options) : interpreter_(options) {}

OptimizingTier::~OptimizingTier() {
  if (range_.accesses != nullptr) runtime::unregister_code_range(range_);
}

std::unique_ptr<OptimizingTier> OptimizingTier::create(const interp::InterpreterOptions& options) {
  std::unique_ptr<OptimizingTier> tier(new OptimizingTier(options));
  return tier->start() ? std::move(tier) : nullptr;
}

bool OptimizingTier::start() {
  if (!codegen::is_supported() || !memory_.reserve()) return false;
  const auto make = [](const std::byte* address) {
    return codegen::make_common_stubs(reinterpret_cast<uint64_t>(address),
                                      runtime_call_functions());
  };
  common_code_ = add_stubs(make, common_);
  if (common_code_ == nullptr) return false;
  for (const uint32_t offset : common_.runtime_calls)
    runtime_calls_.push_back(common_code_ + offset);
  runtime::install_fault_handler();
  range_ = runtime::register_code_range(memory_.begin(), memory_.end(), runtime::Faults::All,
                                        codegen::resume_at_trap_exit);
  return true;
}

template <class Make, class Stubs>
const std::byte* OptimizingTier::add_stubs(Make&& make, Stubs& stubs) {
  // Of the same size wherever it is.
  const auto pages = memory_.allocate(make(memory_.begin()).code.size());
  if (!pages) return nullptr;
  stubs = make(pages->data());
  std::memcpy(pages->data(), stubs.code.data(), stubs.code.size());
  return CodeMemory::seal(*pages) ? pages->data() : nullptr;
}

const OptimizingTier::Signature* OptimizingTier::signature(const wasm::FuncType& type,
                                                           uint32_t type_id) {
  const std::unique_lock lock(mutex_);
  if (const auto known = signatures_.find(type_id); known != signatures_.end())
    return &known->second;
  const void* call_function =
      reinterpret_cast<const void*>(interp::handler_table()[interp::Code::CallFunction]);
  Signature signature;
  signature.code = add_stubs(
      [&](const std::byte* address) {
        return codegen::make_signature_stubs(type, reinterpret_cast<uint64_t>(address),
                                             call_function);
      },
      signature.stubs);
  if (signature.code == nullptr) return nullptr;
  const Signature& kept = signatures_.emplace(type_id, std::move(signature)).first->second;
  signatures_by_address_[kept.code] = &kept;
  return &kept;
}

const OptimizingTier::Signature* OptimizingTier::set_adapter(runtime::FuncRef& function) {
  const Signature* stubs = signature(*function.type, function.type_id);
  function.adapter = function.entry =
      stubs == nullptr ? common_code_ + common_.no_adapter : stubs->code + stubs->stubs.adapter;
  return stubs;
}

void OptimizingTier::prepare_host_function(runtime::FuncRef& function) { set_adapter(function); }

void OptimizingTier::prepare(runtime::Instance& instance) {
  interpreter_.prepare(instance);
  runtime::VMContext& vm = instance.vm();
  vm.stack = &instance.store().stack();
  vm.memory0_base = vm.memory0->base;
  vm.trap_exit = common_code_ + common_.trap_exit;
  vm.foreign_call = common_code_ + common_.foreign_call;
  vm.interrupt_flag = &instance.store().interrupt_flag();
  vm.fuel = &instance.store().fuel;

  const wasm::Module& module = instance.module();
  const CompiledModule* compiled = compiled_module(instance);
  for (uint32_t i = module.imported_functions; i < module.functions.size(); ++i) {
    runtime::FuncRef& function = instance.function(i);
    const Signature* stubs = set_adapter(function);
    const void* entry = compiled == nullptr ? nullptr : compiled->entry(i);
    if (entry == nullptr) continue;
    function.entry = entry;
    if (stubs != nullptr) enter_from_interpreter(function, *stubs);
  }
}

// Functions of the module's other instances enter the code by what they share with this one.
void OptimizingTier::enter_from_interpreter(const runtime::FuncRef& function,
                                            const Signature& stubs) {
  auto& code = *static_cast<interp::FuncCode*>(function.code);
  auto* enter = const_cast<std::byte*>(stubs.code) + stubs.stubs.enter;
  code.module->replace(code, reinterpret_cast<interp::Handler>(enter), function.entry,
                       codegen::entry_stack_bytes(*function.type));
}

const CompiledModule* OptimizingTier::compiled_module(runtime::Instance& instance) {
  const wasm::Module& module = instance.module();
  if (module.functions.size() == module.imported_functions) return nullptr;
  const auto* key =
      static_cast<interp::FuncCode*>(instance.function(module.imported_functions).code)->module;
  const std::lock_guard compiling(compiling_);
  if (const auto known = modules_.find(key); known != modules_.end()) return known->second.compiled;
  auto linked = CompiledModule::link(
      compile_module(module, {.guarded_memory0 = key->access() == interp::Access::Guarded32,
                              .interruptible = key->options().interruptible,
                              .fuel = key->options().fuel_metering}),
      module.imported_functions, runtime_calls_, memory_);
  KnownModule& kept = modules_[key];
  kept.module = instance.shared_module();
  if (!linked) return nullptr;
  auto compiled = std::make_unique<CompiledModule>(std::move(*linked));
  const CompiledModule* result = compiled.get();
  kept.compiled = result;
  const std::unique_lock lock(mutex_);
  by_address_[result->begin()] = std::move(compiled);
  return result;
}

runtime::TrapCode OptimizingTier::call(runtime::Store& store, runtime::FuncRef& function,
                                       uint64_t* slots) {
  return interpreter_.call(store, function, slots);
}

runtime::CompiledPc OptimizingTier::find(const void* pc) const {
  const auto* address = static_cast<const std::byte*>(pc);
  if (address < memory_.begin() || address >= memory_.end()) return {};
  if (address == common_code_ + common_.no_adapter_trap) return {.trap = TrapCode::OutOfMemory};
  const std::shared_lock lock(mutex_);
  if (const auto after = by_address_.upper_bound(address); after != by_address_.begin())
    if (const CompiledModule& module = *std::prev(after)->second; address < module.end())
      return module.find(pc);
  const auto after = signatures_by_address_.upper_bound(address);
  if (after == signatures_by_address_.begin()) return {};
  const Signature& signature = *std::prev(after)->second;
  const auto offset = static_cast<uint64_t>(address - signature.code);
  return {
      .trap = offset == signature.stubs.overflow ? TrapCode::CallStackExhausted : TrapCode::None,
      .is_entry = offset + 1 == signature.stubs.enter_return,
      .is_return_word = offset == signature.stubs.return_word};
}

}  // namespace wrun::engine
