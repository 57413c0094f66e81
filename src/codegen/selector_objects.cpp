// References, structures, arrays and exceptions (spec 4.4.4 to 4.4.6).
#include <algorithm>

#include "codegen/selector_base.hpp"
#include "gc/object.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen {

using ir::RuntimeCall;
using runtime::VMContext;
using wasm::CanonicalType;
using wasm::HeapType;
using wasm::ValType;

namespace {
// What comes first after the type.
constexpr size_t kArrayLength = sizeof(gc::Object);
constexpr size_t kExceptionTag = sizeof(gc::Object);
// Larger structures are cleared by the runtime.
constexpr uint32_t kMostBytesCleared = 128;
}  // namespace

bool SelectorBase::select_object() {
  switch (insn().op) {
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU: {
      const CanonicalType::Field& field = runtime_type(insn().low()).fields[insn().high()];
      load_field(field.storage, insn().op == Op::StructGetS, field_address(field.offset));
      break;
    }
    case Op::StructSet: {
      const CanonicalType::Field& field = runtime_type(insn().low()).fields[insn().high()];
      store_field(field.storage, operand(1), field_address(field.offset));
      break;
    }
    case Op::ArrayLen:  load_field(wasm::kI32, false, field_address(kArrayLength)); break;
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU: {
      const ValType storage = runtime_type(insn().low()).fields[0].storage;
      load_field(storage, insn().op == Op::ArrayGetS, element_address(storage));
      break;
    }
    case Op::ArraySet: {
      const ValType storage = runtime_type(insn().low()).fields[0].storage;
      store_field(storage, operand(2), element_address(storage));
      break;
    }
    case Op::RefGetDesc:
      load_field(wasm::kI64, false, field_address(runtime_type(insn().low()).descriptor_offset));
      break;

    case Op::StructNew: struct_new(); break;
    case Op::StructNewDefault:
      if (runtime_type(insn().low()).bytes > kMostBytesCleared)
        object_operation(RuntimeCall::StructNewDefault);
      else
        struct_new_default();
      break;
    case Op::StructNewDesc:        object_operation(RuntimeCall::StructNewDesc); break;
    case Op::StructNewDefaultDesc: object_operation(RuntimeCall::StructNewDefaultDesc); break;
    case Op::ArrayNew:             object_operation(RuntimeCall::ArrayNew); break;
    case Op::ArrayNewDefault:      object_operation(RuntimeCall::ArrayNewDefault); break;
    case Op::ArrayNewFixed:        object_operation(RuntimeCall::ArrayNewFixed); break;
    case Op::ArrayNewData:         object_operation(RuntimeCall::ArrayNewData); break;
    case Op::ArrayNewElem:         object_operation(RuntimeCall::ArrayNewElem); break;
    case Op::ArrayFill:            object_operation(RuntimeCall::ArrayFill); break;
    case Op::ArrayCopy:            object_operation(RuntimeCall::ArrayCopy); break;
    case Op::ArrayInitData:        object_operation(RuntimeCall::ArrayInitData); break;
    case Op::ArrayInitElem:        object_operation(RuntimeCall::ArrayInitElem); break;

    case Op::RefTest:
    case Op::RefTestNull:
      test_type(vreg(current_), in_register(operand(0)), HeapType::from_bits(insn().low()),
                insn().op == Op::RefTestNull);
      break;
    case Op::RefCast:
    case Op::RefCastNull: {
      const VReg ref = in_register(operand(0));
      const VReg matches = fresh(ValueType::I32);
      test_type(matches, ref, HeapType::from_bits(insn().low()), insn().op == Op::RefCastNull);
      trap_if_zero(matches, 4, insn().trap);
      copy(vreg(current_), ref, ValueType::I64);
      break;
    }
    case Op::RefTestDescEq: {
      const VReg ref = in_register(operand(0));
      const VReg descriptor = in_register(operand(1));
      call_runtime(RuntimeCall::RefTestDescEq, {ref, descriptor}, vreg(current_));
      break;
    }

    case Op::TagAddress: {
      const VReg tags = load_pointer(in_context(offsetof(VMContext, tags)));
      load_field(wasm::kI64, false,
                 at(tags, static_cast<int32_t>(insn().low() * sizeof(runtime::Tag*))));
      break;
    }
    case Op::ExceptionNew: object_operation(RuntimeCall::ExceptionNew); break;
    case Op::ExceptionTag: load_field(wasm::kI64, false, field_address(kExceptionTag)); break;
    case Op::ExceptionGet: {
      const wasm::Module& module = function_.module();
      const auto& params = module.types[module.tags[insn().low()].type].func.params;
      uint32_t slot = 0;
      for (uint32_t i = 0; i < insn().high(); ++i) slot += params[i].slots();
      load_field(params[insn().high()], false,
                 field_address(sizeof(gc::Exception) + slot * sizeof(uint64_t)));
      break;
    }
    default: return false;
  }
  return true;
}

// --- fields and elements

const CanonicalType& SelectorBase::runtime_type(uint32_t index) const {
  return *function_.module().runtime_types[index];
}

Address SelectorBase::field_address(size_t offset) {
  return at(in_register(operand(0)), static_cast<int32_t>(offset));
}

