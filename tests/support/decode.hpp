// Decoding for tests: a failure is a failure of the test.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "binary/decoder.hpp"
#include "catch.hpp"
#include "wasm/type_registry.hpp"

namespace wrun::test {

inline std::shared_ptr<const wasm::Module> decode_module(
    wasm::TypeRegistry& types, std::vector<std::byte> bytes,
    wasm::FeatureSet features = wasm::FeatureSet::defaults()) {
  auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  auto module =
      binary::decode_module(*owner, owner, {.types = types, .features = features, .threads = 1});
  if (!module) FAIL(module.error().message);
  return *module;
}

}  // namespace wrun::test
