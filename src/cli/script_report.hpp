// What became of scripts, for people, programs and continuous integration.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "wrun/script.hpp"
#include "wrun/wrun.hpp"

namespace wrun::cli {

struct ScriptResult {
  std::string file;
  std::string features;
  Result<ScriptReport> report;
  std::chrono::duration<double> time;

  bool passed() const { return report && report->failed() == 0; }
};
using ScriptResults = std::vector<ScriptResult>;

// A line a script with its counts, below it what failed, and the sums at the end. `verbose` adds
// modules that were refused in other words than the script has.
std::string script_text(const ScriptResults& results, bool verbose);
std::string script_json(const ScriptResults& results);
std::string script_junit(const ScriptResults& results);

}  // namespace wrun::cli
