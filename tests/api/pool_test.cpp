#include <thread>

#include "api/host.hpp"

namespace wrun::test {
namespace {

// A module whose `mix` changes all that an instance has, and whose `sum` depends on all of it.
constexpr std::string_view kMixer = R"((module
  (import "host" "seen" (func $seen (param i32)))
  (memory (export "memory") 2 8)
  (data (i32.const 65530) "\07\00\00\00")
  (data $later "\05")
  (global $count (mut i32) (i32.const 11))
  (table $t 3 9 funcref)
  (elem (i32.const 1) $one)
  (elem $spare func $two $two)
  (start $begin)
  (func $begin (global.set $count (i32.add (global.get $count) (i32.const 100))))
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func (export "mix")
    (drop (memory.grow (i32.const 3)))
    (i32.store (i32.const 65530) (i32.const 70))
    (i32.store (i32.const 300000) (i32.const 9))
    (memory.init $later (i32.const 8) (i32.const 0) (i32.const 1))
    (data.drop $later)
    (drop (table.grow $t (ref.func $two) (i32.const 2)))
    (table.init $t $spare (i32.const 1) (i32.const 0) (i32.const 2))
    (elem.drop $spare)
    (global.set $count (i32.const 12345))
    (call $seen (global.get $count)))
  (func (export "sum") (result i32)
    (i32.add (i32.add (i32.load (i32.const 65530)) (i32.load (i32.const 8)))
      (i32.add (i32.add (global.get $count) (call_indirect $t (result i32) (i32.const 1)))
        (i32.add (i32.mul (memory.size) (i32.const 1000))
          (i32.mul (table.size $t) (i32.const 10000))))))
  (func (export "fail") (i32.store (i32.const 0) (i32.const 3)) unreachable)
))";
constexpr int32_t kNewSum = 7 + 0 + 111 + 1 + 2000 + 30000;

struct Pooled {
  explicit Pooled(const Config& config = {}, const PoolOptions& options = {})
      : engine(must(Engine::create(config))),
        module(must(Module::from_bytes(engine, std::as_bytes(std::span(kMixer))))),
        pool(must(InstancePool::create(module, options, [](Linker& linker) -> Result<void> {
          linker.define_func("host", "seen", [](int32_t) {});
          return {};
        }))) {}

  Engine engine;
  Module module;
  InstancePool pool;
};

int32_t sum(const PooledInstance& instance) {
  return must(instance->func("sum")->call<int32_t()>());
}
void mix(const PooledInstance& instance) { must(instance->func("mix")->call<void()>()); }

TEST_CASE("what comes from a pool is as new") {
  for (const Tier tier : {Tier::Interpreter, Tier::Optimizing}) {
    const Pooled pooled({.tier = tier});
    for (int round = 0; round < 3; ++round) {
      const PooledInstance instance = must(pooled.pool.take());
      CHECK(pooled.pool.idle() == 0);
      CHECK(sum(instance) == kNewSum);
      CHECK(must(Result<Memory>(instance->memory("memory").value())).pages() == 2);
      mix(instance);
      CHECK(sum(instance) == 70 + 5 + 12345 + 2 + 5000 + 50000);
    }
    CHECK(pooled.pool.idle() == 1);
  }
}

// Its data is mapped rather than copied when an instance is used again.
TEST_CASE("much data is as new as well") {
  std::string data;
  for (int i = 0; i < 100'000; ++i) data += static_cast<char>('a' + i % 26);
  const std::string text = R"((module
    (memory (export "memory") 4 6)
    (data (i32.const 5000) ")" +
                           data + R"(")
    (data $more (i32.const 120000) "more")
    (func (export "sum") (result i64) (local $at i32) (local $sum i64)
      (loop $next
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
          (i64.load8_u (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $at) (i32.const 262144))))
      (local.get $sum))
    (func (export "mix")
      (memory.fill (i32.const 3000) (i32.const 7) (i32.const 200000))
      (drop (memory.grow (i32.const 1))))
    (func (export "init")
      (memory.init $more (i32.const 0) (i32.const 0) (i32.const 1)))))";
  for (const Tier tier : {Tier::Interpreter, Tier::Optimizing}) {
    const Engine engine = must(Engine::create({.tier = tier}));
    const Module module = must(Module::from_bytes(engine, std::as_bytes(std::span(text))));
    const InstancePool pool = must(InstancePool::create(module));
    const auto call_sum = [](const PooledInstance& instance) {
      return must(instance->func("sum")->call<int64_t()>());
    };
    const int64_t expected = call_sum(must(pool.take()));
    for (int round = 0; round < 3; ++round) {
      const PooledInstance instance = must(pool.take());
      CHECK(pool.idle() == 0);
      CHECK(call_sum(instance) == expected);
      CHECK(must(Result<Memory>(instance->memory("memory").value())).pages() == 4);
      mix(instance);
      CHECK(call_sum(instance) != expected);
      CHECK_FALSE(instance->func("init")->call<void()>());
    }
  }
}

