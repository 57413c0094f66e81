// Where the values of a signature are on both sides of a stub.
#pragma once

#include <algorithm>
#include <span>

#include "codegen/abi.hpp"

namespace wrun::codegen {

// Where values of the interpreter's slots and of the convention are, in order: visit(type, location, offset of
// the slot).
template <class Visit>
void for_each_location(std::span<const wasm::ValType> types, LocationSequence sequence,
                       Visit&& visit) {
  int32_t slot = 0;
  for (const wasm::ValType type : types) {
    visit(type, sequence.next(type), slot * static_cast<int32_t>(kWordBytes));
    slot += static_cast<int32_t>(type.slots());
  }
}

struct Words {
  Words(const Convention& convention, const wasm::FuncType& type)
      : arguments(bytes(argument_words(convention, type.params))),
        results(bytes(result_words(convention, type))) {
    for (const wasm::ValType param : type.params) param_slots += param.slots();
    for (const wasm::ValType result : type.results) result_slots += result.slots();
  }
  int32_t shared() const { return bytes(std::max(param_slots, result_slots)); }
  int32_t arguments, results;  // bytes on the stack
  uint32_t param_slots = 0, result_slots = 0;

 private:
  static int32_t bytes(uint32_t words) { return static_cast<int32_t>(words * kWordBytes); }
};

}  // namespace wrun::codegen
