#include "codegen/register_allocator.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "codegen/parallel_move.hpp"
#include "codegen/predecessors.hpp"

namespace wrun::codegen {

namespace {

// Where moves happen before an instruction, in order.
enum class Phase : uint8_t {
  BlockBegin,  // from the only predecessor
  After,       // the previous instruction's results leave fixed registers
  Definition,  // values defined there are stored in their slots
  Gap,         // pieces of values meet; fixed and tied uses
  BlockEnd,    // to the only successor
};
constexpr uint64_t kPhases = 8;

struct PendingMove {
  uint32_t instruction;
  Phase phase;
  ValueType type;
  VReg spilled;  // the value whose slot this move stores it in
  Location from;
  Location to;
};

class Resolver {
  struct Piece {
    Position end;
    Location location;
  };

 public:
  Resolver(const MachineFunction& function, const AllocatorOptions& options, Intervals& intervals)
      : function_(function),
        predecessors_(function),
        intervals_(intervals),
        parallel_(options.scratch) {}

  Allocation run() {
    assign_slots();
    list_pieces();
    current_.assign(first_piece_.begin(), first_piece_.end() - 1);
    store_cost_.assign(function_.vregs.size(), 0);
    place_operands();
    connect_pieces();
    for (uint32_t vreg = 0; vreg < function_.vregs.size(); ++vreg)
      if (is_split({vreg})) connect_blocks({vreg});
    for (uint32_t block = 0; block < function_.blocks.size(); ++block) pass_arguments(block);
    store_definitions();
    order_moves();
    return std::move(result_);
  }

 private:
  // --- slots
  void assign_slots() {
    slot_.assign(function_.vregs.size(), Location());
    struct Life {
      Position begin;
      Position end;
      uint32_t vreg;
    };
    std::vector<Life> lives;
    for (uint32_t vreg = 0; vreg < function_.vregs.size(); ++vreg) {
      if (intervals_.liveness().first_range[vreg] == kNone) continue;
      bool spilled = false;
      Position end = 0;
      for (uint32_t id = vreg; id != kNone; id = intervals_[id].sibling) {
        spilled |= !intervals_[id].reg.exists();
        end = intervals_[id].end;
      }
      if (spilled) lives.push_back({intervals_[vreg].begin, end, vreg});
    }
    result_.statistics.spilled = static_cast<uint32_t>(lives.size());
    std::sort(lives.begin(), lives.end(), [](const Life& a, const Life& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.vreg < b.vreg;
    });
    struct Slot {
      Position free_from;
      uint32_t word;
      bool operator<(const Slot& other) const { return free_from > other.free_from; }
    };
    std::vector<Slot> heaps[2];  // by words - 1: the slot that is free first is on top
    for (const Life& life : lives) {
      const uint32_t size = words(function_.vregs[life.vreg]);
      std::vector<Slot>& heap = heaps[size - 1];
      uint32_t word = result_.slot_words;
      if (!heap.empty() && heap.front().free_from < life.begin) {
        word = heap.front().word;
        std::pop_heap(heap.begin(), heap.end());
        heap.pop_back();
      } else {
        result_.slot_words += size;
      }
      slot_[life.vreg] = Location::slot(word);
      heap.push_back({life.end, word});
      std::push_heap(heap.begin(), heap.end());
    }
  }

  Location location(const Interval& interval) const {
    return interval.reg.exists() ? Location::in(interval.reg) : slot_[interval.vreg.index];
  }
  void list_pieces() {
    first_piece_.reserve(function_.vregs.size() + 1);
    pieces_.reserve(intervals_.size());
    for (uint32_t vreg = 0; vreg < function_.vregs.size(); ++vreg) {
      first_piece_.push_back(static_cast<uint32_t>(pieces_.size()));
      for (uint32_t id = vreg; id != kNone; id = intervals_[id].sibling)
        pieces_.push_back({intervals_[id].end, location(intervals_[id])});
    }
    first_piece_.push_back(static_cast<uint32_t>(pieces_.size()));
  }
  bool is_split(VReg vreg) const {
    return first_piece_[vreg.index + 1] - first_piece_[vreg.index] > 1;
  }
  // Of a position that is not before those asked for earlier.
  Location location_from_here(VReg vreg, Position position) {
    uint32_t& piece = current_[vreg.index];
    const uint32_t last = first_piece_[vreg.index + 1] - 1;
    while (piece < last && pieces_[piece].end <= position) ++piece;
    return pieces_[piece].location;
  }
  Location location_at(VReg vreg, Position position) const {
    const auto first = pieces_.begin() + first_piece_[vreg.index];
    const auto last = pieces_.begin() + first_piece_[vreg.index + 1] - 1;
    return std::partition_point(first, last,
                                [&](const Piece& piece) { return piece.end <= position; })
        ->location;
  }

