#include "codegen/x64/selector.hpp"

#include <algorithm>

#include "base/append.hpp"
#include "base/assert.hpp"

namespace wrun::codegen::x64 {

std::expected<SelectedFunction, ir::Unsupported> select(const ir::Function& function) {
  return Selector(function).run();
}

Selector::Selector(const ir::Function& function)
    : function_(function),
      graph_(function),
      order_(order_blocks(function, graph_)),
      uses_(ir::count_uses(function)) {
  vregs_.assign(function.value_count(), kNoVReg);
  folded_.assign(function.value_count(), false);
  color_.assign(function.value_count(), 0);
  code_.reserve(function.value_count());
  out_.machine.operands.reserve(size_t{2} * function.value_count());
  out_.machine.clobber_sets.push_back(kConvention.clobbered_by_calls());
  find_next_rounds();
}

void Selector::find_next_rounds() {
  next_round_.assign(function_.value_count(), {});
  for (const ir::Block block : graph_.order())
    for (const ir::Edge& edge : function_.edges(block)) {
      if (graph_.position(edge.target) > graph_.position(block)) continue;
      const auto args = function_.args(edge);
      const auto params = function_.params(edge.target);
      for (size_t i = 0; i < args.size(); ++i) next_round_[args[i].index] = params[i];
    }
}

std::expected<SelectedFunction, ir::Unsupported> Selector::run() {
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
void Selector::number_blocks() {
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

void Selector::add_split_blocks(ir::Block block) {
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
    emit(Form::Jump, 0, 0, {});
    end_group();
    data.first = static_cast<uint32_t>(code_.size());
  }
}

void Selector::select_block(ir::Block block) {
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

void Selector::end_group() {
  std::reverse(code_.begin() + static_cast<ptrdiff_t>(group_), code_.end());
  group_ = code_.size();
}

bool Selector::is_needed(Value value) const {
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
ir::Value Selector::result_of_current(uint32_t index) const {
  if (index == 0) return current_;
  const bool is_terminator = ir::info(insn().op).is_terminator();
  Value next = is_terminator ? function_[function_.edges(current_)[0].target].first : insn().next;
  for (; next.exists() && function_[next].op == Op::Result; next = function_[next].next)
    if (function_[next].immediate == index) return next;
  return {};
}

void Selector::unsupported(Value value) {
  if (!unsupported_)
    unsupported_ = ir::Unsupported{ir::text(function_[value].op), function_.offset_of(value)};
}

void Selector::select(Value value) {
  if (!select_integer() && !select_float() && !select_memory() && !select_control() &&
      !select_object() && !select_simd() && !select_atomic())
    unsupported(value);
}

// --- values

VReg Selector::vreg(Value value) {
  VReg& vreg = vregs_[value.index];
  if (!vreg.exists()) vreg = fresh(value_type(function_.type(value)));
  return vreg;
}

VReg Selector::in_register(Value value) {
  if (!is_constant(value)) return vreg(value);
  const ir::Instruction& constant = function_[value];
  const VReg loaded = fresh(value_type(constant.type));
  switch (constant.type) {
    case Type::F32:
    case Type::F64:
    case Type::V128: {
      wasm::V128 bits = {constant.immediate, 0};
      if (constant.type == Type::V128) bits = function_.vectors()[constant.immediate];
      if (bits[0] == 0 && bits[1] == 0) {
        emit(Form::LoadConstant, Id::kIdVpxor, 16, {d(loaded)});
        break;
      }
      const InstId id = constant.type == Type::F32   ? Id::kIdVmovss
                        : constant.type == Type::F64 ? Id::kIdVmovsd
                                                     : Id::kIdVmovups;
      emit(Form::Unary, id, bytes_of(constant.type), {d(loaded)}, constant_source(bits));
      break;
    }
    default:
      emit(Form::LoadConstant, Id::kIdMov, bytes_of(constant.type), {d(loaded)}).immediate =
          constant.op == Op::RefNull ? 0 : constant.immediate;
  }
  return loaded;
}

VReg Selector::low_half(Value value) {
  if (function_[value].op == Op::I32WrapI64) return in_register(function_.operand(value, 0));
  return in_register(value);
}

Source Selector::low_source(Value value) {
  if (function_[value].op == Op::I32WrapI64) {
    const Value wide = function_.operand(value, 0);
    return {.vreg = in_register(wide), .address = {}};
  }
  return source(value, 4);
}

Source Selector::source(Value value, uint8_t bytes) {
  if (can_fold_load(value, bytes)) {
    folded_[value.index] = true;
    const Value index = function_.operand(value, 0);
    Source load = {.vreg = {}, .address = address(index, function_[value].access())};
    load.address.load = value;
    return load;
  }
  if (is_constant(value)) {
    const ir::Instruction& constant = function_[value];
    if (constant.type == Type::F32 || constant.type == Type::F64)
      return constant_source(wasm::V128{constant.immediate, 0});
    if (constant.type == Type::V128)
      return constant_source(function_.vectors()[constant.immediate]);
  }
  return {.vreg = in_register(value), .address = {}};
}

std::optional<int32_t> Selector::immediate(Value value) const {
  const ir::Instruction& insn = function_[value];
  if (insn.op == Op::I32Const) return static_cast<int32_t>(insn.immediate);
  if (insn.op == Op::RefNull) return 0;
  if (insn.op != Op::I64Const) return std::nullopt;
  const auto wide = static_cast<int64_t>(insn.immediate);
  if (wide != static_cast<int32_t>(wide)) return std::nullopt;
  return static_cast<int32_t>(wide);
}

bool Selector::can_fold(Value value) const {
  return uses_[value.index] == 1 && !is_constant(value) && !folded_[value.index] &&
         function_.block_of(value) == function_.block_of(current_) && !vregs_[value.index].exists();
}

bool Selector::can_fold_load(Value value, uint8_t bytes) const {
  if (!can_fold(value) || color_[value.index] != color_[current_.index]) return false;
  switch (function_[value].op) {
    case Op::I32Load:
    case Op::F32Load:  return bytes == 4;
    case Op::I64Load:
    case Op::F64Load:  return bytes == 8;
    case Op::V128Load: return bytes == 16;
    default:           return false;
  }
}

uint32_t Selector::constant(wasm::V128 bits) {
  for (size_t i = 0; i < out_.constants.size(); ++i)
    if (out_.constants[i][0] == bits[0] && out_.constants[i][1] == bits[1])
      return static_cast<uint32_t>(i);
  out_.constants.push_back(bits);
  return static_cast<uint32_t>(out_.constants.size() - 1);
}

// --- instructions

Instruction& Selector::emit_list(Form form, InstId id, uint8_t size,
                                 std::span<const Operand> operands) {
  Instruction insn;
  insn.op = static_cast<uint16_t>(id);
  insn.extra = static_cast<uint8_t>(form);
  insn.size = size;
  insn.first_operand = static_cast<uint32_t>(out_.machine.operands.size());
  insn.operand_count = static_cast<uint16_t>(operands.size());
  insn.source = current_.index;
  append(out_.machine.operands, operands);
  code_.push_back(insn);
  return code_.back();
}

Instruction& Selector::emit(Form form, InstId id, uint8_t size, Operands operands,
                            const Source& source) {
  if (source.address.kind != AddressKind::None)
    return emit(form, id, size, operands, source.address);
  Instruction& insn = emit(form, id, size, operands);
  out_.machine.operands.push_back(any_u(source.vreg));
  ++insn.operand_count;
  return insn;
}

Instruction& Selector::emit(Form form, InstId id, uint8_t size, Operands operands,
                            const Address& address) {
  Instruction& insn = emit(form, id, size, operands);
  set_address(insn, address);
  return insn;
}

// A load that is taken into the instruction traps for it.
void Selector::set_address(Instruction& insn, const Address& address) {
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

void Selector::trap_if(Condition condition, TrapCode trap, VReg about) {
  const bool has_operand = about.exists() && (trap == TrapCode::UndefinedElement ||
                                              trap == TrapCode::UninitializedElement);
  Instruction& insn =
      has_operand ? emit(Form::TrapIf, 0, 0, {u(about)}) : emit(Form::TrapIf, 0, 0, {});
  insn.condition = static_cast<uint8_t>(condition);
  may_trap(insn, trap);
}

VReg Selector::load_pointer(const Address& address) {
  const VReg pointer = fresh(ValueType::I64);
  emit(Form::Unary, Id::kIdMov, 8, {d(pointer)}, address).trap = 0;
  return pointer;
}

}  // namespace wrun::codegen::x64
