// Entry at a loop (BuildOptions::entry_loop): the body is built as usual, but nothing leads to its
// beginning. The entry goes straight to the entry loop if no other loop is around it. Otherwise it goes
// by way of the headers of those, which have a parameter more that says to go on inwards: entered in
// their middle, they would not be loops with one header any more.
#include "ir/builder.hpp"

namespace wrun::ir {

void Builder::begin_entry_at_loop() {
  function_.enters_at_loop = true;
  block_ = entry_block_ = function_.create_block();
  const Value frame = function_.add_param(block_, Type::I64);
  uint32_t slot = 0;
  const auto read_slot = [&](wasm::ValType type) {
    frame_values_.push_back(emit(Op::FrameSlot, type_of(type), frame, {}, {}, slot));
    slot += type.slots();
  };
  for (const wasm::ValType param : body_->type.params) read_slot(param);
  binary::InstructionReader<true> reader = body_->reader(module_);
  reader.read_locals([&](uint32_t count, wasm::ValType type) {
    for (uint32_t i = 0; i < count; ++i) read_slot(type);
    return true;
  });
}

bool Builder::is_on_entry_path(const Control& control) const {
  const auto path = body_->flow.entry_path();
  return entered_loops_ < path.size() && path[entered_loops_] == control.construct;
}

// The header's block has its parameters and is the current one.
void Builder::enter_from_frame(Control& control) {
  ++entered_loops_;
  if (!control.passes_entry && !stack_.empty())
    return unsupported("a loop with operands on the stack to enter at");
  scratch_.clear();
  // Nobody reads operands on the way inwards.
  for (uint32_t i = 0; i < control.arity(); ++i)
    scratch_.push_back(function_.constant(type_of(control.signature.param(i)), 0));
  for (const uint32_t local : label_locals(control)) scratch_.push_back(frame_values_[local]);
  if (control.passes_entry) scratch_.push_back(function_.i32(1));
  const Block header = std::exchange(block_, entry_block_);
  const uint32_t edge = function_.add_edges(std::array{function_.make_edge(header, scratch_)});
  append({
      .op = Op::Jump, .operands = {UINT32_MAX, UINT32_MAX, edge}
  });
  block_ = header;
  if (!control.passes_entry) return;
  const Value go_inwards = function_.add_param(header, Type::I32);
  const uint32_t edges = function_.add_edges(std::array{Edge{}, Edge{}});
  emit(Op::Branch, Type::None, go_inwards, {}, {edges});
  entry_block_ = function_.create_block();
  function_.edge(edges).target = entry_block_;
  continue_in_new_block(edges + 1);
}

void Builder::finish_entry_at_loop() {
  if (body_->flow.entry_path().empty() || entered_loops_ != body_->flow.entry_path().size())
    return unsupported("the loop to enter at");
  has_unreached_blocks_ = true;
}

}  // namespace wrun::ir
