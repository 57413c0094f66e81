// Decodes the instructions of a function body or constant expression, one at a time.
//
//   InstructionReader<true> reader(module.bytes.data(), function.body_offset,
//                                  function.body_offset + function.body_size);
//   reader.read_locals([&](uint32_t count, wasm::ValType type) { ... return true; });
//   Instruction insn;
//   while (reader.next(insn)) switch (insn.op) { ... }
//
// next() returns false at the end of the range and on an error; the last instruction is the
// function's own `end`. Only the fields of Instruction that belong to the opcode's wasm::Imm are
// written, the others keep what they held before.
//
// kTrusted is for code that has been validated: opcodes and features are not checked again. Reads
// stay inside the range in either case. An untrusted reader checks everything that makes code
// malformed (spec chapter 5); indices, types and limits are the validator's.
//
// Entries of br_table and try_table stay encoded. To walk them:
//
//   LabelReader labels = reader.labels(insn);          // list_count labels, then the default
//   for (uint32_t i = 0; i <= insn.list_count; ++i) use(labels.next());
//
//   CatchReader catches = reader.catches(insn);        // list_count clauses
//   for (uint32_t i = 0; i < insn.list_count; ++i) use(catches.next());
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "base/cursor.hpp"
#include "binary/encoding.hpp"
#include "binary/instruction.hpp"
#include "binary/type_reader.hpp"
#include "wasm/features.hpp"
#include "wasm/opcodes.hpp"

namespace wrun::binary {

// The labels of a br_table that has been read once.
class LabelReader {
 public:
  explicit LabelReader(Cursor cursor) : cursor_(cursor) {}
  uint32_t next() {
    uint32_t label = 0;
    WRUN_CHECK(cursor_.read_u32(label));
    return label;
  }

 private:
  Cursor cursor_;
};

// Spec 5.4.1; the enumerators are the encoding.
enum class CatchKind : uint8_t { Catch = 0, CatchRef = 1, CatchAll = 2, CatchAllRef = 3 };

struct CatchClause {
  CatchKind kind = CatchKind::Catch;
  uint32_t tag = 0;  // Catch and CatchRef
  uint32_t label = 0;

  bool has_tag() const { return kind == CatchKind::Catch || kind == CatchKind::CatchRef; }
  bool has_ref() const { return kind == CatchKind::CatchRef || kind == CatchKind::CatchAllRef; }
};

bool read_catch_clause(Cursor& cursor, CatchClause& out);

// The longer immediates, for InstructionReader.
bool read_label_table(Cursor& cursor, Instruction& out);
bool read_try_table(Cursor& cursor, wasm::FeatureSet features, Instruction& out);
bool read_select_types(Cursor& cursor, wasm::FeatureSet features, Instruction& out);
bool read_cast(Cursor& cursor, wasm::FeatureSet features, Instruction& out);

// The clauses of a try_table that has been read once.
class CatchReader {
 public:
  explicit CatchReader(Cursor cursor) : cursor_(cursor) {}
  CatchClause next() {
    CatchClause clause;
    WRUN_CHECK(read_catch_clause(cursor_, clause));
    return clause;
  }

 private:
  Cursor cursor_;
};

// The flags of br_on_cast, in Instruction::lane.
inline constexpr uint8_t kCastSourceNullable = 1;
inline constexpr uint8_t kCastTargetNullable = 2;

template <bool kTrusted>
class InstructionReader {
 public:
  InstructionReader(const std::byte* module_begin, uint32_t begin, uint32_t end,
                    wasm::FeatureSet features = wasm::FeatureSet::all())
      : module_begin_(module_begin), cursor_(module_begin, begin, end), features_(features) {}

  // Reads the locals vector that a function body starts with (spec 5.5.13). For every run of equal
  // types calls bool on_run(uint32_t count, wasm::ValType type), which may stop by returning false.
  template <class OnRun>
  bool read_locals(OnRun&& on_run) {
    uint32_t runs;
    if (!cursor_.read_u32(runs)) return false;
    uint64_t total = 0;
    for (; runs != 0; --runs) {
      const uint32_t start = cursor_.position();
      uint32_t count;
      if (!cursor_.read_u32(count)) return false;
      total += count;
      if (total > UINT32_MAX) return cursor_.fail_at(start, "too many locals");
      wasm::ValType type;
      if (!read_val_type(cursor_, features_, type)) return false;
      if (!on_run(count, type)) return false;
    }
    return true;
  }

