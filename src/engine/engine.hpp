// What modules and stores of one host program have in common: settings, type identities, and the
// tier that runs code. Everything but a Store may be used by several threads at once.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "cache/artifact.hpp"
#include "engine/code_symbols.hpp"
#include "engine/diagnostics.hpp"
#include "engine/saved_profile.hpp"
#include "runtime/store.hpp"
#include "wasm/features.hpp"
#include "wasm/module.hpp"
#include "wasm/type_registry.hpp"

namespace wrun::engine {

enum class Tier : uint8_t {
  Interpreter,
  Optimizing,  // compiles a module before any of it runs
  Auto,        // begins with the interpreter, and compiles what gets hot in the background
};  // Where there is no compiler, all are the interpreter.

struct EngineConfig {
  Tier tier = Tier::Interpreter;
  // Of Tier::Auto: how many rounds of loops, a call counting as several, until a function is compiled.
  // 0: at once, and code waits for it.
  uint32_t tier_up_after = 2'000;
  bool compiles_meanwhile = true;  // Tier::Auto; otherwise code waits for it
  wasm::FeatureSet features = wasm::FeatureSet::defaults();
  bool interruptible = false;   // code looks for Store::interrupt() in loops and calls
  bool fuel_metering = false;   // code counts Store::fuel down
  bool canonical_nans = false;  // arithmetic gives no other
  unsigned threads = 0;         // that validate a large module; 0: one a processor
  CompilerOptions compiler = {};
  SymbolOptions symbols = {};
};

class Engine {
 public:
  explicit Engine(const EngineConfig& config);
  // With a tier of the caller's.
  Engine(const EngineConfig& config, std::unique_ptr<runtime::Executor> executor);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const EngineConfig& config() const { return config_; }

  // Decodes and validates. The module borrows `bytes` and keeps `owner`.
  Result<std::shared_ptr<const wasm::Module>> load(std::span<const std::byte> bytes,
                                                   std::shared_ptr<const void> owner);
  // The same for a file; "-" is the standard input.
  Result<std::shared_ptr<const wasm::Module>> load_file(const std::string& path);

  // Whether there is a tier that does, in this build and with as much address space.
  bool runs_compiled_code() const { return executor_->compiled_code() != nullptr; }
  // What was counted while the module ran, for compile_artifact(). Fails with Unsupported if
  // nothing was: without Tier::Auto nothing is counted, and in compiled code neither.
  Result<SavedProfile> profile(const wasm::Module& module) const;
  // An artifact: its code runs as it is, so it is to be trusted like a program. One that does not fit is
  // decoded and validated as the module it was made of.
  struct LoadedArtifact {
    std::shared_ptr<const wasm::Module> module;
    std::optional<std::string> unfit;  // why its code does not run here
  };
  Result<LoadedArtifact> load_artifact(const std::shared_ptr<const cache::Artifact>& artifact);

  // The engine outlives its stores.
  std::unique_ptr<runtime::Store> new_store(const runtime::StoreLimits& limits = {});

 private:
  EngineConfig config_;
  wasm::TypeRegistry types_;
  std::unique_ptr<Diagnostics> diagnostics_;
  std::unique_ptr<CodeSymbols> symbols_;
  std::unique_ptr<runtime::Executor> executor_;
  [[maybe_unused]] class OptimizingTier* tier_ = nullptr;  // the executor, if it is one
};

}  // namespace wrun::engine
