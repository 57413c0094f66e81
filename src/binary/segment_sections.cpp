// Element and data segments, and where the function bodies are (spec 5.5.12 to 5.5.16).
#include "binary/module_decoder.hpp"
#include "wasm/limits.hpp"
#include "wasm/subtyping.hpp"

namespace wrun::binary {

using wasm::Feature;
using wasm::SegmentMode;

namespace {
constexpr wasm::ValType kFuncRefNonNull = wasm::ValType::ref(wasm::HeapType::Abstract::Func, false);

wasm::ValType address_type(const wasm::Limits& limits) {
  return limits.is_64 ? wasm::kI64 : wasm::kI32;
}
}  // namespace

bool ModuleDecoder::element_section() {
  uint32_t count;
  if (!read_count(wasm::kMaxElementSegments, "element segments", count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    wasm::ElementSegment segment;
    if (!read_element_segment(segment)) return false;
    module_->elements.push_back(std::move(segment));
  }
  return true;
}

bool ModuleDecoder::read_element_segment(wasm::ElementSegment& out) {
  // Bit 0: passive or declarative; bit 1: explicit table, or declarative; bit 2: expressions.
  const uint32_t offset = cursor_.position();
  uint32_t flags;
  if (!cursor_.read_u32(flags)) return false;
  if (flags > 7) return cursor_.fail_at(offset, "malformed elements segment kind");
  if (flags != 0 && !has_feature(Feature::ReferenceTypes) && !require_feature(Feature::BulkMemory))
    return false;
  const bool active = (flags & 1) == 0;
  const bool explicit_type = (flags & 3) != 0;
  const bool expressions = (flags & 4) != 0;
  out.mode = active        ? SegmentMode::Active
             : (flags & 2) ? SegmentMode::Declarative
                           : SegmentMode::Passive;
  if (active) {
    if ((flags & 2) && !cursor_.read_u32(out.table)) return false;
    if (!check_index(out.table, module_->tables.size(), "table", offset)) return false;
    const wasm::Limits& limits = module_->tables[out.table].type.limits;
    if (!read_const_expr(address_type(limits), out.table_offset)) return false;
  }
  out.is_encoded_as_expressions = expressions;
  out.names_its_table = active && explicit_type;
  out.type = expressions ? wasm::kFuncRef : kFuncRefNonNull;
  if (explicit_type && expressions) {
    if (!read_ref_type(out.type)) return false;
  } else if (explicit_type) {
    uint8_t kind;
    if (!cursor_.read_u8(kind)) return false;
    if (kind != 0) return cursor_.fail("malformed element kind");
  }
  if (active && !wasm::matches(types(), out.type, module_->tables[out.table].type.element))
    return invalid(offset, "type mismatch: elem segment of " + to_string(out.type) +
                               " for a table of " +
                               to_string(module_->tables[out.table].type.element));
  return expressions ? read_expression_elements(out) : read_function_elements(out);
}

bool ModuleDecoder::read_element_count(uint32_t& out) {
  if (!read_count(wasm::kMaxTableElements - element_count_, "elements", out)) return false;
  element_count_ += out;
  return true;
}

bool ModuleDecoder::read_function_elements(wasm::ElementSegment& out) {
  uint32_t count;
  if (!read_element_count(count)) return false;
  out.functions.resize(count);
  for (uint32_t& function : out.functions) {
    const uint32_t offset = cursor_.position();
    if (!cursor_.read_u32(function)) return false;
    if (!check_index(function, module_->functions.size(), "function", offset)) return false;
    declare_function(function);
  }
  return true;
}

// Expressions that all are ref.func become plain indices, which is what toolchains emit.
bool ModuleDecoder::read_expression_elements(wasm::ElementSegment& out) {
  uint32_t count;
  if (!read_element_count(count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    wasm::ConstExpr expr;
    if (!read_const_expr(out.type, expr)) return false;
    const bool is_function = expr.form == wasm::ConstExpr::Form::RefFunc;
    if (is_function && out.expressions.empty()) {
      out.functions.push_back(static_cast<uint32_t>(expr.value));
      continue;
    }
    // The first of another kind: the ones before it become expressions again.
    out.expressions.reserve(count);
    for (uint32_t function : out.functions)
      out.expressions.push_back({function, 0, wasm::ConstExpr::Form::RefFunc});
    out.functions = {};
    out.expressions.push_back(expr);
  }
  return true;
}

bool ModuleDecoder::data_count_section() {
  if (!require_feature(Feature::BulkMemory)) return false;
  uint32_t count;
  if (!cursor_.read_u32(count)) return false;
  context_.data_count = count;
  return true;
}

bool ModuleDecoder::code_section() {
  const uint32_t section = cursor_.position();
  if (module_->source != nullptr) return cursor_.fail_at(section, "code that is elsewhere as well");
  if (!read_count(UINT32_MAX, "function bodies", body_count_)) return false;
  if (body_count_ > module_->functions.size() - module_->imported_functions)
    return cursor_.fail_at(section, "function and code section have inconsistent lengths");
  for (uint32_t i = 0; i < body_count_; ++i) {
    const uint32_t index = module_->imported_functions + i;
    const uint32_t offset = cursor_.position();
    uint32_t size;
    if (!cursor_.read_u32(size)) return false;
    module_->functions[index].body_offset = cursor_.position();
    module_->functions[index].body_size = size;
    if (!cursor_.skip(size)) return false;
    code_bytes_ += size;
    if (size > wasm::kMaxFunctionBytes)
      return fail(offset, Error::Kind::Unsupported,
                  "function " + std::to_string(index) + " has " + std::to_string(size) +
                      " bytes, the limit is " + std::to_string(wasm::kMaxFunctionBytes));
  }
  return true;
}

bool ModuleDecoder::data_section() {
  const uint32_t section = cursor_.position();
  has_data_section_ = true;
  uint32_t count;
  if (!read_count(wasm::kMaxDataSegments, "data segments", count)) return false;
  if (context_.data_count && *context_.data_count != count)
    return cursor_.fail_at(section, "data count and data section have inconsistent lengths");
  module_->data.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    wasm::DataSegment segment;
    if (!read_data_segment(segment)) return false;
    module_->data.push_back(segment);
  }
  return true;
}

bool ModuleDecoder::read_data_segment(wasm::DataSegment& out) {
  constexpr uint32_t kPassive = 1;
  constexpr uint32_t kExplicitMemory = 2;
  const uint32_t offset = cursor_.position();
  uint32_t flags;
  if (!cursor_.read_u32(flags)) return false;
  if (flags > kExplicitMemory) return cursor_.fail_at(offset, "malformed data segment kind");
  if (flags == kPassive) {
    if (!require_feature(Feature::BulkMemory)) return false;
  } else {
    out.mode = SegmentMode::Active;
    if (flags == kExplicitMemory && !cursor_.read_u32(out.memory)) return false;
    if (!check_index(out.memory, module_->memories.size(), "memory", offset)) return false;
    const wasm::Limits& limits = module_->memories[out.memory].limits;
    if (!read_const_expr(address_type(limits), out.memory_offset)) return false;
  }
  if (!cursor_.read_u32(out.size)) return false;
  out.offset = cursor_.position();
  return cursor_.skip(out.size);
}

}  // namespace wrun::binary
