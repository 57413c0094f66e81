#include "binary/validator.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text_writer.hpp"
#include "binary/instruction_text.hpp"
#include "wasm/limits.hpp"

namespace wrun::binary {

using wasm::Imm;
using wasm::Op;

namespace {

// Instructions that are frequent and of no fixed type get code of their own; the other special ones
// share it by kind of immediate and are told apart by apply_special().
constexpr bool has_own_case(Op op) {
  switch (op) {
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Else:
    case Op::End:
    case Op::Br:
    case Op::BrIf:
    case Op::Return:
    case Op::Call:
    case Op::Drop:
    case Op::Select:
    case Op::LocalGet:
    case Op::LocalSet:
    case Op::LocalTee:
    case Op::GlobalGet:
    case Op::GlobalSet: return true;
    default:            return false;
  }
}

// Equal for instructions that are validated by the same code.
constexpr uint64_t shape_of(Op op) {
  const wasm::OpInfo& info = wasm::info(op);
  if (has_own_case(op)) return ~static_cast<uint64_t>(op);
  uint64_t shape = static_cast<uint64_t>(info.imm);
  shape = shape << 1 | info.signature.special;
  // The kinds of value types differ in their low three bits, none of which are all zero for v128
  // (0x7b) to i32 (0x7f).
  for (wasm::ValType::Kind kind : info.signature.params)
    shape = shape << 3 | (static_cast<uint64_t>(kind) & 7);
  for (wasm::ValType::Kind kind : info.signature.results)
    shape = shape << 3 | (static_cast<uint64_t>(kind) & 7);
  return shape;
}

// For each instruction the first one of its shape.
constexpr auto kRepresentatives = [] {
  std::array<Op, wasm::kOpCount> table{};
  std::array<uint64_t, wasm::kOpCount> shapes{};
  std::array<Op, wasm::kOpCount> first{};
  size_t count = 0;
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const uint64_t shape = shape_of(static_cast<Op>(i));
    size_t k = 0;
    while (k < count && shapes[k] != shape) ++k;
    if (k == count) {
      shapes[count] = shape;
      first[count++] = static_cast<Op>(i);
    }
    table[i] = first[k];
  }
  return table;
}();

constexpr Op representative(Op op) { return kRepresentatives[static_cast<size_t>(op)]; }

}  // namespace

Validator::Validator(const ModuleContext& context)
    : context_(context), module_(context.module), space_(context.types()) {}

void Validator::reset() {
  if (!stack_) grow_stack();
  top_ = base_ = stack_.get();
  blocks_.clear();
  locals_.clear();
  readable_.clear();
  initialized_.clear();
}

bool Validator::validate_function(uint32_t index) {
  const wasm::Function& function = module_.functions[index];
  const wasm::FuncType& type = module_.func_type(index);
  // Bounded by the file alone: a body that goes on past its declared size is told from one that is
  // broken inside.
  const auto file_end = static_cast<uint32_t>(module_.bytes.size());
  Reader reader(module_.bytes.data(), function.body_offset, file_end, module_.features);
  reset();
  if (!read_locals(reader, type)) return false;
  return push_block(Block{&type, {}, BlockKind::Function}) &&
         run(reader, function.body_offset + function.body_size);
}

bool Validator::validate_expression(uint32_t begin, uint32_t end, ValType result) {
  Reader reader(module_.bytes.data(), begin, end, module_.features);
  reset();
  return push_block(Block{nullptr, result, BlockKind::Function}) && run(reader, end);
}

bool Validator::read_locals(Reader& reader, const wasm::FuncType& type) {
  insn_.offset = reader.position();
  locals_ = type.params;
  uint64_t total = locals_.size();
  const bool ok = reader.read_locals([&](uint32_t count, ValType local) {
    total += count;
    if (total <= wasm::kMaxLocals) locals_.insert(locals_.end(), count, local);
    return check_val_type(local);
  });
  if (!ok) return reader.has_error() ? fail_read(reader) : false;
  if (total > wasm::kMaxLocals)
    return fail("too many locals: " + std::to_string(total) + ", the limit is " +
                    std::to_string(wasm::kMaxLocals),
                Error::Kind::Unsupported);
  readable_ = locals_;
  for (size_t i = type.params.size(); i < readable_.size(); ++i)
    if (!readable_[i].is_defaultable()) readable_[i] = wasm::kBottom;
  return true;
}

