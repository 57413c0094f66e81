// Instruction selection: bottom-up over each block, so that an instruction sees its users first and is
// taken into one of them where it fits: constants, loads, comparisons, addresses.
#pragma once

#include <asmjit/x86.h>

#include <expected>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "codegen/abi.hpp"
#include "codegen/block_order.hpp"
#include "codegen/x64/instruction.hpp"
#include "ir/build.hpp"
#include "ir/flow_graph.hpp"
#include "wasm/canonical_type.hpp"

namespace wrun::codegen::x64 {

using asmjit::InstId;
namespace Id = asmjit::x86::Inst;

struct SelectedFunction {
  MachineFunction machine;
  std::vector<wasm::V128> constants;
  bool has_calls = false;
};

std::expected<SelectedFunction, ir::Unsupported> select(const ir::Function& function);

inline constexpr uint8_t kCallClobbers = 1;  // of the clobber sets

struct Address {
  AddressKind kind = AddressKind::None;
  VReg base = {};
  VReg index = {};
  uint8_t scale_log2 = 0;
  int32_t displacement = 0;
  ir::Value load = {};  // that is taken into another instruction
};

// What may be a register, a slot or memory.
struct Source {
  VReg vreg;
  Address address;
};

// When something is true: under the condition, or also if the parity flag is set; or just then not.
struct Test {
  Condition condition = Condition::NotEqual;
  bool or_parity = false;
  bool negated = false;
};

class Selector {
 public:
  explicit Selector(const ir::Function& function);
  std::expected<SelectedFunction, ir::Unsupported> run();

 private:
  using Op = ir::Op;
  using Type = ir::Type;
  using Value = ir::Value;
  using Operands = std::initializer_list<Operand>;

  // --- blocks (selector.cpp)
  void find_next_rounds();
  void number_blocks();
  void select_block(ir::Block block);
  void add_split_blocks(ir::Block block);
  void begin_group() { group_ = code_.size(); }
  void end_group();
  bool is_needed(Value value) const;
  ir::Value result_of_current(uint32_t index) const;
  void select(Value value);  // by opcode
  void unsupported(Value value);

  // --- values
  VReg vreg(Value value);  // where it is, or will be when its turn comes
  VReg fresh(ValueType type) { return out_.machine.add_vreg(type); }
  VReg low_half(Value value);     // of which the instruction reads only the low 32 bits
  VReg in_register(Value value);  // a constant is loaded first
  Source source(Value value, uint8_t bytes);
  Source low_source(Value value);
  bool is_constant(Value value) const { return function_[value].is_constant(); }
  std::optional<int32_t> immediate(Value value) const;  // that instructions can hold
  bool can_fold(Value value) const;
  bool can_fold_load(Value value, uint8_t bytes) const;
  uint32_t constant(wasm::V128 bits);
  Source constant_source(wasm::V128 bits) {
    return {
        .vreg = {},
        .address = {.kind = AddressKind::Constant,
                 .displacement = static_cast<int32_t>(constant(bits))}
    };
  }
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
  Instruction& emit(Form form, InstId id, uint8_t size, Operands operands) {
    return emit_list(form, id, size, {operands.begin(), operands.size()});
  }
  Instruction& emit(Form form, InstId id, uint8_t size, Operands operands, const Source& source);
  Instruction& emit(Form form, InstId id, uint8_t size, Operands operands, const Address& address);
  Instruction& emit_list(Form form, InstId id, uint8_t size, std::span<const Operand> operands);
  void set_address(Instruction& insn, const Address& address);
  static void may_trap(Instruction& insn, TrapCode trap) { insn.trap = static_cast<uint8_t>(trap); }
  void trap_if(Condition condition, TrapCode trap, VReg about = kNoVReg);
  VReg load_pointer(const Address& address);
  static Address at(VReg base, int32_t displacement = 0) {
    return {.kind = AddressKind::Base, .base = base, .displacement = displacement};
  }
  static Address in_context(size_t offset) {
    return {.kind = AddressKind::VmContext, .displacement = static_cast<int32_t>(offset)};
  }

  // --- select_integer.cpp
  bool select_integer();
  bool lives_on(Value value) const;
  bool is_better_overwritten(Value a, Value b) const;
  void bit_and(uint8_t size);
  void binary(InstId id, uint8_t size);
  void add(uint8_t size);
  void multiply(uint8_t size);
  void shift(InstId by_immediate, InstId by_register, uint8_t size);
  void rotate(InstId id, uint8_t size);
  void multiply_wide(InstId id);
  void add_wide(InstId low_id, InstId high_id);
  void divide(uint8_t size, uint8_t kind);
  void unary(InstId id, uint8_t size);
  void extend(InstId id, uint8_t size, uint8_t source_size);
  void set(const Test& test);
  // Makes the flags say whether an i32 is not zero. Without parity: the test needs one condition only.
  Test test(Value value, bool allow_parity);
  std::optional<Test> comparison(Value value, bool allow_parity);
  Test compare_integers(Value a, Value b, Condition condition, uint8_t size);
  Test test_bits(Value value, Condition condition, uint8_t size);
  void select_value();

  // --- select_float.cpp
  bool select_float();
  void float_binary(InstId id, uint8_t size);
  void float_constant_binary(InstId id, uint8_t size, uint64_t mask);
  void float_round(uint8_t size, uint8_t mode);
  void float_compare_value(uint8_t size, uint8_t predicate);
  void copysign(uint8_t size);
  void convert_from_integer(uint8_t size, uint8_t integer_size, bool is_signed);
  void truncate(uint8_t kind);
  void canonical_nan();
  Test compare_floats(Value a, Value b, Condition condition, uint8_t size);

