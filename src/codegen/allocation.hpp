// What register allocation decides: where each operand is, and the moves between instructions.
#pragma once

#include <cstdint>
#include <vector>

#include "codegen/machine_function.hpp"

namespace wrun::codegen {

// A register, or the first word of a spill slot.
struct Location {
  uint32_t bits = UINT32_MAX;

  static constexpr Location in(Reg reg) { return {reg.index}; }
  static constexpr Location slot(uint32_t word) { return {word + Reg::kCount}; }
  constexpr bool exists() const { return bits != UINT32_MAX; }
  constexpr bool is_reg() const { return bits < Reg::kCount; }
  constexpr bool is_slot() const { return exists() && !is_reg(); }
  constexpr Reg reg() const { return {static_cast<uint8_t>(bits)}; }
  constexpr uint32_t slot_word() const { return bits - Reg::kCount; }
  constexpr auto operator<=>(const Location&) const = default;
};

struct Move {
  Location from;
  Location to;
  ValueType type = ValueType::I64;
  bool is_exchange = false;  // of two integer registers
};

// Moves in the order in which they are executed, before the instruction with this number.
struct PlacedMove {
  uint32_t instruction = 0;
  Move move;
};

struct Allocation {
  std::vector<Location> operands;  // by index into MachineFunction::operands
  std::vector<PlacedMove> moves;   // ascending
  uint32_t slot_words = 0;
  RegSet used;  // registers that are written

  struct Statistics {
    uint32_t spilled = 0;  // virtual registers with a slot
    uint32_t stores = 0;
    uint32_t reloads = 0;
    uint32_t copies = 0;
  } statistics;
};

}  // namespace wrun::codegen
