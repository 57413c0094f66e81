// Modules compiled into artifacts, and what artifacts have to have for their code to run here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cache/artifact.hpp"
#include "cache/format.hpp"
#include "engine/compile.hpp"
#include "engine/engine.hpp"
#include "engine/image_linker.hpp"
#include "wasm/module.hpp"

namespace wrun::engine {

// What this engine makes code for, and needs of code that it runs, whatever the module.
cache::Target target_of(const EngineConfig& config);

// What keeps the code from running here; nothing if it does. How much it is optimised does not matter.
std::optional<std::string> why_unfit(const cache::Target& needed, const cache::Target& here);

// For people: "x86-64 with AVX2, …"; "fuel, canonical NaNs".
std::string describe_processor(const cache::Target& target);
std::string describe_settings(const cache::Target& target);

// All of a module's code, for the machine and the settings that `config` says.
struct CompiledImage {
  cache::Target target;
  LinkedImage linked;
  bool is_complete = false;  // no function is left to the interpreter
};
struct ImageOptions {
  const wasm::Profile* profile = nullptr;  // null: nothing is known of how the module runs
  Progress progress = {};
};
// Fails with Unsupported if there is no compiler for this machine.
Result<CompiledImage> compile_image(const EngineConfig& config, const wasm::Module& module,
                                    const ImageOptions& options = {});

struct ArtifactOptions {
  bool embed_wasm = true;
  ImageOptions image = {};
};

// Fails as compile_image() does.
Result<std::vector<std::byte>> compile_artifact(const EngineConfig& config,
                                                const wasm::Module& module,
                                                const ArtifactOptions& options);

// The code alone, as an object file for other tools. Fails as compile_image() does.
Result<std::string> compile_object(const EngineConfig& config, const wasm::Module& module,
                                   const ImageOptions& options = {});

}  // namespace wrun::engine
