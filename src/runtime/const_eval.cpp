#include "runtime/const_eval.hpp"

#include <string>
#include <vector>

#include "base/assert.hpp"
#include "binary/instruction_reader.hpp"
#include "wasm/opcodes.hpp"

namespace wrun::runtime {
namespace {

using wasm::Op;

GlobalCell cell(uint64_t low, uint64_t high = 0) {
  GlobalCell value;
  value.slots[0] = low;
  value.slots[1] = high;
  return value;
}

// The expression has been validated: operands are there and have the right types.
class OperandStack {
 public:
  void push(GlobalCell value) { values_.push_back(value); }
  void push(uint64_t low) { push(cell(low)); }
  GlobalCell pop() {
    WRUN_CHECK(!values_.empty());
    const GlobalCell value = values_.back();
    values_.pop_back();
    return value;
  }
  template <class Operation>
  void binary(Operation operation) {
    const uint64_t right = pop().slots[0];
    const uint64_t left = pop().slots[0];
    push(operation(left, right));
  }

 private:
  std::vector<GlobalCell> values_;
};

constexpr uint64_t add(uint64_t a, uint64_t b) { return a + b; }
constexpr uint64_t subtract(uint64_t a, uint64_t b) { return a - b; }
constexpr uint64_t multiply(uint64_t a, uint64_t b) { return a * b; }

// Wrap-around arithmetic of the low halves is that of 32 bits.
template <uint64_t (*kOperation)(uint64_t, uint64_t)>
constexpr uint64_t narrow(uint64_t a, uint64_t b) {
  return static_cast<uint32_t>(kOperation(a, b));
}

// False: the instruction is not one that is evaluated here.
bool step(const binary::Instruction& instruction, const VMContext& vm, OperandStack& stack) {
  switch (instruction.op) {
    case Op::I32Const:
    case Op::I64Const:
    case Op::F32Const:
    case Op::F64Const:  stack.push(instruction.value); return true;
    case Op::V128Const: stack.push(cell(instruction.value, instruction.value_high)); return true;
    case Op::I32Add:    stack.binary(narrow<add>); return true;
    case Op::I32Sub:    stack.binary(narrow<subtract>); return true;
    case Op::I32Mul:    stack.binary(narrow<multiply>); return true;
    case Op::I64Add:    stack.binary(add); return true;
    case Op::I64Sub:    stack.binary(subtract); return true;
    case Op::I64Mul:    stack.binary(multiply); return true;
    case Op::GlobalGet: stack.push(*vm.globals[instruction.index]); return true;
    case Op::RefNull:   stack.push(0); return true;
    case Op::RefFunc:   stack.push(to_ref(vm.functions[instruction.index])); return true;
    default:            return false;
  }
}

Result<GlobalCell> evaluate_general(const wasm::Module& module, const wasm::ConstExpr& expression,
                                    const VMContext& vm) {
  binary::InstructionReader<true> reader(module.bytes.data(), expression.offset,
                                         static_cast<uint32_t>(module.bytes.size()));
  OperandStack stack;
  binary::Instruction instruction;
  while (reader.next(instruction) && instruction.op != Op::End) {
    if (step(instruction, vm, stack)) continue;
    return fail_at(Error::Kind::Unsupported, instruction.offset,
                   "instruction not supported in a constant expression: " +
                       std::string(wasm::text(instruction.op)));
  }
  return stack.pop();
}

}  // namespace

Result<GlobalCell> evaluate_const(const wasm::Module& module, const wasm::ConstExpr& expression,
                                  const VMContext& vm) {
  using Form = wasm::ConstExpr::Form;
  switch (expression.form) {
    case Form::I32:
    case Form::F32:       return cell(static_cast<uint32_t>(expression.value));
    case Form::I64:
    case Form::F64:       return cell(expression.value);
    case Form::RefNull:   return GlobalCell{};
    case Form::RefFunc:   return cell(to_ref(vm.functions[expression.value]));
    case Form::GlobalGet: return *vm.globals[expression.value];
    case Form::General:   return evaluate_general(module, expression, vm);
  }
  WRUN_UNREACHABLE();
}

}  // namespace wrun::runtime
