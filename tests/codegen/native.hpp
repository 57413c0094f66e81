// Runs compiled functions and the interpreter side by side: a module from text, all of its functions
// compiled and put into executable memory, a stack of its own for them, and traps caught as signals.
#pragma once

#include <sys/mman.h>

#include <csetjmp>
#include <csignal>
#include <cstring>
#include <expected>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "base/os_memory.hpp"
#include "catch.hpp"
#include "codegen/abi.hpp"
#include "codegen/compiler.hpp"
#include "interp/interpreter.hpp"
#include "ir/build.hpp"
#include "runtime/linker.hpp"
#include "support/decode.hpp"
#include "text/parser.hpp"

#if defined(__aarch64__)
#include "codegen/entry_a64.hpp"
#else
#include "codegen/entry_x64.hpp"
#endif

namespace wrun::codegen::test {

class Native {
 public:
  explicit Native(std::string_view source,
                  const CompileOptions& options = {.check_allocation = true})
      : store_(interpreter_, types_, {}) {
    auto parsed = text::parse_module(source);
    if (!parsed) FAIL(parsed.error().message);
    module_ = wrun::test::decode_module(types_, std::move(parsed->bytes), wasm::FeatureSet::all());
    auto instance = runtime::Instance::instantiate(store_, module_, {}, "test");
    if (!instance) FAIL(instance.error().message);
    instance_ = *instance;
    compile_all(options);
    prepare_context();
  }
  ~Native() {
    munmap(code_, kCodeBytes);
    munmap(stack_, kStackBytes);
  }
  Native(const Native&) = delete;
  Native& operator=(const Native&) = delete;

  using Outcome = std::expected<std::vector<uint64_t>, TrapCode>;

  Outcome interpret(uint32_t function, std::vector<uint64_t> slots) {
    runtime::FuncRef& callee = instance_->function(function);
    slots.resize(std::max({size_t{callee.param_slots}, size_t{callee.result_slots}, size_t{1}}));
    const auto outcome = store_.call(callee, slots.data());
    if (!outcome) return std::unexpected(outcome.error().code);
    slots.resize(callee.result_slots);
    return slots;
  }

  Outcome run(uint32_t function, std::vector<uint64_t> slots) {
    const wasm::FuncType& type = module_->func_type(function);
    slots.resize(std::max({size_t{type.param_slots}, size_t{type.result_slots}, size_t{1}}));
    catch_signals();
    Native* const outer = running_;
    running_ = this;
    TrapCode trap = TrapCode::None;
    if (sigsetjmp(escape_, 1) == 0)
      enter_(function)(slots.data(), &instance_->vm(), code_ + offsets_.at(function),
                       stack_ + kStackBytes - 64);
    else
      trap = trap_;
    running_ = outer;
    if (trap != TrapCode::None) return std::unexpected(trap);
    slots.resize(type.result_slots);
    return slots;
  }

  runtime::Instance& instance() { return *instance_; }
  const CompiledFunction& compiled(uint32_t function) const { return compiled_.at(function); }
  const std::byte* code(uint32_t function) const { return code_ + offsets_.at(function); }

 private:
  static constexpr size_t kCodeBytes = 4 << 20;
  static constexpr size_t kStackBytes = 1 << 20;
  using Entry = void (*)(uint64_t* slots, runtime::VMContext* vm, const std::byte* code,
                         std::byte* stack);

