// What compiled code and the interpreter do together: exceptions through frames of both, collections
// while both have frames, results that do not depend on the tier.
#include <fmt/format.h>

#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"
#include "engine/engine.hpp"
#include "runtime/linker.hpp"
#include "text/parser.hpp"

namespace {

using namespace wrun;
using engine::Engine;
using engine::EngineConfig;
using engine::Tier;

struct Guest {
  Guest(const std::string& source, EngineConfig config, const runtime::StoreLimits& limits = {}) {
    config.features = wasm::FeatureSet::all();
    engine = std::make_unique<Engine>(config);
    store = engine->new_store(limits);
    auto parsed = text::parse_module(source);
    if (!parsed) FAIL(parsed.error().message);
    const auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(parsed->bytes));
    const auto module = engine->load(*bytes, bytes);
    if (!module) FAIL(module.error().message);
    const auto made = runtime::Linker(*store).instantiate(*module, "test");
    if (!made) FAIL(made.error().message);
    instance = *made;
  }
  // The results as text, or the trap's name.
  std::string call(std::string_view name, std::vector<uint64_t> slots) {
    const auto found = instance->find_export(name);
    REQUIRE(found);
    auto& function = *std::get<runtime::FuncRef*>(*found);
    slots.resize(std::max({slots.size(), size_t{function.result_slots}, size_t{1}}));
    const auto outcome = store->call(function, slots.data());
    frames.clear();
    if (!outcome) {
      for (const auto& frame : outcome.error().frames)
        frames += fmt::format("{}@{} ", frame.function_index, frame.offset);
      return outcome.error().message;
    }
    std::string text;
    uint32_t slot = 0;
    for (const wasm::ValType result : function.type->results) {
      // What is above an f32 is nobody's.
      const uint64_t mask = result == wasm::kF32 ? 0xffffffff : UINT64_MAX;
      for (uint32_t i = 0; i < result.slots(); ++i)
        text += fmt::format("{:x} ", slots[slot++] & mask);
    }
    return text;
  }

  std::unique_ptr<Engine> engine;
  std::unique_ptr<runtime::Store> store;
  runtime::Instance* instance = nullptr;
  std::string frames;  // where the latest call trapped
};

