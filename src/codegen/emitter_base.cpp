#include "codegen/emitter_base.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace wrun::codegen {

EmitterBase::EmitterBase(const ir::Function& function, const SelectedFunction& selected,
                         const Allocation& allocation, const Convention& convention,
                         asmjit::BaseAssembler& assembler)
    : function_(function),
      selected_(selected),
      machine_(selected.machine),
      allocation_(allocation),
      convention_(convention),
      base_(assembler) {
  saved_ = allocation.used & convention.callee_saved;
  uint32_t bit = 0;
  for (Reg reg : convention.callee_saved) {
    if (saved_.contains(reg)) result_.saved_registers |= static_cast<uint8_t>(1u << bit);
    ++bit;
  }
  frame_bytes_ = convention.whole_words(saved_.size() + allocation.slot_words) * kWordBytes;
}

void EmitterBase::attach(asmjit::Arch arch, Listing* listing) {
  holder_.init(asmjit::Environment(arch));
  holder_.setErrorHandler(&errors_);
  holder_.attach(&base_);
  if (listing != nullptr) holder_.setLogger(&lister_.emplace(base_, *listing));
}

std::optional<CompiledFunction> EmitterBase::run() {
  find_targets();
  constants_ = base_.newLabel();
  prologue();
  for (uint32_t block = 0; block < machine_.blocks.size(); ++block)
    if (target_[block] == block) emit_block(block);
  for (size_t i = 0; i < cold_.size(); ++i) emit_cold(Cold(cold_[i]));
  result_.instruction_bytes = offset();
  holder_.resetLogger();
  emit_constants();
  return finish();
}

// Blocks that are nothing but a jump are left out.
void EmitterBase::find_targets() {
  const auto count = static_cast<uint32_t>(machine_.blocks.size());
  std::vector<bool> has_moves(machine_.instructions.size(), false);
  for (const PlacedMove& move : allocation_.moves) has_moves[move.instruction] = true;
  const auto is_empty = [&](uint32_t block) {
    const MachineBlock& data = machine_.blocks[block];
    return block != 0 && data.end == data.first + 1 && !has_moves[data.first] &&
           has_form(machine_.instructions[data.first], CommonForm::Jump);
  };
  target_.resize(count);
  for (uint32_t block = count; block-- > 0;) {
    target_[block] = block;
    if (!is_empty(block)) continue;
    const uint32_t target = machine_.edges[machine_.blocks[block].first_edge].target;
    // Empty loops stay.
    if (target > block)
      target_[block] = target_[target];
    else if (!is_empty(target))
      target_[block] = target;
  }
  next_.assign(count, UINT32_MAX);
  uint32_t next = UINT32_MAX;
  for (uint32_t block = count; block-- > 0;) {
    next_[block] = next;
    if (target_[block] == block) next = block;
  }
  labels_.reserve(count);
  for (uint32_t block = 0; block < count; ++block) labels_.push_back(base_.newLabel());
}

void EmitterBase::emit_block(uint32_t block) {
  const MachineBlock& data = machine_.blocks[block];
  base_.bind(labels_[block]);
  begin_block();
  const auto& moves = allocation_.moves;
  while (next_move_ < moves.size() && moves[next_move_].instruction < data.first) ++next_move_;
  for (uint32_t i = data.first; i < data.end; ++i) {
    for (; next_move_ < moves.size() && moves[next_move_].instruction == i; ++next_move_)
      emit_move(moves[next_move_].move);
    emit_instruction(i, block);
  }
}

uint32_t EmitterBase::bytes_for_calls() const {
  uint32_t bytes = 0;
  for (const Instruction& insn : machine_.instructions)
    if (has_form(insn, CommonForm::ReserveStack) && static_cast<int64_t>(insn.immediate) > 0)
      bytes = std::max(bytes, static_cast<uint32_t>(insn.immediate) * kWordBytes);
  return bytes;
}

void EmitterBase::jump(uint32_t target, uint32_t block) {
  if (target_[target] != next_[block]) emit_jump(block_label(target));
}

// --- calls and traps

