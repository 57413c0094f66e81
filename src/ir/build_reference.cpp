// References, structures, arrays and casts.
#include "ir/builder.hpp"

namespace wrun::ir {

using WasmOp = wasm::Op;

void Builder::reference(const Instruction& insn) {
  switch (insn.op) {
    case WasmOp::RefNull:      return push(function_.null());
    case WasmOp::RefFunc:      return push(emit(Op::RefFunc, Type::Ref, {}, {}, {}, insn.index));
    case WasmOp::RefIsNull:    return push(emit(Op::RefIsNull, Type::I32, pop()));
    case WasmOp::RefAsNonNull: return push(null_check(pop(), TrapCode::NullReference));
    case WasmOp::RefEq:        {
      const Value b = pop();
      return push(emit(Op::RefEq, Type::I32, pop(), b));
    }
    case WasmOp::RefI31: return push(emit(Op::RefI31, Type::Ref, pop()));
    case WasmOp::I31GetS:
    case WasmOp::I31GetU:
      return push(
          emit(from_wasm(insn.op), Type::I32, null_check(pop(), TrapCode::NullI31Reference)));
    // Both hierarchies represent a reference in the same way.
    case WasmOp::AnyConvertExtern:
    case WasmOp::ExternConvertAny: return;
    case WasmOp::RefTest:
    case WasmOp::RefTestNull:
      return push(test_of(pop(), insn.heap, insn.op == WasmOp::RefTestNull));
    case WasmOp::RefCast:
    case WasmOp::RefCastNull:
      return push(emit_trapping(from_wasm(insn.op), Type::Ref, TrapCode::CastFailure, pop(), {},
                                insn.heap.bits()));
    case WasmOp::BrOnCast:     return br_on_cast(insn, false);
    case WasmOp::BrOnCastFail: return br_on_cast(insn, true);
    case WasmOp::RefGetDesc:
      return push(emit(Op::RefGetDesc, Type::Ref, null_check(pop(), TrapCode::NullReference), {},
                       {}, insn.index));
    case WasmOp::RefCastDescEq:
    case WasmOp::RefCastDescEqNull:  return ref_cast_desc_eq(insn);
    case WasmOp::BrOnCastDescEq:     return br_on_cast_desc_eq(insn, false);
    case WasmOp::BrOnCastDescEqFail: return br_on_cast_desc_eq(insn, true);
    case WasmOp::StructGet:
    case WasmOp::StructGetS:
    case WasmOp::StructGetU:         return struct_get(insn);
    case WasmOp::StructSet:          return struct_set(insn);
    case WasmOp::ArrayGet:
    case WasmOp::ArrayGetS:
    case WasmOp::ArrayGetU:          return array_get(insn);
    case WasmOp::ArraySet:           return array_set(insn);
    case WasmOp::ArrayLen:
      return push(emit(Op::ArrayLen, Type::I32, null_check(pop(), TrapCode::NullArrayReference)));
    default: return object_operation(insn);
  }
}

// --- fields and elements

void Builder::struct_get(const Instruction& insn) {
  const Type type = type_of(module_.types[insn.index].fields[insn.index2].storage);
  const Value structure = null_check(pop(), TrapCode::NullStructureReference);
  push(emit(from_wasm(insn.op), type, structure, {}, {}, pair(insn.index, insn.index2)));
}

void Builder::struct_set(const Instruction& insn) {
  const Value value = pop();
  const Value structure = null_check(pop(), TrapCode::NullStructureReference);
  emit(Op::StructSet, Type::None, structure, value, {}, pair(insn.index, insn.index2));
}

// An index into an array that is not null, checked.
Value Builder::array_index(Value array, Value index) {
  const Value length = emit(Op::ArrayLen, Type::I32, array);
  return bounds_check(index, length, 1, TrapCode::OutOfBoundsArrayAccess);
}

void Builder::array_get(const Instruction& insn) {
  const Type type = type_of(module_.types[insn.index].fields[0].storage);
  const Value index = pop();
  const Value array = null_check(pop(), TrapCode::NullArrayReference);
  push(emit(from_wasm(insn.op), type, array, array_index(array, index), {}, insn.index));
}

void Builder::array_set(const Instruction& insn) {
  const Value value = pop();
  const Value index = pop();
  const Value array = null_check(pop(), TrapCode::NullArrayReference);
  emit(Op::ArraySet, Type::None, array, array_index(array, index), value, insn.index);
}

// Instructions that the runtime has a function for.
void Builder::object_operation(const Instruction& insn) {
  const auto fields = static_cast<uint32_t>(module_.types[insn.index].fields.size());
  uint32_t operands = 0;
  uint32_t immediate = 0;
  bool has_result = true;
  switch (insn.op) {
    case WasmOp::StructNew:            operands = fields; break;
    case WasmOp::StructNewDefault:     break;
    case WasmOp::StructNewDesc:        operands = fields + 1; break;
    case WasmOp::StructNewDefaultDesc: operands = 1; break;
    case WasmOp::ArrayNew:             operands = 2; break;
    case WasmOp::ArrayNewDefault:      operands = 1; break;
    case WasmOp::ArrayNewFixed:        operands = immediate = insn.index2; break;
    case WasmOp::ArrayNewData:
    case WasmOp::ArrayNewElem:
      operands = 2;
      immediate = insn.index2;
      break;
    case WasmOp::ArrayFill:
      operands = 4;
      has_result = false;
      break;
    case WasmOp::ArrayCopy:
      operands = 5;
      immediate = insn.index2;
      has_result = false;
      break;
    case WasmOp::ArrayInitData:
    case WasmOp::ArrayInitElem:
      operands = 4;
      immediate = insn.index2;
      has_result = false;
      break;
    default: return unsupported(wasm::text(insn.op));
  }
  const Value value = emit_list(from_wasm(insn.op), has_result ? Type::Ref : Type::None,
                                top(operands), pair(insn.index, immediate));
  drop(operands);
  if (has_result) push(value);
}

// --- casts

Value Builder::test_of(Value reference, wasm::HeapType heap, bool nullable) {
  return emit(nullable ? Op::RefTestNull : Op::RefTest, Type::I32, reference, {}, {}, heap.bits());
}

void Builder::br_on_cast(const Instruction& insn, bool on_fail) {
  const bool nullable = (insn.lane & binary::kCastTargetNullable) != 0;
  branch_if(test_of(stack_.back(), insn.heap2, nullable), insn.index, !on_fail);
}

// Whether the reference has the descriptor, or is null and may be.
Value Builder::has_descriptor(Value reference, Value descriptor, bool nullable) {
  const Value checked = null_check(descriptor, TrapCode::NullDescriptorReference);
  const Value equal = emit(Op::RefTestDescEq, Type::I32, reference, checked);
  if (!nullable) return equal;
  return emit(Op::I32Or, Type::I32, equal, emit(Op::RefIsNull, Type::I32, reference));
}

void Builder::ref_cast_desc_eq(const Instruction& insn) {
  const Value descriptor = pop();
  const Value described =
      has_descriptor(stack_.back(), descriptor, insn.op == WasmOp::RefCastDescEqNull);
  trap_if(emit(Op::I32Eqz, Type::I32, described), TrapCode::DescriptorCastFailure);
}

void Builder::br_on_cast_desc_eq(const Instruction& insn, bool on_fail) {
  const Value descriptor = pop();
  const bool nullable = (insn.lane & binary::kCastTargetNullable) != 0;
  branch_if(has_descriptor(stack_.back(), descriptor, nullable), insn.index, !on_fail);
}

}  // namespace wrun::ir
