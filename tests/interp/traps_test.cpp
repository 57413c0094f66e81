// Traps and their backtraces; exhaustion of the stack; tail calls.
#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

void check_trap(Machine& machine, Instance& instance, uint32_t function,
                std::initializer_list<uint64_t> arguments, TrapCode code, const Code& before) {
  const Trap trap = machine.trap(instance, function, arguments);
  CHECK(trap.code == code);
  CHECK(trap.message.starts_with(runtime::trap_message(code)));
  REQUIRE(trap.frames.size() == 1);
  CHECK(trap.frames[0].function_index == function);
  CHECK(trap.frames[0].offset == offset_after(instance, function, before));
}

}  // namespace

TEST_CASE("Division traps where it stands") {
  Machine machine;
  ModuleBuilder builder;
  const Op ops[] = {Op::I32DivS, Op::I32DivU, Op::I32RemS, Op::I32RemU,
                    Op::I64DivS, Op::I64DivU, Op::I64RemS, Op::I64RemU};
  const Code before = Code()(Op::LocalGet, 0)(Op::LocalGet, 1);
  for (const Op op : ops) {
    const wasm::ValType type = op < Op::I64DivS ? kI32 : kI64;
    builder.function(
        {
            {type, type},
            {type}
    },
        Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(op));
  }
  Instance& instance = machine.instantiate(builder);
  for (uint32_t f = 0; f < 8; ++f)
    check_trap(machine, instance, f, {7, 0}, TrapCode::IntegerDivideByZero, before);
  check_trap(machine, instance, 0, {0x80000000, 0xffffffff}, TrapCode::IntegerOverflow, before);
  check_trap(machine, instance, 4, {uint64_t{1} << 63, UINT64_MAX}, TrapCode::IntegerOverflow,
             before);
  CHECK(machine.value(instance, 2, {0x80000000, 0xffffffff}) == 0);
  CHECK(machine.value(instance, 6, {uint64_t{1} << 63, UINT64_MAX}) == 0);
  CHECK(machine.value(instance, 0, {42, 6}) == 7);
}

TEST_CASE("Division by a constant zero traps") {
  Machine machine;
  ModuleBuilder builder;
  builder.function({{kI32}, {kI32}}, Code()(Op::LocalGet, 0).i32(0)(Op::I32DivU));
  builder.function({{kI32}, {kI32}}, Code().i32(INT32_MIN)(Op::LocalGet, 0)(Op::I32DivS));
  Instance& instance = machine.instantiate(builder);
  check_trap(machine, instance, 0, {1}, TrapCode::IntegerDivideByZero,
             Code()(Op::LocalGet, 0).i32(0));
  check_trap(machine, instance, 1, {0xffffffff}, TrapCode::IntegerOverflow,
             Code().i32(INT32_MIN)(Op::LocalGet, 0));
}

TEST_CASE("A backtrace has every frame, with names and the place of each call") {
  Machine machine;
  ModuleBuilder builder;
  const Code before = Code()(Op::Nop)(Op::Nop);
  const uint32_t inner = builder.function({}, Code()(Op::Nop)(Op::Nop)(Op::Unreachable));
  const uint32_t outer = builder.function({}, Code()(Op::Nop)(Op::Call, inner)(Op::Nop));
  builder.name_function(inner, "inner");
  builder.name_function(outer, "outer");
  Instance& instance = machine.instantiate(builder);
  const Trap trap = machine.trap(instance, outer);
  CHECK(trap.code == TrapCode::Unreachable);
  REQUIRE(trap.frames.size() == 2);
  CHECK(trap.frames[0].function == "inner");
  CHECK(trap.frames[0].offset == offset_after(instance, inner, before));
  CHECK(trap.frames[1].function == "outer");
  CHECK(trap.frames[1].offset == offset_after(instance, outer, Code()(Op::Nop)));
}

TEST_CASE("Indirect calls of nothing, of another type, and beyond the table") {
  const bool tail = GENERATE(false, true);
  Machine machine;
  ModuleBuilder builder;
  const uint32_t table = builder.table({.element = kFuncRef, .limits = {.minimum = 4}});
  const uint32_t type = builder.type({{}, {kI32}});
  const uint32_t good = builder.function({{}, {kI32}}, Code().i32(7));
  const uint32_t bad = builder.function({{}, {kI64}}, Code().i64(7));
  builder.elements(table, Code().i32(0), {good, bad});
  const Code before = Code()(Op::LocalGet, 0);
  const uint32_t call = builder.function(
      {{kI32}, {kI32}},
      Code()(Op::LocalGet, 0)(tail ? Op::ReturnCallIndirect : Op::CallIndirect, type, table));
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.value(instance, call, {0}) == 7);
  check_trap(machine, instance, call, {1}, TrapCode::IndirectCallTypeMismatch, before);
  check_trap(machine, instance, call, {2}, TrapCode::UninitializedElement, before);
  CHECK(machine.trap(instance, call, {2}).message == "uninitialized element 2");
  check_trap(machine, instance, call, {4}, TrapCode::UndefinedElement, before);
  check_trap(machine, instance, call, {0xffffffff}, TrapCode::UndefinedElement, before);
}

