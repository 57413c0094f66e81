// Translates one validated function body to register code, in one pass.
//
// The operand stack is symbolic: an entry is a constant, a local that was read but not used yet, the sum
// of a local and a constant, or a temporary in its own slot, so that constants and local.get cost nothing
// by themselves, and addresses next to nothing. What makes the code short:
//  - a result goes to its slot and to an accumulator; when the accumulator still holds it where it
//    is consumed, the producing instruction is changed to leave the slot out;
//  - local.set after the instruction that made the value changes that instruction's destination;
//  - a comparison, `eqz`, address addition or shift that is consumed by the very next instruction is
//    taken back and fused into it.
// Values that reach a label, and arguments of calls, are in their own slots.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "binary/block_signature.hpp"
#include "binary/instruction_reader.hpp"
#include "interp/interpreter.hpp"
#include "runtime/cast.hpp"

namespace wrun::interp {

// The comparison that gives the same with its operands exchanged, if it is another one.
std::optional<wasm::Op> exchanged(wasm::Op op);
// Whether a branch on the instruction's result may take its place: comparisons, and the test of bits.
bool fuses_with_branch(wasm::Op op);

class Translator {
 public:
  Translator(ModuleCode& module_code, uint32_t function_index);

  // Leaves the code in words(). Never fails for a validated function.
  void translate();

  const std::vector<uint64_t>& words() const { return code_; }
  const std::vector<FuncCode::OffsetEntry>& offsets() const { return offsets_; }
  const std::vector<ExceptionHandler>& handlers() const { return handlers_; }
  const std::vector<uint32_t>& counted_calls() const { return counted_calls_; }
  uint32_t entry_word() const { return entry_word_; }
  uint64_t frame_bytes() const;

 private:
  using Op = wasm::Op;
  using Instruction = binary::Instruction;
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kMaxMoves = 8;  // more values than this move as one range

  // Which accumulator a value belongs to.
  enum class Bank : uint8_t { Int, F32, F64, V128 };
  static constexpr size_t kBanks = 4;
  using AccState = std::array<uint32_t, kBanks>;  // the slot that each accumulator mirrors

  struct Entry {
    enum class Kind : uint8_t { Temp, Local, Sum, Constant };
    Kind kind = Kind::Temp;
    Bank bank = Bank::Int;
    uint32_t slot = 0;           // the entry's own slot
    uint32_t local_slot = 0;     // Kind::Local and Kind::Sum
    uint64_t value = 0;          // Kind::Constant, and what Kind::Sum adds to the local
    uint32_t producer = kNone;   // Kind::Temp: the instruction that wrote it, if it may be changed
    Handler acc_only = nullptr;  // its handler without the slot
    uint32_t slots() const { return bank == Bank::V128 ? 2 : 1; }
    bool reads_local() const { return kind == Kind::Local || kind == Kind::Sum; }
  };

  struct Control {
    Op op = Op::Block;
    binary::BlockSignature signature;
    uint32_t height = 0;  // entries below the parameters
    uint32_t slot = 0;    // where parameters and results begin
    uint32_t loop_target = kNone;
    uint32_t first_fixup = kNone;
    uint32_t else_fixup = kNone;  // the branch of `if` that skips to `else`
    size_t initialized = 0;       // length of initialized_log_ at entry
    uint32_t stub_of = kNone;     // the br_table for which `stub` moves values to this label
    uint32_t stub = 0;
    // Blocks that catch: the code they cover, and the clauses of try_table.
    uint32_t covers_from = 0;
    uint32_t covers_to = kNone;       // legacy try: known from its first catch on
    uint32_t exception_slot = kNone;  // legacy catch: for rethrow
    uint32_t list_offset = 0;
    uint32_t list_count = 0;
    uint32_t arity() const { return op == Op::Loop ? signature.params() : signature.results(); }
    wasm::ValType label_type(uint32_t i) const {
      return op == Op::Loop ? signature.param(i) : signature.result(i);
    }
  };

  // A branch whose target is not known yet: a 32-bit field relative to the instruction. With kNone as
  // field, `instruction` is an index into handlers_.
  struct Fixup {
    uint32_t instruction = 0;
    uint32_t field = 0;  // bytes from the instruction
    uint32_t next = kNone;
  };

