// From bytes to a validated module (spec chapters 3 and 5).
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/result.hpp"
#include "wasm/features.hpp"
#include "wasm/module.hpp"
#include "wasm/type_registry.hpp"

namespace wrun::binary {

struct DecodeOptions {
  wasm::TypeRegistry& types;  // gives out the module's canonical types
  wasm::FeatureSet features = wasm::FeatureSet::defaults();
  // For the code of large modules; 0: one a processor. Small modules are validated on the calling
  // thread alone. The result does not depend on it.
  unsigned threads = 0;
  // If `bytes` lack the code, which was validated before: what has it. Kept by the module.
  std::shared_ptr<const wasm::ModuleSource> source = {};
};

// The module borrows `bytes` and holds on to `owner`, which keeps them alive.
//
// Errors are Malformed, Invalid or Unsupported (a limit of wasm/limits.hpp, or a feature that is
// off), start with the wording of the spec's test suite, and carry the byte offset. Errors in code
// also carry the function, and name it in the message if the module does.
Result<std::shared_ptr<const wasm::Module>> decode_module(std::span<const std::byte> bytes,
                                                          std::shared_ptr<const void> owner,
                                                          const DecodeOptions& options);

}  // namespace wrun::binary