TEST_CASE("instances that trapped can be used again") {
  const Pooled pooled;
  for (int round = 0; round < 2; ++round) {
    const PooledInstance instance = must(pooled.pool.take());
    CHECK(sum(instance) == kNewSum);
    CHECK(!instance->func("fail")->call<void()>());
    instance.store().interrupt();
  }
  CHECK(pooled.pool.idle() == 1);
}

TEST_CASE("a pool keeps as many as it was told") {
  const Pooled pooled({}, {.most_idle = 2});
  must(pooled.pool.prepare(9));
  CHECK(pooled.pool.idle() == 2);
  {
    std::vector<PooledInstance> taken;
    for (int i = 0; i < 4; ++i) taken.push_back(must(pooled.pool.take()));
    CHECK(pooled.pool.idle() == 0);
    for (const PooledInstance& instance : taken) CHECK(sum(instance) == kNewSum);
  }
  CHECK(pooled.pool.idle() == 2);
}

TEST_CASE("a pool may go before what was taken from it") {
  auto instance = [] { return must(Pooled().pool.take()); }();
  CHECK(sum(instance) == kNewSum);
  instance = must(Pooled().pool.take());
  CHECK(sum(instance) == kNewSum);
}

TEST_CASE("stores that the host has put more into do not come back") {
  const Pooled pooled;
  {
    const PooledInstance instance = must(pooled.pool.take());
    must(Memory::create(instance.store(), {.minimum = 1}));
  }
  CHECK(pooled.pool.idle() == 0);
}

TEST_CASE("what others may change cannot be pooled") {
  const Engine engine = must(Engine::create({.standard = "all"}));
  const auto refusal = [&](std::string_view text) {
    const auto pool =
        InstancePool::create(must(Module::from_bytes(engine, std::as_bytes(std::span(text)))));
    REQUIRE(!pool);
    CHECK(pool.error().kind == Error::Kind::Usage);
    return pool.error().message;
  };
  CHECK(refusal(R"((module (import "a" "m" (memory 1))))") ==
        "instances of the module cannot be used again: it imports `m` from `a`, which others may "
        "change");
  CHECK(refusal(R"((module (memory 1 1 shared)))").ends_with("it has a shared memory"));
}

TEST_CASE("objects on the heap end the use of a store") {
  const Engine engine = must(Engine::create({.standard = "all"}));
  constexpr std::string_view kText = R"((module (type $s (struct (field i32)))
    (global $kept (mut (ref null $s)) (ref.null $s))
    (func (export "make") (result i32) (i32.eqz (ref.is_null (global.get $kept)))
      (global.set $kept (struct.new $s (i32.const 1))))))";
  const InstancePool pool =
      must(InstancePool::create(must(Module::from_bytes(engine, std::as_bytes(std::span(kText))))));
  for (int round = 0; round < 2; ++round) {
    const PooledInstance instance = must(pool.take());
    CHECK(must(instance->func("make")->call<int32_t()>()) == 0);
  }
  CHECK(pool.idle() == 0);
}

TEST_CASE("threads take from a pool at the same time") {
  const Pooled pooled({}, {.most_idle = 3});
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        const auto instance = pooled.pool.take();
        const auto before =
            instance ? (*instance)->func("sum")->call<int32_t()>() : Result<int32_t>(0);
        if (!before || *before != kNewSum || !(*instance)->func("mix")->call<void()>()) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace wrun::test
