#include "binary/instruction_text.hpp"

#include "wasm/opcodes.hpp"

namespace wrun::binary {

using wasm::Op;

void IndexNames::append(TextWriter& out, IndexSpace, uint32_t index) const {
  out.append_decimal(index);
}
void IndexNames::append_field(TextWriter& out, wasm::TypeIndex, uint32_t field) const {
  out.append_decimal(field);
}
void IndexNames::append_block_label(TextWriter&) const {}

// --- Types ---

void InstructionText::append(wasm::HeapType type) {
  if (!type.is_concrete()) return out_.append(wasm::to_string(type));
  if (type.is_exact()) out_.append("(exact ");
  names_.append(out_, IndexSpace::Type, type.index());
  if (type.is_exact()) out_.append(')');
}

void InstructionText::append(wasm::ValType type) {
  if (type.is_ref() && type.heap().is_concrete()) {
    out_.append(type.nullable() ? "(ref null " : "(ref ");
    append(type.heap());
    out_.append(')');
  } else {
    out_.append(wasm::to_string(type));
  }
}

void InstructionText::append_ref(wasm::HeapType type, bool nullable) {
  out_.append(nullable ? " (ref null " : " (ref ");
  append(type);
  out_.append(')');
}

void InstructionText::append_block_type(const BlockType& type) {
  switch (type.form) {
    case BlockType::Form::Empty: break;
    case BlockType::Form::Value:
      out_.append(" (result ");
      append(type.value);
      out_.append(')');
      break;
    case BlockType::Form::Type:
      out_.append(" (type ");
      names_.append(out_, IndexSpace::Type, type.type);
      out_.append(')');
      break;
  }
}

// --- Instructions ---

void InstructionText::append(const std::byte* module_begin, uint32_t end, const Instruction& insn) {
  switch (insn.op) {
    // One instruction of the text format for two opcodes.
    case Op::RefTest:
    case Op::RefTestNull:
      out_.append("ref.test");
      return append_ref(insn.heap, insn.op == Op::RefTestNull);
    case Op::RefCast:
    case Op::RefCastNull:
      out_.append("ref.cast");
      return append_ref(insn.heap, insn.op == Op::RefCastNull);
    case Op::RefCastDescEq:
    case Op::RefCastDescEqNull:
      out_.append("ref.cast_desc_eq");
      return append_ref(insn.heap, insn.op == Op::RefCastDescEqNull);
    default: break;
  }
  out_.append(wasm::text(insn.op));
  append_immediate(module_begin, end, insn);
}

void InstructionText::append_immediate(const std::byte* module_begin, uint32_t end,
                                       const Instruction& insn) {
  const auto list = [&] { return Cursor(module_begin, insn.list_offset, end); };
  switch (wasm::info(insn.op).imm) {
    case wasm::Imm::None:
    case wasm::Imm::Zero: break;
    case wasm::Imm::Block:
      names_.append_block_label(out_);
      append_block_type(insn.block);
      break;
    case wasm::Imm::TryTable:
      names_.append_block_label(out_);
      append_block_type(insn.block);
      append_catches(CatchReader(list()), insn.list_count);
      break;
    case wasm::Imm::Label:      append_index(IndexSpace::Label, insn.index); break;
    case wasm::Imm::LabelTable: append_labels(LabelReader(list()), insn.list_count); break;
    case wasm::Imm::Func:       append_index(IndexSpace::Func, insn.index); break;
    case wasm::Imm::TypeTable:
      if (insn.index2 != 0) append_index(IndexSpace::Table, insn.index2);
      out_.append(" (type ");
      names_.append(out_, IndexSpace::Type, insn.index);
      out_.append(')');
      break;
    case wasm::Imm::Type:   append_index(IndexSpace::Type, insn.index); break;
    case wasm::Imm::Local:  append_index(IndexSpace::Local, insn.index); break;
    case wasm::Imm::Global: append_index(IndexSpace::Global, insn.index); break;
    case wasm::Imm::Table:  append_index(IndexSpace::Table, insn.index); break;
    case wasm::Imm::TableTable:
      if (insn.index == 0 && insn.index2 == 0) break;
      append_index(IndexSpace::Table, insn.index);
      append_index(IndexSpace::Table, insn.index2);
      break;
    case wasm::Imm::ElemTable:
      if (insn.index2 != 0) append_index(IndexSpace::Table, insn.index2);
      append_index(IndexSpace::Elem, insn.index);
      break;
    case wasm::Imm::Elem: append_index(IndexSpace::Elem, insn.index); break;
    case wasm::Imm::Data: append_index(IndexSpace::Data, insn.index); break;
    case wasm::Imm::DataMemory:
      if (insn.index2 != 0) append_index(IndexSpace::Memory, insn.index2);
      append_index(IndexSpace::Data, insn.index);
      break;
    case wasm::Imm::Memory:
      if (insn.index != 0) append_index(IndexSpace::Memory, insn.index);
      break;
    case wasm::Imm::MemoryMemory:
      if (insn.index == 0 && insn.index2 == 0) break;
      append_index(IndexSpace::Memory, insn.index);
      append_index(IndexSpace::Memory, insn.index2);
      break;
    case wasm::Imm::MemArg:     append_mem_arg(insn); break;
    case wasm::Imm::MemArgLane: append_mem_arg(insn); [[fallthrough]];
    case wasm::Imm::Lane:
      out_.append(' ');
      out_.append_decimal(insn.lane);
      break;
    case wasm::Imm::V128:    append_v128(insn); break;
    case wasm::Imm::Lanes16: append_lanes(insn); break;
    case wasm::Imm::I32:
      out_.append(' ');
      out_.append_signed(static_cast<int32_t>(insn.value));
      break;
    case wasm::Imm::I64:
      out_.append(' ');
      out_.append_signed(static_cast<int64_t>(insn.value));
      break;
    case wasm::Imm::F32:
      out_.append(' ');
      out_.append_f32(static_cast<uint32_t>(insn.value));
      break;
    case wasm::Imm::F64:
      out_.append(' ');
      out_.append_f64(insn.value);
      break;
    case wasm::Imm::HeapType:
      out_.append(' ');
      append(insn.heap);
      break;
    case wasm::Imm::SelectTypes: append_select_types(module_begin, end, insn); break;
    case wasm::Imm::TypeField:
      append_index(IndexSpace::Type, insn.index);
      out_.append(' ');
      names_.append_field(out_, insn.index, insn.index2);
      break;
    case wasm::Imm::TypeType:
      append_index(IndexSpace::Type, insn.index);
      append_index(IndexSpace::Type, insn.index2);
      break;
    case wasm::Imm::TypeData:
      append_index(IndexSpace::Type, insn.index);
      append_index(IndexSpace::Data, insn.index2);
      break;
    case wasm::Imm::TypeElem:
      append_index(IndexSpace::Type, insn.index);
      append_index(IndexSpace::Elem, insn.index2);
      break;
    case wasm::Imm::TypeCount:
      append_index(IndexSpace::Type, insn.index);
      out_.append(' ');
      out_.append_decimal(insn.index2);
      break;
    case wasm::Imm::BrOnCast:
      append_index(IndexSpace::Label, insn.index);
      append_ref(insn.heap, (insn.lane & kCastSourceNullable) != 0);
      append_ref(insn.heap2, (insn.lane & kCastTargetNullable) != 0);
      break;
    case wasm::Imm::Tag: append_index(IndexSpace::Tag, insn.index); break;
  }
}

void InstructionText::append_labels(LabelReader labels, uint32_t count) {
  for (uint64_t i = 0; i <= count; ++i) append_index(IndexSpace::Label, labels.next());
}

void InstructionText::append_catches(CatchReader catches, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    const CatchClause clause = catches.next();
    out_.append(clause.has_tag() ? " (catch" : " (catch_all");
    if (clause.has_ref()) out_.append("_ref");
    if (clause.has_tag()) append_index(IndexSpace::Tag, clause.tag);
    append_index(IndexSpace::Label, clause.label);
    out_.append(')');
  }
}