// Inline, since most instructions of real code are memory accesses or come through here.
[[gnu::always_inline]] inline bool Validator::check_mem_arg() {
  if (insn_.index >= module_.memories.size()) [[unlikely]]
    return fail_unknown("memory", insn_.index);
  const wasm::OpInfo& info = wasm::info(insn_.op);
  const uint8_t natural = info.access_log2();
  const bool aligned =
      info.has(wasm::op_flag::Atomic) ? insn_.align_log2 == natural : insn_.align_log2 <= natural;
  if (!aligned) [[unlikely]]
    return fail_mem_arg();
  if (insn_.value > UINT32_MAX && !module_.memories[insn_.index].limits.is_64) [[unlikely]]
    return fail_mem_arg();
  return true;
}

// Parameters are constants so that the comparison is one of words.
template <Op kOp>
[[gnu::always_inline]] inline bool Validator::apply_signature() {
  constexpr wasm::OpSignature kSig = wasm::info(kOp).signature;
  constexpr size_t kParams = kSig.param_count;
  constexpr size_t kResults = kSig.result_count;
  ValType params[4];
  for (size_t i = 0; i < kParams; ++i) params[i] = kSig.params[i];
  if constexpr (wasm::info(kOp).accesses_memory()) params[0] = address_type(insn_.index);

  bool fits = static_cast<size_t>(top_ - base_) >= kParams;
  if (fits) [[likely]]
    for (size_t i = 0; i < kParams; ++i) fits &= *(top_ - kParams + i) == params[i];
  if (fits) [[likely]] {
    top_ -= kParams;
  } else if (!pop_all(Types(params, kParams))) {
    return false;
  }
  for (size_t i = 0; i < kResults; ++i)
    if (!push(kSig.results[i])) return false;
  return true;
}

template <Op kOp>
[[gnu::always_inline]] inline bool Validator::step(Reader& reader) {
  constexpr wasm::OpInfo kInfo = wasm::info(kOp);
  if (!reader.read_immediate<kInfo.imm>(insn_)) [[unlikely]]
    return fail_read(reader);
  if constexpr (!kInfo.signature.special) {
    if constexpr (kInfo.imm == Imm::MemArg || kInfo.imm == Imm::MemArgLane)
      if (!check_mem_arg()) return false;
    if constexpr (kInfo.imm == Imm::Lane || kInfo.imm == Imm::MemArgLane)
      if (!check_lane()) return false;
    if constexpr (kInfo.imm == Imm::Lanes16)
      if (!check_shuffle()) return false;
    return apply_signature<kOp>();
  } else if constexpr (kOp == Op::Block) {
    return begin_block(BlockKind::Block);
  } else if constexpr (kOp == Op::Loop) {
    return begin_block(BlockKind::Loop);
  } else if constexpr (kOp == Op::If) {
    return begin_block(BlockKind::If);
  } else if constexpr (kOp == Op::Else) {
    return on_else();
  } else if constexpr (kOp == Op::End) {
    return on_end();
  } else if constexpr (kOp == Op::Br) {
    return on_br();
  } else if constexpr (kOp == Op::BrIf) {
    return on_br_if();
  } else if constexpr (kOp == Op::Return) {
    return on_return();
  } else if constexpr (kOp == Op::Call) {
    return on_call(false);
  } else if constexpr (kOp == Op::Drop) {
    ValType type;
    return pop_any(type);
  } else if constexpr (kOp == Op::Select) {
    return on_select();
  } else if constexpr (kOp == Op::LocalGet) {
    return on_local_get();
  } else if constexpr (kOp == Op::LocalSet) {
    return on_local_set();
  } else if constexpr (kOp == Op::LocalTee) {
    return on_local_tee();
  } else if constexpr (kOp == Op::GlobalGet) {
    return on_global_get();
  } else if constexpr (kOp == Op::GlobalSet) {
    return on_global_set();
  } else if constexpr (kInfo.imm == Imm::LabelTable) {
    return on_br_table(reader.labels(insn_));
  } else if constexpr (kInfo.imm == Imm::TryTable) {
    return on_try_table(reader.catches(insn_));
  } else {
    return apply_special();
  }
}

