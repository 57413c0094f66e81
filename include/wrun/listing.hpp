// What the optimizing compiler makes of a module, for people.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "wrun/error.hpp"
#include "wrun/module.hpp"

namespace wrun {

struct ListingOptions {
  int opt_level = 2;          // 0, 1 or 2
  std::string function = {};  // its number or name; empty: all that the module defines
  bool ir = false;            // with the compiler's intermediate representation
};

// Machine code between the instructions that it does. `sink` gets a function at a time, and ends it by
// returning false. Fails with Kind::Usage if there is no such function, and Unsupported if there is no
// compiler for this machine.
Result<void> list_code(const Module& module, const ListingOptions& options,
                       const std::function<bool(std::string_view)>& sink);

}  // namespace wrun
