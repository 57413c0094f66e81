// Modules that begin where an instance of another one has come to: programs that are initialised once, not at each start.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "wrun/error.hpp"
#include "wrun/instance.hpp"
#include "wrun/module.hpp"

namespace wrun {

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

// The module that `instance` was made from, but with memories, tables and variables that begin with what the instance's
// hold now, and without a start function. What it imports it goes on to import; files that it opened are not open in the
// new one. Nothing of the instance may be running. Fails with Usage for an export that there is not, and with
// Unsupported for what no module can begin with: imported memories, tables and variables, shared memories, references
// of the host, objects of the collected heap; the message names it.
Result<std::vector<std::byte>> take_snapshot(const Module& module, const Instance& instance,
                                             const SnapshotOptions& options = {});

}  // namespace wrun
