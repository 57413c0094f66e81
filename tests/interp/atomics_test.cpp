// Atomic accesses, one thread: what they compute, where they trap.
#include <cstring>
#include <functional>

#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

constexpr uint64_t kPage = 65'536;

std::vector<Op> atomic_accesses() {
  std::vector<Op> ops;
  for (uint32_t i = 0; i < wasm::kOpCount; ++i) {
    const wasm::OpInfo& info = wasm::info(static_cast<Op>(i));
    if (info.prefix == wasm::kAtomicPrefix && info.accesses_memory())
      ops.push_back(static_cast<Op>(i));
  }
  return ops;
}

// Which way a module has its memory.
struct Shape {
  bool is_shared = false;
  bool is_64 = false;
  uint32_t index = 0;
};
const Shape kShapes[] = {
    {},
    {true, false, 0},
    {true, true, 0},
    {false, true, 1},
    {true, false, 1}
};

// Function 0 applies `op` to its parameters.
Instance& instantiate(Machine& machine, Op op, const Shape& shape, uint64_t offset = 0) {
  const wasm::OpInfo& info = wasm::info(op);
  ModuleBuilder builder;
  const wasm::MemoryType type{
      .limits = {.minimum = 1, .maximum = 2, .is_64 = shape.is_64},
        .is_shared = shape.is_shared
  };
  for (uint32_t i = 0; i <= shape.index; ++i) builder.memory(type);
  Signature signature;
  Code code;
  for (uint32_t i = 0; i < info.signature.param_count; ++i) {
    const wasm::ValType param(info.signature.params[i]);
    signature.params.push_back(i == 0 && shape.is_64 ? kI64 : param);
    code(Op::LocalGet, i);
  }
  if (info.signature.result_count != 0)
    signature.results.push_back(wasm::ValType(info.signature.results[0]));
  code(op, 0x40u | info.access_log2(), shape.index, offset);
  builder.function(signature, code);
  return machine.instantiate(builder);
}

std::vector<uint64_t> call(Machine& machine, Instance& instance, uint64_t a, uint64_t b = 0,
                           uint64_t c = 0) {
  const auto results = machine.call(instance, 0, {a, b, c});
  if (!results) FAIL(results.error().message);
  return *results;
}

}  // namespace

TEST_CASE("Atomic accesses at the edge of the memory, and unaligned") {
  const std::vector<Op> ops = atomic_accesses();
  CHECK(ops.size() == 66);
  Machine machine;
  for (const Shape& shape : kShapes)
    for (const Op op : ops)
      for (const uint64_t offset : {uint64_t{0}, uint64_t{8}, uint64_t{0xfffffff8}}) {
        if (!shape.is_shared && (op == Op::MemoryAtomicWait32 || op == Op::MemoryAtomicWait64))
          continue;
        CAPTURE(wasm::text(op), shape.is_shared, shape.is_64, shape.index, offset);
        Instance& instance = instantiate(machine, op, shape, offset);
        const uint64_t bytes = uint64_t{1} << wasm::info(op).access_log2();
        const auto trap_at = [&](uint64_t address) {
          return machine.trap(instance, 0, {address, 1, 0}).code;
        };
        if (offset < kPage) {
          REQUIRE(machine.call(instance, 0, {kPage - bytes - offset, 1, 0}).has_value());
          if (bytes > 1) {
            REQUIRE(trap_at(kPage - bytes - offset + 1) == TrapCode::UnalignedAtomic);
            REQUIRE(machine.trap(instance, 0, {1, 1, 0}).message == "unaligned atomic");
          }
        }
        REQUIRE(trap_at(kPage) == TrapCode::OutOfBoundsMemoryAccess);
        REQUIRE(trap_at(0xfffffff8) == TrapCode::OutOfBoundsMemoryAccess);
        if (offset >= kPage) REQUIRE(trap_at(0) == TrapCode::OutOfBoundsMemoryAccess);
        if (shape.is_64) REQUIRE(trap_at(UINT64_MAX - 7) == TrapCode::OutOfBoundsMemoryAccess);
      }
}

TEST_CASE("Atomic loads, stores and read-modify-writes") {
  constexpr uint64_t kAt = 1024, kOffset = 16, kBefore = 0x8899aabbccddeeff,
                     kOperand = 0x0102030405060708;
  struct Group {
    Op first;  // of seven: i32, i64, i32 8, i32 16, i64 8, i64 16, i64 32
    std::function<uint64_t(uint64_t, uint64_t)> stored;
  };
  const Group groups[] = {
      {   Op::I32AtomicLoad, [](uint64_t a,       uint64_t) { return a; }},
      {  Op::I32AtomicStore,   [](uint64_t,     uint64_t b) { return b; }},
      { Op::I32AtomicRmwAdd, [](uint64_t a, uint64_t b) { return a + b; }},
      { Op::I32AtomicRmwSub, [](uint64_t a, uint64_t b) { return a - b; }},
      { Op::I32AtomicRmwAnd, [](uint64_t a, uint64_t b) { return a & b; }},
      {  Op::I32AtomicRmwOr, [](uint64_t a, uint64_t b) { return a | b; }},
      { Op::I32AtomicRmwXor, [](uint64_t a, uint64_t b) { return a ^ b; }},
      {Op::I32AtomicRmwXchg,   [](uint64_t,     uint64_t b) { return b; }},
  };
  constexpr uint64_t kWidths[] = {4, 8, 1, 2, 1, 2, 4};
  Machine machine;
  for (const Shape& shape : kShapes)
    for (const Group& group : groups)
      for (uint32_t i = 0; i < 7; ++i) {
        const Op op = static_cast<Op>(static_cast<uint32_t>(group.first) + i);
        CAPTURE(wasm::text(op), shape.is_shared, shape.is_64, shape.index);
        Instance& instance = instantiate(machine, op, shape, kOffset);
        std::byte* place = instance.memory(shape.index).base() + kAt + kOffset;
        std::memcpy(place, &kBefore, 8);
        const auto results = call(machine, instance, kAt, kOperand);
        const uint64_t mask = kWidths[i] == 8 ? UINT64_MAX : (uint64_t{1} << 8 * kWidths[i]) - 1;
        if (wasm::info(op).signature.result_count != 0) REQUIRE(results[0] == (kBefore & mask));
        uint64_t after;
        std::memcpy(&after, place, 8);
        REQUIRE(after == ((kBefore & ~mask) | (group.stored(kBefore, kOperand) & mask)));
      }
}

