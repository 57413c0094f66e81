// Between the types and values of the embedding API and those inside.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "runtime/trap.hpp"
#include "wasm/module.hpp"
#include "wasm/types.hpp"
#include "wrun/error.hpp"
#include "wrun/module.hpp"
#include "wrun/value.hpp"

namespace wrun {

ValueType to_public(wasm::ValType type);
FuncType to_public(const wasm::FuncType& type);
ExternType extern_type(const wasm::Module& module, wasm::ExternKind kind, uint32_t index);

// Nothing for reference types other than funcref and externref: their indices mean something in
// one module only.
std::optional<wasm::ValType> to_internal(const ValueType& type);
std::optional<wasm::FuncType> to_internal(const FuncType& type);

// A value from its slots, in the store `store_id`.
Value load_value(wasm::ValType type, const uint64_t* slots, uint64_t store_id);
// Into its slots. False if the value is not one of `type`, or a reference of another store.
[[nodiscard]] bool store_value(const Value& value, wasm::ValType type, uint64_t store_id,
                               uint64_t* slots);
// Consecutive values.
std::vector<Value> load_values(std::span<const wasm::ValType> types, const uint64_t* slots,
                               uint64_t store_id);
Result<void> store_values(std::span<const Value> values, std::span<const wasm::ValType> types,
                          const char* what, uint64_t store_id, uint64_t* slots);

Error to_error(runtime::Trap trap);

}  // namespace wrun
