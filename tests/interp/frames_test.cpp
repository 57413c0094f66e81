// Locals and the operand stack: copies, zeroed locals, wide frames, and how little native stack a run
// of guest code takes.
#include <pthread.h>

#include <functional>

#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;

TEST_CASE("Locals swap through the stack") {
  Machine machine;
  ModuleBuilder builder;
  const std::vector<wasm::ValType> five(5, kI32);
  // A rotation of five, whose copies gather into few instructions; then a pair swapped.
  Code code;
  for (uint32_t i = 0; i < 5; ++i) code(Op::LocalGet, i);
  for (uint32_t i = 0; i < 5; ++i) code(Op::LocalSet, i);
  code(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::LocalSet, 0)(Op::LocalSet, 1);
  for (uint32_t i = 0; i < 5; ++i) code(Op::LocalGet, i);
  builder.function({five, five}, code);
  // The copies depend on each other: each goes on with what the one before wrote.
  Code chain;
  for (uint32_t i = 0; i < 4; ++i) chain(Op::LocalGet, i)(Op::LocalSet, i + 1);
  for (uint32_t i = 0; i < 5; ++i) chain(Op::LocalGet, i);
  builder.function({five, five}, chain);
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.call(instance, 0, {1, 2, 3, 4, 5}).value() == std::vector<uint64_t>{4, 5, 3, 2, 1});
  CHECK(machine.call(instance, 1, {1, 2, 3, 4, 5}).value() == std::vector<uint64_t>{1, 1, 1, 1, 1});
}

TEST_CASE("A local on the stack keeps its value when the local is set") {
  Machine machine;
  ModuleBuilder builder;
  for (const wasm::ValType type : {kI32, kI64, kF32, kF64, kV128}) {
    const auto change = [&](Code& code) {
      if (type == kI32) code(Op::LocalGet, 0).i32(1)(Op::I32Add);
      if (type == kI64) code(Op::LocalGet, 0).i64(1)(Op::I64Add);
      if (type == kF32) code(Op::LocalGet, 0)(Op::F32Neg);
      if (type == kF64) code(Op::LocalGet, 0)(Op::F64Neg);
      if (type == kV128) code(Op::LocalGet, 0)(Op::V128Not);
    };
    for (const Op op : {Op::LocalSet, Op::LocalTee}) {
      Code code;
      code(Op::LocalGet, 0)(Op::LocalGet, 0);
      change(code);
      code(op, 0);
      if (op == Op::LocalTee) code(Op::Drop);
      builder.function(
          {
              {type},
              {type, type, type}
      },
          code(Op::LocalGet, 0));
    }
  }
  Instance& instance = machine.instantiate(builder);
  const uint64_t changed[] = {8, 8, 7 ^ 0x80000000, 7 ^ uint64_t{1} << 63};
  for (uint32_t f = 0; f < 8; ++f)
    CHECK(machine.call(instance, f, {7}).value() == std::vector<uint64_t>{7, 7, changed[f / 2]});
  for (uint32_t f = 8; f < 10; ++f)
    CHECK(machine.call(instance, f, {7, 8}).value() ==
          std::vector<uint64_t>{7, 8, 7, 8, ~uint64_t{7}, ~uint64_t{8}});
}

TEST_CASE("Locals that were never set are zero, whatever used their place before") {
  Machine machine;
  ModuleBuilder builder;
  // Fills its frame with ones.
  Code fill;
  for (uint32_t i = 0; i < 20; ++i) fill.i64(-1)(Op::LocalSet, i);
  for (uint32_t i = 0; i < 20; ++i) fill(Op::LocalGet, i)(Op::Drop);
  const uint32_t dirty = builder.function({}, fill, std::vector<wasm::ValType>(20, kI64));
  // Set on one path, in a loop, or nowhere.
  Code read;
  read(Op::LocalGet, 0)(Op::If, kEmptyBlock).i64(5)(Op::LocalSet, 1)(Op::End);
  read(Op::LocalGet, 1)(Op::LocalGet, 2)(Op::LocalGet, 3);
  const uint32_t clean = builder.function(
      {
          {kI32},
          {kI64, kI64, kV128}
  },
      read, {kI64, kI64, kV128});
  Code loop;  // reads the local before the loop's end sets it
  loop(Op::Loop, kEmptyBlock)(Op::LocalGet, 2)(Op::LocalGet, 1)(Op::I64Add)(Op::LocalSet, 2);
  loop.i64(7)(Op::LocalSet, 1)(Op::LocalGet, 0).i32(1)(Op::I32Sub)(Op::LocalTee, 0);
  loop(Op::BrIf, 0)(Op::End)(Op::LocalGet, 2);
  const uint32_t looping = builder.function({{kI32}, {kI64}}, loop, {kI64, kI64});
  const uint32_t both = builder.function(
      {
          {kI32},
          {kI64, kI64, kV128}
  },
      Code()(Op::Call, dirty)(Op::LocalGet, 0)(Op::Call, clean));
  const uint32_t both_looping = builder.function(
      {{kI32}, {kI64}}, Code()(Op::Call, dirty)(Op::LocalGet, 0)(Op::Call, looping));
  Instance& instance = machine.instantiate(builder);
  for (int i = 0; i < 3; ++i) {
    CHECK(machine.call(instance, both, {0}).value() == std::vector<uint64_t>{0, 0, 0, 0});
    CHECK(machine.call(instance, both, {1}).value() == std::vector<uint64_t>{5, 0, 0, 0});
    CHECK(machine.value(instance, both_looping, {4}) == 21);
  }
}

