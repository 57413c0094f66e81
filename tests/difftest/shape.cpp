#include "difftest/shape.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace wrun::difftest {

using wasm::Imm;
using wasm::Op;
using wasm::OpInfo;
namespace op_flag = wasm::op_flag;

size_t type_number(wasm::ValType type) {
  const auto* const found = std::ranges::find(kTypes, type);
  WRUN_CHECK(found != std::end(kTypes));
  return static_cast<size_t>(found - kTypes);
}

namespace {

// Of those that have a type: waiting and waking need other threads.
bool is_left_out(Op op) {
  return op == Op::MemoryAtomicNotify || op == Op::MemoryAtomicWait32 ||
         op == Op::MemoryAtomicWait64;
}

}  // namespace

Instructions::Instructions(wasm::FeatureSet features) {
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    const OpInfo& info = wasm::info(op);
    const wasm::OpSignature& type = info.signature;
    if (type.special || !features.has(info.feature) || is_left_out(op)) continue;
    if (type.result_count == 2) wide.push_back(op);
    if (info.accesses_memory()) {
      if (type.result_count == 0) stores.push_back(op);
      if (type.result_count == 1)
        from_memory[type_number(wasm::ValType(type.results[0]))].push_back(op);
    } else if (info.has(op_flag::Pure) && type.result_count == 1 && type.param_count > 0) {
      pure[type_number(wasm::ValType(type.results[0]))].push_back(op);
    }
  }
}

}  // namespace wrun::difftest
