// The tier that compiles all functions of a module before any of them runs. What it cannot compile
// stays with the interpreter; both call each other.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "codegen/stubs.hpp"
#include "engine/code_memory.hpp"
#include "engine/compiled_module.hpp"
#include "interp/interpreter.hpp"
#include "runtime/signals.hpp"

namespace wrun::engine {

class OptimizingTier final : public runtime::Executor, public runtime::CompiledCode {
 public:
  // Null if the host gives no address space for code.
  static std::unique_ptr<OptimizingTier> create(const interp::InterpreterOptions& options);
  ~OptimizingTier() override;

  void prepare(runtime::Instance& instance) override;
  void prepare_host_function(runtime::FuncRef& function) override;
  runtime::TrapCode call(runtime::Store& store, runtime::FuncRef& function,
                         uint64_t* slots) override;
  const runtime::CompiledCode* compiled_code() const override { return this; }
  runtime::CompiledPc find(const void* pc) const override;

 private:
  struct Signature {
    const std::byte* code = nullptr;
    codegen::SignatureStubs stubs;
  };

  struct KnownModule {
    std::shared_ptr<const wasm::Module> module;
    const CompiledModule* compiled = nullptr;  // null: there was no code memory left
  };

  explicit OptimizingTier(const interp::InterpreterOptions& options);
  bool start();
  // Null: there is no code memory left.
  const Signature* signature(const wasm::FuncType& type, uint32_t type_id);
  const CompiledModule* compiled_module(runtime::Instance& instance);
  // The stubs of its type, or null.
  const Signature* set_adapter(runtime::FuncRef& function);
  static void enter_from_interpreter(const runtime::FuncRef& function, const Signature& stubs);
  // `make` gives the stubs for an address. Where they are; null: there is no code memory left.
  template <class Make, class Stubs>
  const std::byte* add_stubs(Make&& make, Stubs& stubs);

  interp::Interpreter interpreter_;
  CodeMemory memory_;
  runtime::CodeRange range_;
  codegen::CommonStubs common_;
  const std::byte* common_code_ = nullptr;
  std::vector<const std::byte*> runtime_calls_;

  std::mutex compiling_;  // guards modules_
  // By the interpreter's code for the same module, which lives as long as somebody keeps the module.
  std::map<const interp::ModuleCode*, KnownModule> modules_;
  mutable std::shared_mutex mutex_;  // guards what follows
  std::map<const std::byte*, std::unique_ptr<CompiledModule>> by_address_;
  std::map<uint32_t, Signature> signatures_;  // by canonical type
  std::map<const std::byte*, const Signature*> signatures_by_address_;
};

}  // namespace wrun::engine
