// Where compiled units and the stubs for functions that they call without code go when they are linked.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "codegen/compiled_function.hpp"
#include "engine/code_batch.hpp"

namespace wrun::engine {

struct CompiledUnit {
  CompilationUnit unit;
  codegen::CompiledFunction code;
};

struct CodeLayout {
  struct Callee {
    uint32_t function_index;
    uint32_t offset;
  };

  // `has_code` says of functions that are not among the units whether calls of them need no stub.
  // `begin`, where the first unit goes, is a multiple of CompiledFunction::kAlignment.
  static CodeLayout of(const std::vector<CompiledUnit>& units,
                       const std::function<bool(uint32_t function_index)>& has_code,
                       size_t begin = 0);

  // The next place for a function.
  static size_t aligned(size_t bytes);
  static const Callee* find(const std::vector<Callee>& callees, uint32_t function_index);

  std::vector<uint32_t> units;  // offsets
  std::vector<Callee> callees;  // ascending by function; those with code among the units
  std::vector<Callee> stubs;    // ascending by function; those without any code
  uint32_t stubs_begin = 0;
  size_t bytes = 0;  // to the end, from offset 0 on
};

}  // namespace wrun::engine
