// Which instructions the compiler refuses, in everything that WebAssembly's test suite instantiates.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "catch.hpp"
#include "codegen/compiler.hpp"
#include "engine/engine.hpp"
#include "interp/interpreter.hpp"
#include "ir/pipeline.hpp"
#include "runtime/instance.hpp"
#include "script/runner.hpp"
#include "text/script.hpp"

namespace {

using namespace wrun;
namespace fs = std::filesystem;

using Refusals = std::map<std::string, uint32_t>;

void compile_all(const wasm::Module& module, Refusals& refusals) {
  for (uint32_t i = module.imported_functions; i < module.functions.size(); ++i) {
    auto function = ir::build(module, i, {});
    if (!function) {
      ++refusals[std::string(function.error().what)];
      continue;
    }
    ir::PipelineReport report;
    ir::run_pipeline(*function, {}, report);
    const auto compiled = codegen::compile(*function, {.check_allocation = true});
    if (!compiled) ++refusals[std::string(compiled.error().what)];
  }
}

// Runs code by the interpreter, and compiles it for the sake of what cannot be.
class Compiling final : public runtime::Executor {
 public:
  explicit Compiling(Refusals& refusals) : refusals_(refusals) {}
  Result<void> prepare(runtime::Instance& instance) override {
    compile_all(instance.module(), refusals_);
    return interpreter_.prepare(instance);
  }
  runtime::TrapCode call(runtime::Store& store, runtime::FuncRef& function,
                         uint64_t* slots) override {
    return interpreter_.call(store, function, slots);
  }

 private:
  interp::Interpreter interpreter_{interp::InterpreterOptions{}};
  Refusals& refusals_;
};

std::string to_text(const Refusals& refusals) {
  std::string text;
  for (const auto& [what, count] : refusals) text += what + " " + std::to_string(count) + "\n";
  return text;
}

}  // namespace

TEST_CASE("no instruction of the test suite is refused") {
  const char* folder = std::getenv("WRUN_SPEC_TESTSUITE_DIR");
  if (folder == nullptr || !fs::exists(folder) || !codegen::is_supported()) return;
  Refusals refusals;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".wast") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string source{std::istreambuf_iterator<char>(in), {}};
    const auto script = text::parse_script(source);
    if (!script) continue;
    engine::Engine engine({.features = wasm::FeatureSet::all()},
                          std::make_unique<Compiling>(refusals));
    script::Report report;
    script::Runner(engine).run(*script, report);
  }
  CHECK(to_text(refusals) == "");
}

TEST_CASE("no instruction of the guests is refused", "[.app]") {
  const char* folder = std::getenv("WRUN_GUESTS_DIR");
  if (folder == nullptr || !fs::exists(folder) || !codegen::is_supported()) return;
  Refusals refusals;
  engine::Engine engine({.features = wasm::FeatureSet::all()});
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".wasm" || entry.file_size() > 3'000'000) continue;
    const auto module = engine.load_file(entry.path().string());
    if (module) compile_all(**module, refusals);
  }
  CHECK(to_text(refusals) == "");
}
