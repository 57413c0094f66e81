// Instructions (spec 6.5), flat and folded, encoded as they are read. Nesting is kept in a list of
// frames, not on the native stack.
//
// Of a folded instruction, `(op immediates operands…)`, the bytes of op and immediates wait in
// pending_ until the operands are written.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/byte_writer.hpp"
#include "text/identifiers.hpp"
#include "text/parser.hpp"
#include "text/token_reader.hpp"
#include "text/type_parser.hpp"
#include "wasm/opcodes.hpp"

namespace wrun::text {

// Encoded pieces and where they come from; the marks count from the first byte.
struct Code {
  ByteWriter bytes;
  std::vector<SourceMark> marks;

  void mark(uint32_t source) { marks.push_back({static_cast<uint32_t>(bytes.size()), source}); }
  void append(const Code& other);
};

struct BranchHint {
  uint32_t offset = 0;  // in the function's body
  uint8_t likely = 0;
};

class ExpressionParser {
 public:
  ExpressionParser(TokenReader& tokens, TypeParser& types) : tokens_(tokens), types_(types) {}

  // The instructions up to the end of the list that they are in, and `end`.
  bool read_constant(Code& out);
  // One folded instruction, and `end`.
  bool read_folded_constant(Code& out);

  // A function: its locals are bound first, then its instructions are read like those of a constant.
  void begin_function();
  bool bind_local(std::string_view id, uint32_t index);
  bool read_body(Code& out);
  NameMap take_label_names() { return std::move(label_names_); }
  std::vector<BranchHint> take_hints() { return std::move(hints_); }

  // Whether any instruction so far needs the data count section (spec 5.5.16).
  bool needs_data_count() const { return needs_data_count_; }

 private:
  enum class FrameKind : uint8_t {
    FlatBlock,     // up to `end`
    FoldedPlain,   // the others up to `)`
    FoldedBlock,   // block, loop, try_table
    FoldedIf,      // conditions, (then …), (else …)
    FoldedTry,     // (do …), (catch …)…
    FoldedClause,  // then, else, do, catch, catch_all
  };
  struct Frame {
    FrameKind kind = FrameKind::FoldedPlain;
    // Of blocks the part that was read last: if, else, try, catch, … and after `(do …)` kNoOp.
    wasm::Op op = wasm::kNoOp;
    bool has_label = false;  // whether the label is in scope
    std::optional<uint8_t> hint = {};
    uint32_t pending = 0;  // where it begins in pending_
    uint32_t source = 0;
    std::string_view label = {};
    OptionalName label_name = {};
    std::optional<uint32_t> shadowed = {};  // what `label` stood for outside
  };

  bool read_instructions(bool single_folded);
  bool read_next();
  bool read_flat();
  // Only conditional branches can have a hint.
  bool check_hint(wasm::Op op);
  bool read_folded();
  bool read_folded_clause(Frame& parent);
  bool close_list();

  // Structured instructions
  bool begin_block(wasm::Op op, FrameKind kind);
  bool begin_folded_if();
  bool begin_clause(wasm::Op op, FrameKind kind);
  bool read_end();
  bool read_else();
  bool read_catch(wasm::Op op);
  bool read_delegate();
  bool read_matching_label(const Frame& block);
  bool read_catch_clauses(ByteWriter& out);
  bool push(const Frame& frame);
  void pop();
  void enter_label(Frame& frame);
  void leave_label(Frame& frame);
  void emit(const Frame& frame);  // its pending bytes
  void begin_instruction(uint32_t source, std::optional<uint8_t> hint);

  // Opcode and immediates
  bool read_plain(wasm::Op op, ByteWriter& out);
  bool read_immediate(wasm::Op op, ByteWriter& out);
  bool read_label(ByteWriter& out);
  bool read_label_table(ByteWriter& out);
  bool read_index(Space space, ByteWriter& out);
  bool read_optional_index(Space space, ByteWriter& out);
  bool read_optional_pair(Space space, ByteWriter& out);
  bool read_segment_and_target(Space target, Space segment, ByteWriter& out);
  bool read_local(ByteWriter& out);
  bool read_type_and_table(ByteWriter& out);
  bool read_type_field(ByteWriter& out);
  bool read_memory_argument(wasm::Op op, ByteWriter& out);
  bool read_memory_argument_lane(wasm::Op op, ByteWriter& out);
  bool read_offset_and_align(wasm::Op op, uint32_t memory, ByteWriter& out);
  bool read_lane(ByteWriter& out);
  bool read_lanes(ByteWriter& out);
  bool read_branch_on_cast(ByteWriter& out);
  bool read_select(ByteWriter& out);
  bool read_cast(wasm::Op op, ByteWriter& out);
  bool read_number(wasm::Imm kind, ByteWriter& out);
  bool read_branch_hint();

  TokenReader& tokens_;
  TypeParser& types_;
  Code* out_ = nullptr;
  std::vector<Frame> frames_;
  ByteWriter pending_;
  SymbolTable locals_;
  SymbolTable labels_;  // to the depth of their block, from 1
  uint32_t depth_ = 0;  // blocks that are open
  uint32_t block_count_ = 0;
  bool in_function_ = false;
  bool needs_data_count_ = false;
  std::optional<uint8_t> next_hint_;
  NameMap label_names_;
  std::vector<BranchHint> hints_;
  std::vector<uint32_t> label_table_;
  Signature signature_;
};

}  // namespace wrun::text
