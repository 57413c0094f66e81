// The symbolic operand stack and the accumulators.
#include <algorithm>
#include <utility>

#include "interp/translator.hpp"

namespace wrun::interp {
namespace {

constexpr std::array kCopies = {Code::Copy, Code::Copy2, Code::Copy3, Code::Copy4};

}  // namespace

Translator::Bank Translator::bank_of(wasm::ValType type) {
  switch (type.kind()) {
    case wasm::ValType::Kind::F32:  return Bank::F32;
    case wasm::ValType::Kind::F64:  return Bank::F64;
    case wasm::ValType::Kind::V128: return Bank::V128;
    default:                        return Bank::Int;
  }
}

Translator::Entry& Translator::push(Bank bank) {
  Entry& entry = stack_.emplace_back();
  entry.bank = bank;
  entry.slot = stack_slots_;
  stack_slots_ += entry.slots();
  if (stack_slots_ > max_slots_) max_slots_ = stack_slots_;
  return entry;
}

// The value was just written to the new entry's slot and to its accumulator.
void Translator::push_result(Bank bank, uint32_t producer, Handler acc_only) {
  Entry& entry = push(bank);
  entry.producer = producer;
  entry.acc_only = acc_only;
  set_acc(bank, entry.slot);
}

void Translator::push_constant(Bank bank, uint64_t value) {
  Entry& entry = push(bank);
  entry.kind = Entry::Kind::Constant;
  entry.value = value;
}

Translator::Entry Translator::take() {
  const Entry entry = stack_.back();
  stack_.pop_back();
  stack_slots_ = entry.slot;
  first_local_ = std::min(first_local_, static_cast<uint32_t>(stack_.size()));
  if (entry.reads_local()) --local_uses_[entry.local_slot];
  return entry;
}

Translator::Entry Translator::pop() {
  Entry entry = take();
  if (entry.kind == Entry::Kind::Sum) compute_sum(entry);
  return entry;
}

void Translator::truncate(uint32_t height) {
  while (stack_.size() > height) take();
}

// The addition that addresses of memory 0 are made with: only its sums are worth deferring.
wasm::Op Translator::address_add() const {
  return module_code_.access() == Access::Checked64 ? Op::I64Add : Op::I32Add;
}

// `entry`, a local or already a sum, plus a constant.
void Translator::push_sum(const Entry& entry, uint64_t constant) {
  Entry& sum = push(Bank::Int);
  sum.kind = Entry::Kind::Sum;
  sum.local_slot = entry.local_slot;
  sum.value = constant;
  ++local_uses_[sum.local_slot];
}

// A sum that was taken off the stack becomes a temporary, in its slot and in the accumulator.
void Translator::compute_sum(Entry& sum) {
  const Op op = address_add();
  const Handler* row = table_.row(op);
  const AccState acc_before = acc_;
  const bool acc = acc_[static_cast<size_t>(Bank::Int)] == sum.local_slot;
  const BinaryForm form = acc ? BinaryForm::RI : BinaryForm::SI;
  const uint16_t from = acc ? 0 : source16(sum.local_slot, Bank::Int);
  const uint32_t at = emit(row[binary_at(form, Dst::Slot)], 2);
  put(at, 8, destination16(sum.slot));
  put(at, 10, from);
  put(at, 12, static_cast<uint32_t>(sum.value));
  sum.kind = Entry::Kind::Temp;
  sum.producer = at;
  sum.acc_only = row[binary_at(form, Dst::Acc)];
  set_acc(Bank::Int, sum.slot);
  latest_.position = at;
  latest_.op = op;
  latest_.form = static_cast<uint8_t>(form);
  latest_.left = acc ? kNone : sum.local_slot;
  latest_.immediate = sum.value;
  latest_.acc_before = acc_before;
}

// Computes a sum into a slot and leaves the accumulators alone.
void Translator::emit_sum(uint32_t to, const Entry& sum) {
  const BeforeComparison before(*this, to);
  const bool is_64 = address_add() == Op::I64Add;
  const uint32_t at = emit(is_64 ? Code::SumToSlot64 : Code::SumToSlot32, 2);
  put(at, 8, destination16(to));
  put(at, 10, source16(sum.local_slot, Bank::Int));
  put(at, 12, static_cast<uint32_t>(sum.value));
  clobber(to, 1);
}

void Translator::clobber(uint32_t slot, uint32_t count) {
  for (uint32_t& mirrored : acc_)
    if (mirrored != kNone && mirrored >= slot && mirrored < slot + count) mirrored = kNone;
  // The upper half of a v128 that begins just below.
  uint32_t& vector = acc_[static_cast<size_t>(Bank::V128)];
  if (vector != kNone && vector + 1 == slot) vector = kNone;
}

// The accumulator now holds what was written to `slot`.
void Translator::set_acc(Bank bank, uint32_t slot) {
  clobber(slot, bank == Bank::V128 ? 2 : 1);
  acc_[static_cast<size_t>(bank)] = slot;
}

Translator::BeforeComparison::BeforeComparison(Translator& translator, uint32_t to)
    : translator_(translator) {
  const Latest& latest = translator.latest_;
  if (translator.wide_ || latest.local != kNone || !fuses_with_branch(latest.op)) return;
  // `to` may be the first of two slots.
  for (const uint32_t operand : {latest.left, latest.right})
    if (operand == to || operand == to + 1) return;
  std::vector<Entry>& stack = translator.stack_;
  const auto result = std::find_if(stack.rbegin(), stack.rend(), [&](const Entry& entry) {
    return entry.producer == latest.position;
  });
  if (result == stack.rend() || !translator.is_latest(*result)) return;
  result_ = &*result;
  comparison_ = latest;
  std::vector<uint64_t>& code = translator.code_;
  words_.assign(code.begin() + latest.position, code.end());
  code.resize(latest.position);
  translator.acc_ = latest.acc_before;
  translator.latest_ = std::exchange(translator.previous_, {});
}

Translator::BeforeComparison::~BeforeComparison() {
  if (result_ == nullptr) return;
  Translator& t = translator_;
  comparison_.position = t.here();
  comparison_.acc_before = t.acc_;
  result_->producer = t.here();
  t.code_.insert(t.code_.end(), words_.begin(), words_.end());
  t.set_acc(Bank::Int, result_->slot);
  t.previous_ = t.latest_;
  t.latest_ = comparison_;
}

uint32_t Translator::source_slot(const Entry& entry) const {
  return entry.kind == Entry::Kind::Local ? entry.local_slot : entry.slot;
}

bool Translator::in_acc(const Entry& entry) const {
  return entry.kind != Entry::Kind::Constant && entry.kind != Entry::Kind::Sum &&
         acc_[static_cast<size_t>(entry.bank)] == source_slot(entry);
}

void Translator::consume_acc(const Entry& entry) {
  if (has_producer(entry) && entry.acc_only != nullptr) put(entry.producer, 0, entry.acc_only);
}

uint32_t Translator::in_slot(const Entry& entry) {
  if (entry.kind == Entry::Kind::Constant) emit_constant(entry.slot, entry.value);
  if (entry.kind == Entry::Kind::Sum) emit_sum(entry.slot, entry);
  return source_slot(entry);
}

void Translator::emit_constant(uint32_t slot, uint64_t value) {
  const BeforeComparison before(*this, slot);
  const uint16_t to = destination16(slot);
  if (value <= UINT32_MAX) {
    const uint32_t at = emit(Code::Const32, 2);
    put(at, 8, to);
    put(at, 12, static_cast<uint32_t>(value));
  } else {
    const uint32_t at = emit(Code::Const64, 3);
    put(at, 8, to);
    put(at, 16, value);
  }
  clobber(slot, 1);
  finish_destination(slot, Bank::Int);
}

void Translator::emit_copy(uint32_t to, uint32_t from, Bank bank) {
  if (to == from) return;
  const bool vector = bank == Bank::V128;
  const BeforeComparison before(*this, to);
  if (wide_) {
    const uint32_t at = emit(vector ? Code::CopyV128Wide : Code::CopyWide, 2);
    put(at, 8, to);
    put(at, 12, from);
  } else if (!vector && latest_.copies != 0 && latest_.copies < kCopies.size() &&
             latest_.position + (latest_.copies <= 2 ? 2 : 3) == here()) {
    extend_copies(to, from);
  } else if (acc_[static_cast<size_t>(bank)] == from) {
    static constexpr Code kFromAcc[] = {Code::CopyFromInt, Code::CopyFromF32, Code::CopyFromF64,
                                        Code::CopyFromV128};
    const uint32_t at = emit(kFromAcc[static_cast<size_t>(bank)], 2);
    put(at, 8, destination16(to));
  } else {
    const uint32_t at = emit(vector ? Code::CopyV128 : Code::Copy, 2);
    put(at, 8, destination16(to));
    put(at, 10, source16(from, bank));
    if (!vector) {
      latest_.position = at;
      latest_.copies = 1;
    }
  }
  clobber(to, vector ? 2 : 1);
}

// Adds a pair to the copies that were just emitted.
void Translator::extend_copies(uint32_t to, uint32_t from) {
  const uint32_t at = latest_.position;
  const uint32_t pair = latest_.copies;
  code_.resize(at + (pair < 2 ? 2 : 3));
  put(at, 0, table_[kCopies[pair]]);
  put(at, 8 + 4 * pair, destination16(to));
  put(at, 10 + 4 * pair, source16(from, Bank::Int));
  latest_.copies = pair + 1;
}

// A 16-bit number for a slot that is read.
uint16_t Translator::source16(uint32_t slot, Bank bank) {
  if (slot <= UINT16_MAX - 1) return static_cast<uint16_t>(slot);
  if (!wide_) {
    needs_wide_ = true;
    return 0;
  }
  const uint32_t window = scratch_ + 2 + scratch_used_;
  scratch_used_ = (scratch_used_ + 2) % 8;
  const uint32_t at = emit(bank == Bank::V128 ? Code::CopyV128Wide : Code::CopyWide, 2);
  put(at, 8, window);
  put(at, 12, slot);
  return static_cast<uint16_t>(window);
}

// A 16-bit number for a slot that is written; finish_destination() comes after the instruction.
uint16_t Translator::destination16(uint32_t slot) {
  if (slot <= UINT16_MAX - 1) return static_cast<uint16_t>(slot);
  if (!wide_) {
    needs_wide_ = true;
    return 0;
  }
  return static_cast<uint16_t>(scratch_);
}

void Translator::finish_destination(uint32_t slot, Bank bank) {
  if (slot <= UINT16_MAX - 1 || !wide_) return;
  const uint32_t at = emit(bank == Bank::V128 ? Code::CopyV128Wide : Code::CopyWide, 2);
  put(at, 8, slot);
  put(at, 12, scratch_);
}

void Translator::flush(uint32_t first) {
  for (size_t i = first; i < stack_.size(); ++i) {
    Entry& entry = stack_[i];
    if (entry.kind == Entry::Kind::Constant) {
      emit_constant(entry.slot, entry.value);
      entry.kind = Entry::Kind::Temp;
    } else if (entry.reads_local()) {
      flush_local(entry);
    }
    entry.producer = kNone;
  }
}

void Translator::flush_local(Entry& entry) {
  --local_uses_[entry.local_slot];
  if (entry.kind == Entry::Kind::Sum)
    emit_sum(entry.slot, entry);
  else
    emit_copy(entry.slot, entry.local_slot, entry.bank);
  entry.kind = Entry::Kind::Temp;
  entry.producer = kNone;
}

void Translator::flush_locals() {
  for (; first_local_ < stack_.size(); ++first_local_)
    if (stack_[first_local_].reads_local()) flush_local(stack_[first_local_]);
}

void Translator::preserve_local(uint32_t local_slot) {
  for (size_t i = stack_.size(); i-- > first_local_ && local_uses_[local_slot] != 0;)
    if (stack_[i].reads_local() && stack_[i].local_slot == local_slot) flush_local(stack_[i]);
}

// Copies the top `count` entries to consecutive slots from `slot` on, which is not above the first
// one's own slot. They stay on the stack.
void Translator::move_to(uint32_t count, uint32_t slot) {
  const size_t first = stack_.size() - count;
  if (count > kMaxMoves) {
    flush(static_cast<uint32_t>(first));
    const uint32_t from = stack_[first].slot;
    if (from == slot) return;
    const uint32_t at = emit(Code::CopyRange, 3);
    put(at, 8, slot);
    put(at, 12, from);
    put(at, 16, stack_slots_ - from);
    clobber(slot, stack_slots_ - from);
    return;
  }
  for (size_t i = first; i < stack_.size(); ++i) {
    Entry& entry = stack_[i];
    if (entry.kind == Entry::Kind::Constant) {
      emit_constant(slot, entry.value);
    } else if (entry.kind == Entry::Kind::Sum) {
      emit_sum(slot, entry);
    } else {
      entry.producer = kNone;  // its slot is read here, and perhaps again
      emit_copy(slot, source_slot(entry), entry.bank);
    }
    slot += entry.slots();
  }
}

}  // namespace wrun::interp
