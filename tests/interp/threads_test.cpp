// Threads, each with its own store, on a memory that they share.
#include <atomic>
#include <chrono>
#include <thread>

#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;
using namespace std::chrono_literals;

namespace {

wasm::MemoryType shared_pages(uint64_t minimum, uint64_t maximum) {
  return {
      .limits = {.minimum = minimum, .maximum = maximum},
        .is_shared = true
  };
}

std::shared_ptr<runtime::Memory> make_memory() {
  return runtime::Memory::create(shared_pages(1, 100), {}).value();
}

// The functions that the tests call, on an imported shared memory.
enum : uint32_t { kWait32, kWait64, kNotify, kCount, kSpin, kGrow };

ModuleBuilder guest() {
  ModuleBuilder builder;
  builder.import_memory("env", "memory", shared_pages(1, 100));
  builder.function(
      {
          {kI32, kI32, kI64},
          {kI32}
  },
      Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::LocalGet, 2)(Op::MemoryAtomicWait32, 2, 0));
  builder.function(
      {
          {kI32, kI64, kI64},
          {kI32}
  },
      Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::LocalGet, 2)(Op::MemoryAtomicWait64, 3, 0));
  builder.function(
      {
          {kI32, kI32},
          {kI32}
  },
      Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::MemoryAtomicNotify, 2, 0));
  // Adds one to the word at 0 so many times.
  Code count;
  count(Op::Loop).byte(kEmptyBlock).i32(0).i32(1)(Op::I32AtomicRmwAdd, 2, 0)(Op::Drop);
  count(Op::LocalGet, 0).i32(-1)(Op::I32Add)(Op::LocalTee, 0)(Op::BrIf, 0)(Op::End);
  builder.function({{kI32}, {}}, count);
  // Until the word at the address is not zero.
  builder.function({{kI32}, {}}, Code()(Op::Loop).byte(kEmptyBlock)(Op::LocalGet, 0)(
                                     Op::I32AtomicLoad, 2, 0)(Op::I32Eqz)(Op::BrIf, 0)(Op::End));
  builder.function({{kI32}, {kI32}}, Code()(Op::LocalGet, 0)(Op::MemoryGrow, 0));
  return builder;
}

// A thread's store with the guest in it.
struct Agent {
  explicit Agent(std::shared_ptr<runtime::Memory> memory, interp::InterpreterOptions options = {})
      : machine(options) {
    const runtime::Extern import = machine.store.add_memory(std::move(memory));
    instance = &machine.instantiate(guest(), {&import, 1});
  }
  uint64_t value(uint32_t function, std::initializer_list<uint64_t> arguments) {
    return machine.value(*instance, function, arguments);
  }

  Machine machine;
  Instance* instance;
};

// How many threads a notification finds, tried until there are that many.
void notify_all(Agent& agent, uint32_t address, uint32_t expected) {
  for (uint32_t woken = 0; woken < expected;) {
    woken += static_cast<uint32_t>(agent.value(kNotify, {address, expected - woken}));
    std::this_thread::yield();
  }
  CHECK(agent.value(kNotify, {address, UINT32_MAX}) == 0);
}

}  // namespace

TEST_CASE("Atomic additions of several threads all count") {
  const auto memory = make_memory();
  constexpr uint32_t kThreads = 4, kTimes = 20'000;
  std::vector<std::thread> threads;
  for (uint32_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      Agent agent(memory);
      if (!agent.machine.call(*agent.instance, kCount, {kTimes})) std::abort();
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(*reinterpret_cast<uint32_t*>(memory->base()) == kThreads * kTimes);
}

TEST_CASE("A notification wakes those that wait at its address, the first ones first") {
  const auto memory = make_memory();
  Agent notifier(memory);
  std::atomic<uint32_t> woken = 0;
  std::vector<std::thread> threads;
  for (const auto& [function, at] : {std::pair(kWait32, 8u), std::pair(kWait64, 8u),
                                     std::pair(kWait32, 8u), std::pair(kWait64, 4096u)})
    threads.emplace_back([&memory, &woken, wait = function, address = at] {
      Agent agent(memory);
      if (agent.value(wait, {address, 0, UINT64_MAX}) == 0) ++woken;
    });
  notify_all(notifier, 8, 3);
  for (int i = 0; i < 3; ++i) threads[static_cast<size_t>(i)].join();
  CHECK(woken == 3);
  notify_all(notifier, 4096, 1);
  threads[3].join();
  CHECK(woken == 4);
}

TEST_CASE("Waiting ends when its time is up") {
  Agent agent(make_memory());
  const auto start = std::chrono::steady_clock::now();
  CHECK(agent.value(kWait32, {0, 0, 30'000'000}) == 2);
  CHECK(std::chrono::steady_clock::now() - start >= 30ms);
}

TEST_CASE("An interruption ends waiting, in code without checks too") {
  Agent agent(make_memory());
  std::thread interrupter([&] {
    std::this_thread::sleep_for(20ms);
    agent.machine.store.interrupt();
  });
  const Trap trap = agent.machine.trap(*agent.instance, kWait64, {0, 0, UINT64_MAX});
  interrupter.join();
  CHECK(trap.code == TrapCode::Interrupted);
  // It stays until it is cleared, and leaves no waiter behind.
  CHECK(agent.machine.trap(*agent.instance, kWait32, {0, 0, UINT64_MAX}).code ==
        TrapCode::Interrupted);
  agent.machine.store.clear_interrupt();
  CHECK(agent.value(kNotify, {0, UINT32_MAX}) == 0);
  CHECK(agent.value(kWait32, {0, 0, 1000}) == 2);
}

TEST_CASE("What one thread stores another one sees") {
  const auto memory = make_memory();
  std::thread spinning([&] {
    Agent agent(memory, {.interruptible = true});
    if (!agent.machine.call(*agent.instance, kSpin, {64})) std::abort();
  });
  Agent agent(memory);
  CHECK(agent.machine.call(*agent.instance, kCount, {1}).has_value());
  __atomic_store_n(reinterpret_cast<uint32_t*>(memory->base() + 64), 1, __ATOMIC_SEQ_CST);
  spinning.join();
}

TEST_CASE("Threads grow a memory at the same time, which does not move") {
  const auto memory = make_memory();
  const std::byte* base = memory->base();
  std::vector<std::thread> threads;
  std::atomic<uint64_t> sum = 0;  // of the previous sizes
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] {
      Agent agent(memory);
      for (int k = 0; k < 33; ++k) sum += agent.value(kGrow, {1});
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(memory->pages() == 100);
  CHECK(memory->grow(1) == std::nullopt);
  CHECK(memory->base() == base);
  // Ninety-nine steps from 1 to 100, each seen by one thread.
  CHECK(sum == 99 * 100 / 2);
  memory->base()[100 * 65'536 - 1] = std::byte{1};
}
