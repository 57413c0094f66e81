// Callees built in the place of calls: which ones, and what they leave of the call.
#include <string>

#include "catch.hpp"
#include "engine/engine.hpp"
#include "ir/build.hpp"
#include "ir/printer.hpp"
#include "ir/verifier.hpp"
#include "text/parser.hpp"

namespace {

using namespace wrun;

struct Built {
  Built(std::string_view source, uint32_t index, const ir::BuildOptions& options)
      : engine({.features = wasm::FeatureSet::all()}) {
    auto parsed = text::parse_module(source);
    if (!parsed) FAIL(parsed.error().message);
    const auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(parsed->bytes));
    const auto loaded = engine.load(*bytes, bytes);
    if (!loaded) FAIL(loaded.error().message);
    module = *loaded;
    auto built = ir::build(*module, index, options);
    REQUIRE(built);
    const auto verified = ir::verify(*built);
    if (!verified) FAIL(verified.error());
    inlined_calls = built->inlined_calls;
    text = ir::to_string(*built);
  }
  size_t count(std::string_view what) const {
    size_t result = 0;
    for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
      ++result;
    return result;
  }

  engine::Engine engine;
  std::shared_ptr<const wasm::Module> module;
  std::vector<wasm::InlinedCall> inlined_calls;
  std::string text;
};

constexpr ir::BuildOptions kInlining = {.inlining = true};

}  // namespace

TEST_CASE("a small callee stands in the place of its calls") {
  constexpr std::string_view kSource = R"((module
    (func $twice (param i32) (result i32 i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 1) (i32.const 2))))
      (i32.shl (local.get 0) (i32.const 1)) (local.get 0))
    (func (param i32) (result i32)
      (i32.xor (call $twice (i32.add (call $twice (local.get 0))))))))";
  const Built with(kSource, 1, kInlining);
  CHECK(with.count("call") == 0);
  CHECK(with.count("i32.shl") == 2);
  CHECK(with.inlined_calls.size() == 2);
  CHECK(Built(kSource, 1, {}).count("call") == 2);
}

TEST_CASE("callees with handlers and tail calls, and imported ones, are called") {
  const Built built(R"((module
    (import "a" "b" (func $imported))
    (func $handler (try_table))
    (func $tail (return_call $handler))
    (func (call $imported) (call $handler) (call $tail))))",
                    3, kInlining);
  CHECK(built.count("call") == 3);
  CHECK(built.inlined_calls.empty());
}

TEST_CASE("recursion and depth are bounded, and inlined calls know those around them") {
  const Built fib(R"((module (func $fib (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0)) (else
      (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
               (call $fib (i32.sub (local.get 0) (i32.const 2)))))))))",
                  0, kInlining);
  CHECK(fib.count("call") == 4);
  CHECK(fib.inlined_calls.size() == 2);

  std::string chain = "(module (func $f0)";
  for (int i = 1; i < 9; ++i) {
    const std::string number = std::to_string(i);
    chain += "(func $f" + number + " (call $f" + std::to_string(i - 1) + "))";
  }
  const Built deep(chain + ")", 8, kInlining);
  CHECK(deep.count("call") == 1);
  REQUIRE(deep.inlined_calls.size() == 4);
  for (uint32_t i = 0; i < 4; ++i) {
    CHECK(deep.inlined_calls[i].callee == 7 - i);
    CHECK(deep.inlined_calls[i].outer == i - 1);
  }
}

TEST_CASE("a function that calls many small ones grows within bounds") {
  std::string source = "(module (memory 1) (func $f";
  for (int i = 0; i < 8; ++i) source += "(i32.store (i32.const 0) (i32.const 1))";
  source += ") (func ";
  for (int i = 0; i < 1000; ++i) source += "(call $f)";
  const Built built(source + "))", 1, kInlining);
  CHECK(built.inlined_calls.size() > 10);
  CHECK(built.inlined_calls.size() < 100);
}

TEST_CASE("what follows a callee that never returns takes its fuel all the same") {
  constexpr std::string_view kSource = R"((module
    (func $never (result i32) (unreachable))
    (func (result i32) (i32.add (call $never) (i32.add (i32.const 1) (i32.const 2))))))";
  const Built built(kSource, 1, {.fuel = true, .inlining = true});
  CHECK(built.count("call") == 0);
  CHECK(built.count("consume_fuel[6]") == 1);
  CHECK(built.count("consume_fuel[1]") == 1);
  CHECK(built.count("return") == 0);
}

TEST_CASE("exceptions out of a callee come to the handler around the call") {
  const Built built(R"((module (import "a" "b" (func $other)) (tag $e)
    (func $throw (throw $e))
    (func $call_other (call $other))
    (func (param i32) (result i32)
      (block $caught
        (try_table (catch $e $caught)
          (local.set 0 (i32.const 7)) (call $call_other)
          (local.set 0 (i32.const 8)) (call $throw)))
      (local.get 0))))",
                    3, kInlining);
  CHECK(built.count("invoke[0]") == 1);
  CHECK(built.count("invoke[1]") == 1);
  REQUIRE(built.inlined_calls.size() == 1);
  CHECK(built.inlined_calls[0].callee == 2);
}
