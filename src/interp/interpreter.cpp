#include "interp/interpreter.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "base/processor.hpp"
#include "interp/backtrace.hpp"
#include "interp/element_traps.hpp"
#include "interp/handler.hpp"
#include "interp/translator.hpp"
#include "runtime/fault_context.hpp"
#include "runtime/signals.hpp"

namespace wrun::interp {

// The groups of handlers, each a handlers_*.cpp.
#define WRUN_HANDLER_GROUPS(X) \
  X(integer) X(float) X(memory) X(control) X(profile) X(simd) X(exception) X(atomic) X(wide) X(gc)

#define WRUN_DECLARE_GROUP(group) void add_##group##_handlers(HandlerTable& table);
#define WRUN_DECLARE_HANDLERS(isa)        \
  namespace isa {                         \
  WRUN_HANDLER_GROUPS(WRUN_DECLARE_GROUP) \
  }
WRUN_DECLARE_HANDLERS(baseline)
#if defined(WRUN_HAVE_ISA_V3)
WRUN_DECLARE_HANDLERS(v3)
#endif

namespace {

// Return addresses that are not in any function.
struct FixedCode {
  Handler exit_activation;
  Handler switch_back;
};
FixedCode fixed_code;

HandlerTable make_handler_table() {
  HandlerTable table;
#define WRUN_ADD_V3(group) v3::add_##group##_handlers(table);
#define WRUN_ADD_BASELINE(group) baseline::add_##group##_handlers(table);
#if defined(WRUN_HAVE_ISA_V3)
  if (processor_has_x86_64_v3()) {
    WRUN_HANDLER_GROUPS(WRUN_ADD_V3)
  } else
#endif
  {
    WRUN_HANDLER_GROUPS(WRUN_ADD_BASELINE)
  }
  fixed_code = {table[Code::ExitActivation], table[Code::SwitchBack]};
  return table;
}

// Handlers that rely on the guard find the pc in its register when they fault, which holds for
// preserve_none.
#if defined(__clang__) && !defined(WRUN_NO_GUARDED_HANDLERS)
constexpr bool kGuardedHandlers = true;

extern "C" const std::byte __start_wrun_guarded_handlers[];  // made by the linker
extern "C" const std::byte __stop_wrun_guarded_handlers[];

WRUN_HANDLER void memory_fault(WRUN_STATE_PARAMETERS) {
  r0 = static_cast<uint64_t>(TrapCode::OutOfBoundsMemoryAccess);
  WRUN_TAIL_CALL trap_exit(WRUN_STATE);
}

void install_guard_handling() {
  [[maybe_unused]] static const bool installed = [] {
    runtime::register_code_range(__start_wrun_guarded_handlers, __stop_wrun_guarded_handlers,
                                 runtime::Faults::GuardedMemory, [](ucontext_t* context) {
                                   runtime::program_counter(*context) =
                                       reinterpret_cast<uintptr_t>(memory_fault);
                                 });
    runtime::install_fault_handler();
    return true;
  }();
}
#else
constexpr bool kGuardedHandlers = false;
void install_guard_handling() {}
#endif

Access access_of(runtime::Instance& instance) {
  if (instance.module().memories.empty()) return Access::Checked32;
  const runtime::Memory& memory = instance.memory(0);
  if (memory.type().limits.is_64) return Access::Checked64;
  return kGuardedHandlers && memory.kind() == runtime::MemoryKind::Guarded ? Access::Guarded32
                                                                           : Access::Checked32;
}

}  // namespace

const HandlerTable& handler_table() {
  static const HandlerTable table = make_handler_table();
  return table;
}

Pc exit_code() { return reinterpret_cast<Pc>(&fixed_code.exit_activation); }
Pc switch_back_code() { return reinterpret_cast<Pc>(&fixed_code.switch_back); }

WRUN_HANDLER void trap_exit(WRUN_STATE_PARAMETERS) {
  runtime::Stack& stack = vm->store->stack();
  stack.exit_code = static_cast<TrapCode>(r0);
  stack.exit_was_compiled = false;
  stack.exit_pc = pc;
  stack.exit_records = sp;
  stack.exit_frame = fp;
  stack.exit_vm = vm;
}

void translate_function(FuncCode& code) {
  TierUp* tier_up = code.module->options().tier_up;
  if (tier_up == nullptr || !tier_up->enters_compiled(code)) code.module->translate(code);
}

ModuleCode::ModuleCode(std::shared_ptr<const wasm::Module> module, const wasm::TypeRegistry& types,
                       Access access, const InterpreterOptions& options)
    : module_(std::move(module)), types_(types), access_(access), options_(options) {
  const size_t count = module_->functions.size() - module_->imported_functions;
  functions_.reset(static_cast<FuncCode*>(std::calloc(count, sizeof(FuncCode))));
  WRUN_CHECK(functions_ != nullptr || count == 0);
}

void ModuleCode::make(FuncCode& code, uint32_t index) {
  const std::lock_guard lock(making_);
  if (code.module != nullptr) return;
  code.translate = handler_table()[Code::Translate];
  code.entry = reinterpret_cast<Pc>(&code.translate);
  code.function_index = index;
  if (options_.count_heat) code.give_heat(options_.tier_up->initial_heat());
  __atomic_store_n(&code.module, this, __ATOMIC_RELEASE);
}

FuncCode& make_code(runtime::FuncRef& function) {
  auto& module = *static_cast<ModuleCode*>(function.vm->instance->code());
  FuncCode& code = module.function(function.function_index);
  function.code = &code;
  return code;
}

void ModuleCode::translate(FuncCode& function) {
  const std::lock_guard lock(mutex_);
  if (function.begin != nullptr) return;
  Translator translator(*this, function.function_index);
  translator.translate();
  const std::vector<uint64_t>& words = translator.words();
  const std::vector<FuncCode::OffsetEntry>& offsets = translator.offsets();
  const std::vector<ExceptionHandler>& handlers = translator.handlers();
  const size_t code_bytes = words.size() * sizeof(uint64_t);
  const size_t offset_bytes = offsets.size() * sizeof(FuncCode::OffsetEntry);
  const size_t handler_bytes = handlers.size() * sizeof(ExceptionHandler);
  const std::vector<uint32_t>& counted_calls = translator.counted_calls();
  const size_t call_bytes = counted_calls.size() * sizeof(uint32_t);
  auto block = std::make_unique_for_overwrite<std::byte[]>(code_bytes + offset_bytes +
                                                           handler_bytes + call_bytes);
  std::memcpy(block.get(), words.data(), code_bytes);
  if (offset_bytes != 0) std::memcpy(block.get() + code_bytes, offsets.data(), offset_bytes);
  std::byte* handler_table = block.get() + code_bytes + offset_bytes;
  if (handler_bytes != 0) std::memcpy(handler_table, handlers.data(), handler_bytes);
  std::byte* call_table = handler_table + handler_bytes;
  if (call_bytes != 0) std::memcpy(call_table, counted_calls.data(), call_bytes);

  function.begin = block.get();
  function.code_bytes = static_cast<uint32_t>(code_bytes);
  function.offsets = reinterpret_cast<const FuncCode::OffsetEntry*>(block.get() + code_bytes);
  function.offset_count = static_cast<uint32_t>(offsets.size());
  function.handlers = reinterpret_cast<const ExceptionHandler*>(handler_table);
  function.handler_count = static_cast<uint32_t>(handlers.size());
  function.counted_calls = reinterpret_cast<const uint32_t*>(call_table);
  function.counted_call_count = static_cast<uint32_t>(counted_calls.size());
  __atomic_store_n(&function.frame_bytes, translator.frame_bytes(), __ATOMIC_RELAXED);
  by_address_.emplace(function.begin, &function);
  blocks_.push_back(std::move(block));
  __atomic_store_n(&function.entry, function.begin + translator.entry_word() * sizeof(uint64_t),
                   __ATOMIC_RELEASE);
}

void ModuleCode::replace(FuncCode& function, Handler enter, const void* compiled,
                         uint64_t frame_bytes) {
  const std::lock_guard lock(mutex_);
  if (function.compiled == compiled) return;  // for another instance
  function.enter_compiled = enter;
  function.compiled = compiled;
  __atomic_store_n(&function.frame_bytes, std::max(function.frame_bytes, frame_bytes),
                   __ATOMIC_RELAXED);
  __atomic_store_n(&function.entry, reinterpret_cast<Pc>(&function.enter_compiled),
                   __ATOMIC_RELEASE);
}

const FuncCode* ModuleCode::find(Pc pc) {
  const size_t count = module_->functions.size() - module_->imported_functions;
  const auto* first = reinterpret_cast<Pc>(functions_.get());
  if (pc >= first && pc < first + count * sizeof(FuncCode))
    return &functions_[static_cast<size_t>(pc - first) / sizeof(FuncCode)];
  const std::lock_guard lock(mutex_);
  auto after = by_address_.upper_bound(pc);
  if (after == by_address_.begin()) return nullptr;
  const FuncCode* code = std::prev(after)->second;
  return pc < code->begin + code->code_bytes ? code : nullptr;
}

const FuncCode* find_code(const VMContext& vm, Pc pc) {
  auto* module = static_cast<ModuleCode*>(vm.instance->code());
  return module == nullptr ? nullptr : module->find(pc);
}

// Where the frames of the interpreter ended that the trap left behind.
static uint64_t* frames_end(const runtime::Stack& stack) {
  if (stack.exit_was_compiled) return stack.frames;
  const FuncCode* code = find_code(*stack.exit_vm, static_cast<Pc>(stack.exit_pc));
  return stack.exit_frame + (code == nullptr ? 0 : code->frame_size() / sizeof(uint64_t));
}

// After a trap: what the frames from `first` on referred to must not stay alive because the next
// activation has its frames there.
static void clear_frames(const runtime::Stack& stack, uint64_t* first) {
  const auto* records = static_cast<const uint64_t*>(stack.exit_records);
  const uint64_t* end = std::min<const uint64_t*>(frames_end(stack), records);
  std::fill(first, std::max(first, const_cast<uint64_t*>(end)), 0);
}

Interpreter::Interpreter(const InterpreterOptions& options) : options_(options) {}
Interpreter::~Interpreter() = default;

ModuleCode& Interpreter::code_for(runtime::Instance& instance, Access access) {
  const std::shared_ptr<const wasm::Module>& module = instance.shared_module();
  const std::lock_guard lock(mutex_);
  std::unique_ptr<ModuleCode>& code = modules_[{module.get(), access}];
  if (code == nullptr) {
    // Code of modules that nobody else keeps any more has no instances left to run it.
    std::erase_if(modules_, [&](const auto& entry) {
      if (entry.second == nullptr || !entry.second->is_last_owner()) return false;
      if (options_.tier_up != nullptr) options_.tier_up->forget(*entry.second);
      return true;
    });
    modules_[{module.get(), access}] =
        std::make_unique<ModuleCode>(module, instance.store().types(), access, options_);
  }
  return *modules_[{module.get(), access}];
}

Result<void> Interpreter::prepare(runtime::Instance& instance) {
  const Access access = access_of(instance);
  if (access == Access::Guarded32) install_guard_handling();
  const wasm::Module& module = instance.module();
  if (module.functions.size() == module.imported_functions) return {};
  instance.set_code(&code_for(instance, access));
  return {};
}

// Runs handlers until one returns. They preserve no register, not even one by which a frame of variable size, which
// the sanitizer makes, could be found again: this one has nothing of its own.
[[gnu::noinline]] static void run(Pc entry, uint64_t* fp, VMContext* vm, Record* sp) {
  (*reinterpret_cast<const Handler*>(entry))(entry, fp, vm->memory0->base, vm, sp, 0, 0, 0, V128{});
}

runtime::TrapCode Interpreter::call(runtime::Store& store, runtime::FuncRef& function,
                                    uint64_t* slots) {
  runtime::Stack& stack = store.stack();
  if (!stack.ensure_mapped()) return TrapCode::OutOfMemory;
  const FuncCode* code = &make_code(function);
  uint64_t* fp = stack.frames;
  auto* sp = reinterpret_cast<Record*>(stack.records);
  const Pc entry = __atomic_load_n(&code->entry, __ATOMIC_ACQUIRE);
  const size_t shared = std::max(function.param_slots, function.result_slots);
  const size_t needed = std::max(shared * sizeof(uint64_t) + 4 * sizeof(Record),
                                 static_cast<size_t>(code->frame_size()) + sizeof(Record));
  if (reinterpret_cast<uintptr_t>(fp) + needed > reinterpret_cast<uintptr_t>(sp))
    return TrapCode::CallStackExhausted;
  std::memcpy(fp, slots, function.param_slots * sizeof(uint64_t));
  *--sp = Record{exit_code(), nullptr};
  const runtime::StackState outer = stack;
  run(entry, fp, function.vm, sp);
  if (stack.exit_was_compiled && stack.exit_code == TrapCode::None) {
    stack.exit_code = store.executor().compiled_code()->find(stack.exit_pc).trap;
    if (stack.exit_code == TrapCode::UndefinedElement ||
        stack.exit_code == TrapCode::UninitializedElement)
      element_trap(stack.exit_code, stack.exit_operand, store);
  }
  const TrapCode code_of_exit = stack.exit_code;
  if (code_of_exit == TrapCode::OutOfFuel) store.fuel = 0;
  if (code_of_exit == TrapCode::None) {
    std::memcpy(slots, fp, function.result_slots * sizeof(uint64_t));
  } else {
    // Who ends itself has nothing to explain, and reading names takes longer than most starts.
    if (code_of_exit != TrapCode::Exit) record_backtrace(store);
    clear_frames(stack, fp);
  }
  static_cast<runtime::StackState&>(stack) = outer;
  return code_of_exit;
}

}  // namespace wrun::interp
