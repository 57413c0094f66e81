// Shared memories in several stores, and programs whose threads have them.
#include <unistd.h>

#include <cstring>
#include <set>
#include <thread>

#include "api/host.hpp"

namespace wrun::test {
namespace {

using wasm::kI32;
using wasm::kI64;
using wasm::Op;

const wasm::MemoryType kShared{
    .limits = {.minimum = 1, .maximum = 10},
      .is_shared = true
};

// What a thread does, by its argument.
enum Task : int32_t { kCount, kTrap, kExit, kSpin, kWait, kRead, kRecurse, kPass };

// Exports: spawn(argument) -> thread; await(n), until n threads have counted; and each of the
// things that threads do, as a function of its own.
void add_program(ModuleBuilder& builder) {
  builder.export_memory("memory", builder.import_memory("env", "memory", kShared));
  const uint32_t spawn = builder.import_function("wasi", "thread-spawn", {{kI32}, {kI32}});
  const uint32_t exit =
      builder.import_function("wasi_snapshot_preview1", "proc_exit", {{kI32}, {}});
  const uint32_t fd_read = builder.import_function("wasi_snapshot_preview1", "fd_read",
                                                   {
                                                       {kI32, kI32, kI32, kI32},
                                                       {kI32}
  });
  // Functions are numbered in the order they are added, after the three imports.
  const uint32_t recurse = fd_read + 1 + kRecurse;
  // Takes a number, waits for its word from 4096 on, and sets that of the next.
  constexpr uint32_t kWord = 4096, kNextWord = kWord + 4;
  Code pass;
  pass.i32(8).i32(1)(Op::I32AtomicRmwAdd, 2, 0).i32(2)(Op::I32Shl)(Op::LocalSet, 0);
  pass(Op::Loop).byte(kEmptyBlock)(Op::LocalGet, 0)(Op::I32AtomicLoad, 2, kWord)(Op::I32Eqz);
  pass(Op::If).byte(kEmptyBlock)(Op::LocalGet, 0).i32(0).i64(-1)(Op::MemoryAtomicWait32, 2, kWord);
  pass(Op::Drop)(Op::Br, 1)(Op::End)(Op::End);
  pass(Op::LocalGet, 0).i32(1)(Op::I32AtomicStore, 2, kNextWord);
  pass(Op::LocalGet, 0).i32(1)(Op::MemoryAtomicNotify, 2, kNextWord)(Op::Drop);
  pass.i32(0).i32(1)(Op::I32AtomicRmwAdd, 2, 0)(Op::Drop);
  pass.i32(0).i32(-1)(Op::MemoryAtomicNotify, 2, 0)(Op::Drop);
  const Code actions[] = {
      Code().i32(0).i32(1)(Op::I32AtomicRmwAdd, 2, 0)(Op::Drop).i32(0).i32(-1)(
          Op::MemoryAtomicNotify, 2, 0)(Op::Drop),
      Code()(Op::Unreachable),
      Code().i32(5)(Op::Call, exit),
      Code()(Op::Loop).byte(kEmptyBlock)(Op::Br, 0)(Op::End),
      Code().i32(64).i32(0).i64(-1)(Op::MemoryAtomicWait32, 2, 0)(Op::Drop),
      Code().i32(0).i32(128).i32(1).i32(136)(Op::Call, fd_read)(Op::Drop),
      Code()(Op::Call, recurse),
      pass,
  };
  static constexpr std::string_view kNames[] = {"count", "trap", "exit",    "spin",
                                                "wait",  "read", "recurse", "pass"};
  Code start;
  for (int32_t i = 0; i < 8; ++i) {
    const uint32_t function = builder.function({{}, {}}, actions[i], {kI32});
    builder.export_function(kNames[i], function);
    start(Op::LocalGet, 1).i32(i)(Op::I32Eq)(Op::If).byte(kEmptyBlock)(Op::Call, function)(Op::End);
  }
  builder.export_function("wasi_thread_start", builder.function(
                                                   {
                                                       {kI32, kI32},
                                                       {}
  },
                                                   start));
  builder.export_function(
      "spawn", builder.function({{kI32}, {kI32}}, Code()(Op::LocalGet, 0)(Op::Call, spawn)));
  builder.export_function(
      "wake",
      builder.function({{}, {}}, Code().i32(4096).i32(-1)(Op::MemoryAtomicNotify, 2, 0)(Op::Drop)));
  Code await;
  await(Op::Loop).byte(kEmptyBlock).i32(0)(Op::I32AtomicLoad, 2, 0)(Op::LocalTee, 1);
  await(Op::LocalGet, 0)(Op::I32Ne)(Op::If).byte(kEmptyBlock);
  await.i32(0)(Op::LocalGet, 1).i64(-1)(Op::MemoryAtomicWait32, 2, 0)(Op::Drop)(Op::Br, 1);
  await(Op::End)(Op::End);
  builder.export_function("await", builder.function({{kI32}, {}}, await, {kI32}));
}

struct Pipe {
  Pipe() { REQUIRE(pipe(ends) == 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  int ends[2];
};

// A program with the right to have threads.
struct Program : Host {
  explicit Program(const WasiThreadsConfig& config =
                       {
  })
      : Host({.interruptible = true}),
        wasi(must(Wasi::create({.stdio = {input.ends[0], -1, -1}}))),
        module([this] {
          ModuleBuilder builder;
          add_program(builder);
          return compile(builder);
        }()),
        threads(
            (linker.define_wasi(wasi), must(WasiThreads::create(linker, module, wasi, config)))),
        instance(must(linker.instantiate(module, "program"))) {
    // What fd_read is to fill, before there are threads that look at it.
    const uint32_t iovec[] = {1024, 4};
    std::memcpy(&instance.memory("memory")->bytes()[128], iovec, sizeof iovec);
  }

  int32_t spawn(int32_t argument) {
    return must(instance.func("spawn")->call<int32_t(int32_t)>(argument));
  }
  Result<void> call(std::string_view name) { return instance.func(name)->call<void()>(); }
  void wake() { must(instance.func("wake")->call<void()>()); }
  void await(uint32_t count) { must(instance.func("await")->call<void(uint32_t)>(count)); }

  Pipe input;
  Wasi wasi;
  Module module;
  WasiThreads threads;
  Instance instance;
};

TEST_CASE("a shared memory is the same in every store it is in") {
  Host host;
  const Memory memory =
      must(Memory::create(host.store, {.minimum = 1, .maximum = 4, .is_shared = true}));
  CHECK(memory.type().is_shared);
  CHECK(memory.type().maximum == 4);
  {
    Host other;
    const Memory same = must(memory.share_with(other.store));
    CHECK(same.bytes().data() == memory.bytes().data());
    CHECK(same.grow(2) == 1);
  }
  CHECK(memory.pages() == 3);
}

TEST_CASE("memories are made by their type") {
  Host host;
  const auto kind = [&](const MemoryType& type) {
    const auto memory = Memory::create(host.store, type);
    return memory ? std::optional<Error::Kind>() : memory.error().kind;
  };
  CHECK(kind({.minimum = 1, .is_shared = true}) == Error::Kind::Usage);
  CHECK(kind({.minimum = 2, .maximum = 1}) == Error::Kind::Usage);
  CHECK(kind({.minimum = 1, .page_size = 4096}) == Error::Kind::Usage);
  CHECK(kind({.minimum = 65'537}) == Error::Kind::Unsupported);
  CHECK(kind({.minimum = 70'000, .page_size = 1}) == std::nullopt);
  const Memory memory = must(Memory::create(host.store, {.minimum = 1}));
  CHECK(memory.size() == 65'536);
  Host other;
  CHECK(memory.share_with(other.store).error().kind == Error::Kind::Usage);
}

TEST_CASE("threads need an engine that can interrupt them, and no fuel") {
  for (const Config& config : {
           Config{},
           Config{.interruptible = true, .fuel = true}
  }) {
    Host host(config);
    ModuleBuilder builder;
    add_program(builder);
    const Wasi wasi = must(Wasi::create({}));
    const auto threads = WasiThreads::create(host.linker, host.compile(builder), wasi);
    REQUIRE(!threads);
    CHECK(threads.error().kind == Error::Kind::Usage);
  }
}

TEST_CASE("threads run at the same time, in instances that share a memory") {
  Program program;
  std::set<int32_t> ids;
  for (int i = 0; i < 40; ++i) ids.insert(program.spawn(kWait));
  for (int i = 0; i < 40; ++i) ids.insert(program.spawn(kCount));
  program.await(40);
  CHECK(ids.size() >= 41);  // numbers of threads that are over may be used again
  CHECK(*ids.begin() > 0);
  must(program.threads.finish({}));
}

TEST_CASE("the number of threads is limited, at the same time") {
  Program program({.max_threads = 2});
  for (uint32_t i = 1; i <= 100; ++i) {
    while (program.spawn(kCount) < 0) std::this_thread::yield();
    program.await(i);
  }
  while (program.spawn(kWait) < 0) std::this_thread::yield();
  while (program.spawn(kSpin) < 0) std::this_thread::yield();
  CHECK(program.spawn(kCount) < 0);
  // The end of the first thread is the end of all.
  must(program.threads.finish({}));
}

TEST_CASE("an exit or a trap in one thread ends all, whatever they are doing") {
  const std::string first = GENERATE("spin", "wait", "read");
  const int32_t last = GENERATE(kExit, kTrap);
  Program program;
  for (const int32_t action : {kSpin, kWait, kRead}) REQUIRE(program.spawn(action) > 0);
  REQUIRE(program.spawn(last) > 0);
  const auto outcome = program.threads.finish(program.call(first));
  REQUIRE(!outcome);
  CHECK(trap_of(outcome.error()).code == (last == kExit ? TrapCode::Exit : TrapCode::Unreachable));
  if (last == kExit) CHECK(trap_of(outcome.error()).exit_status == 5);
  if (last == kTrap) CHECK(trap_of(outcome.error()).frames.size() == 2);
  // The store can be used on; there are no threads any more.
  must(program.call("count"));
  CHECK(program.spawn(kCount) < 0);
}

TEST_CASE("a thread has a stack of its own, and a limit on it") {
  Program program({.limits = {.stack_bytes = 64 * 1024}});
  REQUIRE(program.spawn(kWait) > 0);
  REQUIRE(program.spawn(kRecurse) > 0);
  const auto outcome = program.threads.finish(program.call("wait"));
  REQUIRE(!outcome);
  CHECK(trap_of(outcome.error()).code == TrapCode::CallStackExhausted);
}

void pass_a_message_through_threads() {
  constexpr uint32_t kThreads = 256;
  Program program({.max_threads = kThreads});
  for (uint32_t i = 0; i < kThreads; ++i) REQUIRE(program.spawn(kPass) > 0);
  // The first thread's word.
  const Memory memory = *program.instance.memory("memory");
  __atomic_store_n(reinterpret_cast<uint32_t*>(&memory.bytes()[4096]), 1, __ATOMIC_SEQ_CST);
  program.wake();
  program.await(kThreads);
  must(program.threads.finish({}));
}

TEST_CASE("no wake-up is lost among 256 threads") { pass_a_message_through_threads(); }

TEST_CASE("no wake-up is lost among 256 threads, many times", "[.long]") {
  for (int run = 0; run < 100; ++run) pass_a_message_through_threads();
}

TEST_CASE("an exit of the first thread ends all, too") {
  Program program;
  for (const int32_t action : {kSpin, kWait, kRead}) REQUIRE(program.spawn(action) > 0);
  const auto outcome = program.threads.finish(program.call("exit"));
  REQUIRE(!outcome);
  CHECK(trap_of(outcome.error()).exit_status == 5);
}

TEST_CASE("threads of a program that is given up end") {
  Program program;
  for (const int32_t action : {kSpin, kWait, kRead}) REQUIRE(program.spawn(action) > 0);
}

}  // namespace
}  // namespace wrun::test
