// Compare-and-branch, bit tests, ends of counting loops, br_table, and values that branches carry.
#include <bit>
#include <cmath>

#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

enum class Source { Local, Accumulator, Constant };
constexpr Source kSources[] = {Source::Local, Source::Accumulator, Source::Constant};

void constant(Code& code, wasm::ValType type, uint64_t bits) {
  if (type == kI32) code.i32(static_cast<int32_t>(bits));
  if (type == kI64) code.i64(static_cast<int64_t>(bits));
  if (type == kF32) code.f32(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  if (type == kF64) code.f64(std::bit_cast<double>(bits));
}

void operand(Code& code, wasm::ValType type, Source source, uint32_t local, uint64_t bits) {
  if (source == Source::Constant) return constant(code, type, bits);
  code(Op::LocalGet, local);
  if (source == Source::Local) return;
  if (type == kI32) code.i32(0)(Op::I32Or);
  if (type == kI64) code.i64(0)(Op::I64Or);
  if (type == kF32) code(Op::F32Neg)(Op::F32Neg);
  if (type == kF64) code(Op::F64Neg)(Op::F64Neg);
}

std::vector<uint64_t> samples(wasm::ValType type) {
  const auto f32 = [](float value) { return uint64_t{std::bit_cast<uint32_t>(value)}; };
  const auto f64 = [](double value) { return std::bit_cast<uint64_t>(value); };
  if (type == kI32) return {0, 1, 5, 0x7fff, 0x8000, 0xffff'8000, 0xffff'7fff, 0xffff'ffff};
  if (type == kI64) return {0, 1, 0x1'0000'0001, 0x8000, UINT64_MAX, uint64_t{1} << 63};
  if (type == kF32) return {f32(0), f32(-0.0f), f32(1.5f), f32(-2), f32(NAN), f32(INFINITY)};
  return {f64(0), f64(-0.0), f64(1.5), f64(-2), f64(NAN), f64(INFINITY)};
}

// Whether the condition holds, by its value and by three branches: [a b] -> [value br_if eqz+br_if if]
Code four_ways(Op op, wasm::ValType type, Source left, uint64_t a, Source right, uint64_t b) {
  Code code;
  const auto compare = [&]() -> Code& {
    operand(code, type, left, 0, a);
    operand(code, type, right, 1, b);
    return code(op);
  };
  compare();
  if (op == Op::I32And) code.i32(0)(Op::I32Ne);
  code.block(Op::Block, kI32).i32(1);
  compare()(Op::BrIf, 0)(Op::Drop).i32(0)(Op::End);
  code.block(Op::Block, kI32).i32(0);
  compare()(Op::I32Eqz)(Op::BrIf, 0)(Op::Drop).i32(1)(Op::End);
  compare().block(Op::If, kI32).i32(1)(Op::Else).i32(0)(Op::End);
  return code;
}

void check_comparisons(Op first, Op last, wasm::ValType type) {
  Machine machine;
  for (auto op = static_cast<uint32_t>(first); op <= static_cast<uint32_t>(last); ++op)
    for (const Source left : kSources)
      for (const Source right : kSources) {
        ModuleBuilder builder;
        const auto values = samples(type);
        for (const uint64_t a : values)
          for (const uint64_t b : values)
            builder.function(
                {
                    {type, type},
                    {kI32, kI32, kI32, kI32}
            },
                four_ways(static_cast<Op>(op), type, left, a, right, b));
        Instance& instance = machine.instantiate(builder);
        uint32_t function = 0;
        for (const uint64_t a : values)
          for (const uint64_t b : values) {
            const auto results = machine.call(instance, function++, {a, b}).value();
            CAPTURE(op, int(left), int(right), a, b, results[0], results[1], results[2],
                    results[3]);
            const bool same =
                results[1] == results[0] && results[2] == results[0] && results[3] == results[0];
            REQUIRE(same);
          }
      }
}

}  // namespace

TEST_CASE("Branches on comparisons of i32") { check_comparisons(Op::I32Eq, Op::I32GeU, kI32); }
TEST_CASE("Branches on comparisons of i64") { check_comparisons(Op::I64Eq, Op::I64GeU, kI64); }
TEST_CASE("Branches on comparisons of f32") { check_comparisons(Op::F32Eq, Op::F32Ge, kF32); }
TEST_CASE("Branches on comparisons of f64") { check_comparisons(Op::F64Eq, Op::F64Ge, kF64); }
TEST_CASE("Branches on bit tests") { check_comparisons(Op::I32And, Op::I32And, kI32); }

TEST_CASE("Branches on i64.eqz and on what is in no accumulator") {
  Machine machine;
  ModuleBuilder builder;
  const Code wide = Code()
                        .block(Op::Block, kI32)
                        .i32(1)(Op::LocalGet, 0)(Op::I64Eqz)(Op::BrIf, 0)(Op::Drop)
                        .i32(0)(Op::End)
                        .block(Op::Block, kI32)
                        .i32(0)(Op::LocalGet, 0)(Op::I64Eqz)(Op::I32Eqz)(Op::BrIf, 0)(Op::Drop)
                        .i32(1)(Op::End);
  const uint32_t f = builder.function(
      {
          {kI64},
          {kI32, kI32}
  },
      wide);
  Instance& instance = machine.instantiate(builder);
  for (const uint64_t value : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32, UINT64_MAX}) {
    const uint64_t zero = value == 0;
    CHECK(machine.call(instance, f, {value}).value() == std::vector<uint64_t>{zero, zero});
  }
}