bool Validator::run(Reader& outer_reader, uint32_t end) {
  Reader reader = outer_reader;
  do {
    if (!reader.next_op(insn_)) [[unlikely]]
      return fail_read(reader);
    switch (representative(insn_.op)) {
#define WRUN_OP(id, prefix, code, text, imm, sig, feature, flags) \
  case Op::id:                                                    \
    if constexpr (representative(Op::id) == Op::id) {             \
      if (!step<Op::id>(reader)) [[unlikely]]                     \
        return false;                                             \
      break;                                                      \
    }                                                             \
    __builtin_unreachable();
#include "wasm/opcodes.def"
#undef WRUN_OP
    }
  } while (!blocks_.empty());
  if (reader.position() == end) [[likely]]
    return true;
  return fail_at(reader.position(),
                 "section size mismatch: the code ends at offset " +
                     std::to_string(reader.position()) + ", its size says " + std::to_string(end),
                 Error::Kind::Malformed);
}

bool Validator::apply_special() {
  switch (insn_.op) {
    case Op::Unreachable: return set_unreachable();
    case Op::Try:         return begin_block(BlockKind::Try);
    case Op::Catch:       return on_catch(BlockKind::Catch);
    case Op::CatchAll:    return on_catch(BlockKind::CatchAll);
    case Op::Delegate:    return on_delegate();
    case Op::Throw:       return on_throw();
    case Op::Rethrow:     return on_rethrow();
    case Op::ThrowRef:
      return pop(ValType::ref(wasm::HeapType::Abstract::Exn, true)) && set_unreachable();
    case Op::ReturnCall:           return on_call(true);
    case Op::CallIndirect:         return on_call_indirect(false);
    case Op::ReturnCallIndirect:   return on_call_indirect(true);
    case Op::CallRef:              return on_call_ref(false);
    case Op::ReturnCallRef:        return on_call_ref(true);
    case Op::BrOnNull:             return on_br_on_null();
    case Op::BrOnNonNull:          return on_br_on_non_null();
    case Op::BrOnCast:             return on_br_on_cast(false, false);
    case Op::BrOnCastFail:         return on_br_on_cast(true, false);
    case Op::BrOnCastDescEq:       return on_br_on_cast(false, true);
    case Op::BrOnCastDescEqFail:   return on_br_on_cast(true, true);
    case Op::SelectT:              return on_select_typed();
    case Op::TableGet:
    case Op::TableSet:
    case Op::TableInit:
    case Op::ElemDrop:
    case Op::TableCopy:
    case Op::TableGrow:
    case Op::TableSize:
    case Op::TableFill:            return on_table_op();
    case Op::MemorySize:
    case Op::MemoryGrow:
    case Op::MemoryInit:
    case Op::DataDrop:
    case Op::MemoryCopy:
    case Op::MemoryFill:           return on_memory_op();
    case Op::StructNew:
    case Op::StructNewDefault:
    case Op::StructNewDesc:
    case Op::StructNewDefaultDesc:
    case Op::StructGet:
    case Op::StructGetS:
    case Op::StructGetU:
    case Op::StructSet:            return on_struct_op();
    case Op::ArrayNew:
    case Op::ArrayNewDefault:
    case Op::ArrayNewFixed:
    case Op::ArrayGet:
    case Op::ArrayGetS:
    case Op::ArrayGetU:
    case Op::ArraySet:
    case Op::ArrayLen:
    case Op::ArrayFill:            return on_array_op();
    case Op::ArrayNewData:
    case Op::ArrayNewElem:
    case Op::ArrayCopy:
    case Op::ArrayInitData:
    case Op::ArrayInitElem:        return on_array_bulk_op();
    case Op::RefTest:
    case Op::RefTestNull:
    case Op::RefCast:
    case Op::RefCastNull:          return on_cast_op();
    case Op::RefGetDesc:
    case Op::RefCastDescEq:
    case Op::RefCastDescEqNull:    return on_descriptor_op();
    default:                       return on_reference_op();
  }
}

// --- operand stack ---