  [[gnu::always_inline]] bool next(Instruction& out) {
    if (!next_op(out)) return false;
    switch (wasm::info(out.op).imm) {
#define WRUN_IMM(kind) \
  case wasm::Imm::kind: return read_immediate<wasm::Imm::kind>(out);
      // clang-format off
      WRUN_IMM(None) WRUN_IMM(Block) WRUN_IMM(Label) WRUN_IMM(LabelTable) WRUN_IMM(Func)
      WRUN_IMM(TypeTable) WRUN_IMM(Type) WRUN_IMM(Local) WRUN_IMM(Global) WRUN_IMM(Table)
      WRUN_IMM(TableTable) WRUN_IMM(ElemTable) WRUN_IMM(Elem) WRUN_IMM(Data) WRUN_IMM(DataMemory)
      WRUN_IMM(Memory) WRUN_IMM(MemoryMemory) WRUN_IMM(MemArg) WRUN_IMM(MemArgLane) WRUN_IMM(Lane)
      WRUN_IMM(V128) WRUN_IMM(Lanes16) WRUN_IMM(I32) WRUN_IMM(I64) WRUN_IMM(F32) WRUN_IMM(F64)
      WRUN_IMM(HeapType) WRUN_IMM(SelectTypes) WRUN_IMM(TypeField) WRUN_IMM(TypeType)
      WRUN_IMM(TypeData) WRUN_IMM(TypeElem) WRUN_IMM(TypeCount) WRUN_IMM(BrOnCast)
      WRUN_IMM(TryTable) WRUN_IMM(Tag) WRUN_IMM(Zero)
      // clang-format on
#undef WRUN_IMM
    }
    return false;
  }

  // The two halves of next(), for consumers that switch over the opcode anyway: the opcode (sets
  // `op` and `offset`), then the immediate, whose kind is a constant of the case.
  [[gnu::always_inline]] bool next_op(Instruction& out);
  template <wasm::Imm kImm>
  [[gnu::always_inline]] bool read_immediate(Instruction& out);

  uint32_t position() const { return cursor_.position(); }  // of the next instruction
  uint32_t end_position() const { return cursor_.end_position(); }
  bool at_end() const { return cursor_.at_end(); }
  const std::byte* module_begin() const { return module_begin_; }

  LabelReader labels(const Instruction& insn) const { return LabelReader(list(insn)); }
  CatchReader catches(const Instruction& insn) const { return CatchReader(list(insn)); }

  bool has_error() const { return cursor_.has_error(); }
  // Why the code is malformed. Unknown and disabled opcodes are named.
  Error error() const;
  // For consumers that find code malformed for reasons of their own.
  Cursor& cursor() { return cursor_; }

 private:
  Cursor list(const Instruction& insn) const {
    return Cursor(module_begin_, insn.list_offset, cursor_.end_position());
  }
  bool read_mem_arg(Instruction& out);
  // Runs a function that is not inlined on a copy, so that the cursor itself never has its address
  // taken and a reader that is a local variable lives in registers.
  template <class Read>
  [[gnu::always_inline]] bool out_of_line(Read&& read) {
    Cursor copy = cursor_;
    const bool ok = read(copy);
    cursor_ = copy;
    return ok;
  }
  bool fail_opcode(const Instruction& insn);

