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

  // The blocks that a virtual register is live into, the last one first; not those whose parameter it is.
  std::span<const uint32_t> live_blocks(VReg vreg) const {
    return {live_block_pool.data() + first_live_block[vreg.index],
            first_live_block[vreg.index + 1] - first_live_block[vreg.index]};
  }
  std::vector<uint32_t> live_block_pool;
  std::vector<uint32_t> first_live_block;
};

Liveness find_liveness(const MachineFunction& function);

}  // namespace wrun::codegen
