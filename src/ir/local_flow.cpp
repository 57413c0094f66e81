#include "ir/local_flow.hpp"

#include <algorithm>
#include <bit>

#include "binary/instruction_reader.hpp"

namespace wrun::ir {

using binary::Instruction;
using wasm::Op;

namespace {
constexpr uint64_t kMaxWords = uint64_t{1} << 23;  // of all bit sets together
constexpr uint32_t kNone = UINT32_MAX;
}  // namespace

class LocalFlowFinder {
 public:
  LocalFlowFinder(LocalFlow& flow, const wasm::Module& module, const wasm::Function& function,
                  uint32_t locals, uint32_t entry_loop)
      : flow_(flow),
        reader_(module.code_bytes().data(), function.body_offset,
                function.body_offset + function.body_size),
        locals_(locals),
        words_((locals + 63) / 64),
        entry_loop_(entry_loop) {}

  void run() {
    forward();
    const uint64_t needed = uint64_t{words_} * constructs_.size() * (catches_ ? 3 : 2);
    if (needed > kMaxWords) {
      flow_.is_complete_ = false;
      return;
    }
    live_at_label_.assign(words_ * constructs_.size(), 0);
    assigned_.assign(words_ * constructs_.size(), 0);
    if (catches_) live_at_handler_.assign(words_ * constructs_.size(), 0);
    find_assigned();
    backward();
    spread_loops();
    make_lists();
  }

 private:
  using Word = uint64_t;

  enum class Event : uint8_t {
    Get,
    Set,
    Begin,         // a construct
    Else,          // of the construct
    HandlerBegin,  // a catch of the construct
    End,
    Branch,    // to the construct, or it may go on
    Leave,     // nothing follows: after branches, or a return
    Throw,     // nothing follows but the handler of the construct, if it is one
    MayThrow,  // to the handler of the construct
  };
  struct Entry {
    Event event;
    uint32_t index;  // local or construct
  };
  struct Construct {
    Op op = Op::Block;
    uint32_t loop = kNone;      // the innermost one around it
    uint32_t handler = kNone;   // the construct that handles exceptions around this one
    uint32_t first_target = 0;  // try_table: in targets_
    uint32_t target_count = 0;
    bool has_handler = false;  // legacy: a catch has begun
    bool has_else = false;
  };

  void note(Event event, uint32_t index = 0) { events_.push_back({event, index}); }
  uint32_t target(uint32_t depth) const {
    return depth < open_.size() ? open_[open_.size() - 1 - depth] : kNone;
  }
  void branch(uint32_t depth) {
    const uint32_t to = target(depth);
    if (to != kNone) note(Event::Branch, to);
  }
  // The construct whose handler sees what is thrown here.
  uint32_t handler_here() const { return open_.empty() ? kNone : handler_inside(open_.back()); }
  uint32_t handler_inside(uint32_t construct) const {
    const Construct& c = constructs_[construct];
    const bool covers = (c.op == Op::TryTable || c.op == Op::Try) && !c.has_handler;
    return covers ? construct : c.handler;
  }

  void begin(const Instruction& insn) {
    Construct construct;
    construct.op = insn.op;
    if (!open_.empty()) {
      const Construct& parent = constructs_[open_.back()];
      construct.loop = parent.op == Op::Loop ? open_.back() : parent.loop;
    }
    construct.handler = handler_here();
    if (insn.op == Op::TryTable) {
      construct.first_target = static_cast<uint32_t>(targets_.size());
      binary::CatchReader clauses = reader_.catches(insn);
      for (uint32_t i = 0; i < insn.list_count; ++i)
        if (const uint32_t to = target(clauses.next().label); to != kNone) targets_.push_back(to);
      construct.target_count = static_cast<uint32_t>(targets_.size()) - construct.first_target;
    }
    if (insn.op == Op::TryTable || insn.op == Op::Try) catches_ = true;
    const auto index = static_cast<uint32_t>(constructs_.size());
    constructs_.push_back(construct);
    note(Event::Begin, index);
    open_.push_back(index);
    if (insn.op == Op::Loop && insn.offset == entry_loop_) note_entry_path();
  }

  // What a legacy catch has caught is known only to those who came through its beginning.
  void note_entry_path() {
    for (const uint32_t construct : open_) {
      if (constructs_[construct].has_handler) return flow_.entry_path_.clear();
      if (constructs_[construct].op == Op::Loop) flow_.entry_path_.push_back(construct);
    }
  }

