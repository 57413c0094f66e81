#include "engine/engine.hpp"

#include <algorithm>

#include "base/mapped_file.hpp"
#include "base/parallel.hpp"
#include "binary/decoder.hpp"
#include "engine/compiled_artifact.hpp"
#include "engine/optimizing_tier.hpp"
#include "interp/interpreter.hpp"
#include "wasm/limits.hpp"

namespace wrun::engine {

namespace {

#if defined(WRUN_HAVE_OPTIMIZING_TIER)
constexpr unsigned kMaxCompileThreads = 8;

TieringOptions tiering_options(const EngineConfig& config) {
  if (config.tier == Tier::Optimizing) return {.compile_before_start = true};
  const bool waits = config.tier_up_after == 0 || !config.compiles_meanwhile;
  const unsigned others = std::max(available_processors(), 2U) - 1;
  return {.initial_heat = static_cast<int32_t>(std::min<uint32_t>(config.tier_up_after, INT32_MAX)),
          .threads = waits ? 0 : std::min(others, kMaxCompileThreads)};
}
#endif

}  // namespace

Engine::Engine(const EngineConfig& config) : config_(config) {
  interp::InterpreterOptions options;
  options.interruptible = config.interruptible;
  options.fuel_metering = config.fuel_metering;
  options.canonical_nans = config.canonical_nans;
#if defined(WRUN_HAVE_OPTIMIZING_TIER)
  if (config.tier != Tier::Interpreter) {
    if (!config.compiler.is_usual()) diagnostics_ = std::make_unique<Diagnostics>(config.compiler);
    if (config.symbols.any())
      symbols_ = std::make_unique<CodeSymbols>(config.symbols, config.compiler.tell);
    TieringOptions tiering = tiering_options(config);
    tiering.diagnostics = diagnostics_.get();
    tiering.symbols = symbols_.get();
    auto tier = OptimizingTier::create(options, tiering);
    tier_ = tier.get();
    executor_ = std::move(tier);
  }
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

Result<SavedProfile> Engine::profile(const wasm::Module& module) const {
  wasm::Counts counts;
#if defined(WRUN_HAVE_OPTIMIZING_TIER)
  if (tier_ != nullptr) counts = tier_->counts(module);
#endif
  if (counts.functions.empty())
    return fail(Error::Kind::Unsupported, "nothing was counted while the module ran");
  return SavedProfile(module, std::move(counts));
}

Result<Engine::LoadedArtifact> Engine::load_artifact(
    const std::shared_ptr<const cache::Artifact>& artifact) {
  const std::span<const std::byte> rest = artifact->section(cache::Section::Module);
  auto unfit = why_unfit(artifact->header().target, target_of(config_));
  if (!unfit && config_.tier == Tier::Interpreter) unfit = "the interpreter was asked for";
  if (!unfit && !runs_compiled_code()) unfit = "no compiled code can run here";
  if (!unfit) {
    auto module = WRUN_TRY(binary::decode_module(
        rest, artifact, {.types = types_, .features = config_.features, .source = artifact}));
    return LoadedArtifact{std::move(module), {}};
  }
  if (!artifact->has_wasm())
    return fail(Error::Kind::Unsupported,
                *unfit + ", and the file does not contain the module itself");
  return LoadedArtifact{WRUN_TRY(load(artifact->bytes(), artifact)), std::move(unfit)};
}

std::unique_ptr<runtime::Store> Engine::new_store(const runtime::StoreLimits& limits) {
  return std::make_unique<runtime::Store>(*executor_, types_, limits);
}

}  // namespace wrun::engine
