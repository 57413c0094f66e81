// What a block takes from the operand stack and leaves there (spec 3.2.4).
#pragma once

#include <cstdint>

#include "binary/instruction.hpp"
#include "wasm/module.hpp"

namespace wrun::binary {

struct BlockSignature {
  static BlockSignature of(const BlockType& block, const wasm::Module& module) {
    switch (block.form) {
      case BlockType::Form::Empty: break;
      case BlockType::Form::Value: return {.has_value = true, .value = block.value};
      case BlockType::Form::Type:  return {.type = &module.types[block.type].func};
    }
    return {};
  }

  uint32_t params() const { return type ? static_cast<uint32_t>(type->params.size()) : 0; }
  uint32_t results() const {
    return type ? static_cast<uint32_t>(type->results.size()) : has_value ? 1 : 0;
  }
  wasm::ValType param(uint32_t i) const { return type->params[i]; }
  wasm::ValType result(uint32_t i) const { return type ? type->results[i] : value; }

  const wasm::FuncType* type = nullptr;  // null: no parameters, and `value` alone if there is one
  bool has_value = false;
  wasm::ValType value = {};
};

}  // namespace wrun::binary
