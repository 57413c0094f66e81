// Prints function bodies in the folded form (spec 6.5.12): instructions in parentheses, nested in the
// one that takes their values. What a line has room for is not broken.
//
// Folding never changes the order of instructions: an instruction takes in only those right before
// it, and what it cannot take in stays in front.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/arity.hpp"
#include "text/code_printer.hpp"

namespace wrun::text {

class FoldedCodePrinter {
 public:
  FoldedCodePrinter(const wasm::Module& module, uint32_t function, TextWriter& out,
                    PrinterNames& names, HintPrinter& hints)
      : module_(module),
        out_(out),
        names_(names),
        text_(heads_, names),
        hints_(hints),
        arity_(module, function) {}

  // Prints what is left in `reader`, up to but without the final `end`.
  void print(binary::InstructionReader<true>& reader);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  // An instruction, or a part of one: then, else, do, catch.
  struct Node {
    uint32_t head = 0;  // where its text is in heads_
    uint32_t head_size = 0;
    uint32_t offset = 0;  // of the instruction, in the module; of then, else and do: 0
    uint32_t first_child = kNone;
    uint32_t next = kNone;
    uint32_t results = 0;
    uint32_t width = 0;  // on one line; kNone: does not go on one
  };
  // An open block, or the function.
  struct Block {
    uint32_t node = kNone;
    uint32_t results = 0;
    std::vector<uint32_t> children = {};  // operands and parts that are complete
    uint32_t part = kNone;                // that is open, if this kind of block has parts
    std::vector<uint32_t> nodes = {};     // in it, which nothing has taken in yet
  };

  void add(const binary::InstructionReader<true>& reader, const binary::Instruction& insn);
  void add_plain(uint32_t node, Arity arity);
  void open_block(const binary::Instruction& insn, uint32_t node);
  void begin_part(uint32_t node);
  void end_part();
  void end_block();
  // The last nodes, as many as together give no more than `values`.
  std::vector<uint32_t> take_operands(uint32_t values);

  uint32_t new_node(std::string_view head);
  uint32_t new_node(const binary::InstructionReader<true>& reader, const binary::Instruction& insn);
  void set_children(uint32_t node, const std::vector<uint32_t>& children);
  uint32_t width(const Node& node) const;

  void print_lines(const std::vector<uint32_t>& nodes);
  void print_on_line(uint32_t node);
  std::string_view head(const Node& node) const {
    return heads_.text().substr(node.head, node.head_size);
  }

  const wasm::Module& module_;
  TextWriter& out_;
  PrinterNames& names_;
  TextWriter heads_;
  binary::InstructionText text_;
  HintPrinter& hints_;
  std::vector<Node> nodes_;
  std::vector<Block> open_;
  ArityCounter arity_;
};

}  // namespace wrun::text
