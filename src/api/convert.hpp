// Between the types and values of the embedding API and those inside.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/trap.hpp"
#include "runtime/vm_context.hpp"
#include "wasm/module.hpp"
#include "wasm/types.hpp"
#include "wrun/error.hpp"
#include "wrun/module.hpp"
#include "wrun/value.hpp"

namespace wrun {

namespace detail {
struct StoreState;
}

ValueType to_public(wasm::ValType type);
FuncType to_public(const wasm::FuncType& type);
MemoryType to_public(const wasm::MemoryType& type);
ExternType extern_type(const wasm::Module& module, wasm::ExternKind kind, uint32_t index);

// Nothing for reference types other than funcref and externref: their indices mean something in
// one module only.
std::optional<wasm::ValType> to_internal(const ValueType& type);
std::optional<wasm::FuncType> to_internal(const FuncType& type);

// The same types with ids of the store's registry for type indices, which are those of `function`.
std::vector<wasm::ValType> canonical_types(const runtime::FuncRef& function,
                                           std::span<const wasm::ValType> types);

// A value of a canonical type from its slots; the store keeps what it refers to.
Value load_value(wasm::ValType type, const uint64_t* slots, detail::StoreState& store);
// Into its slots. False if the value is not one of `type`, or a reference of another store.
[[nodiscard]] bool store_value(const Value& value, wasm::ValType type, detail::StoreState& store,
                               uint64_t* slots);
// Consecutive values.
std::vector<Value> load_values(std::span<const wasm::ValType> types, const uint64_t* slots,
                               detail::StoreState& store);
Result<void> store_values(std::span<const Value> values, std::span<const wasm::ValType> types,
                          const char* what, detail::StoreState& store, uint64_t* slots);

Error to_error(runtime::Trap trap);

}  // namespace wrun
