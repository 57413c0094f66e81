// The tier with a compiler: compiles all functions of a module before any of them runs, or those that get
// hot, in the background. What is not compiled stays with the interpreter; both call each other.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "engine/code_memory.hpp"
#include "engine/code_symbols.hpp"
#include "engine/compile_queue.hpp"
#include "engine/compiled_module.hpp"
#include "engine/diagnostics.hpp"
#include "engine/memory_image.hpp"
#include "engine/tier_stubs.hpp"
#include "interp/interpreter.hpp"
#include "ir/build.hpp"
#include "runtime/signals.hpp"

namespace wrun::engine {

struct TieringOptions {
  bool compile_before_start = false;
  // Otherwise: how hot a function gets before it is compiled (interp::TierUp), and the threads that
  // do it; 0: the one that runs it.
  int32_t initial_heat = 0;
  unsigned threads = 1;
  // Null if nothing is asked for; they outlive the tier.
  Diagnostics* diagnostics = nullptr;
  CodeSymbols* symbols = nullptr;
};

// A module that runs, for one way of accessing memory 0.
struct TieredModule {
  TieredModule(interp::ModuleCode& code, TierStubs& stubs, CodeMemory& memory);

  // What is in memory 0 at first is copied for the first instance, and mapped for others. With the mutex held.
  void map_data(runtime::Instance& instance);
  // Whether to compile the rest of the function from this loop on, which is hot.
  bool wants_loop(const CompilationUnit& unit);

  // What is known of a function's loops that are hot.
  struct Loops {
    uint32_t requested = 0;  // offset of the one that was asked for last
    uint32_t missed = 0;     // how often others were hot since then
  };

  interp::ModuleCode& code;
  const wasm::Module& module;
  const ir::BuildOptions options;
  CompiledModule compiled;

  std::mutex mutex;  // guards what follows, and publishing
  std::vector<const CodeBatch*> batches;
  std::vector<runtime::Instance*> instances;
  std::map<uint32_t, Loops> loops;  // by function
  bool was_instantiated = false;
  bool has_looked_for_data = false;
  std::unique_ptr<const SharedMemoryImage> data;  // null: there is none, or too little
};

class OptimizingTier final : public runtime::Executor,
                             public runtime::CompiledCode,
                             public interp::TierUp {
 public:
  // Null if the host gives no address space for code.
  static std::unique_ptr<OptimizingTier> create(interp::InterpreterOptions options,
                                                const TieringOptions& tiering);
  ~OptimizingTier() override;

  // runtime::Executor
  Result<void> prepare(runtime::Instance& instance) override;
  void reset(runtime::Instance& instance) override;
  void release(runtime::Instance& instance) override;
  Entries first_entries() const override { return {stubs_.first_entry(), stubs_.first_adapter()}; }
  void make_entry(runtime::FuncRef& function) override;
  void make_adapter(runtime::FuncRef& function) override;
  runtime::TrapCode call(runtime::Store& store, runtime::FuncRef& function,
                         uint64_t* slots) override;
  const runtime::CompiledCode* compiled_code() const override { return this; }

  // What the interpreter counted of the module.
  wasm::Counts counts(const wasm::Module& module);

  // runtime::CompiledCode
  runtime::CompiledPc find(const void* pc) const override;

  // interp::TierUp
  int32_t initial_heat() const override { return tiering_.initial_heat; }
  bool enters_compiled(interp::FuncCode& function) override;
  void function_is_hot(interp::FuncCode& function) override;
  LoopEntry loop_is_hot(interp::FuncCode& function, uint32_t offset) override;
  void forget(interp::ModuleCode& code) override;

 private:
  OptimizingTier(interp::InterpreterOptions options, const TieringOptions& tiering);
  bool start();
  TieredModule& prepare_module(runtime::Instance& instance);
  void compile_all(TieredModule& module);
  void compile(const CompileRequest& request);
  void map_code(TieredModule& module);
  // From now on everybody finds the batch.
  void keep(TieredModule& module, std::unique_ptr<CodeBatch> batch);
  void add_code(TieredModule& module, std::vector<CompiledUnit> units);
  const TierStubs::Signature* signature(const wasm::Module& module, uint32_t function_index);
  // False: there is no code memory left for the stub.
  bool enter_from_interpreter(TieredModule& module, uint32_t function_index, const void* entry);

  const TieringOptions tiering_;
  interp::Interpreter interpreter_;
  CodeMemory memory_;
  runtime::CodeRange range_;
  TierStubs stubs_;

  std::mutex compiling_;  // guards modules_, and compile_all()
  // By the interpreter's code for the same module, which lives as long.
  std::map<const interp::ModuleCode*, std::unique_ptr<TieredModule>> modules_;
  mutable std::shared_mutex mutex_;  // guards batches_
  std::map<const std::byte*, std::unique_ptr<CodeBatch>> batches_;

  CompileQueue queue_;  // stops before all else goes
};

}  // namespace wrun::engine
