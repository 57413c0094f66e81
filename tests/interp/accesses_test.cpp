// Loads and stores: every way to form an address, and the edge of the memory.
#include <algorithm>
#include <cstring>

#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

constexpr uint64_t kPage = 65'536;

std::vector<Op> accesses(uint16_t flag) {
  std::vector<Op> ops;
  for (uint32_t i = 0; i < wasm::kOpCount; ++i) {
    const wasm::OpInfo& info = wasm::info(static_cast<Op>(i));
    if (info.has(flag) && info.accesses_memory() && info.imm == wasm::Imm::MemArg &&
        info.prefix != 0xfe)
      ops.push_back(static_cast<Op>(i));
  }
  return ops;
}

// The operands of `op` but the address, which are zero.
void push_zero(Code& code, wasm::ValType type) {
  if (type == kI32) code.i32(0);
  if (type == kI64) code.i64(0);
  if (type == kF32) code.f32(0);
  if (type == kF64) code.f64(0);
  if (type == kV128) code.v128(0, 0);
}

}  // namespace

TEST_CASE("The edge of the memory, for every load and store") {
  const bool guarded = GENERATE(true, false);
  const bool is_64 = GENERATE(false, true);
  if (guarded && is_64) return;  // only 32-bit memories have guards
  Machine machine({}, {.guarded_memories = guarded});
  std::vector<Op> ops = accesses(wasm::op_flag::Load);
  const std::vector<Op> stores = accesses(wasm::op_flag::Store);
  CHECK(ops.size() == 27);
  CHECK(stores.size() == 10);
  ops.insert(ops.end(), stores.begin(), stores.end());
  for (const Op op : ops)
    for (const bool in_accumulator : {false, true})
      for (const uint64_t offset : {uint64_t{0}, uint64_t{8}, uint64_t{0xffffffff}}) {
        const wasm::OpInfo& info = wasm::info(op);
        const uint64_t bytes = uint64_t{1} << info.access_log2();
        const wasm::ValType address = is_64 ? kI64 : kI32;
        const bool is_store = info.has(wasm::op_flag::Store);
        Code before;
        before(Op::LocalGet, 0);
        if (in_accumulator && is_64) before.i64(0)(Op::I64Or);
        if (in_accumulator && !is_64) before.i32(0)(Op::I32Or);
        if (is_store) push_zero(before, wasm::ValType(info.signature.params[1]));
        Code code = before;
        code(op, 0, offset);
        if (!is_store) code(Op::Drop);
        ModuleBuilder builder;
        builder.memory({
            .limits = {.minimum = 1, .maximum = 1, .is_64 = is_64}
        });
        builder.function({}, Code());
        builder.function({{address}, {}}, code);
        Instance& instance = machine.instantiate(builder);
        CAPTURE(info.prefix, info.code, in_accumulator, offset, guarded, is_64);
        if (offset + bytes <= kPage)
          REQUIRE(machine.call(instance, 1, {kPage - bytes - offset}).has_value());
        std::vector<uint64_t> outside = {kPage, 0x7fffffff, 0xffffffff};
        if (offset + bytes <= kPage) outside.push_back(kPage - bytes - offset + 1);
        if (offset > kPage) outside.push_back(0);
        if (is_64)
          outside.insert(outside.end(), {UINT64_MAX, UINT64_MAX - bytes + 1, uint64_t{1} << 32});
        for (const uint64_t at : outside) {
          const Trap trap = machine.trap(instance, 1, {at});
          REQUIRE(trap.code == TrapCode::OutOfBoundsMemoryAccess);
          REQUIRE(trap.message == "out of bounds memory access");
          REQUIRE(trap.frames.size() == 1);
          REQUIRE(trap.frames[0].function_index == 1);
          REQUIRE(trap.frames[0].offset == offset_after(instance, 1, before));
        }
        REQUIRE(machine.call(instance, 0).has_value());
      }
}

namespace {

enum class Sum { Slots, FirstLast, SecondLast };

// The address local 0 + (local 1 << shift), its parts in slots or one of them just computed.
Code address(Sum sum, bool shift_first, uint32_t shift) {
  Code code;
  const auto base = [&](bool computed) {
    code(Op::LocalGet, 0);
    if (computed) code.i32(0)(Op::I32Or);
  };
  const auto index = [&](bool computed) {
    code(Op::LocalGet, 1);
    if (computed) code.i32(0)(Op::I32Or);
    if (shift != 0) code.i32(static_cast<int32_t>(shift))(Op::I32Shl);
  };
  if (shift_first) {
    index(sum == Sum::FirstLast);
    base(sum == Sum::SecondLast);
  } else {
    base(sum == Sum::FirstLast);
    index(sum == Sum::SecondLast);
  }
  return code(Op::I32Add);
}

}  // namespace

