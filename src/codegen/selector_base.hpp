// Instruction selection: bottom-up over each block, so that an instruction sees its users first and is
// taken into one of them where it fits: constants, loads, comparisons, addresses. What is the same on every
// machine is here; a machine's selector knows its instructions.
#pragma once

#include <expected>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "codegen/abi.hpp"
#include "codegen/block_order.hpp"
#include "codegen/comparison.hpp"
#include "codegen/instruction.hpp"
#include "ir/build.hpp"
#include "ir/flow_graph.hpp"
#include "runtime/context_layout.hpp"
#include "wasm/canonical_type.hpp"

namespace wrun::codegen {

class SelectorBase {
 public:
  SelectorBase(const SelectorBase&) = delete;
  SelectorBase& operator=(const SelectorBase&) = delete;
  std::expected<SelectedFunction, ir::Unsupported> run();

 protected:
  using Op = ir::Op;
  using Type = ir::Type;
  using Value = ir::Value;
  using Operands = std::initializer_list<Operand>;

  SelectorBase(const ir::Function& function, const Convention& convention);
  virtual ~SelectorBase() = default;

  // The lanes that a shuffle takes of each operand; 0x80 and more: it takes that of the other.
  struct Shuffle {
    wasm::V128 of_a = {0, 0};
    wasm::V128 of_b = {0, 0};
    bool uses_a = false;
    bool uses_b = false;
  };
  Shuffle split_shuffle() const;

  // --- the machine's
  virtual bool select_machine() = 0;          // the current instruction; false: it does not know it
  virtual VReg in_register(Value value) = 0;  // a constant is loaded first
  virtual VReg load_pointer(const Address& address) = 0;
  virtual uint8_t condition_of(Comparison how) const = 0;
  virtual void compare(VReg a, VReg b) = 0;  // of 64 bits
  virtual void compare_number(VReg a, uint64_t number, uint8_t size) = 0;
  virtual void compare_i32(VReg a, const Address& with) = 0;
  virtual void trap_if_zero(VReg value, uint8_t size, TrapCode trap, VReg about = kNoVReg) = 0;
  virtual void copy(VReg to, VReg from, ValueType type) = 0;
  virtual void load_i32(VReg to, uint32_t value) = 0;
  virtual void load_i32(VReg to, const Address& from) = 0;
  virtual VReg load_i64(uint64_t value) = 0;
  virtual VReg sum(VReg a, VReg b) = 0;  // of 64 bits
  virtual VReg sum(VReg a, int32_t number) = 0;
  virtual VReg sum_or_trap(VReg a, VReg b,
                           TrapCode trap) = 0;  // which is about b, if it has a carry
  virtual void set_null_test(VReg result, VReg ref, bool is_null) = 0;
  virtual void load_field(wasm::ValType storage, bool is_signed, const Address& from) = 0;
  virtual void store_field(wasm::ValType storage, Value value, const Address& to) = 0;
  virtual void store_zero(const Address& to) = 0;  // a word
  virtual void scale_index(Address& address, uint8_t scale_log2) {
    address.scale_log2 = scale_log2;
  }

  // --- selector_base.cpp: blocks
  bool is_needed(Value value) const;
  ir::Value result_of_current(uint32_t index) const;
  void unsupported(Value value);

  // --- values
  VReg vreg(Value value);  // where it is, or will be when its turn comes
  VReg fresh(ValueType type) { return out_.machine.add_vreg(type); }
  // The current value is what the operand is, and takes its register if none was given to that before.
  struct Same {
    VReg result;
    VReg operand;
  };
  Same as_operand(Value value);
  void copy_operand(const Same& same) {
    if (same.result != same.operand)
      copy(same.result, same.operand, out_.machine.type(same.operand));
  }
  VReg low_half(Value value);  // of which the instruction reads only the low 32 bits
  bool is_constant(Value value) const { return function_[value].is_constant(); }
  bool can_fold(Value value) const;
  uint32_t constant(wasm::V128 bits);
  Value operand(uint32_t i) const { return function_.operand(current_, i); }
  const ir::Instruction& insn() const { return function_[current_]; }

