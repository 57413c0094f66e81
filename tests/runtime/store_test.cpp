#include "runtime/store.hpp"

#include "runtime/world.hpp"

using namespace wrun;
using namespace wrun::runtime;
using namespace wrun::test;

namespace {

// A function whose behaviour a test fills in.
struct Fixture {
  World world;
  Instance* instance;
  FuncRef* function;

  Fixture() {
    ModuleBuilder builder;
    const uint32_t index = builder.function({{kI32}, {kI32}}, Code().i32(0));
    instance = &world.instantiate(builder);
    function = &instance->function(index);
  }
  void body(FakeExecutor::Body body) { world.executor.bodies[0] = std::move(body); }
  std::expected<void, Trap> call(uint64_t argument = 0) {
    slots[0] = argument;
    return world.store.call(*function, slots);
  }
  uint64_t slots[2] = {0, 0};
};

}  // namespace

TEST_CASE("Every trap has a message", "[trap]") {
  CHECK(trap_message(TrapCode::None).empty());
  CHECK(trap_message(TrapCode::OutOfBoundsMemoryAccess) == "out of bounds memory access");
  CHECK(trap_message(TrapCode::Exit) == "exit");
}

TEST_CASE_METHOD(Fixture, "A call leaves its results in the slots") {
  body([](Store&, FuncRef&, uint64_t* at) {
    at[0] += 1;
    return TrapCode::None;
  });
  REQUIRE(call(41).has_value());
  CHECK(slots[0] == 42);
}

TEST_CASE_METHOD(Fixture, "A trap carries the message of its code, or the host's") {
  body([](Store& store, FuncRef&, uint64_t* at) {
    if (at[0] == 1) {
      store.set_host_error("the disk is full");
      return TrapCode::HostError;
    }
    return at[0] == 0 ? TrapCode::IntegerOverflow : TrapCode::None;
  });
  CHECK(call(0).error().message == "integer overflow");
  CHECK(call(0).error().code == TrapCode::IntegerOverflow);
  CHECK(call(1).error().message == "the disk is full");
  CHECK(world.store.last_trap().message == "the disk is full");
  CHECK(call(2).has_value());
  CHECK(world.store.last_trap().code == TrapCode::None);
  CHECK(call(0).error().message == "integer overflow");
}

TEST_CASE_METHOD(Fixture, "An exit carries its status") {
  body([](Store& store, FuncRef&, uint64_t* at) {
    store.set_exit(static_cast<uint32_t>(at[0]));
    return TrapCode::Exit;
  });
  CHECK(call(200).error().exit_status == 200);
}

TEST_CASE_METHOD(Fixture, "A call within a call leaves the state of the outer one alone") {
  std::string inner;
  body([&](Store& store, FuncRef& self, uint64_t* at) {
    if (at[0] == 0) return TrapCode::Unreachable;
    store.set_host_error("outer");
    uint64_t inner_slots[1] = {0};
    inner = store.call(self, inner_slots).error().message;
    return TrapCode::HostError;
  });
  CHECK(call(1).error().message == "outer");
  CHECK(inner == "unreachable");
}

TEST_CASE_METHOD(Fixture, "Calls back and forth between host and guest end in a trap") {
  body([](Store& store, FuncRef& self, uint64_t* at) {
    const auto outcome = store.call(self, at);
    return outcome ? TrapCode::None : outcome.error().code;
  });
  CHECK(call().error().code == TrapCode::CallStackExhausted);
  body([](Store&, FuncRef&, uint64_t*) { return TrapCode::None; });
  CHECK(call().has_value());
}

TEST_CASE("A host function called from outside sees an instance of nothing") {
  World world;
  const HostCallback callback = [](void*, VMContext& caller, uint64_t* slots) {
    slots[0] = caller.instance->default_memory() == nullptr && caller.memory0->size() == 0;
    return caller.store == nullptr ? TrapCode::HostError : TrapCode::None;
  };
  wasm::FuncType type;
  type.results = {kI32};
  FuncRef& function = world.store.add_host_function(type, callback, nullptr);
  CHECK(function.result_slots == 1);
  uint64_t slots[1] = {0};
  REQUIRE(world.store.call(function, slots).has_value());
  CHECK(slots[0] == 1);
  CHECK(world.store.instance_count() == 0);
}

TEST_CASE("A host function's trap is the call's") {
  World world;
  const HostCallback callback = [](void*, VMContext& caller, uint64_t*) {
    caller.store->set_host_error("no");
    return TrapCode::HostError;
  };
  FuncRef& function = world.store.add_host_function({}, callback, nullptr);
  uint64_t slots[1] = {0};
  CHECK(world.store.call(function, slots).error().message == "no");
}

TEST_CASE("Interruption is a flag that stays until it is cleared") {
  World world;
  CHECK_FALSE(world.store.interrupted());
  world.store.interrupt();
  CHECK(world.store.interrupted());
  world.store.clear_interrupt();
  CHECK_FALSE(world.store.interrupted());
}

TEST_CASE("A store adds up its memories") {
  World world;
  CHECK(world.store.memory_bytes() == 0);
  ModuleBuilder builder;
  builder.memory({.limits = {.minimum = 1}});
  builder.memory({.limits = {.minimum = 2}});
  Instance& instance = world.instantiate(builder);
  REQUIRE(instance.memory(1).grow(1).has_value());
  CHECK(world.store.memory_bytes() == 4 * 65'536);
}
