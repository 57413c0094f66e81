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
  if (insn.op == wasm::Op::Call && inline_call(insn.index)) return;
  const wasm::FuncType& type = module_.func_type(insn.index);
  const auto params = static_cast<uint32_t>(type.params.size());
  scratch_.assign(stack_.end() - params, stack_.end());
  drop(params);
  if (is_tail_call(insn.op)) {
    emit_list(Op::ReturnCall, Type::None, scratch_, insn.index);
    return mark_unreachable();
  }
  finish_call(Op::Call, insn.index, type);
}

void Builder::call_indirect(const Instruction& insn) {
  const Value index = table_index(pop(), insn.index2, TrapCode::UndefinedElement);
  const Value element = emit(Op::TableGet, Type::Ref, index, {}, {}, insn.index2);
  const Value callee = emit(Op::SignatureCheck, Type::Ref, element, index, {}, insn.index);
  call_reference(callee, insn.index, is_tail_call(insn.op));
}

void Builder::call_ref(const Instruction& insn) {
  call_reference(null_check(pop(), TrapCode::NullFunctionReference), insn.index,
                 is_tail_call(insn.op));
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
