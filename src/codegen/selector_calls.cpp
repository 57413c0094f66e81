// Parameters, results and calls.
#include "codegen/selector_base.hpp"
#include "runtime/stack.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen {

using runtime::FuncRef;
using runtime::VMContext;

bool SelectorBase::select_call() {
  switch (insn().op) {
    case Op::Nop:    break;
    case Op::Jump:   emit(CommonForm::Jump); break;
    case Op::Switch: {
      const VReg index = in_register(operand(0));
      emit(CommonForm::Switch, 0,
           {early_d(fresh(ValueType::I64)), early_d(fresh(ValueType::I64)), u(index)});
      break;
    }
    case Op::Return:          return_values(); break;
    case Op::Unreachable:     may_trap(emit(CommonForm::Trap), insn().trap); break;
    case Op::Call:
    case Op::CallRef:
    case Op::Invoke:
    case Op::InvokeRef:       call(); break;
    case Op::ThrowRef:        throw_reference(); break;
    case Op::CaughtException: {
      const VReg stack = load_pointer(in_context(offsetof(VMContext, stack)));
      load_field(wasm::kI64, false, at(stack, offsetof(runtime::StackState, landing_exception)));
      break;
    }
    case Op::ReturnCall:
    case Op::ReturnCallRef: tail_call(); break;
    case Op::CallRuntime:   call_runtime(); break;
    default:                return false;
  }
  return true;
}

void SelectorBase::params() {
  LocationSequence sequence = LocationSequence::arguments(convention_);
  std::vector<Operand> in_registers;
  std::vector<std::pair<Value, uint32_t>> on_stack;
  const auto types = function_.entry_params();
  const auto values = function_.params(function_.entry());
  for (size_t i = 0; i < types.size(); ++i) {
    const ValueLocation location = sequence.next(types[i]);
    if (!vregs_[values[i].index].exists()) continue;
    if (location.in_register())
      in_registers.push_back(fixed_d(vreg(values[i]), location.reg));
    else
      on_stack.push_back({values[i], location.stack_word});
  }
  emit_list(CommonForm::Params, 0, in_registers);
  for (const auto& [value, word] : on_stack)
    emit(CommonForm::LoadParam, bytes_of(function_.type(value)), {d(vreg(value))}).immediate = word;
}

void SelectorBase::return_values() {
  LocationSequence sequence = LocationSequence::results(convention_);
  std::vector<Operand> operands;
  const auto& types = function_.type().results;
  for (uint32_t i = 0; i < types.size(); ++i) {
    const ValueLocation location = sequence.next(types[i]);
    const VReg value = in_register(operand(i));
    if (location.in_register())
      operands.push_back(fixed_u(value, location.reg));
    else
      emit(CommonForm::StoreResult, bytes_of(function_.type(operand(i))), {u(value)}).immediate =
          location.stack_word;
  }
  emit_list(CommonForm::Return, 0, operands);
}

bool SelectorBase::calls_reference() const {
  return insn().op == Op::CallRef || insn().op == Op::InvokeRef || insn().op == Op::ReturnCallRef;
}

const wasm::FuncType& SelectorBase::callee_type() const {
  const wasm::Module& module = function_.module();
  return calls_reference() ? module.types[insn().low()].func : module.func_type(insn().low());
}

// The operands of a call; gives the number of stack words.
uint32_t SelectorBase::arguments(std::vector<Operand>& operands, std::span<const Value> values,
                                 std::vector<std::pair<Value, uint32_t>>& on_stack) {
  LocationSequence sequence = LocationSequence::arguments(convention_);
  for (Value value : values) {
    const ValueType type = value_type(function_.type(value));
    const ValueLocation location = sequence.next(reg_class(type), words(type));
    if (location.in_register())
      operands.push_back(fixed_u(in_register(value), location.reg));
    else
      on_stack.push_back({value, location.stack_word});
  }
  return sequence.stack_words();
}

