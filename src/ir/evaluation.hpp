// What instructions without effects compute, for constant folding and tests: semantics.hpp for values
// that are known. A value is the 128 bits of its slot, scalars in the low ones.
#pragma once

#include <cstring>
#include <type_traits>

#include "ir/ops.hpp"
#include "wasm/semantics.hpp"
#include "wasm/v128.hpp"

namespace wrun::ir {

using Slot = wasm::V128;

template <class T>
T read_slot(const Slot& slot) {
  if constexpr (std::is_same_v<T, wasm::Int128>) {
    return {slot[0], slot[1]};
  } else {
    T value;
    std::memcpy(&value, &slot, sizeof value);
    return value;
  }
}

template <class T>
Slot write_slot(const T& value) {
  if constexpr (std::is_same_v<T, wasm::Int128>) {
    return Slot{value.low, value.high};
  } else {
    Slot slot = {0, 0};
    std::memcpy(&slot, &value, sizeof value);
    return slot;
  }
}

template <wasm::Op op>
concept HasSemantics = requires { typename wasm::Semantics<op>::Result; };

// `immediate` is the lane; `vector` what i8x16.shuffle has.
template <wasm::Op op>
  requires HasSemantics<op>
wasm::TrapKind evaluate(const Slot* operands, uint64_t immediate, const Slot& vector,
                        Slot& result) {
  using S = wasm::Semantics<op>;
  using Arg = typename S::Arg;
  constexpr wasm::OpInfo kInfo = wasm::kOpInfos[static_cast<size_t>(op)];
  constexpr uint8_t kParams = kInfo.signature.param_count;
  const auto lane = static_cast<uint8_t>(immediate);
  const auto arg = [&](size_t i) { return read_slot<Arg>(operands[i]); };
  if constexpr (std::is_same_v<Arg, wasm::Int128>) {
    const wasm::Int128 a = {operands[0][0], operands[1][0]};
    const wasm::Int128 b = {operands[2][0], operands[3][0]};
    result = write_slot(S::eval(a, b));
  } else if constexpr (kInfo.imm == wasm::Imm::Lane && kParams == 1) {
    result = write_slot(S::eval(arg(0), lane));
  } else if constexpr (kInfo.imm == wasm::Imm::Lane) {
    result = write_slot(S::eval(arg(0), read_slot<typename S::Value>(operands[1]), lane));
  } else if constexpr (kInfo.imm == wasm::Imm::Lanes16) {
    result = write_slot(S::eval(arg(0), arg(1), vector));
  } else if constexpr (requires { typename S::Shift; }) {
    result = write_slot(S::eval(arg(0), read_slot<uint32_t>(operands[1])));
  } else if constexpr (kParams == 1) {
    if constexpr (requires { S::trap(arg(0)); })
      if (const wasm::TrapKind kind = S::trap(arg(0)); kind != wasm::TrapKind::None) return kind;
    result = write_slot(S::eval(arg(0)));
  } else if constexpr (kParams == 2) {
    if constexpr (requires { S::trap(arg(0), arg(1)); })
      if (const wasm::TrapKind kind = S::trap(arg(0), arg(1)); kind != wasm::TrapKind::None)
        return kind;
    result = write_slot(S::eval(arg(0), arg(1)));
  } else {
    result = write_slot(S::eval(arg(0), arg(1), arg(2)));
  }
  return wasm::TrapKind::None;
}

// For the scalar instructions of one result; false for others, and where it would trap.
bool evaluate_scalar(Op op, uint64_t a, uint64_t b, uint64_t& result);

}  // namespace wrun::ir