  void end() {
    note(Event::End, open_.back());
    open_.pop_back();
  }

  void forward() {
    reader_.read_locals([](uint32_t, wasm::ValType) { return true; });
    Instruction insn;
    bool reachable = true;
    uint32_t dead_depth = 0;
    while (reader_.next(insn)) {
      if (!reachable) {
        switch (insn.op) {
          case Op::Block:
          case Op::Loop:
          case Op::If:
          case Op::Try:
          case Op::TryTable:
            ++dead_depth;
            constructs_.emplace_back();
            continue;
          case Op::Else:
          case Op::Catch:
          case Op::CatchAll:
            if (dead_depth != 0) continue;
            break;
          case Op::End:
          case Op::Delegate:
            if (dead_depth != 0) {
              --dead_depth;
              continue;
            }
            break;
          default: continue;
        }
        reachable = true;
      }
      switch (insn.op) {
        case Op::LocalGet: note(Event::Get, insn.index); break;
        case Op::LocalSet:
        case Op::LocalTee: note(Event::Set, insn.index); break;
        case Op::Block:
        case Op::Loop:
        case Op::If:
        case Op::Try:
        case Op::TryTable: begin(insn); break;
        case Op::Else:
          note(Event::Else, open_.back());
          constructs_[open_.back()].has_else = true;
          break;
        case Op::Catch:
        case Op::CatchAll:
          constructs_[open_.back()].has_handler = true;
          note(Event::HandlerBegin, open_.back());
          break;
        case Op::Delegate: {
          // The label counts from outside of the try.
          const uint32_t to = target(insn.index + 1);
          constructs_[open_.back()].handler = to == kNone ? kNone : handler_inside(to);
          end();
          break;
        }
        case Op::End:
          if (open_.empty()) break;
          end();
          break;
        case Op::Br:
          branch(insn.index);
          note(Event::Leave);
          reachable = false;
          break;
        case Op::BrIf:
        case Op::BrOnNull:
        case Op::BrOnNonNull:
        case Op::BrOnCast:
        case Op::BrOnCastFail:
        case Op::BrOnCastDescEq:
        case Op::BrOnCastDescEqFail: branch(insn.index); break;
        case Op::BrTable:            {
          binary::LabelReader labels = reader_.labels(insn);
          for (uint32_t i = 0; i <= insn.list_count; ++i) branch(labels.next());
          note(Event::Leave);
          reachable = false;
          break;
        }
        case Op::Return:
        case Op::Unreachable:
        case Op::ReturnCall:
        case Op::ReturnCallIndirect:
        case Op::ReturnCallRef:
          note(Event::Leave);
          reachable = false;
          break;
        case Op::Throw:
        case Op::Rethrow:
        case Op::ThrowRef:
          note(Event::Throw, handler_here());
          reachable = false;
          break;
        case Op::Call:
        case Op::CallIndirect:
        case Op::CallRef:
          if (const uint32_t to = handler_here(); to != kNone) note(Event::MayThrow, to);
          break;
        default: break;
      }
    }
  }

  // --- bit sets, a row of words for each construct

  Word* row(std::vector<Word>& sets, uint32_t construct) {
    return sets.data() + size_t{words_} * construct;
  }
  void add(Word* to, const Word* from) const {
    for (uint32_t i = 0; i < words_; ++i) to[i] |= from[i];
  }
  void set(Word* to, const Word* from) const { std::copy_n(from, words_, to); }
  static Word bit(uint32_t local) { return Word{1} << (local & 63); }

  bool is_entry(uint32_t construct) const {
    return !flow_.entry_path_.empty() && construct == flow_.entry_path_.back();
  }

  void assign_all(Word* assigned) const {
    for (uint32_t local = 0; local < locals_; ++local) assigned[local / 64] |= bit(local);
  }

  void find_assigned() {
    for (const Entry& entry : events_) {
      switch (entry.event) {
        case Event::Begin:
          open_.push_back(entry.index);
          if (is_entry(entry.index)) assign_all(row(assigned_, entry.index));
          break;
        case Event::Set:
          if (!open_.empty()) row(assigned_, open_.back())[entry.index / 64] |= bit(entry.index);
          break;
        case Event::End:
          open_.pop_back();
          if (!open_.empty()) add(row(assigned_, open_.back()), row(assigned_, entry.index));
          break;
        default: break;
      }
    }
  }