// The index has been checked: what it gives is in the object.
Address SelectorBase::element_address(ValType storage) {
  const uint8_t width = wasm::width_log2(storage);
  Address address = field_address(wasm::kArrayHeaderBytes);
  constexpr uint64_t kNear = uint64_t{1} << 24;
  const Value index = operand(1);
  if (is_constant(index) && function_[index].immediate < kNear) {
    address.displacement += static_cast<int32_t>(function_[index].immediate << width);
    return address;
  }
  address.index = in_register(index);
  scale_index(address, width);
  return address;
}

// --- what the runtime does

void SelectorBase::call_runtime(RuntimeCall call, std::span<const VReg> arguments, VReg result) {
  out_.has_calls = true;
  std::vector<Operand> operands;
  operands.reserve(arguments.size() + 1);
  for (size_t i = 0; i < arguments.size(); ++i)
    operands.push_back(fixed_u(arguments[i], convention_.integer_arguments[i]));
  if (result.exists()) operands.push_back(fixed_d(result, convention_.integer_results[0]));
  Instruction& insn = emit_list(CommonForm::CallRuntime, 0, operands);
  insn.clobbers = kCallClobbers;
  insn.immediate = static_cast<uint64_t>(call);
}

VReg SelectorBase::i32(uint32_t value) {
  const VReg result = fresh(ValueType::I32);
  load_i32(result, value);
  return result;
}

// The operands go to slots on the stack, where a collection finds them.
void SelectorBase::object_operation(RuntimeCall call) {
  const auto values = function_.operands(current_);
  std::vector<VReg> stored;
  uint32_t slots = 0;
  for (const Value value : values) {
    stored.push_back(in_register(value));
    slots += words(value_type(function_.type(value)));
  }
  const uint32_t reserved = convention_.whole_words(slots);
  if (slots != 0) emit(CommonForm::ReserveStack).immediate = reserved;
  uint32_t slot = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const Type type = function_.type(values[i]);
    emit(CommonForm::StoreWord, bytes_of(type), {u(stored[i])}).immediate = slot;
    slot += words(value_type(type));
  }
  std::vector<VReg> arguments = {i32(insn().low())};
  if (call != RuntimeCall::ExceptionNew) arguments.push_back(i32(insn().high()));
  arguments.push_back(fresh(ValueType::I64));
  emit(CommonForm::StackAddress, 8, {d(arguments.back())});
  call_runtime(call, arguments, vregs_[current_.index].exists() ? vregs_[current_.index] : kNoVReg);
  if (slots != 0) emit(CommonForm::ReserveStack).immediate = uint64_t{0} - reserved;
}

VReg SelectorBase::allocate(uint32_t type_index) {
  const VReg object = vregs_[current_.index].exists() ? vreg(current_) : fresh(ValueType::I64);
  const VReg types = load_pointer(in_context(offsetof(VMContext, types)));
  const VReg type = load_pointer(at(types, static_cast<int32_t>(type_index * sizeof(void*))));
  call_runtime(RuntimeCall::ObjectAllocate, {type, i32(runtime_type(type_index).bytes)}, object);
  return object;
}

// What goes into the fields lives across the call, where a collection finds it.
void SelectorBase::struct_new() {
  const VReg object = allocate(insn().low());
  const auto& fields = runtime_type(insn().low()).fields;
  for (uint32_t i = 0; i < fields.size(); ++i)
    store_field(fields[i].storage, operand(i), at(object, static_cast<int32_t>(fields[i].offset)));
}

void SelectorBase::struct_new_default() {
  const VReg object = allocate(insn().low());
  const uint32_t bytes = runtime_type(insn().low()).bytes;
  for (uint32_t offset = wasm::kObjectHeaderBytes; offset < bytes; offset += kWordBytes)
    store_zero(at(object, static_cast<int32_t>(offset)));
}

// --- casts

void SelectorBase::test_type(VReg result, VReg ref, HeapType heap, bool nullable) {
  if (heap.is_concrete())
    return test_concrete_type(result, ref, heap.index(), heap.is_exact(), nullable);
  switch (heap.abstract()) {
    using enum HeapType::Abstract;
    case Any:
    case Extern:
    case Func:
    case Exn:
    case None:
    case NoExtern:
    case NoFunc:
    case NoExn:    {
      // All references or none, but null.
      const bool is_top = heap == Any || heap == Extern || heap == Func || heap == Exn;
      if (is_top == nullable) return load_i32(result, nullable);
      return set_null_test(result, ref, !is_top);
    }
    default: break;
  }
  Instruction& insn =
      emit(CommonForm::TestKind, 8, {early_d(result), early_d(fresh(ValueType::I64)), u(ref)});
  insn.immediate = heap.bits();
  insn.condition = nullable;
}

void SelectorBase::test_concrete_type(VReg result, VReg ref, uint32_t index, bool is_exact,
                                      bool nullable) {
  const CanonicalType& type = runtime_type(index);
  const VReg types = load_pointer(in_context(offsetof(VMContext, types)));
  const VReg target = load_pointer(at(types, static_cast<int32_t>(index * sizeof(void*))));
  Instruction& insn = emit(CommonForm::TestType, 8,
                           {early_d(result), early_d(fresh(ValueType::I64)), u(ref), u(target)});
  insn.immediate = type.depth;
  uint8_t how = 0;
  if (nullable) how |= test_type::Nullable;
  if (is_exact || function_.module().types[index].is_final) how |= test_type::Exact;
  if (type.kind == CanonicalType::Kind::Func) how |= test_type::Function;
  insn.condition = how;
}

}  // namespace wrun::codegen
