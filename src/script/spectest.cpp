#include "script/spectest.hpp"

#include <bit>

namespace wrun::script {
namespace {

constexpr std::string_view kModule = "spectest";

struct Print {
  std::string_view name;
  std::vector<wasm::ValType> params;
};

runtime::TrapCode print(void*, runtime::VMContext&, uint64_t*) { return runtime::TrapCode::None; }

void define_functions(runtime::Store& store, runtime::Linker& linker) {
  using wasm::kF32, wasm::kF64, wasm::kI32, wasm::kI64;
  const Print prints[] = {
      {        "print",           {}},
      {    "print_i32",       {kI32}},
      {    "print_i64",       {kI64}},
      {    "print_f32",       {kF32}},
      {    "print_f64",       {kF64}},
      {"print_i32_f32", {kI32, kF32}},
      {"print_f64_f64", {kF64, kF64}},
  };
  for (const Print& one : prints) {
    wasm::FuncType type;
    type.params = one.params;
    linker.define(kModule, one.name, &store.add_host_function(type, print, nullptr));
  }
}

void define_globals(runtime::Store& store, runtime::Linker& linker) {
  const auto define = [&](std::string_view name, wasm::ValType type, uint64_t bits) {
    linker.define(kModule, name,
                  &store.add_global(
                      {
                          type, false
    },
                      {{bits, 0}}));
  };
  define("global_i32", wasm::kI32, 666);
  define("global_i64", wasm::kI64, 666);
  define("global_f32", wasm::kF32, std::bit_cast<uint32_t>(666.6f));
  define("global_f64", wasm::kF64, std::bit_cast<uint64_t>(666.6));
}

Result<void> define_tables(runtime::Store& store, runtime::Linker& linker) {
  wasm::TableType type{
      wasm::kFuncRef, {.minimum = 10, .maximum = 20}
  };
  linker.define(kModule, "table", WRUN_TRY(store.add_table(type, 0)));
  type.limits.is_64 = true;
  linker.define(kModule, "table64", WRUN_TRY(store.add_table(type, 0)));
  return {};
}

Result<void> define_memories(runtime::Store& store, runtime::Linker& linker,
                             wasm::FeatureSet features) {
  wasm::MemoryType type{
      .limits = {.minimum = 1, .maximum = 2}
  };
  linker.define(kModule, "memory", WRUN_TRY(store.add_memory(type)));
  if (!features.has(wasm::Feature::Threads)) return {};
  type.is_shared = true;
  linker.define(kModule, "shared_memory", WRUN_TRY(store.add_memory(type)));
  return {};
}

}  // namespace

Result<void> define_spectest(runtime::Store& store, runtime::Linker& linker,
                             wasm::FeatureSet features) {
  define_functions(store, linker);
  define_globals(store, linker);
  WRUN_CHECK_OK(define_tables(store, linker));
  return define_memories(store, linker, features);
}

}  // namespace wrun::script
