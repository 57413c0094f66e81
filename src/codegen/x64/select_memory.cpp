// Memories, tables, globals and references.
#include <algorithm>

#include "codegen/x64/selector.hpp"
#include "runtime/vm_context.hpp"

namespace wrun::codegen::x64 {

using runtime::FuncRef;
using runtime::MemoryView;
using runtime::TableView;
using runtime::VMContext;

bool Selector::select_memory() {
  switch (insn().op) {
    case Op::I32Load:    load(Id::kIdMov, 4, 4); break;
    case Op::I64Load:    load(Id::kIdMov, 8, 8); break;
    case Op::F32Load:    load(Id::kIdVmovss, 4, 4); break;
    case Op::F64Load:    load(Id::kIdVmovsd, 8, 8); break;
    case Op::V128Load:   load(Id::kIdVmovups, 16, 16); break;
    case Op::I32Load8S:  load(Id::kIdMovsx, 4, 1); break;
    case Op::I32Load8U:  load(Id::kIdMovzx, 4, 1); break;
    case Op::I32Load16S: load(Id::kIdMovsx, 4, 2); break;
    case Op::I32Load16U: load(Id::kIdMovzx, 4, 2); break;
    case Op::I64Load8S:  load(Id::kIdMovsx, 8, 1); break;
    case Op::I64Load8U:  load(Id::kIdMovzx, 4, 1); break;
    case Op::I64Load16S: load(Id::kIdMovsx, 8, 2); break;
    case Op::I64Load16U: load(Id::kIdMovzx, 4, 2); break;
    case Op::I64Load32S: load(Id::kIdMovsxd, 8, 4); break;
    case Op::I64Load32U: load(Id::kIdMov, 4, 4); break;
    case Op::I32Store:   store(Id::kIdMov, 4); break;
    case Op::I64Store:   store(Id::kIdMov, 8); break;
    case Op::F32Store:   store(Id::kIdVmovss, 4); break;
    case Op::F64Store:   store(Id::kIdVmovsd, 8); break;
    case Op::V128Store:  store(Id::kIdVmovups, 16); break;
    case Op::I32Store8:
    case Op::I64Store8:  store(Id::kIdMov, 1); break;
    case Op::I32Store16:
    case Op::I64Store16: store(Id::kIdMov, 2); break;
    case Op::I64Store32: store(Id::kIdMov, 4); break;

    case Op::GlobalGet: load_slot(global_cell(insn().low())); break;
    case Op::FrameSlot:
      load_slot(at(in_register(operand(0)), static_cast<int32_t>(insn().low() * kWordBytes)));
      break;
    case Op::GlobalSet: {
      const Value value = operand(0);
      const Type type = function_.type(value);
      const Address cell = global_cell(insn().low());
      if (reg_class(value_type(type)) == RegClass::Vector) {
        const InstId id = type == Type::F32   ? Id::kIdVmovss
                          : type == Type::F64 ? Id::kIdVmovsd
                                              : Id::kIdVmovups;
        emit(Form::Store, id, bytes_of(type), {u(in_register(value))}, cell).trap = 0;
      } else if (const auto constant = immediate(value);
                 constant && (type != Type::I32 || *constant >= 0)) {
        emit(Form::StoreImm, Id::kIdMov, 8, {}, cell).immediate =
            static_cast<uint64_t>(int64_t{*constant});
        code_.back().trap = 0;
      } else {
        // Zeros above an i32 as well.
        emit(Form::Store, Id::kIdMov, 8, {u(in_register(value))}, cell).trap = 0;
      }
      break;
    }
    case Op::MemoryBase:
      if (insn().low() == 0)
        emit(Form::Lea, Id::kIdLea, 8, {d(vreg(current_))},
             Address{.kind = AddressKind::MemoryBase})
            .trap = 0;
      else
        emit(Form::Unary, Id::kIdMov, 8, {d(vreg(current_))},
             at(memory_view(insn().low()), offsetof(MemoryView, base)))
            .trap = 0;
      break;
    case Op::MemoryBytes:
      emit(Form::Unary, Id::kIdMov, 8, {d(vreg(current_))},
           at(memory_view(insn().low()), offsetof(MemoryView, bytes)))
          .trap = 0;
      break;
    case Op::TableSize:
      emit(Form::Unary, Id::kIdMov, 8, {d(vreg(current_))},
           at(table_view(insn().low()), offsetof(TableView, size)))
          .trap = 0;
      break;
    case Op::TableGet: {
      Address element = at(table_elements(insn().low()));
      element.index = in_register(operand(0));
      element.scale_log2 = 3;
      emit(Form::Unary, Id::kIdMov, 8, {d(vreg(current_))}, element).trap = 0;
      break;
    }
    case Op::TableSet: {
      Address element = at(table_elements(insn().low()));
      element.index = in_register(operand(0));
      element.scale_log2 = 3;
      const VReg value = in_register(operand(1));
      emit(Form::Store, Id::kIdMov, 8, {u(value)}, element).trap = 0;
      break;
    }
    case Op::RefFunc: {
      const VReg functions = load_pointer(in_context(offsetof(VMContext, functions)));
      emit(Form::Unary, Id::kIdMov, 8, {d(vreg(current_))},
           at(functions, static_cast<int32_t>(insn().low() * sizeof(FuncRef*))))
          .trap = 0;
      break;
    }
    case Op::AtomicFence: emit(Form::LoadConstant, Id::kIdMfence, 0, {}); break;
    default:              return false;
  }
  return true;
}

VReg Selector::load_i64(uint64_t value) {
  const VReg loaded = fresh(ValueType::I64);
  emit(Form::LoadConstant, Id::kIdMov, 8, {d(loaded)}).immediate = value;
  return loaded;
}

VReg Selector::sum(VReg a, VReg b) {
  const VReg result = fresh(ValueType::I64);
  emit(Form::Add, Id::kIdAdd, 8, {d(result), u(a), u(b)});
  return result;
}

VReg Selector::sum(VReg a, int32_t number) {
  const VReg result = fresh(ValueType::I64);
  emit(Form::AddImm, Id::kIdAdd, 8, {d(result), u(a)}).immediate =
      static_cast<uint64_t>(int64_t{number});
  return result;
}

VReg Selector::sum_or_trap(VReg a, VReg b, TrapCode trap) {
  const VReg result = fresh(ValueType::I64);
  emit(Form::Tied, Id::kIdAdd, 8, {tied_d(result), tied_u(a), u(b)});
  trap_if(Condition::Below, trap, b);
  return result;
}

void Selector::load(InstId id, uint8_t size, uint8_t bytes) {
  // An unused load still traps.
  const VReg result = vreg(current_);
  const Address from = address(operand(0), insn().access());
  Instruction& load = emit(Form::Unary, id, size, {d(result)}, from);
  load.condition = bytes;
  if (insn().access().is_checked) load.trap = 0;
}

// What is stored is the sum, difference, ... of what was there and something else.
bool Selector::update_memory(uint8_t bytes) {
  const Value updated = operand(1);
  if (!can_fold(updated)) return false;
  InstId id = 0;
  switch (function_[updated].op) {
    case Op::I32Add:
    case Op::I64Add: id = Id::kIdAdd; break;
    case Op::I32Sub:
    case Op::I64Sub: id = Id::kIdSub; break;
    case Op::I32And:
    case Op::I64And: id = Id::kIdAnd; break;
    case Op::I32Or:
    case Op::I64Or:  id = Id::kIdOr; break;
    case Op::I32Xor:
    case Op::I64Xor: id = Id::kIdXor; break;
    default:         return false;
  }
  const auto is_what_was_there = [&](Value value) {
    const ir::Instruction& load = function_[value];
    if (!can_fold(value) || color_[value.index] != color_[current_.index] || !ir::is_wasm(load.op))
      return false;
    const wasm::OpInfo& info = wasm::info(ir::to_wasm(load.op));
    return info.has(wasm::op_flag::Load) && !info.has(wasm::op_flag::Atomic) &&
           1u << info.access_log2() == bytes && load.operands[0] == operand(0).index &&
           load.immediate == insn().immediate;
  };
  Value old = function_.operand(updated, 0);
  Value other = function_.operand(updated, 1);
  if (!is_what_was_there(old) && id != Id::kIdSub) std::swap(old, other);
  if (!is_what_was_there(old)) return false;
  folded_[updated.index] = true;
  const auto constant = immediate(other);
  const VReg by = constant ? kNoVReg : bytes <= 4 ? low_half(other) : in_register(other);
  const Address place = folded_load(old);
  Instruction& update = constant ? emit(Form::StoreImm, id, bytes, {}, place)
                                 : emit(Form::Store, id, bytes, {u(by)}, place);
  if (constant) update.immediate = static_cast<uint64_t>(int64_t{*constant});
  if (insn().access().is_checked) update.trap = 0;
  return true;
}

void Selector::store(InstId id, uint8_t bytes) {
  if (update_memory(bytes)) return;
  const Value value = operand(1);
  const bool is_vector = reg_class(value_type(function_.type(value))) == RegClass::Vector;
  const auto constant = immediate(value);
  const VReg stored = constant                   ? kNoVReg
                      : !is_vector && bytes <= 4 ? low_half(value)
                                                 : in_register(value);
  const Address to = address(operand(0), insn().access());
  Instruction& store = constant ? emit(Form::StoreImm, id, bytes, {}, to)
                                : emit(Form::Store, id, bytes, {u(stored)}, to);
  if (constant) store.immediate = static_cast<uint64_t>(int64_t{*constant});
  if (insn().access().is_checked) store.trap = 0;
}

// The current value, from a slot of 64 bits or two of them.
void Selector::load_slot(const Address& from) {
  const Type type = insn().type;
  const InstId id = type == Type::F32    ? Id::kIdVmovss
                    : type == Type::F64  ? Id::kIdVmovsd
                    : type == Type::V128 ? Id::kIdVmovups
                                         : Id::kIdMov;
  emit(Form::Unary, id, bytes_of(type), {d(vreg(current_))}, from).trap = 0;
}

}  // namespace wrun::codegen::x64
