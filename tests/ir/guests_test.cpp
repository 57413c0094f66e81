// Small runs of real programs, evaluated: their output must be the interpreter's.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "engine/engine.hpp"
#include "ir/evaluator.hpp"
#include "runtime/linker.hpp"
#include "wasi/wasi.hpp"

namespace {

using namespace wrun;

struct Guest {
  const char* name;
  std::vector<std::string> arguments;
};

const std::vector<Guest> kGuests = {
    {      "hello",                                    {}},
    {        "fib",                                {"12"}},
    {      "nbody",                               {"100"}},
    {   "spectral",                                {"12"}},
    {   "bintrees",                                 {"5"}},
    {     "matmul",                                 {"8"}},
    {      "sorts",                               {"300"}},
    {    "hashmap",                               {"300"}},
    {     "bytevm",                               {"100"}},
    {   "indirect",                                 {"1"}},
    {   "tailcall",                               {"100"}},
    { "exc_exnref",                                {"20"}},
    { "exc_legacy",                                {"20"}},
    {"matmul_simd",                                {"16"}},
    {        "lua", {"-e", "print(('x'):rep(3), 7 // 2)"}},
};

struct Outcome {
  std::string output;
  std::string problems;
};

Outcome run(engine::Engine& engine, const std::string& path, const Guest& guest) {
  std::FILE* out = std::tmpfile();
  auto module = engine.load_file(path);
  REQUIRE(module);
  wasi::WasiOptions options;
  options.arguments = {guest.name};
  options.arguments.insert(options.arguments.end(), guest.arguments.begin(), guest.arguments.end());
  options.stdio = {-1, fileno(out), fileno(out)};
  auto wasi = wasi::Wasi::create(std::move(options));
  REQUIRE(wasi);
  auto store = engine.new_store();
  runtime::Linker linker(*store);
  linker.add_source(**wasi);
  auto instance = linker.instantiate(*module, guest.name);
  REQUIRE(instance);
  const auto start = (*instance)->find_export("_start");
  REQUIRE(start);
  uint64_t slots[1] = {};
  const auto outcome = store->call(*std::get<runtime::FuncRef*>(*start), slots);
  Outcome result;
  if (!outcome) result.output = outcome.error().message + "\n";
  std::rewind(out);
  for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out))
    result.output += static_cast<char>(c);
  std::fclose(out);
  return result;
}

void compare(const test::Evaluator::Transform& transform) {
  const char* folder = std::getenv("WRUN_GUESTS_DIR");
  if (folder == nullptr) return;
  const engine::EngineConfig config = {.features = wasm::FeatureSet::all()};
  for (const Guest& guest : kGuests) {
    const std::string path = std::string(folder) + "/" + guest.name + ".wasm";
    if (!std::filesystem::exists(path)) continue;
    INFO(path);
    auto owned = std::make_unique<test::Evaluator>(transform);
    test::Evaluator& evaluator = *owned;
    engine::Engine evaluating(config, std::move(owned));
    engine::Engine interpreting(config);
    CHECK(run(evaluating, path, guest).output == run(interpreting, path, guest).output);
    CHECK(evaluator.problems == "");
  }
}

}  // namespace

TEST_CASE("programs as they are built do what the interpreter does", "[.app]") { compare({}); }

TEST_CASE("programs that have gone through all passes do what the interpreter does", "[.app]") {
  std::string problem;
  compare([&](ir::Function& function) { test::optimise(function, problem); });
  CHECK(problem == "");
}
