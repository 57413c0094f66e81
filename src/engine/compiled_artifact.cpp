#include "engine/compiled_artifact.hpp"

#include <algorithm>
#include <iterator>

#include "binary/strip.hpp"
#include "cache/artifact_writer.hpp"
#include "codegen/compiler.hpp"
#include "engine/engine_id.hpp"
#include "engine/memory_image.hpp"

namespace wrun::engine {
namespace {

struct CpuFeature {
  uint32_t bit;
  const char* name;
};
constexpr CpuFeature kCpuFeatures[] = {
    {  cache::cpu::kAvx2,   "AVX2"},
    {   cache::cpu::kBmi,    "BMI"},
    {  cache::cpu::kBmi2,   "BMI2"},
    { cache::cpu::kLzcnt,  "LZCNT"},
    {cache::cpu::kPopcnt, "POPCNT"},
};
constexpr uint32_t kAllCpuFeatures = [] {
  uint32_t all = 0;
  for (const CpuFeature& feature : kCpuFeatures) all |= feature.bit;
  return all;
}();

constexpr cache::Machine machine_of(codegen::Machine machine) {
  return machine == codegen::Machine::A64 ? cache::Machine::AArch64 : cache::Machine::X86_64;
}
// That its compiler uses; those of AArch64 are in every processor.
constexpr uint32_t cpu_features_of(codegen::Machine machine) {
  return machine == codegen::Machine::X64 ? kAllCpuFeatures : 0;
}

std::string setting_differs(const char* setting, bool needed) {
  return std::string("it was compiled ") + (needed ? "with " : "without ") + setting;
}

}  // namespace

cache::Target target_of(const EngineConfig& config) {
  return {.engine = engine_id(),
          .machine = machine_of(config.compiler.machine),
          .cpu = check_compiler(config) ? cpu_features_of(config.compiler.machine) : 0,
          .features = config.features.bits(),
          .interruptible = config.interruptible,
          .fuel = config.fuel_metering,
          .canonical_nans = config.canonical_nans,
          .opt_level = static_cast<uint8_t>(config.compiler.level)};
}

std::optional<std::string> why_unfit(const cache::Target& needed, const cache::Target& here) {
  if (needed.machine != here.machine) return "it is for another kind of processor";
  for (const CpuFeature& feature : kCpuFeatures)
    if ((needed.cpu & ~here.cpu & feature.bit) != 0)
      return std::string("it needs a processor with ") + feature.name;
  if ((needed.cpu & ~kAllCpuFeatures) != 0) return "it needs a processor that is not known here";
  if (needed.engine != here.engine)
    return "it was compiled by another version of the engine (" +
           cache::to_hex(std::span(needed.engine).first(8)) + ", not " +
           cache::to_hex(std::span(here.engine).first(8)) + ")";
  if (needed.interruptible != here.interruptible)
    return setting_differs("interruption, which timeouts and threads take", needed.interruptible);
  if (needed.fuel != here.fuel) return setting_differs("fuel", needed.fuel);
  if (needed.canonical_nans != here.canonical_nans)
    return setting_differs("canonical NaNs, which deterministic runs have", needed.canonical_nans);
  if (needed.features != here.features)
    return "it was compiled with other WebAssembly proposals enabled";
  return std::nullopt;
}

std::string describe_processor(const cache::Target& target) {
  std::string text = target.machine == cache::Machine::X86_64    ? "x86-64"
                     : target.machine == cache::Machine::AArch64 ? "AArch64"
                                                                 : "unknown";
  const char* before = " with ";
  for (const CpuFeature& feature : kCpuFeatures) {
    if ((target.cpu & feature.bit) == 0) continue;
    text.append(before).append(feature.name);
    before = ", ";
  }
  return text;
}

std::string describe_settings(const cache::Target& target) {
  std::string text;
  const auto add = [&](bool is_set, const char* name) {
    if (is_set) text.append(text.empty() ? "" : ", ").append(name);
  };
  add(target.guarded_memory0 != 0, "guarded memory");
  add(target.interruptible != 0, "interruptible");
  add(target.fuel != 0, "fuel");
  add(target.canonical_nans != 0, "canonical NaNs");
  return text;
}

Result<CompiledImage> compile_image(const EngineConfig& config, const wasm::Module& module,
                                    const ImageOptions& options) {
  WRUN_CHECK_OK(check_compiler(config));
  cache::Target target = target_of(config);
  target.guarded_memory0 = has_guarded_memory0(module);
  target.with_profile = options.profile != nullptr;
  Diagnostics diagnostics(config.compiler);
  ir::BuildOptions how = build_options(config, target.guarded_memory0 != 0);
  how.profile = options.profile;
  std::vector<CompiledUnit> units = compile_module(module, how, &diagnostics, options.progress);
  return CompiledImage{
      .target = target,
      .linked =
          link_image(module, units, config.compiler.machine, cache::page_bytes(target.machine)),
      .is_complete = units.size() == module.functions.size() - module.imported_functions};
}

Result<std::string> compile_object(const EngineConfig& config, const wasm::Module& module,
                                   const ImageOptions& options) {
  const LinkedImage image = WRUN_TRY(compile_image(config, module, options)).linked;
  const binary::NameSection names(module);
  std::vector<CodeSymbol> symbols;
  symbols.reserve(image.tables.functions.size());
  for (const codegen::PlacedFunction& function : image.tables.functions)
    symbols.push_back({symbol_name(names, {function.function_index, function.entry_loop}),
                       image.code.data() + function.offset, function.instruction_bytes});
  return make_object_file(config.compiler.machine, image.code, symbols, ObjectContents::Code);
}

Result<std::vector<std::byte>> compile_artifact(const EngineConfig& config,
                                                const wasm::Module& module,
                                                const ArtifactOptions& options) {
  const CompiledImage compiled = WRUN_TRY(compile_image(config, module, options.image));
  const LinkedImage& image = compiled.linked;
  const auto memory = make_memory_image(module, cache::page_bytes(compiled.target.machine));
  std::vector<std::byte> rest = WRUN_TRY(binary::without_code(module.code_bytes(), !memory));
  if (memory) std::ranges::copy(data_section_beside_image(module), std::back_inserter(rest));
  std::vector<wasm::ModuleSource::Body> bodies;
  for (size_t i = module.imported_functions; i < module.functions.size(); ++i)
    bodies.push_back({module.functions[i].body_offset, module.functions[i].body_size});
  if (!options.embed_wasm && !compiled.is_complete)
    return fail(Error::Kind::Unsupported,
                "some functions can only be interpreted, for which the module has to be embedded");
  return cache::write_artifact({.target = compiled.target,
                                .code = image.code,
                                .functions_bytes = image.functions_bytes,
                                .tables = image.tables.view(),
                                .stubs = image.stubs,
                                .module = rest,
                                .bodies = bodies,
                                .memory_offset = memory ? memory->offset : 0,
                                .memory = memory ? memory->contents : std::span<const std::byte>(),
                                .wasm = module.code_bytes(),
                                .embed_wasm = options.embed_wasm});
}

}  // namespace wrun::engine