  // The latest instruction, while it may be taken back.
  struct Latest {
    uint32_t position = kNone;
    Op op = wasm::kNoOp;
    uint8_t form = 0;      // BinaryForm or UnaryForm
    bool shifted = false;  // i32.add whose right operand is shifted by `immediate`
    uint32_t left = 0;     // slots; kNone for the accumulator
    uint32_t right = 0;
    uint64_t immediate = 0;
    uint32_t local = kNone;  // the local that its result goes to, after local.set
    uint32_t copies = 0;     // Copy to Copy4: how many pairs
    AccState acc_before = {};
  };

  struct Operand {
    Src src = Src::Slot;
    uint32_t slot = 0;
    uint64_t value = 0;
  };

  // --- driver (translator.cpp)
  void translate_body();
  void instruction(const Instruction& insn);
  void skip_dead(const Instruction& insn);
  void read_locals(binary::InstructionReader<true>& reader);

  // --- code (translator.cpp)
  uint32_t emit(Handler handler, uint32_t words);
  uint32_t emit(Code code, uint32_t words) { return emit(table_[code], words); }
  template <class T>
  void put(uint32_t position, uint32_t byte_offset, T value) {
    std::memcpy(reinterpret_cast<std::byte*>(code_.data() + position) + byte_offset, &value,
                sizeof(T));
  }
  uint32_t here() const { return static_cast<uint32_t>(code_.size()); }
  void bind_here();
  void take_back_latest();
  void pair_additions();
  void emit_jump(Control& target);
  void thread_jumps();
  void note_offset(uint32_t position);
  void begin_metered_block();
  void count_round();

  // While it lives, what is emitted comes before the comparison that was the latest instruction, so that a
  // branch can still take that. Does nothing if there is none or it needs what `to` held.
  class BeforeComparison {
   public:
    BeforeComparison(Translator& translator, uint32_t to);
    ~BeforeComparison();
    BeforeComparison(const BeforeComparison&) = delete;
    BeforeComparison& operator=(const BeforeComparison&) = delete;

   private:
    Translator& translator_;
    Entry* result_ = nullptr;
    Latest comparison_;
    std::vector<uint64_t> words_;
  };

  // --- operand stack (translator_stack.cpp)
  static Bank bank_of(wasm::ValType type);
  Op address_add() const;
  uint32_t next_slot() const { return stack_slots_; }
  Entry& push(Bank bank);
  void push_temp(Bank bank) { push(bank); }
  void push_result(Bank bank, uint32_t producer, Handler acc_only);
  void push_constant(Bank bank, uint64_t value);
  Entry take();  // as it is
  Entry pop();   // a sum is computed first, into an accumulator
  void push_sum(const Entry& entry, uint64_t constant);
  void compute_sum(Entry& sum);
  void emit_sum(uint32_t to, const Entry& sum);
  void truncate(uint32_t height);
  void set_acc(Bank bank, uint32_t slot);
  void clobber(uint32_t slot, uint32_t count);
  void forget_accs() { acc_.fill(kNone); }
  bool in_acc(const Entry& entry) const;
  uint32_t source_slot(const Entry& entry) const;
  // Uses a popped entry from its accumulator; its slot need not be written.
  void consume_acc(const Entry& entry);
  // A popped entry as an operand in a slot; constants are written to the entry's own slot.
  uint32_t in_slot(const Entry& entry);
  uint16_t source16(uint32_t slot, Bank bank);
  uint16_t operand16(const Entry& entry) { return source16(in_slot(entry), entry.bank); }
  uint16_t destination16(uint32_t slot);
  void finish_destination(uint32_t slot, Bank bank);
  void emit_constant(uint32_t slot, uint64_t value);
  void emit_copy(uint32_t to, uint32_t from, Bank bank);
  void extend_copies(uint32_t to, uint32_t from);
  void flush(uint32_t first);  // entries [first, top) to their own slots
  void flush_locals();         // all that are locals
  void flush_local(Entry& entry);
  bool is_latest(const Entry& entry) const {
    return has_producer(entry) && entry.producer == latest_.position;
  }
  bool has_producer(const Entry& entry) const {
    return entry.kind == Entry::Kind::Temp && entry.producer != kNone && entry.producer >= barrier_;
  }
  void undo_initialized(const Control& control);
  void preserve_local(uint32_t local_slot);  // entries that are this local
  void move_to(uint32_t count, uint32_t slot);

