#include "interp/translator.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace wrun::interp {

Translator::Translator(ModuleCode& module_code, uint32_t function_index)
    : module_code_(module_code),
      func_code_(&module_code.function(function_index)),
      module_(module_code.module()),
      table_(handler_table()),
      function_(module_.functions[function_index]),
      type_(module_.types[function_.type].func),
      options_(module_code.options()) {
  code_.reserve(function_.body_size);
}

void Translator::translate() {
  translate_body();
  // What the frame needs besides locals and operands comes before the operands, so finding that it is
  // needed means to start again.
  while (needs_wide_ != wide_ || needed_exception_slots_ != exception_slots_) {
    wide_ = needs_wide_;
    exception_slots_ = needed_exception_slots_;
    translate_body();
  }
}

uint64_t Translator::frame_bytes() const {
  // Beyond the frame, two return records must fit: one of an ordinary call, one for switching back.
  return uint64_t{max_slots_} * sizeof(uint64_t) + 2 * sizeof(Record);
}

void Translator::translate_body() {
  code_.clear();
  offsets_.clear();
  handlers_.clear();
  counted_calls_.clear();
  stack_.clear();
  controls_.clear();
  fixups_.clear();
  forget_accs();
  latest_ = {};
  previous_ = {};
  reachable_ = true;
  dead_depth_ = 0;
  zero_begin_ = kNone;
  zero_end_ = 0;
  barrier_ = 0;
  first_local_ = 0;
  fuel_position_ = kNone;

  binary::InstructionReader<true> reader(module_.code_bytes().data(), function_.body_offset,
                                         function_.body_offset + function_.body_size);
  read_locals(reader);
  // Reserved for clearing locals; entered after it when there is nothing to clear.
  const uint32_t enter = emit(Code::Enter, 2);

  has_loops_ = false;
  if (options_.count_heat) put(emit(Code::CountCall, 2), 8, func_code_);

  Control& body = controls_.emplace_back();
  body.signature.type = &type_;
  body.slot = stack_slots_;
  if (options_.interruptible) emit(Code::CheckInterrupt, 1);
  begin_metered_block();

  Instruction insn;
  while (!controls_.empty() && reader.next(insn)) {
    wasm_offset_ = insn.offset;
    if (reachable_) {
      ++fuel_cost_;
      instruction(insn);
      if (options_.canonical_nans) canonicalize_nans(insn.op);
    } else {
      skip_dead(insn);
    }
  }
  WRUN_CHECK(controls_.empty());
  begin_metered_block();
  thread_jumps();

  entry_word_ = enter + 2;
  if (zero_begin_ < zero_end_) {
    put(enter, 8, zero_begin_);
    put(enter, 12, zero_end_ - zero_begin_);
    entry_word_ = enter;
  }
}

void Translator::read_locals(binary::InstructionReader<true>& reader) {
  local_slots_.clear();
  local_banks_.clear();
  uint32_t slot = 0;
  const auto add = [&](wasm::ValType type) {
    local_slots_.push_back(slot);
    local_banks_.push_back(bank_of(type));
    slot += type.slots();
  };
  for (wasm::ValType type : type_.params) add(type);
  if (wide_) {
    scratch_ = slot;
    slot += 10;
  }
  reader.read_locals([&](uint32_t count, wasm::ValType type) {
    for (uint32_t i = 0; i < count; ++i) add(type);
    return true;
  });
  initialized_.assign(local_slots_.size(), false);
  for (size_t i = 0; i < type_.params.size(); ++i) initialized_[i] = true;
  initialized_log_.clear();
  ever_set_ = initialized_;
  loop_depth_ = 0;
  locals_end_ = slot;
  local_uses_.assign(locals_end_, 0);
  slot += exception_slots_;
  stack_slots_ = slot;
  // Results are left where the frame begins, so it must have room for them.
  max_slots_ = std::max(slot, type_.result_slots);
}

uint32_t Translator::emit(Handler handler, uint32_t words) {
  pair_additions();
  const uint32_t position = here();
  code_.resize(code_.size() + words);
  put(position, 0, handler);
  previous_ = latest_;
  latest_ = {};
  return position;
}

