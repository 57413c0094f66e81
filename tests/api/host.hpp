// What the tests of the embedding API share. Wherever it matters that a host needs nothing else,
// they use the public headers only; modules come from the builder that all tests use.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "support/module_builder.hpp"
#include "wrun/wrun.hpp"

namespace wrun::test {

template <class T>
T must(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}
inline void must(const Result<void>& result) {
  if (!result) FAIL(result.error().message);
}

struct Host {
  explicit Host(const Config& config = {}, const Limits& limits = {})
      : engine(must(Engine::create(config))), store(engine, limits), linker(store) {}

  Module compile(ModuleBuilder& builder) const {
    return must(Module::from_bytes(engine, builder.build()));
  }
  Instance instantiate(ModuleBuilder& builder, std::string name = "guest") {
    return must(linker.instantiate(compile(builder), std::move(name)));
  }

  Engine engine;
  Store store;
  Linker linker;
};

inline const Trap& trap_of(const Error& error) {
  REQUIRE(error.trap != nullptr);
  return *error.trap;
}

}  // namespace wrun::test
