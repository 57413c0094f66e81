#include "engine/engine.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "catch.hpp"
#include "runtime/linker.hpp"
#include "support/module_builder.hpp"

using namespace wrun;
using namespace wrun::test;
using engine::Engine;
using runtime::TrapCode;
using wasm::kI32;
using wasm::kI64;
using wasm::Op;

namespace {

Result<std::shared_ptr<const wasm::Module>> load(Engine& engine, const ModuleBuilder& builder) {
  const auto bytes = std::make_shared<const std::vector<std::byte>>(builder.build());
  return engine.load(*bytes, bytes);
}

runtime::Instance& instantiate(Engine& engine, runtime::Store& store,
                               const ModuleBuilder& builder) {
  const auto module = load(engine, builder);
  if (!module) FAIL(module.error().message);
  const auto instance = runtime::Linker(store).instantiate(*module, "test");
  if (!instance) FAIL(instance.error().message);
  return **instance;
}

// loop: br 0
ModuleBuilder endless() {
  ModuleBuilder builder;
  builder.function({}, Code()(Op::Loop, kEmptyBlock)(Op::Br, 0)(Op::End));
  return builder;
}

}  // namespace

TEST_CASE("From bytes to a result") {
  Engine engine({});
  const auto store = engine.new_store();
  ModuleBuilder builder;
  const uint32_t add = builder.function(
      {
          {kI32, kI32},
          {kI32}
  },
      Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::I32Add));
  runtime::Instance& instance = instantiate(engine, *store, builder);
  uint64_t slots[2] = {40, 2};
  REQUIRE(store->call(instance.function(add), slots).has_value());
  CHECK(slots[0] == 42);
}

TEST_CASE("A load beyond a memory traps, with and without a guard") {
  Engine engine({});
  const auto store = engine.new_store({.guarded_memories = GENERATE(true, false)});
  ModuleBuilder builder;
  builder.memory({.limits = {.minimum = 1}});
  const uint32_t load_at =
      builder.function({{kI32}, {kI64}}, Code()(Op::LocalGet, 0)(Op::I64Load, 3, 0xfffffff0));
  const uint32_t load_near =
      builder.function({{kI32}, {kI64}}, Code()(Op::LocalGet, 0)(Op::I64Load, 3, 0));
  runtime::Instance& instance = instantiate(engine, *store, builder);
  for (const uint32_t address : {65'529u, 65'536u, 0x7fffffffu, 0xffffffffu}) {
    uint64_t slots[1] = {address};
    const auto outcome = store->call(instance.function(load_near), slots);
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().code == TrapCode::OutOfBoundsMemoryAccess);
    CHECK(outcome.error().frames.size() == 1);
  }
  uint64_t far[1] = {0xffffffff};
  CHECK_FALSE(store->call(instance.function(load_at), far).has_value());
  uint64_t last[1] = {65'528};
  CHECK(store->call(instance.function(load_near), last).has_value());
}

TEST_CASE("Features that are off are refused") {
  wasm::FeatureSet features = wasm::FeatureSet::defaults();
  features.disable(wasm::Feature::Simd);
  Engine engine({.features = features});
  ModuleBuilder builder;
  builder.function({}, Code().v128(1, 2)(Op::Drop));
  CHECK_FALSE(load(engine, builder).has_value());
}

TEST_CASE("An interruptible engine stops an endless loop") {
  Engine engine({.interruptible = true});
  const auto store = engine.new_store();
  runtime::Instance& instance = instantiate(engine, *store, endless());
  store->interrupt();
  uint64_t slots[1] = {0};
  CHECK(store->call(instance.function(0), slots).error().code == TrapCode::Interrupted);
}

TEST_CASE("Fuel runs out in an endless loop") {
  Engine engine({.fuel_metering = true});
  const auto store = engine.new_store();
  store->fuel = 100'000;
  runtime::Instance& instance = instantiate(engine, *store, endless());
  uint64_t slots[1] = {0};
  CHECK(store->call(instance.function(0), slots).error().code == TrapCode::OutOfFuel);
}

TEST_CASE("Endless recursion exhausts the stack") {
  Engine engine({});
  const auto store = engine.new_store({.stack_bytes = 1 << 20});
  ModuleBuilder builder;
  builder.function({}, Code()(Op::Call, 0));
  runtime::Instance& instance = instantiate(engine, *store, builder);
  for (int i = 0; i < 2; ++i) {
    uint64_t slots[1] = {0};
    const auto outcome = store->call(instance.function(0), slots);
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().code == TrapCode::CallStackExhausted);
    CHECK(outcome.error().frames.size() == runtime::kMaxBacktraceFrames);
    CHECK(outcome.error().omitted_frames > 0);
  }
}

