#include "binary/instruction_reader.hpp"

#include <cstdio>
#include <string>

namespace wrun::binary {

bool read_catch_clause(Cursor& cursor, CatchClause& out) {
  uint8_t kind;
  if (!cursor.peek_u8(kind)) return false;
  if (kind > static_cast<uint8_t>(CatchKind::CatchAllRef))
    return cursor.fail("malformed catch clause");
  out.kind = static_cast<CatchKind>(kind);
  return cursor.skip(1) && (!out.has_tag() || cursor.read_u32(out.tag)) &&
         cursor.read_u32(out.label);
}

bool read_label_table(Cursor& cursor, Instruction& out) {
  if (!cursor.read_u32(out.list_count)) return false;
  out.list_offset = cursor.position();
  // The count is not to be believed, but every label takes a byte.
  for (uint64_t i = 0; i <= out.list_count; ++i) {
    uint32_t label;
    if (!cursor.read_u32(label)) return false;
  }
  return true;
}

bool read_try_table(Cursor& cursor, wasm::FeatureSet features, Instruction& out) {
  if (!read_block_type(cursor, features, out.block)) return false;
  if (!cursor.read_u32(out.list_count)) return false;
  out.list_offset = cursor.position();
  for (uint32_t i = 0; i < out.list_count; ++i) {
    CatchClause clause;
    if (!read_catch_clause(cursor, clause)) return false;
  }
  return true;
}

bool read_select_types(Cursor& cursor, wasm::FeatureSet features, Instruction& out) {
  if (!cursor.read_u32(out.list_count)) return false;
  out.list_offset = cursor.position();
  for (uint32_t i = 0; i < out.list_count; ++i)
    if (!read_val_type(cursor, features, out.select_type)) return false;
  return true;
}

bool read_cast(Cursor& cursor, wasm::FeatureSet features, Instruction& out) {
  if (!cursor.read_u8(out.lane)) return false;
  if (out.lane > (kCastSourceNullable | kCastTargetNullable))
    return cursor.fail_at(cursor.position() - 1, "malformed br_on_cast flags");
  return cursor.read_u32(out.index) && read_heap_type(cursor, features, out.heap) &&
         read_heap_type(cursor, features, out.heap2);
}

template <bool kTrusted>
Error InstructionReader<kTrusted>::error() const {
  Error error = cursor_.error();
  if (disabled_op_ != wasm::kNoOp)
    error.message.insert(0, std::string(wasm::text(disabled_op_)) + ": ");
  if (illegal_opcode_) {
    Cursor opcode(module_begin_, cursor_.error_offset(), cursor_.end_position());
    uint8_t byte = 0;
    opcode.read_u8(byte);
    char text[32];
    std::snprintf(text, sizeof text, " %02x", byte);
    error.message += text;
    uint32_t code = 0;
    if (wasm::is_prefix(byte) && opcode.read_u32(code)) {
      std::snprintf(text, sizeof text, " %02x", code);
      error.message += text;
    }
  }
  return error;
}

template class InstructionReader<false>;
template class InstructionReader<true>;

}  // namespace wrun::binary