// What makes a function stay with the interpreter: so many locals and blocks.
std::string too_much_to_compile() {
  std::string text = "(local";
  for (int i = 0; i < 49'000; ++i) text += " i32";
  text += ")";
  for (int i = 0; i < 11'500; ++i) text += "(block)";
  return text;
}

const EngineConfig kCompiled = {.tier = Tier::Optimizing};
const EngineConfig kInterpreted = {.tier = Tier::Interpreter};

// Functions named by the tiers (c, i) of themselves and of those they call, down to one that throws.
std::string throwing_chains(const std::vector<std::string>& paths) {
  const std::string interpreted = too_much_to_compile();
  std::string source =
      "(module (tag $e (param i64 f32 v128)) (tag $other) (global $g (mut i64) (i64.const 0))";
  for (const std::string& path : paths) {
    const std::string& prefix = path[0] == 'i' ? interpreted : std::string();
    if (path.size() == 1) {
      source += fmt::format(
          "(func ${} (param i64 i64 i64 i64) (result i64) {} "
          "(if (i64.eqz (local.get 0)) (then (return (i64.const 5))))"
          "(throw $e (local.get 0) (f32.const 2.5) (v128.const i64x2 7 8)))",
          path, prefix);
      continue;
    }
    // Values that live across the call are in registers that calls preserve. Another tag's handler
    // leaves no trace.
    source += fmt::format(
        "(func ${0} (param i64 i64 i64 i64) (result i64) {1}"
        "(block $v (result i64) (block $n"
        "  (br $v (try_table (result i64) (catch $other $n)"
        "    (call ${2} (local.get 0) (i64.add (local.get 1) (i64.const 1))"
        "      (i64.mul (local.get 2) (i64.const 3)) (i64.sub (local.get 3) (i64.const 5))))))"
        "  (i64.const -1))"
        "(i64.add (local.get 1)) (i64.add (local.get 2)) (i64.add (local.get 3)))",
        path, prefix, path.substr(1));
  }
  for (const std::string& path : paths) {
    const std::string& prefix = path[0] == 'i' ? interpreted : std::string();
    source += fmt::format(
        "(func (export \"{0}\") (param i64 i64 i64 i64) (result i64) {1}"
        "(block $h (result i64 f32 v128)"
        "  (try_table (catch $e $h)"
        "    (return (call ${0} (local.get 0) (local.get 1) (local.get 2) (local.get 3))))"
        "  (unreachable))"
        "(i64x2.extract_lane 1) (global.set $g)"
        "(i64.trunc_f32_s (f32.mul (f32.const 2))) (i64.add)"
        "(i64.add (i64.mul (local.get 1) (i64.const 100)))"
        "(i64.add (i64.mul (local.get 2) (i64.const 10000)))"
        "(i64.add (i64.mul (local.get 3) (i64.const 1000000)))"
        "(i64.add (global.get $g)))",
        path, prefix);
    source += fmt::format(
        "(func (export \"uncaught {0}\") (param i64 i64 i64 i64) (result i64) {1}"
        "(call ${0} (local.get 0) (local.get 1) (local.get 2) (local.get 3)))",
        path, prefix);
  }
  return source + ")";
}

}  // namespace

TEST_CASE("Exceptions go through frames of both tiers, and handlers find their values") {
  std::vector<std::string> paths;
  for (const char* path : {"c", "i", "cc", "ic", "ci", "ii", "ccc", "icc", "cic", "iic", "cci",
                           "ici", "cici", "icic", "ccici"})
    paths.emplace_back(path);
  const std::string source = throwing_chains(paths);
  const runtime::StoreLimits limits = {.stack_bytes = 64u << 20};
  Guest compiled(source, kCompiled, limits);
  Guest interpreted(source, kInterpreted, limits);
  for (int round = 0; round < 3; ++round)
    for (const std::string& path : paths)
      for (const uint64_t first : {1ull, 0ull, 77ull}) {
        INFO(path << " " << first);
        const std::vector<uint64_t> arguments = {first, 2, 3, 4};
        CHECK(compiled.call(path, arguments) == interpreted.call(path, arguments));
        const std::string uncaught = "uncaught " + path;
        CHECK(compiled.call(uncaught, arguments) == interpreted.call(uncaught, arguments));
        CHECK(compiled.frames == interpreted.frames);
      }
}

TEST_CASE("Handlers in compiled code: tags, references, nesting, results on the stack") {
  const std::string source = R"((module
    (tag $a (param i32)) (tag $b) (tag $c (param i64 i64))
    (type $t (func (param i32) (result i32 i32 i32 i32 i32 f64 i64 i32 i32 i32 i32 i32)))
    (table funcref (elem $many))
    (func $throw (param i32)
      (if (i32.eq (local.get 0) (i32.const 0)) (then (throw $a (i32.const 10))))
      (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $b)))
      (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $c (i64.const 5) (i64.const 6)))))
    (func $many (type $t)
      (call $throw (local.get 0))
      (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5) (f64.const 6)
      (i64.const 7) (i32.const 8) (i32.const 9) (i32.const 10) (i32.const 11) (i32.const 12))
    (func (export "tags") (param i32) (result i32)
      (block $ha (result i32)
        (block $hb
          (block $all
            (try_table (catch $a $ha) (catch $b $hb) (catch_all $all)
              (call $throw (local.get 0))
              (return (i32.const 1)))
            (unreachable))
          (return (i32.const 2)))
        (return (i32.const 3))))
    (func (export "rethrow") (param i32) (result i32)
      (block $outer (result i32)
        (try_table (catch $a $outer)
          (block $ref (result exnref)
            (try_table (catch_all_ref $ref) (call $throw (local.get 0)) (return (i32.const 1)))
            (unreachable))
          (throw_ref))
        (unreachable)))
    (func (export "inside") (param i32) (result i32) (local i32)
      (local.set 1 (i32.const 3))
      (block $h (result i32)
        (try_table (result i32) (catch $a $h)
          (local.set 1 (i32.add (local.get 0) (i32.const 4)))
          (if (local.get 0) (then (throw $a (i32.const 50))))
          (i32.const 60)))
      (i32.add (local.get 1)))
    (func (export "many") (param i32 i32) (result i32) (local i32)
      (local.set 2 (i32.mul (local.get 1) (i32.const 7)))
      (block $h
        (try_table (catch_all $h)
          (call_indirect (type $t) (local.get 0) (i32.const 0))
          (i32.add) (i32.add) (i32.add) (i32.add) (local.set 2)
          (drop) (drop) (drop) (drop) (drop) (drop) (drop)
          (return (local.get 2))))
      (i32.add (local.get 1) (local.get 2)))
    (func (export "in a loop") (param i32) (result i32) (local i32 i32)
      (loop $l
        (block $out
          (block $h (result i32)
            (try_table (result i32) (catch $a $h)
              (call $throw (i32.and (local.get 1) (i32.const 3)))
              (i32.const 1)
              (br $out))
            (unreachable))
          (local.set 2 (i32.add (local.get 2))))
        (local.set 2 (i32.add (local.get 2) (i32.const 1)))
        (local.set 1 (i32.add (local.get 1) (i32.const 4)))
        (br_if $l (i32.lt_u (local.get 1) (local.get 0))))
      (local.get 2))))";
  Guest compiled(source, kCompiled);
  Guest interpreted(source, kInterpreted);
  for (const char* name : {"tags", "rethrow", "inside"})
    for (uint64_t argument = 0; argument < 4; ++argument)
      CHECK(compiled.call(name, {argument}) == interpreted.call(name, {argument}));
  for (uint64_t argument = 0; argument < 4; ++argument)
    CHECK(compiled.call("many", {argument, 9}) == interpreted.call("many", {argument, 9}));
  CHECK(compiled.call("in a loop", {400}) == interpreted.call("in a loop", {400}));
}

