#include "engine/tier_stubs.hpp"

#include <algorithm>
#include <array>
#include <mutex>

#include "base/assert.hpp"
#include "engine/prepared_stubs.hpp"
#include "engine/runtime_calls.hpp"
#include "interp/bytecode.hpp"

namespace wrun::engine {

bool TierStubs::start(CodeMemory& memory, const FirstCallHelpers& first_call) {
  memory_ = &memory;
  common_ = kPreparedCommonStubs.stubs;
  common_code_ = place(std::as_bytes(kPreparedCommonStubs.code), [&](const std::byte*) {
    std::vector<const void*> addresses = runtime_call_functions();
    addresses.push_back(first_call.make_entry);
    addresses.push_back(first_call.make_adapter);
    WRUN_CHECK(addresses.size() == codegen::kCommonAddresses);
    return addresses;
  });
  if (common_code_ == nullptr) return false;
  std::ranges::transform(common_.runtime_calls, runtime_calls_.begin(),
                         [&](uint32_t offset) { return common_code_ + offset; });
  return true;
}

template <class AddressesAt>
const std::byte* TierStubs::place(std::span<const std::byte> code, AddressesAt&& addresses_at) {
  const std::optional<CodeMemory::Pages> pages = memory_->allocate(code.size());
  if (!pages) return nullptr;
  std::ranges::copy(code, pages->begin());
  const auto addresses = addresses_at(pages->data());
  std::ranges::copy(std::as_bytes(std::span(addresses)), pages->begin());
  return CodeMemory::seal(*pages) ? pages->data() : nullptr;
}

const std::byte* TierStubs::place(const codegen::SignatureStubs& stubs,
                                  std::span<const std::byte> code) {
  const auto handler = [](interp::Code of) {
    return reinterpret_cast<const void*>(interp::handler_table()[of]);
  };
  using Address = codegen::SignatureAddress;
  return place(code, [&](const std::byte* at) {
    std::array<const void*, static_cast<size_t>(Address::Count)> addresses;
    addresses[static_cast<size_t>(Address::ReturnHandler)] = at + stubs.return_handler;
    addresses[static_cast<size_t>(Address::CallFunction)] = handler(interp::Code::CallFunction);
    addresses[static_cast<size_t>(Address::TailCallFunction)] =
        handler(interp::Code::TailCallFunction);
    return addresses;
  });
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
  Signature signature;
  if (const auto* known = find_prepared_stubs(type)) {
    signature = {place(known->stubs, std::as_bytes(known->code)), known->stubs};
  } else {
    const auto written = codegen::make_signature_stubs(type);
    signature = {place(written.stubs, written.code), written.stubs};
  }
  if (signature.code == nullptr) return nullptr;
  const Signature& kept = signatures_.emplace(type_id, signature).first->second;
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
          .is_return_word = offset == 0};  // SignatureAddress::ReturnHandler
}

}  // namespace wrun::engine
