#include "codegen/linear_scan.hpp"

#include <algorithm>
#include <array>
#include <queue>
#include <span>

#include "base/assert.hpp"

namespace wrun::codegen {

namespace {

// When registers are taken by instructions rather than by intervals.
class FixedRegisters {
 public:
  explicit FixedRegisters(const MachineFunction& function) : function_(function) {
    for (uint32_t i = 0; i < function.instructions.size(); ++i) {
      const Instruction& insn = function.instructions[i];
      for (const Operand& operand : function.operands_of(insn)) {
        if (operand.constraint != Operand::Constraint::Fixed) continue;
        if (!operand.is_def())
          block(operand.fixed, early(i), late(i));
        else if (operand.role == Operand::Role::EarlyDef)
          block(operand.fixed, early(i), after(i));
        else
          block(operand.fixed, late(i), after(i));
      }
      if (insn.clobbers != 0) {
        clobbers_.push_back(i);
        clobberable_ = clobberable_ | function.clobber_sets[insn.clobbers];
      }
    }
  }

  void advance(Position position) {
    if (position < first_end_) return;
    first_begin_ = first_end_ = kNoPosition;
    while (next_clobber_ < clobbers_.size() && late(clobbers_[next_clobber_]) < position)
      ++next_clobber_;
    if (next_clobber_ < clobbers_.size())
      expect(late(clobbers_[next_clobber_]), late(clobbers_[next_clobber_]) + 1);
    for (Reg reg : fixed_) {
      std::vector<Block>& blocks = blocks_[reg.index];
      size_t& next = next_[reg.index];
      while (next < blocks.size() && blocks[next].end <= position) ++next;
      if (next < blocks.size()) expect(blocks[next].begin, blocks[next].end);
    }
  }

  // Lowers limits[reg] to where the register is taken while the interval is live.
  void limit(const Intervals& intervals, const Interval& interval, RegSet regs,
             std::array<Position, Reg::kCount>& limits) const {
    if (interval.end <= first_begin_) return;
    for (Reg reg : regs& fixed_) {
      const std::vector<Block>& blocks = blocks_[reg.index];
      size_t k = next_[reg.index];
      uint32_t r = interval.range;
      while (k < blocks.size() && r != kNone) {
        const Range& range = intervals.range(r);
        if (range.begin < blocks[k].end && blocks[k].begin < range.end) {
          limits[reg.index] = std::min(limits[reg.index], std::max(range.begin, blocks[k].begin));
          break;
        }
        if (range.end <= blocks[k].end)
          r = range.next;
        else
          ++k;
      }
    }
    RegSet left = regs & clobberable_;
    uint32_t r = interval.range;
    size_t k = next_clobber_;
    while (!left.empty() && k < clobbers_.size() && r != kNone) {
      const Position position = late(clobbers_[k]);
      const Range& range = intervals.range(r);
      if (position >= range.end) {
        r = range.next;
        continue;
      }
      if (position < range.begin) {
        k = static_cast<size_t>(
            std::lower_bound(clobbers_.begin() + static_cast<ptrdiff_t>(k), clobbers_.end(),
                             range.begin, [](uint32_t i, Position p) { return late(i) < p; }) -
            clobbers_.begin());
        continue;
      }
      const RegSet set = function_.clobber_sets[function_.instructions[clobbers_[k]].clobbers];
      for (Reg reg : left& set) limits[reg.index] = std::min(limits[reg.index], position);
      left = left - set;
      ++k;
    }
  }

 private:
  struct Block {
    Position begin;
    Position end;
  };
  void expect(Position begin, Position end) {
    first_begin_ = std::min(first_begin_, begin);
    first_end_ = std::min(first_end_, end);
  }
  void block(Reg reg, Position begin, Position end) {
    fixed_.add(reg);
    std::vector<Block>& blocks = blocks_[reg.index];
    if (!blocks.empty() && begin <= blocks.back().end) {
      blocks.back().begin = std::min(blocks.back().begin, begin);
      blocks.back().end = std::max(blocks.back().end, end);
    } else {
      blocks.push_back({begin, end});
    }
  }

  const MachineFunction& function_;
  RegSet fixed_;
  std::array<std::vector<Block>, Reg::kCount> blocks_;
  std::array<size_t, Reg::kCount> next_ = {};
  std::vector<uint32_t> clobbers_;  // instructions
  size_t next_clobber_ = 0;
  RegSet clobberable_;
  // Of all that are still to come: where the first one begins, and where the first one ends.
  Position first_begin_ = 0;
  Position first_end_ = 0;
};

class LinearScan {
 public:
  LinearScan(const MachineFunction& function, const AllocatorOptions& options, Intervals& intervals)
      : function_(function), options_(options), intervals_(intervals), fixed_(function) {
    find_loops();
    find_hints();
  }

