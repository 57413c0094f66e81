// Validation of instruction sequences (spec 3.4, by the algorithm of appendix 7.3): one pass over the
// code with a stack of operand types and a stack of open blocks.
//
// Most instructions have one type, written in opcodes.def; validator.cpp makes the code for them from
// the table. The others are in validator_{control,memory,reference}.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "binary/instruction_reader.hpp"
#include "wasm/module.hpp"
#include "wasm/opcodes.hpp"
#include "wasm/subtyping.hpp"

namespace wrun::binary {

// What code may refer to, besides the module's index spaces.
struct ModuleContext {
  const wasm::Module& module;
  // Functions that ref.func may name inside bodies (spec 3.4.8).
  std::vector<bool> declared_functions;
  // From the data count section, without which code must not name data segments.
  std::optional<uint32_t> data_count;

  wasm::TypeSpace types() const { return {module.types, module.canonical_types}; }
};

// One validator serves many functions, one after the other, and keeps its memory between them.
class Validator {
 public:
  using Reader = InstructionReader<false>;

  explicit Validator(const ModuleContext& context);

  // On false, error() says why.
  bool validate_function(uint32_t index);
  // A constant expression whose instructions are known to be constant (spec 3.4.14).
  bool validate_expression(uint32_t begin, uint32_t end, wasm::ValType result);
  const Error& error() const { return error_; }

 private:
  using ValType = wasm::ValType;
  using Types = std::span<const ValType>;

  enum class BlockKind : uint8_t {
    Function,
    Block,
    Loop,
    If,
    Else,
    TryTable,
    // The legacy form: try, then its catch and catch_all parts.
    Try,
    Catch,
    CatchAll,
  };

  struct Block {
    const wasm::FuncType* type = nullptr;  // null: no parameters, `result` if not kBottom
    ValType result = wasm::kBottom;
    BlockKind kind = BlockKind::Block;
    bool unreachable = false;
    uint32_t height = 0;              // of the operand stack below the block
    uint32_t initialized_locals = 0;  // length of initialized_ at its start
    uint32_t checked_by = 0;          // offset of the last br_table that was checked against it

    Types params() const { return type ? Types(type->params) : Types(); }
    Types results() const {
      if (type) return type->results;
      return result == wasm::kBottom ? Types() : Types(&result, 1);
    }
    Types label_types() const { return kind == BlockKind::Loop ? params() : results(); }
  };

  // --- the pass itself: validator.cpp ---
  void reset();
  bool read_locals(Reader& reader, const wasm::FuncType& type);
  bool run(Reader& reader, uint32_t end);
  template <wasm::Op kOp>
  bool step(Reader& reader);
  template <wasm::Op kOp>
  bool apply_signature();
  bool apply_special();

  // --- operand stack ---
  bool push(ValType type) {
    if (top_ == stack_end_ && !grow_stack()) [[unlikely]]
      return false;
    *top_++ = type;
    return true;
  }
  bool pop(ValType want) {
    if (top_ != base_ && top_[-1] == want) [[likely]] {
      --top_;
      return true;
    }
    return pop_all(Types(&want, 1));
  }
  // Pops anything; kBottom if the stack is polymorphic.
  bool pop_any(ValType& out);
  bool pop_ref(ValType& out);  // any reference, or kBottom
  // Most blocks have neither parameters nor results.
  bool pop_all(Types want) { return want.empty() || pop_list(want); }
  bool pop_all(std::initializer_list<ValType> want) { return pop_list(Types(want)); }
  bool push_all(Types types) { return types.empty() || push_list(types); }
  bool pop_list(Types want);
  bool push_list(Types types);
  bool grow_stack();

  // --- blocks and branches: validator_control.cpp ---
  bool resolve_block_type(const BlockType& type, Block& block);
  bool begin_block(BlockKind kind);
  bool push_block(Block block);
  bool end_of_block();
  bool on_else();
  bool on_end();
  bool on_catch(BlockKind kind);
  bool on_delegate();
  bool on_try_table(CatchReader catches);
  bool on_br();
  bool on_br_if();
  bool on_br_table(LabelReader labels);
  bool on_br_on_null();
  bool on_br_on_non_null();
  bool on_br_on_cast(bool on_fail, bool by_descriptor);
  bool check_cast_types(ValType source, ValType target);
  bool check_cast_label(ValType sent, Types& others);
  bool on_throw();
  bool on_rethrow();
  bool on_return();
  bool on_call(bool tail);
  bool on_call_indirect(bool tail);
  bool on_call_ref(bool tail);
  bool call(const wasm::FuncType& type, bool tail);
  bool check_label(uint32_t depth);
  Block& label(uint32_t depth) { return blocks_[blocks_.size() - 1 - depth]; }
  bool set_unreachable() {
    top_ = base_;
    blocks_.back().unreachable = true;
    return true;
  }

