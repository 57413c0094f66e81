#include "engine/compiled_module.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "codegen/stubs.hpp"

namespace wrun::engine {
namespace {

constexpr size_t kAlignment = codegen::CompiledFunction::kAlignment;

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) & ~(kAlignment - 1); }

void write_displacement(std::byte* at, const std::byte* target) {
  const int64_t displacement = target - (at + sizeof(int32_t));
  WRUN_CHECK(displacement == static_cast<int32_t>(displacement));
  const auto value = static_cast<int32_t>(displacement);
  std::memcpy(at, &value, sizeof(value));
}

// The entry for `offset` in an ascending table, by that offset exactly; null if there is none.
template <class Site>
const Site* find_site(const std::vector<Site>& sites, uint32_t offset) {
  const auto site = std::ranges::lower_bound(sites, offset, {}, &Site::offset);
  return site != sites.end() && site->offset == offset ? &*site : nullptr;
}

// Which functions are called without having code of their own.
std::vector<uint32_t> functions_without_code(const CompiledModule::Functions& functions,
                                             uint32_t imported_functions) {
  std::vector<uint32_t> indices;
  for (const auto& function : functions) {
    if (!function) continue;
    for (const codegen::Relocation& relocation : function->relocations) {
      if (relocation.target != codegen::Relocation::Target::Function) continue;
      WRUN_CHECK(relocation.index >= imported_functions);
      if (!functions[relocation.index - imported_functions]) indices.push_back(relocation.index);
    }
  }
  std::ranges::sort(indices);
  const auto repeated = std::ranges::unique(indices);
  indices.erase(repeated.begin(), repeated.end());
  return indices;
}

}  // namespace

std::optional<CompiledModule> CompiledModule::link(Functions functions, uint32_t imported_functions,
                                                   RuntimeCalls runtime_calls, CodeMemory& memory) {
  CompiledModule module;
  module.imported_functions_ = imported_functions;
  size_t bytes = 0;
  for (const auto& function : functions)
    if (function) bytes += aligned(function->code.size());
  const std::vector<uint32_t> missing = functions_without_code(functions, imported_functions);
  std::vector<codegen::StubCode> stubs;
  for (const uint32_t index : missing) {
    stubs.push_back(codegen::make_function_stub(index));
    bytes += aligned(stubs.back().code.size());
  }
  const auto pages = memory.allocate(bytes);
  if (!pages) return std::nullopt;
  module.pages_ = *pages;

  module.offsets_.assign(functions.size(), kNone);
  size_t offset = 0;
  const auto place = [&](uint32_t function_index, const std::vector<std::byte>& code) {
    std::memcpy(pages->data() + offset, code.data(), code.size());
    module.offsets_[function_index - imported_functions] = static_cast<uint32_t>(offset);
    offset += aligned(code.size());
  };
  for (uint32_t i = 0; i < functions.size(); ++i) {
    if (!functions[i]) continue;
    module.functions_.push_back({imported_functions + i, static_cast<uint32_t>(offset), {}});
    place(imported_functions + i, functions[i]->code);
    module.functions_.back().code = std::move(*functions[i]);
  }
  module.stubs_ = static_cast<uint32_t>(offset);
  for (size_t i = 0; i < missing.size(); ++i) place(missing[i], stubs[i].code);
  for (Function& function : module.functions_) {
    module.relocate(function, runtime_calls);
    function.code.code = {};
    function.code.relocations = {};
  }
  if (!CodeMemory::seal(*pages)) return std::nullopt;
  return module;
}

void CompiledModule::relocate(const Function& function, RuntimeCalls runtime_calls) {
  for (const codegen::Relocation& relocation : function.code.relocations) {
    const std::byte* target = relocation.target == codegen::Relocation::Target::Function
                                  ? pages_.data() + offsets_[relocation.index - imported_functions_]
                                  : runtime_calls[relocation.index];
    write_displacement(pages_.data() + function.offset + relocation.offset, target);
  }
}

const void* CompiledModule::entry(uint32_t function_index) const {
  const uint32_t offset = offsets_[function_index - imported_functions_];
  return offset < stubs_ ? pages_.data() + offset : nullptr;
}

runtime::CompiledPc CompiledModule::find(const void* pc) const {
  const auto at = static_cast<uint32_t>(static_cast<const std::byte*>(pc) - pages_.data());
  const auto after = std::ranges::upper_bound(functions_, at, {}, &Function::offset);
  if (at >= stubs_ || after == functions_.begin()) return {};
  const Function& function = *std::prev(after);
  runtime::CompiledPc result = {.function_index = function.index};
  const uint32_t offset = at - function.offset;
  if (const codegen::TrapSite* trap = find_site(function.code.traps, offset)) {
    result.trap = trap->code;
    result.wasm_offset = trap->wasm_offset;
  } else if (const codegen::CallSite* call = find_site(function.code.calls, offset + 1)) {
    result.wasm_offset = call->wasm_offset;
  }
  return result;
}

}  // namespace wrun::engine
