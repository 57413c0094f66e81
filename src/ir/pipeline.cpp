#include "ir/pipeline.hpp"

#include "ir/passes.hpp"
#include "ir/verifier.hpp"

namespace wrun::ir {

namespace {

constexpr Pass kPasses[] = {
    {  "params", 1, remove_redundant_params},
    { "control", 1,   simplify_control_flow},
    {  "divide", 2,        reduce_divisions},
    {  "values", 1,           number_values},
    {"control2", 1,   simplify_control_flow},
    {   "hoist", 2,   hoist_loop_invariants},
    {"counters", 2,   compare_next_counters},
    {    "dead", 1,        remove_dead_code},
    {   "split", 0,    split_critical_edges},
};

}  // namespace

std::span<const Pass> passes() { return kPasses; }

void run_pipeline(Function& function, const PipelineOptions& options, PipelineReport& report) {
  using Clock = std::chrono::steady_clock;
  report.times.resize(std::size(kPasses));
  if (options.on_pass) options.on_pass("build", function);
  for (size_t i = 0; i < std::size(kPasses); ++i) {
    const Pass& pass = kPasses[i];
    if (pass.level > options.level) continue;
    const bool is_optional = pass.level != 0;  // the others have to run, and are not counted
    if (is_optional && report.passes_run >= options.bisect_limit) {
      ++report.passes_left_out;
      continue;
    }
    if (is_optional) {
      ++report.passes_run;
      report.latest = pass.name;
    }
    const auto begin = options.measure ? Clock::now() : Clock::time_point();
    pass.run(function);
    if (options.measure) report.times[i] += Clock::now() - begin;
    if (options.on_pass) options.on_pass(pass.name, function);
    if (!options.verify || !report.problem.empty()) continue;
    if (const Verified verified = verify(function); !verified)
      report.problem = "after " + std::string(pass.name) + ": " + verified.error();
  }
}

}  // namespace wrun::ir