  // --- instructions (translate_*.cpp)
  void local_get(uint32_t index);
  void local_set(uint32_t index, bool keep);
  void global_get(uint32_t index);
  void global_set(uint32_t index);
  void unary(Op op);
  void binary(Op op);
  void canonicalize_nans(Op op);
  bool shift_add(const Entry& left, const Entry& right);
  void select();
  void simd(const Instruction& insn);
  void constant_v128(const Instruction& insn);
  void shift(Op op);
  void extract_lane(const Instruction& insn);
  void replace_lane(const Instruction& insn);
  void shuffle(const Instruction& insn);
  void ternary(Op op);
  void vector_result(uint32_t slot, uint32_t position, Handler acc_only);
  void load(const Instruction& insn);
  void store(const Instruction& insn);
  void load_any(const Instruction& insn);
  void store_any(const Instruction& insn);
  void lane_access(const Instruction& insn);
  bool direct_access(const Instruction& insn) const;
  void memory_op(const Instruction& insn);
  void table_op(const Instruction& insn);
  void atomic(const Instruction& insn);
  void wide_arithmetic(Op op);
  std::array<uint16_t, 4> pop_slots(uint32_t count);
  // [operands] -> [result?] with up to three slots, then 32-bit immediates
  void plain(Code code, uint32_t operands, bool has_result, uint32_t words,
             std::initializer_list<std::pair<uint32_t, uint32_t>> immediates);

  // --- objects and casts (translate_gc.cpp)
  const wasm::CanonicalType& canonical(wasm::TypeIndex type) const;
  void field_result(uint32_t at, uint32_t slot, Bank bank, Handler acc_only,
                    const AccState& acc_before);
  ObjectForm object_operands(const Entry& left, const Entry& right, uint16_t& first,
                             uint16_t& second);
  void struct_get(const Instruction& insn);
  void struct_set(const Instruction& insn);
  void array_get(const Instruction& insn);
  void array_set(const Instruction& insn);
  void object_operation(Code code, wasm::TypeIndex type, uint32_t operands, uint32_t immediate,
                        bool has_result);
  void struct_new(const Instruction& insn);
  void array_operation(const Instruction& insn);
  void push_back(const Entry& reference);
  runtime::CastTarget cast_target(wasm::HeapType heap, bool nullable) const;
  void put_cast_target(uint32_t at, uint32_t kind_at, const runtime::CastTarget& target);
  void ref_as_non_null();
  void ref_test(const Instruction& insn);
  void ref_cast(const Instruction& insn);
  void br_on_cast(const Instruction& insn, bool on_fail);
  void ref_get_desc(const Instruction& insn);
  void ref_cast_desc_eq(const Instruction& insn);
  void br_on_cast_desc_eq(const Instruction& insn, bool on_fail);
  void gc_op(const Instruction& insn);

  void begin_block(const Instruction& insn);
  void begin_if(const Instruction& insn);
  void begin_else();
  void end();
  void br(uint32_t depth);
  void br_if(uint32_t depth);
  void br_on_null(uint32_t depth, bool if_null);
  void br_table(const Instruction& insn);
  void conditional(uint32_t depth, const Entry& condition, bool if_true);
  bool is_in_place(const Control& target);
  // Branches to `depth`, carrying the top of the stack, if the test that `emit_test(if_true)` emits
  // has the outcome `if_true`; the test's target is the field at byte 12.
  template <class EmitTest>
  void branch(uint32_t depth, bool if_true, EmitTest&& emit_test) {
    Control& target = label(depth);
    if (is_in_place(target)) return set_target(emit_test(if_true), 12, target);
    // Skip the moves when the branch is not taken.
    const uint32_t skip = emit_test(!if_true);
    const AccState acc = acc_;
    move_to(target.arity(), target.slot);
    emit_jump(target);
    put(skip, 12, static_cast<int32_t>((here() - skip) * 8));
    acc_ = acc;
    latest_ = {};
  }
  uint32_t emit_branch(const Entry& condition, bool if_true);
  uint32_t emit_fused_branch(bool if_true);
  uint32_t emit_counting_branch(const Latest& addition, Handler handler);
  uint32_t addend_of_local(const Latest& latest) const;
  void set_target(uint32_t instruction, uint32_t field, Control& label);
  void resolve(const Fixup& fixup, uint32_t target);
  void bind_fixups(Control& label);
  void mark_unreachable();
  void emit_return();

