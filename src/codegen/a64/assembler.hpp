// asmjit's assembler, and what it leaves to its users: constants and offsets of any size.
#pragma once

#include <asmjit/arm.h>
#include <asmjit/arm/a64assembler.h>
#include <asmjit/arm/a64utils.h>

#include <cstdint>

#include "codegen/registers.hpp"

namespace wrun::codegen::a64 {

namespace arm = asmjit::arm;
using asmjit::a64::Gp;
using asmjit::a64::Mem;
using asmjit::a64::Vec;

// Never allocated: for addresses and steps of sequences.
inline constexpr asmjit::a64::GpX kTemp = asmjit::a64::regs::x16;
inline constexpr asmjit::a64::GpX kTemp2 = asmjit::a64::regs::x17;

inline Gp gp(Reg reg, uint32_t size) {
  if (size == 8) return asmjit::a64::GpX(reg.number());
  return asmjit::a64::GpW(reg.number());
}
inline Gp gp(Reg reg) { return gp(reg, 8); }
inline asmjit::Imm shift_by(arm::ShiftOp op, uint32_t amount) {
  return asmjit::Imm(arm::Shift(op, amount));
}

// Whether `add` and `cmp` take it as an immediate; `and` and its like.
constexpr bool is_arithmetic_immediate(uint64_t value) {
  return value < 4096 || ((value & 4095) == 0 && value < 4096u << 12);
}
bool is_logical_immediate(uint64_t value, uint32_t size);
// Instructions that load it takes.
uint32_t constant_cost(uint64_t value, uint32_t size);
// Whether an access of that many bytes takes it as an offset from a register.
constexpr bool is_offset(int64_t offset, uint32_t bytes) {
  return (offset >= -256 && offset < 256) ||
         (offset >= 0 && offset % bytes == 0 && offset / bytes < 4096);
}

class Assembler : public asmjit::a64::Assembler {
 public:
  void load_constant(const Gp& to, uint64_t value);
  // Of 64 bits. The temporary may be `to` unless that is the stack pointer or `from`.
  void add_constant(const Gp& to, const Gp& from, int64_t value, const Gp& temporary = kTemp);
  // What is at an offset from a register, for an access of that many bytes.
  Mem at(const Gp& base, int64_t offset, uint32_t bytes, const Gp& temporary = kTemp);
  // The address of the page of 4 KiB that something is in, from the address of this instruction.
  void load_page(const Gp& to, uint64_t address, uint64_t target);
  // Gives zero in `status` if it has stored, and releases.
  void store_exclusive(const Gp& status, const Gp& value, const Gp& place, uint32_t bytes);
  void branch_if(uint8_t condition, const asmjit::Label& target) {
    emit(asmjit::BaseInst::composeARMInstId(Inst::kIdB, static_cast<arm::CondCode>(condition)),
         target);
  }

 private:
  using Inst = asmjit::a64::Inst;
};

}  // namespace wrun::codegen::a64