  void run() {
    active_.fill(kNone);
    const std::vector<VReg>& whole = intervals_.liveness().by_begin;
    for (size_t next = 0; next < whole.size() || !unhandled_.empty();) {
      uint32_t id = next < whole.size() ? whole[next].index : kNone;
      if (id == kNone || (!unhandled_.empty() && unhandled_.top().begin < intervals_[id].begin)) {
        id = unhandled_.top().id;
        unhandled_.pop();
      } else {
        ++next;
      }
      advance(intervals_[id].begin);
      if (!allocate_free(id)) allocate_blocked(id);
    }
  }

 private:
  struct Unhandled {
    Position begin;
    uint32_t id;
    bool operator<(const Unhandled& other) const {
      return begin != other.begin ? begin > other.begin : id > other.id;
    }
  };
  using Limits = std::array<Position, Reg::kCount>;
  struct Partner {
    uint32_t vreg;
    bool is_param;
  };

  // --- loops
  void find_loops() {
    const auto count = static_cast<uint32_t>(function_.blocks.size());
    block_of_.resize(function_.instructions.size() + 1);
    loop_.assign(count, kNone);
    outer_loop_.assign(count, kNone);
    std::vector<uint32_t> open;
    for (uint32_t block = 0; block < count; ++block) {
      const MachineBlock& data = function_.blocks[block];
      while (!open.empty() && function_.blocks[open.back()].loop_end <= block) open.pop_back();
      if (data.loop_end != 0) {
        outer_loop_[block] = open.empty() ? kNone : open.back();
        open.push_back(block);
      }
      if (!open.empty()) loop_[block] = open.back();
      for (uint32_t i = data.first; i < data.end; ++i) block_of_[i] = block;
    }
    block_of_.back() = count - 1;
  }
  uint32_t block_at(Position position) const { return block_of_[instruction_at(position)]; }
  uint32_t depth_at(Position position) const {
    return function_.blocks[block_at(position)].loop_depth;
  }
  Position loop_begin(uint32_t header) const { return gap(function_.blocks[header].first); }
  Position loop_end(uint32_t header) const {
    return gap(function_.blocks[function_.blocks[header].loop_end - 1].end);
  }

  // --- hints
  void find_hints() {
    hint_reg_.assign(function_.vregs.size(), kNoReg);
    hint_vreg_.assign(function_.vregs.size(), kNoVReg);
    latest_reg_.assign(function_.vregs.size(), kNoReg);
    for (const Instruction& insn : function_.instructions) {
      VReg first_use;
      for (const Operand& operand : function_.operands_of(insn)) {
        if (!operand.vreg.exists()) continue;
        if (operand.constraint == Operand::Constraint::Fixed)
          hint_reg_[operand.vreg.index] = operand.fixed;
        if (!operand.is_def() &&
            (!first_use.exists() || operand.constraint == Operand::Constraint::Tied))
          first_use = operand.vreg;
      }
      if (!first_use.exists()) continue;
      for (const Operand& operand : function_.operands_of(insn))
        if (operand.is_def() && operand.vreg.exists() &&
            operand.constraint != Operand::Constraint::Fixed)
          hint_vreg_[operand.vreg.index] = first_use;
    }
    find_partners();
  }

  // Lists by virtual register.
  void find_partners() {
    first_partner_.assign(function_.vregs.size() + 2, 0);
    const auto for_each_pair = [&](auto&& visit) {
      for (const MachineEdge& edge : function_.edges) {
        const auto params = function_.params(function_.blocks[edge.target]);
        const auto args = function_.args(edge);
        for (size_t i = 0; i < args.size(); ++i) visit(args[i].index, params[i].index);
      }
    };
    for_each_pair([&](uint32_t arg, uint32_t param) {
      ++first_partner_[arg + 2];
      ++first_partner_[param + 2];
    });
    for (size_t i = 2; i < first_partner_.size(); ++i) first_partner_[i] += first_partner_[i - 1];
    partners_.resize(first_partner_.back());
    for_each_pair([&](uint32_t arg, uint32_t param) {
      partners_[first_partner_[arg + 1]++] = {param, true};
      partners_[first_partner_[param + 1]++] = {arg, false};
    });
  }
  std::span<const Partner> partners(uint32_t vreg) const {
    const uint32_t first = first_partner_[vreg];
    return {partners_.data() + first, std::min(first_partner_[vreg + 1] - first, kMostPartners)};
  }

