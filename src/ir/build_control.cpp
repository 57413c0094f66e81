// Constructs, branches, and the blocks where they meet.
#include <algorithm>

#include "ir/builder.hpp"

namespace wrun::ir {

void Builder::begin_construct(const Instruction& insn) {
  const Value condition = insn.op == wasm::Op::If ? pop() : kNoValue;
  const uint32_t handler = handler_here();
  Control& control = controls_.emplace_back();
  control.body = body_;
  control.op = insn.op;
  control.signature = binary::BlockSignature::of(insn.block, module_);
  control.construct = body_->constructs++;
  control.height = static_cast<uint32_t>(stack_.size()) - control.signature.params();
  control.handler = handler;
  switch (insn.op) {
    case wasm::Op::Loop: return begin_loop(control);
    case wasm::Op::If:   return begin_if(control, condition);
    case wasm::Op::TryTable:
      control.list_offset = insn.list_offset;
      control.list_count = insn.list_count;
      control.covers = insn.list_count != 0;
      return begin_catch_region(control);
    case wasm::Op::Try: control.covers = true; return begin_catch_region(control);
    default:            return;
  }
}

void Builder::begin_loop(Control& control) {
  const bool is_on_path = is_on_entry_path(control);
  control.passes_entry = is_on_path && entered_loops_ + 1 < body_->flow.entry_path().size();
  const Edge entry = edge_to(control);
  control.header = function_.create_block();
  const uint32_t edge = function_.add_edges(std::array{entry});
  function_.edge(edge).target = control.header;
  append({
      .op = Op::Jump, .operands = {UINT32_MAX, UINT32_MAX, edge}
  });
  block_ = control.header;
  for (size_t i = control.height; i < stack_.size(); ++i)
    stack_[i] = function_.add_param(block_, function_.type(stack_[i]));
  for (const uint32_t local : label_locals(control))
    body_->locals[local] = function_.add_param(block_, function_.type(body_->locals[local]));
  if (is_on_path) enter_from_frame(control);
  if (options_.interruptible) append({.op = Op::InterruptCheck});
  begin_metered_block();
}

void Builder::begin_if(Control& control, Value condition) {
  // What the other branch begins with.
  control.saved = static_cast<uint32_t>(saved_.size());
  for (const uint32_t local : body_->flow.assigned(control.construct))
    saved_.push_back(body_->locals[local]);
  saved_.insert(saved_.end(), stack_.begin() + control.height, stack_.end());

  const uint32_t edges = function_.add_edges(std::array{Edge{}, Edge{}});
  emit(Op::Branch, Type::None, condition, {}, {edges});
  control.else_edge = edges + 1;
  continue_in_new_block(edges);
  begin_metered_block();
}

void Builder::begin_else() {
  Control& control = controls_.back();
  if (reachable_) jump(control);
  restore_if(control);
  continue_in_new_block(control.else_edge);
  control.op = wasm::Op::Else;
  begin_metered_block();
}

// Locals and parameters as they were at the if.
void Builder::restore_if(Control& control) {
  const auto assigned = body_->flow.assigned(control.construct);
  uint32_t from = control.saved;
  for (const uint32_t local : assigned) body_->locals[local] = saved_[from++];
  stack_.resize(control.height);
  stack_.insert(stack_.end(), saved_.begin() + from,
                saved_.begin() + from + control.signature.params());
  saved_.resize(control.saved);
}

void Builder::end(const Instruction& insn) {
  Control& control = controls_.back();
  const bool is_loop = control.op == wasm::Op::Loop;
  // Fuel is counted anew where branches lead; where exceptions lead, even if nothing is thrown.
  const bool begins_run =
      !is_loop && control.construct != kNone &&
      (control.op == wasm::Op::If || control.pending != kNone || control.is_clause_label);
  if (control.op == wasm::Op::If) {
    if (reachable_) jump(control);
    // The edge goes straight to the label.
    const uint32_t edge = control.else_edge;
    restore_if(control);
    function_.edge(edge) = edge_to(control);
    track(edge, control);
    reachable_ = false;
  } else if (control.op == wasm::Op::Try || control.op == wasm::Op::TryTable ||
             control.op == wasm::Op::Catch) {
    end_try(control, insn);
  }
  if (!is_loop && control.pending != kNone) {
    if (reachable_) jump(control);
    bind(label_locals(control), control.pending, control.height, control.signature.results());
  }
  if (control.construct == kNone && body_->caller == nullptr && reachable_) return_();
  if (!reachable_) stack_.resize(controls_.back().height);
  controls_.pop_back();
  if (begins_run && reachable_) begin_metered_block();
}

std::span<const uint32_t> Builder::label_locals(const Control& control) const {
  if (control.construct == kNone) return {};
  return control.body->flow.at_label(control.construct);
}

Edge Builder::edge_to(const Control& target) {
  const uint32_t arity = target.arity();
  scratch_.assign(stack_.end() - arity, stack_.end());
  for (const uint32_t local : label_locals(target)) scratch_.push_back(body_->locals[local]);
  if (target.passes_entry) scratch_.push_back(function_.constant(Type::I32, 0));
  branch_arguments_ += scratch_.size();
  if (branch_arguments_ > kMaxBranchArguments) unsupported("so many values at branches");
  return function_.make_edge(target.op == wasm::Op::Loop ? target.header : kNoBlock, scratch_);
}

// Until the label is bound, an edge's target is the next edge that waits for it.
void Builder::track(uint32_t edge, Control& target) {
  if (target.op == wasm::Op::Loop) return;
  function_.edge(edge).target.index = target.pending;
  target.pending = edge;
}

// The block that all edges of a chain go to becomes the current one: its parameters are the arguments
// in which the edges differ. The first `operands` of them are pushed onto the stack cut to `height`, the
// others are the locals.
void Builder::bind(std::span<const uint32_t> locals, uint32_t pending, uint32_t height,
                   uint32_t operands) {
  const uint32_t count = operands + static_cast<uint32_t>(locals.size());
  const Edge& first = function_.edge(pending);
  scratch_.assign(function_.args(first).begin(), function_.args(first).end());
  differs_.assign(count, 0);
  bool any = false;
  for (uint32_t edge = first.target.index; edge != kNone;
       edge = function_.edge(edge).target.index) {
    const Value* args = function_.args(function_.edge(edge)).data();
    for (uint32_t i = 0; i < count; ++i)
      if (args[i] != scratch_[i]) {
        differs_[i] = 1;
        any = true;
      }
  }
  block_ = function_.create_block();
  for (uint32_t edge = pending; edge != kNone;) {
    Edge& bound = function_.edge(edge);
    edge = bound.target.index;
    bound.target = block_;
    if (any)
      function_.filter_args(bound, [&](uint32_t i) { return differs_[i] != 0; });
    else
      bound.arg_count = 0;
  }
  if (any)
    for (uint32_t i = 0; i < count; ++i)
      if (differs_[i] != 0) scratch_[i] = function_.add_param(block_, function_.type(scratch_[i]));
  stack_.resize(height);
  stack_.insert(stack_.end(), scratch_.begin(), scratch_.begin() + operands);
  for (size_t i = 0; i < locals.size(); ++i) body_->locals[locals[i]] = scratch_[operands + i];
  reachable_ = true;
}

void Builder::jump(Control& target) {
  if (target.construct == kNone && body_->caller == nullptr) return return_();
  const uint32_t edge = function_.add_edges(std::array{edge_to(target)});
  append({
      .op = Op::Jump, .operands = {UINT32_MAX, UINT32_MAX, edge}
  });
  track(edge, target);
  mark_unreachable();
}

void Builder::continue_in_new_block(uint32_t edge) {
  block_ = function_.create_block();
  function_.edge(edge).target = block_;
  reachable_ = true;
}

// Branches to the label if the condition is (not) zero, with the operands on top of the stack.
void Builder::branch_if(Value condition, uint32_t depth, bool if_true) {
  Control& target = label(depth);
  const Edge taken = edge_to(target);
  const uint32_t edges =
      function_.add_edges(if_true ? std::array{taken, Edge{}} : std::array{Edge{}, taken});
  emit(Op::Branch, Type::None, condition, {}, {edges});
  track(if_true ? edges : edges + 1, target);
  continue_in_new_block(if_true ? edges + 1 : edges);
  begin_metered_block();
}

void Builder::br_table(const Instruction& insn) {
  const Value index = pop();
  binary::LabelReader labels(Cursor(module_.code_bytes().data(), insn.list_offset, body_->end()));
  // Edges to the same label share their arguments as long as nobody changes them: every edge has its own.
  std::vector<Edge> edges;
  std::vector<uint32_t> depths;
  edges.reserve(insn.list_count + size_t{1});
  depths.reserve(insn.list_count + size_t{1});
  for (uint32_t i = 0; i <= insn.list_count; ++i) {
    depths.push_back(labels.next());
    edges.push_back(edge_to(label(depths.back())));
    if (unsupported_) return;
  }
  const uint32_t first = function_.add_edges(edges);
  emit(Op::Switch, Type::None, index, {}, {first}, edges.size());
  for (uint32_t i = 0; i < edges.size(); ++i) track(first + i, label(depths[i]));
  mark_unreachable();
}

void Builder::return_() {
  if (body_->caller != nullptr) return jump(controls_[body_->first_control]);
  const auto results = static_cast<uint32_t>(body_->type.results.size());
  emit_list(Op::Return, Type::None, top(results), 0);
  mark_unreachable();
}

void Builder::trap(TrapCode code) {
  emit_trapping(Op::Unreachable, Type::None, code, kNoValue, kNoValue, 0);
  function_[block_].is_cold = true;
  mark_unreachable();
}

void Builder::mark_unreachable() {
  stack_.resize(controls_.back().height);
  reachable_ = false;
  dead_depth_ = 0;
}

void Builder::br_on_null(uint32_t depth, bool if_null) {
  // br_on_null carries what is below the reference, br_on_non_null the reference as well.
  const Value reference = stack_.back();
  const Value is_null = emit(Op::RefIsNull, Type::I32, reference);
  if (if_null) stack_.pop_back();
  branch_if(is_null, depth, if_null);
  if (if_null)
    push(reference);
  else
    stack_.pop_back();
}

}  // namespace wrun::ir
