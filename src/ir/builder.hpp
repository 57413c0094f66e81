// Construction of a function (build.hpp). The operand stack and the locals hold values; branches carry
// the operands of their label and the locals that LocalFlow names, and the block at a label gets
// parameters for those that differ.
#pragma once

#include <optional>
#include <vector>

#include "binary/block_signature.hpp"
#include "binary/instruction_reader.hpp"
#include "ir/build.hpp"
#include "ir/local_flow.hpp"

namespace wrun::ir {

class Builder {
 public:
  Builder(const wasm::Module& module, uint32_t function_index, const BuildOptions& options);

  std::expected<Function, Unsupported> build();

 private:
  using Instruction = binary::Instruction;
  static constexpr uint32_t kNone = UINT32_MAX;

  // What a body is built with: the function's own, or that of a callee in the place of a call.
  struct Body {
    Body(const wasm::Module& module, uint32_t function_index, uint32_t entry_loop);
    binary::InstructionReader<true> reader(const wasm::Module& module) const;
    uint32_t end() const { return function.body_offset + function.body_size; }

    const wasm::Function& function;
    const wasm::FuncType& type;
    const uint32_t function_index;
    LocalFlow flow;
    std::vector<Value> locals;
    uint32_t constructs = 0;                           // begun so far
    uint32_t inlined_call = wasm::InlinedCall::kNone;  // of function_
    const Body* caller = nullptr;
    uint32_t first_control = 0;
  };

  struct Control {
    Body* body = nullptr;
    wasm::Op op = wasm::Op::Block;
    binary::BlockSignature signature;
    uint32_t construct = kNone;  // of the body; kNone: the whole of it
    uint32_t height = 0;         // operands below the parameters
    Block header;                // of a loop
    bool passes_entry =
        false;  // a loop around the entry loop: has a parameter for whether to go there
    uint32_t pending = kNone;      // the latest edge to the end; the edges are a chain
    bool is_clause_label = false;  // a clause of a try_table names it
    uint32_t else_edge = kNone;    // of an if, until its else; of a catch to the next one
    uint32_t saved = 0;            // if, catch: where in saved_ its locals are
    uint32_t handler = kNone;      // the control that handles exceptions around this one
    bool covers = false;           // exceptions inside are handled by this one
    uint32_t throwing = kNone;     // edges to the dispatch of exceptions
    uint32_t catch_region = 0;     // of Function::catches
    uint32_t list_offset = 0;      // try_table
    uint32_t list_count = 0;
    Value exception;  // legacy catch: for rethrow
    uint32_t arity() const {
      return op == wasm::Op::Loop ? signature.params() : signature.results();
    }
  };

  // --- driver (build.cpp)
  void instruction(const Instruction& insn);
  void skip_dead(const Instruction& insn);
  void begin_function();
  void build_body();
  void numeric(const Instruction& insn);
  void select();
  void global_get(uint32_t index);
  void unsupported(std::string_view what);
  void begin_metered_block();
  void end_metered_block();

  // --- entry at a loop (build_entry.cpp)
  void begin_entry_at_loop();
  bool is_on_entry_path(const Control& control) const;
  void enter_from_frame(Control& control);
  void finish_entry_at_loop();

  // --- values (build.cpp)
  Value emit(Op op, Type type, Value a = kNoValue, Value b = kNoValue, Value c = kNoValue,
             uint64_t immediate = 0);
  Value append(const ir::Instruction& insn);
  void emit_terminator(const ir::Instruction& insn);
  Value emit_list(Op op, Type type, std::span<const Value> operands, uint64_t immediate);
  Value emit_trapping(Op op, Type type, TrapCode trap, Value a, Value b, uint64_t immediate);
  void trap_if(Value condition, TrapCode trap) {
    emit_trapping(Op::TrapIf, Type::None, trap, condition, kNoValue, 0);
  }
  Value null_check(Value reference, TrapCode trap) {
    return emit_trapping(Op::NullCheck, Type::Ref, trap, reference, kNoValue, 0);
  }
  Value bounds_check(Value index, Value size, uint64_t extent, TrapCode trap) {
    return emit_trapping(Op::BoundsCheck, function_.type(index), trap, index, size, extent);
  }
  Value extend(Value index, bool is_64) {
    return is_64 ? index : emit(Op::I64ExtendI32U, Type::I64, index);
  }
  Value narrow(Value value, bool is_64) {
    return is_64 ? value : emit(Op::I32WrapI64, Type::I32, value);
  }
  Value call_runtime(RuntimeCall call, std::initializer_list<Value> operands);
  void push(Value value) { stack_.push_back(value); }
  Value pop() {
    const Value value = stack_.back();
    stack_.pop_back();
    return value;
  }
  std::span<const Value> top(uint32_t count) const {
    return {stack_.data() + stack_.size() - count, count};
  }
  void drop(uint32_t count) { stack_.resize(stack_.size() - count); }

