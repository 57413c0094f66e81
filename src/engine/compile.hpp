// From a validated module to the machine code of its functions.
#pragma once

#include <functional>
#include <optional>

#include "engine/compiled_module.hpp"
#include "engine/diagnostics.hpp"
#include "engine/engine.hpp"
#include "ir/build.hpp"
#include "wasm/module.hpp"

namespace wrun::engine {

// Told of the functions that are done, now and then, by any thread.
using Progress = std::function<void(size_t done, size_t all)>;

// Fails with Unsupported if there is no compiler for the machine: for another than this one there always is.
Result<void> check_compiler(const EngineConfig& config);

// What the settings mean for code that is made for any store.
ir::BuildOptions build_options(const EngineConfig& config, bool guarded_memory0);

// The same for one function.
ir::BuildOptions build_options(ir::BuildOptions of_module, uint32_t function_index, int opt_level);

// As in a store where memory has guards, if code is not made for one store.
bool has_guarded_memory0(const wasm::Module& module);

// Nothing if the compiler cannot do it, or if `is_cancelled` says so on the way. Done by `diagnostics`
// where there are any.
std::optional<codegen::CompiledFunction> compile_unit(const wasm::Module& module,
                                                      const CompilationUnit& unit,
                                                      ir::BuildOptions options,
                                                      const std::function<bool()>& is_cancelled,
                                                      Diagnostics* diagnostics = nullptr);

// All functions that can be compiled. In parallel for large modules.
std::vector<CompiledUnit> compile_module(const wasm::Module& module,
                                         const ir::BuildOptions& options,
                                         Diagnostics* diagnostics = nullptr,
                                         const Progress& progress = {});

}  // namespace wrun::engine