// do { ++count; x += step } while (x op limit), at most 100 times around, from x = start.
TEST_CASE("Loops that end with an addition, a comparison and a branch") {
  using Compare = bool (*)(uint32_t, uint32_t);
  const auto s = [](uint32_t value) { return static_cast<int32_t>(value); };
  static const auto kSigned = s;
  const std::pair<Op, Compare> comparisons[] = {
      { Op::I32Eq, [](uint32_t a,                   uint32_t b) { return a == b; }},
      { Op::I32Ne, [](uint32_t a,                   uint32_t b) { return a != b; }},
      {Op::I32LtS, [](uint32_t a,  uint32_t b) { return kSigned(a) < kSigned(b); }},
      {Op::I32LtU, [](uint32_t a,                    uint32_t b) { return a < b; }},
      {Op::I32GtS, [](uint32_t a,  uint32_t b) { return kSigned(a) > kSigned(b); }},
      {Op::I32GtU, [](uint32_t a,                    uint32_t b) { return a > b; }},
      {Op::I32LeS, [](uint32_t a, uint32_t b) { return kSigned(a) <= kSigned(b); }},
      {Op::I32LeU, [](uint32_t a,                   uint32_t b) { return a <= b; }},
      {Op::I32GeS, [](uint32_t a, uint32_t b) { return kSigned(a) >= kSigned(b); }},
      {Op::I32GeU, [](uint32_t a,                   uint32_t b) { return a >= b; }},
  };
  Machine machine;
  for (const auto& [op, compare] : comparisons)
    for (const int32_t step : {1, -1, 3, 0x12345678})
      for (const uint32_t start : {0u, 0xfffffffeu, 7u})
        for (const uint32_t limit : {0u, 10u, 0xfffffff0u, 40'000u})
          for (const bool by_slot : {false, true})
            for (const bool from_other : {false, true}) {
              // Locals: x, limit, count, other. The sum may come from another local than it goes to.
              Code code;
              code(Op::Block, kEmptyBlock)(Op::Loop, kEmptyBlock);
              code(Op::LocalGet, 2).i32(1)(Op::I32Add)(Op::LocalTee, 2).i32(100)(Op::I32GeU);
              code(Op::BrIf, 1);
              if (from_other) code(Op::LocalGet, 0)(Op::LocalSet, 3);
              code(Op::LocalGet, from_other ? 3 : 0).i32(step)(Op::I32Add)(Op::LocalTee, 0);
              by_slot ? code(Op::LocalGet, 1) : code.i32(static_cast<int32_t>(limit));
              code(op)(Op::BrIf, 0)(Op::End)(Op::End);
              code(Op::LocalGet, 0)(Op::LocalGet, 2);
              ModuleBuilder builder;
              builder.function(
                  {
                      {kI32, kI32},
                      {kI32, kI32}
              },
                  code, {kI32, kI32});
              Instance& instance = machine.instantiate(builder);
              uint32_t x = start, count = 0;
              do {
                if (++count >= 100) break;
                x += static_cast<uint32_t>(step);
              } while (compare(x, limit));
              CAPTURE(step, start, limit, by_slot, from_other);
              REQUIRE(machine.call(instance, 0, {start, limit}).value() ==
                      std::vector<uint64_t>{x, count});
            }
}

TEST_CASE("Loops that count down to zero") {
  Machine machine;
  for (const bool inverted : {false, true}) {
    // The sum of x, x-1, ... 1
    Code code;
    code(Op::Block, kEmptyBlock)(Op::Loop, kEmptyBlock);
    code(Op::LocalGet, 1)(Op::LocalGet, 0)(Op::I32Add)(Op::LocalSet, 1);
    code(Op::LocalGet, 0).i32(-1)(Op::I32Add)(Op::LocalTee, 0);
    if (inverted)
      code(Op::I32Eqz)(Op::BrIf, 1)(Op::Br, 0);
    else
      code(Op::BrIf, 0);
    code(Op::End)(Op::End)(Op::LocalGet, 1)(Op::LocalGet, 0);
    ModuleBuilder builder;
    builder.function(
        {
            {kI32},
            {kI32, kI32}
    },
        code, {kI32});
    Instance& instance = machine.instantiate(builder);
    CHECK(machine.call(instance, 0, {100}).value() == std::vector<uint64_t>{5050, 0});
  }
}

TEST_CASE("An addition into a local that a branch tests against zero") {
  Machine machine;
  ModuleBuilder builder;
  const Code add = Code()(Op::LocalGet, 0).i32(5)(Op::I32Add)(Op::LocalTee, 1);
  Code code;
  code(Op::Block, kEmptyBlock);
  for (const std::byte b : add.bytes()) code.byte(static_cast<uint64_t>(b));
  code(Op::BrIf, 0).i32(77)(Op::LocalSet, 0)(Op::End)(Op::LocalGet, 0)(Op::LocalGet, 1);
  for (const std::byte b : add.bytes()) code.byte(static_cast<uint64_t>(b));
  code.block(Op::If, kI32)(Op::LocalGet, 1)(Op::Else).i32(-1)(Op::End);
  builder.function(
      {
          {kI32},
          {kI32, kI32, kI32}
  },
      code, {kI32});
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.call(instance, 0, {1}).value() == std::vector<uint64_t>{1, 6, 6});
  CHECK(machine.call(instance, 0, {0xfffffffb}).value() == std::vector<uint64_t>{77, 0, 82});
}

TEST_CASE("br_table picks its label and carries values") {
  Machine machine;
  ModuleBuilder builder;
  const uint32_t pair = builder.type({
      {},
      {kI32, kI64}
  });
  for (const bool in_accumulator : {false, true}) {
    Code code;
    code(Op::Block, pair)(Op::Block, pair)(Op::Block, pair);
    code.i32(10).i64(20)(Op::LocalGet, 0);
    if (in_accumulator) code.i32(1)(Op::I32Sub);
    code(Op::BrTable, 4, 0, 1, 2, 1, 0)(Op::End);
    code.i64(1)(Op::I64Add)(Op::Br, 1)(Op::End);
    code.i64(2)(Op::I64Add)(Op::End);
    builder.function(
        {
            {kI32},
            {kI32, kI64}
    },
        code);
  }
  Instance& instance = machine.instantiate(builder);
  const uint64_t expected[] = {21, 22, 20, 22, 21, 21};
  for (uint64_t i = 0; i < 6; ++i) {
    CHECK(machine.call(instance, 0, {i}).value() == std::vector<uint64_t>{10, expected[i]});
    CHECK(machine.call(instance, 1, {i + 1}).value() == std::vector<uint64_t>{10, expected[i]});
  }
  CHECK(machine.call(instance, 0, {0xffffffff}).value()[1] == 21);
}

TEST_CASE("Branches carry more values than move one by one") {
  constexpr uint32_t kCount = 20;
  const bool in_loop = GENERATE(false, true);
  Machine machine;
  ModuleBuilder builder;
  const std::vector<wasm::ValType> many(kCount, kI32);
  const uint32_t block = builder.type({{}, many});
  const uint32_t loop = builder.type({many, many});
  // The values lie above one that is dropped, so that they move; 0 does not branch.
  Code code;
  if (in_loop) {
    for (uint32_t i = 0; i < kCount; ++i) code.i32(static_cast<int32_t>(i));
    code(Op::Loop, loop)(Op::LocalSet, 1).i32(99)(Op::LocalGet, 1);
    // Back to the loop once, with the values turned around by one and the last one replaced.
    code(Op::Drop)(Op::Drop);
    code(Op::LocalGet, 0)(Op::LocalGet, 0)(Op::I32Eqz)(Op::LocalSet, 0).i32(0)(Op::LocalSet, 0);
    code(Op::LocalSet, 2)(Op::LocalGet, 1)(Op::LocalGet, 2)(Op::BrIf, 0)(Op::End);
  } else {
    code(Op::Block, block).i32(-1);
    for (uint32_t i = 0; i < kCount; ++i) code.i32(static_cast<int32_t>(i));
    code(Op::LocalGet, 0)(Op::BrIf, 0);
    code(Op::LocalSet, 1)(Op::Drop).i32(1000)(Op::LocalGet, 1)(Op::Br, 0)(Op::End);
  }
  builder.function({{kI32}, many}, code, {kI32, kI32});
  Instance& instance = machine.instantiate(builder);
  std::vector<uint64_t> expected(kCount);
  for (uint32_t i = 0; i < kCount; ++i) expected[i] = i;
  CHECK(machine.call(instance, 0, {1}).value() == expected);
  if (!in_loop) expected[kCount - 2] = 1000;
  CHECK(machine.call(instance, 0, {0}).value() == expected);
}

TEST_CASE("A loop takes and returns several values") {
  // gcd by (a, b) -> (b, a mod b)
  Machine machine;
  ModuleBuilder builder;
  const uint32_t loop = builder.type({
      {kI32, kI32},
      {kI32, kI32}
  });
  Code code;
  code(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::Loop, loop);
  code(Op::LocalSet, 1)(Op::LocalSet, 0);
  code(Op::LocalGet, 1)(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::I32RemU);
  code(Op::LocalTee, 2)(Op::LocalGet, 2)(Op::BrIf, 0)(Op::End);
  builder.function(
      {
          {kI32, kI32},
          {kI32, kI32}
  },
      code, {kI32});
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.call(instance, 0, {1071, 462}).value() == std::vector<uint64_t>{21, 0});
}

TEST_CASE("select takes every type, its condition from a slot or the accumulator") {
  Machine machine;
  ModuleBuilder builder;
  for (const wasm::ValType type : {kI32, kI64, kF32, kF64, kV128})
    for (const bool in_accumulator : {false, true}) {
      Code code;
      code(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::LocalGet, 2);
      if (in_accumulator) code.i32(0)(Op::I32Ne);
      builder.function(
          {
              {type, type, kI32},
              {type}
      },
          code(Op::Select));
    }
  Instance& instance = machine.instantiate(builder);
  for (uint32_t f = 0; f < 8; ++f) {
    CHECK(machine.value(instance, f, {11, 22, 5}) == 11);
    CHECK(machine.value(instance, f, {11, 22, 0}) == 22);
  }
  for (uint32_t f = 8; f < 10; ++f) {
    CHECK(machine.call(instance, f, {1, 2, 3, 4, 5}).value() == std::vector<uint64_t>{1, 2});
    CHECK(machine.call(instance, f, {1, 2, 3, 4, 0}).value() == std::vector<uint64_t>{3, 4});
  }
}
