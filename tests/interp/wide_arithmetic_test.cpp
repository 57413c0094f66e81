#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

using Pair = std::vector<uint64_t>;

// A function of four, and one of two parameters for each instruction; with `wide`, in a frame of so
// many slots that operands and results are out of reach of 16 bits.
Instance& instantiate(Machine& machine, bool wide) {
  machine.features.enable(wasm::Feature::WideArithmetic);
  ModuleBuilder builder;
  const std::vector<wasm::ValType> locals(wide ? 40'000 : 0, kV128);
  for (const Op op : {Op::I64Add128, Op::I64Sub128, Op::I64MulWideS, Op::I64MulWideU}) {
    const uint32_t operands = wasm::info(op).signature.param_count;
    Code code;
    for (uint32_t i = 0; i < operands; ++i) code(Op::LocalGet, i);
    code(op);
    builder.function(
        {
            std::vector<wasm::ValType>(operands, kI64), {kI64, kI64}
    },
        code, locals);
  }
  return machine.instantiate(builder);
}

}  // namespace

TEST_CASE("Wide arithmetic") {
  const bool wide = GENERATE(false, true);
  Machine machine;
  Instance& instance = instantiate(machine, wide);
  const auto call = [&](uint32_t function, std::initializer_list<uint64_t> arguments) {
    return machine.call(instance, function, arguments).value();
  };
  constexpr uint64_t kMin = uint64_t{1} << 63, kAll = UINT64_MAX;
  CHECK(call(0, {kAll, 0, 1, 0}) == Pair{0, 1});
  CHECK(call(0, {kAll, kAll, 1, 0}) == Pair{0, 0});
  CHECK(call(0, {1, 2, 3, 4}) == Pair{4, 6});
  CHECK(call(1, {0, 1, 1, 0}) == Pair{kAll, 0});
  CHECK(call(1, {0, 0, 1, 0}) == Pair{kAll, kAll});
  CHECK(call(1, {9, 9, 3, 4}) == Pair{6, 5});
  CHECK(call(2, {kAll, kAll}) == Pair{1, 0});
  CHECK(call(2, {kAll, 5}) == Pair{kAll - 4, kAll});
  CHECK(call(2, {kMin, kMin}) == Pair{0, uint64_t{1} << 62});
  CHECK(call(3, {kAll, kAll}) == Pair{1, kAll - 1});
  CHECK(call(3, {kMin, 2}) == Pair{0, 1});
}

TEST_CASE("The results of wide arithmetic as operands") {
  Machine machine;
  machine.features.enable(wasm::Feature::WideArithmetic);
  ModuleBuilder builder;
  // (a * b) + (a * b), then the high half in a local and minus the low one.
  Code code;
  for (int i = 0; i < 2; ++i) code(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::I64MulWideU);
  code(Op::I64Add128)(Op::LocalSet, 0)(Op::LocalGet, 0)(Op::I64Sub);
  builder.function(
      {
          {kI64, kI64},
          {kI64}
  },
      code);
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.value(instance, 0, {UINT64_MAX, 3}) == static_cast<uint64_t>(-6 - 5));
}