  // Where it is at the edge, as far as that is known.
  Reg reg_of(const Partner& partner) const {
    return partner.is_param ? intervals_[partner.vreg].reg : latest_reg_[partner.vreg];
  }

  // --- the sweep
  void advance(Position position) {
    position_ = position;
    fixed_.advance(position);
    if (position < next_change_) return;
    next_change_ = kNoPosition;
    for (Reg reg : occupied_) {
      const uint32_t id = active_[reg.index];
      Interval& interval = intervals_[id];
      intervals_.advance(interval, position);
      if (intervals_.covers(interval, position)) {
        expect_change(intervals_.range(interval.range).end);
        continue;
      }
      deactivate(reg);
      if (interval.range != kNone) inactive_.push_back(id);
    }
    for (size_t i = 0; i < inactive_.size();) {
      Interval& interval = intervals_[inactive_[i]];
      intervals_.advance(interval, position);
      const bool covers = intervals_.covers(interval, position);
      if (!covers && interval.range != kNone) {
        expect_change(intervals_.range(interval.range).begin);
        ++i;
        continue;
      }
      if (covers) activate(inactive_[i]);
      inactive_[i] = inactive_.back();
      inactive_.pop_back();
    }
  }
  void activate(uint32_t id) {
    const Reg reg = intervals_[id].reg;
    WRUN_CHECK(active_[reg.index] == kNone);
    active_[reg.index] = id;
    occupied_.add(reg);
    expect_change(intervals_.range(intervals_[id].range).end);
  }
  void expect_change(Position position) { next_change_ = std::min(next_change_, position); }
  // Uses that have been passed are only of interest where registers are taken away.
  void pass_uses() {
    for (Reg reg : occupied_) intervals_.advance(intervals_[active_[reg.index]], position_);
    for (const uint32_t id : inactive_) intervals_.advance(intervals_[id], position_);
  }
  void deactivate(Reg reg) {
    active_[reg.index] = kNone;
    occupied_.remove(reg);
  }
  void assign(uint32_t id, Reg reg) {
    intervals_[id].reg = reg;
    latest_reg_[intervals_[id].vreg.index] = reg;
    used_.add(reg);
    activate(id);
  }

  RegSet candidates(const Interval& interval) const {
    return options_.allocatable & RegSet::of_class(reg_class(function_.type(interval.vreg)));
  }

  bool allocate_free(uint32_t id) {
    const Interval& current = intervals_[id];
    const RegSet regs = candidates(current);
    Limits free_until;
    free_until.fill(kNoPosition);
    for (Reg reg : regs& occupied_) free_until[reg.index] = position_;
    // Values in SSA form that are not live here cannot become live while an unsplit one is.
    if (current.is_split)
      for (uint32_t other : inactive_) limit_by(current, intervals_[other], regs, free_until);
    fixed_.limit(intervals_, current, regs, free_until);

    const Reg reg = choose(current, regs, free_until);
    if (!reg.exists()) return false;
    const Position limit = free_until[reg.index];
    if (limit < current.end) {
      const Position at = split_position(position_, limit);
      if (at <= current.begin) return false;
      // Not worth it if nothing reads it from the register.
      const uint32_t use = intervals_.next_use(current, position_, UseKind::Any);
      if (use == kNone || intervals_.use(use).position >= at) return false;
      split_and_queue(id, at);
    }
    assign(id, reg);
    return true;
  }

  void limit_by(const Interval& current, const Interval& other, RegSet regs, Limits& limits) const {
    if (!regs.contains(other.reg) || limits[other.reg.index] <= position_) return;
    const Position at = intervals_.intersection(current, other);
    limits[other.reg.index] = std::min(limits[other.reg.index], at);
  }

