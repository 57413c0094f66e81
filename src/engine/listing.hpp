// What the compiler makes of a module, for people: machine code between the instructions it does.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "engine/engine.hpp"
#include "wasm/module.hpp"
#include "wasm/profile.hpp"

namespace wrun::engine {

struct ListingOptions {
  std::string function = {};  // by number or name; empty: all
  bool ir = false;            // between them what the compiler made of it last
  const wasm::Profile* profile = nullptr;
};

// As `config` has it compiled. `sink` gets a function at a time, and ends it by returning false. Fails with Usage if there is no
// such function, and Unsupported if there is no compiler for this machine.
Result<void> list_code(const EngineConfig& config, const wasm::Module& module,
                       const ListingOptions& options,
                       const std::function<bool(std::string_view)>& sink);

}  // namespace wrun::engine
