#include "engine/compile.hpp"

#include <algorithm>
#include <atomic>

#include "base/parallel.hpp"
#include "codegen/compiler.hpp"
#include "ir/pipeline.hpp"

namespace wrun::engine {
namespace {

// Below, starting threads costs more than they save.
constexpr size_t kFunctionsPerWorker = 64;

std::optional<codegen::CompiledFunction> compile_function(const wasm::Module& module,
                                                          uint32_t function_index,
                                                          const ir::BuildOptions& options) {
  auto function = ir::build(module, function_index, options);
  if (!function) return std::nullopt;
  ir::PipelineReport report;
  ir::run_pipeline(*function, {}, report);
  auto compiled = codegen::compile(*function);
  if (!compiled) return std::nullopt;
  return std::move(*compiled);
}

}  // namespace

CompiledModule::Functions compile_module(const wasm::Module& module,
                                         const ir::BuildOptions& options) {
  CompiledModule::Functions functions(module.functions.size() - module.imported_functions);
  std::atomic<uint32_t> next = 0;
  const auto wanted = std::max<size_t>(1, functions.size() / kFunctionsPerWorker);
  run_workers(static_cast<unsigned>(std::min<size_t>(wanted, available_processors())),
              [&](unsigned) {
                while (true) {
                  const uint32_t i = next.fetch_add(1, std::memory_order_relaxed);
                  if (i >= functions.size()) return;
                  functions[i] = compile_function(module, module.imported_functions + i, options);
                }
              });
  return functions;
}

}  // namespace wrun::engine
