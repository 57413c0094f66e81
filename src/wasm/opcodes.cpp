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

}  // namespace wrun::wasm
