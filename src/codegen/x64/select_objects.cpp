// References, structures, arrays and exceptions (spec 4.4.4 to 4.4.6).
#include <algorithm>

#include "codegen/x64/selector.hpp"
#include "gc/object.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::x64 {

using ir::RuntimeCall;
using runtime::FuncRef;
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

bool Selector::select_object() {
  switch (insn().op) {
    case Op::RefI31: {
      const VReg shifted = fresh(ValueType::I32);
      emit(Form::TiedImm, Id::kIdShl, 4, {tied_d(shifted), tied_u(low_half(operand(0)))})
          .immediate = 1;
      emit(Form::TiedImm, Id::kIdOr, 4, {tied_d(vreg(current_)), tied_u(shifted)}).immediate = 1;
      break;
    }
    case Op::I31GetS:
    case Op::I31GetU: {
      const InstId id = insn().op == Op::I31GetS ? Id::kIdSar : Id::kIdShr;
      const VReg from = in_register(operand(0));
      emit(Form::TiedImm, id, 4, {tied_d(vreg(current_)), tied_u(from)}).immediate = 1;
      break;
    }
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
    case Op::ArrayLen:
      emit(Form::Unary, Id::kIdMov, 4, {d(vreg(current_))}, field_address(kArrayLength)).trap = 0;
      break;
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
      trap_if_zero(matches, insn().trap);
      emit(Form::Copy, Id::kIdMov, 8, {d(vreg(current_)), any_u(ref)});
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

const CanonicalType& Selector::runtime_type(uint32_t index) const {
  return *function_.module().runtime_types[index];
}

Address Selector::field_address(size_t offset) {
  return at(in_register(operand(0)), static_cast<int32_t>(offset));
}

// The index has been checked: what it gives is in the object.
Address Selector::element_address(ValType storage) {
  const uint8_t width = wasm::width_log2(storage);
  Address address = field_address(wasm::kArrayHeaderBytes);
  constexpr uint64_t kNear = uint64_t{1} << 24;
  const Value index = operand(1);
  if (is_constant(index) && function_[index].immediate < kNear) {
    address.displacement += static_cast<int32_t>(function_[index].immediate << width);
    return address;
  }
  address.index = in_register(index);
  address.scale_log2 = std::min<uint8_t>(width, 3);
  if (width <= 3) return address;
  const VReg doubled = fresh(ValueType::I64);
  emit(Form::TiedImm, Id::kIdShl, 8, {tied_d(doubled), tied_u(address.index)}).immediate = 1;
  address.index = doubled;
  return address;
}

void Selector::load_field(ValType storage, bool is_signed, const Address& from) {
  InstId id = Id::kIdMov;
  uint8_t size = 8;
  const auto bytes = static_cast<uint8_t>(1u << wasm::width_log2(storage));
  switch (storage.kind()) {
    case ValType::Kind::I8:
    case ValType::Kind::I16:
      id = is_signed ? Id::kIdMovsx : Id::kIdMovzx;
      size = 4;
      break;
    case ValType::Kind::I32:  size = 4; break;
    case ValType::Kind::F32:  id = Id::kIdVmovss; break;
    case ValType::Kind::F64:  id = Id::kIdVmovsd; break;
    case ValType::Kind::V128: id = Id::kIdVmovups; break;
    default:                  break;
  }
  Instruction& load = emit(Form::Unary, id, size, {d(vreg(current_))}, from);
  load.condition = bytes;
  load.trap = 0;
}

void Selector::store_field(ValType storage, Value value, const Address& to) {
  const auto bytes = static_cast<uint8_t>(1u << wasm::width_log2(storage));
  InstId id = Id::kIdMov;
  if (storage.kind() == ValType::Kind::F32) id = Id::kIdVmovss;
  if (storage.kind() == ValType::Kind::F64) id = Id::kIdVmovsd;
  if (storage.kind() == ValType::Kind::V128) id = Id::kIdVmovups;
  if (const auto constant = immediate(value)) {
    Instruction& store = emit(Form::StoreImm, id, bytes, {}, to);
    store.immediate = static_cast<uint64_t>(int64_t{*constant});
    store.trap = 0;
    return;
  }
  const VReg stored = id == Id::kIdMov && bytes <= 4 ? low_half(value) : in_register(value);
  emit(Form::Store, id, bytes, {u(stored)}, to).trap = 0;
}

// --- what the runtime does

void Selector::call_runtime(RuntimeCall call, std::span<const VReg> arguments, VReg result) {
  out_.has_calls = true;
  std::vector<Operand> operands;
  for (size_t i = 0; i < arguments.size(); ++i)
    operands.push_back(fixed_u(arguments[i], kConvention.integer_arguments[i]));
  if (result.exists()) operands.push_back(fixed_d(result, kConvention.integer_results[0]));
  Instruction& insn = emit_list(Form::CallRuntime, 0, 0, operands);
  insn.clobbers = kCallClobbers;
  insn.immediate = static_cast<uint64_t>(call);
}

VReg Selector::i32(uint32_t value) {
  const VReg result = fresh(ValueType::I32);
  emit(Form::LoadConstant, Id::kIdMov, 4, {d(result)}).immediate = value;
  return result;
}

// The operands go to slots on the stack, where a collection finds them.
void Selector::object_operation(RuntimeCall call) {
  const auto values = function_.operands(current_);
  std::vector<VReg> stored;
  uint32_t slots = 0;
  for (const Value value : values) {
    stored.push_back(in_register(value));
    slots += words(value_type(function_.type(value)));
  }
  if (slots != 0) emit(Form::ReserveStack, 0, 0, {}).immediate = slots;
  uint32_t slot = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const Type type = function_.type(values[i]);
    emit(Form::StoreWord, 0, bytes_of(type), {u(stored[i])}).immediate = slot;
    slot += words(value_type(type));
  }
  std::vector<VReg> arguments = {i32(insn().low())};
  if (call != RuntimeCall::ExceptionNew) arguments.push_back(i32(insn().high()));
  arguments.push_back(fresh(ValueType::I64));
  emit(Form::StackAddress, 0, 8, {d(arguments.back())});
  call_runtime(call, arguments, vregs_[current_.index].exists() ? vregs_[current_.index] : kNoVReg);
  if (slots != 0) emit(Form::ReserveStack, 0, 0, {}).immediate = uint64_t{0} - slots;
}

VReg Selector::allocate(uint32_t type_index) {
  const VReg object = vregs_[current_.index].exists() ? vreg(current_) : fresh(ValueType::I64);
  const VReg types = load_pointer(in_context(offsetof(VMContext, types)));
  const VReg type = load_pointer(at(types, static_cast<int32_t>(type_index * sizeof(void*))));
  call_runtime(RuntimeCall::ObjectAllocate, {type, i32(runtime_type(type_index).bytes)}, object);
  return object;
}

// What goes into the fields lives across the call, where a collection finds it.
void Selector::struct_new() {
  const VReg object = allocate(insn().low());
  const auto& fields = runtime_type(insn().low()).fields;
  for (uint32_t i = 0; i < fields.size(); ++i)
    store_field(fields[i].storage, operand(i), at(object, static_cast<int32_t>(fields[i].offset)));
}

void Selector::struct_new_default() {
  const VReg object = allocate(insn().low());
  const uint32_t bytes = runtime_type(insn().low()).bytes;
  for (uint32_t offset = wasm::kObjectHeaderBytes; offset < bytes; offset += kWordBytes)
    emit(Form::StoreImm, Id::kIdMov, 8, {}, at(object, static_cast<int32_t>(offset))).trap = 0;
}

// --- casts

void Selector::trap_if_zero(VReg value, TrapCode trap) {
  emit(Form::Compare, Id::kIdTest, 4, {u(value), u(value)});
  trap_if(Condition::Equal, trap);
}

void Selector::test_type(VReg result, VReg ref, HeapType heap, bool nullable) {
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
      if (is_top == nullable) {
        emit(Form::LoadConstant, Id::kIdMov, 4, {d(result)}).immediate = nullable;
        return;
      }
      emit(Form::Compare, Id::kIdTest, 8, {u(ref), u(ref)});
      emit(Form::Set, 0, 4, {d(result)}).condition =
          static_cast<uint8_t>(is_top ? Condition::NotEqual : Condition::Equal);
      return;
    }
    default: break;
  }
  Instruction& insn =
      emit(Form::TestKind, 0, 8, {early_d(result), early_d(fresh(ValueType::I64)), u(ref)});
  insn.immediate = heap.bits();
  insn.condition = nullable;
}

void Selector::test_concrete_type(VReg result, VReg ref, uint32_t index, bool is_exact,
                                  bool nullable) {
  const CanonicalType& type = runtime_type(index);
  const VReg types = load_pointer(in_context(offsetof(VMContext, types)));
  const VReg target = load_pointer(at(types, static_cast<int32_t>(index * sizeof(void*))));
  Instruction& insn = emit(Form::TestType, 0, 8,
                           {early_d(result), early_d(fresh(ValueType::I64)), u(ref), u(target)});
  insn.immediate = type.depth;
  uint8_t how = 0;
  if (nullable) how |= test_type::Nullable;
  if (is_exact || function_.module().types[index].is_final) how |= test_type::Exact;
  if (type.kind == CanonicalType::Kind::Func) how |= test_type::Function;
  insn.condition = how;
}

}  // namespace wrun::codegen::x64
