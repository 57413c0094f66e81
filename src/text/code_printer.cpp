#include "text/code_printer.hpp"

#include <algorithm>

namespace wrun::text {

using wasm::Op;

void append_line_start(TextWriter& out, size_t indent) {
  out.append('\n');
  out.append_spaces(std::min(indent, kMaxIndent));
}

void HintPrinter::append(TextWriter& out, uint32_t offset) {
  const auto hint = std::ranges::lower_bound(hints_, offset, {}, &BranchHint::offset);
  if (hint == hints_.end() || hint->offset != offset) return;
  out.append(hint->likely ? "(@metadata.code.branch_hint \"\\01\") "
                          : "(@metadata.code.branch_hint \"\\00\") ");
}

void CodePrinter::print_line(const binary::Instruction& insn, uint32_t end) {
  const wasm::Imm imm = wasm::info(insn.op).imm;
  const bool opens = imm == wasm::Imm::Block || imm == wasm::Imm::TryTable;
  // A delegate ends its block and counts labels from outside of it.
  if (insn.op == Op::End || insn.op == Op::Delegate) names_.close_block();
  const bool is_middle = insn.op == Op::Else || insn.op == Op::Catch || insn.op == Op::CatchAll;
  append_line_start(out_, 2 + 2 * (names_.depth() - is_middle));
  hints_.append(out_, insn.offset);
  text_.append(module_.bytes.data(), end, insn);
  if (opens) names_.open_block();
}

}  // namespace wrun::text
