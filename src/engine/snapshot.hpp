// Modules that begin where an instance of another one has come to.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "runtime/instance.hpp"
#include "wasm/module.hpp"

namespace wrun::engine {

struct SnapshotOptions {
  // Exports of functions that have done their work, which the new module lacks.
  std::vector<std::string> without = {};
  // Exports of functions under other names, in place of what is exported under those.
  struct Renaming {
    std::string from;
    std::string to;
  };
  std::vector<Renaming> renamings = {};
};

// The module whose memories, tables and variables begin with what those of `instance` hold now, and which has no start
// function. `module` is what it was instantiated from, with code and custom sections. Fails with Usage for an export
// that there is not, and with Unsupported for state that no module can begin with, which the message names.
Result<std::vector<std::byte>> take_snapshot(const wasm::Module& module,
                                             runtime::Instance& instance,
                                             const SnapshotOptions& options);

}  // namespace wrun::engine
