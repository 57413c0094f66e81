// What the interpreter has counted, for the tier above.
#include <algorithm>

#include "interp/interpreter.hpp"

namespace wrun::interp {
namespace {

// Of the function's call at `position` of its code.
wasm::CalleeCounts counts_at(const FuncCode& function, uint32_t position) {
  const auto& target = *reinterpret_cast<const CallTarget*>(function.begin + position);
  return {.offset = target.wasm_offset,
          .callee = __atomic_load_n(&target.function_index, __ATOMIC_RELAXED),
          .hits = __atomic_load_n(&target.hits, __ATOMIC_RELAXED),
          .misses = __atomic_load_n(&target.misses, __ATOMIC_RELAXED)};
}

std::span<const uint32_t> counted_calls(const FuncCode& function) {
  return {function.counted_calls, function.counted_call_count};
}

}  // namespace

wasm::Profile::Heat ModuleCode::heat(uint32_t function_index) const {
  const FuncCode& function = functions_[function_index - module_->imported_functions];
  if (!options_.count_heat || __atomic_load_n(&function.module, __ATOMIC_ACQUIRE) == nullptr)
    return Heat::Warm;
  const auto enough = static_cast<uint64_t>(options_.tier_up->initial_heat() / 4);
  return function.used_heat() > enough ? Heat::Hot : Heat::Warm;
}

std::optional<uint32_t> ModuleCode::likely_callee(uint32_t function_index, uint32_t offset) const {
  const FuncCode& function = functions_[function_index - module_->imported_functions];
  const std::lock_guard lock(mutex_);
  const auto calls = counted_calls(function);
  const auto at = std::ranges::lower_bound(
      calls, offset, {}, [&](uint32_t position) { return counts_at(function, position).offset; });
  if (at == calls.end()) return std::nullopt;
  const wasm::CalleeCounts counts = counts_at(function, *at);
  if (counts.offset != offset || counts.callee == CallTarget::kNone || !counts.is_likely())
    return std::nullopt;
  return counts.callee;
}

wasm::Counts ModuleCode::counts() const {
  wasm::Counts counts;
  if (!options_.count_heat) return counts;
  const std::lock_guard lock(mutex_);
  const size_t count = module_->functions.size() - module_->imported_functions;
  for (size_t i = 0; i < count; ++i) {
    const FuncCode& function = functions_[i];
    if (__atomic_load_n(&function.module, __ATOMIC_ACQUIRE) == nullptr) continue;
    const uint32_t calls = __atomic_load_n(&function.calls, __ATOMIC_RELAXED);
    if (calls == 0) continue;
    counts.functions.push_back(
        {.function_index = function.function_index, .calls = calls, .heat = function.used_heat()});
    for (const uint32_t position : counted_calls(function))
      if (const wasm::CalleeCounts callee = counts_at(function, position);
          callee.callee != CallTarget::kNone && callee.hits != 0)
        counts.callees.push_back(callee);
  }
  return counts;
}

}  // namespace wrun::interp