  // --- moves
  float frequency(uint32_t block) const {
    const MachineBlock& data = function_.blocks[block];
    if (data.is_cold) return 0.01F;
    float result = 1;
    for (uint32_t i = 0; i < std::min<uint32_t>(data.loop_depth, 8); ++i) result *= 8;
    return result;
  }
  void move(uint32_t insn, Phase phase, ValueType type, Location from, Location to) {
    if (from != to) pending_.push_back({insn, phase, type, kNoVReg, from, to});
  }
  // Between pieces of one value.
  void transfer(uint32_t insn, Phase phase, VReg vreg, Location from, Location to, uint32_t block) {
    if (from == to) return;
    const bool is_store = to.is_slot();
    if (is_store) store_cost_[vreg.index] += frequency(block);
    pending_.push_back({insn, phase, function_.type(vreg), is_store ? vreg : kNoVReg, from, to});
  }

  void place_operands() {
    result_.operands.assign(function_.operands.size(), Location());
    for (uint32_t i = 0; i < function_.instructions.size(); ++i) {
      const Instruction& insn = function_.instructions[i];
      result_.used = result_.used | function_.clobber_sets[insn.clobbers];
      uint32_t tied_def = kNone;
      uint32_t tied_use = kNone;
      const uint32_t end = insn.first_operand + insn.operand_count;
      for (uint32_t k = insn.first_operand; k < end; ++k) {
        const Operand& operand = function_.operands[k];
        if (operand.is_gap_use()) {
          place_gap_use(i, k);
          if (operand.constraint == Operand::Constraint::Tied) tied_use = k;
        } else if (operand.is_tied_def()) {
          tied_def = k;
        }
      }
      for (uint32_t k = insn.first_operand; k < end; ++k)
        if (!function_.operands[k].is_gap_use()) place(i, k);
      if (tied_use != kNone) {
        Location& location = result_.operands[tied_use];
        const Location target = result_.operands[tied_def];
        move(i, Phase::Gap, function_.type(function_.operands[tied_use].vreg), location, target);
        location = target;
      }
    }
  }
  void place_gap_use(uint32_t i, uint32_t index) {
    const Operand& operand = function_.operands[index];
    const Location from = location_from_here(operand.vreg, gap(i));
    result_.operands[index] = from;
    if (operand.constraint == Operand::Constraint::Fixed) {
      result_.operands[index] = Location::in(operand.fixed);
      result_.used.add(operand.fixed);
      move(i, Phase::Gap, function_.type(operand.vreg), from, result_.operands[index]);
    }
  }
  void place(uint32_t i, uint32_t index) {
    const Operand& operand = function_.operands[index];
    Location& location = result_.operands[index];
    if (operand.constraint == Operand::Constraint::Fixed) {
      location = Location::in(operand.fixed);
      result_.used.add(operand.fixed);
      if (operand.vreg.exists())
        move(i + 1, Phase::After, function_.type(operand.vreg), location,
             location_from_here(operand.vreg, after(i)));
      return;
    }
    Position position = early(i);
    if (operand.role == Operand::Role::Def && !operand.is_tied_def()) position = late(i);
    location = location_from_here(operand.vreg, position);
    WRUN_CHECK(location.is_reg() || operand.constraint == Operand::Constraint::Any);
    if (operand.is_def()) result_.used.add(location.reg());
  }

  // Where a value changes its place inside a block.
  void connect_pieces() {
    for (uint32_t vreg = 0; vreg < function_.vregs.size(); ++vreg) {
      for (uint32_t id = vreg; id != kNone; id = intervals_[id].sibling) {
        const Interval& piece = intervals_[id];
        if (piece.reg.exists()) result_.used.add(piece.reg);
        if (piece.sibling == kNone) break;
        const Interval& next = intervals_[piece.sibling];
        // Others meet at edges.
        if (piece.end != next.begin || next.begin % 4 != 1) continue;
        const uint32_t insn = instruction_at(next.begin);
        transfer(insn, Phase::Gap, piece.vreg, location(piece), location(next), block_of(insn));
      }
    }
  }
  uint32_t block_of(uint32_t insn) const {
    const auto it =
        std::upper_bound(function_.blocks.begin(), function_.blocks.end(), insn,
                         [](uint32_t i, const MachineBlock& block) { return i < block.end; });
    return static_cast<uint32_t>(it - function_.blocks.begin());
  }

