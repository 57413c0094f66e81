// Atomic accesses and wide arithmetic: operands and results are in slots.
#include "interp/translator.hpp"

namespace wrun::interp {

void Translator::atomic(const Instruction& insn) {
  if (insn.op == Op::AtomicFence) {
    emit(table_.row(insn.op)[0], 1);
    return;
  }
  const wasm::OpSignature& signature = wasm::info(insn.op).signature;
  const auto sources = pop_slots(signature.param_count);
  const bool has_result = signature.result_count != 0;
  const uint32_t slot = next_slot();
  const uint16_t to = has_result ? destination16(slot) : 0;
  const uint32_t at = emit(table_.row(insn.op)[0], 4);
  put(at, 8, to);
  for (uint32_t i = 0; i < signature.param_count; ++i) put(at, 10 + 2 * i, sources[i]);
  put(at, 16, insn.value);
  put(at, 24, insn.index);
  note_offset(at);
  if (!has_result) return;
  finish_destination(slot, Bank::Int);
  push_result(Bank::Int, kNone, nullptr);
}

// Two results, in the slots that follow each other.
void Translator::wide_arithmetic(Op op) {
  const uint32_t operands = wasm::info(op).signature.param_count;
  const auto sources = pop_slots(operands);
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(table_.row(op)[0], 3);
  put(at, 8, to);
  for (uint32_t i = 0; i < operands; ++i) put(at, 10 + 2 * i, sources[i]);
  finish_destination(slot, Bank::V128);
  clobber(slot, 2);
  push_temp(Bank::Int);
  push_temp(Bank::Int);
}

// The top entries as operands in slots, the first one first.
std::array<uint16_t, 4> Translator::pop_slots(uint32_t count) {
  std::array<uint16_t, 4> sources = {};
  for (uint32_t i = count; i-- > 0;) {
    const Entry entry = pop();
    sources[i] = operand16(entry);
  }
  return sources;
}

}  // namespace wrun::interp
