// How the compiler is asked to work, and what it tells of its work: for those who look for faults in it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "codegen/compiler.hpp"
#include "engine/cached_names.hpp"
#include "ir/build.hpp"
#include "ir/pipeline.hpp"
#include "wasm/module.hpp"

namespace wrun::engine {

struct CompilerOptions {
  int level = 2;  // of optimisation, 0 to 2
  codegen::Machine machine = codegen::kNativeMachine;
  // How many passes are run on how many functions in all; the last one is told.
  std::optional<uint64_t> bisect_limit = {};
  std::string dump_pass = {};      // after which functions are printed: one of the names, or "all"
  std::string dump_function = {};  // which one, by number or name; empty: all
  bool time_passes = false;
  // Gets what is told, in pieces of whole lines, one at a time.
  std::function<void(std::string_view text)> tell = {};

  bool tells() const { return bisect_limit || time_passes || !dump_pass.empty(); }
  bool is_usual() const { return level == CompilerOptions().level && !tells(); }
};

// Fails for what there is not; the message lists what there is.
Result<void> check(const CompilerOptions& options);

// Compiles as it is asked to and tells of it. Thread-safe.
class Diagnostics {
 public:
  explicit Diagnostics(CompilerOptions options);
  ~Diagnostics();  // tells the sums
  Diagnostics(const Diagnostics&) = delete;
  Diagnostics& operator=(const Diagnostics&) = delete;

  const CompilerOptions& options() const { return options_; }
  // For those who asked to be told, one function at a time.
  std::optional<codegen::CompiledFunction> compile(const wasm::Module& module,
                                                   uint32_t function_index,
                                                   const ir::BuildOptions& build_options);

 private:
  using Clock = std::chrono::steady_clock;

  void run_passes(const wasm::Module& module, ir::Function& function);
  std::string describe(const wasm::Module& module, uint32_t function_index);
  bool is_dumped(const wasm::Module& module, uint32_t function_index);
  std::string times() const;

  const CompilerOptions options_;
  std::mutex mutex_;  // guards what follows
  ir::PipelineReport passes_;
  std::chrono::nanoseconds building_{};
  std::chrono::nanoseconds generating_{};
  uint64_t functions_ = 0;
  CachedNames names_;
};

}  // namespace wrun::engine
