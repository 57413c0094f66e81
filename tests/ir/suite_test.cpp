// WebAssembly's test suite, evaluated: every command must come to what it comes to in the interpreter.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "catch.hpp"
#include "engine/engine.hpp"
#include "ir/evaluator.hpp"
#include "ir/pipeline.hpp"
#include "script/runner.hpp"
#include "text/script.hpp"

namespace {

using namespace wrun;
namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> scripts() {
  std::vector<fs::path> found;
  const char* folder = std::getenv("WRUN_SPEC_TESTSUITE_DIR");
  if (folder == nullptr || !fs::exists(folder)) return found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".wast") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

std::set<std::string> failures(engine::Engine& engine, const text::Script& script) {
  script::Report report;
  script::Runner(engine).run(script, report);
  std::set<std::string> failed;
  for (const script::Event& event : report.events)
    if (event.verdict.status == script::Verdict::Status::Failed)
      failed.insert(std::to_string(event.position.line) + ": expected " + event.verdict.expected +
                    ", got " + event.verdict.got);
  return failed;
}

void compare(const test::Evaluator::Transform& transform, const ir::BuildOptions& options) {
  const auto found = scripts();
  const engine::EngineConfig config = {.features = wasm::FeatureSet::all()};
  const char* only = std::getenv("WRUN_SCRIPT");
  for (const fs::path& path : found) {
    if (only != nullptr && path.string().find(only) == std::string::npos) continue;
    const std::string source = read_file(path);
    const auto script = text::parse_script(source);
    if (!script) continue;
    INFO(path.string());
    auto owned = std::make_unique<test::Evaluator>(transform, options);
    test::Evaluator& evaluator = *owned;
    engine::Engine evaluating(config, std::move(owned));
    engine::Engine interpreting(config);
    const auto expected = failures(interpreting, *script);
    const auto got = failures(evaluating, *script);
    std::string surplus;
    for (const std::string& failure : got)
      if (!expected.contains(failure)) surplus += failure + "\n";
    CHECK(surplus == "");
    CHECK(evaluator.problems == "");
  }
}

}  // namespace

TEST_CASE("functions as they are built compute what the interpreter does") { compare({}, {}); }

TEST_CASE("so they do with every access to memory checked") {
  compare({}, {.guarded_memory0 = false});
}

TEST_CASE("functions that have gone through all passes compute what the interpreter does") {
  std::string problem;
  compare([&](ir::Function& function) { test::optimise(function, problem); }, {.inlining = true});
  CHECK(problem == "");
}

TEST_CASE("so they do with every access to memory checked, and all passes") {
  std::string problem;
  compare([&](ir::Function& function) { test::optimise(function, problem); },
          {.guarded_memory0 = false, .inlining = true});
  CHECK(problem == "");
}
