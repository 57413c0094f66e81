// The stubs between tiers (codegen/stubs.hpp), made when they are first needed.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <shared_mutex>
#include <span>

#include "codegen/stubs.hpp"
#include "engine/code_memory.hpp"
#include "runtime/compiled_code.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::engine {

// Thread-safe.
class TierStubs {
 public:
  // For functions of one type.
  struct Signature {
    const std::byte* code = nullptr;
    codegen::SignatureStubs stubs;
  };

  // Take the context and the FuncRef*, and are to call set_entry() and set_adapter().
  struct FirstCallHelpers {
    const void* make_entry = nullptr;
    const void* make_adapter = nullptr;
  };
  // `memory` outlives this. False: there is no code memory left. Once, before anything else.
  [[nodiscard]] bool start(CodeMemory& memory, const FirstCallHelpers& first_call);

  std::span<const std::byte* const> runtime_calls() const { return runtime_calls_; }
  // What is the same in all contexts.
  void set_context(runtime::VMContext& vm) const;
  // FuncRef::entry and adapter before the function is called there by compiled code.
  const void* first_entry() const { return common_code_ + common_.first_entry; }
  const void* first_adapter() const { return common_code_ + common_.first_adapter; }
  // `entry` is the function's code, unless it has another already.
  void set_entry(runtime::FuncRef& function, const void* entry) const;
  void set_adapter(runtime::FuncRef& function);
  // Null: there is no code memory left.
  const Signature* signature(const wasm::FuncType& type, uint32_t type_id);

  runtime::CompiledPc find(const std::byte* address) const;

 private:
  // Puts the code somewhere, with the addresses for its beginning that `addresses_at` gives for that place.
  // Null: there is no code memory left.
  template <class AddressesAt>
  const std::byte* place(std::span<const std::byte> code, AddressesAt&& addresses_at);
  const std::byte* place(const codegen::SignatureStubs& stubs, std::span<const std::byte> code);

  CodeMemory* memory_ = nullptr;
  codegen::CommonStubs common_;
  const std::byte* common_code_ = nullptr;
  std::array<const std::byte*, ir::kRuntimeCallCount> runtime_calls_ = {};

  mutable std::shared_mutex mutex_;           // guards what follows
  std::map<uint32_t, Signature> signatures_;  // by canonical type
  std::map<const std::byte*, const Signature*> by_address_;
};

}  // namespace wrun::engine
