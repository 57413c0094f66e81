// Instruction selection for AArch64.
#pragma once

#include <asmjit/arm.h>
#include <asmjit/arm/a64globals.h>

#include <optional>

#include "codegen/a64/instruction.hpp"
#include "codegen/selector_base.hpp"

namespace wrun::codegen::a64 {

using asmjit::InstId;
using Id = asmjit::a64::Inst;

std::expected<SelectedFunction, ir::Unsupported> select(const ir::Function& function);

// When something is true: under the condition of the flags, or by what a register is.
struct Test {
  Condition condition = Condition::NotEqual;
  VReg reg = {};
  uint8_t size = 4;
  int32_t bit = kAllBits;
};

class Selector final : public SelectorBase {
 public:
  explicit Selector(const ir::Function& function);

 private:
  // --- selector.cpp
  bool select_machine() override;
  VReg in_register(Value value) override;
  VReg of_size(Value value, uint8_t size) {
    return size == 4 ? low_half(value) : in_register(value);
  }
  std::optional<uint64_t> number(Value value, uint8_t size) const;  // an integer constant

  // --- instructions
  using SelectorBase::emit;
  Instruction& emit(Form form, InstId id, uint8_t size, Operands operands) {
    return add_instruction(static_cast<uint8_t>(form), static_cast<uint16_t>(id), size,
                           {operands.begin(), operands.size()});
  }
  Instruction& emit(Form form, InstId id, uint8_t size, Operands operands, const Address& address);
  using SelectorBase::trap_if;
  void trap_if(Condition condition, TrapCode trap, VReg about = kNoVReg) {
    trap_if(static_cast<uint8_t>(condition), trap, about);
  }
  void trap_if(const Test& test, TrapCode trap, VReg about = kNoVReg);
  VReg load_pointer(const Address& address) override;

  // --- select_integer.cpp
  bool select_integer();
  void binary(InstId id, uint8_t size);
  void add(uint8_t size);
  void subtract(uint8_t size);
  bool multiply_and(InstId id, Value product, Value other, uint8_t size);
  bool shifted(InstId id, Value a, Value b, uint8_t size, bool may_extend);
  void logical(InstId id, InstId inverted, uint8_t size);
  void shift(InstId id, uint8_t size);
  void rotate(bool left, uint8_t size);
  void multiply_wide(InstId id);
  void add_wide(InstId low_id, InstId high_id);
  void divide(uint8_t size, uint8_t kind);
  void unary(Form form, InstId id, uint8_t size);
  void extend(InstId id, uint8_t size);
  void add_number(VReg result, VReg a, int64_t value, uint8_t size);

  // --- select_conditions.cpp
  uint8_t condition_of(Comparison how) const override;
  void compare(VReg a, VReg b) override;
  void compare_number(VReg a, uint64_t number, uint8_t size) override;
  void compare_i32(VReg a, const Address& with) override;
  void set(Condition condition);
  // Makes the flags, or a register, say whether an i32 is not zero.
  Test test(Value value, bool allow_register);
  std::optional<Test> comparison(Value value, bool allow_register);
  Test compare_integers(Value a, Value b, Condition condition, uint8_t size, bool allow_register);
  Test test_bits(Value value, Condition condition, uint8_t size, bool allow_register);
  Test compare_floats(Value a, Value b, Condition condition, uint8_t size);
  void select_value();

  // --- select_float.cpp
  bool select_float();
  void float_unary(InstId id, uint8_t size, uint8_t source_size = 0);
  void float_binary(InstId id, uint8_t size);
  void copysign(uint8_t size);
  void convert_from_integer(uint8_t size, uint8_t integer_size, bool is_signed);
  void truncate(uint8_t kind);
  void canonical_nan();

  // --- select_memory.cpp
  bool select_memory();
  VReg load_i64(uint64_t value) override;
  VReg sum(VReg a, VReg b) override;
  VReg sum(VReg a, int32_t number) override;
  VReg sum_or_trap(VReg a, VReg b, TrapCode trap) override;
  void load(InstId id, uint8_t size, uint8_t bytes);
  void store(InstId id, uint8_t size, uint8_t bytes);
  void load_from(VReg to, InstId id, uint8_t size, uint8_t bytes, const Address& from);
  void load_slot(const Address& from);

  // --- select_atomics.cpp
  bool select_atomic();
  void atomic(Instruction& insn, const Address& place);
  void atomic_update(InstId id, uint8_t bytes);
  void compare_exchange(uint8_t bytes);

  // --- select_simd.cpp
  bool select_simd();
  bool select_simd_row();
  bool select_simd_lanes();
  bool select_simd_memory();
  VReg vector(InstId id, uint8_t lanes, VReg a);
  VReg vector(InstId id, uint8_t lanes, VReg a, VReg b);
  void vector(VReg result, InstId id, uint8_t lanes, VReg a);
  void vector(VReg result, InstId id, uint8_t lanes, VReg a, VReg b);
  VReg vector_immediate(InstId id, uint8_t lanes, VReg a, uint64_t immediate);
  VReg vector_constant(wasm::V128 bits);
  void vector_shift(InstId by_immediate, InstId by_register, Lanes lanes, bool right);
  void any_of(InstId reduce, Lanes lanes, Condition condition);
  void shuffle();

  // --- select_simd_sequences.cpp
  bool select_simd_sequence();
  void narrow(InstId low, InstId high, Lanes narrow_low, Lanes narrow_high, Lanes wide);
  void pseudo_minimum(Lanes lanes, bool is_max);
  void multiply_quadwords();
  void bitmask(Lanes lanes);
  VReg relaxed_dot();

  // --- select_objects.cpp
  bool select_reference();
  void load_field(wasm::ValType storage, bool is_signed, const Address& from) override;
  void store_field(wasm::ValType storage, Value value, const Address& to) override;
  void store_zero(const Address& to) override;
  void load_i32(VReg to, uint32_t value) override;
  void load_i32(VReg to, const Address& from) override;
  void trap_if_zero(VReg value, uint8_t size, TrapCode trap, VReg about) override;
  void copy(VReg to, VReg from, ValueType type) override;
  void set_null_test(VReg result, VReg ref, bool is_null) override;

  // --- select_control.cpp
  bool select_control();
  void branch();
};

}  // namespace wrun::codegen::a64