  // --- instructions
  static Operand d(VReg vreg) { return {.vreg = vreg, .role = Operand::Role::Def}; }
  static Operand early_d(VReg vreg) { return {.vreg = vreg, .role = Operand::Role::EarlyDef}; }
  static Operand tied_d(VReg vreg) {
    return {.vreg = vreg, .role = Operand::Role::Def, .constraint = Operand::Constraint::Tied};
  }
  static Operand fixed_d(VReg vreg, Reg reg) {
    return {.vreg = vreg,
            .role = Operand::Role::Def,
            .constraint = Operand::Constraint::Fixed,
            .fixed = reg};
  }
  static Operand early_fixed_d(VReg vreg, Reg reg) {
    return {.vreg = vreg,
            .role = Operand::Role::EarlyDef,
            .constraint = Operand::Constraint::Fixed,
            .fixed = reg};
  }
  static Operand u(VReg vreg) { return {.vreg = vreg}; }
  static Operand any_u(VReg vreg) { return {.vreg = vreg, .constraint = Operand::Constraint::Any}; }
  static Operand tied_u(VReg vreg) {
    return {.vreg = vreg, .constraint = Operand::Constraint::Tied};
  }
  static Operand fixed_u(VReg vreg, Reg reg) {
    return {.vreg = vreg, .constraint = Operand::Constraint::Fixed, .fixed = reg};
  }
  Instruction& emit(CommonForm form, uint8_t size = 0, Operands operands = {}) {
    return emit_list(form, size, {operands.begin(), operands.size()});
  }
  Instruction& emit_list(CommonForm form, uint8_t size, std::span<const Operand> operands) {
    return add_instruction(static_cast<uint8_t>(form), 0, size, operands);
  }
  Instruction& add_instruction(uint8_t form, uint16_t op, uint8_t size,
                               std::span<const Operand> operands);
  void set_address(Instruction& insn, const Address& address);
  static void may_trap(Instruction& insn, TrapCode trap) { insn.trap = static_cast<uint8_t>(trap); }
  // By a condition of the machine's.
  void trap_if(uint8_t condition, TrapCode trap, VReg about = kNoVReg);
  static Address at(VReg base, int32_t displacement = 0) {
    return {.kind = AddressKind::Base, .base = base, .displacement = displacement};
  }
  static Address in_context(size_t offset) {
    return {.kind = AddressKind::VmContext, .displacement = static_cast<int32_t>(offset)};
  }

  // --- selector_calls.cpp
  bool select_call();
  void call_runtime(ir::RuntimeCall call, std::initializer_list<VReg> arguments, VReg result) {
    call_runtime(call, std::span(arguments.begin(), arguments.size()), result);
  }
  void call_runtime(ir::RuntimeCall call, std::span<const VReg> arguments, VReg result);

  // --- selector_objects.cpp
  bool select_object();
  VReg i32(uint32_t value);
  const wasm::CanonicalType& runtime_type(uint32_t index) const;
  Address field_address(size_t offset);
  Address element_address(wasm::ValType storage);
  void test_concrete_type(VReg result, VReg ref, uint32_t index, bool is_exact, bool nullable);

  // --- selector_checks.cpp
  bool select_check();
  bool can_repeat(Value comparison) const;

  // --- selector_memory.cpp
  Address address(Value index, ir::Access access);
  bool is_32_bits(Value value) const;
  uint64_t least_size(Value size) const;
  Address global_cell(uint32_t index);
  VReg table_view(uint32_t index);
  VReg table_elements(uint32_t index);
  VReg memory_view(uint32_t index);

  const ir::Function& function_;
  const Convention& convention_;
  ir::FlowGraph graph_;
  runtime::ContextLayout layout_;
  std::vector<uint32_t> uses_;
  std::vector<VReg> vregs_;              // by value
  std::vector<bool> folded_;             // by value
  std::vector<Value> next_round_;        // by value: the parameter of a loop that it becomes
  std::vector<uint32_t> color_;          // by value: equal where nothing happens in between
  std::vector<uint32_t> machine_block_;  // by block

  SelectedFunction out_;
  std::vector<Instruction> code_;  // backwards, by groups
  Value current_;

 private:
  void find_next_rounds();
  void number_blocks();
  void select_block(ir::Block block);
  void add_split_blocks(ir::Block block);
  void begin_group() { group_ = code_.size(); }
  void end_group();
  void select(Value value);

  void params();
  void return_values();
  void call();
  void tail_call();
  void call_runtime();
  void throw_reference();
  uint32_t arguments(std::vector<Operand>& operands, std::span<const Value> values,
                     std::vector<std::pair<Value, uint32_t>>& on_stack);
  bool calls_reference() const;
  const wasm::FuncType& callee_type() const;
  struct OutgoingCall {
    CommonForm form;
    uint32_t argument_words = 0;  // on the stack
    std::vector<Operand> operands = {};
  };
  OutgoingCall outgoing_call(CommonForm direct, CommonForm foreign, CommonForm reference,
                             uint32_t words_of_results);

  void bounds_check(VReg index);
  void signature_check(VReg ref);

  void object_operation(ir::RuntimeCall call);
  VReg allocate(uint32_t type_index);
  void struct_new();
  void struct_new_default();
  void test_type(VReg result, VReg ref, wasm::HeapType heap, bool nullable);

  BlockOrder order_;
  std::vector<uint32_t>
      edge_block_;  // by edge in order: the block that stands on it, if it is critical
  std::vector<uint32_t> first_edge_;  // by block: its first in edge_block_
  size_t group_ = 0;
  std::optional<ir::Unsupported> unsupported_;
};

}  // namespace wrun::codegen