TEST_CASE("Legacy handlers in compiled code") {
  const std::string source = R"((module
    (tag $a (param i32)) (tag $b)
    (func $throw (param i32)
      (if (i32.eqz (local.get 0)) (then (throw $a (i32.const 10))))
      (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $b))))
    (func (export "catch") (param i32) (result i32)
      try (result i32)
        local.get 0 call $throw i32.const 1
      catch $a
      catch_all i32.const 2
      end)
    (func (export "rethrow") (param i32) (result i32)
      try (result i32)
        try
          local.get 0 call $throw
        catch_all
          rethrow 0
        end
        i32.const 1
      catch $a
      end)
    (func (export "delegate") (param i32) (result i32)
      try $outer (result i32)
        try
          try
            local.get 0 call $throw
          delegate $outer
        catch_all
          i32.const 100
          return
        end
        i32.const 1
      catch $a
      catch_all i32.const 3
      end)))";
  Guest compiled(source, kCompiled);
  Guest interpreted(source, kInterpreted);
  for (const char* name : {"catch", "rethrow", "delegate"})
    for (uint64_t argument = 0; argument < 3; ++argument)
      CHECK(compiled.call(name, {argument}) == interpreted.call(name, {argument}));
}

TEST_CASE("Objects are found wherever compiled code keeps them") {
  const std::string source = R"((module
    (type $pair (sub (struct (field (mut i32)) (field (mut (ref null $pair))) (field (mut i8)))))
    (type $more (sub $pair (struct (field (mut i32)) (field (mut (ref null $pair))) (field (mut i8))
      (field f32) (field f64) (field v128) (field (mut i16)))))
    (type $refs (array (mut (ref null $pair))))
    (type $bytes (array (mut i8)))
    (type $vectors (array (mut v128)))
    (type $f (sub (func (param (ref null $pair)) (result i32))))
    (type $g (sub $f (func (param (ref null $pair)) (result i32))))
    (table $table 3 funcref)
    (elem (table $table) (i32.const 0) func $sum $sum2)
    (func $make (param i32) (result (ref $pair))
      (struct.new $more (local.get 0)
        (struct.new $pair (i32.mul (local.get 0) (i32.const 2)) (ref.null $pair) (i32.const 200))
        (i32.const -1) (f32.const 1.5) (f64.const 2.5) (v128.const i64x2 3 4) (i32.const -2)))
    (func $sum (type $g) (local i32)
      (loop $l
        (if (ref.is_null (local.get 0)) (then (return (local.get 1))))
        (local.set 1 (i32.add (local.get 1) (i32.add (struct.get $pair 0 (local.get 0))
          (struct.get_s $pair 2 (local.get 0)))))
        (local.set 0 (struct.get $pair 1 (local.get 0)))
        (br $l))
      (unreachable))
    (func $sum2 (type $f) (i32.const 77))
    (func (export "live") (param i32) (result i32 i32 i32) (local $a (ref null $pair))
        (local $refs (ref null $refs))
      (local.set $a (call $make (i32.const 1)))
      (local.set $refs (array.new $refs (local.get $a) (i32.const 5)))
      (array.set $refs (local.get $refs) (i32.const 2) (call $make (local.get 0)))
      (array.set $refs (local.get $refs) (i32.const 3)
        (array.get $refs (array.new_fixed $refs 2 (call $make (i32.const 6)) (call $make (i32.const 7)))
          (i32.const 1)))
      (call $sum (local.get $a))
      (call $sum (array.get $refs (local.get $refs) (i32.const 2)))
      (call_indirect $table (type $f)
        (array.get $refs (local.get $refs) (i32.const 3)) (i32.const 0)))
    (func (export "fields") (param i32) (result i32 f32 f64 i64 i32 i32) (local $m (ref null $more))
      (local.set $m (ref.cast (ref $more) (call $make (local.get 0))))
      (struct.set $more 2 (local.get $m) (local.get 0))
      (struct.set $more 6 (local.get $m) (local.get 0))
      (struct.get_u $more 2 (local.get $m))
      (struct.get $more 3 (local.get $m)) (struct.get $more 4 (local.get $m))
      (i64x2.extract_lane 1 (struct.get $more 5 (local.get $m)))
      (struct.get_s $more 6 (local.get $m))
      (struct.get $pair 0 (ref.as_non_null (struct.get $more 1 (local.get $m)))))
    (func (export "arrays") (param i32 i32) (result i32 i64) (local $b (ref null $bytes))
        (local $v (ref null $vectors))
      (local.set $b (array.new_default $bytes (local.get 0)))
      (array.fill $bytes (local.get $b) (i32.const 1) (i32.const 0xab) (i32.const 3))
      (array.copy $bytes $bytes (local.get $b) (i32.const 4) (local.get $b) (i32.const 0) (i32.const 3))
      (local.set $v (array.new $vectors (v128.const i64x2 8 9) (i32.const 3)))
      (array.set $vectors (local.get $v) (i32.const 1) (v128.const i64x2 10 11))
      (i32.add (array.get_u $bytes (local.get $b) (local.get 1))
               (array.get_s $bytes (local.get $b) (local.get 1)))
      (i64x2.extract_lane 0 (array.get $vectors (local.get $v) (i32.and (local.get 1) (i32.const 3)))))
    (func (export "tests") (param i32) (result i32) (local $x anyref) (local $bits i32)
      (if (i32.eq (local.get 0) (i32.const 1)) (then (local.set $x (call $make (i32.const 1)))))
      (if (i32.eq (local.get 0) (i32.const 2))
        (then (local.set $x (struct.new $pair (i32.const 1) (ref.null $pair) (i32.const 1)))))
      (if (i32.eq (local.get 0) (i32.const 3)) (then (local.set $x (ref.i31 (i32.const -5)))))
      (if (i32.eq (local.get 0) (i32.const 4))
        (then (local.set $x (array.new_default $bytes (i32.const 1)))))
      (i32.const 0)
      (i32.or (ref.test (ref $pair) (local.get $x)))
      (i32.or (i32.shl (ref.test (ref null $pair) (local.get $x)) (i32.const 1)))
      (i32.or (i32.shl (ref.test (ref $more) (local.get $x)) (i32.const 2)))
      (i32.or (i32.shl (ref.test (ref i31) (local.get $x)) (i32.const 3)))
      (i32.or (i32.shl (ref.test (ref null i31) (local.get $x)) (i32.const 4)))
      (i32.or (i32.shl (ref.test (ref struct) (local.get $x)) (i32.const 5)))
      (i32.or (i32.shl (ref.test (ref array) (local.get $x)) (i32.const 6)))
      (i32.or (i32.shl (ref.test (ref eq) (local.get $x)) (i32.const 7)))
      (i32.or (i32.shl (ref.test (ref null eq) (local.get $x)) (i32.const 8)))
      (i32.or (i32.shl (ref.test (ref any) (local.get $x)) (i32.const 9)))
      (i32.or (i32.shl (ref.test (ref none) (local.get $x)) (i32.const 10)))
      (i32.or (i32.shl (ref.test nullref (local.get $x)) (i32.const 11)))
      (i32.or (i32.shl (ref.eq (ref.cast eqref (local.get $x)) (ref.null eq)) (i32.const 12)))
      (if (ref.test (ref i31) (local.get $x))
        (then (return (i31.get_s (ref.cast i31ref (local.get $x)))))))
    (func (export "cast") (param i32) (result i32)
      (struct.get $more 0 (ref.cast (ref $more)
        (if (result (ref null $pair)) (local.get 0)
          (then (call $make (i32.const 3)))
          (else (struct.new_default $pair))))))
    (func (export "indirect") (param i32) (result i32)
      (call_indirect $table (type $f) (call $make (i32.const 3)) (local.get 0)))
    (func (export "indirect g") (param i32) (result i32)
      (call_indirect $table (type $g) (call $make (i32.const 3)) (local.get 0)))))";
  Guest interpreted(source, kInterpreted);
  for (const bool always : {false, true}) {
    Guest compiled(source, kCompiled, {.collect_always = always});
    const auto compare = [&](const char* name, const std::vector<uint64_t>& arguments) {
      INFO(name);
      CHECK(compiled.call(name, arguments) == interpreted.call(name, arguments));
    };
    for (uint64_t i = 0; i < 5; ++i) {
      compare("live", {i});
      compare("fields", {i * 0x4001});
      compare("tests", {i});
      compare("cast", {i & 1});
      compare("indirect", {i});
      compare("indirect g", {i});
      for (uint64_t length : {0, 6, 7, 9}) compare("arrays", {length, i});
    }
  }
}

