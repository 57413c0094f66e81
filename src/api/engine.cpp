#include "wrun/engine.hpp"

#include "api/state.hpp"
#include "wasm/features.hpp"

namespace wrun {
namespace {

std::optional<wasm::FeatureSet> features_of(std::string_view standard) {
  if (standard == "wasm-1.0") return wasm::FeatureSet::of(wasm::Standard::Wasm1);
  if (standard == "wasm-2.0") return wasm::FeatureSet::of(wasm::Standard::Wasm2);
  if (standard == "wasm-3.0") return wasm::FeatureSet::of(wasm::Standard::Wasm3);
  if (standard == "all") return wasm::FeatureSet::all();
  return std::nullopt;
}

engine::Tier tier_of(Tier tier) {
  switch (tier) {
    case Tier::Interpreter: return engine::Tier::Interpreter;
    case Tier::Optimizing:  return engine::Tier::Optimizing;
    case Tier::Auto:        return engine::Tier::Auto;
  }
  return engine::Tier::Interpreter;
}

engine::CompilerOptions compiler_options(const CompilerConfig& config) {
  const size_t colon = config.dump_ir.find(':');
  return {.level = config.opt_level,
          .bisect_limit = config.opt_bisect,
          .dump_pass = config.dump_ir.substr(0, colon),
          .dump_function = colon == config.dump_ir.npos ? "" : config.dump_ir.substr(colon + 1),
          .time_passes = config.time_passes,
          .tell = config.tell ? config.tell : [](std::string_view) {}};
}

}  // namespace

std::span<const FeatureInfo> known_features() {
  static constexpr FeatureInfo kKnown[] = {
#define WRUN_FEATURE(id, name, standard, on) {name, on},
#include "wasm/features.def"
#undef WRUN_FEATURE
  };
  return kKnown;
}

Result<Engine> Engine::create(const Config& config) {
  engine::EngineConfig internal;
  internal.tier = tier_of(config.tier);
  internal.tier_up_after = config.tier_up_after;
  internal.interruptible = config.interruptible;
  internal.fuel_metering = config.fuel;
  internal.canonical_nans = config.canonical_nans;
  internal.threads = config.threads;
  internal.compiler = compiler_options(config.compiler);
  internal.symbols = {config.compiler.perf_map, config.compiler.jitdump, config.compiler.gdb};
  if (auto checked = engine::check(internal.compiler); !checked)
    return std::unexpected(std::move(checked).error());
  if (!config.standard.empty()) {
    const auto standard = features_of(config.standard);
    if (!standard)
      return fail(Error::Kind::Usage, "there is no standard `" + config.standard + "`");
    internal.features = *standard;
  }
  for (const auto& [name, enabled] : config.features) {
    const auto feature = wasm::find_feature(name);
    if (!feature)
      return fail(Error::Kind::Usage, "there is no WebAssembly proposal `" + name + "`");
    if (enabled)
      internal.features.enable(*feature);
    else
      internal.features.disable(*feature);
  }
  return Engine(std::make_shared<detail::EngineState>(internal));
}

}  // namespace wrun
