// Algebraic simplification: one table of rules, each of which replaces an expression by an equal one
// that costs less, or that other rules understand better.
#pragma once

#include <span>

#include "ir/pattern.hpp"

namespace wrun::ir {

std::span<const Rule> rewrite_rules();

// The value that an instruction's may be replaced by: a constant, an operand, or new instructions in
// front of it; itself if nothing applies. Constants that may be on either side come to the right first.
Value simplify(Function& function, Value value);

// The same with one rule; kNoValue if it does not match.
Value apply_rule(Function& function, Value value, const Rule& rule);

// Bits that may be set in an i32 or i64.
uint64_t possible_bits(const Function& function, Value value);

}  // namespace wrun::ir