// Two additions of constants to locals become one instruction. Later than when the second one is made,
// which may still become part of a branch.
void Translator::pair_additions() {
  if (latest_.local == kNone || previous_.local == kNone) return;
  if (latest_.position + 2 != here() || previous_.position + 2 != latest_.position) return;
  const uint32_t first = addend_of_local(previous_), second = addend_of_local(latest_);
  if (first == kNone || second == kNone) return;
  const uint32_t at = previous_.position;
  code_.resize(at + 3);
  put(at, 0, table_[Code::AddPair]);
  put(at, 8, static_cast<uint16_t>(previous_.local));
  put(at, 10, static_cast<uint16_t>(first));
  put(at, 12, static_cast<uint16_t>(latest_.local));
  put(at, 14, static_cast<uint16_t>(second));
  put(at, 16, static_cast<uint32_t>(previous_.immediate));
  put(at, 20, static_cast<uint32_t>(latest_.immediate));
  latest_ = {};
}

// What comes next can be reached by a branch.
void Translator::bind_here() {
  forget_accs();
  latest_ = {};
  previous_ = {};
  barrier_ = here();
}

void Translator::take_back_latest() {
  code_.resize(latest_.position);
  acc_ = latest_.acc_before;
  latest_ = {};
}

void Translator::note_offset(uint32_t position) {
  offsets_.push_back({position * static_cast<uint32_t>(sizeof(uint64_t)), wasm_offset_});
}

// Fuel is taken for a whole run of instructions before the first of them.
void Translator::begin_metered_block() {
  if (!options_.fuel_metering) return;
  if (fuel_position_ != kNone && fuel_position_ < here()) put(fuel_position_, 8, fuel_cost_);
  fuel_cost_ = 0;
  fuel_position_ = kNone;
  if (controls_.empty()) return;
  fuel_position_ = emit(Code::ConsumeFuel, 2);
  note_offset(fuel_position_);
}

// After an unconditional branch, up to the end of the block nothing can run.
void Translator::skip_dead(const Instruction& insn) {
  switch (insn.op) {
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
    case Op::TryTable: ++dead_depth_; return;
    case Op::Else:
      if (dead_depth_ == 0) begin_else();
      return;
    case Op::Catch:
    case Op::CatchAll:
      if (dead_depth_ == 0) begin_catch(insn);
      return;
    case Op::Delegate:
    case Op::End:
      if (dead_depth_ != 0)
        --dead_depth_;
      else if (insn.op == Op::Delegate)
        delegate(insn.index);
      else
        end();
      return;
    default: return;
  }
}

void Translator::local_get(uint32_t index) {
  const uint32_t slot = local_slots_[index];
  const Bank bank = local_banks_[index];
  if (!initialized_[index] && !ever_set_[index] && loop_depth_ == 0 && bank != Bank::V128 &&
      !has_loops_)
    return push_constant(bank, 0);  // nothing has been able to set it yet
  if (!initialized_[index]) {
    zero_begin_ = std::min(zero_begin_, slot);
    zero_end_ = std::max(zero_end_, slot + (bank == Bank::V128 ? 2 : 1));
  }
  for (; stack_.size() - first_local_ >= kMaxPendingLocals; ++first_local_)
    if (stack_[first_local_].reads_local()) flush_local(stack_[first_local_]);
  Entry& entry = push(bank);
  entry.kind = Entry::Kind::Local;
  entry.local_slot = slot;
  ++local_uses_[slot];
}

