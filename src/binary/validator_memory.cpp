// Locals, globals, tables, memories, vector lanes (spec 3.4.5 to 3.4.12).
#include <algorithm>

#include "binary/validator.hpp"

namespace wrun::binary {

using wasm::kI32;
using wasm::kI64;
using wasm::Op;
using wasm::ValType;

namespace {

uint32_t lane_count(Op op) {
  const wasm::OpInfo& info = wasm::info(op);
  if (info.accesses_memory()) return 16u >> info.access_log2();
  switch (op) {
    case Op::I8x16ExtractLaneS:
    case Op::I8x16ExtractLaneU:
    case Op::I8x16ReplaceLane:  return 16;
    case Op::I16x8ExtractLaneS:
    case Op::I16x8ExtractLaneU:
    case Op::I16x8ReplaceLane:  return 8;
    case Op::I32x4ExtractLane:
    case Op::I32x4ReplaceLane:
    case Op::F32x4ExtractLane:
    case Op::F32x4ReplaceLane:  return 4;
    default:                    return 2;
  }
}

// The type of a length that must fit two index spaces.
ValType smaller(ValType a, ValType b) { return a == kI64 && b == kI64 ? kI64 : kI32; }

}  // namespace

void Validator::mark_initialized(uint32_t local) {
  readable_[local] = locals_[local];
  initialized_.push_back(local);
}

void Validator::forget_initialized(uint32_t count) {
  for (; initialized_.size() > count; initialized_.pop_back())
    readable_[initialized_.back()] = wasm::kBottom;
}

bool Validator::fail_uninitialized() {
  return fail("uninitialized local " + std::to_string(insn_.index) + " of type " +
              to_string(locals_[insn_.index]));
}

bool Validator::on_global_get() {
  if (insn_.index >= module_.globals.size()) return fail_unknown("global", insn_.index);
  return push(module_.globals[insn_.index].type.content);
}

bool Validator::on_global_set() {
  if (insn_.index >= module_.globals.size()) return fail_unknown("global", insn_.index);
  const wasm::GlobalType& type = module_.globals[insn_.index].type;
  if (!type.is_mutable) return fail("immutable global " + std::to_string(insn_.index));
  return pop(type.content);
}

bool Validator::on_select() {
  ValType first;
  ValType second;
  if (!pop(kI32) || !pop_any(second) || !pop_any(first)) return false;
  if (first.is_ref() || second.is_ref())
    return fail("type mismatch: select without a type takes numbers and vectors, but stack has [" +
                to_string(first) + " " + to_string(second) + "]");
  if (first != second && first != wasm::kBottom && second != wasm::kBottom)
    return fail("type mismatch: select takes two equal types but stack has [" + to_string(first) +
                " " + to_string(second) + "]");
  return push(first == wasm::kBottom ? second : first);
}

bool Validator::on_select_typed() {
  if (insn_.list_count != 1)
    return fail("invalid result arity: select has " + std::to_string(insn_.list_count) + " types");
  const ValType type = insn_.select_type;
  return check_val_type(type) && pop_all({type, type, kI32}) && push(type);
}

bool Validator::fail_mem_arg() {
  const uint8_t natural = wasm::info(insn_.op).access_log2();
  if (insn_.align_log2 > natural)
    return fail("alignment must not be larger than natural: 2^" + std::to_string(insn_.align_log2) +
                " for " + std::string(wasm::text(insn_.op)));
  if (insn_.align_log2 < natural)
    return fail("atomic alignment must be natural: 2^" + std::to_string(insn_.align_log2) +
                " for " + std::string(wasm::text(insn_.op)));
  return fail("offset out of range: " + std::to_string(insn_.value) + " in a 32-bit memory");
}

bool Validator::check_lane() {
  return insn_.lane < lane_count(insn_.op) ||
         fail("invalid lane index " + std::to_string(insn_.lane));
}

bool Validator::check_shuffle() {
  for (int i = 0; i < 16; ++i) {
    const uint64_t lane = ((i < 8 ? insn_.value : insn_.value_high) >> (8 * (i % 8))) & 0xff;
    if (lane >= 32) return fail("invalid lane index " + std::to_string(lane));
  }
  return true;
}

bool Validator::check_memory(uint32_t index) {
  return index < module_.memories.size() || fail_unknown("memory", index);
}
bool Validator::check_table(uint32_t index) {
  return index < module_.tables.size() || fail_unknown("table", index);
}
bool Validator::check_elem(uint32_t index) {
  return index < module_.elements.size() || fail_unknown("elem segment", index);
}
bool Validator::check_data(uint32_t index) {
  if (!context_.data_count) return fail("data count section required", Error::Kind::Malformed);
  return index < *context_.data_count || fail_unknown("data segment", index);
}

bool Validator::on_memory_op() {
  const uint32_t first = insn_.index;
  const uint32_t second = insn_.index2;
  switch (insn_.op) {
    case Op::MemorySize: return check_memory(first) && push(address_type(first));
    case Op::MemoryGrow:
      return check_memory(first) && pop(address_type(first)) && push(address_type(first));
    case Op::MemoryFill:
      return check_memory(first) && pop_all({address_type(first), kI32, address_type(first)});
    case Op::MemoryCopy: {
      if (!check_memory(first) || !check_memory(second)) return false;
      const ValType to = address_type(first);
      const ValType from = address_type(second);
      return pop_all({to, from, smaller(to, from)});
    }
    case Op::MemoryInit:
      return check_memory(second) && check_data(first) &&
             pop_all({address_type(second), kI32, kI32});
    default: return check_data(first);  // data.drop
  }
}

bool Validator::on_table_op() {
  const uint32_t first = insn_.index;
  const uint32_t second = insn_.index2;
  if (insn_.op == Op::ElemDrop) return check_elem(first);
  if (insn_.op == Op::TableInit) {
    if (!check_table(second) || !check_elem(first)) return false;
    const ValType from = module_.elements[first].type;
    const ValType to = module_.tables[second].type.element;
    if (!matches(from, to))
      return fail("type mismatch: elem segment of " + to_string(from) + " for a table of " +
                  to_string(to));
    return pop_all({table_index_type(second), kI32, kI32});
  }
  if (!check_table(first)) return false;
  const ValType index = table_index_type(first);
  const ValType element = module_.tables[first].type.element;
  switch (insn_.op) {
    case Op::TableGet:  return pop(index) && push(element);
    case Op::TableSet:  return pop_all({index, element});
    case Op::TableSize: return push(index);
    case Op::TableGrow: return pop_all({element, index}) && push(index);
    case Op::TableFill: return pop_all({index, element, index});
    default:            break;  // table.copy
  }
  if (!check_table(second)) return false;
  const ValType from = module_.tables[second].type.element;
  if (!matches(from, element))
    return fail("type mismatch: table.copy from a table of " + to_string(from) + " to a table of " +
                to_string(element));
  const ValType from_index = table_index_type(second);
  return pop_all({index, from_index, smaller(index, from_index)});
}

}  // namespace wrun::binary
