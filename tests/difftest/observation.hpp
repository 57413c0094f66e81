// What can be seen of a module that is run: a line for each thing, to be compared from tier to tier.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.hpp"

namespace wrun::difftest {

// A way to run code.
struct Way {
  const char* name;
  engine::EngineConfig config;
  bool guarded_memories = true;
};
// Those to be compared with each other; the first is the interpreter's. Sets differ in what all of
// their ways have in common.
std::span<const std::vector<Way>> way_sets();

struct Value {
  wasm::ValType type;
  uint64_t slots[2] = {0, 0};
};

struct Call {
  std::string function;
  std::vector<Value> arguments;
  std::optional<TrapCode> trap = {};  // or:
  std::vector<Value> results = {};
};

struct Observation {
  std::string problem = {};  // why the module cannot be run
  std::vector<Call> calls = {};
  std::vector<std::string> lines = {};
  uint32_t functions = 0, compiled_functions = 0;
};

// Calls every exported function with arguments of several kinds, after "reset" if there is one. With
// `apart`, each call has an instance of its own.
Observation observe(std::span<const std::byte> module, const Way& way, bool apart);

std::string to_string(const Value& value);

}  // namespace wrun::difftest
