#include <algorithm>
#include <cstdio>
#include <thread>

#include "api/host.hpp"

namespace wrun::test {
namespace {

using wasm::kI32;
using wasm::kI64;
using wasm::Op;

void add_sample(ModuleBuilder& builder) {
  builder.import_function("env", "log", {{kI32}, {}});
  builder.export_memory("memory", builder.memory({
                                      .limits = {.minimum = 2, .maximum = 3}
  }));
  builder.export_function(
      "extend", builder.function({{kI32}, {kI32}}, Code()(Op::LocalGet, 0)(Op::I32Extend8S)));
  builder.name_module("sample");
  builder.custom("notes", {std::byte{1}, std::byte{2}});
}

TEST_CASE("modules can be looked at") {
  Host host;
  ModuleBuilder builder;
  add_sample(builder);
  const Module module = host.compile(builder);
  CHECK(module.name() == "sample");
  CHECK(module.size() == builder.build().size());
  REQUIRE(module.imports().size() == 1);
  CHECK(module.imports()[0].type.func->text() == "[i32] -> []");
  CHECK(module.exports().size() == 2);
  CHECK(module.find_export("memory")->text == "memory 2 3");
  CHECK(!module.find_export("nothing").has_value());
  CHECK(module.counts().functions == 2);
  CHECK(module.custom_section("notes")->size() == 2);
  CHECK(!module.custom_section("none").has_value());
  CHECK(module.required_features() == std::vector<std::string>{"sign-extension"});
  const auto sections = module.sections();
  CHECK(std::ranges::is_sorted(sections, {}, &SectionInfo::offset));
  CHECK(sections.back().custom == "notes");
  CHECK(sections.back().offset + sections.back().size == module.size());
}

TEST_CASE("errors say what and where") {
  Host host;
  SECTION("not a module") {
    const auto module = Module::from_bytes(host.engine, std::as_bytes(std::span("hello, world")));
    REQUIRE(!module);
    CHECK(module.error().kind == Error::Kind::Malformed);
    CHECK(module.error().offset == 0);
  }
  SECTION("invalid code") {
    ModuleBuilder builder;
    builder.function({{}, {}}, Code());
    builder.function({{}, {kI32}}, Code().i64(1));
    const auto module = Module::from_bytes(host.engine, builder.build());
    REQUIRE(!module);
    CHECK(module.error().kind == Error::Kind::Invalid);
    CHECK(module.error().offset.has_value());
    CHECK(module.error().function == 1);
  }
  SECTION("no such file") {
    const auto module = Module::from_file(host.engine, "/nowhere/x.wasm");
    REQUIRE(!module);
    CHECK(module.error().kind == Error::Kind::Io);
    CHECK(module.error().message.find("/nowhere/x.wasm") != std::string::npos);
  }
}

TEST_CASE("bytes are copied or borrowed") {
  Host host;
  ModuleBuilder builder;
  builder.export_function("f", builder.function({{}, {kI32}}, Code().i32(3)));
  std::vector<std::byte> bytes = builder.build();
  const Module module = must(Module::from_bytes(host.engine, bytes));
  auto owner = std::make_shared<std::vector<std::byte>>(bytes);
  {
    const Module borrowing = must(Module::from_bytes(host.engine, *owner, owner));
    CHECK(owner.use_count() > 1);
  }
  CHECK(owner.use_count() == 1);
  std::ranges::fill(bytes, std::byte{0});
  CHECK(must(must(host.linker.instantiate(module)).func("f")->call<int32_t()>()) == 3);
}

TEST_CASE("proposals can be switched") {
  ModuleBuilder builder;
  add_sample(builder);
  const Engine strict = must(Engine::create({.features = {{"sign-extension", false}}}));
  CHECK(!Module::from_bytes(strict, builder.build()));
  const auto unknown = Engine::create({.features = {{"warp", true}}});
  REQUIRE(!unknown);
  CHECK(unknown.error().kind == Error::Kind::Usage);
  CHECK(std::ranges::count(known_features(), std::string_view("simd"), &FeatureInfo::name) == 1);
}

TEST_CASE("threads share an engine and a module") {
  Host host;
  ModuleBuilder builder;
  builder.export_function(
      "f", builder.function({{kI32}, {kI32}}, Code()(Op::LocalGet, 0).i32(1)(Op::I32Add)));
  const Module module = host.compile(builder);
  std::vector<std::thread> threads;
  std::atomic<int> sum = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        const Store store(host.engine);
        Linker linker(store);
        const auto instance = linker.instantiate(module);
        sum += instance->func("f")->call<int32_t(int32_t)>(i).value_or(-1000);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(sum == 20 * (1 + 2 + 3 + 4));
}

TEST_CASE("Modules may be text") {
  const Engine engine = *Engine::create();
  CHECK(Module::from_text(engine, "(module $m (func))")->name() == "m");
  const std::string source = "(module\n  (func (drop)))";
  const auto invalid = Module::from_bytes(engine, std::as_bytes(std::span(source)));
  REQUIRE(!invalid);
  CHECK(invalid.error().kind == Error::Kind::Invalid);
  CHECK(invalid.error().message.starts_with("line 2, column 10: type mismatch"));
  const auto malformed = Module::from_text(engine, "(module (nop))");
  CHECK(malformed.error().kind == Error::Kind::Malformed);
  CHECK(malformed.error().message.starts_with("line 1, column 10: unexpected token"));
}

TEST_CASE("Text is translated to binary") {
  const std::string_view source = "(module\n  (func nop))";
  const auto text = TextModule::parse(source);
  REQUIRE(text);
  CHECK(is_text(std::as_bytes(std::span(source))));
  CHECK(!is_text(text->binary()));
  CHECK(text->find_position(text->binary().size() - 2)->column == 9);
  const auto error = TextModule::parse("(module\n  oops)");
  REQUIRE(!error);
  CHECK(render(error.error(), "(module\n  oops)", "m.wat") ==
        "m.wat:2:3: unknown operator oops\n    oops)\n    ^");
}

}  // namespace
}  // namespace wrun::test