bool Validator::grow_stack() {
  const size_t size = static_cast<size_t>(stack_end_ - stack_.get());
  if (size >= wasm::kMaxOperands)
    return fail("more than " + std::to_string(wasm::kMaxOperands) + " operands on the stack",
                Error::Kind::Unsupported);
  const size_t new_size = std::max<size_t>(1024, 2 * size);
  const ptrdiff_t used = top_ - stack_.get();
  const ptrdiff_t base = base_ - stack_.get();
  auto stack = std::make_unique_for_overwrite<ValType[]>(new_size);
  std::copy_n(stack_.get(), used, stack.get());
  stack_ = std::move(stack);
  top_ = stack_.get() + used;
  base_ = stack_.get() + base;
  stack_end_ = stack_.get() + new_size;
  return true;
}

bool Validator::push_list(Types types) {
  while (static_cast<size_t>(stack_end_ - top_) < types.size())
    if (!grow_stack()) return false;
  top_ = std::copy(types.begin(), types.end(), top_);
  return true;
}

bool Validator::pop_any(ValType& out) {
  if (top_ != base_) [[likely]] {
    out = *--top_;
    return true;
  }
  out = wasm::kBottom;
  if (blocks_.back().unreachable) return true;
  return fail_at(insn_.offset, "type mismatch: " + quoted_instruction() +
                                   " requires an operand but the stack is empty");
}

bool Validator::pop_ref(ValType& out) {
  if (!pop_any(out)) return false;
  if (out.is_ref() || out == wasm::kBottom) return true;
  return fail_at(insn_.offset, "type mismatch: " + quoted_instruction() +
                                   " requires a reference but stack has [" + to_string(out) + "]");
}

bool Validator::pop_list(Types want) {
  const size_t available = std::min(static_cast<size_t>(top_ - base_), want.size());
  if (available < want.size() && !blocks_.back().unreachable) return fail_operands(want);
  // Long lists are equal in real code, and must be quick in hostile code.
  constexpr size_t kLong = 16;
  if (available == want.size() && available >= kLong &&
      std::memcmp(top_ - available, want.data(), available * sizeof(ValType)) == 0) {
    top_ -= available;
    return true;
  }
  const ValType* actual = top_ - available;
  const ValType* expected = want.data() + (want.size() - available);
  for (size_t i = 0; i < available; ++i)
    if (!matches(actual[i], expected[i])) [[unlikely]]
      return fail_operands(want);
  top_ -= available;
  return true;
}

// --- errors ---

bool Validator::fail(std::string message, Error::Kind kind) {
  if (kind == Error::Kind::Invalid) message += " at " + quoted_instruction();
  return fail_at(insn_.offset, std::move(message), kind);
}

std::string Validator::quoted_instruction() const {
  constexpr size_t kMaxShown = 120;
  TextWriter out;
  out.append('`');
  InstructionText(out, IndexNames())
      .append(module_.bytes.data(), static_cast<uint32_t>(module_.bytes.size()), insn_);
  std::string text = out.take();
  if (text.size() > kMaxShown) text.replace(kMaxShown, std::string::npos, "…");
  return text + '`';
}

bool Validator::fail_at(uint64_t offset, std::string message, Error::Kind kind) {
  error_ = Error{kind, std::move(message), offset, {}};
  return false;
}

bool Validator::fail_unknown(const char* what, uint32_t index) {
  return fail(std::string("unknown ") + what + " " + std::to_string(index));
}

// Of an instruction's operands show as many as it takes, of a block's end all that is there, within
// reason.
bool Validator::fail_mismatch(const std::string& what, Types want, size_t shown) {
  constexpr size_t kMaxShown = 16;
  const size_t height = static_cast<size_t>(top_ - base_);
  shown = std::min({height, shown, kMaxShown});
  return fail_at(insn_.offset, "type mismatch: " + what + " requires " +
                                   to_string(want.first(std::min(want.size(), kMaxShown))) +
                                   " but stack has " + to_string(Types(top_ - shown, shown)));
}

bool Validator::fail_operands(Types want) {
  const bool ends_block = insn_.op == Op::End || insn_.op == Op::Else;
  return fail_mismatch(ends_block ? "block" : quoted_instruction(), want, want.size());
}

bool Validator::fail_block_end(Types want) { return fail_mismatch("block", want, SIZE_MAX); }

bool Validator::fail_read(const Reader& reader) {
  if (reader.has_error()) {
    error_ = reader.error();
    return false;
  }
  return fail_at(reader.position(), Cursor::kUnexpectedEnd, Error::Kind::Malformed);
}

}  // namespace wrun::binary
