// What the optimizing compiler makes of a module, for people.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "wrun/compiled.hpp"
#include "wrun/error.hpp"
#include "wrun/module.hpp"

namespace wrun {

struct ListingOptions {
  std::string function = {};  // its number or name; empty: all that the module defines
  bool ir = false;            // with the compiler's intermediate representation
  std::optional<Processor> processor = {};                 // the one that this runs on
  std::optional<std::span<const std::byte>> profile = {};  // as in CompileOptions
};

// Machine code between the instructions that it does, as the module's engine has it compiled. `sink` gets a function at a time, and ends it by
// returning false. Fails with Kind::Usage if there is no such function, and Unsupported if there is no
// compiler for this machine.
Result<void> list_code(const Module& module, const ListingOptions& options,
                       const std::function<bool(std::string_view)>& sink);

}  // namespace wrun
