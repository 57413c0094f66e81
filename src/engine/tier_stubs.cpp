#include "engine/tier_stubs.hpp"

#include <cstring>
#include <mutex>

#include "engine/runtime_calls.hpp"
#include "interp/bytecode.hpp"

namespace wrun::engine {

bool TierStubs::start(CodeMemory& memory, const codegen::FirstCallHelpers& first_call) {
  memory_ = &memory;
  common_code_ = add(
      [&](const std::byte* address) {
        return codegen::make_common_stubs(reinterpret_cast<uint64_t>(address),
                                          runtime_call_functions(), first_call);
      },
      common_);
  if (common_code_ == nullptr) return false;
  for (const uint32_t offset : common_.runtime_calls)
    runtime_calls_.push_back(common_code_ + offset);
  return true;
}

template <class Make, class Stubs>
const std::byte* TierStubs::add(Make&& make, Stubs& stubs) {
  std::optional<CodeMemory::Pages> pages;
  for (size_t bytes = 1; !pages; bytes = stubs.code.size()) {
    pages = memory_->allocate(bytes);
    if (!pages) return nullptr;
    stubs = make(pages->data());
    if (stubs.code.size() <= pages->size()) continue;
    memory_->release(*pages);  // more than a page, which they seldom are
    pages.reset();
  }
  std::memcpy(pages->data(), stubs.code.data(), stubs.code.size());
  return CodeMemory::seal(*pages) ? pages->data() : nullptr;
}

void TierStubs::set_context(runtime::VMContext& vm) const {
  vm.trap_exit = common_code_ + common_.trap_exit;
  vm.landing = common_code_ + common_.landing;
  vm.foreign_call = common_code_ + common_.foreign_call;
}

// Compiled code may become the entry at any time.
void TierStubs::set_entry(runtime::FuncRef& function, const void* entry) const {
  const void* first = first_entry();
  __atomic_compare_exchange_n(&function.entry, &first, entry, false, __ATOMIC_RELEASE,
                              __ATOMIC_RELAXED);
}

void TierStubs::set_adapter(runtime::FuncRef& function) {
  const Signature* stubs = signature(*function.type, function.type_id);
  const void* adapter =
      stubs == nullptr ? common_code_ + common_.no_adapter : stubs->code + stubs->stubs.adapter;
  __atomic_store_n(&function.adapter, adapter, __ATOMIC_RELEASE);
}

const TierStubs::Signature* TierStubs::signature(const wasm::FuncType& type, uint32_t type_id) {
  const std::unique_lock lock(mutex_);
  if (const auto known = signatures_.find(type_id); known != signatures_.end())
    return &known->second;
  const auto handler = [](interp::Code code) {
    return reinterpret_cast<const void*>(interp::handler_table()[code]);
  };
  Signature signature;
  signature.code = add(
      [&](const std::byte* address) {
        return codegen::make_signature_stubs(type, reinterpret_cast<uint64_t>(address),
                                             handler(interp::Code::CallFunction),
                                             handler(interp::Code::TailCallFunction));
      },
      signature.stubs);
  if (signature.code == nullptr) return nullptr;
  const Signature& kept = signatures_.emplace(type_id, std::move(signature)).first->second;
  by_address_[kept.code] = &kept;
  return &kept;
}

runtime::CompiledPc TierStubs::find(const std::byte* address) const {
  if (address == common_code_ + common_.no_adapter_trap) return {.trap = TrapCode::OutOfMemory};
  const std::shared_lock lock(mutex_);
  const auto after = by_address_.upper_bound(address);
  if (after == by_address_.begin()) return {};
  const auto& [code, stubs] = *std::prev(after)->second;
  const auto offset = static_cast<uint64_t>(address - code);
  return {.trap = offset == stubs.overflow ? TrapCode::CallStackExhausted : TrapCode::None,
          .is_entry = offset + 1 == stubs.enter_return || offset + 1 == stubs.enter_loop_return,
          .is_return_word = offset == stubs.return_word};
}

}  // namespace wrun::engine
