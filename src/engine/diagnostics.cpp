#include "engine/diagnostics.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "codegen/compiler.hpp"
#include "ir/printer.hpp"

namespace wrun::engine {

namespace {

constexpr std::string_view kBuild = "build";
constexpr std::string_view kAll = "all";

}  // namespace

Result<void> check(const CompilerOptions& options) {
  if (options.level < 0 || options.level > 2)
    return fail(Error::Kind::Usage, "levels of optimisation are 0, 1 and 2");
  if (options.dump_pass.empty() || options.dump_pass == kAll || options.dump_pass == kBuild)
    return {};
  std::string known(kBuild);
  for (const ir::Pass& pass : ir::passes()) {
    if (pass.name == options.dump_pass) return {};
    known.append(", ").append(pass.name);
  }
  return fail(Error::Kind::Usage,
              "there is no pass `" + options.dump_pass + "`; there are " + known + ", and all");
}

Diagnostics::Diagnostics(CompilerOptions options) : options_(std::move(options)) {}

Diagnostics::~Diagnostics() {
  if (options_.bisect_limit)
    options_.tell("opt-bisect: " + std::to_string(passes_.passes_run) + " passes have run, " +
                  std::to_string(passes_.passes_left_out) + " were left out\n");
  if (options_.time_passes) options_.tell(times());
}

std::optional<codegen::CompiledFunction> Diagnostics::compile(
    const wasm::Module& module, uint32_t function_index, const ir::BuildOptions& build_options) {
  const std::lock_guard lock(mutex_);
  const Clock::time_point begin = Clock::now();
  auto function = ir::build(module, function_index, build_options);
  building_ += Clock::now() - begin;
  if (!function) return std::nullopt;
  ++functions_;
  run_passes(module, *function);
  const Clock::time_point optimized = Clock::now();
  auto compiled = codegen::compile(*function, {.machine = options_.machine});
  generating_ += Clock::now() - optimized;
  if (!compiled) return std::nullopt;
  return std::move(*compiled);
}

void Diagnostics::run_passes(const wasm::Module& module, ir::Function& function) {
  const uint32_t index = function.index();
  const uint64_t limit = options_.bisect_limit.value_or(UINT64_MAX);
  const bool dumped = is_dumped(module, index);
  std::string text;
  const auto on_pass = [&](std::string_view pass, const ir::Function& now) {
    if (dumped && (options_.dump_pass == kAll || options_.dump_pass == pass))
      text.append("--- ")
          .append(describe(module, index))
          .append(", after ")
          .append(pass)
          .append("\n")
          .append(ir::to_string(now));
  };
  const ir::PipelineOptions options = {.level = options_.level,
                                       .bisect_limit = limit,
                                       .measure = options_.time_passes,
                                       .on_pass = on_pass};
  const bool was_below = passes_.passes_run < limit;
  ir::run_pipeline(function, options, passes_);
  if (was_below && passes_.passes_run >= limit)
    text.append("opt-bisect: pass ")
        .append(std::to_string(limit))
        .append(", ")
        .append(passes_.latest)
        .append(" of ")
        .append(describe(module, index))
        .append(", is the last\n");
  if (!text.empty()) options_.tell(text);
}

// "function 3, main"
std::string Diagnostics::describe(const wasm::Module& module, uint32_t function_index) {
  std::string text = "function " + std::to_string(function_index);
  if (const auto name = names_.of(module).function_name(function_index))
    text.append(", ").append(*name);
  return text;
}

bool Diagnostics::is_dumped(const wasm::Module& module, uint32_t function_index) {
  if (options_.dump_pass.empty()) return false;
  const std::string& wanted = options_.dump_function;
  return wanted.empty() || wanted == std::to_string(function_index) ||
         names_.of(module).function_name(function_index) == wanted;
}

std::string Diagnostics::times() const {
  std::vector<std::pair<std::string_view, std::chrono::nanoseconds>> rows = {
      {kBuild, building_}
  };
  for (size_t i = 0; i < passes_.times.size(); ++i)
    rows.emplace_back(ir::passes()[i].name, passes_.times[i]);
  rows.emplace_back("machine code", generating_);
  std::chrono::nanoseconds sum{};
  for (const auto& [name, time] : rows) sum += time;
  std::string text = "compiling " + std::to_string(functions_) + " functions:\n";
  const auto row = [&](std::string_view name, std::chrono::nanoseconds time) {
    char line[100];
    std::snprintf(line, sizeof(line), "%12.3f ms %5.1f %%  %.*s\n",
                  static_cast<double>(time.count()) / 1e6,
                  sum.count() == 0
                      ? 0
                      : 100 * static_cast<double>(time.count()) / static_cast<double>(sum.count()),
                  static_cast<int>(name.size()), name.data());
    text += line;
  };
  for (const auto& [name, time] : rows) row(name, time);
  row("together", sum);
  return text;
}

}  // namespace wrun::engine
