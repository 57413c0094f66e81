// One decoded instruction: what InstructionReader yields to the validator, to the interpreter's
// translator and to every other consumer of function bodies.
#pragma once

#include <cstdint>

#include "wasm/opcodes.hpp"
#include "wasm/types.hpp"

namespace wrun::binary {

// The immediate of block, loop, if, try and try_table (spec 5.4.1).
struct BlockType {
  enum class Form : uint8_t { Empty, Value, Type } form = Form::Empty;
  wasm::ValType value;       // Form::Value: the single result
  wasm::TypeIndex type = 0;  // Form::Type: a function type
};

// Which fields mean something follows from the opcode's immediate kind in opcodes.def.
struct Instruction {
  wasm::Op op = wasm::Op::Nop;
  uint32_t offset = 0;      // of the first opcode byte, in the module
  uint32_t index = 0;       // label, function, type, local, global, table, memory, tag, segment
  uint32_t index2 = 0;      // the second index: table of call_indirect, source of *.copy,
                            // field of struct.*, length of array.new_fixed
  uint64_t value = 0;       // constants (i32 zero-extended, floats by their bits),
                            // memory offset, low half of v128.const and shuffle lanes
  uint64_t value_high = 0;  // high half of v128.const and shuffle lanes
  uint8_t lane = 0;         // lane index; flags of br_on_cast
  uint8_t align_log2 = 0;   // of a memory argument; `index` is then the memory
  BlockType block;          // block, loop, if, try, try_table
  wasm::HeapType heap = wasm::HeapType::Abstract::Any;   // ref.null, ref.test, ref.cast
  wasm::HeapType heap2 = wasm::HeapType::Abstract::Any;  // target type of br_on_cast
  wasm::ValType select_type;                             // `select t`
  // br_table, try_table: the entries stay encoded; `list_offset` is where the first one starts
  // and `list_count` how many there are (br_table: without the default, which follows them).
  uint32_t list_offset = 0;
  uint32_t list_count = 0;
};

}  // namespace wrun::binary
