#include "ir/function.hpp"

#include <algorithm>

#include "base/append.hpp"

namespace wrun::ir {

Block Function::create_block() {
  blocks_.emplace_back();
  return {block_count() - 1};
}

Value Function::add_param(Block block, Type type) {
  const Value value = create({.op = Op::BlockParam, .type = type});
  block_of_[value.index] = block;
  BlockData& data = (*this)[block];
  const auto end = static_cast<uint32_t>(pool_.size());
  if (data.param_count == 0) {
    data.first_param = end;
  } else if (data.first_param + data.param_count != end) {
    const uint32_t from = data.first_param;
    data.first_param = end;
    pool_.resize(end + data.param_count);
    std::copy_n(pool_.begin() + from, data.param_count, pool_.begin() + end);
  }
  pool_.push_back(value);
  ++data.param_count;
  return value;
}

Value Function::create(const Instruction& insn, const Origin& origin) {
  instructions_.push_back(insn);
  block_of_.push_back(kNoBlock);
  origin_of_.push_back(origin);
  return {value_count() - 1};
}

void Function::append(Block block, Value value) {
  BlockData& data = (*this)[block];
  Instruction& insn = (*this)[value];
  insn.previous = data.last;
  insn.next = kNoValue;
  (data.last.exists() ? (*this)[data.last].next : data.first) = value;
  data.last = value;
  block_of_[value.index] = block;
}

void Function::insert_before(Value at, Value value) {
  const Block block = block_of(at);
  BlockData& data = (*this)[block];
  const Value previous = (*this)[at].previous;
  (*this)[value].previous = previous;
  (*this)[value].next = at;
  (*this)[at].previous = value;
  (previous.exists() ? (*this)[previous].next : data.first) = value;
  block_of_[value.index] = block;
}

void Function::insert_after(Value at, Value value) {
  const Value next = (*this)[at].next;
  if (next.exists())
    insert_before(next, value);
  else
    append(block_of(at), value);
}

void Function::remove(Value value) {
  BlockData& data = (*this)[block_of(value)];
  const Instruction& insn = (*this)[value];
  (insn.previous.exists() ? (*this)[insn.previous].next : data.first) = insn.next;
  (insn.next.exists() ? (*this)[insn.next].previous : data.last) = insn.previous;
  block_of_[value.index] = kNoBlock;
}

uint32_t Function::add_list(std::span<const Value> values) {
  const auto first = static_cast<uint32_t>(pool_.size());
  wrun::append(pool_, values);
  return first;
}

uint32_t Function::add_edges(std::span<const Edge> edges) {
  const auto first = static_cast<uint32_t>(edges_.size());
  wrun::append(edges_, edges);
  return first;
}

uint32_t Function::add_vector(wasm::V128 value) {
  vectors_.push_back(value);
  return static_cast<uint32_t>(vectors_.size() - 1);
}

void Function::reserve(uint32_t body_bytes) {
  const size_t values = body_bytes / 3 + 16;
  instructions_.reserve(values);
  block_of_.reserve(values);
  origin_of_.reserve(values);
  pool_.reserve(values);
}

// --- constants

namespace {

uint32_t hash(Op op, uint64_t immediate) {
  const uint64_t mixed = (immediate ^ static_cast<uint64_t>(op) << 56) * 0x9e3779b97f4a7c15u;
  return static_cast<uint32_t>(mixed >> 32);
}

}  // namespace

void Function::grow_constants() {
  std::vector<Value> old(std::max<size_t>(32, constants_.size() * 2));
  old.swap(constants_);
  const size_t mask = constants_.size() - 1;
  for (const Value value : old) {
    if (!value.exists()) continue;
    const Instruction& insn = (*this)[value];
    size_t at = hash(insn.op, insn.immediate) & mask;
    while (constants_[at].exists()) at = (at + 1) & mask;
    constants_[at] = value;
  }
}

Value Function::intern(Op op, Type type, uint64_t immediate) {
  if (size_t{constant_count_} * 2 >= constants_.size()) grow_constants();
  const size_t mask = constants_.size() - 1;
  size_t at = hash(op, immediate) & mask;
  for (; constants_[at].exists(); at = (at + 1) & mask) {
    const Instruction& found = (*this)[constants_[at]];
    if (found.op == op && found.immediate == immediate) return constants_[at];
  }
  ++constant_count_;
  return constants_[at] = create({.op = op, .type = type, .immediate = immediate});
}

Value Function::constant(Type type, uint64_t bits) {
  switch (type) {
    case Type::I32:  return intern(Op::I32Const, type, static_cast<uint32_t>(bits));
    case Type::I64:  return intern(Op::I64Const, type, bits);
    case Type::F32:  return intern(Op::F32Const, type, static_cast<uint32_t>(bits));
    case Type::F64:  return intern(Op::F64Const, type, bits);
    case Type::V128: return vector_constant(wasm::V128{});
    case Type::Ref:  return intern(Op::RefNull, type, 0);
    case Type::None: break;
  }
  WRUN_UNREACHABLE();
}

Value Function::vector_constant(wasm::V128 value) {
  // Few of a function's vectors are equal but the zeros.
  for (uint32_t i = 0; i < vectors_.size() && i < 16; ++i)
    if (vectors_[i][0] == value[0] && vectors_[i][1] == value[1])
      return intern(Op::V128Const, Type::V128, i);
  return intern(Op::V128Const, Type::V128, add_vector(value));
}

}  // namespace wrun::ir
