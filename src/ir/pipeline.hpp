// The passes, in order, and what can be asked of a run of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/function.hpp"

namespace wrun::ir {

struct Pass {
  std::string_view name;
  uint8_t level = 0;  // from which it is run
  void (*run)(Function& function) = nullptr;
};

std::span<const Pass> passes();
// Whether small callees are built in the place of calls (BuildOptions).
constexpr bool inlines(int level) { return level >= 2; }

struct PipelineOptions {
  int level = 2;
  // How many passes are run on how many functions in all, counted in passes_run: to find the one that
  // breaks something.
  uint64_t bisect_limit = UINT64_MAX;
  bool verify = false;  // after every pass
  bool measure = false;
  // Called after construction ("build") and every pass that ran.
  std::function<void(std::string_view pass, const Function& function)> on_pass = {};
};

struct PipelineReport {
  uint64_t passes_run = 0;
  uint64_t passes_left_out = 0;                      // beyond the limit
  std::string_view latest = {};                      // that ran before the limit
  std::vector<std::chrono::nanoseconds> times = {};  // by pass
  std::string problem = {};  // what verifying found first, and after which pass
};

void run_pipeline(Function& function, const PipelineOptions& options, PipelineReport& report);

}  // namespace wrun::ir
