#include "text/arity.hpp"

namespace wrun::text {

using wasm::Op;

ArityCounter::ArityCounter(const wasm::Module& module, uint32_t function) : module_(module) {
  labels_.push_back(of(module.func_type(function)).results);
}

Arity ArityCounter::of_block(const binary::BlockType& type) const {
  switch (type.form) {
    case binary::BlockType::Form::Empty: return {0, 0};
    case binary::BlockType::Form::Value: return {0, 1};
    case binary::BlockType::Form::Type:  return of_type(type.type);
  }
  return {};
}

void ArityCounter::open(const binary::Instruction& insn) {
  const Arity arity = of_block(insn.block);
  labels_.push_back(insn.op == Op::Loop ? arity.params : arity.results);
}

Arity ArityCounter::of(const binary::InstructionReader<true>& reader,
                       const binary::Instruction& insn) const {
  const wasm::OpSignature& signature = wasm::info(insn.op).signature;
  if (!signature.special) return {signature.param_count, signature.result_count};
  return of_special(reader, insn);
}

Arity ArityCounter::of_special(const binary::InstructionReader<true>& reader,
                               const binary::Instruction& insn) const {
  // The operand after the arguments: an index, or a reference to the callee.
  const auto with_callee = [](Arity arity) { return Arity{arity.params + 1, arity.results}; };
  const auto without_results = [](Arity arity) { return Arity{arity.params, 0}; };
  switch (insn.op) {
    case Op::LocalGet:
    case Op::GlobalGet:
    case Op::TableSize:
    case Op::MemorySize:
    case Op::RefNull:
    case Op::RefFunc:
    case Op::StructNewDefault:     return {0, 1};
    case Op::LocalSet:
    case Op::GlobalSet:
    case Op::Drop:
    case Op::ThrowRef:             return {1, 0};
    case Op::LocalTee:
    case Op::TableGet:
    case Op::MemoryGrow:
    case Op::RefIsNull:
    case Op::RefAsNonNull:
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU:
    case Op::ArrayNewDefault:
    case Op::StructNewDefaultDesc:
    case Op::RefGetDesc:
    case Op::ArrayLen:
    case Op::RefTest:
    case Op::RefTestNull:
    case Op::RefCast:
    case Op::RefCastNull:
    case Op::RefI31:
    case Op::I31GetS:
    case Op::I31GetU:
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny:     return {1, 1};
    case Op::TableSet:
    case Op::StructSet:            return {2, 0};
    case Op::TableGrow:
    case Op::RefEq:
    case Op::RefCastDescEq:
    case Op::RefCastDescEqNull:
    case Op::ArrayNew:
    case Op::ArrayNewData:
    case Op::ArrayNewElem:
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU:            return {2, 1};
    case Op::Select:
    case Op::SelectT:              return {3, 1};
    case Op::TableFill:
    case Op::TableCopy:
    case Op::TableInit:
    case Op::MemoryFill:
    case Op::MemoryCopy:
    case Op::MemoryInit:
    case Op::ArraySet:             return {3, 0};
    case Op::ArrayFill:
    case Op::ArrayInitData:
    case Op::ArrayInitElem:        return {4, 0};
    case Op::ArrayCopy:            return {5, 0};
    case Op::ArrayNewFixed:        return {insn.index2, 1};
    case Op::StructNew:            return {static_cast<uint32_t>(module_.types[insn.index].fields.size()), 1};
    case Op::StructNewDesc:
      return {static_cast<uint32_t>(module_.types[insn.index].fields.size()) + 1, 1};
    case Op::Br:                 return {label(insn.index), 0};
    case Op::BrIf:               return {label(insn.index) + 1, label(insn.index)};
    case Op::BrTable:            return {label(reader.labels(insn).next()) + 1, 0};
    case Op::BrOnNull:           return {label(insn.index) + 1, label(insn.index) + 1};
    case Op::BrOnNonNull:        return {label(insn.index), label(insn.index) - 1};
    case Op::BrOnCast:
    case Op::BrOnCastFail:       return {label(insn.index), label(insn.index)};
    case Op::BrOnCastDescEq:
    case Op::BrOnCastDescEqFail: return {label(insn.index) + 1, label(insn.index)};
    case Op::Return:             return {labels_.front(), 0};
    case Op::Call:               return of(module_.func_type(insn.index));
    case Op::ReturnCall:         return without_results(of(module_.func_type(insn.index)));
    case Op::CallIndirect:
    case Op::CallRef:            return with_callee(of_type(insn.index));
    case Op::ReturnCallIndirect:
    case Op::ReturnCallRef:      return without_results(with_callee(of_type(insn.index)));
    case Op::Throw:              return without_results(of_type(module_.tags[insn.index].type));
    default:                     return {0, 0};
  }
}

}  // namespace wrun::text