  // The register that is free for longest, or one that is hinted at or cheap if it is free for long enough.
  Reg choose(const Interval& current, RegSet regs, const Limits& free_until) const {
    // What happens in cold blocks is no reason for another register outside of them.
    const bool is_hot = !function_.blocks[block_at(position_)].is_cold;
    const auto fits = [&](Reg reg) {
      if (!reg.exists() || !regs.contains(reg)) return false;
      const Position limit = free_until[reg.index];
      return limit >= current.end ||
             (is_hot && limit > position_ && function_.blocks[block_at(limit)].is_cold);
    };
    if (const Reg hint = find_hint(current.vreg.index, fits); hint.exists()) return hint;
    const RegSet cheap = regs - (options_.callee_saved - used_);
    Reg best = kNoReg;
    for (Reg reg : cheap) {
      if (!best.exists() || free_until[reg.index] > free_until[best.index]) best = reg;
    }
    if (!fits(best))
      for (Reg reg : regs - cheap)
        if (!best.exists() || free_until[reg.index] > free_until[best.index]) best = reg;
    if (best.exists() && free_until[best.index] <= position_ + 1) return kNoReg;
    return best;
  }
  // The first that fits: what an instruction wants, what moves at edges would take, what the operand has.
  template <class Fits>
  Reg find_hint(uint32_t vreg, Fits&& fits) const {
    if (fits(hint_reg_[vreg])) return hint_reg_[vreg];
    for (const Partner& partner : partners(vreg)) {
      Reg reg = reg_of(partner);
      if (!reg.exists()) reg = hint_reg_[partner.vreg];
      if (fits(reg)) return reg;
    }
    if (hint_vreg_[vreg].exists())
      if (const Reg reg = latest_reg_[hint_vreg_[vreg].index]; fits(reg)) return reg;
    // Those of the other arguments of a parameter that is still to come.
    for (const Partner& partner : partners(vreg)) {
      if (!partner.is_param || reg_of(partner).exists()) continue;
      for (const Partner& other : partners(partner.vreg))
        if (const Reg reg = reg_of(other); other.vreg != vreg && fits(reg)) return reg;
    }
    return fits(latest_reg_[vreg]) ? latest_reg_[vreg] : kNoReg;
  }

  // Takes the register whose holder can do without it for longest, unless that is this one.
  void allocate_blocked(uint32_t id) {
    const Interval& current = intervals_[id];
    const RegSet regs = candidates(current);
    const uint32_t first = intervals_.next_use(current, position_, UseKind::Any);
    if (first == kNone) return;  // stays in its slot
    const uint32_t strict = intervals_.next_use(current, position_, UseKind::Register);
    pass_uses();
    const bool must = strict != kNone &&
                      instruction_at(intervals_.use(strict).position) == instruction_at(position_);

    Limits blocked;
    blocked.fill(kNoPosition);
    fixed_.limit(intervals_, current, regs, blocked);
    std::array<uint64_t, Reg::kCount> distances;
    distances.fill(UINT64_MAX);
    for (Reg reg : regs& occupied_) distances[reg.index] = distance(intervals_[active_[reg.index]]);
    for (uint32_t other : inactive_) {
      const Interval& interval = intervals_[other];
      if (!regs.contains(interval.reg) || intervals_.intersection(current, interval) == kNoPosition)
        continue;
      distances[interval.reg.index] =
          std::min(distances[interval.reg.index], use_distance(interval, position_));
    }
    // Not worth it if nothing reads it from the register.
    const Position least = std::max(position_, intervals_.use(first).position);
    const auto is_too_short = [&](Position limit) {
      return limit <= position_ + 1 || (limit < current.end && splittable(limit) <= least);
    };
    Reg best = kNoReg;
    for (Reg reg : regs) {
      if (is_too_short(blocked[reg.index]) || distances[reg.index] == 0) continue;
      const bool enough = blocked[reg.index] >= current.end;
      if (!best.exists()) {
        best = reg;
        continue;
      }
      const bool best_enough = blocked[best.index] >= current.end;
      if (enough != best_enough ? enough && distances[reg.index] * 4 > distances[best.index]
                                : distances[reg.index] > distances[best.index])
        best = reg;
    }
    const uint64_t own = must ? 0 : own_distance(current);
    if (!best.exists() || distances[best.index] <= own) {
      WRUN_CHECK(!must);
      spill(id, position_ + 1);
      return;
    }
    if (blocked[best.index] < current.end) {
      const Position at = split_position(position_, blocked[best.index]);
      if (at <= least) {
        WRUN_CHECK(!must);
        spill(id, position_ + 1);
        return;
      }
      split_and_queue(id, at);
    }
    evict_from(best, id);
    assign(id, best);
  }

  // How far away the next use is; uses outside the loop are further away than they look. 0: now.
  uint64_t distance(const Interval& interval) const {
    const Position from = gap(instruction_at(position_));
    if (interval.last_use >= early(instruction_at(position_))) return 0;
    uint64_t result = use_distance(interval, from);
    const uint32_t loop = loop_[block_at(position_)];
    if (loop != kNone && interval.last_use >= loop_begin(loop) && interval.end >= loop_end(loop))
      result = std::min<uint64_t>(
          result, (loop_end(loop) - position_) + 1 + (interval.last_use - loop_begin(loop)));
    return result;
  }
  uint64_t use_distance(const Interval& interval, Position from) const {
    const uint32_t use = intervals_.next_use(interval, from, UseKind::Any);
    if (use == kNone) return UINT64_MAX / 8;
    const Position at = intervals_.use(use).position;
    if (instruction_at(at) == instruction_at(position_)) return 0;
    const uint32_t here = depth_at(position_);
    const uint32_t there = depth_at(at);
    const uint32_t shift = here > there ? std::min(3 * (here - there), 24u) : 0;
    return uint64_t{at - position_} << shift;
  }
  uint64_t own_distance(const Interval& current) const {
    // A use here that takes a slot does not count.
    return use_distance(current, gap(instruction_at(position_) + 1));
  }

