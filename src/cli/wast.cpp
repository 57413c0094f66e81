// `wrun wast`: runs scripts, several at a time.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/script_files.hpp"
#include "cli/script_report.hpp"

namespace wrun::cli {
namespace {

Result<ScriptReport> run_file(const std::string& file, std::string_view features,
                              const Options& options) {
  auto config = parse_features(features);
  if (!config) return fail(Error::Kind::Usage, std::move(config).error());
  config->threads = 1;  // the scripts run in parallel
  config->tier = options.tier;
  config->tier_up_after = options.tier_up_after;
  const auto engine = Engine::create(*config);
  if (!engine) return std::unexpected(engine.error());
  const auto contents = read_file(file);
  if (!contents) return std::unexpected(contents.error());
  const std::string_view source(reinterpret_cast<const char*>(contents->bytes.data()),
                                contents->bytes.size());
  return run_script(*engine, source, file, {.compiled = options.compiled});
}

ScriptResult run_timed(const std::string& file, const Options& options) {
  const std::string features(options.feature_list.empty() ? features_for(file)
                                                          : options.feature_list);
  const auto start = std::chrono::steady_clock::now();
  auto report = run_file(file, features, options);
  return {file, features, std::move(report), std::chrono::steady_clock::now() - start};
}

ScriptResults run_all(const std::vector<std::string>& files, const Options& options) {
  ScriptResults results(files.size(), {{}, {}, ScriptReport(), {}});
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i; (i = next.fetch_add(1)) < files.size();)
      results[i] = run_timed(files[i], options);
  };
  const unsigned jobs = options.jobs ? options.jobs : std::thread::hardware_concurrency();
  std::vector<std::jthread> workers;
  for (size_t i = 1; i < std::min<size_t>(jobs, files.size()); ++i) workers.emplace_back(work);
  work();
  workers.clear();
  return results;
}

}  // namespace

int wast(const Options& options) {
  const auto files = find_scripts(options.arguments);
  if (!files) {
    report_error(files.error());
    return kFailure;
  }
  if (files->empty()) {
    report_error("there are no .wast files in the folders");
    return kFailure;
  }
  const ScriptResults results = run_all(*files, options);
  bool passed = true;
  for (const ScriptResult& result : results) passed = passed && result.passed();
  if (!options.junit.empty() && !write_file(options.junit, script_junit(results))) return kFailure;
  if (!print(options.json ? script_json(results) : script_text(results, options.verbose)))
    return kFailure;
  return passed ? kSuccess : kFailure;
}

}  // namespace wrun::cli
