#include "engine/compile.hpp"

#include <algorithm>
#include <atomic>

#include "base/parallel.hpp"
#include "codegen/compiler.hpp"
#include "ir/pipeline.hpp"
#include "wasm/memory_guard.hpp"

namespace wrun::engine {
namespace {

using Heat = wasm::Profile::Heat;

// Below, starting threads costs more than they save.
constexpr size_t kFunctionsPerWorker = 64;
constexpr uint32_t kFunctionsPerReport = 32;

}  // namespace

Result<void> check_compiler(const EngineConfig& config) {
  if (config.compiler.machine != codegen::kNativeMachine || codegen::is_supported()) return {};
  return fail(Error::Kind::Unsupported, "there is no compiler for this machine");
}

ir::BuildOptions build_options(const EngineConfig& config, bool guarded_memory0) {
  return {.guarded_memory0 = guarded_memory0,
          .interruptible = config.interruptible,
          .fuel = config.fuel_metering,
          .canonical_nans = config.canonical_nans};
}

ir::BuildOptions build_options(ir::BuildOptions of_module, uint32_t function_index, int opt_level) {
  const bool is_cold =
      of_module.profile != nullptr && of_module.profile->heat(function_index) == Heat::Cold;
  of_module.inlining = ir::inlines(opt_level) && !is_cold;
  return of_module;
}

bool has_guarded_memory0(const wasm::Module& module) {
  return !module.memories.empty() && wasm::can_be_guarded(module.memories[0]);
}

std::optional<codegen::CompiledFunction> compile_unit(const wasm::Module& module,
                                                      const CompilationUnit& unit,
                                                      ir::BuildOptions options,
                                                      const std::function<bool()>& is_cancelled,
                                                      Diagnostics* diagnostics) {
  const CompilerOptions usual;
  const CompilerOptions& how = diagnostics == nullptr ? usual : diagnostics->options();
  options.entry_loop = unit.entry_loop;
  options = build_options(options, unit.function_index, how.level);
  if (diagnostics != nullptr && diagnostics->options().tells())
    return diagnostics->compile(module, unit.function_index, options);
  auto function = ir::build(module, unit.function_index, options);
  if (!function || is_cancelled()) return std::nullopt;
  ir::PipelineReport report;
  ir::run_pipeline(*function, {.level = how.level}, report);
  if (is_cancelled()) return std::nullopt;
  auto compiled = codegen::compile(*function, {.machine = how.machine});
  if (!compiled) return std::nullopt;
  return std::move(*compiled);
}

std::vector<CompiledUnit> compile_module(const wasm::Module& module,
                                         const ir::BuildOptions& options, Diagnostics* diagnostics,
                                         const Progress& progress) {
  std::vector<std::optional<codegen::CompiledFunction>> functions(module.functions.size() -
                                                                  module.imported_functions);
  std::atomic<uint32_t> next = 0;
  const auto wanted = std::max<size_t>(1, functions.size() / kFunctionsPerWorker);
  run_workers(static_cast<unsigned>(std::min<size_t>(wanted, available_processors())),
              [&](unsigned) {
                while (true) {
                  const uint32_t i = next.fetch_add(1, std::memory_order_relaxed);
                  if (i >= functions.size()) return;
                  functions[i] = compile_unit(
                      module, {module.imported_functions + i, 0}, options, [] { return false; },
                      diagnostics);
                  if (progress && i % kFunctionsPerReport == 0) progress(i, functions.size());
                }
              });
  std::vector<CompiledUnit> units;
  for (uint32_t i = 0; i < functions.size(); ++i)
    if (functions[i])
      units.push_back({
          {module.imported_functions + i, 0},
          std::move(*functions[i])
      });
  return units;
}

}  // namespace wrun::engine