TEST_CASE("Atomic compare-and-exchange compares as many bits as it accesses") {
  constexpr uint64_t kAt = 8, kBefore = 0x8899aabbccddeeff, kNew = 0x1122334455667788;
  constexpr uint64_t kWidths[] = {4, 8, 1, 2, 1, 2, 4};
  Machine machine;
  for (const Shape& shape : kShapes)
    for (uint32_t i = 0; i < 7; ++i) {
      const Op op = static_cast<Op>(static_cast<uint32_t>(Op::I32AtomicRmwCmpxchg) + i);
      CAPTURE(wasm::text(op), shape.is_shared, shape.is_64, shape.index);
      Instance& instance = instantiate(machine, op, shape);
      std::byte* place = instance.memory(shape.index).base() + kAt;
      const uint64_t mask = kWidths[i] == 8 ? UINT64_MAX : (uint64_t{1} << 8 * kWidths[i]) - 1;
      uint64_t after;
      const auto exchange = [&](uint64_t expected) {
        std::memcpy(place, &kBefore, 8);
        const uint64_t result = call(machine, instance, kAt, expected, kNew)[0];
        std::memcpy(&after, place, 8);
        return result;
      };
      REQUIRE(exchange(kBefore) == (kBefore & mask));
      REQUIRE(after == ((kBefore & ~mask) | (kNew & mask)));
      // What lies above the access does not count.
      REQUIRE(exchange(kBefore & mask) == (kBefore & mask));
      REQUIRE(after == ((kBefore & ~mask) | (kNew & mask)));
      REQUIRE(exchange(kBefore ^ 1) == (kBefore & mask));
      REQUIRE(after == kBefore);
    }
}

TEST_CASE("Atomic instructions in a frame of many slots") {
  ModuleBuilder builder;
  builder.memory({
      .limits = {.minimum = 1, .maximum = 1},
        .is_shared = true
  });
  Code code;
  code(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::LocalGet, 2)(Op::I64AtomicRmwCmpxchg, 3, 0);
  code(Op::LocalSet, 40'003)(Op::AtomicFence, 0);
  code(Op::LocalGet, 0)(Op::LocalGet, 40'003)(Op::I64AtomicRmwAdd, 3, 8);
  code(Op::Drop)(Op::LocalGet, 40'003);
  const std::vector<wasm::ValType> locals(40'000, kV128);
  auto with_last = locals;
  with_last.push_back(kI64);
  builder.function(
      {
          {kI32, kI64, kI64},
          {kI64}
  },
      code, with_last);
  Machine machine;
  Instance& instance = machine.instantiate(builder);
  auto* words = reinterpret_cast<uint64_t*>(instance.memory(0).base());
  words[0] = 77;
  words[1] = 1;
  CHECK(machine.value(instance, 0, {0, 77, 78}) == 77);
  CHECK(words[0] == 78);
  CHECK(words[1] == 78);
}

TEST_CASE("Waiting and notifying without other threads") {
  Machine machine;
  for (const Shape& shape : kShapes) {
    CAPTURE(shape.is_shared, shape.is_64, shape.index);
    for (const Op op : {Op::MemoryAtomicWait32, Op::MemoryAtomicWait64}) {
      Instance& instance = instantiate(machine, op, shape);
      if (!shape.is_shared) {
        const Trap trap = machine.trap(instance, 0, {0, 0, 0});
        CHECK(trap.code == TrapCode::ExpectedSharedMemory);
        CHECK(trap.message == "expected shared memory");
        continue;
      }
      CHECK(machine.value(instance, 0, {0, 1, UINT64_MAX}) == 1);  // not equal
      CHECK(machine.value(instance, 0, {0, 0, 0}) == 2);           // timed out
      CHECK(machine.value(instance, 0, {0, 0, 1'000'000}) == 2);
    }
    Instance& instance = instantiate(machine, Op::MemoryAtomicNotify, shape);
    CHECK(machine.value(instance, 0, {0, UINT32_MAX}) == 0);
  }
}

TEST_CASE("A fence needs no memory") {
  ModuleBuilder builder;
  builder.function({{}, {kI32}}, Code()(Op::AtomicFence, 0).i32(3));
  Machine machine;
  CHECK(machine.value(machine.instantiate(builder), 0) == 3);
}