void Translator::local_set(uint32_t index, bool keep) {
  const uint32_t slot = local_slots_[index];
  if (!initialized_[index]) {
    initialized_[index] = true;
    initialized_log_.push_back(index);
  }
  const Entry value = pop();
  const bool self = value.kind == Entry::Kind::Local && value.local_slot == slot;
  ever_set_[index] = true;
  // The instruction that made the value writes to the local instead.
  const bool retarget = is_latest(value) && slot < UINT16_MAX;
  if (local_uses_[slot] != 0 && !self) {
    if (retarget) {
      // The old value must be saved before the instruction that now overwrites it.
      const Latest producer = latest_;
      const std::vector<uint64_t> words(code_.begin() + producer.position, code_.end());
      code_.resize(producer.position);
      const AccState acc_after = std::exchange(acc_, producer.acc_before);
      preserve_local(slot);
      acc_ = acc_after;
      latest_ = producer;
      latest_.position = here();
      code_.insert(code_.end(), words.begin(), words.end());
      if (!offsets_.empty() && offsets_.back().code == producer.position * sizeof(uint64_t))
        offsets_.back().code = latest_.position * static_cast<uint32_t>(sizeof(uint64_t));
    } else {
      preserve_local(slot);
    }
  }
  if (retarget) {
    put(latest_.position, 8, static_cast<uint16_t>(slot));
    set_acc(value.bank, slot);
    latest_.local = slot;
  } else if (value.kind == Entry::Kind::Constant) {
    emit_constant(slot, value.value);
  } else if (!self) {
    const bool was_in_acc = in_acc(value);
    emit_copy(slot, source_slot(value), value.bank);
    if (was_in_acc) acc_[static_cast<size_t>(value.bank)] = slot;
  }
  if (keep) local_get(index);
}

void Translator::global_get(uint32_t index) {
  const Bank bank = bank_of(module_.globals[index].type.content);
  static constexpr Code kCodes[] = {Code::GlobalGetInt, Code::GlobalGetF32, Code::GlobalGetF64,
                                    Code::GlobalGetV128};
  const uint32_t slot = next_slot();
  const AccState acc_before = acc_;
  const uint16_t to = destination16(slot);
  const uint32_t at = emit(kCodes[static_cast<size_t>(bank)], 2);
  put(at, 8, to);
  put(at, 12, index);
  finish_destination(slot, bank);
  push_result(bank, wide_ ? kNone : at,
              bank == Bank::Int ? table_[Code::GlobalGetIntAcc] : nullptr);
  latest_.position = at;
  latest_.acc_before = acc_before;
}

void Translator::global_set(uint32_t index) {
  const Entry value = pop();
  if (value.bank == Bank::Int && in_acc(value)) {
    consume_acc(value);
    put(emit(Code::GlobalSetR, 2), 12, index);
    return;
  }
  const uint16_t from = operand16(value);
  const uint32_t at = emit(value.bank == Bank::V128 ? Code::GlobalSetV128S : Code::GlobalSetS, 2);
  put(at, 8, from);
  put(at, 12, index);
}

void Translator::plain(Code code, uint32_t operands, bool has_result, uint32_t words,
                       std::initializer_list<std::pair<uint32_t, uint32_t>> immediates) {
  const auto sources = pop_slots(operands);
  const uint32_t slot = next_slot();
  const uint16_t to = has_result ? destination16(slot) : 0;
  const uint32_t at = emit(code, words);
  uint32_t field = 8;
  if (has_result) {
    put(at, field, to);
    field += 2;
  }
  for (uint32_t i = 0; i < operands; ++i, field += 2) put(at, field, sources[i]);
  for (const auto& [offset, value] : immediates) put(at, offset, value);
  note_offset(at);
  if (!has_result) return;
  finish_destination(slot, Bank::Int);
  push_result(Bank::Int, kNone, nullptr);
}

