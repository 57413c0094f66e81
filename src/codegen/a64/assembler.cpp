#include "codegen/a64/assembler.hpp"

#include <algorithm>
#include <bit>

namespace wrun::codegen::a64 {

namespace {

constexpr uint32_t kHalfBits = 16;

uint32_t half(uint64_t value, uint32_t i) {
  return static_cast<uint32_t>(value >> (i * kHalfBits) & 0xffff);
}

// How many of its halfwords are not this one.
uint32_t count_others(uint64_t value, uint32_t halves, uint32_t than) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < halves; ++i) count += half(value, i) != than;
  return count;
}

}  // namespace

bool is_logical_immediate(uint64_t value, uint32_t size) {
  return asmjit::a64::Utils::isLogicalImm(size == 4 ? value & 0xffffffff : value, size * 8);
}

uint32_t constant_cost(uint64_t value, uint32_t size) {
  const uint32_t halves = size / 2;
  const uint32_t others =
      std::min(count_others(value, halves, 0), count_others(value, halves, 0xffff));
  return others > 1 && is_logical_immediate(value, size) ? 1 : std::max(others, 1u);
}

void Assembler::load_constant(const Gp& to, uint64_t value) {
  const uint32_t size = to.size();
  if (size == 4) value &= 0xffffffff;
  const uint32_t halves = size / 2;
  const uint32_t not_zeros = count_others(value, halves, 0);
  const uint32_t not_ones = count_others(value, halves, 0xffff);
  if (std::min(not_zeros, not_ones) > 1 && is_logical_immediate(value, size)) {
    Gp zero = to;
    zero.setId(Gp::kIdZr);
    emit(Inst::kIdOrr, to, zero, asmjit::Imm(value));
    return;
  }
  const bool inverted = not_ones < not_zeros;
  const uint32_t rest = inverted ? 0xffff : 0;
  bool is_first = true;
  for (uint32_t i = 0; i < halves; ++i) {
    const uint32_t bits = half(value, i);
    const bool is_all = i == 0 && std::min(not_zeros, not_ones) == 0;
    if (bits == rest && !is_all) continue;
    const asmjit::InstId id = !is_first ? Inst::kIdMovk : inverted ? Inst::kIdMovn : Inst::kIdMovz;
    emit(id, to, asmjit::Imm(is_first && inverted ? bits ^ 0xffff : bits),
         asmjit::Imm(i * kHalfBits));
    is_first = false;
  }
}

void Assembler::add_constant(const Gp& to, const Gp& from, int64_t value, const Gp& temporary) {
  const bool is_negative = value < 0;
  const uint64_t magnitude =
      is_negative ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  const asmjit::InstId id = is_negative ? Inst::kIdSub : Inst::kIdAdd;
  if (magnitude == 0 && to == from) return;
  if (magnitude < 4096) {
    emit(id, to, from, asmjit::Imm(magnitude));
  } else if (magnitude < 4096u << 12) {
    emit(id, to, from, asmjit::Imm(magnitude >> 12), asmjit::Imm(12));
    if ((magnitude & 4095) != 0) emit(id, to, to, asmjit::Imm(magnitude & 4095));
  } else {
    load_constant(temporary, magnitude);
    emit(id, to, from, temporary);
  }
}

// As adrp, which asmjit encodes for labels.
void Assembler::load_page(const Gp& to, uint64_t address, uint64_t target) {
  constexpr uint32_t kPageBits = 12;
  const auto pages = static_cast<uint32_t>((target >> kPageBits) - (address >> kPageBits));
  embedUInt32(0x90000000 | (pages & 3) << 29 | (pages >> 2 & 0x7ffff) << 5 | to.id());
}

// As stlxr, which asmjit has for 32 bits only.
void Assembler::store_exclusive(const Gp& status, const Gp& value, const Gp& place,
                                uint32_t bytes) {
  const auto width = static_cast<uint32_t>(std::countr_zero(bytes));
  embedUInt32(0x0800fc00 | width << 30 | status.id() << 16 | place.id() << 5 | value.id());
}

Mem Assembler::at(const Gp& base, int64_t offset, uint32_t bytes, const Gp& temporary) {
  if (is_offset(offset, bytes)) return asmjit::a64::ptr(base, static_cast<int32_t>(offset));
  if (offset >= 0 && offset < 4096 << 12) {
    const int64_t low = offset & 4095;
    if (is_offset(low, bytes)) {
      add_constant(temporary, base, offset - low);
      return asmjit::a64::ptr(temporary, static_cast<int32_t>(low));
    }
  }
  if (base == temporary) {
    add_constant(temporary, base, offset, kTemp2);
    return asmjit::a64::ptr(temporary);
  }
  load_constant(temporary, static_cast<uint64_t>(offset));
  if (base.id() == Gp::kIdSp) {
    emit(Inst::kIdAdd, temporary, base, temporary);
    return asmjit::a64::ptr(temporary);
  }
  return asmjit::a64::ptr(base, temporary);
}

}  // namespace wrun::codegen::a64
