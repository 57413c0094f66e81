// The text form of functions, for people and tests; parser.hpp reads it.
//
//   function 3 {
//   b0(v0:i32, v1:i64):
//     v2:i32 = i32.add v0, i32:5 @31
//     v3:i32 = i32.load[offset 8] v2 @33
//     branch v3 -> b1(v2), b2
//   b2 cold:
//     unreachable[Unreachable] @40
//
// `@` is the offset in the module. Constants stand where they are used, floats by their bits.
#pragma once

#include <string>

#include "base/text_writer.hpp"
#include "ir/function.hpp"

namespace wrun::ir {

void print(TextWriter& out, const Function& function);
std::string to_string(const Function& function);
std::string to_string(const Function& function, Value value);  // one instruction

std::string_view text(TrapCode code);

}  // namespace wrun::ir