// Left out where it is what the text format assumes (spec 6.5.9).
void InstructionText::append_mem_arg(const Instruction& insn) {
  if (insn.index != 0) append_index(IndexSpace::Memory, insn.index);
  if (insn.value != 0) {
    out_.append(" offset=");
    out_.append_decimal(insn.value);
  }
  if (insn.align_log2 != wasm::info(insn.op).access_log2()) {
    out_.append(" align=");
    out_.append_decimal(uint64_t{1} << insn.align_log2);
  }
}

void InstructionText::append_v128(const Instruction& insn) {
  out_.append(" i32x4");
  for (const uint64_t half : {insn.value, insn.value_high}) {
    for (const uint64_t lane : {half & UINT32_MAX, half >> 32}) {
      out_.append(' ');
      out_.append_hex(lane);
    }
  }
}

void InstructionText::append_lanes(const Instruction& insn) {
  for (const uint64_t half : {insn.value, insn.value_high}) {
    for (int i = 0; i < 64; i += 8) {
      out_.append(' ');
      out_.append_decimal((half >> i) & 0xff);
    }
  }
}

void InstructionText::append_select_types(const std::byte* module_begin, uint32_t end,
                                          const Instruction& insn) {
  Cursor types(module_begin, insn.list_offset, end);
  out_.append(" (result");
  for (uint32_t i = 0; i < insn.list_count; ++i) {
    wasm::ValType type;
    if (!read_val_type(types, wasm::FeatureSet::all(), type)) break;
    out_.append(' ');
    append(type);
  }
  out_.append(')');
}

}  // namespace wrun::binary
