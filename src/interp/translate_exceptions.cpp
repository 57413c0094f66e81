// Throwing and catching. Entering a block that catches costs nothing: what it covers is noted for the
// unwinder.
#include "interp/translator.hpp"

namespace wrun::interp {

void Translator::begin_try(const Instruction& insn) {
  begin_block(insn);
  // No instruction before this one may move into the code that the block covers.
  latest_ = {};
  previous_ = {};
  barrier_ = here();
  Control& control = controls_.back();
  control.covers_from = here();
  control.list_offset = insn.list_offset;
  control.list_count = insn.op == Op::TryTable ? insn.list_count : 0;
}

// For the code that `block` covers up to here; `depth` is its place in controls_.
ExceptionHandler& Translator::add_handler(const Control& block, size_t depth) {
  ExceptionHandler& handler = handlers_.emplace_back();
  handler.begin = block.covers_from * 8;
  handler.end = (block.covers_to != kNone ? block.covers_to : here()) * 8;
  handler.depth = static_cast<uint32_t>(depth);
  return handler;
}

void Translator::end_try_table() {
  latest_ = {};  // what follows must not change the code up to here
  const size_t depth = controls_.size() - 1;
  const Control& block = controls_.back();
  binary::CatchReader clauses(Cursor(module_.code_bytes().data(), block.list_offset,
                                     function_.body_offset + function_.body_size));
  for (uint32_t i = 0; i < block.list_count; ++i) {
    const binary::CatchClause clause = clauses.next();
    Control& target = label(clause.label + 1);
    ExceptionHandler& handler = add_handler(block, depth);
    uint32_t slot = target.slot;
    if (clause.has_tag()) {
      handler.tag = clause.tag;
      handler.payload_slot = slot;
      slot += module_.types[module_.tags[clause.tag].type].func.param_slots;
    }
    if (clause.has_ref()) handler.exception_slot = slot;
    set_target(static_cast<uint32_t>(handlers_.size() - 1), kNone, target);
  }
}

// The slot that keeps the exception of the catch that is about to begin.
uint32_t Translator::reserve_exception_slot() {
  uint32_t nesting = 0;
  for (size_t i = 0; i + 1 < controls_.size(); ++i)
    if (controls_[i].op == Op::Catch) ++nesting;
  needed_exception_slots_ = std::max(needed_exception_slots_, nesting + 1);
  return locals_end_ + nesting;
}

void Translator::begin_catch(const Instruction& insn) {
  const size_t depth = controls_.size() - 1;
  Control& control = controls_.back();
  latest_ = {};
  if (control.covers_to == kNone) control.covers_to = here();
  if (reachable_) {
    flush(control.height);
    emit_jump(control);
  }
  truncate(control.height);
  bind_here();
  control.op = Op::Catch;
  control.exception_slot = reserve_exception_slot();
  ExceptionHandler& handler = add_handler(control, depth);
  handler.target = here() * 8;
  handler.exception_slot = control.exception_slot;
  if (insn.op == Op::Catch) {
    handler.tag = insn.index;
    handler.payload_slot = control.slot;
    for (wasm::ValType type : module_.types[module_.tags[insn.index].type].func.params)
      push_temp(bank_of(type));
  }
  reachable_ = true;
  undo_initialized(control);
  begin_metered_block();
}

// Ends a try whose exceptions go to what encloses the label.
void Translator::delegate(uint32_t depth) {
  const size_t block = controls_.size() - 1;
  latest_ = {};
  // The label counts from outside of the try.
  add_handler(controls_.back(), block).kind = ExceptionHandler::Kind::Delegate;
  handlers_.back().target = static_cast<uint32_t>(block - 1 - depth);
  end();
}

void Translator::throw_tag(uint32_t tag) {
  const wasm::FuncType& type = module_.types[module_.tags[tag].type].func;
  const uint32_t base = prepare_arguments(type);
  const uint32_t at = emit(Code::Throw, 2);
  put(at, 8, base * 8);
  put(at, 12, tag);
  note_offset(at);
  mark_unreachable();
}

// Throws the exception in a slot that 16 bits can number.
void Translator::throw_ref(uint16_t slot) {
  const uint32_t at = emit(Code::ThrowRef, 2);
  put(at, 8, slot);
  note_offset(at);
  mark_unreachable();
}

void Translator::rethrow(uint32_t depth) {
  throw_ref(source16(label(depth).exception_slot, Bank::Int));
}

}  // namespace wrun::interp
