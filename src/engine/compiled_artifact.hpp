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
#include "wasm/module.hpp"

namespace wrun::engine {

// What this engine makes code for, and needs of code that it runs, whatever the module.
cache::Target target_of(const EngineConfig& config);

// What keeps the code from running here; nothing if it does. How much it is optimised does not matter.
std::optional<std::string> why_unfit(const cache::Target& needed, const cache::Target& here);

// For people: "x86-64 with AVX2, …"; "fuel, canonical NaNs".
std::string describe_processor(const cache::Target& target);
std::string describe_settings(const cache::Target& target);

struct ArtifactOptions {
  bool embed_wasm = true;
  Progress progress = {};
};

// Fails with Unsupported if there is no compiler for this machine.
Result<std::vector<std::byte>> compile_artifact(const EngineConfig& config,
                                                const wasm::Module& module,
                                                const ArtifactOptions& options);

}  // namespace wrun::engine