TEST_CASE("Frames of more slots than 16 bits number") {
  Machine machine;
  ModuleBuilder builder;
  constexpr uint32_t kLast = 49'999;  // and a parameter
  builder.memory({.limits = {.minimum = 1}});
  builder.function({{kI32}, {kI32}}, Code()(Op::LocalGet, 0).i32(3)(Op::I32Mul));
  Code code;
  code(Op::LocalGet, 0)(Op::I32x4Splat)(Op::LocalSet, kLast);
  code(Op::LocalGet, kLast)(Op::LocalGet, kLast)(Op::I32x4Add)(Op::LocalSet, kLast - 1);
  code(Op::Block, kEmptyBlock)(Op::Loop, kEmptyBlock);
  code(Op::LocalGet, kLast - 1)(Op::LocalGet, kLast)(Op::I32x4Add)(Op::LocalSet, kLast - 1);
  code(Op::LocalGet, 0).i32(1)(Op::I32Sub)(Op::LocalTee, 0)(Op::BrIf, 0)(Op::End)(Op::End);
  code.i32(16)(Op::LocalGet, kLast - 1)(Op::V128Store, 4, 0).i32(16)(Op::I32Load, 2, 4);
  code(Op::Call, 0).i32(16)(Op::V128Load, 4, 0)(Op::LocalGet, 30'000)(Op::V128Or);
  code(Op::I32x4ExtractLane).byte(3)(Op::LocalGet, 0)(Op::I32Eqz)(Op::Select).i32(1)(Op::I32Add);
  builder.function({{kI32}, {kI32}}, code, std::vector<wasm::ValType>(kLast, kV128));
  Instance& instance = machine.instantiate(builder);
  // lanes: n * 2, then n times n more; the loop leaves 0, so that select takes the first.
  CHECK(machine.value(instance, 1, {10}) == 3 * (20 + 100) + 1);
}

namespace {

void* on_small_stack(void* body) {
  (*static_cast<std::function<void()>*>(body))();
  return nullptr;
}

void run_with_stack(size_t bytes, std::function<void()> body) {
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, bytes) == 0);
  pthread_t thread;
  REQUIRE(pthread_create(&thread, &attributes, on_small_stack, &body) == 0);
  REQUIRE(pthread_join(thread, nullptr) == 0);
  pthread_attr_destroy(&attributes);
}

}  // namespace

TEST_CASE("Guest code takes no native stack") {
  const bool watched = GENERATE(false, true);
  Machine machine({.interruptible = watched, .fuel_metering = watched});
  ModuleBuilder builder;
  builder.memory({.limits = {.minimum = 1}});
  const uint32_t table = builder.table({.element = kFuncRef, .limits = {.minimum = 1}});
  const Signature signature{{kI32}, {kI32}};
  const uint32_t type = builder.type(signature);
  const uint32_t step = builder.function(signature, Code()(Op::LocalGet, 0).i32(1)(Op::I32Add));
  builder.elements(table, Code().i32(0), {step});
  builder.global({.content = kI64, .is_mutable = true}, Code().i64(0));
  // A bit of everything, a million times around.
  Code code;
  code(Op::Loop, kEmptyBlock);
  code(Op::LocalGet, 1)(Op::Call, step).i32(0)(Op::CallIndirect, type, table)(Op::LocalSet, 1);
  code(Op::LocalGet, 0).i32(0xffc)(Op::I32And)(Op::LocalGet, 1)(Op::I32Store, 2, 0);
  code(Op::LocalGet, 0).i32(0xfff)(Op::I32And)(Op::I64Load32S, 2, 64)(Op::GlobalGet, 0);
  code(Op::I64Xor)(Op::GlobalSet, 0);
  code(Op::LocalGet, 1)(Op::F64ConvertI32S)(Op::F64Sqrt)(Op::F64Floor)(Op::F64Nearest);
  code(Op::I64TruncSatF64S)(Op::I64Popcnt)(Op::GlobalGet, 0)(Op::LocalGet, 0)(Op::Select);
  code(Op::GlobalSet, 0);
  code(Op::LocalGet, 2)(Op::LocalGet, 1)(Op::I8x16Splat)(Op::I8x16AddSatS)(Op::LocalSet, 2);
  code.i32(0)(Op::LocalGet, 0).i32(64)(Op::MemoryFill, 0);
  code.i32(128).i32(0).i32(32)(Op::MemoryCopy, 0, 0);
  code(Op::Block, kEmptyBlock)(Op::Block, kEmptyBlock)(Op::LocalGet, 0).i32(1)(Op::I32And);
  code(Op::BrTable, 1, 0, 1)(Op::End)(Op::Nop)(Op::End);
  code(Op::LocalGet, 0).i32(7)(Op::I32RemU)(Op::Drop);
  code(Op::LocalGet, 0).i32(-1)(Op::I32Add)(Op::LocalTee, 0)(Op::BrIf, 0)(Op::End);
  code(Op::LocalGet, 1);
  const uint32_t run = builder.function(signature, code, {kI32, kV128});
  Instance& instance = machine.instantiate(builder);
  machine.value(instance, run, {1});  // translation may take more
  uint64_t result = 0;
  run_with_stack(64 << 10, [&] {
    uint64_t slots[1] = {1'000'000};
    if (machine.store.call(instance.function(run), slots)) result = slots[0];
  });
  CHECK(result == 2'000'000);
}