void EmitterBase::embed_relocated(const char* instruction, Relocation::Target target,
                                  uint32_t index, std::span<const uint8_t> bytes) {
  // To the assembler it is data.
  if (lister_) {
    lister_->write_call(instruction, target, index);
    holder_.resetLogger();
  }
  base_.embed(bytes.data(), bytes.size());
  result_.relocations.push_back({offset() - Relocation::kBytes, target, index});
  if (lister_) holder_.setLogger(&*lister_);
}

void EmitterBase::begin_call(uint32_t index, uint32_t block) {
  if (machine_.instructions[index].condition == 0) return;
  landing_ = base_.newLabel();
  Cold& cold = cold_.emplace_back();
  cold.entry = landing_;
  cold.insn = index;
  cold.landing_of = block;
}

void EmitterBase::add_call_site(const Instruction& insn) {
  if (insn.condition != 0)
    landings_.push_back({static_cast<uint32_t>(result_.calls.size()), landing_});
  const ir::Origin origin = origin_of(insn);
  result_.calls.push_back({.offset = offset(),
                           .wasm_offset = origin.offset,
                           .inlined_call = origin.inlined_call,
                           .region = static_cast<uint32_t>(insn.displacement)});
}

void EmitterBase::trap_site(TrapCode trap, const ir::Origin& origin) {
  result_.traps.push_back({offset(), origin.offset, origin.inlined_call, trap});
}

EmitterBase::Label EmitterBase::trap_label(TrapCode trap, const ir::Origin& origin) {
  const Label entry = base_.newLabel();
  Cold& cold = cold_.emplace_back();
  cold.entry = entry;
  cold.trap = trap;
  cold.origin = origin;
  return entry;
}

void EmitterBase::emit_cold(const Cold& cold) {
  note_origin(cold.trap != TrapCode::None ? cold.origin
                                          : origin_of(machine_.instructions[cold.insn]));
  base_.bind(cold.entry);
  if (cold.landing_of != kNoBlock) return landing(cold);
  if (cold.trap == TrapCode::None) return emit_cold_instruction(cold);
  if (cold.trap_operand.exists()) move_to_trap_operand(cold.trap_operand);
  trap_site(cold.trap, cold.origin);
  emit_trap();
}

// What follows the call up to the end of its block, with results that nobody looks at. The arguments are
// gone as after any call, and so are the words of the results.
void EmitterBase::landing(const Cold& cold) {
  const MachineBlock& block = machine_.blocks[cold.landing_of];
  release_stack_at_landing();
  const auto& moves = allocation_.moves;
  auto move = std::ranges::upper_bound(moves, cold.insn, {}, &PlacedMove::instruction);
  for (; move != moves.end() && move->instruction < block.end; ++move) emit_move(move->move);
  emit_jump(block_label(machine_.edges_of(block)[1].target));
}

// --- the end

void EmitterBase::emit_constants() {
  for (const JumpTable& table : jump_tables_) {
    base_.align(asmjit::AlignMode::kZero, 4);
    base_.bind(table.label);
    for (const MachineEdge& edge : machine_.edges_of(machine_.blocks[table.block]))
      base_.embedLabelDelta(block_label(edge.target), table.label, 4);
  }
  base_.align(asmjit::AlignMode::kZero, 16);
  base_.bind(constants_);
  for (const wasm::V128& constant : selected_.constants) base_.embed(&constant, 16);
}

std::optional<CompiledFunction> EmitterBase::finish() {
  if (errors_.any) return std::nullopt;
  WRUN_CHECK(!holder_.hasUnresolvedLinks() || holder_.resolveUnresolvedLinks() == 0);
  if (!landings_.empty()) result_.catches = function_.catches;
  result_.inlined_calls = function_.inlined_calls;
  for (const LandingOfCall& each : landings_)
    result_.calls[each.call].landing = static_cast<uint32_t>(holder_.labelOffset(each.label));
  const asmjit::CodeBuffer& buffer = holder_.textSection()->buffer();
  const auto* bytes = reinterpret_cast<const std::byte*>(buffer.data());
  result_.code.assign(bytes, bytes + buffer.size());
  return std::move(result_);
}

}  // namespace wrun::codegen
