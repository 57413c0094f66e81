// Prints the instructions of function bodies, one a line, indented by the blocks they are in.
#pragma once

#include <cstdint>
#include <vector>

#include "base/text_writer.hpp"
#include "binary/instruction_text.hpp"
#include "text/branch_hints.hpp"
#include "text/printer_names.hpp"
#include "wasm/module.hpp"

namespace wrun::text {

// Indentation ends here, or the text of deeply nested blocks would grow by the square of their depth.
inline constexpr size_t kMaxIndent = 80;
void append_line_start(TextWriter& out, size_t indent);

class HintPrinter {
 public:
  explicit HintPrinter(const wasm::Module& module) : hints_(read_branch_hints(module)) {}
  // The annotation for the instruction at `offset`, and a space, if there is a hint.
  void append(TextWriter& out, uint32_t offset);

 private:
  std::vector<BranchHint> hints_;
};

class CodePrinter {
 public:
  CodePrinter(const wasm::Module& module, TextWriter& out, PrinterNames& names, HintPrinter& hints)
      : module_(module), out_(out), names_(names), text_(out, names), hints_(hints) {}

  // Prints what is left in `reader`, up to but without the final `end`. `flush` is called between
  // instructions; false from it ends printing.
  template <class Flush>
  void print(binary::InstructionReader<true>& reader, Flush&& flush) {
    binary::Instruction insn;
    while (reader.next(insn)) {
      if (insn.op == wasm::Op::End && names_.depth() == 1) break;
      print_line(insn, reader.end_position());
      if (!flush()) break;
    }
  }

 private:
  void print_line(const binary::Instruction& insn, uint32_t end);

  const wasm::Module& module_;
  TextWriter& out_;
  PrinterNames& names_;
  binary::InstructionText text_;
  HintPrinter& hints_;
};

}  // namespace wrun::text
