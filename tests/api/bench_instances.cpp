// What instances cost: new ones and those of a pool, instantiated, called once and dropped. For a function of a module
// without parameters or results, or a small module of its own with 10 MB of memory. Or, without FUNCTION, what it takes
// from opening the file of a module or an artifact to an instance that could be called.
//
//   wrun_bench_instances [--threads N] [--idle N] [FILE [FUNCTION]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "wrun/wrun.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kSmall = R"((module
  (memory (export "memory") 160)
  (data (i32.const 1024) "some data that is there at first")
  (global $calls (mut i32) (i32.const 0))
  (table 8 funcref) (elem (i32.const 0) $f)
  (func $f (export "f")
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.store (i32.const 5000000) (i32.load (i32.const 1024))))))";

template <class T>
T must(wrun::Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

// The best of some rounds, in nanoseconds a cycle.
template <class Cycle>
double measure(unsigned threads, Cycle cycle) {
  constexpr int kRounds = 5, kCycles = 2000;
  double best = 1e18;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = Clock::now();
    std::vector<std::thread> others;
    const auto run = [&] {
      for (int i = 0; i < kCycles; ++i) cycle();
    };
    for (unsigned i = 1; i < threads; ++i) others.emplace_back(run);
    run();
    for (std::thread& other : others) other.join();
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    best = std::min(best, taken.count() / kCycles / threads);
  }
  return best;
}

size_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  size_t all = 0, resident = 0;
  if (file == nullptr || std::fscanf(file, "%zu %zu", &all, &resident) != 2) std::abort();
  std::fclose(file);
  return resident * 4096;
}

void report(const char* what, double nanoseconds) {
  std::printf("%-42s %8.2f us %10.0f a second\n", what, nanoseconds / 1e3, 1e9 / nanoseconds);
}

wrun::Module load(const wrun::Engine& engine, const std::string& path, const wrun::Cache* cache) {
  const auto contents = must(wrun::read_file(path));
  if (wrun::is_compiled(contents.bytes))
    return must(wrun::load_compiled(engine, contents, cache)).module;
  return must(wrun::Module::from_bytes(engine, contents.bytes, contents.owner));
}

void measure_start(const wrun::Engine& engine, const wrun::Wasi& wasi, const std::string& path) {
  constexpr int kRounds = 50;
  const auto cache = must(wrun::Cache::open());
  std::vector<double> loaded, instantiated;
  for (int i = 0; i < kRounds; ++i) {
    const auto begin = Clock::now();
    const auto module = load(engine, path, &cache);
    const auto between = Clock::now();
    wrun::Store store(engine);
    wrun::Linker linker(store);
    linker.define_wasi(wasi);
    static_cast<void>(must(linker.instantiate(module)));
    const std::chrono::duration<double, std::nano> first = between - begin,
                                                   second = Clock::now() - between;
    loaded.push_back(first.count());
    instantiated.push_back(second.count());
  }
  for (auto* times : {&loaded, &instantiated}) std::ranges::sort(*times);
  report("load, median", loaded[kRounds / 2]);
  report("instantiate, median", instantiated[kRounds / 2]);
}

}  // namespace

int main(int count, char** arguments) {
  unsigned threads = 1;
  uint32_t idle = 1000;
  std::vector<std::string> files;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--threads" && i + 1 < count)
      threads = static_cast<unsigned>(std::atoi(arguments[++i]));
    else if (argument == "--idle" && i + 1 < count)
      idle = static_cast<uint32_t>(std::atoi(arguments[++i]));
    else
      files.push_back(argument);
  }
  const std::string function = files.size() > 1 ? files[1] : "f";

  const auto engine = must(wrun::Engine::create({.tier = wrun::Tier::Optimizing}));
  const auto wasi = must(wrun::Wasi::create({}));
  if (files.size() == 1) {
    measure_start(engine, wasi, files[0]);
    return 0;
  }
  const auto module = files.empty()
                          ? must(wrun::Module::from_bytes(engine, std::as_bytes(std::span(kSmall))))
                          : load(engine, files[0], nullptr);
  const auto define = [&](wrun::Linker& linker) -> wrun::Result<void> {
    linker.define_wasi(wasi);
    return {};
  };
  const auto call = [&](const wrun::Instance& instance) {
    const auto entry = instance.func(function);
    if (!entry) std::exit(2);
    static_cast<void>(entry->call<void()>());
  };

  report("new store, instance, call, drop", measure(threads, [&] {
           wrun::Store store(engine);
           wrun::Linker linker(store);
           static_cast<void>(define(linker));
           call(must(linker.instantiate(module)));
         }));
  wrun::Store shared(engine, {.instances = UINT32_MAX});
  if (threads == 1 && files.empty()) {
    wrun::Linker linker(shared);
    constexpr int kInstances = 200;
    const auto begin = Clock::now();
    for (int i = 0; i < kInstances; ++i) static_cast<void>(must(linker.instantiate(module)));
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    report("new instance in a store", taken.count() / kInstances);
  }

  const auto pool = must(wrun::InstancePool::create(module, {.most_idle = idle}, define));
  report("instance of a pool, call, back", measure(threads, [&] { call(*must(pool.take())); }));
  report("instance of a pool, back",
         measure(threads, [&] { static_cast<void>(must(pool.take())); }));
  const size_t before = resident_bytes();
  const uint32_t first = pool.idle();
  if (auto made = pool.prepare(idle); !made) std::printf("%s\n", made.error().message.c_str());
  std::printf("%u idle instances more: %zu bytes each\n", pool.idle() - first,
              (resident_bytes() - before) / std::max(1U, pool.idle() - first));
}