  // --- exceptions (translate_exceptions.cpp)
  void begin_try(const Instruction& insn);
  void begin_catch(const Instruction& insn);
  void end_try_table();
  void delegate(uint32_t depth);
  void throw_tag(uint32_t tag);
  void throw_ref(uint16_t slot);
  void rethrow(uint32_t depth);
  ExceptionHandler& add_handler(const Control& block, size_t depth);
  uint32_t reserve_exception_slot();

  void call(uint32_t function, bool tail);
  void call_indirect(const Instruction& insn, bool tail);
  void call_ref(const Instruction& insn, bool tail);
  void add_call_target(uint32_t position);
  void after_call(const wasm::FuncType& type, uint32_t base, bool tail);
  uint32_t prepare_arguments(const wasm::FuncType& type);
  Control& label(uint32_t depth) { return controls_[controls_.size() - 1 - depth]; }

  ModuleCode& module_code_;
  const FuncCode* func_code_;
  const wasm::Module& module_;
  const HandlerTable& table_;
  const wasm::Function& function_;
  const wasm::FuncType& type_;
  InterpreterOptions options_;

  std::vector<uint64_t> code_;
  std::vector<FuncCode::OffsetEntry> offsets_;
  std::vector<ExceptionHandler> handlers_;
  std::vector<uint32_t> counted_calls_;  // FuncCode
  std::vector<Entry> stack_;
  // Entries below this one are not locals. Only the top few entries may be, which bounds the search
  // for them.
  uint32_t first_local_ = 0;
  static constexpr uint32_t kMaxPendingLocals = 64;
  uint32_t barrier_ = 0;  // where the latest label is bound: instructions before it are final
  std::vector<Control> controls_;
  std::vector<Fixup> fixups_;
  AccState acc_ = {kNone, kNone, kNone, kNone};
  Latest latest_;
  Latest previous_;           // the one before the latest, if it was just before
  uint32_t stack_slots_ = 0;  // the slot after the top of the stack
  uint32_t max_slots_ = 0;
  uint32_t wasm_offset_ = 0;  // of the instruction being translated
  uint32_t entry_word_ = 0;

  std::vector<uint32_t> local_slots_;
  std::vector<Bank> local_banks_;
  std::vector<uint32_t> local_uses_;  // entries on the stack that are this local, by first slot
  uint32_t locals_end_ = 0;           // the first slot of the operand stack

  // Locals that some path reads before it writes them must start as zero.
  std::vector<bool> initialized_;
  std::vector<bool> ever_set_;
  uint32_t loop_depth_ = 0;
  bool has_loops_ = false;  // that compiled code may go on from: all locals are in their slots
  std::vector<uint32_t> initialized_log_;
  uint32_t zero_begin_ = kNone, zero_end_ = 0;

  bool reachable_ = true;
  uint32_t dead_depth_ = 0;

  // A frame of more slots than 16 bits can number keeps a window of scratch slots within reach, through
  // which its instructions read and write.
  bool wide_ = false;
  bool needs_wide_ = false;
  uint32_t scratch_ = 0;
  uint32_t scratch_used_ = 0;

  // Slots after the locals for the exceptions of nested legacy catches. How many are needed is known
  // after the first translation.
  uint32_t exception_slots_ = 0;
  uint32_t needed_exception_slots_ = 0;

  uint32_t fuel_position_ = kNone;
  uint32_t fuel_cost_ = 0;
};

}  // namespace wrun::interp
