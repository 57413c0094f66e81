// Memory, its addresses, and bulk operations.
#include "difftest/function_generator.hpp"

namespace wrun::difftest {

using wasm::kF32;
using wasm::kF64;
using wasm::kI32;
using wasm::kI64;
using wasm::Op;
using wasm::ValType;

void FunctionGenerator::load(ValType type, int depth) {
  access(choices_.any(instructions_.from_memory[type_number(type)]), depth);
}

void FunctionGenerator::store(int depth) { access(choices_.any(instructions_.stores), depth); }

void FunctionGenerator::access(Op op, int depth) {
  const wasm::OpInfo& info = wasm::info(op);
  const uint32_t index = choices_.one_in(4) ? choices_.below(uint32_t(shape_.memories.size())) : 0;
  const Shape::Memory& memory = shape_.memories[index];
  const bool aligned = info.has(wasm::op_flag::Atomic);
  const uint64_t offset = address(memory, 1u << info.access_log2(), aligned, depth);
  for (uint32_t i = 1; i < info.signature.param_count; ++i) {
    const ValType type(info.signature.params[i]);
    if (type_number(type) >= shape_.type_count) {
      constant(type);
      continue;
    }
    expression(type, depth);
    if (type == kF32 || type == kF64) canonicalize(type);
  }
  memory_argument(op, index, offset);
  if (info.imm == wasm::Imm::MemArgLane) lanes(op);
}

uint64_t FunctionGenerator::address(const Shape::Memory& memory, uint32_t bytes, bool aligned,
                                    int depth) {
  const uint64_t last = memory.bytes() - bytes;
  switch (choices_.below(shape_.wild ? 12 : 60)) {
    case 1: address_constant(memory, last); return 0;
    case 2: address_constant(memory, 0); return last;
    case 3: address_constant(memory, last - 64); return 64;
    case 4: {  // the last bytes, by a sum
      leaf(kI32);
      code_.i32(16)(Op::I32Shl);
      code_.i32(16)(Op::I32ShrU).i32(0xfff8)(Op::I32And);
      if (memory.is_64) code_(Op::I64ExtendI32U);
      return memory.bytes() - 0x10000 + (aligned ? 0 : 8 - bytes % 8) % 8;
    }
    case 5:  // beyond the end by some
      address_constant(memory, last + 1 + choices_.below(20));
      return 0;
    case 6:  // near the end of 32 bits
      address_constant(memory, uint64_t{0xffffffff} - choices_.below(40));
      return choices_.below(64);
    case 7:
      leaf(kI32);
      {
        code_.i32(static_cast<int32_t>(0xffffff00))(Op::I32Or);
        if (memory.is_64) code_(Op::I64ExtendI32U);
        return choices_.any({0ull, 1ull, 256ull, 0xffffffffull, 0x80000000ull});
      }
    case 8:  expression(memory.is_64 ? kI64 : kI32, depth); return choices_.below(256);
    default: break;
  }
  usual_address(memory, aligned, depth);
  const uint64_t offset = choices_.one_in(3) ? choices_.below(4096) : choices_.below(16) * 8;
  return aligned ? offset & ~uint64_t{15} : offset;
}

// Below 60 KiB: what a program does.
void FunctionGenerator::usual_address(const Shape::Memory& memory, bool aligned, int depth) {
  const uint32_t kind = choices_.below(6);
  if (kind == 0) return address_constant(memory, choices_.below(1024) * 8);
  expression(kI32, depth);
  if (kind == 1 || aligned) {
    code_.i32(0x7ff0)(Op::I32And);
  } else if (kind == 2) {
    code_.i32(0x7fff)(Op::I32And);
  } else {  // base + index << scale
    code_.i32(0xfff)(Op::I32And).i32(static_cast<int32_t>(choices_.below(4)))(Op::I32Shl);
    expression(kI32, depth - 1);
    code_.i32(0x3ff)(Op::I32And)(Op::I32Add);
  }
  if (!aligned && choices_.one_in(4))
    code_.i32(static_cast<int32_t>(choices_.below(100)))(Op::I32Add);
  if (memory.is_64) code_(Op::I64ExtendI32U);
}

void FunctionGenerator::address_constant(const Shape::Memory& memory, uint64_t value) {
  if (memory.is_64)
    code_.i64(static_cast<int64_t>(value));
  else
    code_.i32(static_cast<int32_t>(value));
}

void FunctionGenerator::memory_argument(Op op, uint32_t memory, uint64_t offset) {
  const uint32_t log2 = wasm::info(op).access_log2();
  const bool is_atomic = wasm::info(op).has(wasm::op_flag::Atomic);
  const uint32_t alignment = is_atomic ? log2 : choices_.below(log2 + 1);
  if (memory == 0)
    code_(op, alignment, offset);
  else
    code_(op, alignment | 0x40, memory, offset);
}

void FunctionGenerator::range_in_memory(const Shape::Memory& memory, int depth) {
  if (choices_.one_in(shape_.wild ? 4 : 20))
    return address_constant(memory, memory.bytes() - choices_.below(80));
  usual_address(memory, false, depth);
}

void FunctionGenerator::bulk(int depth) {
  const uint32_t index = choices_.below(uint32_t(shape_.memories.size()));
  const Shape::Memory& memory = shape_.memories[index];
  const auto length = [&](bool is_64) {
    const uint64_t value = choices_.one_in(4) ? choices_.below(400) : choices_.below(33);
    if (!is_64 && choices_.one_in(3)) {
      expression(kI32, depth - 1);
      code_.i32(0xff)(Op::I32And);
      return;
    }
    address_constant({.is_64 = is_64}, value);
  };
  switch (choices_.below(7)) {
    case 0:
    case 1:
      range_in_memory(memory, depth);
      expression(kI32, depth);
      length(memory.is_64);
      code_(Op::MemoryFill, index);
      return;
    case 2:
    case 3: {
      const uint32_t from = choices_.below(uint32_t(shape_.memories.size()));
      range_in_memory(memory, depth);
      range_in_memory(shape_.memories[from], depth);
      length(memory.is_64 && shape_.memories[from].is_64);
      code_(Op::MemoryCopy, index, from);
      return;
    }
    case 4:
      range_in_memory(memory, depth);
      code_.i32(static_cast<int32_t>(choices_.below(8)));
      code_.i32(static_cast<int32_t>(choices_.below(shape_.wild ? 80 : 2)));
      code_(Op::MemoryInit, 0, index);
      return;
    case 5:  return grow();
    default: return table_operation(depth);
  }
}

void FunctionGenerator::grow() {
  const uint32_t index = choices_.below(uint32_t(shape_.memories.size()));
  const Shape::Memory& memory = shape_.memories[index];
  address_constant(memory, choices_.one_in(4) ? ~uint64_t{0} : choices_.below(3));
  code_(Op::MemoryGrow, index);
  if (memory.is_64) code_(Op::I32WrapI64);
  code_(Op::LocalSet, any_local(kI32));
}

void FunctionGenerator::table_operation(int depth) {
  const auto function = [&] {
    if (choices_.one_in(3))
      code_.ref_null(wasm::HeapType::Abstract::Func);
    else
      code_(Op::RefFunc, shape_.table[0]);
  };
  const auto index = [&] {
    expression(kI32, depth - 1);
    code_.i32(shape_.wild ? 15 : 3)(Op::I32And);
  };
  switch (choices_.below(7)) {
    case 0:
      index();
      function();
      code_(Op::TableSet, 0);
      return;
    case 1:
      index();
      function();
      index();
      code_(Op::TableFill, 0);
      return;
    case 2:
      index();
      index();
      code_.i32(1)(Op::TableCopy, 0, 0);
      return;
    case 3:
      index();
      code_.i32(0).i32(2)(Op::TableInit, 0, 0);
      return;
    case 4:
      function();
      code_.i32(static_cast<int32_t>(choices_.below(3)))(Op::TableGrow, 0);
      code_(Op::LocalSet, any_local(kI32));
      return;
    case 5:  code_(Op::ElemDrop, 0); return;
    default: code_(Op::DataDrop, 1);
  }
}

}  // namespace wrun::difftest
