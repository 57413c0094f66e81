// References, structures, arrays and casts (spec 4.4.4 to 4.4.6).
#include "interp/handler.hpp"
#include "interp/interpreter.hpp"
#include "runtime/cast.hpp"
#include "runtime/gc_operations.hpp"

namespace wrun::interp::WRUN_ISA {
namespace {

using gc::Object;
using runtime::CastKind;
using runtime::CastTarget;
using runtime::ObjectOperands;

// The result of reading a field of stored type T: packed fields are extended to i32.
template <class T>
using Unpacked = std::conditional_t<std::is_integral_v<T>,
                                    std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>, T>;

template <class T>
[[gnu::always_inline]] inline Unpacked<T> load_field(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return static_cast<Unpacked<T>>(value);
}

template <class T>
[[gnu::always_inline]] inline void store_field(std::byte* to, const uint64_t* slot) {
  std::memcpy(to, slot, sizeof(T));
}

// --- i31

// handler, u16 dst, u16 src
template <uint64_t (*kOperation)(uint64_t), Src src, Dst dst>
WRUN_HANDLER void convert(WRUN_STATE_PARAMETERS) {
  r0 = kOperation(src == Src::Acc ? r0 : fp[fetch16(pc, 10)]);
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(16);
}

template <bool is_signed, Src src, Dst dst>
WRUN_HANDLER void i31_get(WRUN_STATE_PARAMETERS) {
  const uint64_t i31 = src == Src::Acc ? r0 : fp[fetch16(pc, 10)];
  if (i31 == gc::kNull) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullI31Reference);
  r0 = is_signed ? static_cast<uint32_t>(gc::i31_signed(i31)) : gc::i31_unsigned(i31);
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(16);
}

// --- structures

// handler, u16 dst, u16 structure, u32 offset of the field at 12
template <class T, Src src, Dst dst>
WRUN_HANDLER void struct_get(WRUN_STATE_PARAMETERS) {
  const uint64_t structure = src == Src::Acc ? r0 : fp[fetch16(pc, 10)];
  if (structure == gc::kNull) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullStructureReference);
  const auto value = load_field<T>(gc::to_object(structure)->at(fetch<uint32_t>(pc, 12)));
  write_acc(r0, f0, g0, v0, value);
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), value);
  WRUN_NEXT(16);
}

// handler, u16 structure, u16 value, u32 offset of the field at 12
template <class T, ObjectForm form>
WRUN_HANDLER void struct_set(WRUN_STATE_PARAMETERS) {
  const uint64_t structure = form == ObjectForm::RS ? r0 : fp[fetch16(pc, 8)];
  if (structure == gc::kNull) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullStructureReference);
  store_field<T>(gc::to_object(structure)->at(fetch<uint32_t>(pc, 12)),
                 form == ObjectForm::SR ? &r0 : fp + fetch16(pc, 10));
  WRUN_NEXT(16);
}

// handler, u16 dst, u16 structure, u32 offset of the descriptor at 12
WRUN_HANDLER void ref_get_desc(WRUN_STATE_PARAMETERS) {
  const uint64_t structure = fp[fetch16(pc, 10)];
  if (structure == gc::kNull) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullReference);
  r0 = load_field<uint64_t>(gc::to_object(structure)->at(fetch<uint32_t>(pc, 12)));
  write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(16);
}

// --- arrays

// handler, u16 dst, u16 array
template <Src src, Dst dst>
WRUN_HANDLER void array_len(WRUN_STATE_PARAMETERS) {
  const uint64_t array = src == Src::Acc ? r0 : fp[fetch16(pc, 10)];
  if (array == gc::kNull) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullArrayReference);
  r0 = gc::to_array(array)->length;
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(16);
}

// handler, u16 dst, u16 array, u16 index
template <class T, ObjectForm form, Dst dst>
WRUN_HANDLER void array_get(WRUN_STATE_PARAMETERS) {
  const uint64_t array = form == ObjectForm::RS ? r0 : fp[fetch16(pc, 10)];
  const auto index = static_cast<uint32_t>(form == ObjectForm::SR ? r0 : fp[fetch16(pc, 12)]);
  if (array == gc::kNull) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullArrayReference);
  if (index >= gc::to_array(array)->length) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfBoundsArrayAccess);
  const auto value = load_field<T>(gc::to_array(array)->elements() + uint64_t{index} * sizeof(T));
  write_acc(r0, f0, g0, v0, value);
  if constexpr (dst == Dst::Slot) write_slot(fp, fetch16(pc, 8), value);
  WRUN_NEXT(16);
}

