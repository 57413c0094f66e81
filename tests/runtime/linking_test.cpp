#include "runtime/world.hpp"
#include "wasm/subtyping.hpp"

using namespace wrun;
using namespace wrun::runtime;
using namespace wrun::test;

namespace {

TrapCode do_nothing(void*, VMContext&, uint64_t*) { return TrapCode::None; }

wasm::FuncType function_type(std::vector<wasm::ValType> params,
                             std::vector<wasm::ValType> results = {}) {
  return {.params = std::move(params), .results = std::move(results)};
}

wasm::MemoryType memory_type(uint64_t minimum, std::optional<uint64_t> maximum = {}) {
  return {
      .limits = {.minimum = minimum, .maximum = maximum}
  };
}

wasm::TableType table_type(uint64_t minimum, std::optional<uint64_t> maximum = {}) {
  return {
      .limits = {.minimum = minimum, .maximum = maximum}
  };
}

// Why `provided` cannot be the only import of `builder`; empty if it can.
std::string mismatch(World& world, const ModuleBuilder& builder, const Extern& provided) {
  const auto instance = world.try_instantiate(builder, {&provided, 1});
  if (instance) return "";
  CHECK(instance.error().kind == Error::Kind::Unlinkable);
  return instance.error().message;
}

}  // namespace

TEST_CASE("Functions match by type") {
  World world;
  ModuleBuilder builder;
  builder.import_function("env", "f", {{kI32}, {kI64}});
  const Extern right =
      &world.store.add_host_function(function_type({kI32}, {kI64}), do_nothing, nullptr);
  const Extern wrong = &world.store.add_host_function(function_type({kI32}), do_nothing, nullptr);
  CHECK(mismatch(world, builder, right).empty());
  CHECK(mismatch(world, builder, wrong) ==
        "incompatible import type\n"
        "  env::f: expected func [i32] -> [i64], found func [i32] -> []");
}

TEST_CASE("A function matches the types its own was declared below") {
  // (rec (type $a (sub (func)))) (rec (type $b (sub $a (func))))
  const Encoder base = Encoder().byte(0x50).u(0).byte(0x60).u(0).u(0);
  const Encoder derived = Encoder().byte(0x50).u(1).u(0).byte(0x60).u(0).u(0);
  World world;
  ModuleBuilder exporter;
  exporter.raw_type(base);
  exporter.raw_type(derived);
  exporter.function_of_type(0, Code());
  exporter.function_of_type(1, Code());
  Instance& instance = world.instantiate(exporter);

  // The importer counts its types differently: identity is canonical.
  const auto importer_of = [&](uint32_t type) {
    ModuleBuilder importer;
    importer.type({{kI32}, {}});
    importer.raw_type(base);
    importer.raw_type(Encoder().byte(0x50).u(1).u(1).byte(0x60).u(0).u(0));
    importer.import_function_of_type("a", "f", type);
    return importer;
  };
  CHECK(mismatch(world, importer_of(1), instance.get(wasm::ExternKind::Func, 0)).empty());
  CHECK(mismatch(world, importer_of(1), instance.get(wasm::ExternKind::Func, 1)).empty());
  CHECK(mismatch(world, importer_of(2), instance.get(wasm::ExternKind::Func, 1)).empty());
  CHECK_FALSE(mismatch(world, importer_of(2), instance.get(wasm::ExternKind::Func, 0)).empty());
}