  // --- locals, globals, tables, memories: validator_memory.cpp ---
  bool check_memory(uint32_t index);
  bool check_mem_arg();
  [[gnu::cold]] bool fail_mem_arg();
  bool check_lane();
  bool check_shuffle();
  bool check_table(uint32_t index);
  bool check_elem(uint32_t index);
  bool check_data(uint32_t index);
  ValType address_type(uint32_t memory) const {
    return module_.memories[memory].limits.is_64 ? wasm::kI64 : wasm::kI32;
  }
  ValType table_index_type(uint32_t table) const {
    return module_.tables[table].type.limits.is_64 ? wasm::kI64 : wasm::kI32;
  }
  bool on_local_get() {
    if (insn_.index >= locals_.size()) [[unlikely]]
      return fail_unknown("local", insn_.index);
    const ValType type = readable_[insn_.index];
    if (type == wasm::kBottom) [[unlikely]]
      return fail_uninitialized();
    return push(type);
  }
  bool on_local_set() {
    if (insn_.index >= locals_.size()) [[unlikely]]
      return fail_unknown("local", insn_.index);
    if (!pop(locals_[insn_.index])) return false;
    if (readable_[insn_.index] == wasm::kBottom) [[unlikely]]
      mark_initialized(insn_.index);
    return true;
  }
  bool on_local_tee() { return on_local_set() && on_local_get(); }
  void mark_initialized(uint32_t local);
  void forget_initialized(uint32_t count);
  bool on_global_get();
  bool on_global_set();
  bool on_select();
  bool on_select_typed();
  bool on_memory_op();
  bool on_table_op();

  // --- references and aggregates: validator_reference.cpp ---
  bool on_reference_op();
  bool on_ref_func();
  bool on_struct_new(const wasm::SubType& type);
  bool on_struct_op();
  bool on_array_op();
  bool on_array_bulk_op();
  bool on_cast_op();
  bool on_descriptor_op();
  // The operand that a cast by descriptor to `target` takes after the reference.
  bool pop_descriptor(wasm::HeapType target);
  // A new object's type: exact, for those who can tell the difference.
  ValType new_object(uint32_t type) const {
    const bool exact = module_.features.has(wasm::Feature::CustomDescriptors);
    return ValType::ref(wasm::HeapType::concrete(type, exact), false);
  }
  bool check_type(uint32_t index);
  bool check_heap_type(wasm::HeapType type);
  bool check_val_type(ValType type);
  const wasm::FuncType* func_type(uint32_t type);  // null: error set
  const wasm::SubType* struct_type(uint32_t type);
  const wasm::FieldType* array_element(uint32_t type);
  // Packed fields are read with an explicit extension, others without.
  bool check_extension(const wasm::FieldType& field, bool extends);
  bool check_mutable(const wasm::FieldType& field, const char* what);
  bool check_segment_types(const wasm::FieldType& element);
  bool matches(ValType sub, ValType super) const {
    return sub == super || wasm::matches(space_, sub, super);
  }

  // --- errors; all return false ---
  [[gnu::cold]] bool fail(std::string message, Error::Kind kind = Error::Kind::Invalid);
  [[gnu::cold]] bool fail_at(uint64_t offset, std::string message,
                             Error::Kind kind = Error::Kind::Invalid);
  [[gnu::cold]] bool fail_unknown(const char* what, uint32_t index);
  [[gnu::cold]] bool fail_mismatch(const std::string& what, Types want, size_t shown);
  [[gnu::cold]] bool fail_operands(Types want);
  [[gnu::cold]] bool fail_block_end(Types want);
  [[gnu::cold]] std::string quoted_instruction() const;
  [[gnu::cold]] bool fail_uninitialized();
  [[gnu::cold]] bool fail_read(const Reader& reader);

  const ModuleContext& context_;
  const wasm::Module& module_;
  const wasm::TypeSpace space_;

  Instruction insn_;
  ValType* top_ = nullptr;   // of the operand stack
  ValType* base_ = nullptr;  // where the operands of the innermost block start
  ValType* stack_end_ = nullptr;
  std::unique_ptr<ValType[]> stack_;
  std::vector<Block> blocks_;

  std::vector<ValType> locals_;
  // The same, but kBottom for locals without a default value that are not set yet.
  std::vector<ValType> readable_;
  // Locals without a default value in the order in which they were set; blocks forget theirs.
  std::vector<uint32_t> initialized_;
  std::vector<ValType> operands_;  // of the current instruction, where they have to be collected

  Error error_;
};

}  // namespace wrun::binary