namespace {

struct CallBack {
  Machine* machine = nullptr;
  Instance* instance = nullptr;
  uint32_t function = 0;
};

TrapCode call_back(void* environment, runtime::VMContext&, uint64_t*) {
  auto& [machine, instance, function] = *static_cast<CallBack*>(environment);
  uint64_t slots[1] = {};
  const auto outcome = machine->store.call(instance->function(function), slots);
  return outcome ? TrapCode::None : outcome.error().code;
}

}  // namespace

TEST_CASE("Endless recursion ends, however it is made") {
  Machine machine({}, {.stack_bytes = 1 << 20});
  CallBack host{.machine = &machine};
  wasm::FuncType type;
  runtime::FuncRef& callback = machine.store.add_host_function(type, call_back, &host);
  ModuleBuilder builder;
  const uint32_t import = builder.import_function("host", "call_back", {});
  const uint32_t table = builder.table({.element = kFuncRef, .limits = {.minimum = 1}});
  const uint32_t direct = builder.function({}, Code()(Op::Call, 1));
  const uint32_t indirect =
      builder.function({}, Code().i32(0)(Op::CallIndirect, builder.type({}), table));
  const uint32_t through_host = builder.function({}, Code()(Op::Call, import));
  builder.elements(table, Code().i32(0), {indirect});
  const uint32_t fine = builder.function({{}, {kI32}}, Code().i32(3));
  const runtime::Extern imports[] = {&callback};
  Instance& instance = machine.instantiate(builder, imports);
  host.instance = &instance;
  host.function = through_host;
  for (const uint32_t function : {direct, indirect, through_host}) {
    const Trap trap = machine.trap(instance, function);
    CHECK(trap.code == TrapCode::CallStackExhausted);
    REQUIRE_FALSE(trap.frames.empty());
    CHECK(trap.frames[0].function_index == function);
    CHECK(machine.value(instance, fine) == 3);
  }
}

TEST_CASE("Tail calls take no stack") {
  const int kind = GENERATE(0, 1, 2);
  Machine machine({}, {.stack_bytes = 1 << 16});
  ModuleBuilder builder;
  const Signature signature{
      {kI32, kI64},
      {kI64}
  };
  const uint32_t type = builder.type(signature);
  const uint32_t table = builder.table({.element = kFuncRef, .limits = {.minimum = 2}});
  Code code;
  code(Op::LocalGet, 0)(Op::I32Eqz)(Op::If, kEmptyBlock)(Op::LocalGet, 1)(Op::Return)(Op::End);
  code(Op::LocalGet, 0).i32(1)(Op::I32Sub)(Op::LocalGet, 1).i64(3)(Op::I64Add);
  if (kind == 0) code(Op::ReturnCall, 0);
  if (kind == 1) code.i32(0)(Op::ReturnCallIndirect, type, table);
  if (kind == 2) code.i32(0)(Op::TableGet, table)(Op::RefNull).byte(0x70)(Op::Drop)(Op::Drop);
  if (kind == 2) code(Op::RefFunc, 0)(Op::ReturnCallRef, type);
  builder.function(signature, code);
  builder.elements(table, Code().i32(0), {0});
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.value(instance, 0, {1'000'000, 5}) == 3'000'005);
}

TEST_CASE("Tail calls between instances take no stack") {
  Machine machine({}, {.stack_bytes = 1 << 16});
  const auto table = machine.store.add_table({.element = kFuncRef, .limits = {.minimum = 2}}, 0);
  REQUIRE(table.has_value());
  const Signature signature{
      {kI32, kI64},
      {kI64}
  };
  const auto module = [&](int32_t self, int32_t other) {
    ModuleBuilder builder;
    builder.import_table("env", "table", {.element = kFuncRef, .limits = {.minimum = 2}});
    const uint32_t type = builder.type(signature);
    // Each instance adds its own number.
    builder.global({.content = kI64, .is_mutable = false}, Code().i64(self + 1));
    Code code;
    code(Op::LocalGet, 0)(Op::I32Eqz)(Op::If, kEmptyBlock)(Op::LocalGet, 1)(Op::Return)(Op::End);
    code(Op::LocalGet, 0).i32(1)(Op::I32Sub)(Op::LocalGet, 1)(Op::GlobalGet, 0)(Op::I64Add);
    code.i32(other)(Op::ReturnCallIndirect, type, 0);
    builder.elements(0, Code().i32(self), {builder.function(signature, code)});
    return builder;
  };
  const runtime::Extern imports[] = {*table};
  Instance& first = machine.instantiate(module(0, 1), imports);
  machine.instantiate(module(1, 0), imports);
  CHECK(machine.value(first, 0, {1'000'000, 0}) == 1'500'000);
}
