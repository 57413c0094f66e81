#include "codegen/selector_base.hpp"

#include <algorithm>

#include "base/append.hpp"
#include "base/assert.hpp"

namespace wrun::codegen {

SelectorBase::SelectorBase(const ir::Function& function, const Convention& convention)
    : function_(function),
      convention_(convention),
      graph_(function),
      layout_(function.module()),
      uses_(ir::count_uses(function)),
      order_(order_blocks(function, graph_)) {
  vregs_.assign(function.value_count(), kNoVReg);
  folded_.assign(function.value_count(), false);
  color_.assign(function.value_count(), 0);
  code_.reserve(function.value_count());
  out_.machine.operands.reserve(size_t{2} * function.value_count());
  out_.machine.clobber_sets.push_back(convention.clobbered_by_calls());
  find_next_rounds();
}

void SelectorBase::find_next_rounds() {
  next_round_.assign(function_.value_count(), {});
  for (const ir::Block block : graph_.order())
    for (const ir::Edge& edge : function_.edges(block)) {
      if (graph_.position(edge.target) > graph_.position(block)) continue;
      const auto args = function_.args(edge);
      const auto params = function_.params(edge.target);
      for (size_t i = 0; i < args.size(); ++i) next_round_[args[i].index] = params[i];
    }
}

std::expected<SelectedFunction, ir::Unsupported> SelectorBase::run() {
  number_blocks();
  for (size_t i = order_.blocks.size(); i-- > 0 && !unsupported_;) {
    add_split_blocks(order_.blocks[i]);
    select_block(order_.blocks[i]);
  }
  if (unsupported_) return std::unexpected(*unsupported_);

  MachineFunction& machine = out_.machine;
  std::reverse(code_.begin(), code_.end());
  machine.instructions = std::move(code_);
  const auto count = static_cast<uint32_t>(machine.instructions.size());
  for (MachineBlock& block : machine.blocks) {
    block.first = count - block.first;
    block.end = count - block.end;
  }
  return std::move(out_);
}

// Every block is followed by those for its critical edges.
void SelectorBase::number_blocks() {
  machine_block_.assign(function_.block_count(), UINT32_MAX);
  first_edge_.assign(function_.block_count(), 0);
  uint32_t number = 0;
  uint32_t edge_count = 0;
  std::vector<uint32_t> splits;
  const auto is_critical = [&](ir::Block block, const ir::Edge& edge) {
    return function_.edges(block).size() > 1 && graph_.predecessors(edge.target).size() > 1;
  };
  for (ir::Block block : order_.blocks) {
    machine_block_[block.index] = number++;
    first_edge_[block.index] = edge_count;
    for (const ir::Edge& edge : function_.edges(block)) {
      edge_block_.push_back(is_critical(block, edge) ? number++ : UINT32_MAX);
      ++edge_count;
    }
  }
  out_.machine.blocks.resize(number);
  for (ir::Block block : order_.blocks) {
    MachineBlock& data = out_.machine.blocks[machine_block_[block.index]];
    data.is_cold = order_.is_cold[block.index];
    data.loop_depth = static_cast<uint16_t>(std::min(graph_.loop_depth(block), 0xffffu));
    const uint32_t loop_end = order_.loop_end[block.index];
    if (loop_end != 0)
      data.loop_end =
          loop_end < order_.blocks.size() ? machine_block_[order_.blocks[loop_end].index] : number;
  }
}

void SelectorBase::add_split_blocks(ir::Block block) {
  const auto edges = function_.edges(block);
  MachineFunction& machine = out_.machine;
  for (size_t i = edges.size(); i-- > 0;) {
    const uint32_t split = edge_block_[first_edge_[block.index] + i];
    if (split == UINT32_MAX) continue;
    MachineBlock& data = machine.blocks[split];
    const ir::Block target = edges[i].target;
    data.is_cold = order_.is_cold[block.index] || order_.is_cold[target.index];
    data.loop_depth =
        static_cast<uint16_t>(std::min(graph_.loop_depth(block), graph_.loop_depth(target)));
    data.end = static_cast<uint32_t>(code_.size());
    begin_group();
    data.first_edge = static_cast<uint32_t>(machine.edges.size());
    data.edge_count = 1;
    const auto args = function_.args(edges[i]);
    std::vector<VReg> vregs;
    vregs.reserve(args.size());
    for (Value arg : args) vregs.push_back(in_register(arg));
    machine.edges.push_back({machine_block_[target.index],
                             static_cast<uint32_t>(machine.pool.size()),
                             static_cast<uint32_t>(args.size())});
    append(machine.pool, vregs);
    emit(CommonForm::Jump);
    end_group();
    data.first = static_cast<uint32_t>(code_.size());
  }
}

void SelectorBase::select_block(ir::Block block) {
  MachineFunction& machine = out_.machine;
  const uint32_t number = machine_block_[block.index];
  machine.blocks[number].end = static_cast<uint32_t>(code_.size());

  uint32_t color = 0;
  for (Value value : function_.instructions(block)) {
    color_[value.index] = color;
    const uint32_t effects = ir::effects(function_[value]);
    const bool is_load = (effects & ir::effect::ReadsMemory) != 0 &&
                         (effects & (ir::effect::Writes | ir::effect::Call)) == 0;
    const uint32_t lasting =
        ir::effect::Writes | ir::effect::Call | ir::effect::MayTrap | ir::effect::Allocates;
    if (!is_load && (effects & lasting) != 0) ++color;
  }

  // Edges to split blocks have no arguments.
  const auto edges = function_.edges(block);
  std::vector<MachineEdge> machine_edges;
  std::vector<VReg> constants;
  current_ = function_.terminator(block);
  begin_group();
  for (size_t i = 0; i < edges.size(); ++i) {
    const uint32_t split = edge_block_[first_edge_[block.index] + i];
    if (split != UINT32_MAX) {
      machine_edges.push_back({split, 0, 0});
      continue;
    }
    const auto args = function_.args(edges[i]);
    std::vector<VReg> vregs;
    vregs.reserve(args.size());
    for (Value arg : args) vregs.push_back(in_register(arg));
    machine_edges.push_back({machine_block_[edges[i].target.index],
                             static_cast<uint32_t>(machine.pool.size()),
                             static_cast<uint32_t>(args.size())});
    append(machine.pool, vregs);
  }
  machine.blocks[number].first_edge = static_cast<uint32_t>(machine.edges.size());
  machine.blocks[number].edge_count = static_cast<uint32_t>(machine_edges.size());
  append(machine.edges, machine_edges);

  for (Value value = current_; value.exists(); value = function_[value].previous) {
    if (unsupported_) return;
    if (value != function_.terminator(block)) {
      if (folded_[value.index] || !is_needed(value)) continue;
      begin_group();
    }
    current_ = value;
    select(value);
    end_group();
  }
  if (block == function_.entry()) {
    begin_group();
    params();
    end_group();
  } else {
    const auto values = function_.params(block);
    std::vector<VReg> vregs;
    vregs.reserve(values.size());
    for (Value value : values) vregs.push_back(vreg(value));
    machine.blocks[number].first_param = static_cast<uint32_t>(machine.pool.size());
    machine.blocks[number].param_count = static_cast<uint32_t>(vregs.size());
    append(machine.pool, vregs);
  }
  machine.blocks[number].first = static_cast<uint32_t>(code_.size());
}

void SelectorBase::end_group() {
  std::reverse(code_.begin() + static_cast<ptrdiff_t>(group_), code_.end());
  group_ = code_.size();
}

bool SelectorBase::is_needed(Value value) const {
  const ir::Instruction& insn = function_[value];
  if (insn.op == Op::Result) return false;  // with the instruction that gives it
  for (Value next = insn.next; next.exists() && function_[next].op == Op::Result;
       next = function_[next].next)
    if (vregs_[next.index].exists()) return true;
  return vregs_[value.index].exists() ||
         (ir::effects(insn) & (ir::effect::Writes | ir::effect::MayTrap | ir::effect::Terminator |
                               ir::effect::Call | ir::effect::Allocates)) != 0;
}

// The first is the instruction itself; those that nobody uses may be gone.
ir::Value SelectorBase::result_of_current(uint32_t index) const {
  if (index == 0) return current_;
  const bool is_terminator = ir::info(insn().op).is_terminator();
  Value next = is_terminator ? function_[function_.edges(current_)[0].target].first : insn().next;
  for (; next.exists() && function_[next].op == Op::Result; next = function_[next].next)
    if (function_[next].immediate == index) return next;
  return {};
}

void SelectorBase::unsupported(Value value) {
  if (!unsupported_)
    unsupported_ = ir::Unsupported{ir::text(function_[value].op), function_.offset_of(value)};
}

void SelectorBase::select(Value value) {
  if (!select_machine() && !select_check() && !select_call() && !select_object())
    unsupported(value);
}

// --- values

VReg SelectorBase::vreg(Value value) {
  VReg& vreg = vregs_[value.index];
  if (!vreg.exists()) vreg = fresh(value_type(function_.type(value)));
  return vreg;
}

SelectorBase::Same SelectorBase::as_operand(Value value) {
  const VReg result = vreg(current_);
  if (!is_constant(value) && !vregs_[value.index].exists()) vregs_[value.index] = result;
  return {result, in_register(value)};
}

VReg SelectorBase::low_half(Value value) {
  if (function_[value].op == Op::I32WrapI64) return in_register(function_.operand(value, 0));
  return in_register(value);
}

bool SelectorBase::can_fold(Value value) const {
  return uses_[value.index] == 1 && !is_constant(value) && !folded_[value.index] &&
         function_.block_of(value) == function_.block_of(current_) && !vregs_[value.index].exists();
}

uint32_t SelectorBase::constant(wasm::V128 bits) {
  for (size_t i = 0; i < out_.constants.size(); ++i)
    if (out_.constants[i][0] == bits[0] && out_.constants[i][1] == bits[1])
      return static_cast<uint32_t>(i);
  out_.constants.push_back(bits);
  return static_cast<uint32_t>(out_.constants.size() - 1);
}

SelectorBase::Shuffle SelectorBase::split_shuffle() const {
  const wasm::V128 chosen = function_.vectors()[insn().immediate];
  Shuffle result;
  for (uint32_t i = 0; i < 16; ++i) {
    const uint64_t lane = chosen[i / 8] >> (i % 8 * 8) & 0xff;
    (lane < 16 ? result.uses_a : result.uses_b) = true;
    result.of_a[i / 8] |= (lane < 16 ? lane : 0x80) << (i % 8 * 8);
    result.of_b[i / 8] |= (lane < 16 ? 0x80 : lane - 16) << (i % 8 * 8);
  }
  return result;
}

// --- instructions

Instruction& SelectorBase::add_instruction(uint8_t form, uint16_t op, uint8_t size,
                                           std::span<const Operand> operands) {
  Instruction insn;
  insn.op = op;
  insn.extra = form;
  insn.size = size;
  insn.first_operand = static_cast<uint32_t>(out_.machine.operands.size());
  insn.operand_count = static_cast<uint16_t>(operands.size());
  insn.source = current_.index;
  append(out_.machine.operands, operands);
  code_.push_back(insn);
  return code_.back();
}

// A load that is taken into the instruction traps for it.
void SelectorBase::set_address(Instruction& insn, const Address& address) {
  insn.address = static_cast<uint8_t>(address.kind);
  insn.displacement = address.displacement;
  insn.scale_log2 = address.scale_log2;
  if (address.load.exists()) insn.source = address.load.index;
  if (address.kind == AddressKind::Base) {
    out_.machine.operands.push_back(u(address.base));
    ++insn.operand_count;
  }
  if (address.index.exists()) {
    insn.address |= kIndexed;
    out_.machine.operands.push_back(u(address.index));
    ++insn.operand_count;
  }
  if (address.kind == AddressKind::MemoryBase || address.kind == AddressKind::Base)
    may_trap(insn, TrapCode::OutOfBoundsMemoryAccess);
}

void SelectorBase::trap_if(uint8_t condition, TrapCode trap, VReg about) {
  const bool has_operand = about.exists() && (trap == TrapCode::UndefinedElement ||
                                              trap == TrapCode::UninitializedElement);
  Instruction& insn =
      has_operand ? emit(CommonForm::TrapIf, 0, {u(about)}) : emit(CommonForm::TrapIf);
  insn.condition = condition;
  may_trap(insn, trap);
}

}  // namespace wrun::codegen
