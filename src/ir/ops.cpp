#include "ir/ops.hpp"

#include "base/assert.hpp"

namespace wrun::ir {

namespace {

consteval char letter(wasm::ValType::Kind kind) {
  switch (kind) {
    case wasm::ValType::Kind::I32: return 'i';
    case wasm::ValType::Kind::I64: return 'l';
    case wasm::ValType::Kind::F32: return 'f';
    case wasm::ValType::Kind::F64: return 'd';
    default:                       return 'v';
  }
}

consteval Imm immediate(wasm::Imm imm) {
  switch (imm) {
    case wasm::Imm::MemArg:
    case wasm::Imm::MemArgLane: return Imm::Access;
    case wasm::Imm::Lane:       return Imm::Lane;
    case wasm::Imm::Lanes16:    return Imm::Vector;
    default:                    return Imm::None;
  }
}

consteval OpInfo from_wasm_info(const wasm::OpInfo& wasm) {
  OpInfo info;
  const wasm::OpSignature& signature = wasm.signature;
  info.param_count = signature.param_count;
  for (uint8_t i = 0; i < signature.param_count; ++i) info.params[i] = letter(signature.params[i]);
  if (signature.result_count != 0) info.result = letter(signature.results[0]);
  info.imm = immediate(wasm.imm);
  if (wasm.accesses_memory()) info.params[0] = 'a';
  if (wasm.has(wasm::op_flag::Load)) info.effects |= effect::ReadsMemory;
  if (wasm.has(wasm::op_flag::Store)) info.effects |= effect::WritesMemory;
  if (wasm.has(wasm::op_flag::Atomic)) info.effects |= effect::ReadsMemory | effect::WritesMemory;
  if (wasm.has(wasm::op_flag::MayTrap)) info.effects |= effect::MayTrap;
  if (wasm.has(wasm::op_flag::Commutes)) info.effects |= effect::Commutes;
  if (signature.param_count > 3) info.effects |= effect::List;
  return info;
}

consteval OpInfo from_row(std::string_view shape, Imm imm, uint32_t effects) {
  OpInfo info;
  info.imm = imm;
  info.effects = effects;
  size_t i = 0;
  for (; shape[i] != '_'; ++i) {
    if (shape[i] == '*')
      info.effects |= effect::List;
    else
      info.params[info.param_count++] = shape[i];
  }
  if (i + 1 < shape.size()) info.result = shape[i + 1];
  return info;
}

consteval auto make_ops() {
  using namespace effect;
  std::array<OpInfo, static_cast<size_t>(Op::InvokeRef) + 1> ops = {};
  for (size_t i = 0; i < wasm::kOpCount; ++i) ops[i] = from_wasm_info(wasm::kOpInfos[i]);
#define WRUN_IR_OP(id, text, shape, imm, effects) \
  ops[static_cast<size_t>(Op::id)] = from_row(shape, Imm::imm, effects);
#define WRUN_IR_WASM(id, shape, imm, effects) \
  ops[static_cast<size_t>(Op::id)] = from_row(shape, Imm::imm, effects);
#include "ir/instructions.def"
#undef WRUN_IR_OP
#undef WRUN_IR_WASM
  return ops;
}

constexpr std::string_view kTexts[] = {
#define WRUN_IR_OP(id, text, shape, imm, effects) text,
#define WRUN_IR_WASM(id, shape, imm, effects)
#include "ir/instructions.def"
#undef WRUN_IR_OP
#undef WRUN_IR_WASM
};

consteval RuntimeCallInfo runtime_call(std::string_view text, std::string_view shape,
                                       uint32_t effects) {
  const size_t end = shape.find('_');
  return {text, shape.substr(0, end), end + 1 < shape.size() ? shape[end + 1] : '\0', effects};
}

consteval auto make_runtime_calls() {
  using namespace effect;
  return std::to_array<RuntimeCallInfo>({
#define WRUN_RUNTIME_CALL(id, text, shape, effects) runtime_call(text, shape, effects),
#include "ir/runtime_calls.def"
#undef WRUN_RUNTIME_CALL
  });
}
constexpr auto kRuntimeCalls = make_runtime_calls();

}  // namespace

constexpr std::array<OpInfo, static_cast<size_t>(Op::InvokeRef) + 1> kOps = make_ops();

std::string_view text(Op op) {
  return is_wasm(op) ? wasm::text(to_wasm(op)) : kTexts[static_cast<size_t>(op) - wasm::kOpCount];
}

std::string_view text(Type type) {
  static constexpr std::string_view kNames[] = {"none", "i32", "i64", "f32", "f64", "v128", "ref"};
  return kNames[static_cast<size_t>(type)];
}

const RuntimeCallInfo& info(RuntimeCall call) { return kRuntimeCalls[static_cast<size_t>(call)]; }

}  // namespace wrun::ir
