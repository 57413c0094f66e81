// Calls. A call through a table is made of the steps that it consists of.
#include "ir/builder.hpp"

namespace wrun::ir {

namespace {
bool is_tail_call(wasm::Op op) {
  return op == wasm::Op::ReturnCall || op == wasm::Op::ReturnCallIndirect ||
         op == wasm::Op::ReturnCallRef;
}
}  // namespace

void Builder::call(const Instruction& insn) {
  if (!is_tail_call(insn.op)) return call_function(insn.index);
  const auto params = static_cast<uint32_t>(module_.func_type(insn.index).params.size());
  emit_list(Op::ReturnCall, Type::None, top(params), insn.index);
  mark_unreachable();
}

void Builder::call_function(uint32_t function_index) {
  if (inline_call(function_index)) return;
  const wasm::FuncType& type = module_.func_type(function_index);
  const auto params = static_cast<uint32_t>(type.params.size());
  scratch_.assign(stack_.end() - params, stack_.end());
  drop(params);
  finish_call(Op::Call, function_index, type);
}

void Builder::call_indirect(const Instruction& insn) {
  const Value index = table_index(pop(), insn.index2, TrapCode::UndefinedElement);
  const Value element = emit(Op::TableGet, Type::Ref, index, {}, {}, insn.index2);
  const bool is_tail = is_tail_call(insn.op);
  const LikelyCall likely = is_tail ? LikelyCall() : begin_likely_call(element, insn.index);
  const Value callee = emit(Op::SignatureCheck, Type::Ref, element, index, {}, insn.index);
  call_reference(callee, insn.index, is_tail);
  end_likely_call(likely, insn.index);
}

void Builder::call_ref(const Instruction& insn) {
  const bool is_tail = is_tail_call(insn.op);
  const Value reference = pop();
  const LikelyCall likely = is_tail ? LikelyCall() : begin_likely_call(reference, insn.index);
  call_reference(null_check(reference, TrapCode::NullFunctionReference), insn.index, is_tail);
  end_likely_call(likely, insn.index);
}

// What was seen may be of another run, or made up: the function has to be one that can be called here.
std::optional<uint32_t> Builder::likely_callee(uint32_t type_index) const {
  if (options_.profile == nullptr) return std::nullopt;
  const auto callee = options_.profile->likely_callee(body_->function_index, offset_);
  if (!callee || *callee < module_.imported_functions || *callee >= module_.functions.size())
    return std::nullopt;
  const uint32_t type = module_.functions[*callee].type;
  if (module_.canonical_types[type] != module_.canonical_types[type_index]) return std::nullopt;
  return callee;
}

// Goes on where it is another function, with the arguments on the stack.
Builder::LikelyCall Builder::begin_likely_call(Value reference, uint32_t type_index) {
  const auto callee = likely_callee(type_index);
  if (!callee) return {};
  const wasm::FuncType& type = module_.types[type_index].func;
  const auto params = static_cast<uint32_t>(type.params.size());
  const auto results = static_cast<uint32_t>(type.results.size());
  const auto height = static_cast<uint32_t>(stack_.size()) - params;
  const uint32_t offset = offset_;
  const auto saved = static_cast<ptrdiff_t>(saved_.size());
  saved_.insert(saved_.end(), stack_.begin() + height, stack_.end());

  const Value expected = emit(Op::RefFunc, Type::Ref, {}, {}, {}, *callee);
  const Value is_expected = emit(Op::RefEq, Type::I32, reference, expected);
  const uint32_t edges = function_.add_edges(std::array{Edge{}, Edge{}});
  emit(Op::Branch, Type::None, is_expected, {}, {edges});
  continue_in_new_block(edges);
  call_function(*callee);
  const uint32_t edge = jump_with_results(results);

  offset_ = offset;  // the callee may have been built in
  continue_in_new_block(edges + 1);
  function_[block_].is_cold = true;
  stack_.resize(height);
  stack_.insert(stack_.end(), saved_.begin() + saved, saved_.end());
  saved_.resize(static_cast<size_t>(saved));
  return {.edge = edge, .height = height};
}

void Builder::end_likely_call(const LikelyCall& likely, uint32_t type_index) {
  if (likely.edge == kNone) return;
  const auto results = static_cast<uint32_t>(module_.types[type_index].func.results.size());
  const uint32_t edge = jump_with_results(results);
  function_.edge(edge).target.index = likely.edge;
  bind({}, edge, likely.height, results);
}

// To where the calls meet, which is yet to be bound.
uint32_t Builder::jump_with_results(uint32_t results) {
  const uint32_t edge =
      function_.add_edges(std::array{function_.make_edge(kNoBlock, top(results))});
  append({
      .op = Op::Jump, .operands = {UINT32_MAX, UINT32_MAX, edge}
  });
  return edge;
}

void Builder::call_reference(Value callee, uint32_t type_index, bool is_tail) {
  const wasm::FuncType& type = module_.types[type_index].func;
  const auto params = static_cast<uint32_t>(type.params.size());
  scratch_.assign(1, callee);
  scratch_.insert(scratch_.end(), stack_.end() - params, stack_.end());
  drop(params);
  if (is_tail) {
    emit_list(Op::ReturnCallRef, Type::None, scratch_, type_index);
    return mark_unreachable();
  }
  finish_call(Op::CallRef, type_index, type);
}

// With the operands in scratch_.
void Builder::finish_call(Op op, uint64_t immediate, const wasm::FuncType& type) {
  const Type first = type.results.empty() ? Type::None : type_of(type.results[0]);
  const uint32_t handler = handler_here();
  Value value;
  if (handler == kNone) {
    value = emit_list(op, first, scratch_, immediate);
  } else {
    const uint32_t edges = function_.add_edges(std::array{Edge{}, Edge{}});
    value = append({
        .op = op == Op::Call ? Op::Invoke : Op::InvokeRef,
        .type = first,
        .operands = {function_.add_list(scratch_), static_cast<uint32_t>(scratch_.size()), edges},
        .immediate = immediate
    });
    landing(edges + 1, handler);
    continue_in_new_block(edges);
  }
  for (uint32_t i = 0; i < type.results.size(); ++i)
    push(i == 0 ? value : emit(Op::Result, type_of(type.results[i]), value, {}, {}, i));
}

// An index into a table, checked.
Value Builder::table_index(Value index, uint32_t table, TrapCode trap) {
  return bounds_check(extend(index, is_64_table(table)), table_size(table), 1, trap);
}

Value Builder::table_size(uint32_t table) {
  const wasm::Limits& limits = module_.tables[table].type.limits;
  if (is_fixed(limits)) return function_.i64(limits.minimum);
  return emit(Op::TableSize, Type::I64, {}, {}, {}, table);
}

}  // namespace wrun::ir
