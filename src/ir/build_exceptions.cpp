// Throwing and catching. Every construct that catches has one block to which exceptions come, from the
// landing blocks of calls and straight from instructions that throw; it looks at the tag.
#include "ir/builder.hpp"

namespace wrun::ir {

uint32_t Builder::handler_here() const {
  const Control& control = controls_.back();
  return control.covers ? static_cast<uint32_t>(controls_.size() - 1) : control.handler;
}

uint32_t Builder::catch_region(uint32_t handler) const {
  return handler == kNone ? wasm::CatchTable::kNoRegion : controls_[handler].catch_region;
}

// Of legacy handlers, it is only known later what they catch.
void Builder::begin_catch_region(Control& control) {
  control.catch_region = function_.catches.add_region(catch_region(control.handler));
  if (control.op != wasm::Op::TryTable) return;
  binary::CatchReader clauses = catch_clauses(control);
  for (uint32_t i = 0; i < control.list_count; ++i) {
    const binary::CatchClause clause = clauses.next();
    function_.catches.add_tag(control.catch_region,
                              clause.has_tag() ? clause.tag : wasm::CatchTable::kAllTags);
  }
}

binary::CatchReader Builder::catch_clauses(const Control& control) const {
  return binary::CatchReader(
      Cursor(module_.code_bytes().data(), control.list_offset, control.body->end()));
}

// The landing block of a call: the target of an edge.
void Builder::landing(uint32_t edge, uint32_t handler) {
  const Block block = block_;
  continue_in_new_block(edge);
  function_[block_].is_cold = true;
  jump_to_handler(append({.op = Op::CaughtException,
                          .type = Type::Ref,
                          .immediate = controls_[handler].catch_region}),
                  handler);
  block_ = block;
}

void Builder::jump_to_handler(Value exception, uint32_t handler) {
  Control& control = controls_[handler];
  scratch_.assign(1, exception);
  const Body& body = *control.body;
  for (const uint32_t local : body.flow.at_handler(control.construct))
    scratch_.push_back(body.locals[local]);
  const uint32_t edge =
      function_.add_edges(std::array{function_.make_edge({control.throwing}, scratch_)});
  control.throwing = edge;
  append({
      .op = Op::Jump, .operands = {UINT32_MAX, UINT32_MAX, edge}
  });
}

void Builder::throw_to(Value exception, uint32_t handler) {
  if (handler == kNone)
    emit(Op::ThrowRef, Type::None, exception);
  else
    jump_to_handler(exception, handler);
  mark_unreachable();
}

void Builder::throw_tag(uint32_t tag) {
  const auto params =
      static_cast<uint32_t>(module_.types[module_.tags[tag].type].func.params.size());
  const Value exception = emit_list(Op::ExceptionNew, Type::Ref, top(params), tag);
  throw_to(exception, handler_here());
}

// Goes on in the block to which exceptions come; gives the exception.
Value Builder::begin_dispatch(Control& control) {
  bind(body_->flow.at_handler(control.construct), control.throwing, control.height, 1);
  control.throwing = kNone;
  return pop();
}

// Goes on where the exception has the tag; gives the edge for when it has not.
uint32_t Builder::dispatch(Value exception, uint32_t tag) {
  const Value thrown = emit(Op::ExceptionTag, Type::I64, exception);
  const Value caught = emit(Op::TagAddress, Type::I64, {}, {}, {}, tag);
  const uint32_t edges = function_.add_edges(std::array{Edge{}, Edge{}});
  emit(Op::Branch, Type::None, emit(Op::I64Eq, Type::I32, thrown, caught), {}, {edges});
  continue_in_new_block(edges);
  push_payload(exception, tag);
  return edges + 1;
}

void Builder::push_payload(Value exception, uint32_t tag) {
  const auto& params = module_.types[module_.tags[tag].type].func.params;
  for (uint32_t i = 0; i < params.size(); ++i)
    push(emit(Op::ExceptionGet, type_of(params[i]), exception, {}, {}, pair(tag, i)));
}

void Builder::dispatch_to_clauses(Control& control) {
  const Value exception = begin_dispatch(control);
  binary::CatchReader clauses = catch_clauses(control);
  for (uint32_t i = 0; i < control.list_count && reachable_; ++i) {
    const binary::CatchClause clause = clauses.next();
    const uint32_t otherwise = clause.has_tag() ? dispatch(exception, clause.tag) : kNone;
    if (clause.has_ref()) push(exception);
    jump(label(clause.label + 1));
    if (otherwise != kNone) continue_in_new_block(otherwise);
  }
  if (reachable_) throw_to(exception, control.handler);
}

void Builder::note_clause_labels(const Control& control) {
  binary::CatchReader clauses = catch_clauses(control);
  for (uint32_t i = 0; i < control.list_count; ++i)
    label(clauses.next().label + 1).is_clause_label = true;
}

// --- legacy

void Builder::begin_catch(const Instruction& insn) {
  Control& control = controls_.back();
  if (reachable_) jump(control);
  control.covers = false;
  function_.catches.add_tag(control.catch_region,
                            insn.op == wasm::Op::Catch ? insn.index : wasm::CatchTable::kAllTags);
  if (control.op == wasm::Op::Try)
    begin_first_catch(control);
  else
    begin_next_catch(control);
  if (!reachable_) return;
  if (insn.op == wasm::Op::Catch) control.else_edge = dispatch(control.exception, insn.index);
  begin_metered_block();
}

void Builder::begin_first_catch(Control& control) {
  control.op = wasm::Op::Catch;
  control.saved = static_cast<uint32_t>(saved_.size());
  if (control.throwing == kNone) return;  // nothing throws
  control.exception = begin_dispatch(control);
  for (const uint32_t local : body_->flow.at_handler(control.construct))
    saved_.push_back(body_->locals[local]);
}

// Where no catch so far had the tag, if there is such a place.
void Builder::begin_next_catch(Control& control) {
  if (control.else_edge == kNone) return;
  stack_.resize(control.height);
  continue_in_new_block(control.else_edge);
  control.else_edge = kNone;
  uint32_t from = control.saved;
  for (const uint32_t local : body_->flow.at_handler(control.construct))
    body_->locals[local] = saved_[from++];
}

// --- ends

void Builder::end_try(Control& control, const Instruction& insn) {
  const bool catches_legacy = control.op == wasm::Op::Catch;
  if (control.op == wasm::Op::TryTable) note_clause_labels(control);
  const uint32_t pending = catches_legacy ? control.else_edge : control.throwing;
  control.covers = false;
  if (pending != kNone) {
    if (reachable_) jump(control);
    if (catches_legacy) {
      begin_next_catch(control);
      throw_to(control.exception, control.handler);
    } else if (control.op == wasm::Op::TryTable) {
      dispatch_to_clauses(control);
    } else {
      uint32_t handler = control.handler;
      if (insn.op == wasm::Op::Delegate) {
        // The label counts from outside of the try.
        const Control& target = label(insn.index + 1);
        handler =
            target.covers ? static_cast<uint32_t>(&target - controls_.data()) : target.handler;
        function_.catches.set_parent(control.catch_region, catch_region(handler));
      }
      throw_to(begin_dispatch(control), handler);
    }
  }
  if (catches_legacy) saved_.resize(control.saved);
}

}  // namespace wrun::ir
