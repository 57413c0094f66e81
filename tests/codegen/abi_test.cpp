#include "codegen/abi.hpp"

#include "catch.hpp"

namespace wrun::codegen {
namespace {

using wasm::kF32;
using wasm::kF64;
using wasm::kI32;
using wasm::kI64;
using wasm::kV128;

std::vector<ValueLocation> arguments(const std::vector<wasm::ValType>& types) {
  LocationSequence sequence = LocationSequence::arguments(x64::kConvention);
  std::vector<ValueLocation> locations;
  for (wasm::ValType type : types) locations.push_back(sequence.next(type));
  return locations;
}

TEST_CASE("arguments take the registers of their class in order") {
  const auto at = arguments({kI32, kF64, wasm::kFuncRef, kV128, kI64});
  CHECK(at[0] == ValueLocation{.reg = x64::kRsi});
  CHECK(at[1] == ValueLocation{.reg = x64::xmm(0)});
  CHECK(at[2] == ValueLocation{.reg = x64::kRdx});
  CHECK(at[3] == ValueLocation{.reg = x64::xmm(1)});
  CHECK(at[4] == ValueLocation{.reg = x64::kRcx});
}

TEST_CASE("arguments without a register take stack words in order") {
  std::vector<wasm::ValType> types(7, kI32);
  types.insert(types.end(), 8, kF32);
  types.insert(types.end(), {kV128, kI64, kF64});
  const auto at = arguments(types);
  CHECK(at[5].reg == x64::kRdi);
  CHECK(at[6] == ValueLocation{.stack_word = 0});
  CHECK(at[14].reg == x64::xmm(7));
  CHECK(at[15] == ValueLocation{.stack_word = 1});
  CHECK(at[16] == ValueLocation{.stack_word = 3});
  CHECK(at[17] == ValueLocation{.stack_word = 4});
  CHECK(argument_words(x64::kConvention, types) == 5);
}

TEST_CASE("results have registers of their own") {
  const wasm::FuncType type = {
      .params = {},
        .results = {kI32, kI32, kI32, kI32, kI64, kV128}
  };
  LocationSequence sequence = LocationSequence::results(x64::kConvention);
  CHECK(sequence.next(kI32).reg == x64::kRax);
  CHECK(sequence.next(kF32).reg == x64::xmm(0));
  CHECK(result_words(x64::kConvention, type) == 1);
}

TEST_CASE("words on the stack are whole units") {
  const wasm::FuncType type = {
      {kI64, kI64, kI64, kI64, kI64, kI64, kI64},
      {kI32, kI32, kI32, kI32, kI32}
  };
  CHECK(argument_words(x64::kConvention, type.params) == 1);
  CHECK(result_words(x64::kConvention, type) == 1);
  CHECK(argument_words(a64::kConvention, type.params) == 2);
  CHECK(result_words(a64::kConvention, type) == 2);
}

TEST_CASE("the roles of registers do not overlap") {
  for (const Convention* each : {&x64::kConvention, &a64::kConvention}) {
    const Convention& convention = *each;
    const RegSet pinned = {convention.vm_context, convention.memory_base, convention.frame,
                           convention.stack, convention.scratch};
    CHECK(pinned.size() == 5);
    CHECK((pinned & convention.allocatable).empty());
    CHECK((convention.callee_saved - convention.allocatable).empty());
    for (Reg reg : convention.integer_arguments) {
      CHECK(convention.clobbered_by_calls().contains(reg));
      CHECK(reg != convention.callee);
    }
  }
}

}  // namespace
}  // namespace wrun::codegen
