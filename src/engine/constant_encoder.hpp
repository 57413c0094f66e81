// Values as the constant expressions that give them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/byte_writer.hpp"
#include "base/result.hpp"
#include "runtime/instance.hpp"
#include "wasm/module.hpp"

namespace wrun::engine {

class ConstantEncoder {
 public:
  ConstantEncoder(const wasm::Module& module, runtime::Instance& instance)
      : module_(module), instance_(instance) {}

  // Appends the expression, with its `end`. `type_bytes` is how the module writes the type. Fails with Unsupported,
  // with a phrase that goes after what holds the value.
  Result<void> append(ByteWriter& out, wasm::ValType type, std::span<const std::byte> type_bytes,
                      const uint64_t* slots) const;
  // By its index in the module; nothing for functions that the module neither defines nor imports.
  std::optional<uint32_t> function_index(runtime::RefSlot reference) const;
  // Whether a value is an object of the collected heap, which no expression gives again.
  bool is_object(wasm::ValType type, uint64_t slot) const;

 private:
  Result<void> append_reference(ByteWriter& out, wasm::ValType type,
                                std::span<const std::byte> type_bytes,
                                runtime::RefSlot reference) const;
  bool is_function_type(wasm::ValType type) const;

  const wasm::Module& module_;
  runtime::Instance& instance_;
};

// i32.const or i64.const, and `end`.
void append_address(ByteWriter& out, uint64_t address, bool is_64);

}  // namespace wrun::engine
