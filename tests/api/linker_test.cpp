#include "api/host.hpp"

namespace wrun::test {
namespace {

using wasm::kExternRef;
using wasm::kF64;
using wasm::kI32;
using wasm::kI64;
using wasm::Op;

// Exports "run", which calls the imported host.f with its own parameters.
void add_call(ModuleBuilder& builder, const Signature& signature) {
  const uint32_t imported = builder.import_function("host", "f", signature);
  Code code;
  for (size_t i = 0; i < signature.params.size(); ++i) code(Op::LocalGet, i);
  const uint32_t run = builder.function(signature, code(Op::Call, imported));
  builder.export_function("run", run);
}

Func caller_of_host(Host& host, const Signature& signature) {
  ModuleBuilder builder;
  builder.export_memory("memory", builder.memory({.limits = {.minimum = 1}}));
  add_call(builder, signature);
  return host.instantiate(builder).func("run").value();
}

TEST_CASE("host functions have the type of their C++ signature") {
  Host host;
  SECTION("results by value") {
    host.linker.define_func("host", "f", [](int32_t a, double b) { return a + b; });
    const Func run = caller_of_host(host, {
                                              {kI32, kF64},
                                              {kF64}
    });
    CHECK(must(run.call<double(int32_t, double)>(2, 0.5)) == 2.5);
  }
  SECTION("several results") {
    host.linker.define_func("host", "f", [](uint64_t a) { return std::tuple(a + 1, uint32_t{7}); });
    const Func run = caller_of_host(host, {
                                              {kI64},
                                              {kI64, kI32}
    });
    CHECK(must(run.call<std::tuple<int64_t, int32_t>(int64_t)>(-1)) == std::tuple(0, 7));
  }
  SECTION("state, and nothing given back") {
    int calls = 0;
    host.linker.define_func("host", "f", [&calls] { ++calls; });
    const Func run = caller_of_host(host, {{}, {}});
    must(run.call<void()>());
    must(run.call<void()>());
    CHECK(calls == 2);
  }
  SECTION("of another type they are not linked") {
    host.linker.define_func("host", "f", [](int32_t) {});
    ModuleBuilder builder;
    add_call(builder, {{kI64}, {}});
    const auto instance = host.linker.instantiate(host.compile(builder));
    REQUIRE(!instance);
    CHECK(instance.error().kind == Error::Kind::Unlinkable);
    CHECK(instance.error().message.find("[i32] -> []") != std::string::npos);
  }
}

TEST_CASE("host functions see their caller") {
  Host host;
  host.linker.define_func("host", "f", [&host](Caller& caller, uint32_t address) -> int32_t {
    CHECK(caller.memory().size() == 65536);
    CHECK(caller.store().memory_bytes() == host.store.memory_bytes());
    CHECK(!caller.interrupted());
    caller.memory()[address] = std::byte{9};
    return 0;
  });
  ModuleBuilder builder;
  builder.export_memory("memory", builder.memory({.limits = {.minimum = 1}}));
  add_call(builder, {{kI32}, {kI32}});
  const Instance instance = host.instantiate(builder);
  must(instance.func("run")->call<int32_t(int32_t)>(77));
  CHECK(instance.memory("memory")->bytes()[77] == std::byte{9});
}

TEST_CASE("host functions can fail") {
  Host host;
  SECTION("with a message") {
    host.linker.define_func("host", "f", []() -> Result<int32_t> {
      return fail(Error::Kind::Io, "the printer is on fire");
    });
    const auto result = caller_of_host(host, {{}, {kI32}}).call<int32_t()>();
    REQUIRE(!result);
    CHECK(result.error().kind == Error::Kind::Trap);
    CHECK(result.error().message == "the printer is on fire");
    CHECK(trap_of(result.error()).code == TrapCode::HostError);
    CHECK(trap_of(result.error()).frames.size() == 1);
  }
  SECTION("by ending the guest") {
    host.linker.define_func("host", "f", []() -> Result<void> { return exit_guest(77); });
    const auto result = caller_of_host(host, {{}, {}}).call<void()>();
    REQUIRE(!result);
    CHECK(result.error().kind == Error::Kind::Exit);
    CHECK(trap_of(result.error()).exit_status == 77);
    CHECK(trap_of(result.error()).frames.empty());
  }
  SECTION("because guest code did that they called") {
    ModuleBuilder inner;
    inner.export_function("boom", inner.function({{}, {}}, Code()(Op::Unreachable)));
    const Func boom = host.instantiate(inner, "inner").func("boom").value();
    host.linker.define_func("host", "f", [&boom]() -> Result<void> { return boom.call<void()>(); });
    const auto result = caller_of_host(host, {{}, {}}).call<void()>();
    REQUIRE(!result);
    CHECK(trap_of(result.error()).code == TrapCode::Unreachable);
  }
}

TEST_CASE("guest and host can call each other, up to a limit") {
  Host host;
  std::optional<Func> run;
  host.linker.define_func("host", "f", [&run](int32_t n) -> Result<int32_t> {
    if (n == 0) return 0;
    auto deeper = run->call<int32_t(int32_t)>(n - 1);
    if (!deeper) return deeper;
    return *deeper + 1;
  });
  run = caller_of_host(host, {{kI32}, {kI32}});
  CHECK(must(run->call<int32_t(int32_t)>(50)) == 50);
  const auto result = run->call<int32_t(int32_t)>(1'000'000'000);
  REQUIRE(!result);
  CHECK(trap_of(result.error()).code == TrapCode::CallStackExhausted);
  CHECK(must(run->call<int32_t(int32_t)>(50)) == 50);
}

TEST_CASE("host functions of a type known at run time") {
  Host host;
  const FuncType type{
      {      ValueKind::I32, ValueKind::ExternRef},
      {ValueKind::ExternRef,       ValueKind::I64}
  };
  SECTION("that behave") {
    must(host.linker.define_func(
        "host", "f", type,
        [](Caller&, std::span<const Value> arguments) -> Result<std::vector<Value>> {
          return std::vector<Value>{arguments[1], int64_t{arguments[0].i32()} * 2};
        }));
    const Func run = caller_of_host(host, {
                                              {      kI32, kExternRef},
                                              {kExternRef,       kI64}
    });
    const auto results = must(run.call({21, Value::null(ValueKind::ExternRef)}));
    CHECK(results[0].is_null());
    CHECK(results[1].i64() == 42);
  }
  SECTION("that give back something else") {
    must(host.linker.define_func("host", "f", type,
                                 [](Caller&, std::span<const Value>) -> Result<std::vector<Value>> {
                                   return std::vector<Value>{1, 2};
                                 }));
    const Func run = caller_of_host(host, {
                                              {      kI32, kExternRef},
                                              {kExternRef,       kI64}
    });
    const auto result = run.call({21, Value::null(ValueKind::ExternRef)});
    REQUIRE(!result);
    CHECK(result.error().kind == Error::Kind::Trap);
    CHECK(result.error().message == "result 1 is not a value of type externref");
  }
  SECTION("that cannot be") {
    const FuncType odd{{ValueType(ValueKind::Ref, "(ref 3)")}, {}};
    CHECK(!host.linker.define_func("host", "f", odd, nullptr));
  }
}

TEST_CASE("exports of one instance are imports of another") {
  Host host;
  ModuleBuilder library;
  const uint32_t memory = library.memory({.limits = {.minimum = 1}});
  library.export_memory("memory", memory);
  library.export_global("g", library.global({.content = kI32, .is_mutable = true}, Code().i32(5)));
  library.export_function(
      "load", library.function({{kI32}, {kI32}}, Code()(Op::LocalGet, 0)(Op::I32Load, 2, 0)));
  const Instance provider = host.instantiate(library, "library");
  host.linker.define_instance("lib", provider);

  ModuleBuilder user;
  const uint32_t load = user.import_function("lib", "load", {{kI32}, {kI32}});
  user.import_memory("lib", "memory", {.limits = {.minimum = 1}});
  const uint32_t global = user.import_global("lib", "g", {.content = kI32, .is_mutable = true});
  user.export_function(
      "run",
      user.function({{}, {kI32}}, Code()
                                      .i32(8)
                                      .i32(37)(Op::I32Store, 2, 0)
                                      .i32(8)(Op::Call, load)(Op::GlobalGet, global)(Op::I32Add)));
  CHECK(host.linker.missing_imports(host.compile(user)).empty());
  const Func run = host.instantiate(user).func("run").value();
  CHECK(must(run.call<int32_t()>()) == 42);

  const Global five = provider.global("g").value();
  CHECK(five.get().i32() == 5);
  must(five.set(6));
  CHECK(!five.set(6.0));
  CHECK(must(run.call<int32_t()>()) == 43);
  CHECK(provider.memory("memory")->bytes()[8] == std::byte{37});
}

TEST_CASE("missing imports are listed with their types") {
  Host host;
  ModuleBuilder builder;
  builder.import_function("env", "a", {{kI32}, {}});
  builder.import_function("wasi_snapshot_preview1", "fd_close", {{kI32}, {kI32}});
  builder.import_memory("env", "m",
                        {
                            .limits = {.minimum = 1, .maximum = 2}
  });
  const Module module = host.compile(builder);
  CHECK(host.linker.missing_imports(module).size() == 3);
  host.linker.define_wasi(must(Wasi::create({})));
  const auto missing = host.linker.missing_imports(module);
  REQUIRE(missing.size() == 2);
  CHECK(missing[0].module == "env");
  CHECK(missing[0].name == "a");
  CHECK(missing[0].type.text == "func [i32] -> []");
  CHECK(missing[1].type.kind == ExternKind::Memory);
  CHECK(missing[1].type.text == "memory 1 2");
  const auto instance = host.linker.instantiate(module);
  REQUIRE(!instance);
  CHECK(instance.error().kind == Error::Kind::Unlinkable);
}

TEST_CASE("modules of another engine are refused") {
  Host host;
  Host other;
  ModuleBuilder builder;
  const auto instance = host.linker.instantiate(other.compile(builder));
  REQUIRE(!instance);
  CHECK(instance.error().kind == Error::Kind::Usage);
}

}  // namespace
}  // namespace wrun::test