// Finds the callee and puts the arguments where they go: those on the stack below room for the results.
SelectorBase::OutgoingCall SelectorBase::outgoing_call(CommonForm direct, CommonForm foreign,
                                                       CommonForm reference,
                                                       uint32_t words_of_results) {
  out_.has_calls = true;
  OutgoingCall call = {.form = direct};
  auto values = function_.operands(current_);
  VReg callee;
  if (calls_reference()) {
    call.form = reference;
    callee = in_register(operand(0));
    values = values.subspan(1);
  } else if (function_.module().is_imported(insn().low())) {
    call.form = foreign;
    const VReg functions = load_pointer(in_context(offsetof(VMContext, functions)));
    callee = load_pointer(at(functions, static_cast<int32_t>(insn().low() * sizeof(FuncRef*))));
  }
  std::vector<std::pair<Value, uint32_t>> on_stack;
  call.argument_words = arguments(call.operands, values, on_stack);
  if (callee.exists()) call.operands.push_back(fixed_u(callee, convention_.callee));

  std::vector<VReg> stored;
  stored.reserve(on_stack.size());
  for (const auto& [value, word] : on_stack) stored.push_back(in_register(value));
  if (call.argument_words + words_of_results != 0)
    emit(CommonForm::ReserveStack).immediate = call.argument_words + words_of_results;
  for (size_t i = 0; i < on_stack.size(); ++i)
    emit(CommonForm::StoreWord, bytes_of(function_.type(on_stack[i].first)), {u(stored[i])})
        .immediate = on_stack[i].second;
  return call;
}

void SelectorBase::call() {
  const bool has_landing = insn().op == Op::Invoke || insn().op == Op::InvokeRef;
  const wasm::FuncType& type = callee_type();
  const uint32_t words_of_results = result_words(convention_, type);
  auto [form, argument_words, operands] = outgoing_call(
      CommonForm::CallDirect, CommonForm::CallForeign, CommonForm::CallReference, words_of_results);

  LocationSequence sequence = LocationSequence::results(convention_);
  std::vector<std::pair<Value, uint32_t>> results_on_stack;
  for (uint32_t i = 0; i < type.results.size(); ++i) {
    const ValueLocation location = sequence.next(type.results[i]);
    const Value result = result_of_current(i);
    if (!result.exists() || !vregs_[result.index].exists()) continue;
    if (location.in_register())
      operands.push_back(fixed_d(vreg(result), location.reg));
    else
      results_on_stack.push_back({result, location.stack_word});
  }
  Instruction& call = emit_list(form, 0, operands);
  call.clobbers = kCallClobbers;
  call.immediate = insn().low() | uint64_t{argument_words} << 32;
  call.condition = has_landing;
  if (has_landing)
    call.displacement =
        static_cast<int32_t>(function_[function_[function_.edges(current_)[1].target].first].low());
  for (const auto& [value, word] : results_on_stack)
    emit(CommonForm::LoadWord, bytes_of(function_.type(value)), {d(vreg(value))}).immediate = word;
  if (words_of_results != 0)
    emit(CommonForm::ReserveStack).immediate = uint64_t{0} - words_of_results;
  if (has_landing) emit(CommonForm::Invoke);
}

void SelectorBase::throw_reference() {
  const VReg exception = in_register(operand(0));
  call_runtime(ir::RuntimeCall::ThrowRef, {exception}, kNoVReg);
  may_trap(emit(CommonForm::Trap), TrapCode::Unreachable);  // it does not come back
}

void SelectorBase::tail_call() {
  const auto [form, argument_words, operands] = outgoing_call(
      CommonForm::TailCallDirect, CommonForm::TailCallForeign, CommonForm::TailCallReference, 0);
  Instruction& call = emit_list(form, 0, operands);
  call.clobbers = kCallClobbers;
  call.immediate = uint64_t{insn().low()} | uint64_t{argument_words} << 32;
}

void SelectorBase::call_runtime() {
  out_.has_calls = true;
  const ir::RuntimeCallInfo& info = ir::info(insn().runtime_call());
  std::vector<Operand> operands;
  std::vector<std::pair<Value, uint32_t>> on_stack;
  if (arguments(operands, function_.operands(current_), on_stack) != 0)
    return unsupported(current_);
  if (info.result != 0 && vregs_[current_.index].exists())
    operands.push_back(fixed_d(vreg(current_), convention_.integer_results[0]));
  Instruction& call = emit_list(CommonForm::CallRuntime, 0, operands);
  call.clobbers = kCallClobbers;
  call.immediate = static_cast<uint64_t>(insn().runtime_call());
}

}  // namespace wrun::codegen
