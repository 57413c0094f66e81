// Constant expressions (spec 3.4.14).
#include "binary/module_decoder.hpp"
#include "wasm/subtyping.hpp"

namespace wrun::binary {

using wasm::ConstExpr;
using wasm::Feature;
using wasm::Op;
using wasm::ValType;

namespace {

// What an expression of only this instruction is.
ConstExpr::Form form_of(Op op) {
  switch (op) {
    case Op::I32Const:  return ConstExpr::Form::I32;
    case Op::I64Const:  return ConstExpr::Form::I64;
    case Op::F32Const:  return ConstExpr::Form::F32;
    case Op::F64Const:  return ConstExpr::Form::F64;
    case Op::RefNull:   return ConstExpr::Form::RefNull;
    case Op::RefFunc:   return ConstExpr::Form::RefFunc;
    case Op::GlobalGet: return ConstExpr::Form::GlobalGet;
    default:            return ConstExpr::Form::General;
  }
}

uint64_t value_of(const Instruction& insn) {
  switch (insn.op) {
    case Op::RefFunc:
    case Op::GlobalGet: return insn.index;
    case Op::RefNull:   return insn.heap.bits();
    default:            return insn.value;
  }
}

bool opens_block(Op op) {
  const wasm::Imm imm = wasm::info(op).imm;
  return imm == wasm::Imm::Block || imm == wasm::Imm::TryTable;
}

}  // namespace

bool ModuleDecoder::read_const_expr(ValType type, ConstExpr& out) {
  const uint32_t begin = cursor_.position();
  out.offset = begin;
  if (!scan_const_expr(out)) return false;
  if (const std::optional<ValType> actual = type_of(out)) {
    if (wasm::matches(types(), *actual, type)) [[likely]]
      return true;
    return invalid(begin, "type mismatch: expression of type " + to_string(*actual) + " for " +
                              to_string(type));
  }
  if (!expressions_) expressions_.emplace(context_);
  if (expressions_->validate_expression(begin, cursor_.position(), type)) return true;
  error_ = expressions_->error();
  return false;
}

// Finds the end, sees that every instruction is constant, and recognises the plain forms. Goes on
// after an instruction that is not constant, since the expression might not even be well-formed.
bool ModuleDecoder::scan_const_expr(ConstExpr& out) {
  InstructionReader<false> reader(module_->bytes.data(), out.offset, cursor_.end_position(),
                                  options_.features);
  Instruction insn;
  uint32_t count = 0;
  uint32_t depth = 0;
  bool constant = true;
  while (reader.next(insn)) {
    if (insn.op == Op::End && depth-- == 0) {
      if (count != 1) out.form = ConstExpr::Form::General;
      return constant && cursor_.skip(reader.position() - out.offset);
    }
    ++count;
    if (opens_block(insn.op)) ++depth;
    if (!constant) continue;
    constant = check_constant(insn);
    out.form = form_of(insn.op);
    out.value = value_of(insn);
  }
  if (!reader.has_error())
    return fail(reader.position(), Error::Kind::Malformed, Cursor::kUnexpectedEnd);
  error_ = reader.error();
  return false;
}

bool ModuleDecoder::check_constant(const Instruction& insn) {
  std::optional<Feature> needs;
  switch (insn.op) {
    case Op::I32Const:
    case Op::I64Const:
    case Op::F32Const:
    case Op::F64Const:
    case Op::V128Const:
    case Op::StructNew:
    case Op::StructNewDefault:
    case Op::StructNewDesc:
    case Op::StructNewDefaultDesc:
    case Op::ArrayNew:
    case Op::ArrayNewDefault:
    case Op::ArrayNewFixed:
    case Op::RefI31:
    case Op::AnyConvertExtern:
    case Op::ExternConvertAny:     break;
    case Op::I32Add:
    case Op::I32Sub:
    case Op::I32Mul:
    case Op::I64Add:
    case Op::I64Sub:
    case Op::I64Mul:               needs = Feature::ExtendedConst; break;
    case Op::RefNull:
      if (insn.heap.is_concrete() &&
          !check_index(insn.heap.index(), module_->types.size(), "type", insn.offset))
        return false;
      break;
    case Op::RefFunc:
      if (!check_index(insn.index, module_->functions.size(), "function", insn.offset))
        return false;
      declare_function(insn.index);
      break;
    case Op::GlobalGet:
      if (!check_index(insn.index, module_->globals.size(), "global", insn.offset)) return false;
      if (module_->globals[insn.index].type.is_mutable)
        return invalid(insn.offset, "constant expression required: global " +
                                        std::to_string(insn.index) + " is mutable");
      if (insn.index >= module_->imported_globals) needs = Feature::Gc;
      break;
    default:
      return invalid(insn.offset, "constant expression required: " +
                                      std::string(wasm::text(insn.op)) + " is not constant");
  }
  if (!needs || has_feature(*needs)) return true;
  return fail(insn.offset, Error::Kind::Unsupported,
              std::string("constant expression required: ") + disabled_text(*needs));
}

// Nothing if it takes a validator to tell.
std::optional<ValType> ModuleDecoder::type_of(const ConstExpr& expr) const {
  switch (expr.form) {
    case ConstExpr::Form::I32:       return wasm::kI32;
    case ConstExpr::Form::I64:       return wasm::kI64;
    case ConstExpr::Form::F32:       return wasm::kF32;
    case ConstExpr::Form::F64:       return wasm::kF64;
    case ConstExpr::Form::GlobalGet: return module_->globals[expr.value].type.content;
    case ConstExpr::Form::RefNull:
      return ValType::ref(wasm::HeapType::from_bits(static_cast<uint32_t>(expr.value)), true);
    case ConstExpr::Form::RefFunc:
      return module_->type_of_reference(static_cast<uint32_t>(expr.value));
    case ConstExpr::Form::General: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace wrun::binary
