// Runs damaged modules: hostile_test FILE SEED TRUNCATIONS FLIPS, or hostile_test --generated.
// Whatever happens inside is fine as long as this program ends by itself, in time.
#include <sys/time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string_view>

#include "base/mapped_file.hpp"
#include "engine/engine.hpp"
#include "hostile/hostile_inputs.hpp"
#include "runtime/linker.hpp"
#include "wasm/limits.hpp"

using namespace wrun;

namespace {

constexpr int64_t kFuel = 200'000;
constexpr runtime::StoreLimits kLimits = {.memory_bytes = 64 << 20, .table_elements = 1'000'000};
constexpr time_t kSecondsPerModule = 30;

struct Counts {
  int invalid = 0, unlinkable = 0, trapped = 0, ended = 0;
};

runtime::TrapCode return_zeros(void* result_slots, runtime::VMContext&, uint64_t* slots) {
  std::memset(slots, 0, reinterpret_cast<uintptr_t>(result_slots) * sizeof(uint64_t));
  return runtime::TrapCode::None;
}

// Stands in for every function that the module imports.
void define_functions(runtime::Store& store, runtime::Linker& linker, const wasm::Module& module) {
  for (const wasm::Import& import : module.imports) {
    if (import.kind != wasm::ExternKind::Func) continue;
    const wasm::FuncType& type = module.func_type(import.index);
    linker.define(import.module, import.name,
                  &store.add_host_function(
                      type, return_zeros,
                      reinterpret_cast<void*>(static_cast<uintptr_t>(type.result_slots))));
  }
}

void run(engine::Engine& engine, std::vector<std::byte> bytes, Counts& counts) {
  // Of processor time: that the machine is busy is not the module's doing.
  const itimerval limit = {
      {},
      {kSecondsPerModule, 0}
  };
  setitimer(ITIMER_PROF, &limit, nullptr);
  const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  const auto module = engine.load(*owner, owner);
  if (!module) return void(++counts.invalid);
  const auto store = engine.new_store(kLimits);
  store->fuel = kFuel;
  runtime::Linker linker(*store);
  define_functions(*store, linker, **module);
  const auto instance = linker.instantiate(*module, "hostile");
  if (!instance) return void(++counts.unlinkable);
  const auto start = (*instance)->find_export("_start");
  if (!start || !std::holds_alternative<runtime::FuncRef*>(*start)) return void(++counts.ended);
  runtime::FuncRef& function = *std::get<runtime::FuncRef*>(*start);
  std::vector<uint64_t> slots(std::max({function.param_slots, function.result_slots, 1u}));
  ++(store->call(function, slots.data()) ? counts.ended : counts.trapped);
}

int damage(const char* path, uint64_t seed, int truncations, int flips) {
  auto file = MappedFile::open(path, wasm::kMaxModuleBytes);
  if (!file) return std::fprintf(stderr, "%s: %s\n", path, file.error().message.c_str()), 1;
  const std::span<const std::byte> original = (*file)->bytes();
  engine::Engine engine({.fuel_metering = true, .threads = 1});
  std::mt19937_64 random(seed);
  Counts counts;
  for (int i = 0; i < truncations; ++i) {
    const size_t length = random() % original.size();
    run(engine, {original.begin(), original.begin() + static_cast<ptrdiff_t>(length)}, counts);
  }
  for (int i = 0; i < flips; ++i) {
    std::vector<std::byte> bytes(original.begin(), original.end());
    // The first half of the flips go near the beginning, where there is more structure.
    const size_t range = i % 2 == 0 ? std::min<size_t>(bytes.size(), 4096) : bytes.size();
    bytes[random() % range] ^= static_cast<std::byte>(1 + random() % 255);
    run(engine, std::move(bytes), counts);
  }
  std::printf("%d invalid, %d unlinkable, %d trapped, %d ended\n", counts.invalid,
              counts.unlinkable, counts.trapped, counts.ended);
  return 0;
}

int generated() {
  int failures = 0;
  for (test::HostileInput& input : test::hostile_inputs()) {
    engine::Engine engine({.fuel_metering = true, .threads = 1});
    Counts counts;
    const auto begin = std::chrono::steady_clock::now();
    run(engine, std::move(input.bytes), counts);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    const bool as_expected = (counts.invalid == 0) == input.valid;
    if (!as_expected) ++failures;
    std::printf("%s%s: %.3f s\n", as_expected ? "" : "NOT AS EXPECTED: ", input.name.c_str(),
                seconds.count());
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--generated") return generated();
  if (argc == 5)
    return damage(argv[1], std::strtoull(argv[2], nullptr, 10), std::atoi(argv[3]),
                  std::atoi(argv[4]));
  std::fprintf(stderr, "usage: %s FILE SEED TRUNCATIONS FLIPS | --generated\n", argv[0]);
  return 2;
}
