#include <chrono>
#include <thread>

#include "api/host.hpp"

namespace wrun::test {
namespace {

using namespace std::chrono_literals;
using wasm::kFuncRef;
using wasm::kI32;
using wasm::Op;

Func endless_loop(Host& host) {
  ModuleBuilder builder;
  builder.export_function(
      "spin", builder.function({{}, {}}, Code()(Op::Loop, kEmptyBlock)(Op::Br, 0)(Op::End)));
  return host.instantiate(builder).func("spin").value();
}

TEST_CASE("memories keep within the limits and never move") {
  Host host({}, {.memory_bytes = 4 << 16});
  ModuleBuilder builder;
  builder.export_memory("memory", builder.memory({.limits = {.minimum = 1}}));
  const Instance instance = host.instantiate(builder);
  const Memory memory = instance.memory("memory").value();
  const std::span<std::byte> before = memory.bytes();
  before[0] = std::byte{1};
  CHECK(memory.pages() == 1);
  CHECK(memory.grow(3) == 1);
  CHECK(memory.grow(1) == std::nullopt);
  CHECK(memory.size() == 4 << 16);
  CHECK(memory.bytes().data() == before.data());
  CHECK(host.store.memory_bytes() == 4 << 16);
  CHECK(instance.memory("other") == std::nullopt);
  CHECK(!instance.func("memory").has_value());

  ModuleBuilder large;
  large.memory({.limits = {.minimum = 5}});
  CHECK(!host.linker.instantiate(host.compile(large)));
}

TEST_CASE("tables") {
  Host host({}, {.table_elements = 10});
  ModuleBuilder builder;
  const uint32_t function = builder.function({{}, {}}, Code());
  const uint32_t table = builder.table({.element = kFuncRef, .limits = {.minimum = 2}});
  builder.elements(table, Code().i32(1), {function});
  builder.export_table("table", table);
  const Table handle = host.instantiate(builder).table("table").value();
  CHECK(handle.element_type().kind() == ValueKind::FuncRef);
  CHECK(handle.size() == 2);
  CHECK(handle.get(0)->is_null());
  CHECK(!handle.get(1)->is_null());
  CHECK(!handle.get(2).has_value());
  CHECK(handle.grow(8) == 2);
  CHECK(handle.grow(1) == std::nullopt);
  CHECK(handle.get(9)->is_null());
}

TEST_CASE("handles keep their store alive") {
  std::optional<Func> function;
  {
    Host host;
    ModuleBuilder builder;
    builder.export_function("f", builder.function({{}, {kI32}}, Code().i32(3)));
    function = host.instantiate(builder).func("f");
  }
  CHECK(must(function->call<int32_t()>()) == 3);
}

TEST_CASE("fuel runs out") {
  Host host({.fuel = true});
  const Func spin = endless_loop(host);
  host.store.set_fuel(10'000);
  const auto result = spin.call<void()>();
  REQUIRE(!result);
  CHECK(trap_of(result.error()).code == TrapCode::OutOfFuel);
  CHECK(host.store.fuel() == 0);
  host.store.set_fuel(UINT64_MAX);
  CHECK(host.store.fuel() == INT64_MAX);
}

TEST_CASE("another thread can interrupt") {
  Host host({.interruptible = true});
  const Func spin = endless_loop(host);
  std::thread thread([&] {
    std::this_thread::sleep_for(20ms);
    host.store.interrupt();
  });
  const auto result = spin.call<void()>();
  thread.join();
  REQUIRE(!result);
  CHECK(trap_of(result.error()).code == TrapCode::Interrupted);
}

TEST_CASE("a watchdog stops a loop, and leaves no trace if it is not needed") {
  Host host({.interruptible = true});
  const Func spin = endless_loop(host);
  {
    const Watchdog watchdog(host.store, 20ms);
    const auto result = spin.call<void()>();
    REQUIRE(!result);
    CHECK(trap_of(result.error()).code == TrapCode::Interrupted);
    CHECK(watchdog.expired());
  }
  {
    const Watchdog watchdog(host.store, std::chrono::nanoseconds::max());
    CHECK(!watchdog.expired());
    ModuleBuilder builder;
    builder.export_function("f", builder.function({{}, {kI32}}, Code().i32(3)));
    CHECK(must(host.instantiate(builder).func("f")->call<int32_t()>()) == 3);
  }
}

TEST_CASE("stack exhaustion is a trap, with a backtrace of bounded length") {
  Host host({}, {.stack_bytes = 64 << 10});
  ModuleBuilder builder;
  builder.export_function("f", builder.function({{}, {}}, Code()(Op::Call, 0)));
  const auto result = host.instantiate(builder).func("f")->call<void()>();
  REQUIRE(!result);
  const Trap& trap = trap_of(result.error());
  CHECK(trap.code == TrapCode::CallStackExhausted);
  CHECK(trap.frames.size() <= 20);
  CHECK(trap.omitted_frames > 0);
}

}  // namespace
}  // namespace wrun::test
