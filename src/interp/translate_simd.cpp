// Vector instructions that are not shaped like scalar ones.
#include "interp/translator.hpp"

namespace wrun::interp {

void Translator::simd(const Instruction& insn) {
  const wasm::OpInfo& info = wasm::info(insn.op);
  switch (info.imm) {
    case wasm::Imm::V128:       return constant_v128(insn);
    case wasm::Imm::Lanes16:    return shuffle(insn);
    case wasm::Imm::MemArgLane: return lane_access(insn);
    case wasm::Imm::Lane:
      return info.signature.param_count == 1 ? extract_lane(insn) : replace_lane(insn);
    default: break;
  }
  if (info.has(wasm::op_flag::Load)) return load(insn);
  if (info.has(wasm::op_flag::Store)) return store(insn);
  if (info.signature.param_count == 1) return unary(insn.op);
  if (info.signature.param_count == 3) return ternary(insn.op);
  if (info.signature.params[1] == wasm::ValType::Kind::I32) return shift(insn.op);
  return binary(insn.op);
}

void Translator::constant_v128(const Instruction& insn) {
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(Code::ConstV128, 4);
  put(at, 8, to);
  put(at, 16, insn.value);
  put(at, 24, insn.value_high);
  const AccState acc_before = acc_;
  vector_result(slot, at, nullptr);
  if (wide_) return;
  latest_.position = at;
  latest_.acc_before = acc_before;
}

void Translator::vector_result(uint32_t slot, uint32_t position, Handler acc_only) {
  finish_destination(slot, Bank::V128);
  push_result(Bank::V128, wide_ ? kNone : position, acc_only);
}

// Rows: vector S or R, count S or I; to slot, to accumulator.
void Translator::shift(Op op) {
  const Handler* row = table_.row(op);
  const Entry count = pop();
  const Entry vector = pop();
  const AccState acc_before = acc_;
  const bool immediate = count.kind == Entry::Kind::Constant;
  const bool acc = in_acc(vector);
  const uint16_t count_slot = immediate ? 0 : operand16(count);
  if (acc) consume_acc(vector);
  const uint16_t vector_slot = acc ? 0 : operand16(vector);
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const size_t form = (acc ? 4u : 0u) + (immediate ? 2u : 0u);
  const uint32_t at = emit(row[form], 2);
  put(at, 8, to);
  put(at, 10, vector_slot);
  if (immediate)
    put(at, 12, static_cast<uint32_t>(count.value));
  else
    put(at, 12, count_slot);
  vector_result(slot, at, row[form + 1]);
  if (wide_) return;
  latest_.position = at;
  latest_.acc_before = acc_before;
}

// Rows: vector S or R; to slot, to accumulator.
void Translator::extract_lane(const Instruction& insn) {
  const Handler* row = table_.row(insn.op);
  const Bank bank = bank_of(wasm::ValType(wasm::info(insn.op).signature.results[0]));
  const Entry vector = pop();
  const AccState acc_before = acc_;
  const bool acc = in_acc(vector);
  if (acc) consume_acc(vector);
  const uint16_t vector_slot = acc ? 0 : operand16(vector);
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const size_t form = acc ? 2 : 0;
  const uint32_t at = emit(row[form], 2);
  put(at, 8, to);
  put(at, 10, vector_slot);
  put(at, 12, insn.lane);
  finish_destination(slot, bank);
  push_result(bank, wide_ ? kNone : at, row[form + 1]);
  if (wide_) return;
  latest_.position = at;
  latest_.acc_before = acc_before;
}

// Rows: vector and value SS, SR, RS; to slot, to accumulator.
void Translator::replace_lane(const Instruction& insn) {
  const Handler* row = table_.row(insn.op);
  const Entry value = pop();
  const Entry vector = pop();
  const AccState acc_before = acc_;
  const bool value_acc = in_acc(value);
  const bool vector_acc = !value_acc && in_acc(vector);
  uint16_t first = 0, second = 0;
  if (value_acc)
    consume_acc(value);
  else
    second = operand16(value);
  if (vector_acc)
    consume_acc(vector);
  else
    first = operand16(vector);
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const size_t form = value_acc ? 2 : vector_acc ? 4 : 0;
  const uint32_t at = emit(row[form], 2);
  put(at, 8, to);
  put(at, 10, first);
  put(at, 12, second);
  put(at, 14, insn.lane);
  vector_result(slot, at, row[form + 1]);
  if (wide_) return;
  latest_.position = at;
  latest_.acc_before = acc_before;
}

// Rows: SS, SR, RS; to slot, to accumulator.
void Translator::shuffle(const Instruction& insn) {
  const Handler* row = table_.row(insn.op);
  const Entry right = pop();
  const Entry left = pop();
  const AccState acc_before = acc_;
  const bool right_acc = in_acc(right);
  const bool left_acc = !right_acc && in_acc(left);
  uint16_t first = 0, second = 0;
  if (right_acc)
    consume_acc(right);
  else
    second = operand16(right);
  if (left_acc)
    consume_acc(left);
  else
    first = operand16(left);
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const size_t form = right_acc ? 2 : left_acc ? 4 : 0;
  const uint32_t at = emit(row[form], 4);
  put(at, 8, to);
  put(at, 10, first);
  put(at, 12, second);
  put(at, 16, insn.value);
  put(at, 24, insn.value_high);
  vector_result(slot, at, row[form + 1]);
  if (wide_) return;
  latest_.position = at;
  latest_.acc_before = acc_before;
}

// Rows: SSS, and the accumulator in place of the third, second or first; to slot, to accumulator.
void Translator::ternary(Op op) {
  const Handler* row = table_.row(op);
  std::array<Entry, 3> operands;
  for (size_t i = 3; i-- > 0;) operands[i] = pop();
  const AccState acc_before = acc_;
  size_t acc = 3;
  for (size_t i = 3; i-- > 0;)
    if (in_acc(operands[i])) {
      acc = i;
      break;
    }
  std::array<uint16_t, 3> slots = {};
  for (size_t i = 0; i < 3; ++i)
    if (i != acc) slots[i] = operand16(operands[i]);
  if (acc < 3) consume_acc(operands[acc]);
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const size_t form = 2 * (3 - acc);
  const uint32_t at = emit(row[form], 2);
  put(at, 8, to);
  for (uint32_t i = 0; i < 3; ++i) put(at, 10 + 2 * i, slots[i]);
  vector_result(slot, at, row[form + 1]);
  if (wide_) return;
  latest_.position = at;
  latest_.acc_before = acc_before;
}

}  // namespace wrun::interp
