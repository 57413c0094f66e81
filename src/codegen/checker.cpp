#include "codegen/checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace wrun::codegen {

namespace {

// The virtual registers that a location holds, sorted.
using Values = std::vector<VReg>;
using State = std::map<Location, Values>;

class Checker {
 public:
  Checker(const MachineFunction& function, const Allocation& allocation)
      : function_(function), allocation_(allocation) {}

  std::optional<std::string> run() {
    states_.resize(function_.blocks.size());
    states_[0].emplace();
    work_.push_back(0);
    while (!work_.empty() && problem_.empty()) {
      const uint32_t block = work_.back();
      work_.pop_back();
      check_block(block);
    }
    if (problem_.empty()) return std::nullopt;
    return problem_;
  }

 private:
  void fail(uint32_t insn, VReg vreg, Location location) {
    if (problem_.empty())
      problem_ = fmt::format("instruction {}: v{} is not in {} {}", insn, vreg.index,
                             location.is_reg() ? "register" : "slot",
                             location.is_reg() ? location.bits : location.slot_word());
  }

  bool holds(Location location, VReg vreg) const {
    const auto it = state_.find(location);
    return it != state_.end() && std::binary_search(it->second.begin(), it->second.end(), vreg);
  }
  // Slots of other values may overlap.
  void erase(Location location, ValueType type) {
    state_.erase(location);
    if (location.is_reg()) return;
    if (words(type) == 2) state_.erase({location.bits + 1});
    const auto before = state_.find({location.bits - 1});
    if (before != state_.end() && before->first.is_slot() && !before->second.empty() &&
        words(function_.type(before->second.front())) == 2)
      state_.erase(before);
  }
  void define(Location location, VReg vreg) {
    // A new instance of the value: what other locations hold is of an earlier iteration.
    for (auto& [at, values] : state_) std::erase(values, vreg);
    erase(location, function_.type(vreg));
    state_[location] = {vreg};
  }
  void execute(const Move& move) {
    if (move.is_exchange) return std::swap(state_[move.from], state_[move.to]);
    const auto from = state_.find(move.from);
    Values values = from == state_.end() ? Values() : from->second;
    std::erase_if(values,
                  [&](VReg vreg) { return words(function_.type(vreg)) > words(move.type); });
    erase(move.to, move.type);
    if (!values.empty()) state_[move.to] = std::move(values);
  }

  void check_block(uint32_t block) {
    state_ = *states_[block];
    const MachineBlock& data = function_.blocks[block];
    auto move = std::lower_bound(
        allocation_.moves.begin(), allocation_.moves.end(), data.first,
        [](const PlacedMove& placed, uint32_t insn) { return placed.instruction < insn; });
    for (uint32_t i = data.first; i < data.end; ++i) {
      for (; move != allocation_.moves.end() && move->instruction == i; ++move) execute(move->move);
      check_instruction(i);
    }
    for (const MachineEdge& edge : function_.edges_of(data)) follow(edge);
  }

  void check_instruction(uint32_t i) {
    const Instruction& insn = function_.instructions[i];
    RegSet early_defs;
    for (uint32_t k = insn.first_operand; k < insn.first_operand + insn.operand_count; ++k) {
      const Operand& operand = function_.operands[k];
      if (operand.role == Operand::Role::EarlyDef) early_defs.add(allocation_.operands[k].reg());
      if (operand.is_def()) continue;
      const Location location = allocation_.operands[k];
      const bool fits = operand.constraint == Operand::Constraint::Any || location.is_reg();
      if (!fits || !holds(location, operand.vreg)) fail(i, operand.vreg, location);
      if (operand.constraint == Operand::Constraint::Fixed &&
          location != Location::in(operand.fixed))
        fail(i, operand.vreg, location);
    }
    for (uint32_t k = insn.first_operand; k < insn.first_operand + insn.operand_count; ++k) {
      const Operand& operand = function_.operands[k];
      const Location location = allocation_.operands[k];
      if (!operand.is_def() && location.is_reg() && early_defs.contains(location.reg()))
        fail(i, operand.vreg, location);
      // Nothing but the tied use is in the register of a tied definition.
      if (!operand.is_tied_def()) continue;
      for (uint32_t m = insn.first_operand; m < insn.first_operand + insn.operand_count; ++m) {
        const Operand& other = function_.operands[m];
        if (other.is_def()) continue;
        const bool is_tied = other.constraint == Operand::Constraint::Tied;
        if (is_tied != (allocation_.operands[m] == location) &&
            !(holds(location, other.vreg) && !is_tied))
          fail(i, other.vreg, allocation_.operands[m]);
      }
    }
    for (Reg reg : function_.clobber_sets[insn.clobbers]) state_.erase(Location::in(reg));
    RegSet defined;
    for (uint32_t k = insn.first_operand; k < insn.first_operand + insn.operand_count; ++k) {
      const Operand& operand = function_.operands[k];
      if (!operand.is_def()) continue;
      const Location location = allocation_.operands[k];
      if (!location.is_reg() || defined.contains(location.reg())) {
        fail(i, operand.vreg, location);
        continue;
      }
      defined.add(location.reg());
      if (operand.vreg.exists())
        define(location, operand.vreg);
      else
        state_.erase(location);
    }
  }

  // Parameters are what their arguments are.
  void follow(const MachineEdge& edge) {
    const auto args = function_.args(edge);
    const auto params = function_.params(function_.blocks[edge.target]);
    State next;
    for (const auto& [location, values] : state_) {
      Values renamed;
      for (VReg vreg : values)
        if (std::find(params.begin(), params.end(), vreg) == params.end()) renamed.push_back(vreg);
      for (size_t i = 0; i < args.size(); ++i)
        if (std::binary_search(values.begin(), values.end(), args[i])) renamed.push_back(params[i]);
      std::sort(renamed.begin(), renamed.end());
      if (!renamed.empty()) next.emplace(location, std::move(renamed));
    }
    std::optional<State>& known = states_[edge.target];
    if (!known) {
      known = std::move(next);
      work_.push_back(edge.target);
      return;
    }
    bool changed = false;
    for (auto it = known->begin(); it != known->end();) {
      const auto other = next.find(it->first);
      Values both;
      if (other != next.end())
        std::set_intersection(it->second.begin(), it->second.end(), other->second.begin(),
                              other->second.end(), std::back_inserter(both));
      changed |= both.size() != it->second.size();
      it->second = std::move(both);
      it = it->second.empty() ? known->erase(it) : std::next(it);
    }
    if (changed) work_.push_back(edge.target);
  }

  const MachineFunction& function_;
  const Allocation& allocation_;
  State state_;
  std::vector<std::optional<State>> states_;  // at the beginning of each block
  std::vector<uint32_t> work_;
  std::string problem_;
};

}  // namespace

std::optional<std::string> check_allocation(const MachineFunction& function,
                                            const Allocation& allocation) {
  return Checker(function, allocation).run();
}

}  // namespace wrun::codegen