void Translator::instruction(const Instruction& insn) {
  switch (insn.op) {
    case Op::Nop:                return;
    case Op::Unreachable:        note_offset(emit(Code::Unreachable, 1)); return mark_unreachable();
    case Op::Block:
    case Op::Loop:               return begin_block(insn);
    case Op::Try:
    case Op::TryTable:           return begin_try(insn);
    case Op::Catch:
    case Op::CatchAll:           return begin_catch(insn);
    case Op::Delegate:           return delegate(insn.index);
    case Op::Throw:              return throw_tag(insn.index);
    case Op::ThrowRef:           return throw_ref(operand16(pop()));
    case Op::Rethrow:            return rethrow(insn.index);
    case Op::If:                 return begin_if(insn);
    case Op::Else:               return begin_else();
    case Op::End:                return end();
    case Op::Br:                 return br(insn.index);
    case Op::BrIf:               return br_if(insn.index);
    case Op::BrTable:            return br_table(insn);
    case Op::BrOnNull:           return br_on_null(insn.index, true);
    case Op::BrOnNonNull:        return br_on_null(insn.index, false);
    case Op::Return:             return emit_return();
    case Op::Call:               return call(insn.index, false);
    case Op::CallIndirect:       return call_indirect(insn, false);
    case Op::CallRef:            return call_ref(insn, false);
    case Op::ReturnCall:         return call(insn.index, true);
    case Op::ReturnCallIndirect: return call_indirect(insn, true);
    case Op::ReturnCallRef:      return call_ref(insn, true);
    case Op::Drop:               take(); return;
    case Op::Select:
    case Op::SelectT:            return select();
    case Op::LocalGet:           return local_get(insn.index);
    case Op::LocalSet:           return local_set(insn.index, false);
    case Op::LocalTee:           return local_set(insn.index, true);
    case Op::GlobalGet:          return global_get(insn.index);
    case Op::GlobalSet:          return global_set(insn.index);
    case Op::I32Const:
    case Op::I64Const:           return push_constant(Bank::Int, insn.value);
    case Op::F32Const:           return push_constant(Bank::F32, insn.value);
    case Op::F64Const:           return push_constant(Bank::F64, insn.value);
    case Op::RefNull:            return push_constant(Bank::Int, 0);
    case Op::RefIsNull:          return unary(Op::I64Eqz);
    case Op::RefEq:              return binary(Op::I64Eq);
    case Op::RefFunc:
      return plain(Code::RefFunc, 0, true, 2,
                   {
                       {12, insn.index}
      });
    case Op::RefAsNonNull: return ref_as_non_null();
    case Op::MemorySize:
    case Op::MemoryGrow:
    case Op::MemoryFill:
    case Op::MemoryCopy:
    case Op::MemoryInit:
    case Op::DataDrop:     return memory_op(insn);
    case Op::TableGet:
    case Op::TableSet:
    case Op::TableSize:
    case Op::TableGrow:
    case Op::TableFill:
    case Op::TableCopy:
    case Op::TableInit:
    case Op::ElemDrop:     return table_op(insn);
    default:               break;
  }
  const wasm::OpInfo& info = wasm::info(insn.op);
  if (info.prefix == wasm::kGcPrefix) return gc_op(insn);
  if (info.prefix == wasm::kSimdPrefix) return simd(insn);
  if (info.prefix == wasm::kAtomicPrefix) return atomic(insn);
  if (info.signature.result_count == 2) return wide_arithmetic(insn.op);
  if (info.has(wasm::op_flag::Load)) return load(insn);
  if (info.has(wasm::op_flag::Store)) return store(insn);
  if (info.signature.param_count == 1) return unary(insn.op);
  return binary(insn.op);
}

void Translator::table_op(const Instruction& insn) {
  const uint32_t table = insn.index;
  switch (insn.op) {
    case Op::TableGet:
      return plain(Code::TableGet, 1, true, 2,
                   {
                       {12, table}
      });
    case Op::TableSet:
      return plain(Code::TableSet, 2, false, 2,
                   {
                       {12, table}
      });
    case Op::TableSize:
      return plain(Code::TableSize, 0, true, 2,
                   {
                       {12, table}
      });
    case Op::TableGrow:
      return plain(Code::TableGrow, 2, true, 3,
                   {
                       {16, table}
      });
    case Op::TableFill:
      return plain(Code::TableFill, 3, false, 3,
                   {
                       {16, table}
      });
    case Op::TableCopy:
      return plain(Code::TableCopy, 3, false, 3,
                   {
                       {16,  insn.index},
                       {20, insn.index2}
      });
    case Op::TableInit:  // element segment, table
      return plain(Code::TableInit, 3, false, 3,
                   {
                       {16, insn.index2},
                       {20,  insn.index}
      });
    default:
      return plain(Code::ElemDrop, 0, false, 2,
                   {
                       {12, insn.index}
      });
  }
}

}  // namespace wrun::interp
