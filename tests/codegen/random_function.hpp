// Random functions in machine form: structured control flow, every constraint, values that live for
// long and for short.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "codegen/machine_function.hpp"

namespace wrun::codegen::test {

struct RandomFunctionOptions {
  uint32_t size = 60;
  Reg fixed_a;  // a register that instructions ask for
  Reg fixed_b;
  RegSet clobbered;
};

class RandomFunction {
 public:
  RandomFunction(uint32_t seed, const RandomFunctionOptions& options)
      : random_(seed), options_(options), left_(options.size) {
    function_.clobber_sets.push_back(options.clobbered);
    begin_block({});
    for (int i = 0; i < 3; ++i) emit({def(i == 2 ? ValueType::F64 : ValueType::I64)});
    statements(0);
    emit({use(any(ValueType::I64)), use(any(ValueType::F64))});
    end_block({});
    for (const Pending& edge : pending_) resolve(edge);
  }
  MachineFunction take() { return std::move(function_); }

 private:
  struct Pending {
    uint32_t index;  // of the edge
    std::vector<VReg> args;
  };
  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  ValueType type() {
    const uint32_t kind = below(6);
    return kind == 0 ? ValueType::F64 : kind == 1 ? ValueType::V128 : ValueType::I64;
  }

  // --- values in scope
  VReg any(ValueType wanted) {
    for (int tries = 0; tries < 20; ++tries) {
      const VReg vreg =
          scope_[below(4) == 0
                     ? below(static_cast<uint32_t>(scope_.size()))
                     : static_cast<uint32_t>(scope_.size()) - 1 -
                           below(std::min<uint32_t>(8, static_cast<uint32_t>(scope_.size())))];
      if (function_.type(vreg) == wanted) return vreg;
    }
    for (VReg vreg : scope_)
      if (function_.type(vreg) == wanted) return vreg;
    Operand operand = def(wanted);
    emit({operand});
    return operand.vreg;
  }
  Operand use(VReg vreg) {
    return {.vreg = vreg,
            .constraint = below(3) == 0 ? Operand::Constraint::Any : Operand::Constraint::Register};
  }
  Operand def(ValueType type) {
    return {.vreg = function_.add_vreg(type), .role = Operand::Role::Def};
  }

  // --- code
  void emit(std::vector<Operand> operands, uint8_t clobbers = 0) {
    Instruction insn;
    insn.first_operand = static_cast<uint32_t>(function_.operands.size());
    insn.operand_count = static_cast<uint16_t>(operands.size());
    insn.clobbers = clobbers;
    for (const Operand& operand : operands)
      if (operand.is_def() && operand.vreg.exists()) scope_.push_back(operand.vreg);
    function_.operands.insert(function_.operands.end(), operands.begin(), operands.end());
    function_.instructions.push_back(insn);
  }
  void random_instruction() {
    const ValueType kind = type();
    switch (below(6)) {
      case 0: {  // two operands
        Operand a = use(any(kind));
        a.constraint = Operand::Constraint::Tied;
        const Operand b = use(any(type()));
        Operand d = def(kind);
        d.constraint = Operand::Constraint::Tied;
        emit({d, a, b});
        break;
      }
      case 1: {  // as a division
        const VReg a = any(ValueType::I64);
        const Operand b = use(any(ValueType::I64));
        Operand quotient = def(ValueType::I64);
        quotient.constraint = Operand::Constraint::Fixed;
        quotient.fixed = options_.fixed_a;
        Operand remainder = quotient;
        remainder.role = Operand::Role::EarlyDef;
        remainder.fixed = options_.fixed_b;
        (below(2) != 0 ? quotient : remainder).vreg = kNoVReg;
        emit({
            quotient,
            remainder,
            {.vreg = a, .constraint = Operand::Constraint::Fixed, .fixed = options_.fixed_a},
            b
        });
        break;
      }
      case 2: {  // a call
        std::vector<Operand> operands;
        if (below(2) != 0)
          operands.push_back({.vreg = any(ValueType::I64),
                              .constraint = Operand::Constraint::Fixed,
                              .fixed = options_.fixed_a});
        if (below(2) != 0)
          operands.push_back({.vreg = any(ValueType::I64),
                              .constraint = Operand::Constraint::Fixed,
                              .fixed = options_.fixed_b});
        if (below(2) != 0) {
          Operand d = def(ValueType::I64);
          d.constraint = Operand::Constraint::Fixed;
          d.fixed = options_.fixed_a;
          operands.push_back(d);
        }
        emit(operands, 1);
        break;
      }
      case 3: {  // with a temporary
        const Operand a = use(any(kind));
        Operand temporary = def(kind);
        temporary.role = Operand::Role::EarlyDef;
        emit({def(kind), temporary, a});
        break;
      }
      default: {
        const Operand a = use(any(kind));
        const Operand b = use(any(kind));
        emit({def(kind), a, b});
      }
    }
  }

