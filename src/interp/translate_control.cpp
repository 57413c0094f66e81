// Blocks, branches, calls and returns.
#include <algorithm>

#include "interp/translator.hpp"

namespace wrun::interp {

void Translator::begin_block(const Instruction& insn) {
  const auto signature = binary::BlockSignature::of(insn.block, module_);
  const uint32_t height = static_cast<uint32_t>(stack_.size()) - signature.params();
  // A local on the stack may be overwritten on some paths through the block only, so it is copied now.
  flush_locals();
  if (insn.op == Op::Loop) flush(height);
  Control& control = controls_.emplace_back();
  control.op = insn.op;
  control.signature = signature;
  control.height = height;
  control.slot = height < stack_.size() ? stack_[height].slot : stack_slots_;
  control.initialized = initialized_log_.size();
  if (insn.op != Op::Loop) return;
  ++loop_depth_;
  bind_here();
  control.loop_target = here();
  count_round();
  if (options_.interruptible) note_offset(emit(Code::CheckInterrupt, 1));
  begin_metered_block();
}

// Compiled code can go on from here if all there is lies in the locals.
void Translator::count_round() {
  if (!options_.count_heat) return;
  has_loops_ = true;
  const uint32_t at = emit(Code::CountRound, 3);
  put(at, 8, func_code_);
  put(at, 16, stack_.empty() && !wide_ ? wasm_offset_ : 0);
}

void Translator::begin_if(const Instruction& insn) {
  const auto signature = binary::BlockSignature::of(insn.block, module_);
  const Entry condition = pop();
  const uint32_t height = static_cast<uint32_t>(stack_.size()) - signature.params();
  const bool nothing_to_flush =
      std::none_of(stack_.begin() + first_local_, stack_.end(),
                   [](const Entry& entry) { return entry.reads_local(); }) &&
      std::all_of(stack_.begin() + height, stack_.end(),
                  [](const Entry& entry) { return entry.kind == Entry::Kind::Temp; });
  Entry kept = condition;
  if (!nothing_to_flush) {
    // The condition stays out of the way while the entries below it are written.
    if (condition.kind == Entry::Kind::Local) ++local_uses_[condition.local_slot];
    stack_.push_back(condition);
    stack_slots_ = condition.slot + condition.slots();
    const size_t top = stack_.size() - 1;
    if (stack_[top].kind == Entry::Kind::Constant) flush(static_cast<uint32_t>(top));
    kept = pop();
    flush_locals();
    flush(height);
  }
  for (size_t i = height; i < stack_.size(); ++i) stack_[i].producer = kNone;
  const uint32_t branch = emit_branch(kept, false);
  Control& control = controls_.emplace_back();
  control.op = Op::If;
  control.signature = signature;
  control.height = height;
  control.slot = height < stack_.size() ? stack_[height].slot : stack_slots_;
  control.initialized = initialized_log_.size();
  control.else_fixup = branch;
  fixups_.push_back(Fixup{branch, 12, kNone});
  begin_metered_block();
}

void Translator::begin_else() {
  Control& control = controls_.back();
  if (reachable_) {
    flush(control.height);
    emit_jump(control);
  }
  truncate(control.height);
  put(control.else_fixup, 12, static_cast<int32_t>((here() - control.else_fixup) * 8));
  control.else_fixup = kNone;
  control.op = Op::Else;
  for (uint32_t i = 0; i < control.signature.params(); ++i)
    push_temp(bank_of(control.signature.param(i)));
  bind_here();
  reachable_ = true;
  undo_initialized(control);
  begin_metered_block();
}

// What was set inside a block need not have been set on every path out of it.
void Translator::undo_initialized(const Control& control) {
  while (initialized_log_.size() > control.initialized) {
    initialized_[initialized_log_.back()] = false;
    initialized_log_.pop_back();
  }
}

void Translator::end() {
  if (controls_.back().op == Op::TryTable) end_try_table();
  Control& control = controls_.back();
  const bool has_branches = control.first_fixup != kNone;
  if (controls_.size() == 1) {
    if (reachable_ && !has_branches) {
      emit_return();
    } else if (has_branches) {
      if (reachable_) flush(control.height);
      truncate(control.height);
      for (uint32_t i = 0; i < control.signature.results(); ++i)
        push_temp(bank_of(control.signature.result(i)));
      bind_fixups(control);
      reachable_ = true;
      emit_return();
    }
    controls_.pop_back();
    return;
  }
  const bool merges = has_branches || control.else_fixup != kNone;
  if (merges) {
    if (reachable_) flush(control.height);
    truncate(control.height);
    for (uint32_t i = 0; i < control.signature.results(); ++i)
      push_temp(bank_of(control.signature.result(i)));
    if (control.else_fixup != kNone)
      put(control.else_fixup, 12, static_cast<int32_t>((here() - control.else_fixup) * 8));
    bind_fixups(control);
    reachable_ = true;
    undo_initialized(control);
  } else if (!reachable_) {
    truncate(control.height);
  }
  if (control.op == Op::Loop) --loop_depth_;
  controls_.pop_back();
  if (merges) begin_metered_block();
}

// An unconditional branch; a copy just before it becomes part of it.
void Translator::emit_jump(Control& target) {
  if (latest_.copies == 1) {
    const uint32_t at = latest_.position;
    put(at, 0, table_[Code::CopyBr]);
    latest_ = {};
    set_target(at, 12, target);
    return;
  }
  set_target(emit(Code::Br, 2), 12, target);
}

// A branch to an unconditional branch goes where that one goes.
void Translator::thread_jumps() {
  const Handler br = table_[Code::Br];
  for (const Fixup& branch : fixups_) {
    if (branch.field == kNone) continue;
    const auto field_of = [&](uint32_t instruction, uint32_t field) {
      int32_t offset;
      std::memcpy(&offset, reinterpret_cast<const std::byte*>(code_.data() + instruction) + field,
                  sizeof(offset));
      return offset;
    };
    int64_t target = branch.instruction + field_of(branch.instruction, branch.field) / 8;
    for (int hops = 0; hops < 8; ++hops) {
      Handler handler;
      std::memcpy(&handler, &code_[static_cast<size_t>(target)], sizeof(handler));
      if (handler != br) break;
      target += field_of(static_cast<uint32_t>(target), 12) / 8;
    }
    put(branch.instruction, branch.field, static_cast<int32_t>((target - branch.instruction) * 8));
  }
}

void Translator::set_target(uint32_t instruction, uint32_t field, Control& label) {
  if (label.loop_target != kNone)
    return resolve(fixups_.emplace_back(instruction, field, kNone), label.loop_target);
  fixups_.push_back(Fixup{instruction, field, label.first_fixup});
  label.first_fixup = static_cast<uint32_t>(fixups_.size() - 1);
}

void Translator::resolve(const Fixup& fixup, uint32_t target) {
  if (fixup.field == kNone)
    handlers_[fixup.instruction].target = target * 8;
  else
    put(fixup.instruction, fixup.field,
        static_cast<int32_t>((static_cast<int64_t>(target) - fixup.instruction) * 8));
}

void Translator::bind_fixups(Control& label) {
  for (uint32_t i = label.first_fixup; i != kNone; i = fixups_[i].next) resolve(fixups_[i], here());
  label.first_fixup = kNone;
  bind_here();
}

void Translator::mark_unreachable() {
  truncate(controls_.back().height);
  reachable_ = false;
  dead_depth_ = 0;
}

void Translator::br(uint32_t depth) {
  if (depth + 1 == controls_.size()) return emit_return();
  Control& target = label(depth);
  const uint32_t arity = target.arity();
  if (arity != 0) move_to(arity, target.slot);
  emit_jump(target);
  mark_unreachable();
}

// Whether the top of the stack is where the label takes its values. They are in slots afterwards.
bool Translator::is_in_place(const Control& target) {
  const uint32_t arity = target.arity();
  if (arity > kMaxMoves) flush(static_cast<uint32_t>(stack_.size()) - arity);
  bool in_place = true;
  uint32_t slot = target.slot;
  for (size_t i = stack_.size() - arity; i < stack_.size(); ++i) {
    Entry& entry = stack_[i];
    in_place = in_place && entry.kind == Entry::Kind::Temp && entry.slot == slot;
    slot += entry.slots();
    entry.producer = kNone;
  }
  return in_place;
}

// Branches to `depth` when the condition is (not) zero.
void Translator::conditional(uint32_t depth, const Entry& condition, bool if_true) {
  branch(depth, if_true, [&](bool outcome) { return emit_branch(condition, outcome); });
}

void Translator::br_if(uint32_t depth) {
  const Entry condition = pop();
  conditional(depth, condition, true);
  begin_metered_block();
}

void Translator::br_on_null(uint32_t depth, bool if_null) {
  // br_on_null carries what is below the reference, br_on_non_null the reference as well.
  const Entry reference = pop();
  const uint16_t from = operand16(reference);
  if (!if_null) push_back(reference);
  branch(depth, if_null, [&](bool outcome) {
    const uint32_t at = emit(outcome ? Code::BrZero64S : Code::BrNonZero64S, 2);
    put(at, 8, from);
    return at;
  });
  if (if_null)
    push_back(reference);
  else
    pop();
  begin_metered_block();
}

void Translator::br_table(const Instruction& insn) {
  const Entry index = pop();
  binary::LabelReader labels(Cursor(module_.code_bytes().data(), insn.list_offset,
                                    function_.body_offset + function_.body_size));
  std::vector<uint32_t> depths(insn.list_count + size_t{1});
  for (uint32_t& depth : depths) depth = labels.next();

  const bool acc = in_acc(index);
  uint16_t from = 0;
  if (acc)
    consume_acc(index);
  else
    from = operand16(index);
  const uint32_t words = 2 + (insn.list_count + 2) / 2;
  const uint32_t at = emit(acc ? Code::BrTableR : Code::BrTableS, words);
  put(at, 8, from);
  put(at, 12, insn.list_count);

  // A label that takes values gets a stub that moves them.
  for (size_t i = 0; i < depths.size(); ++i) {
    const uint32_t field = static_cast<uint32_t>(16 + 4 * i);
    Control& target = label(depths[i]);
    if (target.arity() == 0) {
      set_target(at, field, target);
      continue;
    }
    if (target.stub_of != at) {
      target.stub_of = at;
      target.stub = here();
      const AccState before = acc_;
      move_to(target.arity(), target.slot);
      emit_jump(target);
      acc_ = before;
    }
    put(at, field, static_cast<int32_t>((static_cast<int64_t>(target.stub) - at) * 8));
  }
  mark_unreachable();
}

bool fuses_with_branch(wasm::Op op) {
  return (op >= wasm::Op::I32Eqz && op <= wasm::Op::F64Ge) || op == wasm::Op::I32And;
}

// The branch made of the comparison that was the latest instruction, or kNone.
uint32_t Translator::emit_fused_branch(bool if_true) {
  Op op = latest_.op;
  if (!fuses_with_branch(op)) return kNone;
  if (op == Op::I32Eqz || op == Op::I64Eqz) {
    const Latest latest = latest_;
    take_back_latest();
    static constexpr Code kCodes[2][2][2] = {
        {{Code::BrNonZero32S, Code::BrNonZero32R}, {Code::BrZero32S, Code::BrZero32R}},
        {{Code::BrNonZero64S, Code::BrNonZero64R}, {Code::BrZero64S, Code::BrZero64R}}
    };
    const bool acc = latest.left == kNone;
    const uint32_t at = emit(kCodes[op == Op::I64Eqz][if_true][acc], 2);
    if (!acc) put(at, 8, static_cast<uint16_t>(latest.left));
    return at;
  }
  const wasm::OpSignature& signature = wasm::info(op).signature;
  BranchForm form;
  uint16_t first = 0, second = 0;
  const auto immediate = static_cast<int32_t>(latest_.immediate);
  const bool is_64 = signature.params[0] == wasm::ValType::Kind::I64;
  const bool is_int = is_64 || signature.params[0] == wasm::ValType::Kind::I32;
  const bool is_short = immediate == static_cast<int16_t>(immediate);
  switch (static_cast<BinaryForm>(latest_.form)) {
    case BinaryForm::SS:
      form = BranchForm::SS;
      first = static_cast<uint16_t>(latest_.left);
      second = static_cast<uint16_t>(latest_.right);
      break;
    case BinaryForm::SR:
      form = BranchForm::SR;
      first = static_cast<uint16_t>(latest_.left);
      break;
    case BinaryForm::RS:
      form = BranchForm::RS;
      first = static_cast<uint16_t>(latest_.right);
      break;
    case BinaryForm::SI:
      if (!is_int) return kNone;
      form = is_short ? BranchForm::SI : BranchForm::SW;
      first = static_cast<uint16_t>(latest_.left);
      second = static_cast<uint16_t>(immediate);
      break;
    case BinaryForm::RI:
      if (!is_int) return kNone;
      form = is_short ? BranchForm::RI : BranchForm::RW;
      second = static_cast<uint16_t>(immediate);
      break;
    default: return kNone;
  }
  take_back_latest();
  if (form == BranchForm::SR && op >= Op::I32Eq && op <= Op::I32GeU) {
    form = BranchForm::RS;  // the accumulator may be the sum that a loop counts with
    op = exchanged(op).value_or(op);
  }
  if (if_true && op >= Op::I32Eq && op <= Op::I32GeU && previous_.position + 2 == here() &&
      addend_of_local(previous_) != kNone &&
      acc_[static_cast<size_t>(Bank::Int)] == previous_.local &&
      (form == BranchForm::RS || form == BranchForm::RI || form == BranchForm::RW)) {
    const bool by_slot = form == BranchForm::RS;
    const uint32_t at = emit_counting_branch(
        previous_, table_.row(op)[add_branch_at(by_slot ? Src::Slot : Src::Imm)]);
    if (by_slot)
      put(at, 20, first);
    else
      put(at, 20, immediate);
    return at;
  }
  const bool wide_immediate = form == BranchForm::SW || form == BranchForm::RW;
  const uint32_t at = emit(table_.row(op)[branch_at(form, if_true)], wide_immediate ? 3 : 2);
  put(at, 8, first);
  put(at, 10, second);
  if (wide_immediate) put(at, 16, immediate);
  return at;
}

// The slot of x in `local = x + constant`, or kNone if `latest` is something else.
uint32_t Translator::addend_of_local(const Latest& latest) const {
  if (latest.position == kNone || latest.op != Op::I32Add || latest.local == kNone) return kNone;
  if (latest.form == static_cast<uint8_t>(BinaryForm::SI)) return latest.left;
  // From the accumulator, which mirrored a local: that is in its slot as well.
  const uint32_t mirrored = latest.acc_before[static_cast<size_t>(Bank::Int)];
  return latest.form == static_cast<uint8_t>(BinaryForm::RI) && mirrored < locals_end_ ? mirrored
                                                                                       : kNone;
}

// Replaces `addition`, the last instruction, by one that also branches; the target is at byte 12.
uint32_t Translator::emit_counting_branch(const Latest& addition, Handler handler) {
  const Latest added = addition;
  const uint32_t addend = addend_of_local(added);
  code_.resize(added.position);
  const uint32_t at = emit(handler, 3);
  put(at, 8, static_cast<uint16_t>(added.local));
  put(at, 10, static_cast<uint16_t>(addend));
  put(at, 16, static_cast<uint32_t>(added.immediate));
  return at;
}

// A branch on an i32; its target is the field at byte 12.
uint32_t Translator::emit_branch(const Entry& condition, bool if_true) {
  if (is_latest(condition)) {
    const uint32_t fused = emit_fused_branch(if_true);
    if (fused != kNone) return fused;
  }
  if (condition.kind == Entry::Kind::Local && latest_.local == condition.local_slot &&
      addend_of_local(latest_) != kNone)
    return emit_counting_branch(latest_,
                                table_[if_true ? Code::AddBrNonZero32 : Code::AddBrZero32]);
  if (in_acc(condition)) {
    consume_acc(condition);
    return emit(if_true ? Code::BrNonZero32R : Code::BrZero32R, 2);
  }
  const uint16_t from = operand16(condition);
  const uint32_t at = emit(if_true ? Code::BrNonZero32S : Code::BrZero32S, 2);
  put(at, 8, from);
  return at;
}

void Translator::emit_return() {
  const uint32_t count = static_cast<uint32_t>(type_.results.size());
  if (count == 0) {
    emit(Code::ReturnVoid, 1);
  } else if (count == 1) {
    const Entry value = pop();
    if (value.kind == Entry::Kind::Constant) {
      put(emit(Code::ReturnConstant, 3), 16, value.value);
    } else {
      static constexpr Code kCodes[][2] = {
          { Code::ReturnIntS,  Code::ReturnIntR},
          { Code::ReturnF32S,  Code::ReturnF32R},
          { Code::ReturnF64S,  Code::ReturnF64R},
          {Code::ReturnV128S, Code::ReturnV128R}
      };
      const bool acc = in_acc(value);
      uint16_t from = 0;
      if (acc)
        consume_acc(value);
      else
        from = operand16(value);
      put(emit(kCodes[static_cast<size_t>(value.bank)][acc ? 1 : 0], 2), 8, from);
    }
  } else {
    // First to their own slots: results may be parameters in another order.
    flush(static_cast<uint32_t>(stack_.size()) - count);
    move_to(count, 0);
    emit(Code::ReturnMany, 1);
  }
  mark_unreachable();
}

// Arguments in their own slots; returns the first slot.
uint32_t Translator::prepare_arguments(const wasm::FuncType& type) {
  const uint32_t count = static_cast<uint32_t>(type.params.size());
  const uint32_t first = static_cast<uint32_t>(stack_.size()) - count;
  flush(first);
  const uint32_t base = count == 0 ? stack_slots_ : stack_[first].slot;
  max_slots_ = std::max(max_slots_, base + std::max(type.param_slots, type.result_slots));
  return base;
}

void Translator::after_call(const wasm::FuncType& type, uint32_t base, bool tail) {
  forget_accs();
  truncate(static_cast<uint32_t>(stack_.size() - type.params.size()));
  if (tail) return mark_unreachable();
  for (wasm::ValType result : type.results) push_temp(bank_of(result));
  if (!type.results.empty()) set_acc(bank_of(type.results[0]), base);
}

void Translator::call(uint32_t index, bool tail) {
  const wasm::FuncType& type = module_.func_type(index);
  const uint32_t base = prepare_arguments(type);
  const bool imported = module_.is_imported(index);
  uint32_t at;
  if (tail) {
    at = emit(imported ? Code::TailCallImport : Code::TailCall, 3);
    put(at, 12, type.param_slots);
    if (imported)
      put(at, 16, index);
    else
      put(at, 16, &module_code_.function(index));
  } else if (imported) {
    at = emit(Code::CallImport, 2);
    put(at, 12, index);
  } else {
    at = emit(Code::Call, 3);
    put(at, 16, &module_code_.function(index));
  }
  put(at, 8, base * 8);
  note_offset(at);
  after_call(type, base, tail);
}

// At the end of the instruction.
void Translator::add_call_target(uint32_t position) {
  const auto bytes = (here() - position) * static_cast<uint32_t>(sizeof(uint64_t));
  code_.resize(code_.size() + sizeof(CallTarget) / sizeof(uint64_t));
  put(position, bytes, CallTarget{.wasm_offset = wasm_offset_});
  counted_calls_.push_back(position * static_cast<uint32_t>(sizeof(uint64_t)) + bytes);
}

void Translator::call_indirect(const Instruction& insn, bool tail) {
  const wasm::FuncType& type = module_.types[insn.index].func;
  const Entry callee = pop();
  // The arguments may need writing, which must not disturb the index.
  const size_t first = stack_.size() - type.params.size();
  const bool flushed = std::all_of(stack_.begin() + static_cast<ptrdiff_t>(first), stack_.end(),
                                   [](const Entry& e) { return e.kind == Entry::Kind::Temp; });
  const bool acc = !tail && flushed && in_acc(callee);
  uint32_t index_slot = 0;
  if (acc)
    consume_acc(callee);
  else
    index_slot = in_slot(callee);
  const uint32_t base = prepare_arguments(type);
  const uint16_t from = acc ? 0 : source16(index_slot, Bank::Int);
  const bool counted = !tail && options_.count_heat;
  const Code code = tail      ? Code::TailCallIndirect
                    : counted ? acc ? Code::CountedCallIndirectR : Code::CountedCallIndirectS
                    : acc     ? Code::CallIndirectR
                              : Code::CallIndirectS;
  const uint32_t at = emit(code, tail ? 4 : 3);
  put(at, 8, base * 8);
  put(at, 12, from);
  put(at, 16, insn.index2);
  put(at, 20, module_.canonical_types[insn.index]);
  if (tail) put(at, 24, type.param_slots);
  if (counted) add_call_target(at);
  note_offset(at);
  after_call(type, base, tail);
}

void Translator::call_ref(const Instruction& insn, bool tail) {
  const wasm::FuncType& type = module_.types[insn.index].func;
  const Entry callee = pop();
  const uint32_t slot = in_slot(callee);
  const uint32_t base = prepare_arguments(type);
  const uint16_t from = source16(slot, Bank::Int);
  const bool counted = !tail && options_.count_heat;
  const Code code = tail ? Code::TailCallRef : counted ? Code::CountedCallRef : Code::CallRef;
  const uint32_t at = emit(code, tail ? 3 : 2);
  put(at, 8, base * 8);
  put(at, 12, from);
  if (tail) put(at, 16, type.param_slots);
  if (counted) add_call_target(at);
  note_offset(at);
  after_call(type, base, tail);
}

}  // namespace wrun::interp