// handler, u16 array, u16 index, u16 value; the form is that of index and value
template <class T, ObjectForm form>
WRUN_HANDLER void array_set(WRUN_STATE_PARAMETERS) {
  const uint64_t array = fp[fetch16(pc, 8)];
  const auto index = static_cast<uint32_t>(form == ObjectForm::RS ? r0 : fp[fetch16(pc, 10)]);
  if (array == gc::kNull) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullArrayReference);
  if (index >= gc::to_array(array)->length) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::OutOfBoundsArrayAccess);
  store_field<T>(gc::to_array(array)->elements() + uint64_t{index} * sizeof(T),
                 form == ObjectForm::SR ? &r0 : fp + fetch16(pc, 12));
  WRUN_NEXT(16);
}

// --- allocation

[[gnu::noinline]] Object* allocate_slowly(VMContext* vm, const wasm::CanonicalType* type,
                                          const uint64_t* stack_end) {
  return vm->store->heap().allocate_slowly(*type, type->bytes, stack_end);
}

[[gnu::noinline, gnu::cold]] TrapCode no_room(VMContext* vm, const wasm::CanonicalType* type) {
  return runtime::allocation_failure(vm->store->heap(), type->bytes);
}

// A structure whose fields all take 8 bytes.
// handler, u16 dst, u16 first field, u32 slots in use at 12, type at 16, u16 other fields from 24 on
template <size_t kFields>
WRUN_HANDLER void struct_new_words(WRUN_STATE_PARAMETERS) {
  const auto* type = fetch<const wasm::CanonicalType*>(pc, 16);
  constexpr uint64_t kBytes = wasm::kObjectHeaderBytes + 8 * kFields;
  Object* object = vm->store->heap().try_allocate(*type, kBytes);
  if (object == nullptr) [[unlikely]] {
    object = allocate_slowly(vm, type, fp + fetch<uint32_t>(pc, 12));
    if (object == nullptr) WRUN_TRAP_WITH(no_room(vm, type));
  }
  store_field<uint64_t>(object->at(wasm::kObjectHeaderBytes), fp + fetch16(pc, 10));
  [&]<size_t... i>(std::index_sequence<i...>) {
    (store_field<uint64_t>(object->at(wasm::kObjectHeaderBytes + 8 * (i + 1)),
                           fp + fetch16(pc, 24 + 2 * i)),
     ...);
  }(std::make_index_sequence<kFields - 1>{});
  r0 = gc::to_reference(object);
  write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(kFields == 1 ? 24 : 32);
}

// handler, u16 dst, u32 slots in use at 12, type at 16, u32 first operand at 24, u32 immediate at 28
template <runtime::ObjectOperation kOperation, bool has_result>
WRUN_HANDLER void object_operation(WRUN_STATE_PARAMETERS) {
  const TrapCode code = [&] {
    ObjectOperands operands;
    operands.type = fetch<const wasm::CanonicalType*>(pc, 16);
    operands.immediate = fetch<uint32_t>(pc, 28);
    operands.slots = fp + fetch<uint32_t>(pc, 24);
    operands.stack_end = fp + fetch<uint32_t>(pc, 12);
    gc::Reference result = gc::kNull;
    const TrapCode outcome = kOperation(*vm, operands, result);
    if (has_result) r0 = result;
    return outcome;
  }();
  if (code != TrapCode::None) [[unlikely]]
    WRUN_TRAP_WITH(code);
  if constexpr (has_result) write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(32);
}

// --- casts

[[gnu::noinline]] bool is_instance_of_any(uint64_t reference, Pc pc, VMContext* vm, size_t at) {
  CastTarget target;
  target.type = fetch<const wasm::CanonicalType*>(pc, 16);
  target.kind = fetch<CastKind>(pc, at);
  target.nullable = fetch<bool>(pc, at + 1);
  return runtime::matches(reference, target, vm->store->types());
}

// CastKind and whether null matches at `at`, type at 16. Most casts are to structures and arrays.
template <bool is_to_object, size_t at>
[[gnu::always_inline]] inline bool is_instance(uint64_t reference, Pc pc, VMContext* vm) {
  if constexpr (!is_to_object) return is_instance_of_any(reference, pc, vm, at);
  if (!gc::is_object(reference)) return reference == gc::kNull && fetch<bool>(pc, at + 1);
  return gc::to_object(reference)->type->is_below(*fetch<const wasm::CanonicalType*>(pc, 16));
}

