// Opcodes with their immediates (spec 6.5.3 to 6.5.11).
#include <bit>

#include "base/assert.hpp"
#include "binary/encoding.hpp"
#include "text/constants.hpp"
#include "text/expression_parser.hpp"

namespace wrun::text {

using wasm::Imm;
using wasm::Op;

namespace {

void write_opcode(Op op, ByteWriter& out) {
  const wasm::OpInfo& info = wasm::info(op);
  if (info.prefix == 0) {
    out.write_u8(static_cast<uint8_t>(info.code));
  } else {
    out.write_u8(info.prefix);
    out.write_u32(info.code);
  }
}

// Casts are two instructions, one for each nullability of the target, the nullable one second.
bool is_cast(Op op) { return wasm::info(op).imm == Imm::HeapType && op != Op::RefNull; }
Op nullable_form(Op op) { return static_cast<Op>(static_cast<uint16_t>(op) + 1); }
static_assert(static_cast<int>(Op::RefTest) + 1 == static_cast<int>(Op::RefTestNull));
static_assert(static_cast<int>(Op::RefCast) + 1 == static_cast<int>(Op::RefCastNull));
static_assert(static_cast<int>(Op::RefCastDescEq) + 1 == static_cast<int>(Op::RefCastDescEqNull));

}  // namespace

bool ExpressionParser::read_plain(Op op, ByteWriter& out) {
  if (op == Op::Select) return read_select(out);
  if (is_cast(op)) return read_cast(op, out);
  write_opcode(op, out);
  return wasm::info(op).imm == Imm::None || read_immediate(op, out);
}

bool ExpressionParser::read_immediate(Op op, ByteWriter& out) {
  switch (wasm::info(op).imm) {
    case Imm::None:       return true;
    case Imm::Label:      return read_label(out);
    case Imm::LabelTable: return read_label_table(out);
    case Imm::Func:       return read_index(Space::Func, out);
    case Imm::TypeTable:  return read_type_and_table(out);
    case Imm::Type:       return read_index(Space::Type, out);
    case Imm::Local:      return read_local(out);
    case Imm::Global:     return read_index(Space::Global, out);
    case Imm::Table:      return read_optional_index(Space::Table, out);
    case Imm::TableTable: return read_optional_pair(Space::Table, out);
    case Imm::ElemTable:  return read_segment_and_target(Space::Table, Space::Elem, out);
    case Imm::Elem:       return read_index(Space::Elem, out);
    case Imm::Data:       needs_data_count_ = true; return read_index(Space::Data, out);
    case Imm::DataMemory:
      needs_data_count_ = true;
      return read_segment_and_target(Space::Memory, Space::Data, out);
    case Imm::Memory:       return read_optional_index(Space::Memory, out);
    case Imm::MemoryMemory: return read_optional_pair(Space::Memory, out);
    case Imm::MemArg:       return read_memory_argument(op, out);
    case Imm::MemArgLane:   return read_memory_argument_lane(op, out);
    case Imm::Lane:         return read_lane(out);
    case Imm::V128:         return read_v128(tokens_, out);
    case Imm::Lanes16:      return read_lanes(out);
    case Imm::I32:
    case Imm::I64:
    case Imm::F32:
    case Imm::F64:          return read_number(wasm::info(op).imm, out);
    case Imm::HeapType:     return types_.read_heap_type(out);
    case Imm::TypeField:    return read_type_field(out);
    case Imm::TypeType:     return read_index(Space::Type, out) && read_index(Space::Type, out);
    case Imm::TypeData:
      needs_data_count_ = true;
      return read_index(Space::Type, out) && read_index(Space::Data, out);
    case Imm::TypeElem:  return read_index(Space::Type, out) && read_index(Space::Elem, out);
    case Imm::TypeCount: {
      uint32_t count;
      if (!read_index(Space::Type, out) || !tokens_.expect_u32(count)) return false;
      out.write_u32(count);
      return true;
    }
    case Imm::BrOnCast: return read_branch_on_cast(out);
    case Imm::Tag:      return read_index(Space::Tag, out);
    case Imm::Zero:     out.write_u8(0); return true;
    case Imm::Block:  // begin_block
    case Imm::TryTable:
    case Imm::SelectTypes:  // read_select
      break;
  }
  WRUN_UNREACHABLE();
}

bool ExpressionParser::read_number(Imm kind, ByteWriter& out) {
  uint32_t narrow;
  uint64_t wide;
  switch (kind) {
    case Imm::I32:
      if (!read_i32(tokens_, narrow)) return false;
      out.write_s64(static_cast<int32_t>(narrow));
      return true;
    case Imm::I64:
      if (!read_i64(tokens_, wide)) return false;
      out.write_s64(static_cast<int64_t>(wide));
      return true;
    case Imm::F32:
      if (!read_f32(tokens_, narrow)) return false;
      out.write_fixed(narrow);
      return true;
    default:
      if (!read_f64(tokens_, wide)) return false;
      out.write_fixed(wide);
      return true;
  }
}

bool ExpressionParser::read_index(Space space, ByteWriter& out) {
  uint32_t index;
  if (!types_.read_index(space, index)) return false;
  out.write_u32(index);
  return true;
}

bool ExpressionParser::read_optional_index(Space space, ByteWriter& out) {
  if (tokens_.at_index()) return read_index(space, out);
  out.write_u32(0);
  return true;
}

bool ExpressionParser::read_optional_pair(Space space, ByteWriter& out) {
  if (tokens_.at_index()) return read_index(space, out) && read_index(space, out);
  out.write_u32(0);
  out.write_u32(0);
  return true;
}

// The target, which is optional, is written first and encoded last.
bool ExpressionParser::read_segment_and_target(Space target, Space segment, ByteWriter& out) {
  const uint32_t begin = tokens_.position();
  tokens_.advance();
  const bool has_target = tokens_.at_index();
  tokens_.seek(begin);
  uint32_t target_index = 0;
  if (has_target && !types_.read_index(target, target_index)) return false;
  if (!read_index(segment, out)) return false;
  out.write_u32(target_index);
  return true;
}

bool ExpressionParser::read_local(ByteWriter& out) {
  uint32_t index;
  if (!tokens_.at(TokenKind::Id)) {
    if (!tokens_.at_index()) return tokens_.unexpected("a local");
    if (!tokens_.expect_u32(index)) return false;
  } else {
    const uint32_t begin = tokens_.position();
    const std::string_view spelling = tokens_.spelling();
    std::string_view id;
    if (!tokens_.read_optional_id(id)) return false;
    const std::optional<uint32_t> found = in_function_ ? locals_.find(id) : std::nullopt;
    if (!found) return tokens_.fail_at(begin, "unknown local " + quote(spelling));
    index = *found;
  }
  out.write_u32(index);
  return true;
}

bool ExpressionParser::read_label(ByteWriter& out) {
  uint32_t label;
  if (!tokens_.at(TokenKind::Id)) {
    if (!tokens_.at_index()) return tokens_.unexpected("a label");
    if (!tokens_.expect_u32(label)) return false;
  } else {
    const uint32_t begin = tokens_.position();
    const std::string_view spelling = tokens_.spelling();
    std::string_view id;
    if (!tokens_.read_optional_id(id)) return false;
    const std::optional<uint32_t> depth = labels_.find(id);
    if (!depth) return tokens_.fail_at(begin, "unknown label " + quote(spelling));
    label = depth_ - *depth;
  }
  out.write_u32(label);
  return true;
}

bool ExpressionParser::read_label_table(ByteWriter& out) {
  ByteWriter labels;
  size_t last = 0;
  uint32_t count = 0;
  do {
    last = labels.size();
    if (!read_label(labels)) return false;
    ++count;
  } while (tokens_.at_index());
  out.write_u32(count - 1);
  out.write(labels.bytes().first(last));
  out.write(labels.bytes_from(last));  // the default
  return true;
}

bool ExpressionParser::read_type_and_table(ByteWriter& out) {
  uint32_t table = 0, type;
  if (tokens_.at_index() && !types_.read_index(Space::Table, table)) return false;
  if (!types_.read_type_use(signature_, type, false)) return false;
  out.write_u32(type);
  out.write_u32(table);
  return true;
}

bool ExpressionParser::read_type_field(ByteWriter& out) {
  uint32_t type, field;
  if (!types_.read_index(Space::Type, type) || !types_.read_field_index(type, field)) return false;
  out.write_u32(type);
  out.write_u32(field);
  return true;
}

bool ExpressionParser::read_memory_argument(Op op, ByteWriter& out) {
  uint32_t memory = 0;
  if (tokens_.at_index() && !types_.read_index(Space::Memory, memory)) return false;
  return read_offset_and_align(op, memory, out);
}

// A single number is the lane, not the memory.
bool ExpressionParser::read_memory_argument_lane(Op op, ByteWriter& out) {
  uint32_t memory = 0;
  if (tokens_.at_index()) {
    bool is_memory = tokens_.at(TokenKind::Id);
    if (!is_memory) {
      const std::string_view next = tokens_.next_word();
      is_memory = !next.empty() &&
                  (is_digit(next[0]) || next.starts_with("offset=") || next.starts_with("align="));
    }
    if (is_memory && !types_.read_index(Space::Memory, memory)) return false;
  }
  return read_offset_and_align(op, memory, out) && read_lane(out);
}

bool ExpressionParser::read_offset_and_align(Op op, uint32_t memory, ByteWriter& out) {
  const auto read = [this](std::string_view prefix, uint64_t& value) {
    if (!tokens_.at(TokenKind::Word) || !tokens_.spelling().starts_with(prefix)) return true;
    const NumberStatus status =
        parse_unsigned(tokens_.spelling().substr(prefix.size()), UINT64_MAX, value);
    if (status == NumberStatus::Malformed)
      return tokens_.fail(unknown_operator(tokens_.spelling()));
    if (status == NumberStatus::OutOfRange) return tokens_.fail("i64 constant out of range");
    tokens_.advance();
    return true;
  };
  uint64_t offset = 0;
  uint64_t align = uint64_t{1} << wasm::info(op).access_log2();
  if (!read("offset=", offset)) return false;
  const uint32_t begin = tokens_.position();
  if (!read("align=", align)) return false;
  if (!std::has_single_bit(align))
    return tokens_.fail_at(begin, "alignment must be a power of two");
  // The field has six bits; an alignment that needs more is as wrong as 2^63.
  const auto align_log2 = static_cast<uint8_t>(std::countr_zero(align));
  out.write_u32(align_log2 | (memory != 0 ? binary::encoding::kHasMemory : 0u));
  if (memory != 0) out.write_u32(memory);
  out.write_u64(offset);
  return true;
}

bool ExpressionParser::read_lane(ByteWriter& out) {
  uint64_t lane = 0;
  const NumberStatus status = tokens_.at(TokenKind::Word)
                                  ? parse_unsigned(tokens_.spelling(), UINT8_MAX, lane)
                                  : NumberStatus::Malformed;
  if (status != NumberStatus::Ok) {
    if (tokens_.at(TokenKind::Word) && is_number(tokens_.spelling()))
      return tokens_.fail("i8 constant out of range: this is no lane index");
    return tokens_.unexpected("a lane index");
  }
  out.write_u8(static_cast<uint8_t>(lane));
  tokens_.advance();
  return true;
}

bool ExpressionParser::read_lanes(ByteWriter& out) {
  constexpr int kLanes = 16;
  constexpr const char* kWrong = "invalid lane length: sixteen lane indices are expected";
  for (int i = 0; i < kLanes; ++i) {
    if (!tokens_.at(TokenKind::Word) || !is_number(tokens_.spelling())) return tokens_.fail(kWrong);
    if (!read_lane(out)) return false;
  }
  return !tokens_.at_index() || tokens_.fail(kWrong);
}

bool ExpressionParser::read_select(ByteWriter& out) {
  if (!tokens_.at_list("result")) {
    write_opcode(Op::Select, out);
    return true;
  }
  write_opcode(Op::SelectT, out);
  if (!types_.read_signature(signature_, false)) return false;
  out.write_u32(signature_.result_count);
  out.write(signature_.results.bytes());
  return true;
}

bool ExpressionParser::read_cast(Op op, ByteWriter& out) {
  ByteWriter heap_type;
  Nullability nullability;
  if (!types_.read_ref_type(heap_type, nullability)) return false;
  write_opcode(nullability == Nullability::Nullable ? nullable_form(op) : op, out);
  out.write(heap_type.bytes());
  return true;
}

bool ExpressionParser::read_branch_on_cast(ByteWriter& out) {
  ByteWriter label, heap_types;
  Nullability source, target;
  if (!read_label(label) || !types_.read_ref_type(heap_types, source) ||
      !types_.read_ref_type(heap_types, target))
    return false;
  out.write_u8(static_cast<uint8_t>((source == Nullability::Nullable ? 1 : 0) |
                                    (target == Nullability::Nullable ? 2 : 0)));
  out.write(label.bytes());
  out.write(heap_types.bytes());
  return true;
}

}  // namespace wrun::text
