#include "runtime/const_eval.hpp"
#include "runtime/world.hpp"

using namespace wrun;
using namespace wrun::runtime;
using namespace wrun::test;

namespace {

constexpr uint64_t kPage = 64 << 10;
const wasm::MemoryType kOnePage = {.limits = {.minimum = 1}};

wasm::TableType func_table(uint64_t minimum) {
  return {.element = kFuncRef, .limits = {.minimum = minimum}};
}

}  // namespace

TEST_CASE("An instance has what its module defines, in the order of its index spaces") {
  World world;
  ModuleBuilder builder;
  const uint32_t first = builder.function(
      {
          {kI32, kV128},
          {kI64}
  },
      Code().i64(0));
  const uint32_t second = builder.function({}, Code());
  builder.memory(kOnePage);
  builder.table(func_table(3));
  builder.global({kI64, true}, Code().i64(-5));
  builder.global({kV128, false}, Code().v128(1, 2));
  builder.tag({{kI32}, {}});
  builder.export_function("first", first);
  builder.export_memory("memory", 0);
  builder.export_tag("oops", 0);
  Instance& instance = world.instantiate(builder);

  CHECK(world.executor.prepared == 1);
  CHECK(instance.function(first).param_slots == 3);
  CHECK(instance.function(first).result_slots == 1);
  CHECK(instance.function(second).function_index == second);
  CHECK(instance.function(second).vm == &instance.vm());
  CHECK(instance.memory(0).size() == kPage);
  CHECK(instance.vm().memory0 == instance.memory(0).view());
  CHECK(instance.default_memory() == instance.memory(0).view());
  CHECK(instance.vm().tables[0]->size == 3);
  CHECK(static_cast<int64_t>(instance.vm().globals[0]->slots[0]) == -5);
  CHECK(instance.vm().globals[1]->slots[1] == 2);
  CHECK(std::get<FuncRef*>(*instance.find_export("first")) == &instance.function(first));
  CHECK(std::holds_alternative<Tag*>(*instance.find_export("oops")));
  CHECK_FALSE(instance.find_export("nothing").has_value());
}

TEST_CASE("Without a memory there is still a view to read") {
  World world;
  Instance& instance = world.instantiate(ModuleBuilder());
  CHECK(instance.vm().memory0->size() == 0);
  CHECK(instance.default_memory() == nullptr);
}

TEST_CASE("Constant expressions") {
  World world;
  ModuleBuilder builder;
  const uint32_t function = builder.function({}, Code());
  builder.declarative_elements({function});
  builder.global({kI32, false}, Code().i32(-7));
  builder.global({kF32, false}, Code().f32(1.5F));
  builder.global({kF64, false}, Code().f64(-2.5));
  builder.global({kFuncRef, false}, Code().ref_null(wasm::HeapType::Abstract::Func));
  builder.global({kFuncRef, false}, Code()(Op::RefFunc, function));
  builder.global({kI32, false}, Code()(Op::GlobalGet, 0));
  // -7 * 3 - 10 + INT32_MIN, which wraps
  builder.global(
      {kI32, false},
      Code()(Op::GlobalGet, 0).i32(3)(Op::I32Mul).i32(10)(Op::I32Sub).i32(INT32_MIN)(Op::I32Add));
  builder.global({kI64, false},
                 Code().i64(INT64_MAX).i64(2)(Op::I64Mul).i64(5)(Op::I64Sub).i64(1)(Op::I64Add));
  VMContext& vm = world.instantiate(builder).vm();

  CHECK(vm.globals[0]->slots[0] == 0xfffffff9);
  CHECK(vm.globals[1]->slots[0] == 0x3fc00000);
  CHECK(vm.globals[2]->slots[0] == 0xc004000000000000);
  CHECK(vm.globals[3]->slots[0] == 0);
  CHECK(vm.globals[4]->slots[0] == to_ref(vm.functions[function]));
  CHECK(vm.globals[5]->slots[0] == 0xfffffff9);
  CHECK(vm.globals[6]->slots[0] == (uint32_t{1} << 31) - 31);
  CHECK(vm.globals[7]->slots[0] == static_cast<uint64_t>(-6));
}

TEST_CASE("Constants on the heap of the guest") {
  runtime::StoreLimits limits;
  limits.gc_heap_bytes = 1 << 20;
  World world(limits);
  ModuleBuilder builder;
  const auto nullable = [](wasm::HeapType heap) { return wasm::ValType::ref(heap, true); };
  Encoder bytes;
  bytes.byte(0x5e).byte(0x78).byte(1);  // (array (mut i8))
  const uint32_t array = builder.raw_type(bytes);
  builder.global({nullable(wasm::HeapType::Abstract::I31), false}, Code().i32(1)(Op::RefI31));
  builder.global({nullable(wasm::HeapType::Abstract::Extern), false},
                 Code().i32(7).i32(3)(Op::ArrayNew, array)(Op::ExternConvertAny));
  const VMContext& vm = world.instantiate(builder).vm();
  CHECK(vm.globals[0]->slots[0] == gc::from_i31(1));
  world.store.heap().collect();
  gc::Array& made = *gc::to_array(vm.globals[1]->slots[0]);
  CHECK(made.length == 3);
  CHECK(made.elements()[2] == std::byte{7});

  ModuleBuilder too_large;
  too_large.raw_type(bytes);
  too_large.global({nullable(wasm::HeapType::concrete(array)), false},
                   Code().i32(0).i32(-1)(Op::ArrayNew, array));
  const auto refused = world.try_instantiate(too_large);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == Error::Kind::Trap);
  CHECK(refused.error().message == "allocation size too large");
}

