// A function as instructions of a machine whose operands are virtual registers: what selection gives,
// register allocation reads and emission writes out. Apart from the meaning of opcodes nothing in it
// depends on the machine.
//
// Blocks have parameters, and every virtual register has one definition. Blocks stand in an order in
// which those of a loop are together and every block comes after its predecessors, back edges aside.
// No edge goes from a block with several successors to one with several predecessors.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "codegen/registers.hpp"

namespace wrun::codegen {

struct VReg {
  uint32_t index = UINT32_MAX;
  constexpr bool exists() const { return index != UINT32_MAX; }
  constexpr auto operator<=>(const VReg&) const = default;
};
inline constexpr VReg kNoVReg = {};

enum class ValueType : uint8_t { I32, I64, F32, F64, V128 };
constexpr RegClass reg_class(ValueType type) {
  return type <= ValueType::I64 ? RegClass::Integer : RegClass::Vector;
}
constexpr uint32_t words(ValueType type) { return type == ValueType::V128 ? 2 : 1; }

// An instruction goes through four moments, and what is live at the same one has different registers:
//   0 gap    moves: fixed and tied uses are copied to where the instruction wants them
//   1 early  other uses are read; early definitions and temporaries begin
//   2 late   definitions begin; what the instruction destroys
//   3 after  definitions in fixed registers are copied to where they live
struct Operand {
  enum class Role : uint8_t {
    Use,
    Def,
    EarlyDef,  // written before all uses are read
  };
  enum class Constraint : uint8_t {
    Register,  // any of its class
    Any,       // uses only: a register or a stack slot
    Fixed,     // `fixed`
    Tied,      // a use, and the definition that begins in the same register
  };
  VReg vreg = {};  // none: a fixed register that is destroyed early (EarlyDef)
  Role role = Role::Use;
  Constraint constraint = Constraint::Register;
  Reg fixed = kNoReg;

  bool is_def() const { return role != Role::Use; }
  bool is_tied_def() const { return is_def() && constraint == Constraint::Tied; }
  // Read by a move in the gap: it may be anywhere.
  bool is_gap_use() const {
    return role == Role::Use && (constraint == Constraint::Fixed || constraint == Constraint::Tied);
  }
};

struct Instruction {
  uint16_t op = 0;   // of the machine
  uint8_t size = 0;  // of the operation, in bytes
  uint8_t condition = 0;
  // The machine's memory operand.
  uint8_t address = 0;     // its kind; 0: none
  uint8_t scale_log2 = 0;  // of the index register
  uint8_t clobbers = 0;    // index into MachineFunction::clobber_sets
  uint8_t extra = 0;       // the machine's
  int32_t displacement = 0;
  uint32_t first_operand = 0;
  uint16_t operand_count = 0;
  uint8_t trap = 0;              // TrapCode; None: it does not trap, or is a call
  uint32_t source = UINT32_MAX;  // index of the ir::Value that it computes, or that traps in it
  uint64_t immediate = 0;
};

struct MachineEdge {
  uint32_t target = 0;  // block
  uint32_t first_arg = 0;
  uint32_t arg_count = 0;
};

struct MachineBlock {
  uint32_t first = 0;  // instructions [first, end)
  uint32_t end = 0;
  uint32_t first_param = 0;
  uint32_t param_count = 0;
  uint32_t first_edge = 0;
  uint32_t edge_count = 0;
  uint32_t loop_end = 0;  // of a loop header: the block after the loop; else 0
  uint16_t loop_depth = 0;
  bool is_cold = false;
};

struct MachineFunction {
  std::vector<ValueType> vregs;
  std::vector<Instruction> instructions;
  std::vector<Operand> operands;
  std::vector<MachineBlock> blocks;
  std::vector<MachineEdge> edges;
  std::vector<VReg> pool;  // parameters of blocks, arguments of edges
  std::vector<RegSet> clobber_sets = {RegSet()};

  VReg add_vreg(ValueType type) {
    vregs.push_back(type);
    return {static_cast<uint32_t>(vregs.size() - 1)};
  }
  ValueType type(VReg vreg) const { return vregs[vreg.index]; }
  std::span<const Operand> operands_of(const Instruction& insn) const {
    return {operands.data() + insn.first_operand, insn.operand_count};
  }
  std::span<const MachineEdge> edges_of(const MachineBlock& block) const {
    return {edges.data() + block.first_edge, block.edge_count};
  }
  std::span<const VReg> params(const MachineBlock& block) const {
    return {pool.data() + block.first_param, block.param_count};
  }
  std::span<const VReg> args(const MachineEdge& edge) const {
    return {pool.data() + edge.first_arg, edge.arg_count};
  }
};

}  // namespace wrun::codegen
