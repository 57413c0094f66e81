#include "runtime/const_eval.hpp"

#include <string>
#include <vector>

#include "base/assert.hpp"
#include "binary/instruction_reader.hpp"
#include "runtime/gc_operations.hpp"
#include "runtime/store.hpp"
#include "wasm/opcodes.hpp"

namespace wrun::runtime {
namespace {

using wasm::Op;

Error to_error(TrapCode code) {
  Trap trap;
  trap.code = code;
  trap.message = trap_message(code);
  Error error;
  error.kind = Error::Kind::Trap;
  error.message = trap.message;
  error.trap = std::make_shared<const Trap>(std::move(trap));
  return error;
}

GlobalCell cell(uint64_t low, uint64_t high = 0) {
  GlobalCell value;
  value.slots[0] = low;
  value.slots[1] = high;
  return value;
}

constexpr uint64_t add(uint64_t a, uint64_t b) { return a + b; }
constexpr uint64_t subtract(uint64_t a, uint64_t b) { return a - b; }
constexpr uint64_t multiply(uint64_t a, uint64_t b) { return a * b; }

// Wrap-around arithmetic of the low halves is that of 32 bits.
template <uint64_t (*kOperation)(uint64_t, uint64_t)>
constexpr uint64_t narrow(uint64_t a, uint64_t b) {
  return static_cast<uint32_t>(kOperation(a, b));
}

uint32_t slots_of(std::span<const wasm::CanonicalType::Field> fields) {
  uint32_t slots = 0;
  for (const wasm::CanonicalType::Field& field : fields) slots += field.storage.slots();
  return slots;
}

// The operand stack of an expression that has been validated: operands are there and have the right
// types. v128 takes two slots.
class Evaluator {
 public:
  Evaluator(const wasm::Module& module, VMContext& vm)
      : module_(module), vm_(vm), roots_(*vm.store), slots_(roots_.slots) {}

  TrapCode step(const binary::Instruction& instruction);
  GlobalCell result() const { return cell(slots_.front(), slots_.size() > 1 ? slots_[1] : 0); }

 private:
  void push(uint64_t slot) { slots_.push_back(slot); }
  void push(GlobalCell value, wasm::ValType type) {
    slots_.insert(slots_.end(), value.slots, value.slots + type.slots());
  }
  template <class Operation>
  TrapCode binary(Operation operation) {
    const uint64_t right = slots_.back();
    slots_.pop_back();
    slots_.back() = operation(slots_.back(), right);
    return TrapCode::None;
  }
  TrapCode make_object(const binary::Instruction& instruction);

  const wasm::Module& module_;
  VMContext& vm_;
  TemporaryRoots roots_;
  std::vector<uint64_t>& slots_;
};

// How to make an object, and from how many slots.
struct Construction {
  ObjectOperation* operation;
  uint32_t slots;
};

Construction construction_of(const binary::Instruction& instruction,
                             const wasm::CanonicalType& type) {
  const uint32_t fields = slots_of(type.fields);
  switch (instruction.op) {
    case Op::StructNew:            return {struct_new, fields};
    case Op::StructNewDesc:        return {struct_new_desc, fields + 1};
    case Op::StructNewDefault:     return {struct_new_default, 0};
    case Op::StructNewDefaultDesc: return {struct_new_default_desc, 1};
    case Op::ArrayNew:             return {array_new, fields + 1};
    case Op::ArrayNewDefault:      return {array_new_default, 1};
    case Op::ArrayNewFixed:        return {array_new_fixed, fields * instruction.index2};
    default:                       WRUN_UNREACHABLE();
  }
}

TrapCode Evaluator::make_object(const binary::Instruction& instruction) {
  const wasm::CanonicalType& type =
      vm_.store->types().type(module_.canonical_types[instruction.index]);
  const Construction construction = construction_of(instruction, type);
  WRUN_CHECK(construction.slots <= slots_.size());
  ObjectOperands operands;
  operands.type = &type;
  operands.immediate = instruction.index2;
  operands.slots = slots_.data() + slots_.size() - construction.slots;
  gc::Reference object = gc::kNull;
  const TrapCode code = construction.operation(vm_, operands, object);
  slots_.resize(slots_.size() - construction.slots);
  push(object);
  return code;
}

TrapCode Evaluator::step(const binary::Instruction& instruction) {
  switch (instruction.op) {
    case Op::I32Const:
    case Op::I64Const:
    case Op::F32Const:
    case Op::F64Const: push(instruction.value); return TrapCode::None;
    case Op::V128Const:
      push(cell(instruction.value, instruction.value_high), wasm::kV128);
      return TrapCode::None;
    case Op::I32Add: return binary(narrow<add>);
    case Op::I32Sub: return binary(narrow<subtract>);
    case Op::I32Mul: return binary(narrow<multiply>);
    case Op::I64Add: return binary(add);
    case Op::I64Sub: return binary(subtract);
    case Op::I64Mul: return binary(multiply);
    case Op::GlobalGet:
      push(*vm_.globals[instruction.index], module_.globals[instruction.index].type.content);
      return TrapCode::None;
    case Op::RefNull: push(0); return TrapCode::None;
    case Op::RefFunc: push(to_ref(vm_.functions[instruction.index])); return TrapCode::None;
    case Op::RefI31:
      slots_.back() = gc::from_i31(static_cast<uint32_t>(slots_.back()));
      return TrapCode::None;
    // Both hierarchies represent a reference in the same way.
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny: return TrapCode::None;
    default:                   return make_object(instruction);
  }
}

Result<GlobalCell> evaluate_general(const wasm::Module& module, const wasm::ConstExpr& expression,
                                    VMContext& vm) {
  binary::InstructionReader<true> reader(module.bytes.data(), expression.offset,
                                         static_cast<uint32_t>(module.bytes.size()));
  Evaluator evaluator(module, vm);
  binary::Instruction instruction;
  while (reader.next(instruction) && instruction.op != Op::End) {
    const TrapCode code = evaluator.step(instruction);
    if (code != TrapCode::None) return std::unexpected(to_error(code));
  }
  return evaluator.result();
}

}  // namespace

Result<GlobalCell> evaluate_const(const wasm::Module& module, const wasm::ConstExpr& expression,
                                  VMContext& vm) {
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
