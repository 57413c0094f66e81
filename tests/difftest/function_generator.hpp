// One function of a generated module, valid by construction and sure to end. Expressions leave a value
// on the operand stack, statements none. Bits of NaNs never get to where they can be told apart.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "difftest/choices.hpp"
#include "difftest/shape.hpp"

namespace wrun::difftest {

class FunctionGenerator {
 public:
  FunctionGenerator(Choices& choices, const Shape& shape, const Instructions& instructions,
                    test::ModuleBuilder& builder, uint32_t function);

  void generate();
  const test::Code& code() const { return code_; }
  const std::vector<wasm::ValType>& locals() const { return locals_; }  // without parameters

 private:
  using Types = std::vector<wasm::ValType>;
  struct Label {
    Types types;          // of a branch to it
    bool is_open = true;  // false: a branch would be a loop without end
  };

  // --- values (function_generator.cpp)
  void expression(wasm::ValType type, int depth);
  void expressions(const Types& types, int depth);
  void leaf(wasm::ValType type);
  void constant(wasm::ValType type);
  void operation(wasm::ValType type, int depth);
  void operand(wasm::Op op, uint32_t position, wasm::ValType type, int depth);
  void divisor(wasm::ValType type, int depth);
  void in_range_of_integers(wasm::ValType type, int depth);
  void canonicalize(wasm::ValType type);
  void canonicalize_lanes(wasm::ValType lane);
  void choice(wasm::ValType type, int depth);
  void conditional(wasm::ValType type, int depth);
  void block_with_exit(wasm::ValType type, int depth);
  void call_for(wasm::ValType type, int depth);
  void size_of_something();
  void lanes(wasm::Op op);

  // --- memory (memory_generator.cpp)
  void load(wasm::ValType type, int depth);
  void store(int depth);
  void access(wasm::Op op, int depth);
  // An address for an access of that many bytes; returns the offset that is to be added.
  uint64_t address(const Shape::Memory& memory, uint32_t bytes, bool aligned, int depth);
  void usual_address(const Shape::Memory& memory, bool aligned, int depth);
  void address_constant(const Shape::Memory& memory, uint64_t value);
  void memory_argument(wasm::Op op, uint32_t memory, uint64_t offset);
  void range_in_memory(const Shape::Memory& memory, int depth);
  void bulk(int depth);
  void grow();
  void table_operation(int depth);

  // --- statements (statement_generator.cpp)
  void statements(uint32_t most, int depth);
  void statement(int depth);
  void set_local(int depth);
  void set_global(int depth);
  void swap_locals();
  void if_else(int depth);
  void block(int depth);
  void loop_at_bottom(int depth);
  void loop_at_top(int depth);
  void branch(int depth);
  void branch_table(int depth);
  void leave(int depth);
  void call(int depth);
  void wide_arithmetic(int depth);
  void try_catch(int depth);
  // The function's arguments and the call itself.
  void call_to(uint32_t function, int depth, bool is_tail);
  void count_calls();
  // Into locals, or away.
  void take(const Types& types);

  wasm::ValType any_type() { return kTypes[choices_.below(shape_.type_count)]; }
  Types some_types(uint32_t most);
  wasm::Op any_op(const std::vector<wasm::Op>& all, const std::vector<wasm::Op>& favourites);
  uint32_t new_local(wasm::ValType type);
  uint32_t any_local(wasm::ValType type);
  void begin(wasm::Op op, const Types& params, const Types& results, const Label& label);
  void end();
  uint32_t times();

  Choices& choices_;
  const Shape& shape_;
  const Instructions& instructions_;
  test::ModuleBuilder& builder_;
  const Shape::Function& function_;
  test::Code code_;
  Types locals_;
  std::array<std::vector<uint32_t>, kTypeCount> pool_;  // locals that can be set
  std::vector<uint32_t> counters_;                      // of the loops around, i32
  std::array<uint32_t, kTypeCount> scratch_ = {};       // for canonicalize(); 0: none yet
  std::array<std::vector<wasm::Op>, kTypeCount> favourites_;
  std::vector<Label> labels_;
  uint32_t left_;  // about how many more instructions
  uint32_t loops_ = 0;
};

}  // namespace wrun::difftest
