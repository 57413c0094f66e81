#include "ir/evaluation.hpp"

#include <array>

namespace wrun::ir {

namespace {

using Evaluate = wasm::TrapKind(const Slot*, uint64_t, const Slot&, Slot&);

template <wasm::Op op>
consteval Evaluate* scalar() {
  constexpr wasm::OpSignature kSignature = wasm::kOpInfos[static_cast<size_t>(op)].signature;
  if constexpr (HasSemantics<op> && kSignature.param_count <= 2 && kSignature.result_count == 1)
    return evaluate<op>;
  else
    return nullptr;
}

constexpr auto kScalars = std::to_array<Evaluate*>({
#define WRUN_OP(id, prefix, code, text, imm, sig, feature, flags) scalar<wasm::Op::id>(),
#include "wasm/opcodes.def"
#undef WRUN_OP
});

}  // namespace

bool evaluate_scalar(Op op, uint64_t a, uint64_t b, uint64_t& result) {
  if (!is_wasm(op) || kScalars[static_cast<size_t>(op)] == nullptr) return false;
  const Slot operands[2] = {
      Slot{a, 0},
      Slot{b, 0}
  };
  Slot slot;
  if (kScalars[static_cast<size_t>(op)](operands, 0, Slot{}, slot) != wasm::TrapKind::None)
    return false;
  result = slot[0];
  return true;
}

}  // namespace wrun::ir
