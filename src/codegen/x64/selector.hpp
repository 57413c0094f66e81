// Instruction selection for x86-64.
#pragma once

#include <asmjit/x86.h>

#include <optional>
#include <span>

#include "codegen/selector_base.hpp"
#include "codegen/x64/instruction.hpp"

namespace wrun::codegen::x64 {

using asmjit::InstId;
namespace Id = asmjit::x86::Inst;

std::expected<SelectedFunction, ir::Unsupported> select(const ir::Function& function);

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

class Selector final : public SelectorBase {
 public:
  explicit Selector(const ir::Function& function);

 private:
  // --- selector.cpp
  bool select_machine() override;
  VReg in_register(Value value) override;
  Source source(Value value, uint8_t bytes);
  Source low_source(Value value);
  std::optional<int32_t> immediate(Value value) const;  // that instructions can hold
  bool can_fold_load(Value value, uint8_t bytes) const;
  Address folded_load(Value value);
  struct NarrowLoad {
    uint8_t bytes;
    bool is_signed;
  };
  std::optional<NarrowLoad> narrow_load(Value value) const;  // that a comparison can do
  Source constant_source(wasm::V128 bits) {
    return {
        .vreg = {},
        .address = {.kind = AddressKind::Constant,
                 .displacement = static_cast<int32_t>(constant(bits))}
    };
  }

  // --- instructions
  using SelectorBase::emit;
  Instruction& emit(Form form, InstId id, uint8_t size, Operands operands) {
    return add_instruction(static_cast<uint8_t>(form), static_cast<uint16_t>(id), size,
                           {operands.begin(), operands.size()});
  }
  Instruction& emit(Form form, InstId id, uint8_t size, Operands operands, const Source& source);
  Instruction& emit(Form form, InstId id, uint8_t size, Operands operands, const Address& address);
  using SelectorBase::trap_if;
  void trap_if(Condition condition, TrapCode trap, VReg about = kNoVReg) {
    trap_if(static_cast<uint8_t>(condition), trap, about);
  }
  VReg load_pointer(const Address& address) override;

  // --- select_integer.cpp
  bool select_integer();
  uint8_t condition_of(Comparison how) const override;
  void compare(VReg a, VReg b) override;
  void compare_number(VReg a, uint64_t number, uint8_t size) override;
  void compare_i32(VReg a, const Address& with) override;
  bool lives_on(Value value) const;
  bool is_better_overwritten(Value a, Value b) const;
  void bit_and(uint8_t size);
  void binary(InstId id, uint8_t size);
  void add(uint8_t size);
  struct ScaledSum;
  ScaledSum scaled_sum(uint8_t size) const;
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
  std::optional<Test> compare_narrow(Value a, Value b, Condition condition);
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
  VReg load_i64(uint64_t value) override;
  VReg sum(VReg a, VReg b) override;
  VReg sum(VReg a, int32_t number) override;
  VReg sum_or_trap(VReg a, VReg b, TrapCode trap) override;
  void load(InstId id, uint8_t size, uint8_t bytes);
  void store(InstId id, uint8_t bytes);
  bool update_memory(uint8_t bytes);
  void load_slot(const Address& from);

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
  bool select_reference();
  void scale_index(Address& address, uint8_t scale_log2) override;
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

}  // namespace wrun::codegen::x64
