// What a test of the interpreter needs: types, the interpreter and a store, without an engine.
#pragma once

#include <expected>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "catch.hpp"
#include "interp/interpreter.hpp"
#include "runtime/linker.hpp"
#include "support/decode.hpp"
#include "support/module_builder.hpp"

namespace wrun::test {

using runtime::Instance;
using runtime::Trap;
using runtime::TrapCode;
using wasm::kF32;
using wasm::kF64;
using wasm::kFuncRef;
using wasm::kI32;
using wasm::kI64;
using wasm::kV128;
using wasm::Op;

struct Machine {
  wasm::FeatureSet features = wasm::FeatureSet::defaults();
  wasm::TypeRegistry types;
  interp::Interpreter interpreter;
  runtime::Store store;

  explicit Machine(const interp::InterpreterOptions& options = {},
                   const runtime::StoreLimits& limits = {})
      : interpreter(options), store(interpreter, types, limits) {}

  Instance& instantiate(const ModuleBuilder& builder,
                        std::span<const runtime::Extern> imports = {}) {
    auto instance = Instance::instantiate(store, decode_module(types, builder.build(), features),
                                          imports, "test");
    if (!instance) FAIL(instance.error().message);
    return **instance;
  }

  // All that the results left in the slots.
  std::expected<std::vector<uint64_t>, Trap> call(Instance& instance, uint32_t function,
                                                  std::initializer_list<uint64_t> arguments = {}) {
    runtime::FuncRef& callee = instance.function(function);
    std::vector<uint64_t> slots(arguments);
    slots.resize(std::max({callee.param_slots, callee.result_slots, 1u}));
    const auto outcome = store.call(callee, slots.data());
    if (!outcome) return std::unexpected(outcome.error());
    slots.resize(callee.result_slots);
    return slots;
  }
  uint64_t value(Instance& instance, uint32_t function,
                 std::initializer_list<uint64_t> arguments = {}) {
    const auto results = call(instance, function, arguments);
    if (!results) FAIL(results.error().message);
    return results->at(0);
  }
  Trap trap(Instance& instance, uint32_t function, std::initializer_list<uint64_t> arguments = {}) {
    auto results = call(instance, function, arguments);
    if (results) FAIL("no trap");
    return std::move(results.error());
  }
};

// Where the instruction after `before` is, in a function that declares no locals.
inline uint32_t offset_after(Instance& instance, uint32_t function, const Code& before) {
  return static_cast<uint32_t>(instance.module().functions[function].body_offset + 1 +
                               before.bytes().size());
}

}  // namespace wrun::test