  const std::byte* module_begin_;
  Cursor cursor_;
  wasm::FeatureSet features_;
  bool illegal_opcode_ = false;
  wasm::Op disabled_op_ = wasm::kNoOp;  // which needs a feature that is off
};

template <bool kTrusted>
inline bool InstructionReader<kTrusted>::next_op(Instruction& out) {
  if (cursor_.at_end()) [[unlikely]]
    return false;
  out.offset = cursor_.position();
  uint8_t byte = 0;
  cursor_.read_u8(byte);
  if (wasm::is_prefix(byte)) [[unlikely]] {
    uint32_t code;
    if (!cursor_.read_u32(code)) return false;
    out.op = wasm::find_op(byte, code);
  } else {
    out.op = wasm::kUnprefixedOps[byte];
  }
  if constexpr (!kTrusted) {
    if (out.op == wasm::kNoOp || !features_.has(wasm::info(out.op).feature)) [[unlikely]]
      return fail_opcode(out);
  }
  return true;
}

template <bool kTrusted>
inline bool InstructionReader<kTrusted>::fail_opcode(const Instruction& insn) {
  if (insn.op == wasm::kNoOp) {
    illegal_opcode_ = true;
    return cursor_.fail_at(insn.offset, "illegal opcode");
  }
  disabled_op_ = insn.op;
  return cursor_.fail_at(insn.offset, disabled_text(wasm::info(insn.op).feature),
                         Error::Kind::Unsupported);
}

template <bool kTrusted>
template <wasm::Imm kImm>
inline bool InstructionReader<kTrusted>::read_immediate(Instruction& out) {
  using enum wasm::Imm;
  if constexpr (kImm == None) {
    return true;
  } else if constexpr (kImm == Block) {
    uint8_t byte;
    if (!cursor_.peek_u8(byte)) return false;
    if (byte == encoding::kEmptyBlock) [[likely]] {
      out.block.form = BlockType::Form::Empty;
      return cursor_.skip(1);
    }
    return out_of_line(
        [&](Cursor& cursor) { return read_block_type(cursor, features_, out.block); });
  } else if constexpr (kImm == Label || kImm == Func || kImm == Type || kImm == Local ||
                       kImm == Global || kImm == Table || kImm == Elem || kImm == Data ||
                       kImm == Memory || kImm == Tag) {
    return cursor_.read_u32(out.index);
  } else if constexpr (kImm == TypeTable || kImm == TableTable || kImm == ElemTable ||
                       kImm == DataMemory || kImm == MemoryMemory || kImm == TypeField ||
                       kImm == TypeType || kImm == TypeData || kImm == TypeElem ||
                       kImm == TypeCount) {
    return cursor_.read_u32(out.index) && cursor_.read_u32(out.index2);
  } else if constexpr (kImm == LabelTable) {
    return out_of_line([&](Cursor& cursor) { return read_label_table(cursor, out); });
  } else if constexpr (kImm == MemArg) {
    return read_mem_arg(out);
  } else if constexpr (kImm == MemArgLane) {
    return read_mem_arg(out) && cursor_.read_u8(out.lane);
  } else if constexpr (kImm == Lane) {
    return cursor_.read_u8(out.lane);
  } else if constexpr (kImm == V128 || kImm == Lanes16) {
    return cursor_.read_fixed(out.value) && cursor_.read_fixed(out.value_high);
  } else if constexpr (kImm == I32) {
    int32_t value;
    if (!cursor_.read_s32(value)) return false;
    out.value = static_cast<uint32_t>(value);
    return true;
  } else if constexpr (kImm == I64) {
    int64_t value;
    if (!cursor_.read_s64(value)) return false;
    out.value = static_cast<uint64_t>(value);
    return true;
  } else if constexpr (kImm == F32) {
    uint32_t bits;
    if (!cursor_.read_fixed(bits)) return false;
    out.value = bits;
    return true;
  } else if constexpr (kImm == F64) {
    return cursor_.read_fixed(out.value);
  } else if constexpr (kImm == HeapType) {
    return out_of_line([&](Cursor& cursor) { return read_heap_type(cursor, features_, out.heap); });
  } else if constexpr (kImm == SelectTypes) {
    return out_of_line([&](Cursor& cursor) { return read_select_types(cursor, features_, out); });
  } else if constexpr (kImm == BrOnCast) {
    return out_of_line([&](Cursor& cursor) { return read_cast(cursor, features_, out); });
  } else if constexpr (kImm == TryTable) {
    return out_of_line([&](Cursor& cursor) { return read_try_table(cursor, features_, out); });
  } else {
    static_assert(kImm == Zero);
    uint8_t byte;
    if (!cursor_.read_u8(byte)) return false;
    return byte == 0 || cursor_.fail_at(cursor_.position() - 1, "zero byte expected");
  }
}

template <bool kTrusted>
[[gnu::always_inline]] inline bool InstructionReader<kTrusted>::read_mem_arg(Instruction& out) {
  uint32_t flags;
  if (!cursor_.read_u32(flags)) return false;
  out.index = 0;
  if (flags >= encoding::kHasMemory) [[unlikely]] {
    if (flags >= 2 * encoding::kHasMemory || !features_.has(wasm::Feature::MultiMemory))
      return cursor_.fail_at(out.offset, "malformed memop flags");
    if (!cursor_.read_u32(out.index)) return false;
  }
  out.align_log2 = flags & (encoding::kHasMemory - 1);
  return cursor_.read_u64(out.value);
}

extern template class InstructionReader<false>;
extern template class InstructionReader<true>;

}  // namespace wrun::binary
