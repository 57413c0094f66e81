// Where virtual registers are live, and where they are used.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codegen/machine_function.hpp"

namespace wrun::codegen {

// A point in the function: an instruction and one of its moments, see Operand.
using Position = uint32_t;
inline constexpr Position kNoPosition = UINT32_MAX;
constexpr Position gap(uint32_t insn) { return insn * 4; }
constexpr Position early(uint32_t insn) { return insn * 4 + 1; }
constexpr Position late(uint32_t insn) { return insn * 4 + 2; }
constexpr Position after(uint32_t insn) { return insn * 4 + 3; }
constexpr uint32_t instruction_at(Position position) { return position / 4; }

inline constexpr uint32_t kNone = UINT32_MAX;

struct Range {
  Position begin = 0;
  Position end = 0;  // exclusive
  uint32_t next = kNone;
};

enum class UseKind : uint8_t {
  Anywhere,  // a slot does as well as a register
  Any,       // a register is better
  Register,
};

struct UsePoint {
  Position position = 0;
  UseKind kind = UseKind::Anywhere;
  uint32_t next = kNone;
};

// Linked lists in ascending order, by virtual register.
struct Liveness {
  std::vector<Range> ranges;
  std::vector<UsePoint> uses;  // definitions as well
  std::vector<uint32_t> first_range;
  std::vector<uint32_t> first_use;
  std::vector<VReg> by_begin;  // those that are defined, in the order of their first ranges

  // The virtual registers that are live into a block; its parameters are not among them.
  std::span<const VReg> live_in(uint32_t block) const {
    return {live_in_pool.data() + first_live_in[block],
            first_live_in[block + 1] - first_live_in[block]};
  }
  std::vector<VReg> live_in_pool;
  std::vector<uint32_t> first_live_in;
};

Liveness find_liveness(const MachineFunction& function);

}  // namespace wrun::codegen
