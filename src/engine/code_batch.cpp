#include "engine/code_batch.hpp"

#include <algorithm>
#include <functional>

namespace wrun::engine {
namespace {

using codegen::PlacedCall;
using codegen::PlacedFunction;
using codegen::PlacedInlinedSite;
using codegen::PlacedLanding;
using codegen::PlacedTrap;

// The entry for `offset` in an ascending table, by that offset exactly; null if there is none.
template <class Site, class Offset>
const Site* find_site(std::span<const Site> sites, uint32_t offset, Offset of) {
  const auto site = std::ranges::lower_bound(sites, offset, {}, of);
  return site != sites.end() && std::invoke(of, *site) == offset ? &*site : nullptr;
}

}  // namespace

const void* CodeBatch::find_function(uint32_t function_index) const {
  const auto* function =
      find_site(tables_.functions, function_index, &PlacedFunction::function_index);
  return function == nullptr ? nullptr : pages_.data() + function->offset;
}

runtime::CompiledPc CodeBatch::find(const void* pc) const {
  const auto at = static_cast<uint32_t>(static_cast<const std::byte*>(pc) - pages_.data());
  const auto functions = tables_.functions;
  const auto after = std::ranges::upper_bound(functions, at, {}, &PlacedFunction::offset);
  if (at >= stubs_ || after == functions.begin()) return {};
  const PlacedFunction& function = *std::prev(after);
  runtime::CompiledPc result = {.function_index = function.function_index,
                                .inlined_calls = tables_.inlined_calls_of(function),
                                .saved = static_cast<uint8_t>(function.saved_registers)};
  const uint32_t offset = at - function.offset;
  if (const auto* site =
          find_site(tables_.inlined_sites_of(function), offset, &PlacedInlinedSite::offset))
    result.inlined_call = site->inlined_call;
  if (const auto* trap = find_site(tables_.traps_of(function), offset, &PlacedTrap::offset)) {
    result.trap = trap->code();
    result.wasm_offset = trap->wasm_offset();
    return result;
  }
  // After the call.
  const auto* call = find_site(tables_.calls_of(function), offset + 1, &PlacedCall::offset);
  if (call == nullptr) return result;
  result.wasm_offset = call->wasm_offset;
  const auto* landing =
      find_site(tables_.landings_of(function), offset + 1, &PlacedLanding::offset);
  if (landing == nullptr) return result;
  result.catches = tables_.catches_of(function);
  result.region = landing->region;
  result.landing = pages_.data() + function.offset + landing->landing;
  return result;
}

}  // namespace wrun::engine