  // --- control (build_control.cpp)
  void begin_construct(const Instruction& insn);
  void begin_loop(Control& control);
  void begin_if(Control& control, Value condition);
  void begin_else();
  void restore_if(Control& control);
  void end(const Instruction& insn);
  void bind(std::span<const uint32_t> locals, uint32_t pending, uint32_t height, uint32_t operands);
  Control& label(uint32_t depth) { return controls_[controls_.size() - 1 - depth]; }
  std::span<const uint32_t> label_locals(const Control& control) const;
  // An edge with the operands on top of the stack and the locals of the label. It becomes one of a
  // terminator's; track() then notes it for when the label is bound.
  Edge edge_to(const Control& target);
  void track(uint32_t edge, Control& target);
  void jump(Control& target);
  // Goes on in a new block, `edge` being the only one to it.
  void continue_in_new_block(uint32_t edge);
  void branch_if(Value condition, uint32_t depth, bool if_true);
  void br_table(const Instruction& insn);
  void return_();
  void trap(TrapCode code);
  void mark_unreachable();
  void br_on_null(uint32_t depth, bool if_null);

  // --- calls (build_calls.cpp)
  void call(const Instruction& insn);
  void call_function(uint32_t function_index);
  void call_indirect(const Instruction& insn);
  Value table_size(uint32_t table);
  void call_ref(const Instruction& insn);
  void call_reference(Value callee, uint32_t type_index, bool is_tail);
  std::optional<uint32_t> likely_callee(uint32_t type_index) const;
  // A direct call beside one by reference, for where that is to be the likely function.
  struct LikelyCall {
    uint32_t edge = kNone;  // from behind the direct call; kNone: there is none
    uint32_t height = 0;    // of the stack below the arguments
  };
  LikelyCall begin_likely_call(Value reference, uint32_t type_index);
  void end_likely_call(const LikelyCall& likely, uint32_t type_index);
  uint32_t jump_with_results(uint32_t results);
  void finish_call(Op op, uint64_t immediate, const wasm::FuncType& type);
  Value table_index(Value index, uint32_t table, TrapCode trap);

  // --- callees in the place of calls (build_inline.cpp)
  static uint32_t inlining_budget(uint32_t body_bytes);
  bool is_worth_inlining(uint32_t function_index) const;
  bool inline_call(uint32_t function_index);
  void continue_unreached(const wasm::FuncType& type);

  // --- memory (build_memory.cpp)
  void memory_access(const Instruction& insn);
  void atomic_wait_or_notify(const Instruction& insn);
  Value address(const Instruction& insn, Value index, uint32_t bytes, Access& access);
  void check_alignment(const Instruction& insn, Value index, uint32_t bytes);
  void memory_op(const Instruction& insn);
  void table_op(const Instruction& insn);
  void bulk_copy(RuntimeCall call, const Instruction& insn, bool to_64, bool from_64);
  Value memory_bytes(uint32_t memory);
  void memory_size(uint32_t memory);
  bool is_guarded(uint32_t memory) const;
  bool is_64_memory(uint32_t memory) const { return module_.memories[memory].limits.is_64; }
  bool is_64_table(uint32_t table) const { return module_.tables[table].type.limits.is_64; }

  // --- references and objects (build_reference.cpp)
  void reference(const Instruction& insn);
  void struct_get(const Instruction& insn);
  void struct_set(const Instruction& insn);
  Value array_index(Value array, Value index);
  void array_get(const Instruction& insn);
  void array_set(const Instruction& insn);
  void object_operation(const Instruction& insn);
  void br_on_cast(const Instruction& insn, bool on_fail);
  void br_on_cast_desc_eq(const Instruction& insn, bool on_fail);
  void ref_cast_desc_eq(const Instruction& insn);
  Value test_of(Value reference, wasm::HeapType heap, bool nullable);
  Value has_descriptor(Value reference, Value descriptor, bool nullable);

  // --- exceptions (build_exceptions.cpp)
  uint32_t handler_here() const;  // index of the control, or kNone
  uint32_t catch_region(uint32_t handler) const;
  void begin_catch_region(Control& control);
  binary::CatchReader catch_clauses(const Control& control) const;
  void landing(uint32_t edge, uint32_t handler);
  void jump_to_handler(Value exception, uint32_t handler);
  void throw_to(Value exception, uint32_t handler);
  void throw_tag(uint32_t tag);
  Value begin_dispatch(Control& control);
  uint32_t dispatch(Value exception, uint32_t tag);
  void push_payload(Value exception, uint32_t tag);
  void dispatch_to_clauses(Control& control);
  void note_clause_labels(const Control& control);
  void begin_catch(const Instruction& insn);
  void begin_first_catch(Control& control);
  void begin_next_catch(Control& control);
  void end_try(Control& control, const Instruction& insn);

  const wasm::Module& module_;
  const BuildOptions options_;
  Function function_;
  Body own_body_;
  Body* body_ = &own_body_;       // the one at hand
  uint32_t inlining_budget_ = 0;  // in bytes of bodies
  bool has_unreached_blocks_ = false;
  // Every edge has its own arguments: a table of many targets may ask for more than is worth it.
  static constexpr uint64_t kMaxBranchArguments = 1 << 22;
  uint64_t branch_arguments_ = 0;
  std::optional<Unsupported> unsupported_;

  // Where the way from the entry to the entry loop has come to, and the values of the frame.
  Block entry_block_;
  std::vector<Value> frame_values_;  // by local
  uint32_t entered_loops_ = 0;       // of the way

  Block block_;  // the one that instructions are appended to
  uint32_t offset_ = 0;
  bool reachable_ = true;
  uint32_t dead_depth_ = 0;
  std::vector<Value> stack_;
  std::vector<Value> saved_;
  std::vector<Control> controls_;
  std::vector<Value> scratch_;
  std::vector<uint8_t> differs_;
  Value fuel_;  // the latest consume_fuel
  uint64_t fuel_cost_ = 0;
};

}  // namespace wrun::ir