// handler, u16 dst, u16 reference
template <bool is_to_object>
WRUN_HANDLER void ref_test(WRUN_STATE_PARAMETERS) {
  r0 = is_instance<is_to_object, 12>(fp[fetch16(pc, 10)], pc, vm);
  write_slot(fp, fetch16(pc, 8), r0);
  WRUN_NEXT(24);
}

// handler, u16 reference at 10
template <bool is_to_object>
WRUN_HANDLER void ref_cast(WRUN_STATE_PARAMETERS) {
  if (!is_instance<is_to_object, 12>(fp[fetch16(pc, 10)], pc, vm)) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::CastFailure);
  WRUN_NEXT(24);
}

// handler, u16 reference at 8, i32 target at 12
template <bool is_to_object, bool if_instance>
WRUN_HANDLER void br_on_cast(WRUN_STATE_PARAMETERS) {
  if (is_instance<is_to_object, 10>(fp[fetch16(pc, 8)], pc, vm) == if_instance) {
    pc += fetch<int32_t>(pc, 12);
    WRUN_DISPATCH();
  }
  WRUN_NEXT(24);
}

// handler, u16 reference, u16 descriptor, u8 whether null matches at 12
WRUN_HANDLER void ref_cast_desc_eq(WRUN_STATE_PARAMETERS) {
  const uint64_t reference = fp[fetch16(pc, 8)];
  const uint64_t descriptor = fp[fetch16(pc, 10)];
  if (descriptor == gc::kNull) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullDescriptorReference);
  const bool matches = reference == gc::kNull ? fetch<bool>(pc, 12)
                                              : runtime::is_described_by(reference, descriptor);
  if (!matches) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::DescriptorCastFailure);
  WRUN_NEXT(16);
}

// handler, u16 reference, u16 descriptor, i32 target at 12, u8 whether null matches at 16
template <bool if_matches>
WRUN_HANDLER void br_on_cast_desc_eq(WRUN_STATE_PARAMETERS) {
  const uint64_t reference = fp[fetch16(pc, 8)];
  const uint64_t descriptor = fp[fetch16(pc, 10)];
  if (descriptor == gc::kNull) [[unlikely]]
    WRUN_TRAP_WITH(TrapCode::NullDescriptorReference);
  const bool matches = reference == gc::kNull ? fetch<bool>(pc, 16)
                                              : runtime::is_described_by(reference, descriptor);
  if (matches == if_matches) {
    pc += fetch<int32_t>(pc, 12);
    WRUN_DISPATCH();
  }
  WRUN_NEXT(24);
}

// --- the tables of handlers

constexpr uint64_t make_i31(uint64_t value) { return gc::from_i31(static_cast<uint32_t>(value)); }

// In the order of FieldRead.
#define WRUN_FOR_READS(F) \
  F(uint8_t) F(int8_t) F(uint16_t) F(int16_t) F(uint32_t) F(uint64_t) F(float) F(double) F(V128)
// By log2 of the width.
#define WRUN_FOR_WIDTHS(F) F(uint8_t) F(uint16_t) F(uint32_t) F(uint64_t) F(V128)

constexpr Handler kRefI31[] = {
    convert<make_i31, Src::Slot, Dst::Slot>, convert<make_i31, Src::Slot, Dst::Acc>,
    convert<make_i31, Src::Acc, Dst::Slot>, convert<make_i31, Src::Acc, Dst::Acc>};
template <bool is_signed>
constexpr Handler kI31Get[] = {
    i31_get<is_signed, Src::Slot, Dst::Slot>, i31_get<is_signed, Src::Slot, Dst::Acc>,
    i31_get<is_signed, Src::Acc, Dst::Slot>, i31_get<is_signed, Src::Acc, Dst::Acc>};
constexpr Handler kArrayLen[] = {array_len<Src::Slot, Dst::Slot>, array_len<Src::Slot, Dst::Acc>,
                                 array_len<Src::Acc, Dst::Slot>, array_len<Src::Acc, Dst::Acc>};

#define WRUN_STRUCT_GET(T)                                                 \
  struct_get<T, Src::Slot, Dst::Slot>, struct_get<T, Src::Slot, Dst::Acc>, \
      struct_get<T, Src::Acc, Dst::Slot>, struct_get<T, Src::Acc, Dst::Acc>,
constexpr Handler kStructGet[] = {WRUN_FOR_READS(WRUN_STRUCT_GET)};

#define WRUN_STRUCT_SET(T) \
  struct_set<T, ObjectForm::SS>, struct_set<T, ObjectForm::SR>, struct_set<T, ObjectForm::RS>,