  // --- select_memory.cpp
  bool select_memory();
  Address address(Value index, ir::Access access);
  void load(InstId id, uint8_t size, uint8_t bytes);
  void store(InstId id, uint8_t bytes);
  bool is_32_bits(Value value) const;
  uint64_t least_size(Value size) const;
  void bounds_check();
  VReg global_cell(uint32_t index);
  void load_slot(const Address& from);
  VReg table_view(uint32_t index);
  VReg memory_view(uint32_t index);
  void signature_check();

  // --- select_simd.cpp
  bool select_simd();
  bool select_simd_row();
  bool select_simd_lanes();
  bool select_simd_memory();
  VReg three(InstId id, VReg a, VReg b);
  void three(InstId id, VReg result, VReg a, VReg b);
  // With a constant of two equal halves.
  VReg three_constant(InstId id, VReg a, uint64_t lanes);
  void three_constant(InstId id, VReg result, VReg a, uint64_t lanes);
  VReg zero_vector();
  VReg count_in_vector(Value count, uint64_t mask, uint64_t more = 0);
  void mask_lanes(InstId id, uint64_t mask);
  void all_true(InstId compare);
  void bitmask(InstId id, VReg from);
  void vector_minimum(InstId minimum, InstId compare, InstId shift, uint8_t bits);
  void vector_maximum(InstId maximum, InstId subtract, InstId compare, InstId shift, uint8_t bits);
  void make_nans_quiet(VReg value, InstId compare, InstId shift, uint8_t bits);
  void shuffle();

  // --- select_simd_sequences.cpp
  bool select_simd_sequence();
  VReg unary(InstId id, VReg a);
  VReg shift_immediate(InstId id, VReg a, uint64_t count);
  VReg compare_constant(InstId id, VReg a, uint64_t lanes, uint8_t predicate);
  void shift_bytes(InstId id, bool is_left);
  void shift_bytes_signed();
  void shift_quadwords_signed();
  void population_count();
  void multiply_quadwords();
  void absolute_quadwords();
  VReg without_nans(VReg a, InstId compare);
  void truncate_saturating_f32x4_s();
  void truncate_saturating_f32x4_u();
  void truncate_saturating_f64x2_s();
  void truncate_saturating_f64x2_u();
  void convert_unsigned_to_f32x4();
  void multiply_add(InstId multiply, InstId add, uint64_t sign);
  VReg relaxed_dot();

  // --- select_atomics.cpp
  bool select_atomic();
  void atomic_store(uint8_t bytes);
  void atomic_exchange(InstId id, uint8_t bytes);
  void atomic_update(InstId id, uint8_t bytes);
  void atomic_compare_exchange(uint8_t bytes);
  void zero_extend(VReg to, VReg from, uint8_t bytes);
  void set_atomic_address(Instruction& insn, const Address& place);

  // --- select_objects.cpp
  bool select_object();
  const wasm::CanonicalType& runtime_type(uint32_t index) const;
  Address field_address(size_t offset);
  Address element_address(wasm::ValType storage);
  void load_field(wasm::ValType storage, bool is_signed, const Address& from);
  void store_field(wasm::ValType storage, Value value, const Address& to);
  void call_runtime(ir::RuntimeCall call, std::initializer_list<VReg> arguments, VReg result) {
    call_runtime(call, std::span(arguments.begin(), arguments.size()), result);
  }
  void call_runtime(ir::RuntimeCall call, std::span<const VReg> arguments, VReg result);
  VReg i32(uint32_t value);
  void object_operation(ir::RuntimeCall call);
  VReg allocate(uint32_t type_index);
  void struct_new();
  void struct_new_default();
  void trap_if_zero(VReg value, TrapCode trap);
  void test_type(VReg result, VReg ref, wasm::HeapType heap, bool nullable);
  void test_concrete_type(VReg result, VReg ref, uint32_t index, bool is_exact, bool nullable);

  // --- select_control.cpp
  bool select_control();
  void branch();
  void switch_table();
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
    Form form;
    uint32_t argument_words = 0;  // on the stack
    std::vector<Operand> operands = {};
  };
  OutgoingCall outgoing_call(Form direct, Form foreign, Form reference, uint32_t words_of_results);

  const ir::Function& function_;
  ir::FlowGraph graph_;
  BlockOrder order_;
  std::vector<uint32_t> uses_;
  std::vector<VReg> vregs_;              // by value
  std::vector<bool> folded_;             // by value
  std::vector<Value> next_round_;        // by value: the parameter of a loop that it becomes
  std::vector<uint32_t> color_;          // by value: equal where nothing happens in between
  std::vector<uint32_t> machine_block_;  // by block
  std::vector<uint32_t>
      edge_block_;  // by edge in order: the block that stands on it, if it is critical
  std::vector<uint32_t> first_edge_;  // by block: its first in edge_block_

  SelectedFunction out_;
  std::vector<Instruction> code_;  // backwards, by groups
  size_t group_ = 0;
  Value current_;
  std::optional<ir::Unsupported> unsupported_;
};

constexpr ValueType value_type(ir::Type type) {
  switch (type) {
    case ir::Type::I32:  return ValueType::I32;
    case ir::Type::F32:  return ValueType::F32;
    case ir::Type::F64:  return ValueType::F64;
    case ir::Type::V128: return ValueType::V128;
    default:             return ValueType::I64;
  }
}
constexpr uint8_t bytes_of(ir::Type type) {
  switch (type) {
    case ir::Type::I32:
    case ir::Type::F32:  return 4;
    case ir::Type::V128: return 16;
    default:             return 8;
  }
}

}  // namespace wrun::codegen::x64
