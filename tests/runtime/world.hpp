// What a test of instances needs: types, a store, and an executor whose functions are C++.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "catch.hpp"
#include "runtime/instance.hpp"
#include "runtime/linker.hpp"
#include "runtime/store.hpp"
#include "support/decode.hpp"
#include "support/module_builder.hpp"

namespace wrun::test {

using runtime::FuncRef;
using runtime::Store;
using runtime::TrapCode;
using wasm::kF32;
using wasm::kF64;
using wasm::kFuncRef;
using wasm::kI32;
using wasm::kI64;
using wasm::kV128;
using wasm::Op;

// Runs `bodies` by the index of the function in its module; those without one return None.
class FakeExecutor final : public runtime::Executor {
 public:
  using Body = std::function<TrapCode(Store&, FuncRef&, uint64_t*)>;
  std::map<uint32_t, Body> bodies;
  int prepared = 0;

  Result<void> prepare(runtime::Instance&) override {
    ++prepared;
    return {};
  }
  TrapCode call(Store& store, FuncRef& function, uint64_t* slots) override {
    const auto body = bodies.find(function.function_index);
    return body == bodies.end() ? TrapCode::None : body->second(store, function, slots);
  }
};

struct World {
  wasm::TypeRegistry types;
  FakeExecutor executor;
  Store store;

  explicit World(const runtime::StoreLimits& limits = {}) : store(executor, types, limits) {}

  std::shared_ptr<const wasm::Module> decode(const ModuleBuilder& builder) {
    return decode_module(types, builder.build());
  }
  Result<runtime::Instance*> try_instantiate(const ModuleBuilder& builder,
                                             std::span<const runtime::Extern> imports = {}) {
    return runtime::Instance::instantiate(store, decode(builder), imports, "test");
  }
  runtime::Instance& instantiate(const ModuleBuilder& builder,
                                 std::span<const runtime::Extern> imports = {}) {
    auto instance = try_instantiate(builder, imports);
    if (!instance) FAIL(instance.error().message);
    return **instance;
  }
};

inline std::string text_at(runtime::Instance& instance, uint64_t address, size_t count) {
  return {reinterpret_cast<const char*>(instance.memory(0).base() + address), count};
}

}  // namespace wrun::test
