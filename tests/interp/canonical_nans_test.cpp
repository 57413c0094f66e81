// Arithmetic that gives one NaN only.
#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

constexpr uint64_t kOdd32 = 0xffa01234, kCanonical32 = 0x7fc00000;
constexpr uint64_t kOdd64 = 0xfff4000000001234, kCanonical64 = 0x7ff8000000000000;

constexpr Op kBinary32[] = {Op::F32Add, Op::F32Sub, Op::F32Mul, Op::F32Div, Op::F32Min, Op::F32Max};
constexpr Op kBinary64[] = {Op::F64Add, Op::F64Sub, Op::F64Mul, Op::F64Div, Op::F64Min, Op::F64Max};
constexpr Op kUnary32[] = {Op::F32Sqrt, Op::F32Ceil, Op::F32Floor, Op::F32Trunc, Op::F32Nearest};
constexpr Op kUnary64[] = {Op::F64Sqrt, Op::F64Ceil, Op::F64Floor, Op::F64Trunc, Op::F64Nearest};
constexpr Op kLanes32[] = {Op::F32x4Add, Op::F32x4Mul, Op::F32x4Min, Op::F32x4RelaxedMax};
constexpr Op kLanes64[] = {Op::F64x2Sub, Op::F64x2Div, Op::F64x2Max, Op::F64x2RelaxedMin};

}  // namespace

TEST_CASE("NaNs that arithmetic gives are canonical") {
  // A frame of so many slots puts operands and results out of reach of 16 bits.
  const bool wide = GENERATE(false, true);
  Machine machine({.canonical_nans = true});
  machine.features.enable(wasm::Feature::RelaxedSimd);
  ModuleBuilder builder;
  const std::vector<wasm::ValType> locals(wide ? 40'000 : 0, kV128);
  uint32_t functions = 0;
  const auto add = [&](wasm::ValType type, uint32_t operands, const Code& body) {
    builder.function({std::vector<wasm::ValType>(operands, type), {type}}, body, locals);
    ++functions;
  };
  for (const Op op : kBinary32)
    add(kF32, 2, Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(op)(Op::LocalSet, 0)(Op::LocalGet, 0));
  for (const Op op : kUnary32) add(kF32, 1, Code()(Op::LocalGet, 0)(op));
  const uint32_t first64 = functions;
  for (const Op op : kBinary64)
    add(kF64, 2, Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(op)(Op::LocalTee, 0));
  for (const Op op : kUnary64) add(kF64, 1, Code()(Op::LocalGet, 0)(op));
  const uint32_t lanes32 = functions;
  for (const Op op : kLanes32) add(kV128, 2, Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(op));
  const uint32_t lanes64 = functions;
  for (const Op op : kLanes64) add(kV128, 2, Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(op));
  Instance& instance = machine.instantiate(builder);

  for (uint32_t f = 0; f < first64; ++f)
    CHECK(machine.value(instance, f, {kOdd32, kOdd32}) == kCanonical32);
  for (uint32_t f = first64; f < lanes32; ++f)
    CHECK(machine.value(instance, f, {kOdd64, kOdd64}) == kCanonical64);
  constexpr uint64_t kTwoOdd = kOdd32 << 32 | kOdd32, kTwo = kCanonical32 << 32 | kCanonical32;
  for (uint32_t f = lanes32; f < lanes64; ++f)
    CHECK(machine.call(instance, f, {kTwoOdd, kTwoOdd, 0, 0}).value() ==
          std::vector<uint64_t>{kTwo, kTwo});
  for (uint32_t f = lanes64; f < functions; ++f)
    CHECK(machine.call(instance, f, {kOdd64, kOdd64, 0, 0}).value() ==
          std::vector<uint64_t>{kCanonical64, kCanonical64});
  // What is no NaN stays what it is.
  CHECK(machine.value(instance, 0, {0x3f800000, 0x40000000}) == 0x40400000);
}