  void evict_from(Reg reg, uint32_t current) {
    if (occupied_.contains(reg)) {
      const uint32_t id = active_[reg.index];
      deactivate(reg);
      evict(id);
    }
    for (size_t i = 0; i < inactive_.size();) {
      const uint32_t id = inactive_[i];
      if (intervals_[id].reg != reg ||
          intervals_.intersection(intervals_[current], intervals_[id]) == kNoPosition) {
        ++i;
        continue;
      }
      inactive_[i] = inactive_.back();
      inactive_.pop_back();
      // It is in a hole: the rest starts anew.
      const Position begin = intervals_.range(intervals_[id].range).begin;
      if (intervals_[id].begin < begin) unhandled_.push({begin, intervals_.split(id, begin)});
    }
  }
  // Takes the register from an active interval.
  void evict(uint32_t id) {
    const Position here = splittable(position_);
    Interval& victim = intervals_[id];
    if (victim.begin == here) {  // there is nothing before
      victim.reg = kNoReg;
      spill(id, position_ + 1);
      return;
    }
    Position at = std::min(here, split_position(std::max(victim.last_use, victim.begin), here));
    if (at <= victim.begin || at <= victim.last_use) at = here;
    WRUN_CHECK(at > victim.begin);
    const uint32_t rest = intervals_.split(id, at);
    spill(rest, position_ + 1);
  }

  // Leaves an interval in its slot up to where it is worth having in a register again.
  void spill(uint32_t id, Position from) {
    const Interval& interval = intervals_[id];
    const Position least = std::max(from, gap(instruction_at(position_) + 1));
    const uint32_t use = intervals_.next_use(interval, least, UseKind::Any);
    if (use == kNone) return;
    const Position reload = split_position(least, intervals_.use(use).position);
    if (reload <= interval.begin) {
      WRUN_CHECK(interval.begin > position_);
      unhandled_.push({interval.begin, id});
      return;
    }
    split_and_queue(id, reload);
  }

  void split_and_queue(uint32_t id, Position at) {
    const uint32_t rest = intervals_.split(id, at);
    unhandled_.push({intervals_[rest].begin, rest});
  }

  // The latest position up to this one at which an interval may be cut.
  Position splittable(Position position) const {
    const uint32_t insn = instruction_at(position);
    if (position >= early(insn)) return early(insn);
    if (insn < function_.instructions.size() &&
        position == gap(function_.blocks[block_of_[insn]].first))
      return position;
    return early(insn - 1);
  }
  // The best one after `least`: before the outermost loop that `least` is not in, else the latest.
  Position split_position(Position least, Position latest) const {
    uint32_t outermost = kNone;
    for (uint32_t loop = loop_[block_at(latest)]; loop != kNone; loop = outer_loop_[loop]) {
      if (loop_begin(loop) <= least) break;
      outermost = loop;
    }
    return outermost != kNone ? loop_begin(outermost) : splittable(latest);
  }

  const MachineFunction& function_;
  const AllocatorOptions& options_;
  Intervals& intervals_;
  FixedRegisters fixed_;
  Position position_ = 0;
  Position next_change_ = 0;  // before it, what is active and inactive stays so
  std::priority_queue<Unhandled> unhandled_;
  std::array<uint32_t, Reg::kCount> active_;  // by register
  RegSet occupied_;
  RegSet used_;
  std::vector<uint32_t> inactive_;
  std::vector<uint32_t> block_of_;    // by instruction
  std::vector<uint32_t> loop_;        // innermost, by block
  std::vector<uint32_t> outer_loop_;  // by loop header
  std::vector<Reg> hint_reg_;
  std::vector<VReg> hint_vreg_;
  // Arguments of parameters and parameters of arguments, which would best have the same register.
  static constexpr uint32_t kMostPartners = 8;  // that are looked at
  std::vector<uint32_t> first_partner_;
  std::vector<Partner> partners_;
  std::vector<Reg> latest_reg_;  // by virtual register
};

}  // namespace

void scan(const MachineFunction& function, const AllocatorOptions& options, Intervals& intervals) {
  LinearScan(function, options, intervals).run();
}

}  // namespace wrun::codegen