TEST_CASE("Modules come from files") {
  Engine engine({});
  ModuleBuilder builder;
  builder.function({}, Code());
  const std::vector<std::byte> bytes = builder.build();
  char path[] = "/tmp/wrun-engine-XXXXXX";
  std::FILE* file = fdopen(mkstemp(path), "wb");
  REQUIRE(std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
  REQUIRE(std::fclose(file) == 0);
  const auto module = engine.load_file(path);
  std::remove(path);
  REQUIRE(module.has_value());
  CHECK((*module)->functions.size() == 1);
  CHECK(engine.load_file("/nonexistent").error().kind == Error::Kind::Io);
}

TEST_CASE("Compiled code of a module that is gone is never taken for another one's") {
  Engine engine(
      {.tier = GENERATE(engine::Tier::Optimizing, engine::Tier::Auto), .tier_up_after = 0});
  std::weak_ptr<const wasm::Module> first;
  for (uint32_t value = 0; value < 64; ++value) {
    const auto store = engine.new_store();
    ModuleBuilder builder;
    const uint32_t constant = builder.function({{}, {kI32}}, Code()(Op::I32Const, value));
    runtime::Instance& instance = instantiate(engine, *store, builder);
    uint64_t slots[1] = {};
    REQUIRE(store->call(instance.function(constant), slots).has_value());
    CHECK(slots[0] == value);
    if (value == 0) first = instance.shared_module();
  }
  CHECK(first.expired());
}

namespace {

// Gives 1 + 2 + ... + n, by a loop.
uint32_t add_sum(ModuleBuilder& builder) {
  return builder.function({{kI32}, {kI32}},
                          Code()(Op::Loop, kEmptyBlock)(Op::LocalGet, 1)(Op::LocalGet, 0)(
                              Op::I32Add)(Op::LocalSet, 1)(Op::LocalGet, 0)(Op::I32Const, 1)(
                              Op::I32Sub)(Op::LocalTee, 0)(Op::BrIf, 0)(Op::End)(Op::LocalGet, 1),
                          {kI32});
}

uint64_t call(runtime::Store& store, runtime::Instance& instance, uint32_t function,
              uint64_t argument) {
  uint64_t slots[1] = {argument};
  REQUIRE(store.call(instance.function(function), slots).has_value());
  return slots[0];
}

}  // namespace

TEST_CASE("What gets hot goes on in compiled code, with the same result") {
  // At once, after some rounds, and never.
  for (const uint32_t after : {0u, 100u, 1'000'000'000u}) {
    Engine engine({.tier = engine::Tier::Auto, .tier_up_after = after});
    const auto store = engine.new_store();
    ModuleBuilder builder;
    const uint32_t sum = add_sum(builder);
    runtime::Instance& instance = instantiate(engine, *store, builder);
    CHECK(call(*store, instance, sum, 100'000) == static_cast<uint32_t>(100'000ull * 100'001 / 2));
    for (uint32_t n = 1; n < 2'000; ++n)
      REQUIRE(call(*store, instance, sum, n) == uint64_t{n} * (n + 1) / 2);
  }
}

TEST_CASE("Instances come and go while their module is being compiled") {
  Engine engine({.tier = engine::Tier::Auto, .tier_up_after = 50});
  ModuleBuilder builder;
  const uint32_t sum = add_sum(builder);
  const auto module = load(engine, builder);
  REQUIRE(module);
  for (int round = 0; round < 50; ++round) {
    const auto store = engine.new_store();
    runtime::Linker linker(*store);
    const auto first = linker.instantiate(*module, "first");
    const auto second = linker.instantiate(*module, "second");
    REQUIRE(first);
    REQUIRE(second);
    CHECK(call(*store, **first, sum, 100) == 5'050);
    CHECK(call(*store, **second, sum, 1'000) == 500'500);
  }
}

TEST_CASE("An engine may go while it compiles") {
  for (int round = 0; round < 20; ++round) {
    Engine engine({.tier = engine::Tier::Auto, .tier_up_after = 10});
    const auto store = engine.new_store();
    ModuleBuilder builder;
    const uint32_t sum = add_sum(builder);
    runtime::Instance& instance = instantiate(engine, *store, builder);
    CHECK(call(*store, instance, sum, 20) == 210);
  }
}