TEST_CASE("Imports are shared, not copied") {
  World world;
  ModuleBuilder exporter;
  const uint32_t function = exporter.function({}, Code());
  exporter.memory(kOnePage);
  exporter.table(func_table(1));
  exporter.global({kI32, true}, Code().i32(1));
  Instance& first = world.instantiate(exporter);
  const Extern imports[] = {
      first.get(wasm::ExternKind::Func, function), first.get(wasm::ExternKind::Memory, 0),
      first.get(wasm::ExternKind::Table, 0), first.get(wasm::ExternKind::Global, 0)};
  ModuleBuilder importer;
  importer.import_function("a", "f", {});
  importer.import_memory("a", "m", kOnePage);
  importer.import_table("a", "t", func_table(1));
  importer.import_global("a", "g", {kI32, true});
  importer.function({}, Code());
  Instance& second = world.instantiate(importer, imports);

  CHECK(&second.function(0) == &first.function(function));
  CHECK(second.function(1).vm == &second.vm());
  CHECK(second.vm().memory0 == first.vm().memory0);
  CHECK(second.vm().tables[0] == first.vm().tables[0]);
  first.vm().globals[0]->slots[0] = 99;
  CHECK(second.vm().globals[0]->slots[0] == 99);
}

TEST_CASE("Active segments are copied in order") {
  World world;
  ModuleBuilder builder;
  const uint32_t f = builder.function({}, Code());
  const uint32_t g = builder.function({}, Code());
  const uint32_t table = builder.table(func_table(4));
  const uint32_t memory = builder.memory(kOnePage);
  builder.elements(table, Code().i32(1), {f, g});
  builder.element_expressions(
      table, Code().i32(2), kFuncRef,
      {Code()(Op::RefFunc, f), Code().ref_null(wasm::HeapType::Abstract::Func)});
  builder.data(memory, Code().i32(0), "hello");
  builder.data(memory, Code().i32(3), "p!");
  builder.data(memory, Code().i32(65536), "");
  builder.passive_data("kept");
  Instance& instance = world.instantiate(builder);

  CHECK(text_at(instance, 0, 6) == std::string("help!\0", 6));
  const RefSlot* elements = instance.vm().tables[table]->elements;
  CHECK(elements[0] == 0);
  CHECK(elements[1] == to_ref(&instance.function(f)));
  CHECK(elements[2] == to_ref(&instance.function(f)));
  CHECK(elements[3] == 0);

  SECTION("active segments are dropped afterwards, passive ones are not") {
    CHECK(instance.memory_init(memory, 0, 0, 0, 1) == TrapCode::OutOfBoundsMemoryAccess);
    CHECK(instance.memory_init(memory, 0, 0, 0, 0) == TrapCode::None);
    CHECK(instance.table_init(table, 0, 0, 0, 1) == TrapCode::OutOfBoundsTableAccess);
    CHECK(instance.memory_init(memory, 3, 10, 1, 3) == TrapCode::None);
    CHECK(text_at(instance, 10, 3) == "ept");
  }
}

TEST_CASE("A segment out of bounds traps and leaves the earlier ones in place") {
  World world;
  ModuleBuilder owner;
  owner.memory(kOnePage);
  owner.table(func_table(2));
  Instance& owning = world.instantiate(owner);
  const Extern imports[] = {owning.get(wasm::ExternKind::Memory, 0),
                            owning.get(wasm::ExternKind::Table, 0)};
  ModuleBuilder builder;
  builder.import_memory("a", "m", kOnePage);
  builder.import_table("a", "t", func_table(0));
  const uint32_t function = builder.function({}, Code());
  builder.elements(0, Code().i32(1), {function});

  SECTION("data") {
    builder.data(0, Code().i32(0), "first");
    builder.data(0, Code().i32(65535), "no");
    builder.data(0, Code().i32(0), "LAST");
    const auto instance = world.try_instantiate(builder, imports);
    REQUIRE_FALSE(instance.has_value());
    CHECK(instance.error().kind == Error::Kind::Trap);
    CHECK(instance.error().message == "out of bounds memory access: data segment 1");
    CHECK(instance.error().trap->code == TrapCode::OutOfBoundsMemoryAccess);
    CHECK(world.store.last_trap().code == TrapCode::OutOfBoundsMemoryAccess);
    CHECK(text_at(owning, 0, 5) == "first");
    CHECK(text_at(owning, 65535, 1) == std::string(1, '\0'));
  }
  SECTION("elements") {
    builder.elements(0, Code().i32(-1), {function});
    builder.data(0, Code().i32(0), "never");
    const auto instance = world.try_instantiate(builder, imports);
    REQUIRE_FALSE(instance.has_value());
    CHECK(instance.error().message == "out of bounds table access: element segment 1");
    CHECK(text_at(owning, 0, 1) == std::string(1, '\0'));
  }
  // The function outlives the failed instantiation.
  auto* left = reinterpret_cast<FuncRef*>(owning.vm().tables[0]->elements[1]);
  REQUIRE(left != nullptr);
  CHECK(left->vm->instance->module().functions.size() == 1);
}

