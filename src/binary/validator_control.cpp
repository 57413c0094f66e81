// Blocks, branches, calls and exceptions (spec 3.4.2 to 3.4.4).
#include "binary/validator.hpp"
#include "wasm/limits.hpp"

namespace wrun::binary {

using wasm::ValType;

namespace {
constexpr ValType kExnRef = ValType::ref(wasm::HeapType::Abstract::Exn, false);
}  // namespace

bool Validator::resolve_block_type(const BlockType& type, Block& block) {
  switch (type.form) {
    case BlockType::Form::Empty: return true;
    case BlockType::Form::Value: block.result = type.value; return check_val_type(type.value);
    case BlockType::Form::Type:  block.type = func_type(type.type); return block.type != nullptr;
  }
  return false;
}

bool Validator::begin_block(BlockKind kind) {
  Block block;
  block.kind = kind;
  if (!resolve_block_type(insn_.block, block)) return false;
  if (kind == BlockKind::If && !pop(wasm::kI32)) return false;
  return pop_all(block.params()) && push_block(block) && push_all(block.params());
}

bool Validator::push_block(Block block) {
  if (blocks_.size() >= wasm::kMaxNestingDepth)
    return fail("more than " + std::to_string(wasm::kMaxNestingDepth) + " nested blocks",
                Error::Kind::Unsupported);
  block.height = static_cast<uint32_t>(top_ - stack_.get());
  block.initialized_locals = static_cast<uint32_t>(initialized_.size());
  blocks_.push_back(block);
  base_ = top_;
  return true;
}

// The operands must be exactly the block's results; leaves none.
bool Validator::end_of_block() {
  const Types results = blocks_.back().results();
  if (static_cast<size_t>(top_ - base_) > results.size()) return fail_block_end(results);
  return pop_all(results);
}

bool Validator::on_else() {
  Block& block = blocks_.back();
  if (block.kind != BlockKind::If)
    return fail("END opcode expected: misplaced else", Error::Kind::Malformed);
  if (!end_of_block()) return false;
  forget_initialized(block.initialized_locals);
  block.kind = BlockKind::Else;
  block.unreachable = false;
  return push_all(block.params());
}

bool Validator::on_end() {
  const Block& block = blocks_.back();
  // A missing `else` passes the parameters on.
  if (block.kind == BlockKind::If && !wasm::matches(space_, block.params(), block.results()))
    return fail("type mismatch: if without else has parameters " + to_string(block.params()) +
                " but results " + to_string(block.results()));
  if (!end_of_block()) return false;
  forget_initialized(block.initialized_locals);
  const Block ended = block;
  blocks_.pop_back();
  if (blocks_.empty()) return true;
  base_ = stack_.get() + blocks_.back().height;
  return push_all(ended.results());
}

bool Validator::on_catch(BlockKind kind) {
  Block& block = blocks_.back();
  if (block.kind != BlockKind::Try && block.kind != BlockKind::Catch)
    return fail("END opcode expected: misplaced " + std::string(wasm::text(insn_.op)),
                Error::Kind::Malformed);
  if (!end_of_block()) return false;
  forget_initialized(block.initialized_locals);
  block.kind = kind;
  block.unreachable = false;
  if (kind == BlockKind::CatchAll) return true;
  if (insn_.index >= module_.tags.size()) return fail_unknown("tag", insn_.index);
  return push_all(module_.types[module_.tags[insn_.index].type].func.params);
}

// Ends a try; the label counts from outside of it.
bool Validator::on_delegate() {
  if (blocks_.back().kind != BlockKind::Try)
    return fail("END opcode expected: misplaced delegate", Error::Kind::Malformed);
  if (insn_.index >= blocks_.size() - 1) return fail_unknown("label", insn_.index);
  return on_end();
}

bool Validator::on_try_table(CatchReader catches) {
  for (uint32_t i = 0; i < insn_.list_count; ++i) {
    const CatchClause clause = catches.next();
    operands_.clear();
    if (clause.has_tag()) {
      if (clause.tag >= module_.tags.size()) return fail_unknown("tag", clause.tag);
      operands_ = module_.types[module_.tags[clause.tag].type].func.params;
    }
    if (clause.has_ref()) operands_.push_back(kExnRef);
    if (!check_label(clause.label)) return false;
    const Types wanted = label(clause.label).label_types();
    if (!wasm::matches(space_, operands_, wanted))
      return fail("type mismatch: catch clause sends " + to_string(Types(operands_)) +
                  " but its label takes " + to_string(wanted));
  }
  return begin_block(BlockKind::TryTable);
}

bool Validator::check_label(uint32_t depth) {
  return depth < blocks_.size() || fail_unknown("label", depth);
}

bool Validator::on_br() {
  return check_label(insn_.index) && pop_all(label(insn_.index).label_types()) && set_unreachable();
}

bool Validator::on_br_if() {
  if (!pop(wasm::kI32) || !check_label(insn_.index)) return false;
  const Types types = label(insn_.index).label_types();
  return pop_all(types) && push_all(types);
}

bool Validator::on_br_table(LabelReader labels) {
  if (insn_.list_count > wasm::kMaxBrTableTargets)
    return fail("br_table with more than " + std::to_string(wasm::kMaxBrTableTargets) + " targets",
                Error::Kind::Unsupported);
  if (!pop(wasm::kI32)) return false;
  ValType* const top = top_;
  std::optional<size_t> arity;
  for (uint32_t i = 0; i <= insn_.list_count; ++i) {
    const uint32_t depth = labels.next();
    if (!check_label(depth)) return false;
    Block& target = label(depth);
    if (target.checked_by == insn_.offset) continue;
    target.checked_by = insn_.offset;
    const Types types = target.label_types();
    if (!arity) arity = types.size();
    if (types.size() != *arity)
      return fail("type mismatch: br_table has labels with " + std::to_string(*arity) + " and " +
                  std::to_string(types.size()) + " operands");
    if (!pop_all(types)) return false;
    top_ = top;
  }
  return set_unreachable();
}

bool Validator::on_br_on_null() {
  ValType ref;
  if (!pop_ref(ref) || !check_label(insn_.index)) return false;
  const Types types = label(insn_.index).label_types();
  if (!pop_all(types) || !push_all(types)) return false;
  return push(ref == wasm::kBottom ? ref : ValType::ref(ref.heap(), false));
}

// Checks that the label takes a reference of type `sent` last, after `others`.
bool Validator::check_cast_label(ValType sent, Types& others) {
  if (!check_label(insn_.index)) return false;
  const Types types = label(insn_.index).label_types();
  if (types.empty() || !matches(sent, types.back()))
    return fail("type mismatch: branch sends " + to_string(sent) + " but its label takes " +
                to_string(types));
  others = types.first(types.size() - 1);
  return true;
}

bool Validator::on_br_on_non_null() {
  ValType ref;
  Types others;
  if (!pop_ref(ref)) return false;
  const ValType sent = ref == wasm::kBottom ? ref : ValType::ref(ref.heap(), false);
  if (!check_cast_label(sent, others)) return false;
  if (!label(insn_.index).label_types().back().is_ref())
    return fail("type mismatch: the label takes no reference");
  return pop_all(others) && push_all(others);
}

// Custom descriptors relax that the target must be below the source.
bool Validator::check_cast_types(ValType source, ValType target) {
  const bool related =
      module_.features.has(wasm::Feature::CustomDescriptors)
          ? wasm::top_of(space_, source.heap()) == wasm::top_of(space_, target.heap())
          : matches(target, source);
  return related ||
         fail("type mismatch: " + to_string(target) + " does not match " + to_string(source));
}

bool Validator::on_br_on_cast(bool on_fail, bool by_descriptor) {
  if (!check_heap_type(insn_.heap) || !check_heap_type(insn_.heap2)) return false;
  const ValType source = ValType::ref(insn_.heap, insn_.lane & kCastSourceNullable);
  const ValType target = ValType::ref(insn_.heap2, insn_.lane & kCastTargetNullable);
  if (!check_cast_types(source, target)) return false;
  // What is left when the cast fails: null only if the target does not include it (spec 3.4.8).
  const ValType rest = ValType::ref(source.heap(), source.nullable() && !target.nullable());
  Types others;
  if (!check_cast_label(on_fail ? rest : target, others)) return false;
  if (by_descriptor && !pop_descriptor(target.heap())) return false;
  return pop(source) && pop_all(others) && push_all(others) && push(on_fail ? target : rest);
}

bool Validator::on_throw() {
  if (insn_.index >= module_.tags.size()) return fail_unknown("tag", insn_.index);
  return pop_all(module_.types[module_.tags[insn_.index].type].func.params) && set_unreachable();
}

bool Validator::on_rethrow() {
  if (!check_label(insn_.index)) return false;
  const BlockKind kind = label(insn_.index).kind;
  if (kind != BlockKind::Catch && kind != BlockKind::CatchAll)
    return fail("invalid rethrow label " + std::to_string(insn_.index));
  return set_unreachable();
}

bool Validator::on_return() { return pop_all(blocks_[0].results()) && set_unreachable(); }

bool Validator::call(const wasm::FuncType& type, bool tail) {
  if (tail && !wasm::matches(space_, type.results, blocks_[0].results()))
    return fail("type mismatch: tail call returns " + to_string(Types(type.results)) +
                " but the function returns " + to_string(blocks_[0].results()));
  if (!pop_all(type.params)) return false;
  return tail ? set_unreachable() : push_all(type.results);
}

bool Validator::on_call(bool tail) {
  if (insn_.index >= module_.functions.size()) return fail_unknown("function", insn_.index);
  return call(module_.func_type(insn_.index), tail);
}

bool Validator::on_call_indirect(bool tail) {
  if (!check_table(insn_.index2)) return false;
  const ValType element = module_.tables[insn_.index2].type.element;
  if (!matches(element, wasm::kFuncRef))
    return fail("type mismatch: call_indirect on a table of " + to_string(element));
  const wasm::FuncType* type = func_type(insn_.index);
  return type && pop(table_index_type(insn_.index2)) && call(*type, tail);
}

bool Validator::on_call_ref(bool tail) {
  const wasm::FuncType* type = func_type(insn_.index);
  return type && pop(ValType::ref(wasm::HeapType::concrete(insn_.index), true)) &&
         call(*type, tail);
}

}  // namespace wrun::binary
