// Decoding in tests: short names and outcomes as text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "binary/decoder.hpp"
#include "catch.hpp"
#include "support/module_builder.hpp"

namespace wrun::test {

using wasm::Feature;
using wasm::FeatureSet;
using wasm::HeapType;
using wasm::kF32;
using wasm::kF64;
using wasm::kFuncRef;
using wasm::kI32;
using wasm::kI64;
using wasm::kV128;
using wasm::Op;
using wasm::ValType;

inline Result<std::shared_ptr<const wasm::Module>> decode(
    std::span<const std::byte> bytes, FeatureSet features = FeatureSet::defaults(),
    unsigned threads = 1) {
  static wasm::TypeRegistry registry;
  return binary::decode_module(bytes, nullptr, {registry, features, threads});
}

// The module, of bytes that are kept with it.
inline std::shared_ptr<const wasm::Module> decode_good(std::vector<std::byte> bytes,
                                                       FeatureSet features = FeatureSet::all()) {
  static wasm::TypeRegistry registry;
  auto owned = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  auto module = binary::decode_module(*owned, owned, {registry, features, 1});
  INFO((module ? "" : module.error().message));
  REQUIRE(module);
  return *module;
}

inline const char* to_text(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::Malformed:   return "malformed";
    case Error::Kind::Invalid:     return "invalid";
    case Error::Kind::Unsupported: return "unsupported";
    default:                       return "?";
  }
}

// "ok", or kind and message of the error.
inline std::string outcome(std::span<const std::byte> bytes,
                           FeatureSet features = FeatureSet::defaults()) {
  const auto module = decode(bytes, features);
  if (module) return "ok";
  CHECK(module.error().offset.has_value());
  CHECK(module.error().offset.value_or(0) <= bytes.size());
  return std::string(to_text(module.error().kind)) + ": " + module.error().message;
}

inline std::string outcome(const ModuleBuilder& builder,
                           FeatureSet features = FeatureSet::defaults()) {
  return outcome(builder.build(), features);
}

// Of a module with this function alone, without the function's name.
inline std::string outcome(const Signature& signature, const Code& code,
                           const std::vector<ValType>& locals = {},
                           FeatureSet features = FeatureSet::defaults()) {
  ModuleBuilder builder;
  builder.function(signature, code, locals);
  const std::string text = outcome(builder, features);
  return text.substr(0, text.find(" (in function"));
}

inline FeatureSet without(Feature feature) {
  FeatureSet set = FeatureSet::all();
  set.disable(feature);
  return set;
}

// A section as raw bytes, and a module of such sections.
inline Encoder section(uint8_t id, const Encoder& contents) {
  return std::move(Encoder().byte(id).u(contents.bytes().size()).raw(contents.bytes()));
}
inline std::vector<std::byte> module_of(const std::vector<Encoder>& sections) {
  Encoder module;
  module.fixed(0x6d736100, 4).fixed(1, 4);
  for (const Encoder& entry : sections) module.raw(entry.bytes());
  return module.bytes();
}

}  // namespace wrun::test
