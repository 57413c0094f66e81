// From a module to its text (spec chapter 6).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "wasm/module.hpp"

namespace wrun::text {

struct PrintOptions {
  bool folded = false;  // instructions nested in their consumers (spec 6.5.12)
  bool names = true;    // identifiers from the name section
};

// Takes a piece of the text; false ends printing.
using TextSink = std::function<bool(std::string_view)>;

// What it gives to the sink parses to an equivalent module: custom sections and branch hints
// included, padded integers and the like not. False if the sink ended it.
bool print_module(const wasm::Module& module, const PrintOptions& options, const TextSink& sink);

std::string print_module(const wasm::Module& module, const PrintOptions& options = {});

}  // namespace wrun::text
