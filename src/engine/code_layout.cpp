#include "engine/code_layout.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "codegen/stubs.hpp"

namespace wrun::engine {

size_t CodeLayout::aligned(size_t bytes) {
  constexpr size_t kAlignment = codegen::CompiledFunction::kAlignment;
  return (bytes + kAlignment - 1) & ~(kAlignment - 1);
}

const CodeLayout::Callee* CodeLayout::find(const std::vector<Callee>& callees,
                                           uint32_t function_index) {
  const auto callee =
      std::ranges::lower_bound(callees, function_index, {}, &Callee::function_index);
  return callee != callees.end() && callee->function_index == function_index ? &*callee : nullptr;
}

CodeLayout CodeLayout::of(const std::vector<CompiledUnit>& units,
                          const std::function<bool(uint32_t function_index)>& has_code,
                          size_t begin) {
  CodeLayout layout;
  layout.bytes = begin;
  std::vector<uint32_t> called;
  for (const CompiledUnit& unit : units) {
    layout.units.push_back(static_cast<uint32_t>(layout.bytes));
    if (unit.unit.entry_loop == 0)
      layout.callees.push_back({unit.unit.function_index, layout.units.back()});
    layout.bytes += aligned(unit.code.code.size());
    for (const codegen::Relocation& relocation : unit.code.relocations)
      if (relocation.target == codegen::Relocation::Target::Function)
        called.push_back(relocation.index);
  }
  std::ranges::sort(layout.callees, {}, &Callee::function_index);
  std::ranges::sort(called);
  const auto repeated = std::ranges::unique(called);
  called.erase(repeated.begin(), repeated.end());
  layout.stubs_begin = static_cast<uint32_t>(layout.bytes);
  for (const uint32_t index : called) {
    if (find(layout.callees, index) != nullptr || has_code(index)) continue;
    layout.stubs.push_back({index, static_cast<uint32_t>(layout.bytes)});
    layout.bytes += codegen::FunctionStub::kBytes;
  }
  return layout;
}

}  // namespace wrun::engine
