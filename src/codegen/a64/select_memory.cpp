// Memories, tables, globals and references.
#include <algorithm>

#include "codegen/a64/selector.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::a64 {

using runtime::FuncRef;
using runtime::MemoryView;
using runtime::TableView;
using runtime::VMContext;

bool Selector::select_memory() {
  const auto load_word = [&](VReg view, size_t offset) {
    load_from(vreg(current_), Id::kIdLdr, 8, 8, at(view, static_cast<int32_t>(offset)));
  };
  const auto element = [&] {
    Address place = at(table_elements(insn().low()));
    place.index = in_register(operand(0));
    place.scale_log2 = 3;
    return place;
  };
  switch (insn().op) {
    case Op::I32Load:    load(Id::kIdLdr, 4, 4); break;
    case Op::I64Load:    load(Id::kIdLdr, 8, 8); break;
    case Op::F32Load:    load(Id::kIdLdr_v, 4, 4); break;
    case Op::F64Load:    load(Id::kIdLdr_v, 8, 8); break;
    case Op::V128Load:   load(Id::kIdLdr_v, 16, 16); break;
    case Op::I32Load8S:  load(Id::kIdLdrsb, 4, 1); break;
    case Op::I64Load8U:
    case Op::I32Load8U:  load(Id::kIdLdrb, 4, 1); break;
    case Op::I32Load16S: load(Id::kIdLdrsh, 4, 2); break;
    case Op::I64Load16U:
    case Op::I32Load16U: load(Id::kIdLdrh, 4, 2); break;
    case Op::I64Load8S:  load(Id::kIdLdrsb, 8, 1); break;
    case Op::I64Load16S: load(Id::kIdLdrsh, 8, 2); break;
    case Op::I64Load32S: load(Id::kIdLdrsw, 8, 4); break;
    case Op::I64Load32U: load(Id::kIdLdr, 4, 4); break;
    case Op::I32Store:
    case Op::I64Store32: store(Id::kIdStr, 4, 4); break;
    case Op::I64Store:   store(Id::kIdStr, 8, 8); break;
    case Op::F32Store:   store(Id::kIdStr_v, 4, 4); break;
    case Op::F64Store:   store(Id::kIdStr_v, 8, 8); break;
    case Op::V128Store:  store(Id::kIdStr_v, 16, 16); break;
    case Op::I32Store8:
    case Op::I64Store8:  store(Id::kIdStrb, 4, 1); break;
    case Op::I32Store16:
    case Op::I64Store16: store(Id::kIdStrh, 4, 2); break;

    case Op::GlobalGet: load_slot(global_cell(insn().low())); break;
    case Op::FrameSlot:
      load_slot(at(in_register(operand(0)), static_cast<int32_t>(insn().low() * kWordBytes)));
      break;
    case Op::GlobalSet: {
      const Type type = function_.type(operand(0));
      const bool is_vector = reg_class(value_type(type)) == RegClass::Vector;
      // Zeros above an i32 as well.
      const uint8_t bytes = is_vector ? bytes_of(type) : uint8_t{8};
      const VReg value = in_register(operand(0));
      const Address cell = global_cell(insn().low());
      Instruction& store =
          emit(Form::Store, is_vector ? Id::kIdStr_v : Id::kIdStr, bytes, {u(value)}, cell);
      store.condition = bytes;
      store.trap = 0;
      break;
    }
    case Op::MemoryBase:
      if (insn().low() == 0)
        emit(Form::Lea, 0, 8, {d(vreg(current_))}, Address{.kind = AddressKind::MemoryBase}).trap =
            0;
      else
        load_word(memory_view(insn().low()), offsetof(MemoryView, base));
      break;
    case Op::MemoryBytes: load_word(memory_view(insn().low()), offsetof(MemoryView, bytes)); break;
    case Op::TableSize:   load_word(table_view(insn().low()), offsetof(TableView, size)); break;
    case Op::TableGet:    load_from(vreg(current_), Id::kIdLdr, 8, 8, element()); break;
    case Op::TableSet:    {
      const VReg value = in_register(operand(1));
      Instruction& store = emit(Form::Store, Id::kIdStr, 8, {u(value)}, element());
      store.condition = 8;
      store.trap = 0;
      break;
    }
    case Op::RefFunc:
      load_word(load_pointer(in_context(offsetof(VMContext, functions))),
                insn().low() * sizeof(FuncRef*));
      break;
    case Op::AtomicFence: emit(Form::Fence, Id::kIdDmb, 0, {}); break;
    default:              return false;
  }
  return true;
}

VReg Selector::load_i64(uint64_t value) {
  const VReg loaded = fresh(ValueType::I64);
  emit(Form::LoadConstant, 0, 8, {d(loaded)}).immediate = value;
  return loaded;
}

VReg Selector::sum(VReg a, VReg b) {
  const VReg result = fresh(ValueType::I64);
  emit(Form::Binary, Id::kIdAdd, 8, {d(result), u(a), u(b)});
  return result;
}

VReg Selector::sum(VReg a, int32_t number) {
  const VReg result = fresh(ValueType::I64);
  add_number(result, a, number, 8);
  return result;
}

VReg Selector::sum_or_trap(VReg a, VReg b, TrapCode trap) {
  const VReg result = fresh(ValueType::I64);
  emit(Form::Binary, Id::kIdAdds, 8, {d(result), u(a), u(b)});
  trap_if(Condition::AboveEqual, trap, b);
  return result;
}

void Selector::load(InstId id, uint8_t size, uint8_t bytes) {
  // An unused load still traps.
  const VReg result = vreg(current_);
  const Address from = address(operand(0), insn().access());
  Instruction& load = emit(Form::Load, id, size, {d(result)}, from);
  load.condition = bytes;
  if (insn().access().is_checked) load.trap = 0;
}

// Of what is not the guest's memory, and there.
void Selector::load_from(VReg to, InstId id, uint8_t size, uint8_t bytes, const Address& from) {
  Instruction& load = emit(Form::Load, id, size, {d(to)}, from);
  load.condition = bytes;
  load.trap = 0;
}

void Selector::store(InstId id, uint8_t size, uint8_t bytes) {
  const Value value = operand(1);
  const bool is_zero = number(value, 8) == uint64_t{0};
  const bool is_vector = reg_class(value_type(function_.type(value))) == RegClass::Vector;
  const VReg stored = is_zero                   ? kNoVReg
                      : !is_vector && size == 4 ? low_half(value)
                                                : in_register(value);
  const Address to = address(operand(0), insn().access());
  Instruction& store = is_zero ? emit(Form::StoreZero, id, size, {}, to)
                               : emit(Form::Store, id, size, {u(stored)}, to);
  store.condition = bytes;
  if (insn().access().is_checked) store.trap = 0;
}

// The current value, from a slot of 64 bits or two of them.
void Selector::load_slot(const Address& from) {
  const bool is_vector = reg_class(value_type(insn().type)) == RegClass::Vector;
  const uint8_t bytes = bytes_of(insn().type);
  load_from(vreg(current_), is_vector ? Id::kIdLdr_v : Id::kIdLdr, bytes, bytes, from);
}

}  // namespace wrun::codegen::a64
