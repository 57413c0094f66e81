// Instructions and types in the text format (spec 6.4, 6.5), as the printer and messages write them.
#pragma once

#include <cstdint>

#include "base/text_writer.hpp"
#include "binary/instruction_reader.hpp"
#include "wasm/types.hpp"

namespace wrun::binary {

enum class IndexSpace : uint8_t {
  Type,
  Func,
  Table,
  Memory,
  Tag,
  Global,
  Elem,
  Data,
  Local,
  Label,
};
inline constexpr size_t kIndexSpaces = 10;

// How indices are written; here: as numbers.
class IndexNames {
 public:
  virtual ~IndexNames() = default;
  virtual void append(TextWriter& out, IndexSpace space, uint32_t index) const;
  virtual void append_field(TextWriter& out, wasm::TypeIndex type, uint32_t field) const;
  // Of the block that an instruction opens: " $label", or nothing.
  virtual void append_block_label(TextWriter& out) const;
};

// Writes types and instructions into a buffer, without line breaks.
class InstructionText {
 public:
  InstructionText(TextWriter& out, const IndexNames& names) : out_(out), names_(names) {}

  void append(wasm::HeapType type);
  void append(wasm::ValType type);
  // The catch clauses and labels of `insn` are read from the module at `module_begin`.
  void append(const std::byte* module_begin, uint32_t end, const Instruction& insn);
  // " $name" or " 3"
  void append_index(IndexSpace space, uint32_t index) {
    out_.append(' ');
    names_.append(out_, space, index);
  }

 private:
  void append_immediate(const std::byte* module_begin, uint32_t end, const Instruction& insn);
  void append_block_type(const BlockType& type);
  void append_labels(LabelReader labels, uint32_t count);
  void append_catches(CatchReader catches, uint32_t count);
  void append_mem_arg(const Instruction& insn);
  void append_v128(const Instruction& insn);
  void append_lanes(const Instruction& insn);
  void append_select_types(const std::byte* module_begin, uint32_t end, const Instruction& insn);
  // " (ref null ht)"
  void append_ref(wasm::HeapType type, bool nullable);

  TextWriter& out_;
  const IndexNames& names_;
};

}  // namespace wrun::binary