constexpr Handler kStructSet[] = {WRUN_FOR_WIDTHS(WRUN_STRUCT_SET)};

#define WRUN_ARRAY_GET(T)                                                              \
  array_get<T, ObjectForm::SS, Dst::Slot>, array_get<T, ObjectForm::SS, Dst::Acc>,     \
      array_get<T, ObjectForm::SR, Dst::Slot>, array_get<T, ObjectForm::SR, Dst::Acc>, \
      array_get<T, ObjectForm::RS, Dst::Slot>, array_get<T, ObjectForm::RS, Dst::Acc>,
constexpr Handler kArrayGet[] = {WRUN_FOR_READS(WRUN_ARRAY_GET)};

#define WRUN_ARRAY_SET(T) \
  array_set<T, ObjectForm::SS>, array_set<T, ObjectForm::SR>, array_set<T, ObjectForm::RS>,
constexpr Handler kArraySet[] = {WRUN_FOR_WIDTHS(WRUN_ARRAY_SET)};

static_assert(std::size(kRefI31) == kUnaryHandlers && std::size(kArrayLen) == kUnaryHandlers);
static_assert(std::size(kStructGet) == kStructGetHandlers);
static_assert(std::size(kStructSet) == kObjectSetHandlers);
static_assert(std::size(kArrayGet) == kArrayGetHandlers);
static_assert(std::size(kArraySet) == kObjectSetHandlers);

}  // namespace

void add_gc_handlers(HandlerTable& table);
void add_gc_handlers(HandlerTable& table) {
  const auto set_row = [&](Op op, const Handler* row) {
    table.rows[static_cast<size_t>(op)] = row;
  };
  set_row(Op::RefI31, kRefI31);
  set_row(Op::I31GetS, kI31Get<true>);
  set_row(Op::I31GetU, kI31Get<false>);
  set_row(Op::ArrayLen, kArrayLen);
  set_row(Op::StructGet, kStructGet);
  set_row(Op::StructSet, kStructSet);
  set_row(Op::ArrayGet, kArrayGet);
  set_row(Op::ArraySet, kArraySet);

  const auto set = [&](Code code, Handler handler) {
    table.codes[static_cast<size_t>(code)] = handler;
  };
  set(Code::StructNewWords1, struct_new_words<1>);
  set(Code::StructNewWords2, struct_new_words<2>);
  set(Code::StructNewWords3, struct_new_words<3>);
  set(Code::StructNewWords4, struct_new_words<4>);
  set(Code::StructNew, object_operation<runtime::struct_new, true>);
  set(Code::StructNewDefault, object_operation<runtime::struct_new_default, true>);
  set(Code::StructNewDesc, object_operation<runtime::struct_new_desc, true>);
  set(Code::StructNewDefaultDesc, object_operation<runtime::struct_new_default_desc, true>);
  set(Code::ArrayNew, object_operation<runtime::array_new, true>);
  set(Code::ArrayNewDefault, object_operation<runtime::array_new_default, true>);
  set(Code::ArrayNewFixed, object_operation<runtime::array_new_fixed, true>);
  set(Code::ArrayNewData, object_operation<runtime::array_new_data, true>);
  set(Code::ArrayNewElem, object_operation<runtime::array_new_elem, true>);
  set(Code::ArrayFill, object_operation<runtime::array_fill, false>);
  set(Code::ArrayCopy, object_operation<runtime::array_copy, false>);
  set(Code::ArrayInitData, object_operation<runtime::array_init_data, false>);
  set(Code::ArrayInitElem, object_operation<runtime::array_init_elem, false>);
  set(Code::RefGetDesc, ref_get_desc);
  set(Code::RefTest, ref_test<false>);
  set(Code::RefTestObject, ref_test<true>);
  set(Code::RefCast, ref_cast<false>);
  set(Code::RefCastObject, ref_cast<true>);
  set(Code::BrIfInstance, br_on_cast<false, true>);
  set(Code::BrIfInstanceObject, br_on_cast<true, true>);
  set(Code::BrUnlessInstance, br_on_cast<false, false>);
  set(Code::BrUnlessInstanceObject, br_on_cast<true, false>);
  set(Code::RefCastDescEq, ref_cast_desc_eq);
  set(Code::BrIfDescribed, br_on_cast_desc_eq<true>);
  set(Code::BrUnlessDescribed, br_on_cast_desc_eq<false>);
}

}  // namespace wrun::interp::WRUN_ISA