  void compile_all(const CompileOptions& options) {
    code_ = static_cast<std::byte*>(
        mmap(nullptr, kCodeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    const auto count = static_cast<uint32_t>(module_->functions.size());
    for (uint32_t i = module_->imported_functions; i < count; ++i) {
      const auto built = ir::build(*module_, i, {.guarded_memory0 = has_guards()});
      if (!built) FAIL("not built: " << built.error().what);
      compile_for_all(*built, options);
      auto compiled = compile(*built, options);
      if (!compiled) FAIL("not compiled: " << compiled.error().what);
      offsets_[i] = used_;
      std::memcpy(code_ + used_, compiled->code.data(), compiled->code.size());
      used_ = (used_ + compiled->code.size() + 31) / 32 * 32;
      compiled_.emplace(i, std::move(*compiled));
    }
    for (const auto& [index, function] : compiled_)
      for (const Relocation& relocation : function.relocations) {
        if (relocation.target != Relocation::Target::Function) FAIL("a call of the runtime");
        const size_t at = offsets_.at(index) + relocation.offset;
        set_target(kNativeMachine, code_ + at,
                   static_cast<int64_t>(offsets_.at(relocation.index)) - static_cast<int64_t>(at));
      }
    for (uint32_t i = module_->imported_functions; i < count; ++i) add_entry(i);
    if (!os_make_executable(code_, kCodeBytes)) FAIL("no executable memory");
    for (const auto& [index, offset] : offsets_) instance_->function(index).entry = code_ + offset;
  }

  // Not where there is little address space, as under an emulator.
  bool has_guards() {
    return !module_->memories.empty() &&
           instance_->memory(0).kind() == runtime::MemoryKind::Guarded;
  }

  // What this machine cannot run is at least allocated rightly.
  static void compile_for_all(const ir::Function& function, CompileOptions options) {
    options.check_allocation = true;
    for (const Machine machine : {Machine::X64, Machine::A64}) {
      options.machine = machine;
      if (machine == kNativeMachine) continue;
      if (const auto compiled = compile(function, options); !compiled)
        FAIL("not compiled for another machine: " << compiled.error().what);
    }
  }

  void prepare_context() {
    stack_ = static_cast<std::byte*>(
        mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    runtime::VMContext& vm = instance_->vm();
    vm.stack_limit = stack_ + 64 * 1024;
    if (vm.memory0 != nullptr) vm.memory0_base = vm.memory0->base;
    vm.interrupt_flag = &store_.interrupt_flag();
    vm.fuel = &store_.fuel;
  }

  // From C to compiled code of this signature.
  void add_entry(uint32_t function) {
    const std::vector<std::byte> entry = make_entry(module_->func_type(function));
    std::memcpy(code_ + used_, entry.data(), entry.size());
    entries_[function] = used_;
    used_ = (used_ + entry.size() + 31) / 32 * 32;
  }
  Entry enter_(uint32_t function) const {
    return reinterpret_cast<Entry>(const_cast<std::byte*>(code_ + entries_.at(function)));
  }

  static void catch_signals() {
    static const bool done = [] {
      static std::byte handler_stack[64 * 1024];
      stack_t alternative = {};
      alternative.ss_sp = handler_stack;
      alternative.ss_size = sizeof(handler_stack);
      sigaltstack(&alternative, nullptr);
      for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) {
        struct sigaction action = {};
        action.sa_sigaction = handle;
        action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
        sigaction(signal, &action, &previous_[signal]);
      }
      return true;
    }();
    (void)done;
  }
  static void handle(int signal, siginfo_t* info, void* context) {
    const auto& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__aarch64__)
    const auto* pc = reinterpret_cast<const std::byte*>(machine.pc);
#else
    const auto* pc = reinterpret_cast<const std::byte*>(machine.gregs[REG_RIP]);
#endif
    Native* self = running_;
    if (self != nullptr && pc >= self->code_ && pc < self->code_ + kCodeBytes) {
      for (const auto& [index, function] : self->compiled_) {
        const auto offset = static_cast<uint64_t>(pc - self->code_) - self->offsets_.at(index);
        for (const TrapSite& site : function.traps)
          if (site.offset == offset) {
            self->trap_ = site.code;
            siglongjmp(self->escape_, 1);
          }
      }
    }
    const struct sigaction& previous = previous_[signal];
    if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr)
      return previous.sa_sigaction(signal, info, context);
    std::signal(signal, SIG_DFL);
  }

  static inline Native* running_ = nullptr;
  static inline struct sigaction previous_[64] = {};

  wasm::TypeRegistry types_;
  interp::Interpreter interpreter_{interp::InterpreterOptions{}};
  runtime::Store store_;
  std::shared_ptr<const wasm::Module> module_;
  runtime::Instance* instance_ = nullptr;
  std::map<uint32_t, CompiledFunction> compiled_;
  std::map<uint32_t, size_t> offsets_;
  std::map<uint32_t, size_t> entries_;
  std::byte* code_ = nullptr;
  std::byte* stack_ = nullptr;
  size_t used_ = 0;
  sigjmp_buf escape_ = {};
  TrapCode trap_ = TrapCode::None;
};

}  // namespace wrun::codegen::test
