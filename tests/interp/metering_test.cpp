// Fuel and interruption.
#include <chrono>
#include <thread>

#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

int64_t fuel_used(Machine& machine, Instance& instance, uint32_t function,
                  std::initializer_list<uint64_t> arguments = {}) {
  constexpr int64_t kPlenty = 1'000'000;
  machine.store.fuel = kPlenty;
  if (const auto outcome = machine.call(instance, function, arguments); !outcome)
    FAIL(outcome.error().message);
  return kPlenty - machine.store.fuel;
}

}  // namespace

TEST_CASE("Fuel counts the instructions that run") {
  Machine machine({.fuel_metering = true});
  ModuleBuilder builder;
  // The `end` of a body counts as well.
  const uint32_t straight = builder.function(
      {{kI32}, {kI32}}, Code()(Op::LocalGet, 0).i32(2)(Op::I32Mul)(Op::Nop).i32(1)(Op::I32Add));
  const uint32_t call =
      builder.function({{kI32}, {kI32}}, Code()(Op::LocalGet, 0)(Op::Call, straight));
  // loop: 4 instructions that end with br_if around
  const uint32_t loop = builder.function(
      {{kI32}, {}}, Code()(Op::Loop, kEmptyBlock)(Op::LocalGet, 0)
                        .i32(-1)(Op::I32Add)(Op::LocalTee, 0)(Op::BrIf, 0)(Op::End));
  const uint32_t branch = builder.function({{kI32}, {kI32}}, Code()(Op::LocalGet, 0)
                                                                 .block(Op::If, kI32)
                                                                 .i32(1)(Op::Nop)(Op::Nop)(Op::Else)
                                                                 .i32(2)(Op::End));
  Instance& instance = machine.instantiate(builder);
  for (int i = 0; i < 2; ++i) {
    CHECK(fuel_used(machine, instance, straight, {1}) == 7);
    CHECK(fuel_used(machine, instance, call, {1}) == 3 + 7);
    CHECK(fuel_used(machine, instance, loop, {1}) == 1 + 5 + 2);
    CHECK(fuel_used(machine, instance, loop, {100}) == 1 + 5 * 100 + 2);
  }
  // The branch that is taken costs more.
  CHECK(fuel_used(machine, instance, branch, {1}) - fuel_used(machine, instance, branch, {0}) == 2);
}

TEST_CASE("Exactly enough fuel is enough") {
  Machine machine({.fuel_metering = true});
  ModuleBuilder builder;
  builder.function({{kI32}, {}}, Code()(Op::Loop, kEmptyBlock)(Op::LocalGet, 0)
                                     .i32(-1)(Op::I32Add)(Op::LocalTee, 0)(Op::BrIf, 0)(Op::End));
  Instance& instance = machine.instantiate(builder);
  const int64_t cost = fuel_used(machine, instance, 0, {1000});
  machine.store.fuel = cost;
  CHECK(machine.call(instance, 0, {1000}).has_value());
  CHECK(machine.store.fuel == 0);
  machine.store.fuel = cost - 1;
  const Trap trap = machine.trap(instance, 0, {1000});
  CHECK(trap.code == TrapCode::OutOfFuel);
  CHECK(trap.frames.size() == 1);
  machine.store.fuel = cost;
  CHECK(machine.call(instance, 0, {1000}).has_value());
}

TEST_CASE("Another thread ends an endless loop, and endless calls") {
  Machine machine({.interruptible = true});
  ModuleBuilder builder;
  builder.function({}, Code()(Op::Loop, kEmptyBlock)(Op::Br, 0)(Op::End));
  builder.function({}, Code()(Op::ReturnCall, 1));
  builder.function({{}, {kI32}}, Code().i32(4));
  Instance& instance = machine.instantiate(builder);
  for (const uint32_t function : {0u, 1u}) {
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      machine.store.interrupt();
    });
    const Trap trap = machine.trap(instance, function);
    other.join();
    CHECK(trap.code == TrapCode::Interrupted);
    REQUIRE(trap.frames.size() == 1);
    CHECK(trap.frames[0].function_index == function);
    machine.store.clear_interrupt();
    CHECK(machine.value(instance, 2) == 4);
  }
}