TEST_CASE("Sums and scaled sums as addresses") {
  const bool guarded = GENERATE(true, false);
  Machine machine({}, {.guarded_memories = guarded});
  for (const Sum sum : {Sum::Slots, Sum::FirstLast, Sum::SecondLast})
    for (const bool shift_first : {false, true})
      for (uint32_t shift = 0; shift < 5; ++shift)
        for (const uint32_t offset : {0u, 24u, 0xffffu, 0x10000u}) {
          ModuleBuilder builder;
          builder.memory({
              .limits = {.minimum = 3, .maximum = 3}
          });
          const Code at = address(sum, shift_first, shift);
          const auto with_address = [&](auto&&... rest) {
            Code code = at;
            (rest(code), ...);
            return code;
          };
          const auto load = [&](Op op) {
            return with_address([&](Code& code) { code(op, 0, offset); });
          };
          const Signature loads{
              {kI32, kI32, kI64},
              {kI64}
          };
          builder.function(loads, load(Op::I64Load));
          builder.function(loads, load(Op::I64Load32U));
          builder.function(loads, load(Op::I64Load16U));
          builder.function(loads, load(Op::I64Load8U));
          builder.function(
              {
                  {kI32, kI32, kI64},
                  {kF64}
          },
              load(Op::F64Load));
          const Signature stores{
              {kI32, kI32, kI64},
              {}
          };
          const auto store = [&](Op op, auto value) {
            return with_address(value, [&](Code& code) { code(op, 0, offset); });
          };
          const auto local = [](Code& code) { code(Op::LocalGet, 2); };
          const auto sum_of_local = [](Code& code) { code(Op::LocalGet, 2).i64(1)(Op::I64Add); };
          const auto small = [](Code& code) { code.i64(-77); };
          builder.function(stores, store(Op::I64Store, local));
          builder.function(stores, store(Op::I64Store32, local));
          builder.function(stores, store(Op::I64Store16, local));
          builder.function(stores, store(Op::I64Store8, local));
          builder.function(stores, store(Op::I64Store, sum_of_local));
          builder.function(stores, store(Op::I64Store, small));
          builder.function(stores, store(Op::I64Store32, small));
          builder.function(stores, store(Op::F64Store, [](Code& code) { code.f64(0); }));
          Instance& instance = machine.instantiate(builder);
          std::byte* memory = instance.memory(0).base();
          constexpr uint64_t kBase = 1000, kIndex = 123, kValue = 0x8877665544332211;
          const uint64_t where = kBase + (kIndex << shift) + offset;
          CAPTURE(int(sum), shift_first, shift, offset, guarded);
          std::memcpy(memory + where, &kValue, 8);
          REQUIRE(machine.value(instance, 0, {kBase, kIndex, 0}) == kValue);
          REQUIRE(machine.value(instance, 1, {kBase, kIndex, 0}) == (kValue & 0xffffffff));
          REQUIRE(machine.value(instance, 2, {kBase, kIndex, 0}) == (kValue & 0xffff));
          REQUIRE(machine.value(instance, 3, {kBase, kIndex, 0}) == (kValue & 0xff));
          REQUIRE(machine.value(instance, 4, {kBase, kIndex, 0}) == kValue);
          const auto stored = [&](uint32_t function) {
            std::memset(memory, 0, 3 * kPage);
            REQUIRE(machine.call(instance, function, {kBase, kIndex, kValue}).has_value());
            uint64_t value;
            std::memcpy(&value, memory + where, 8);
            std::memset(memory + where, 0, 8);
            // Nothing else changed.
            REQUIRE(std::all_of(memory, memory + 3 * kPage,
                                [](std::byte b) { return b == std::byte{0}; }));
            return value;
          };
          REQUIRE(stored(5) == kValue);
          REQUIRE(stored(6) == (kValue & 0xffffffff));
          REQUIRE(stored(7) == (kValue & 0xffff));
          REQUIRE(stored(8) == (kValue & 0xff));
          REQUIRE(stored(9) == kValue + 1);
          REQUIRE(stored(10) == static_cast<uint64_t>(-77));
          REQUIRE(stored(11) == static_cast<uint32_t>(-77));
          REQUIRE(stored(12) == 0);
        }
}

TEST_CASE("A sum that is an address wraps at 32 bits before the offset is added") {
  const bool guarded = GENERATE(true, false);
  Machine machine({}, {.guarded_memories = guarded});
  for (const uint32_t shift : {0u, 2u, 3u}) {
    ModuleBuilder builder;
    builder.memory({.limits = {.minimum = 1}});
    Code code = address(Sum::Slots, false, shift);
    builder.function(
        {
            {kI32, kI32},
            {kI32}
    },
        code(Op::I32Load, 2, 4));
    code = address(Sum::Slots, false, shift);
    code.i32(9)(Op::I32Store, 2, 4);
    builder.function(
        {
            {kI32, kI32},
            {}
    },
        code);
    Instance& instance = machine.instantiate(builder);
    const uint64_t base = (uint64_t{1} << 32) - (uint64_t{16} << shift);
    REQUIRE(machine.call(instance, 1, {base, 16}).has_value());
    CHECK(machine.value(instance, 0, {base, 16}) == 9);
    CHECK(instance.memory(0).base()[4] == std::byte{9});
    CHECK(machine.trap(instance, 0, {base, 15}).code == TrapCode::OutOfBoundsMemoryAccess);
    CHECK(machine.trap(instance, 1, {base, 15}).code == TrapCode::OutOfBoundsMemoryAccess);
  }
}