  void add_handler(Word* to, uint32_t construct) {
    if (construct != kNone) add(to, row(live_at_handler_, construct));
  }

  // Back edges contribute nothing yet: what is live at the head of a loop is live everywhere inside,
  // which spread_loops() adds.
  void backward() {
    std::vector<Word> live(words_, 0);
    std::vector<Word> at_else;  // a stack of rows
    for (size_t i = events_.size(); i-- > 0;) {
      const auto [event, index] = events_[i];
      switch (event) {
        case Event::Get: live[index / 64] |= bit(index); break;
        case Event::Set: live[index / 64] &= ~bit(index); break;
        case Event::End: {
          const Construct& construct = constructs_[index];
          if (construct.op != Op::Loop) set(row(live_at_label_, index), live.data());
          if (construct.op != Op::Try && construct.op != Op::TryTable) break;
          Word* handler = row(live_at_handler_, index);
          add_handler(handler, construct.handler);
          for (uint32_t t = 0; t < construct.target_count; ++t)
            add(handler, row(live_at_label_, targets_[construct.first_target + t]));
          break;
        }
        case Event::HandlerBegin:
          add(row(live_at_handler_, index), live.data());
          set(live.data(), row(live_at_label_, index));
          break;
        case Event::Else:
          at_else.insert(at_else.end(), live.begin(), live.end());
          set(live.data(), row(live_at_label_, index));
          break;
        case Event::Begin:
          if (constructs_[index].op == Op::Loop) set(row(live_at_label_, index), live.data());
          if (constructs_[index].op != Op::If) break;
          if (constructs_[index].has_else) {
            add(live.data(), at_else.data() + at_else.size() - words_);
            at_else.resize(at_else.size() - words_);
          } else {
            add(live.data(), row(live_at_label_, index));
          }
          break;
        case Event::Branch: add(live.data(), row(live_at_label_, index)); break;
        case Event::Leave:  std::fill(live.begin(), live.end(), 0); break;
        case Event::Throw:
          std::fill(live.begin(), live.end(), 0);
          add_handler(live.data(), index);
          break;
        case Event::MayThrow: add_handler(live.data(), index); break;
      }
    }
  }

  void spread_loops() {
    for (uint32_t i = 0; i < constructs_.size(); ++i) {
      const uint32_t loop = constructs_[i].loop;
      if (loop == kNone) continue;
      add(row(live_at_label_, i), row(live_at_label_, loop));
      if (catches_) add(row(live_at_handler_, i), row(live_at_label_, loop));
    }
  }

  LocalFlow::List list(const Word* a, const Word* b) {
    LocalFlow::List list;
    list.first = static_cast<uint32_t>(flow_.pool_.size());
    for (uint32_t i = 0; i < words_; ++i)
      for (Word word = a[i] & b[i]; word != 0; word &= word - 1)
        flow_.pool_.push_back(i * 64 + static_cast<uint32_t>(std::countr_zero(word)));
    list.count = static_cast<uint32_t>(flow_.pool_.size()) - list.first;
    return list;
  }

  void make_lists() {
    const auto count = static_cast<uint32_t>(constructs_.size());
    flow_.at_label_.resize(count);
    flow_.assigned_.resize(count);
    if (catches_) flow_.at_handler_.resize(count);
    for (uint32_t i = 0; i < count; ++i) {
      const Word* assigned = row(assigned_, i);
      flow_.at_label_[i] = list(assigned, row(live_at_label_, i));
      const Op op = constructs_[i].op;
      if (op == Op::If) flow_.assigned_[i] = list(assigned, assigned);
      if (op == Op::Try || op == Op::TryTable)
        flow_.at_handler_[i] = list(assigned, row(live_at_handler_, i));
    }
  }

  LocalFlow& flow_;
  binary::InstructionReader<true> reader_;
  const uint32_t locals_;
  const uint32_t words_;
  const uint32_t entry_loop_;
  bool catches_ = false;
  std::vector<Entry> events_;
  std::vector<Construct> constructs_;
  std::vector<uint32_t> open_;
  std::vector<uint32_t> targets_;
  std::vector<Word> live_at_label_;
  std::vector<Word> assigned_;
  std::vector<Word> live_at_handler_;
};

LocalFlow::LocalFlow(const wasm::Module& module, const wasm::Function& function, uint32_t locals,
                     uint32_t entry_loop) {
  LocalFlowFinder(*this, module, function, locals, entry_loop).run();
}

}  // namespace wrun::ir