  // --- blocks
  std::vector<VReg> begin_block(const std::vector<ValueType>& params) {
    MachineBlock block;
    block.first = static_cast<uint32_t>(function_.instructions.size());
    block.first_param = static_cast<uint32_t>(function_.pool.size());
    block.param_count = static_cast<uint32_t>(params.size());
    block.loop_depth = depth_;
    std::vector<VReg> vregs;
    for (ValueType param : params) {
      vregs.push_back(function_.add_vreg(param));
      function_.pool.push_back(vregs.back());
      scope_.push_back(vregs.back());
    }
    function_.blocks.push_back(block);
    return vregs;
  }
  uint32_t current() const { return static_cast<uint32_t>(function_.blocks.size() - 1); }
  // Returns the index of the first edge; targets are filled in later.
  uint32_t end_block(const std::vector<std::vector<VReg>>& edges) {
    if (edges.size() == 2)
      emit({use(any(ValueType::I64))});
    else
      emit({});
    MachineBlock& block = function_.blocks.back();
    block.end = static_cast<uint32_t>(function_.instructions.size());
    block.first_edge = static_cast<uint32_t>(function_.edges.size());
    block.edge_count = static_cast<uint32_t>(edges.size());
    for (const std::vector<VReg>& args : edges) {
      pending_.push_back({static_cast<uint32_t>(function_.edges.size()), args});
      function_.edges.emplace_back();
    }
    return block.first_edge;
  }
  void resolve(const Pending& edge) {
    function_.edges[edge.index].first_arg = static_cast<uint32_t>(function_.pool.size());
    function_.edges[edge.index].arg_count = static_cast<uint32_t>(edge.args.size());
    function_.pool.insert(function_.pool.end(), edge.args.begin(), edge.args.end());
  }
  std::vector<VReg> values(const std::vector<ValueType>& types) {
    std::vector<VReg> result;
    for (ValueType each : types) result.push_back(any(each));
    return result;
  }

  void statements(uint32_t nesting) {
    const uint32_t count = 2 + below(8);
    for (uint32_t i = 0; i < count && left_ > 0; ++i) {
      --left_;
      const uint32_t kind = below(8);
      if (kind == 0 && nesting < 4)
        conditional(nesting);
      else if (kind == 1 && nesting < 4)
        loop(nesting);
      else
        random_instruction();
    }
  }
  std::vector<ValueType> some_types() {
    std::vector<ValueType> types(below(4));
    for (ValueType& each : types) each = type();
    return types;
  }

  void conditional(uint32_t nesting) {
    const std::vector<ValueType> types = some_types();
    const size_t outer = scope_.size();
    values(types);
    const uint32_t fork = end_block({{}, {}});
    const bool is_cold = below(3) == 0;
    std::vector<uint32_t> joins;
    const size_t common = scope_.size();
    for (uint32_t arm = 0; arm < 2; ++arm) {
      begin_block({});
      function_.blocks.back().is_cold = is_cold && arm == 1;
      function_.edges[fork + arm].target = current();
      statements(nesting + 1);
      const std::vector<VReg> args = values(types);
      joins.push_back(end_block({args}));
      scope_.resize(common);
    }
    (void)outer;
    begin_block(types);
    for (uint32_t join : joins) function_.edges[join].target = current();
  }

  void loop(uint32_t nesting) {
    const std::vector<ValueType> types = some_types();
    const std::vector<VReg> initial = values(types);
    const uint32_t enter = end_block({initial});
    ++depth_;
    const uint32_t header = current() + 1;
    begin_block(types);
    function_.edges[enter].target = header;
    statements(nesting + 1);
    const std::vector<VReg> args = values(types);
    const uint32_t fork = end_block({{}, {}});
    const size_t inside = scope_.size();
    begin_block({});
    function_.edges[fork].target = current();
    const uint32_t back = end_block({args});
    function_.edges[back].target = header;
    scope_.resize(inside);
    --depth_;
    function_.blocks[header].loop_end = current() + 1;
    begin_block({});
    function_.edges[fork + 1].target = current();
  }

  std::mt19937 random_;
  RandomFunctionOptions options_;
  uint32_t left_;
  uint16_t depth_ = 0;
  MachineFunction function_;
  std::vector<VReg> scope_;
  std::vector<Pending> pending_;
};

}  // namespace wrun::codegen::test
