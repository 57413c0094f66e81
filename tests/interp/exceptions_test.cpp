// Exceptions between frames, instances and the host; what a handler finds in its frame.
#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

constexpr uint32_t kCatch = 0, kCatchRef = 1, kCatchAll = 2;

// A host function (i32) that calls back `machine`'s function and passes on what that ended with.
struct Bouncer {
  Machine& machine;
  runtime::FuncRef* target = nullptr;
  static TrapCode call(void* environment, runtime::VMContext&, uint64_t* slots) {
    auto& self = *static_cast<Bouncer*>(environment);
    const auto outcome = self.machine.store.call(*self.target, slots);
    return outcome ? TrapCode::None : outcome.error().code;
  }
};

}  // namespace

TEST_CASE("An exception nobody catches is a trap that says where it was thrown") {
  Machine machine;
  ModuleBuilder builder;
  const uint32_t tag = builder.tag({{kI32}, {}});
  const Code before = Code()(Op::LocalGet, 0);
  const uint32_t thrower = builder.function({{kI32}, {}}, Code()(Op::LocalGet, 0)(Op::Throw, tag));
  const uint32_t caller =
      builder.function({{kI32}, {}}, Code()(Op::LocalGet, 0)(Op::Call, thrower));
  Instance& instance = machine.instantiate(builder);
  const Trap trap = machine.trap(instance, caller, {5});
  CHECK(trap.code == TrapCode::UnhandledException);
  REQUIRE(trap.frames.size() == 2);
  CHECK(trap.frames[0].function_index == thrower);
  CHECK(trap.frames[0].offset == offset_after(instance, thrower, before));
  CHECK(trap.frames[1].offset == offset_after(instance, caller, before));
}

TEST_CASE("A handler finds locals as they were when the call threw, and operands below") {
  Machine machine;
  ModuleBuilder builder;
  const uint32_t tag = builder.tag({
      {kI64, kV128, kI32},
      {}
  });
  const uint32_t thrower =
      builder.function({{}, {kI32}}, Code().i64(1'000'000'007).v128(3, 4).i32(9)(Op::Throw, tag));
  const uint32_t payload = builder.type({
      {},
      {kI64, kV128, kI32}
  });
  Code code;
  code(Op::LocalGet, 0).i32(100)(Op::I32Add);  // below the block
  code.i32(1)(Op::LocalSet, 1);                // before the block
  code(Op::Block, payload);
  code(Op::TryTable, kEmptyBlock, 1, kCatch, tag, 0);
  code(Op::LocalGet, 1).i32(10)(Op::I32Add)(Op::LocalSet, 1);
  code(Op::Call, thrower)(Op::LocalSet, 1);  // does not happen
  code(Op::End)(Op::Unreachable)(Op::End);
  code(Op::LocalSet, 2)(Op::I64x2ExtractLane, 1)(Op::I64Add)(Op::I32WrapI64);
  code(Op::LocalGet, 1)(Op::I32Add)(Op::LocalGet, 2)(Op::I32Add)(Op::I32Add);
  const uint32_t run = builder.function({{kI32}, {kI32}}, code, {kI32, kI32});
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.value(instance, run, {7}) == 107 + (1'000'000'007 + 4) + 11 + 9);
}

TEST_CASE("Tags are told apart by identity") {
  Machine machine;
  ModuleBuilder builder;
  const uint32_t first = builder.tag({{}, {}}), second = builder.tag({{}, {}});
  const uint32_t thrower = builder.function({{}, {}}, Code()(Op::Throw, second));
  Code code;
  code(Op::Block, kEmptyBlock)(Op::Block, kEmptyBlock);
  code(Op::TryTable, kEmptyBlock, 2, kCatch, first, 0, kCatch, second, 1);
  code(Op::Call, thrower)(Op::End).i32(1)(Op::Return)(Op::End).i32(2)(Op::Return)(Op::End).i32(3);
  const uint32_t run = builder.function({{}, {kI32}}, code);
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.value(instance, run) == 3);
}

TEST_CASE("A tail call out of a block is not covered by it") {
  Machine machine;
  ModuleBuilder builder;
  const uint32_t tag = builder.tag({{}, {}});
  const uint32_t thrower = builder.function({{}, {kI32}}, Code()(Op::Throw, tag));
  Code inner;
  inner(Op::Block, kEmptyBlock)(Op::TryTable, kEmptyBlock, 1, kCatchAll, 0);
  inner(Op::ReturnCall, thrower)(Op::End)(Op::End).i32(1);
  const uint32_t caller = builder.function({{}, {kI32}}, inner);
  Code outer;
  outer(Op::Block, kEmptyBlock)(Op::TryTable, kEmptyBlock, 1, kCatchAll, 0);
  outer(Op::Call, caller)(Op::Return)(Op::End)(Op::End).i32(2);
  const uint32_t run = builder.function({{}, {kI32}}, outer);
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.value(instance, run) == 2);
}

TEST_CASE("An exception goes through another instance and through the host") {
  Machine machine;
  Bouncer bouncer{machine};
  runtime::FuncRef& bounce =
      machine.store.add_host_function({.params = {kI32}, .results = {}}, Bouncer::call, &bouncer);

  ModuleBuilder library;  // throws its argument
  const uint32_t thrown = library.tag({{kI32}, {}});
  library.memory({.limits = {.minimum = 1}});
  library.function({{kI32}, {}}, Code()(Op::LocalGet, 0)(Op::Throw, thrown));
  Instance& thrower = machine.instantiate(library);
  bouncer.target = &thrower.function(0);

  ModuleBuilder builder;
  const uint32_t host = builder.import_function("env", "bounce", {{kI32}, {}});
  const uint32_t direct = builder.import_function("library", "throw", {{kI32}, {}});
  const uint32_t tag = builder.import_tag("library", "tag", {{kI32}, {}});
  const uint32_t memory = builder.memory({.limits = {.minimum = 1}});
  builder.data(memory, Code().i32(0), "\x2a");
  for (const uint32_t callee : {host, direct}) {
    Code code;
    code(Op::Block, static_cast<uint8_t>(wasm::ValType::Kind::I32));
    code(Op::TryTable, kEmptyBlock, 1, kCatch, tag, 0);
    code(Op::LocalGet, 0)(Op::Call, callee)(Op::End)(Op::Unreachable)(Op::End);
    // The handler works on its own instance's memory again.
    code.i32(0)(Op::I32Load8U, 0, 0)(Op::I32Add);
    builder.function({{kI32}, {kI32}}, code);
  }
  const runtime::Extern imports[] = {&bounce, &thrower.function(0),
                                     thrower.get(wasm::ExternKind::Tag, 0)};
  Instance& instance = machine.instantiate(builder, imports);
  CHECK(machine.value(instance, 2, {1000}) == 1042);
  CHECK(machine.value(instance, 3, {2000}) == 2042);
}

TEST_CASE("Legacy: catches nest, rethrow takes any of them, delegate skips") {
  Machine machine;
  ModuleBuilder builder;
  const uint32_t tag = builder.tag({{kI32}, {}});
  const auto i32 = static_cast<uint8_t>(wasm::ValType::Kind::I32);
  // try { throw 1 } catch x { try { throw x + 1 } catch y { rethrow the outer } }, caught outside
  Code nested;
  nested(Op::Try, i32)(Op::Try, i32).i32(1)(Op::Throw, tag);
  nested(Op::Catch, tag).i32(1)(Op::I32Add)(Op::LocalSet, 0);
  nested(Op::Try, i32)(Op::LocalGet, 0)(Op::Throw, tag);
  nested(Op::Catch, tag)(Op::Drop)(Op::Rethrow, 1)(Op::End)(Op::End);
  nested(Op::Catch, tag)(Op::LocalGet, 0).i32(10)(Op::I32Mul)(Op::I32Add)(Op::End);
  const uint32_t rethrows = builder.function({{}, {kI32}}, nested, {kI32});
  // The middle try does not see what the inner one delegates past it.
  Code delegated;
  delegated(Op::Try, i32)(Op::Try, i32)(Op::Try, i32).i32(5)(Op::Throw, tag)(Op::Delegate, 1);
  delegated(Op::CatchAll).i32(-1)(Op::End);
  delegated(Op::Catch, tag).i32(100)(Op::I32Add)(Op::End);
  const uint32_t delegates = builder.function({{}, {kI32}}, delegated);
  // To the function's own label: to the caller.
  Code out;
  out(Op::Try, i32)(Op::Try, i32).i32(6)(Op::Throw, tag)(Op::Delegate, 1);
  out(Op::CatchAll).i32(-1)(Op::End);
  const uint32_t leaves = builder.function({{}, {kI32}}, out);
  Code caller;
  caller(Op::Try, i32)(Op::Call, leaves)(Op::Catch, tag)(Op::End);
  const uint32_t catches = builder.function({{}, {kI32}}, caller);
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.value(instance, rethrows) == 21);
  CHECK(machine.value(instance, delegates) == 105);
  CHECK(machine.value(instance, catches) == 6);
}