TEST_CASE("NaNs are canonical in every tier that is asked for it") {
  const std::string source = R"((module
    (func (export "scalar") (param f32 f64) (result f32 f64 f32 f64)
      (f32.add (local.get 0) (local.get 0)) (f64.min (local.get 1) (f64.const 1))
      (f32.demote_f64 (local.get 1)) (f64.promote_f32 (local.get 0)))
    (func (export "vector") (param v128) (result v128 v128)
      (f32x4.mul (local.get 0) (v128.const f32x4 1 2 3 4))
      (f64x2.sqrt (local.get 0)))))";
  EngineConfig config = kCompiled;
  config.canonical_nans = true;
  Guest compiled(source, config);
  config.tier = Tier::Interpreter;
  Guest interpreted(source, config);
  for (const uint64_t bits : {0xfff4000000001234ull, 0x7ff0000000000001ull, 0xffa01234ull,
                              0xffa01234ffa01234ull, 0x3ff0000000000000ull}) {
    CHECK(compiled.call("scalar", {bits & 0xffffffff, bits}) ==
          interpreted.call("scalar", {bits & 0xffffffff, bits}));
    CHECK(compiled.call("vector", {bits, ~bits}) == interpreted.call("vector", {bits, ~bits}));
  }
}

// Frames of functions that tail-call each other do not pile up, whichever tiers they are in.
TEST_CASE("tail calls between tiers take no room") {
  const std::string source = fmt::format(R"((module
    (type $t (func (param i64 i64 i64 i64 i64 i64 i64 f64) (result i64 i64 i64 i64 i64)))
    (table funcref (elem $compiled $interpreted))
    (func $compiled (export "compiled") (type $t)
      (if (i64.eqz (local.get 0))
        (then (return (local.get 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5))))
      (return_call $interpreted (i64.sub (local.get 0) (i64.const 1))
        (i64.add (local.get 1) (local.get 6)) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)
        (local.get 6) (local.get 7)))
    (func $interpreted (export "interpreted") (type $t) {0}
      (return_call_indirect (type $t) (local.get 0) (i64.add (local.get 1) (i64.const 1)) (i64.const 0)
        (i64.const 0) (i64.const 0) (i64.const 0) (local.get 6) (local.get 7) (i32.const 0)))
    (func (export "from compiled") (param i64 i64 i64 i64 i64 i64 i64 f64) (result i64)
      (call $compiled (local.get 0) (local.get 1) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)
        (local.get 6) (local.get 7))
      (drop) (drop) (drop) (drop))
    ;; Between them a call that comes back from the interpreter.
    (func $leaf (param i64) (result i64) {0} (i64.add (local.get 0) (i64.const 1)))
    (func $a (export "with calls") (param i64 i64) (result i64)
      (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
      (return_call $b (i64.sub (local.get 0) (i64.const 1)) (call $leaf (local.get 1))))
    (func $b (param i64 i64) (result i64) {0}
      (return_call $a (local.get 0) (local.get 1)))
    ;; Or an exception.
    (tag $e (param i64))
    (func $throws (param i64) (result i64) {0} (throw $e (i64.add (local.get 0) (i64.const 1))))
    (func $c (export "with exceptions") (param i64 i64) (result i64)
      (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
      (return_call $d (i64.sub (local.get 0) (i64.const 1))
        (block $caught (result i64) (try_table (result i64) (catch $e $caught) (call $throws (local.get 1))))))
    (func $d (param i64 i64) (result i64) {0}
      (return_call $c (local.get 0) (local.get 1)))))",
                                         too_much_to_compile());
  const runtime::StoreLimits limits = {.stack_bytes = 4u << 20};
  Guest guest(source, kCompiled, limits);
  constexpr uint64_t kRounds = 100'000;
  CHECK(guest.call("compiled", {kRounds, 0, 0, 0, 0, 0, 2, 0}) == "493e0 2 3 4 5 ");
  CHECK(guest.call("interpreted", {kRounds, 0, 0, 0, 0, 0, 2, 0}) == "493e1 2 3 4 5 ");
  CHECK(guest.call("from compiled", {kRounds, 0, 0, 0, 0, 0, 2, 0}) == "493e0 ");
  CHECK(guest.call("with calls", {kRounds, 0}) == "186a0 ");
  CHECK(guest.call("with exceptions", {1'000, 0}) == "3e8 ");
}

TEST_CASE("fuel ends at the same place in every tier") {
  const std::string source = R"((module (tag $e) (memory (export "memory") 1)
    (func (export "f") (param $n i32) (result i32) (local $i i32)
      (loop $next
        (block $caught
          (try_table (catch $e $caught) (i32.store8 (local.get $i) (i32.const 1)))
          (block (br_if 0 (i32.and (local.get $i) (i32.const 1)))
            (i32.store8 offset=100 (local.get $i) (i32.const 2))))
        (i32.store8 offset=200 (local.get $i) (i32.const 3))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
      (local.get $i))))";
  const auto metered = [&](EngineConfig config, const runtime::StoreLimits& limits = {}) {
    config.fuel_metering = true;
    return std::make_unique<Guest>(source, config, limits);
  };
  const auto run = [](Guest& guest, int64_t fuel) {
    std::byte* memory = guest.instance->memory(0).base();
    std::memset(memory, 0, 300);
    guest.store->fuel = fuel;
    const std::string result = guest.call("f", {4});
    return fmt::format("{} fuel {} {}", result, guest.store->fuel,
                       std::string_view(reinterpret_cast<const char*>(memory), 300));
  };
  const auto interpreted = metered(kInterpreted), compiled = metered(kCompiled);
  for (int64_t fuel = 0; fuel < 150; ++fuel) {
    INFO(fuel);
    const std::string expected = run(*interpreted, fuel);
    CHECK((run(*compiled, fuel) == expected));
    // Each time from the beginning, with a memory that is made quickly under an emulator as well.
    const EngineConfig stress = {.tier = Tier::Auto, .tier_up_after = 0};
    const auto changing = metered(stress, {.memory_bytes = 64 << 10, .guarded_memories = false});
    CHECK((run(*changing, fuel) == expected));
  }
}

TEST_CASE("small callees leave the same backtraces, fuel and limits in every tier") {
  const std::string source = R"((module (memory 1)
    (func $divide (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))
    (func $load (param i32 i32) (result i32)
      (call $divide (i32.load (local.get 0)) (local.get 1)))
    (func $never (result i32) (drop (call $load (i32.const 0) (i32.const 0))) (unreachable))
    (func (export "f") (param i32 i32) (result i32)
      (if (i32.eq (local.get 0) (i32.const 7))
        (then (return (i32.add (call $never) (i32.const 5)))))
      (i32.add (call $load (local.get 0) (local.get 1))
               (call $divide (i32.const 9) (i32.sub (local.get 1) (i32.const 3)))))
    (func $down (export "down") (param i32) (result i32)
      (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0)) (else
        (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))))))";
  const auto run = [&](EngineConfig config, int64_t fuel) {
    config.fuel_metering = true;
    Guest guest(source, config);
    std::string text;
    const uint64_t arguments[][2] = {
        {      0, 1},
        {      0, 0},
        {      0, 3},
        {      7, 1},
        {0x20000, 1}
    };
    for (const auto& [a, b] : arguments) {
      guest.store->fuel = fuel;
      text += guest.call("f", {a, b}) + guest.frames;
      text += fmt::format("{}\n", guest.store->fuel);
    }
    guest.store->fuel = 1'000'000;
    text += guest.call("down", {1000}) + fmt::format("{}\n", guest.store->fuel);
    guest.store->fuel = INT64_MAX;
    return text + guest.call("down", {1'000'000'000});
  };
  const EngineConfig stress = {.tier = Tier::Auto, .tier_up_after = 0};
  for (const int64_t fuel : {0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 1000}) {
    INFO(fuel);
    const std::string expected = run(kInterpreted, fuel);
    CHECK(run(kCompiled, fuel) == expected);
    CHECK(run(stress, fuel) == expected);
  }
}
