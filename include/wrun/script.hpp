// Scripts (.wast), the form in which WebAssembly's own test suite is written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wrun/engine.hpp"
#include "wrun/error.hpp"

namespace wrun {

// A command that did not do what the script says or, if not `failed`, refused a module for the
// right reason but in other words than the script has.
struct ScriptEvent {
  std::string_view command;  // "assert_return", …
  uint32_t line = 0;         // from 1, as is the column
  uint32_t column = 0;
  bool failed = false;
  std::string expected;
  std::string got;
};

struct ScriptCount {
  std::string_view command;
  uint32_t passed = 0;
  uint32_t failed = 0;
};

struct ScriptReport {
  std::vector<ScriptCount> counts;  // of the commands that the script has
  std::vector<ScriptEvent> events;  // in the order of the script

  uint64_t passed() const;
  uint64_t failed() const;
};

struct ScriptOptions {
  bool compiled = false;  // modules go through compile() and load_compiled()
};

// Runs all commands of a script in a store of its own, whatever fails in between. Fails with
// Malformed if the script itself cannot be read; the message then shows the place, in `file`.
Result<ScriptReport> run_script(const Engine& engine, std::string_view source,
                                std::string_view file, const ScriptOptions& options = {});

}  // namespace wrun