TEST_CASE("Frames too big for short operands catch as well") {
  Machine machine;
  ModuleBuilder builder;
  const uint32_t tag = builder.tag({{kI64}, {}});
  const auto i64 = static_cast<uint8_t>(wasm::ValType::Kind::I64);
  const uint32_t last = 40'000;
  std::vector<wasm::ValType> locals(last, kV128);
  locals.push_back(kI64);
  Code code;
  code(Op::Try, i64)(Op::Try, i64).i64(77)(Op::Throw, tag);
  code(Op::Catch, tag)(Op::LocalSet, last)(Op::Rethrow, 0)(Op::End);
  code(Op::Catch, tag)(Op::LocalGet, last)(Op::I64Add)(Op::End);
  const uint32_t run = builder.function({{}, {kI64}}, code, locals);
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.value(instance, run) == 154);
}

TEST_CASE("throw_ref of null traps; a caught reference can be thrown again") {
  Machine machine;
  ModuleBuilder builder;
  const wasm::ValType exnref = wasm::ValType::ref(wasm::HeapType::Abstract::Exn, true);
  const uint32_t tag = builder.tag({{kI32}, {}});
  const uint32_t null =
      builder.function({{}, {}}, Code().ref_null(wasm::HeapType::Abstract::Exn)(Op::ThrowRef));
  const uint32_t caught = builder.type({
      {},
      {kI32, exnref}
  });
  Code again;
  again(Op::Block, static_cast<uint8_t>(wasm::ValType::Kind::I32));
  again(Op::TryTable, kEmptyBlock, 1, kCatch, tag, 0);
  again(Op::Block, caught)(Op::TryTable, kEmptyBlock, 1, kCatchRef, tag, 0);
  again.i32(3)(Op::Throw, tag)(Op::End)(Op::Unreachable)(Op::End);
  again(Op::ThrowRef)(Op::End)(Op::Unreachable)(Op::End);
  const uint32_t rethrown = builder.function({{}, {kI32}}, again);
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.trap(instance, null).code == TrapCode::NullExceptionReference);
  CHECK(machine.value(instance, rethrown) == 3);
}
