#include "engine/engine.hpp"

#include "base/mapped_file.hpp"
#include "binary/decoder.hpp"
#include "engine/optimizing_tier.hpp"
#include "interp/interpreter.hpp"
#include "wasm/limits.hpp"

namespace wrun::engine {

Engine::Engine(const EngineConfig& config) : config_(config) {
  interp::InterpreterOptions options;
  options.interruptible = config.interruptible;
  options.fuel_metering = config.fuel_metering;
  options.canonical_nans = config.canonical_nans;
#if defined(WRUN_HAVE_OPTIMIZING_TIER)
  // Compiled code keeps the NaNs that the processor makes.
  if (config.tier == Tier::Optimizing && !config.canonical_nans)
    executor_ = OptimizingTier::create(options);
#endif
  if (executor_ == nullptr) executor_ = std::make_unique<interp::Interpreter>(options);
}

Engine::Engine(const EngineConfig& config, std::unique_ptr<runtime::Executor> executor)
    : config_(config), executor_(std::move(executor)) {}

Engine::~Engine() = default;

Result<std::shared_ptr<const wasm::Module>> Engine::load(std::span<const std::byte> bytes,
                                                         std::shared_ptr<const void> owner) {
  return binary::decode_module(
      bytes, std::move(owner),
      {.types = types_, .features = config_.features, .threads = config_.threads});
}

Result<std::shared_ptr<const wasm::Module>> Engine::load_file(const std::string& path) {
  auto file = WRUN_TRY(MappedFile::open(path, wasm::kMaxModuleBytes));
  const std::span<const std::byte> bytes = file->bytes();
  return load(bytes, std::move(file));
}

std::unique_ptr<runtime::Store> Engine::new_store(const runtime::StoreLimits& limits) {
  return std::make_unique<runtime::Store>(*executor_, types_, limits);
}

}  // namespace wrun::engine
