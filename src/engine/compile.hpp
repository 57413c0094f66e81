// From a validated module to the machine code of its functions.
#pragma once

#include "engine/compiled_module.hpp"
#include "ir/build.hpp"
#include "wasm/module.hpp"

namespace wrun::engine {

// Functions that cannot be compiled are absent. In parallel for large modules.
CompiledModule::Functions compile_module(const wasm::Module& module,
                                         const ir::BuildOptions& options);

}  // namespace wrun::engine
