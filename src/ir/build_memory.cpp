// Memory, tables and segments.
#include "ir/builder.hpp"
#include "wasm/memory_guard.hpp"

namespace wrun::ir {

bool Builder::is_guarded(uint32_t memory) const {
  return memory == 0 && options_.guarded_memory0 && wasm::can_be_guarded(module_.memories[0]);
}

// The operand of an access to `bytes` bytes at an index, and the rest of where it goes.
Value Builder::address(const Instruction& insn, Value index, uint32_t bytes, Access& access) {
  access.memory = static_cast<uint16_t>(insn.index);
  uint64_t offset = insn.value;
  if (is_guarded(insn.index)) {
    access.offset = static_cast<uint32_t>(offset);
    return index;
  }
  access.is_checked = true;
  const Value size = memory_bytes(insn.index);
  // Where the end of the access is beyond any index, the check fails as well.
  const uint64_t extent = offset > UINT64_MAX - bytes ? UINT64_MAX : offset + bytes;
  Value place = bounds_check(extend(index, is_64_memory(insn.index)), size, extent,
                             TrapCode::OutOfBoundsMemoryAccess);
  if (offset > INT32_MAX) {
    place = emit(Op::I64Add, Type::I64, place, function_.i64(offset));
    offset = 0;
  }
  access.offset = static_cast<uint32_t>(offset);
  if (insn.index != 0) {
    const Value base = emit(Op::MemoryBase, Type::I64, {}, {}, {}, insn.index);
    place = emit(Op::I64Add, Type::I64, base, place);
    access.is_absolute = true;
  }
  return place;
}

// Before the bounds check, as the interpreter does it.
void Builder::check_alignment(const Instruction& insn, Value index, uint32_t bytes) {
  if (bytes == 1) return;
  const uint32_t mask = bytes - 1;
  const bool is_64 = is_64_memory(insn.index);
  const Type type = is_64 ? Type::I64 : Type::I32;
  Value place = index;
  if ((insn.value & mask) != 0)
    place = emit(is_64 ? Op::I64Add : Op::I32Add, type, place,
                 function_.constant(type, insn.value & mask));
  place = emit(is_64 ? Op::I64And : Op::I32And, type, place, function_.constant(type, mask));
  if (is_64) place = emit(Op::I32WrapI64, Type::I32, place);
  trap_if(place, TrapCode::UnalignedAtomic);
}

void Builder::memory_access(const Instruction& insn) {
  const wasm::OpInfo& wasm_info = wasm::info(insn.op);
  const wasm::OpSignature& signature = wasm_info.signature;
  const uint32_t params = signature.param_count;
  const Value* operands = stack_.data() + stack_.size() - params;
  const Value index = operands[0];
  const Value b = params > 1 ? operands[1] : kNoValue;
  const Value c = params > 2 ? operands[2] : kNoValue;
  drop(params);
  const uint32_t bytes = 1u << wasm_info.access_log2();
  if (wasm_info.has(wasm::op_flag::Atomic)) check_alignment(insn, index, bytes);
  Access access;
  if (wasm_info.imm == wasm::Imm::MemArgLane) access.lane = insn.lane;
  const Value place = address(insn, index, bytes, access);
  const bool has_result = signature.result_count != 0;
  const Type type = has_result ? type_of(wasm::ValType(signature.results[0])) : Type::None;
  const Value value = emit(from_wasm(insn.op), type, place, b, c, access.bits());
  if (has_result) push(value);
}

void Builder::atomic_wait_or_notify(const Instruction& insn) {
  const bool notifies = insn.op == wasm::Op::MemoryAtomicNotify;
  const Value timeout = notifies ? kNoValue : pop();
  const Value operand = pop();
  const Value index = pop();
  const uint32_t bytes = 1u << wasm::info(insn.op).access_log2();
  check_alignment(insn, index, bytes);
  // The helper checks the address again; here it is checked before the offset is added.
  const Value size = memory_bytes(insn.index);
  const uint64_t extent = insn.value > UINT64_MAX - bytes ? UINT64_MAX : insn.value + bytes;
  Value place = bounds_check(extend(index, is_64_memory(insn.index)), size, extent,
                             TrapCode::OutOfBoundsMemoryAccess);
  place = emit(Op::I64Add, Type::I64, place, function_.i64(insn.value));
  const Value memory = function_.i32(insn.index);
  if (notifies) return push(call_runtime(RuntimeCall::AtomicNotify, {memory, place, operand}));
  const bool is_64 = insn.op == wasm::Op::MemoryAtomicWait64;
  push(call_runtime(is_64 ? RuntimeCall::AtomicWait64 : RuntimeCall::AtomicWait32,
                    {memory, place, operand, timeout}));
}

Value Builder::memory_bytes(uint32_t memory) {
  const wasm::MemoryType& type = module_.memories[memory];
  if (is_fixed(type.limits)) return function_.i64(type.limits.minimum << type.page_size_log2);
  return emit(Op::MemoryBytes, Type::I64, {}, {}, {}, memory);
}

void Builder::memory_size(uint32_t memory) {
  const Value bytes = memory_bytes(memory);
  const uint8_t log2 = module_.memories[memory].page_size_log2;
  const Value pages = log2 == 0 ? bytes : emit(Op::I64ShrU, Type::I64, bytes, function_.i64(log2));
  push(narrow(pages, is_64_memory(memory)));
}

void Builder::memory_op(const Instruction& insn) {
  switch (insn.op) {
    case wasm::Op::MemorySize: return memory_size(insn.index);
    case wasm::Op::MemoryGrow: {
      const bool is_64 = is_64_memory(insn.index);
      const Value delta = extend(pop(), is_64);
      const Value memory = function_.i32(insn.index);
      return push(narrow(call_runtime(RuntimeCall::MemoryGrow, {memory, delta}), is_64));
    }
    case wasm::Op::MemoryFill: {
      const bool is_64 = is_64_memory(insn.index);
      const Value length = extend(pop(), is_64);
      const Value byte = pop();
      const Value to = extend(pop(), is_64);
      call_runtime(RuntimeCall::MemoryFill, {function_.i32(insn.index), to, byte, length});
      return;
    }
    case wasm::Op::MemoryCopy:
      return bulk_copy(RuntimeCall::MemoryCopy, insn, is_64_memory(insn.index),
                       is_64_memory(insn.index2));
    case wasm::Op::MemoryInit:
      return bulk_copy(RuntimeCall::MemoryInit, insn, is_64_memory(insn.index2), false);
    case wasm::Op::DataDrop:
      call_runtime(RuntimeCall::DataDrop, {function_.i32(insn.index)});
      return;
    default: return table_op(insn);
  }
}

// From one memory or table to another, or from a segment, whose offsets have 32 bits.
void Builder::bulk_copy(RuntimeCall call, const Instruction& insn, bool to_64, bool from_64) {
  const Value length = extend(pop(), to_64 && from_64);
  const Value from = extend(pop(), from_64);
  const Value to = extend(pop(), to_64);
  call_runtime(call, {function_.i32(insn.index), function_.i32(insn.index2), to, from, length});
}

void Builder::table_op(const Instruction& insn) {
  const Value table = function_.i32(insn.index);
  switch (insn.op) {
    case wasm::Op::TableGet: {
      const Value index = table_index(pop(), insn.index, TrapCode::OutOfBoundsTableAccess);
      return push(emit(Op::TableGet, Type::Ref, index, {}, {}, insn.index));
    }
    case wasm::Op::TableSet: {
      const Value value = pop();
      const Value index = table_index(pop(), insn.index, TrapCode::OutOfBoundsTableAccess);
      emit(Op::TableSet, Type::None, index, value, {}, insn.index);
      return;
    }
    case wasm::Op::TableSize: return push(narrow(table_size(insn.index), is_64_table(insn.index)));
    case wasm::Op::TableGrow: {
      const bool is_64 = is_64_table(insn.index);
      const Value delta = extend(pop(), is_64);
      const Value value = pop();
      return push(narrow(call_runtime(RuntimeCall::TableGrow, {table, value, delta}), is_64));
    }
    case wasm::Op::TableFill: {
      const bool is_64 = is_64_table(insn.index);
      const Value length = extend(pop(), is_64);
      const Value value = pop();
      const Value to = extend(pop(), is_64);
      call_runtime(RuntimeCall::TableFill, {table, to, value, length});
      return;
    }
    case wasm::Op::TableCopy:
      return bulk_copy(RuntimeCall::TableCopy, insn, is_64_table(insn.index),
                       is_64_table(insn.index2));
    case wasm::Op::TableInit:
      return bulk_copy(RuntimeCall::TableInit, insn, is_64_table(insn.index2), false);
    case wasm::Op::ElemDrop:
      call_runtime(RuntimeCall::ElemDrop, {function_.i32(insn.index)});
      return;
    default: return unsupported(wasm::text(insn.op));
  }
}

}  // namespace wrun::ir
