// Constants and result patterns of scripts against the slots of calls.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "text/script.hpp"
#include "wasm/types.hpp"

namespace wrun::script {

// Puts a constant where a value of `type` is expected. False if it is not of that type.
[[nodiscard]] bool store_value(const text::Value& value, wasm::ValType type, uint64_t* slots);

// Whether the value of `type` in `slots` is as the pattern says.
bool matches(const text::Pattern& pattern, wasm::ValType type, const uint64_t* slots);

// As scripts write them: "(i32.const 1)", "(ref.extern 2)".
std::string describe(const text::Pattern& pattern);
std::string describe(std::span<const text::Pattern> patterns);
std::string describe(wasm::ValType type, const uint64_t* slots);
std::string describe(std::span<const wasm::ValType> types, const uint64_t* slots);

}  // namespace wrun::script
