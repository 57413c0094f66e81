// Numeric and parametric instructions.
#include <optional>
#include <utility>

#include "interp/translator.hpp"

namespace wrun::interp {
namespace {

using wasm::Op;

bool is_shift_left(Op op) { return op == Op::I32Shl; }

bool commutes(Op op) { return wasm::info(op).has(wasm::op_flag::Commutes); }

// The replacement of NaNs that the instruction's result needs, if it may be one of several.
std::optional<Code> canonical_nan_code(Op op) {
  const uint32_t bits = wasm::nan_bits(op);
  if (bits == 0) return std::nullopt;
  if (wasm::info(op).signature.results[0] == wasm::ValType::Kind::V128)
    return bits == 32 ? Code::CanonicalNanF32x4 : Code::CanonicalNanF64x2;
  return bits == 32 ? Code::CanonicalNanF32 : Code::CanonicalNanF64;
}

// Whether a constant fits the 32-bit (f64: 64-bit) immediate of a binary instruction.
bool fits_immediate(wasm::ValType::Kind type, uint64_t value) {
  return type != wasm::ValType::Kind::I64 ||
         static_cast<int64_t>(value) == static_cast<int32_t>(value);
}

}  // namespace

std::optional<wasm::Op> exchanged(wasm::Op op) {
  switch (op) {
#define WRUN_MIRROR(I)                            \
  case wasm::Op::I##LtS: return wasm::Op::I##GtS; \
  case wasm::Op::I##LtU: return wasm::Op::I##GtU; \
  case wasm::Op::I##GtS: return wasm::Op::I##LtS; \
  case wasm::Op::I##GtU: return wasm::Op::I##LtU; \
  case wasm::Op::I##LeS: return wasm::Op::I##GeS; \
  case wasm::Op::I##LeU: return wasm::Op::I##GeU; \
  case wasm::Op::I##GeS: return wasm::Op::I##LeS; \
  case wasm::Op::I##GeU: return wasm::Op::I##LeU;
    WRUN_MIRROR(I32)
    WRUN_MIRROR(I64)
#undef WRUN_MIRROR
    case wasm::Op::F32Lt: return wasm::Op::F32Gt;
    case wasm::Op::F32Gt: return wasm::Op::F32Lt;
    case wasm::Op::F32Le: return wasm::Op::F32Ge;
    case wasm::Op::F32Ge: return wasm::Op::F32Le;
    case wasm::Op::F64Lt: return wasm::Op::F64Gt;
    case wasm::Op::F64Gt: return wasm::Op::F64Lt;
    case wasm::Op::F64Le: return wasm::Op::F64Ge;
    case wasm::Op::F64Ge: return wasm::Op::F64Le;
    default:              return std::nullopt;
  }
}

void Translator::unary(Op op) {
  const wasm::OpSignature& signature = wasm::info(op).signature;
  const Bank out = bank_of(wasm::ValType(signature.results[0]));
  const Handler* row = table_.row(op);
  const Entry operand = pop();
  const AccState acc_before = acc_;
  const bool acc = in_acc(operand);
  uint16_t from = 0;
  if (acc)
    consume_acc(operand);
  else
    from = operand16(operand);
  const UnaryForm form = acc ? UnaryForm::R : UnaryForm::S;
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(row[unary_at(form, Dst::Slot)], 2);
  put(at, 8, to);
  put(at, 10, from);
  if (wasm::info(op).has(wasm::op_flag::MayTrap)) note_offset(at);
  finish_destination(slot, out);
  push_result(out, wide_ ? kNone : at, row[unary_at(form, Dst::Acc)]);
  latest_.position = at;
  latest_.op = op;
  latest_.form = static_cast<uint8_t>(form);
  latest_.left = acc ? kNone : source_slot(operand);
  latest_.acc_before = acc_before;
  if (wide_ || operand.kind == Entry::Kind::Constant) latest_.op = wasm::kNoOp;
}

// Which NaN arithmetic gives is up to the host's processor (spec 4.3.3); here the top of the stack
// becomes the canonical one.
void Translator::canonicalize_nans(Op op) {
  const std::optional<Code> code = canonical_nan_code(op);
  if (!code) return;
  const Entry value = pop();
  const uint16_t from = operand16(value);
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(*code, 2);
  put(at, 8, to);
  put(at, 10, from);
  finish_destination(slot, value.bank);
  clobber(slot, value.slots());
  push_temp(value.bank);
}

void Translator::binary(Op op) {
  const wasm::OpSignature& signature = wasm::info(op).signature;
  const wasm::ValType::Kind in_type = signature.params[0];
  const bool has_immediates = in_type != wasm::ValType::Kind::V128;
  const Bank out = bank_of(wasm::ValType(signature.results[0]));
  Entry right = take();
  Entry left = take();
  if (left.kind == Entry::Kind::Constant && right.kind != Entry::Kind::Constant) {
    if (commutes(op)) {
      std::swap(left, right);
    } else if (const std::optional<Op> other = exchanged(op)) {
      op = *other;
      std::swap(left, right);
    }
  }
  if (op == address_add() && !wide_ && left.reads_local() && right.kind == Entry::Kind::Constant &&
      fits_immediate(in_type, left.value + right.value))
    return push_sum(left, left.value + right.value);
  if (op == Op::I32Add && !wide_ && shift_add(left, right)) return;
  if (left.kind == Entry::Kind::Sum) compute_sum(left);
  if (right.kind == Entry::Kind::Sum) compute_sum(right);
  const Handler* row = table_.row(op);
  const auto as_immediate = [&](const Entry& entry) {
    return has_immediates && entry.kind == Entry::Kind::Constant &&
           fits_immediate(in_type, entry.value);
  };

  const AccState acc_before = acc_;
  const uint32_t code_before = here();
  BinaryForm form;
  uint16_t first = 0, second = 0;
  uint64_t immediate = 0;
  uint32_t left_slot = source_slot(left), right_slot = source_slot(right);
  if (as_immediate(right)) {
    immediate = right.value;
    if (in_acc(left)) {
      form = BinaryForm::RI;
      consume_acc(left);
      left_slot = kNone;
    } else {
      form = BinaryForm::SI;
      first = operand16(left);
    }
  } else if (as_immediate(left)) {
    immediate = left.value;
    if (in_acc(right)) {
      form = BinaryForm::IR;
      consume_acc(right);
      right_slot = kNone;
    } else {
      form = BinaryForm::IS;
      first = operand16(right);
    }
  } else if (in_acc(right)) {
    form = BinaryForm::SR;
    first = operand16(left);
    // If the left operand is the same local, its slot is read.
    consume_acc(right);
    right_slot = kNone;
  } else if (in_acc(left)) {
    form = BinaryForm::RS;
    first = operand16(right);
    consume_acc(left);
    left_slot = kNone;
  } else {
    form = BinaryForm::SS;
    first = operand16(left);
    second = operand16(right);
  }

  const bool has_immediate = form == BinaryForm::SI || form == BinaryForm::IS ||
                             form == BinaryForm::RI || form == BinaryForm::IR;
  const bool f64_immediate = has_immediate && in_type == wasm::ValType::Kind::F64;
  const uint32_t slot = next_slot();
  const uint16_t to = destination16(slot);
  const bool adjacent = here() == code_before;  // no operand had to be loaded first
  const uint32_t at = emit(row[binary_at(form, Dst::Slot)], f64_immediate ? 3 : 2);
  put(at, 8, to);
  put(at, 10, first);
  if (f64_immediate)
    put(at, 16, immediate);
  else if (has_immediate)
    put(at, 12, static_cast<uint32_t>(immediate));
  else
    put(at, 12, second);
  const bool may_trap = wasm::info(op).has(wasm::op_flag::MayTrap);
  if (may_trap) note_offset(at);
  finish_destination(slot, out);
  push_result(out, wide_ ? kNone : at, row[binary_at(form, Dst::Acc)]);
  latest_.position = at;
  latest_.acc_before = acc_before;
  if (wide_ || may_trap || !adjacent) return;
  latest_.op = op;
  latest_.form = static_cast<uint8_t>(form);
  latest_.left = left_slot;
  latest_.right = right_slot;
  latest_.immediate = immediate;
}

// i32.add of something and the shift to the left by a constant that was just made.
bool Translator::shift_add(const Entry& left, const Entry& right) {
  const auto is_latest_shift = [&](const Entry& entry) {
    return is_latest(entry) && is_shift_left(latest_.op) &&
           (latest_.form == static_cast<uint8_t>(BinaryForm::SI) ||
            latest_.form == static_cast<uint8_t>(BinaryForm::RI));
  };
  const bool shift_right = is_latest_shift(right);
  if (!shift_right && !is_latest_shift(left)) return false;
  Entry base = shift_right ? left : right;
  if (base.kind == Entry::Kind::Constant) return false;
  const uint32_t index = latest_.left;
  const uint8_t shift = static_cast<uint8_t>(latest_.immediate & 31);
  take_back_latest();
  if (base.kind == Entry::Kind::Sum) {
    if (index == kNone)
      emit_sum(base.slot, base);  // the accumulator has the index
    else
      compute_sum(base);
  }
  const AccState acc_before = acc_;
  // SS, SR (index in the accumulator), RS (base in the accumulator)
  size_t form;
  uint32_t base_slot = source_slot(base);
  const uint32_t slot = std::min(left.slot, right.slot);
  uint32_t at;
  if (index == kNone) {
    form = 1;
    at = emit(table_.shift_add32.slot[form], 2);
    put(at, 10, static_cast<uint16_t>(base_slot));
  } else if (in_acc(base)) {
    consume_acc(base);
    base_slot = kNone;
    form = 2;
    at = emit(table_.shift_add32.slot[form], 2);
    put(at, 10, static_cast<uint16_t>(index));
  } else {
    form = 0;
    at = emit(table_.shift_add32.slot[form], 2);
    put(at, 10, static_cast<uint16_t>(base_slot));
    put(at, 12, static_cast<uint16_t>(index));
  }
  put(at, 8, destination16(slot));
  put(at, 14, shift);
  push_result(Bank::Int, at, table_.shift_add32.acc[form]);
  static constexpr BinaryForm kForms[] = {BinaryForm::SS, BinaryForm::SR, BinaryForm::RS};
  latest_.position = at;
  latest_.op = Op::I32Add;
  latest_.form = static_cast<uint8_t>(kForms[form]);
  latest_.shifted = true;
  latest_.left = base_slot;
  latest_.right = index;
  latest_.immediate = shift;
  latest_.acc_before = acc_before;
  return true;
}

void Translator::select() {
  const Entry condition = pop();
  const Entry if_false = pop();
  const Entry if_true = pop();
  const bool acc = in_acc(condition);
  const Bank bank = if_true.bank;
  if (acc) consume_acc(condition);
  const uint16_t condition_slot = acc ? 0 : operand16(condition);
  const uint16_t false_slot = operand16(if_false);
  const uint16_t true_slot = operand16(if_true);
  static constexpr Code kCodes[][2] = {
      {    Code::SelectS,     Code::SelectR},
      { Code::SelectF32S,  Code::SelectF32R},
      { Code::SelectF64S,  Code::SelectF64R},
      {Code::SelectV128S, Code::SelectV128R}
  };
  const uint32_t slot = next_slot();
  const AccState acc_before = acc_;
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(kCodes[static_cast<size_t>(bank)][acc ? 1 : 0], 2);
  put(at, 8, to);
  put(at, 10, true_slot);
  put(at, 12, false_slot);
  put(at, 14, condition_slot);
  finish_destination(slot, bank);
  push_result(bank, wide_ ? kNone : at,
              bank == Bank::Int ? table_[acc ? Code::SelectAccR : Code::SelectAccS] : nullptr);
  latest_.position = at;
  latest_.acc_before = acc_before;
}

}  // namespace wrun::interp