TEST_CASE("64-bit offsets of segments") {
  World world;
  ModuleBuilder builder;
  builder.memory({
      .limits = {.minimum = 1, .is_64 = true}
  });
  const int64_t offset = GENERATE(int64_t{65'533}, int64_t{1} << 32, int64_t{-1});
  builder.data(0, Code().i64(offset), "abc");
  const auto instance = world.try_instantiate(builder);
  CHECK(instance.has_value() == (offset == 65'533));
}

TEST_CASE("Tables start with their initial expression") {
  World world;
  ModuleBuilder builder;
  const uint32_t function = builder.function({}, Code());
  builder.table(func_table(2), Code()(Op::RefFunc, function));
  Instance& instance = world.instantiate(builder);
  CHECK(instance.vm().tables[0]->elements[1] == to_ref(&instance.function(function)));
}

TEST_CASE("The start function runs last") {
  World world;
  ModuleBuilder builder;
  builder.memory(kOnePage);
  builder.data(0, Code().i32(0), "x");
  const uint32_t start = builder.function({}, Code());
  builder.start(start);

  SECTION("after the segments") {
    std::string seen;
    world.executor.bodies[start] = [&](Store&, FuncRef& function, uint64_t*) {
      seen = text_at(*function.vm->instance, 0, 1);
      return TrapCode::None;
    };
    world.instantiate(builder);
    CHECK(seen == "x");
  }
  SECTION("a trap in it is the instantiation's") {
    world.executor.bodies[start] = [](Store& store, FuncRef&, uint64_t*) {
      store.last_trap().frames.push_back({.function = "start"});
      return TrapCode::Unreachable;
    };
    const auto instance = world.try_instantiate(builder);
    REQUIRE_FALSE(instance.has_value());
    CHECK(instance.error().kind == Error::Kind::Trap);
    CHECK(instance.error().message == "unreachable");
    CHECK(instance.error().trap->frames.size() == 1);
  }
  SECTION("an exit in it is no trap") {
    world.executor.bodies[start] = [](Store& store, FuncRef&, uint64_t*) {
      store.set_exit(3);
      return TrapCode::Exit;
    };
    const auto instance = world.try_instantiate(builder);
    REQUIRE_FALSE(instance.has_value());
    CHECK(instance.error().kind == Error::Kind::Exit);
    CHECK(instance.error().trap->exit_status == 3);
  }
}

TEST_CASE("A host function can be the start function; the new instance is its caller") {
  World world;
  const HostCallback remember = [](void* seen, VMContext& caller, uint64_t*) {
    *static_cast<MemoryView**>(seen) = caller.instance->default_memory();
    return TrapCode::None;
  };
  MemoryView* seen = nullptr;
  ModuleBuilder builder;
  builder.start(builder.import_function("env", "start", {}));
  builder.memory(kOnePage);
  builder.export_memory("memory", 0);
  const Extern imports[] = {&world.store.add_host_function({}, remember, &seen)};
  Instance& instance = world.instantiate(builder, imports);
  CHECK(seen == instance.memory(0).view());
}

TEST_CASE("Limits of the store") {
  ModuleBuilder large;
  large.memory({.limits = {.minimum = 3}});
  ModuleBuilder wide;
  wide.table(func_table(101));
  World world({.memory_bytes = 2 * kPage, .table_elements = 100, .instances = 3});
  for (const ModuleBuilder* builder : {&large, &wide}) {
    const auto refused = world.try_instantiate(*builder);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == Error::Kind::Unsupported);
  }
  world.instantiate(ModuleBuilder());
  const auto fourth = world.try_instantiate(ModuleBuilder());
  REQUIRE_FALSE(fourth.has_value());
  CHECK(fourth.error().message == "more than 3 instances in a store");
}

TEST_CASE("A store can do without guarded memories") {
  World world({.guarded_memories = false});
  ModuleBuilder builder;
  builder.memory(kOnePage);
  CHECK(world.instantiate(builder).memory(0).kind() == MemoryKind::Checked);
}