  // The moves for an edge are where only those who take it come by.
  struct Crossing {
    uint32_t instruction;
    Phase phase;
    Position end;
    Position begin;
  };
  Crossing crossing(uint32_t block, uint32_t target) const {
    const MachineBlock& from = function_.blocks[block];
    const MachineBlock& to = function_.blocks[target];
    const bool at_end = from.edge_count == 1;
    WRUN_ASSERT(at_end || predecessors_.of(target).size() == 1);
    return {.instruction = at_end ? from.end - 1 : to.first,
            .phase = at_end ? Phase::BlockEnd : Phase::BlockBegin,
            .end = gap(from.end) - 1,
            .begin = gap(to.first)};
  }
  void pass_arguments(uint32_t block) {
    for (const MachineEdge& edge : function_.edges_of(function_.blocks[block])) {
      if (edge.arg_count == 0) continue;
      const Crossing at = crossing(block, edge.target);
      const auto args = function_.args(edge);
      const auto params = function_.params(function_.blocks[edge.target]);
      for (size_t i = 0; i < args.size(); ++i)
        move(at.instruction, at.phase, function_.type(args[i]), location_at(args[i], at.end),
             location_at(params[i], at.begin));
    }
  }
  // Where a value changes its place between blocks.
  void connect_blocks(VReg vreg) {
    for (const uint32_t target : intervals_.liveness().live_blocks(vreg))
      for (const uint32_t block : predecessors_.of(target)) {
        const Crossing at = crossing(block, target);
        transfer(at.instruction, at.phase, vreg, location_at(vreg, at.end),
                 location_at(vreg, at.begin), block);
      }
  }

  // A value never changes, so one store where it is defined can stand for all others.
  void store_definitions() {
    is_stored_.assign(function_.vregs.size(), false);
    for (uint32_t block = 0; block < function_.blocks.size(); ++block) {
      const MachineBlock& data = function_.blocks[block];
      const float cost = frequency(block);
      for (VReg param : function_.params(data)) store_definition(param, data.first, cost);
      for (uint32_t i = data.first; i < data.end; ++i)
        for (const Operand& operand : function_.operands_of(function_.instructions[i]))
          if (operand.is_def() && operand.vreg.exists())
            store_definition(operand.vreg, i + 1, cost);
    }
  }
  void store_definition(VReg vreg, uint32_t insn, float cost) {
    if (store_cost_[vreg.index] < cost || store_cost_[vreg.index] == 0) return;
    is_stored_[vreg.index] = true;
    move(insn, Phase::Definition, function_.type(vreg), location(intervals_[vreg.index]),
         slot_[vreg.index]);
  }

  void order_moves() {
    // By instruction and phase; those of one phase in any order.
    std::vector<uint64_t> order(pending_.size());
    for (uint32_t i = 0; i < pending_.size(); ++i)
      order[i] =
          (uint64_t{pending_[i].instruction} * kPhases + static_cast<uint64_t>(pending_[i].phase))
              << 32 |
          i;
    std::sort(order.begin(), order.end());
    std::vector<Move> ordered;
    for (size_t i = 0; i < order.size();) {
      const uint64_t group = order[i] >> 32;
      const uint32_t insn = static_cast<uint32_t>(group / kPhases);
      for (; i < order.size() && order[i] >> 32 == group; ++i) {
        const PendingMove& pending = pending_[static_cast<uint32_t>(order[i])];
        if (pending.spilled.exists() && is_stored_[pending.spilled.index]) continue;
        parallel_.add(pending.from, pending.to, pending.type);
      }
      ordered.clear();
      parallel_.resolve(ordered);
      for (const Move& each : ordered) {
        result_.moves.push_back({insn, each});
        if (each.to.is_slot()) ++result_.statistics.stores;
        if (each.from.is_slot()) ++result_.statistics.reloads;
        if (each.from.is_reg() && each.to.is_reg()) ++result_.statistics.copies;
      }
    }
  }

  const MachineFunction& function_;
  const Predecessors predecessors_;
  Intervals& intervals_;
  ParallelMove parallel_;
  Allocation result_;
  std::vector<Location> slot_;         // by virtual register
  std::vector<Piece> pieces_;          // by virtual register, ascending
  std::vector<uint32_t> first_piece_;  // by virtual register
  std::vector<uint32_t> current_;      // by virtual register: the piece where place_operands is
  std::vector<float> store_cost_;      // by virtual register: of stores between pieces
  std::vector<bool> is_stored_;        // by virtual register: at its definition
  std::vector<PendingMove> pending_;
};

}  // namespace

Allocation allocate_registers(const MachineFunction& function, const AllocatorOptions& options) {
  Intervals intervals(find_liveness(function));
  scan(function, options, intervals);
  return Resolver(function, options, intervals).run();
}

}  // namespace wrun::codegen