TEST_CASE("Memories match by limits, of which the minimum is the present size") {
  World world;
  Memory* memory = *world.store.add_memory(memory_type(2, 5));
  const auto check = [&](const wasm::MemoryType& wanted) {
    ModuleBuilder builder;
    builder.import_memory("env", "m", wanted);
    return mismatch(world, builder, memory);
  };
  CHECK(check(memory_type(0)).empty());
  CHECK(check(memory_type(2, 5)).empty());
  CHECK(check(memory_type(1, 6)).empty());
  CHECK(check(memory_type(2, 4)) ==
        "incompatible import type\n  env::m: expected memory 2 4, found memory 2 5");
  CHECK_FALSE(check(memory_type(3)).empty());
  REQUIRE(memory->grow(1).has_value());
  CHECK(check(memory_type(3)).empty());
  CHECK_FALSE(check({
                        .limits = {.minimum = 1, .is_64 = true}
  })
                  .empty());
  CHECK_FALSE(check({
                        .limits = {.minimum = 1, .maximum = 9},
                          .is_shared = true
  })
                  .empty());

  Memory* unbounded = *world.store.add_memory(memory_type(2));
  ModuleBuilder bounded;
  bounded.import_memory("env", "m", memory_type(0, 65'536));
  CHECK_FALSE(mismatch(world, bounded, unbounded).empty());
}

TEST_CASE("Tables match by element type and limits") {
  World world;
  Table* table = *world.store.add_table(table_type(2, 5), 0);
  const auto check = [&](const wasm::TableType& wanted) {
    ModuleBuilder builder;
    builder.import_table("env", "t", wanted);
    return mismatch(world, builder, table);
  };
  CHECK(check(table_type(1)).empty());
  CHECK(check({.element = wasm::kExternRef, .limits = {.minimum = 1}}) ==
        "incompatible import type\n"
        "  env::t: expected table 1 externref, found table 2 5 funcref");
  CHECK_FALSE(check({
                        .limits = {.minimum = 1, .is_64 = true}
  })
                  .empty());
}

TEST_CASE("Globals match by mutability and type; immutable ones may be more special") {
  using Abstract = wasm::HeapType::Abstract;
  const wasm::ValType func = wasm::ValType::ref(Abstract::Func, false);
  World world;
  Global& constant = world.store.add_global({kI32, false}, {});
  Global& variable = world.store.add_global({kI32, true}, {});
  Global& reference = world.store.add_global(
      {
          func, false
  },
      {{1, 0}});
  Global& variable_reference = world.store.add_global(
      {
          func, true
  },
      {{1, 0}});
  const auto check = [&](Global& global, const wasm::GlobalType& wanted) {
    ModuleBuilder builder;
    builder.import_global("env", "g", wanted);
    return mismatch(world, builder, &global);
  };
  CHECK(check(constant, {kI32, false}).empty());
  CHECK(check(constant, {kI32, true}) ==
        "incompatible import type\n  env::g: expected global mut i32, found global i32");
  CHECK_FALSE(check(variable, {kI32, false}).empty());
  CHECK_FALSE(check(constant, {kI64, false}).empty());
  CHECK(check(reference, {kFuncRef, false}).empty());
  CHECK_FALSE(check(reference, {wasm::kExternRef, false}).empty());
  CHECK_FALSE(check(variable_reference, {kFuncRef, true}).empty());
  CHECK(check(variable_reference, {func, true}).empty());
}

TEST_CASE("References to a module's own types match across modules") {
  // Global of type (ref null $t), exported by one module and imported by others.
  const auto reference_to = [](uint32_t type) {
    return wasm::GlobalType{wasm::ValType::ref(wasm::HeapType::concrete(type), true), false};
  };
  World world;
  ModuleBuilder exporter;
  const uint32_t type = exporter.type({{kI32}, {}});
  exporter.global(reference_to(type), Code().ref_null(wasm::HeapType::concrete(type)));
  Instance& instance = world.instantiate(exporter);
  const Extern global = instance.get(wasm::ExternKind::Global, 0);

  ModuleBuilder same;
  same.type({{kI64}, {}});
  same.import_global("a", "g", reference_to(same.type({{kI32}, {}})));
  CHECK(mismatch(world, same, global).empty());
  ModuleBuilder other;
  other.import_global("a", "g", reference_to(other.type({{kI64}, {}})));
  CHECK_FALSE(mismatch(world, other, global).empty());
  ModuleBuilder abstract;
  abstract.import_global("a", "g", {kFuncRef, false});
  CHECK(mismatch(world, abstract, global).empty());
}

TEST_CASE("Tags match by type") {
  World world;
  ModuleBuilder builder;
  builder.import_tag("env", "e", {{kI32}, {}});
  const Extern right = &world.store.add_tag(function_type({kI32}));
  const Extern wrong = &world.store.add_tag(function_type({kI64}));
  CHECK(mismatch(world, builder, right).empty());
  CHECK(mismatch(world, builder, wrong) ==
        "incompatible import type\n  env::e: expected tag [i32] -> [], found tag [i64] -> []");
}

TEST_CASE("All imports that do not match are listed, of whatever kind") {
  World world;
  ModuleBuilder builder;
  builder.import_function("env", "f", {});
  builder.import_global("env", "g", {kI32, false});
  builder.import_memory("env", "m\x1b", memory_type(1));
  Memory* memory = *world.store.add_memory(memory_type(0));
  const Extern imports[] = {memory, &world.store.add_global({kI32, false}, {}), memory};
  const auto instance = world.try_instantiate(builder, imports);
  REQUIRE_FALSE(instance.has_value());
  CHECK(instance.error().message ==
        "incompatible import type\n"
        "  env::f: expected func [] -> [], found memory 0\n"
        "  env::m\\x1b: expected memory 1, found memory 0");
  CHECK(world.store.instance_count() == 0);
}

TEST_CASE("The wrong number of imports is a mistake of the host") {
  World world;
  ModuleBuilder builder;
  builder.import_function("env", "f", {});
  const auto instance = world.try_instantiate(builder);
  REQUIRE_FALSE(instance.has_value());
  CHECK(instance.error().kind == Error::Kind::Usage);
}

TEST_CASE("A linker finds exports of instances and definitions by name") {
  World world;
  ModuleBuilder library;
  library.export_function("run", library.function({}, Code()));
  library.memory(memory_type(1));
  library.export_memory("memory", 0);
  Instance& instance = world.instantiate(library);
  Linker linker(world.store);
  linker.define_instance("lib", instance);
  linker.define("env", "base", &world.store.add_global({kI32, false}, {}));

  ModuleBuilder user;
  user.import_function("lib", "run", {});
  user.import_memory("lib", "memory", memory_type(1));
  user.import_global("env", "base", {kI32, false});
  const auto linked = linker.instantiate(world.decode(user), "user");
  REQUIRE(linked.has_value());
  CHECK(&(*linked)->function(0) == &instance.function(0));
  CHECK((*linked)->name() == "user");

  const Extern other = &world.store.add_host_function(function_type({}), do_nothing, nullptr);
  linker.define("lib", "run", other);
  CHECK(linker.find("lib", "run") == other);
  CHECK_FALSE(linker.find("lib", "walk").has_value());
  CHECK_FALSE(linker.find("library", "run").has_value());
}

TEST_CASE("A linker lists every missing import with its type") {
  World world;
  ModuleBuilder builder;
  builder.import_function("env", "foo", {{kI32}, {}});
  builder.import_table("env", "bar", table_type(10));
  builder.import_tag("env", "baz", {{kF64}, {}});
  Linker linker(world.store);
  const auto instance = linker.instantiate(world.decode(builder), "user");
  REQUIRE_FALSE(instance.has_value());
  CHECK(instance.error().kind == Error::Kind::Unlinkable);
  CHECK(instance.error().message ==
        "unknown import: env::foo, func [i32] -> []\n"
        "unknown import: env::bar, table 10 funcref\n"
        "unknown import: env::baz, tag [f64] -> []");
}

TEST_CASE("Long lists of imports are cut") {
  World world;
  ModuleBuilder builder;
  for (int i = 0; i < 150; ++i) builder.import_function("env", "f" + std::to_string(i), {});
  const auto instance = Linker(world.store).instantiate(world.decode(builder), "user");
  REQUIRE_FALSE(instance.has_value());
  CHECK(instance.error().message.ends_with("f99, func [] -> []\nand 50 more"));
}

TEST_CASE("Sources of host functions are asked for what nothing defines") {
  struct Source final : HostFunctionSource {
    int asked = 0;
    bool find(std::string_view module, std::string_view name, HostFunction& out) override {
      ++asked;
      if (module != "host" || name != "f") return false;
      out = {.type = function_type({kI32}), .callback = do_nothing, .environment = this};
      return true;
    }
  } source;
  World world;
  Linker linker(world.store);
  linker.add_source(source);
  ModuleBuilder builder;
  builder.import_function("host", "f", {{kI32}, {}});
  builder.import_function("host", "f", {{kI32}, {}});
  const auto instance = linker.instantiate(world.decode(builder), "user");
  REQUIRE(instance.has_value());
  CHECK(source.asked == 1);
  CHECK(&(*instance)->function(0) == &(*instance)->function(1));
  CHECK((*instance)->function(0).param_slots == 1);
  CHECK((*instance)->function(0).environment == &source);

  ModuleBuilder wrong;
  wrong.import_function("host", "f", {});
  wrong.import_function("host", "g", {});
  CHECK_FALSE(linker.instantiate(world.decode(wrong), "user").has_value());
}
