// Statements and control.
#include "difftest/function_generator.hpp"

namespace wrun::difftest {

using wasm::kF32;
using wasm::kF64;
using wasm::kI32;
using wasm::kI64;
using wasm::kV128;
using wasm::Op;
using wasm::ValType;

namespace {

constexpr uint32_t kMaxLoops = 3;

}  // namespace

void FunctionGenerator::statements(uint32_t most, int depth) {
  for (uint32_t count = choices_.below(most + 1); count > 0; --count) {
    if (left_ == 0) return;
    --left_;
    statement(depth);
  }
}

void FunctionGenerator::statement(int depth) {
  switch (choices_.below(24)) {
    case 0:
    case 1:
    case 2:  return set_local(depth);
    case 3:
    case 4:
    case 5:
    case 6:  return store(depth);
    case 7:  return set_global(depth);
    case 8:  return swap_locals();
    case 9:
    case 10: return if_else(depth);
    case 11: return block(depth);
    case 12:
    case 13: return loops_ < kMaxLoops ? loop_at_bottom(depth) : set_local(depth);
    case 14: return loops_ < kMaxLoops ? loop_at_top(depth) : set_local(depth);
    case 15:
    case 16: return branch(depth);
    case 17: return branch_table(depth);
    case 18: return leave(depth);
    case 19:
    case 20: return function_.calls ? call(depth) : store(depth);
    case 21: return bulk(depth);
    case 22: return shape_.tags.empty() ? set_local(depth) : try_catch(depth);
    default: return instructions_.wide.empty() ? set_local(depth) : wide_arithmetic(depth);
  }
}

void FunctionGenerator::begin(Op op, const Types& params, const Types& results,
                              const Label& label) {
  if (!params.empty() || results.size() > 1)
    code_(op, builder_.type({params, results}));
  else if (results.empty())
    code_(op, test::kEmptyBlock);
  else
    code_.block(op, results[0]);
  labels_.push_back(label);
}

void FunctionGenerator::end() {
  code_(Op::End);
  labels_.pop_back();
}

void FunctionGenerator::take(const Types& types) {
  for (size_t i = types.size(); i-- > 0;) {
    if (choices_.one_in(4))
      code_(Op::Drop);
    else
      code_(Op::LocalSet, any_local(types[i]));
  }
}

void FunctionGenerator::set_local(int depth) {
  const ValType type = any_type();
  expression(type, depth);
  code_(Op::LocalSet, any_local(type));
}

void FunctionGenerator::set_global(int depth) {
  for (uint32_t i = 1; i < shape_.globals.size(); ++i) {
    if (!shape_.globals[i].is_mutable || choices_.one_in(2)) continue;
    expression(shape_.globals[i].content, depth);
    code_(Op::GlobalSet, i);
    return;
  }
  set_local(depth);
}

void FunctionGenerator::swap_locals() {
  const ValType type = any_type();
  const uint32_t a = any_local(type), b = any_local(type), c = any_local(type);
  code_(Op::LocalGet, a)(Op::LocalGet, b)(Op::LocalGet, c);
  code_(Op::LocalSet, a)(Op::LocalSet, c)(Op::LocalSet, b);
}

void FunctionGenerator::if_else(int depth) {
  const Types results = choices_.one_in(4) ? some_types(3) : Types{};
  expression(kI32, depth);
  begin(Op::If, {}, results, {results});
  statements(4, depth);
  expressions(results, depth - 1);
  if (!results.empty() || choices_.one_in(2)) {
    code_(Op::Else);
    statements(4, depth);
    expressions(results, depth - 1);
  }
  end();
  take(results);
}

void FunctionGenerator::block(int depth) {
  const Types params = choices_.one_in(4) ? some_types(3) : Types{};
  const Types results = choices_.one_in(4) ? some_types(3) : Types{};
  expressions(params, depth - 1);
  begin(Op::Block, params, results, {results});
  take(params);
  statements(6, depth);
  expressions(results, depth - 1);
  end();
  take(results);
}

uint32_t FunctionGenerator::times() {
  return 1 + choices_.below(loops_ == 0 ? (choices_.one_in(4) ? 60 : 12) : 5);
}

// Counts up, and carries values from one time to the next.
void FunctionGenerator::loop_at_bottom(int depth) {
  const Types carried = choices_.one_in(3) ? some_types(3) : Types{};
  const uint32_t counter = new_local(kI32);
  const uint32_t step = 1 + choices_.below(3);
  const uint32_t limit = times() * step;
  const Op comparison = choices_.any({Op::I32LtU, Op::I32LtS, Op::I32Ne, Op::I32LeS});
  code_.i32(0)(Op::LocalSet, counter);
  expressions(carried, depth - 1);
  begin(Op::Loop, carried, carried, {.types = carried, .is_open = false});
  ++loops_;
  counters_.push_back(counter);
  take(carried);
  begin(Op::Block, {}, {}, {});
  statements(5, depth);
  end();
  expressions(carried, depth - 1);
  counters_.pop_back();
  --loops_;
  code_(Op::LocalGet, counter).i32(static_cast<int32_t>(step))(Op::I32Add);
  code_(Op::LocalTee, counter).i32(static_cast<int32_t>(limit))(comparison)(Op::BrIf, 0);
  end();
  take(carried);
}

// Counts down; a branch to its label goes on with it.
void FunctionGenerator::loop_at_top(int depth) {
  const bool is_wide = choices_.one_in(3);
  const uint32_t counter = new_local(is_wide ? kI64 : kI32);
  if (is_wide)
    code_.i64(times())(Op::LocalSet, counter);
  else
    code_.i32(static_cast<int32_t>(times()))(Op::LocalSet, counter);
  begin(Op::Block, {}, {}, {});
  begin(Op::Loop, {}, {}, {});
  ++loops_;
  if (!is_wide) counters_.push_back(counter);
  code_(Op::LocalGet, counter)(is_wide ? Op::I64Eqz : Op::I32Eqz)(Op::BrIf, 1);
  code_(Op::LocalGet, counter);
  if (is_wide)
    code_.i64(1)(Op::I64Sub);
  else
    code_.i32(1)(Op::I32Sub);
  code_(Op::LocalSet, counter);
  statements(6, depth);
  code_(Op::Br, 0);
  if (!is_wide) counters_.pop_back();
  --loops_;
  end();
  end();
}

void FunctionGenerator::branch(int depth) {
  const uint32_t target = choices_.below(static_cast<uint32_t>(labels_.size()));
  const Label& label = labels_[labels_.size() - 1 - target];
  if (!label.is_open) return set_local(depth);
  const Types types = label.types;
  expressions(types, depth - 1);
  expression(kI32, depth);
  code_(Op::BrIf, target);
  take(types);
}

// To labels of the same type, by a number that is small.
void FunctionGenerator::branch_table(int depth) {
  const uint32_t count = 1 + choices_.below(choices_.one_in(4) ? 20 : 4);
  const Types results = choices_.one_in(4) ? some_types(2) : Types{};
  const uint32_t arms = 1 + choices_.below(3);
  for (uint32_t i = 0; i < arms; ++i) begin(Op::Block, {}, results, {results});
  expressions(results, depth - 1);
  expression(kI32, depth);
  if (choices_.one_in(2)) code_.i32(choices_.one_in(2) ? 3 : 31)(Op::I32And);
  std::vector<uint32_t> targets;
  for (uint32_t depths = 0; depths < labels_.size(); ++depths) {
    const Label& label = labels_[labels_.size() - 1 - depths];
    if (label.is_open && label.types == results) targets.push_back(depths);
  }
  code_(Op::BrTable, count);
  for (uint32_t i = 0; i <= count; ++i)
    code_.byte(choices_.one_in(5) ? choices_.any(targets) : choices_.below(arms));
  for (uint32_t i = 0; i < arms; ++i) {
    end();
    if (i + 1 == arms) break;
    take(results);
    statements(2, depth);
    expressions(results, depth - 1);
  }
  take(results);
}

// Out of the function, or with a trap.
void FunctionGenerator::leave(int depth) {
  expression(kI32, depth);
  if (!choices_.one_in(3)) code_.i32(7)(Op::I32And)(Op::I32Eqz);
  begin(Op::If, {}, {}, {});
  const uint32_t kind = choices_.below(12);
  if (kind == 11) {
    code_(Op::Unreachable);
  } else if (kind == 10 && !shape_.tags.empty()) {
    const uint32_t tag = choices_.below(static_cast<uint32_t>(shape_.tags.size()));
    expressions(shape_.tags[tag].params, depth - 1);
    code_(Op::Throw, tag);
  } else if (kind >= 7 && shape_.tail_calls && function_.calls) {
    uint32_t callee = choices_.below(static_cast<uint32_t>(shape_.functions.size()));
    for (size_t tries = shape_.functions.size(); tries > 0; --tries) {
      if (shape_.functions[callee].signature.results == function_.signature.results) break;
      callee = static_cast<uint32_t>((callee + 1) % shape_.functions.size());
    }
    call_to(callee, depth, true);
  } else {
    expressions(function_.signature.results, depth - 1);
    code_(Op::Return);
  }
  end();
}

void FunctionGenerator::call(int depth) {
  const uint32_t callee = choices_.below(static_cast<uint32_t>(shape_.functions.size()));
  call_to(callee, depth, false);
  take(shape_.functions[callee].signature.results);
}

void FunctionGenerator::call_to(uint32_t callee, int depth, bool is_tail) {
  const Shape::Function& function = shape_.functions[callee];
  for (const ValType type : function.signature.params) expression(type, depth - 2);
  uint32_t place = shape_.table_size;
  if (choices_.one_in(3))
    for (uint32_t i = 0; i < shape_.table.size(); ++i)
      if (shape_.table[i] == callee) place = i;
  if (place == shape_.table_size) {
    code_(is_tail ? Op::ReturnCall : Op::Call, callee);
  } else {
    code_.i32(static_cast<int32_t>(place));
    if (shape_.wild && choices_.one_in(4)) {
      leaf(kI32);
      code_.i32(1)(Op::I32And)(Op::I32Add);
    }
    code_(is_tail ? Op::ReturnCallIndirect : Op::CallIndirect, function.type, 0);
  }
}

void FunctionGenerator::wide_arithmetic(int depth) {
  const Op op = choices_.any(instructions_.wide);
  const wasm::OpSignature& signature = wasm::info(op).signature;
  for (uint32_t i = 0; i < signature.param_count; ++i) expression(kI64, depth - 1);
  code_(op);
  take({kI64, kI64});
}

// A payload, caught or of zeros, ends in locals.
void FunctionGenerator::try_catch(int depth) {
  const uint32_t tag = choices_.below(static_cast<uint32_t>(shape_.tags.size()));
  const Types& payload = shape_.tags[tag].params;
  const bool catches_all = payload.empty() && choices_.one_in(2);
  begin(Op::Block, {}, payload, {payload});
  code_(Op::TryTable, test::kEmptyBlock, 1);
  if (catches_all)
    code_.byte(2).byte(0);
  else
    code_.byte(0).byte(tag).byte(0);
  labels_.push_back({});
  statements(6, depth);
  end();
  expressions(payload, 0);
  end();
  take(payload);
}

void FunctionGenerator::count_calls() {
  code_(Op::GlobalGet, 0)(Op::I32Eqz)(Op::If, test::kEmptyBlock);
  for (const ValType type : function_.signature.results) {
    switch (type.kind()) {
      case ValType::Kind::I32: code_.i32(0); break;
      case ValType::Kind::I64: code_.i64(0); break;
      case ValType::Kind::F32: code_.f32(0); break;
      case ValType::Kind::F64: code_.f64(0); break;
      default:                 code_.v128(0, 0);
    }
  }
  code_(Op::Return)(Op::End);
  code_(Op::GlobalGet, 0).i32(1)(Op::I32Sub)(Op::GlobalSet, 0);
}

}  // namespace wrun::difftest
