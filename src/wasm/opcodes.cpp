#include "wasm/opcodes.hpp"

namespace wrun::wasm {

namespace {

constexpr std::string_view kTexts[] = {
#define WRUN_OP(id, prefix, code, text, imm, sig, feature, flags) text,
#include "wasm/opcodes.def"
#undef WRUN_OP
};

consteval bool is_sorted_and_unique() {
  for (size_t i = 1; i < kOpCount; ++i) {
    const OpInfo& before = kOpInfos[i - 1];
    const OpInfo& after = kOpInfos[i];
    if (before.prefix > after.prefix) return false;
    if (before.prefix == after.prefix && before.code >= after.code) return false;
  }
  return true;
}

consteval bool is_every_op_found() {
  for (size_t i = 0; i < kOpCount; ++i)
    if (find_op(kOpInfos[i].prefix, kOpInfos[i].code) != static_cast<Op>(i)) return false;
  return true;
}

consteval bool has_every_access_a_width() {
  for (const OpInfo& op : kOpInfos)
    if ((op.imm == Imm::MemArg || op.imm == Imm::MemArgLane) != op.accesses_memory()) return false;
  return true;
}

static_assert(is_sorted_and_unique());
static_assert(is_every_op_found());
static_assert(has_every_access_a_width());

}  // namespace

std::string_view text(Op op) { return kTexts[static_cast<size_t>(op)]; }

uint32_t nan_bits(Op op) {
  switch (op) {
#define WRUN_ARITHMETIC(F) \
  case Op::F##Add:         \
  case Op::F##Sub:         \
  case Op::F##Mul:         \
  case Op::F##Div:         \
  case Op::F##Min:         \
  case Op::F##Max:         \
  case Op::F##Sqrt:        \
  case Op::F##Ceil:        \
  case Op::F##Floor:       \
  case Op::F##Trunc:       \
  case Op::F##Nearest:
    WRUN_ARITHMETIC(F32)
    WRUN_ARITHMETIC(F32x4)
    case Op::F32DemoteF64:
    case Op::F32x4RelaxedMin:
    case Op::F32x4RelaxedMax:
    case Op::F32x4RelaxedMadd:
    case Op::F32x4RelaxedNmadd:
    case Op::F32x4DemoteF64x2Zero:
      return 32;
      WRUN_ARITHMETIC(F64)
      WRUN_ARITHMETIC(F64x2)
    case Op::F64PromoteF32:
    case Op::F64x2RelaxedMin:
    case Op::F64x2RelaxedMax:
    case Op::F64x2RelaxedMadd:
    case Op::F64x2RelaxedNmadd:
    case Op::F64x2PromoteLowF32x4: return 64;
#undef WRUN_ARITHMETIC
    default: return 0;
  }
}

}  // namespace wrun::wasm
