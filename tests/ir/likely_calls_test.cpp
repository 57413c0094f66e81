// Calls by reference with a likely callee: what stands in their place.
#include <string>

#include "catch.hpp"
#include "engine/engine.hpp"
#include "ir/build.hpp"
#include "ir/pipeline.hpp"
#include "ir/printer.hpp"
#include "ir/verifier.hpp"
#include "text/parser.hpp"

namespace {

using namespace wrun;

// Says the same of every call.
struct Made final : wasm::Profile {
  Made(uint32_t likely, Heat all) : callee(likely), heat_of_all(all) {}
  Heat heat(uint32_t) const override { return heat_of_all; }
  std::optional<uint32_t> likely_callee(uint32_t, uint32_t) const override { return callee; }
  uint32_t callee;
  Heat heat_of_all;
};

struct Built {
  Built(std::string_view source, uint32_t index, ir::BuildOptions options) {
    engine::Engine engine({.features = wasm::FeatureSet::all()});
    auto parsed = text::parse_module(source);
    if (!parsed) FAIL(parsed.error().message);
    const auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(parsed->bytes));
    const auto loaded = engine.load(*bytes, bytes);
    if (!loaded) FAIL(loaded.error().message);
    auto built = ir::build(**loaded, index, options);
    REQUIRE(built);
    const auto verified = ir::verify(*built);
    if (!verified) FAIL(verified.error());
    text = ir::to_string(*built);
    ir::PipelineReport report;
    ir::run_pipeline(*built, {.verify = true}, report);
    CHECK(report.problem.empty());
  }
  size_t count(std::string_view what) const {
    size_t result = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
      ++result;
    return result;
  }
  std::string text;
};

constexpr std::string_view kSource = R"((module
  (import "a" "b" (func $imported (param i32) (result i32)))
  (type $f (func (param i32) (result i32)))
  (table funcref (elem $small $large))
  (memory 1)
  (func $small (type $f) (i32.mul (local.get 0) (local.get 0)))
  (func $large (type $f) (local.get 0)
    (loop (call $imported (i32.const 1)) (drop)
      (i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 0) (i32.const 1))
      (i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 0) (i32.const 1))
      (i32.store (i32.const 0) (i32.const 1)) (i32.store (i32.const 0) (i32.const 1))))
  (func $other_type (param i64))
  (func (param i32 i32) (result i32)
    (i32.add (i32.const 3) (call_indirect (type $f) (local.get 0) (local.get 1))))
  (func (param i32 (ref null $f)) (result i32) (call_ref $f (local.get 0) (local.get 1)))
  (func (param i32 i32) (result i32)
    (return_call_indirect (type $f) (local.get 0) (local.get 1)))))";
constexpr uint32_t kIndirect = 4, kReference = 5, kTail = 6;

}  // namespace

TEST_CASE("a likely callee is compared with, and built in if it is small") {
  const Made small(1, wasm::Profile::Heat::Warm);
  for (const uint32_t function : {kIndirect, kReference}) {
    const Built built(kSource, function, {.inlining = true, .profile = &small});
    CHECK(built.count("ref.func[1]") == 1);
    CHECK(built.count("ref.eq") == 1);
    CHECK(built.count("i32.mul") == 1);
    CHECK(built.count("call_ref") == 1);
    CHECK(built.count("call[") == 0);
    const Built called(kSource, function, {.profile = &small});
    CHECK(called.count("i32.mul") == 0);
    CHECK(called.count("call[1]") == 1);
  }
  CHECK(Built(kSource, kTail, {.inlining = true, .profile = &small}).count("ref.eq") == 0);
}

TEST_CASE("hot callees are built in up to a larger size") {
  const Made warm(2, wasm::Profile::Heat::Warm), hot(2, wasm::Profile::Heat::Hot);
  CHECK(Built(kSource, kIndirect, {.inlining = true, .profile = &warm}).count("call[2]") == 1);
  const Built built(kSource, kIndirect, {.inlining = true, .profile = &hot});
  CHECK(built.count("call[2]") == 0);
  CHECK(built.count("call[0]") == 1);
}

TEST_CASE("who cannot be called there is not likely") {
  for (const uint32_t callee : {0u, 3u, 7u, UINT32_MAX}) {
    const Made made(callee, wasm::Profile::Heat::Hot);
    CHECK(Built(kSource, kIndirect, {.inlining = true, .profile = &made}).count("ref.eq") == 0);
  }
}
