#include "text/script.hpp"

#include "catch.hpp"

using namespace wrun::text;

namespace {

Script parse(std::string_view source) {
  auto script = parse_script(source);
  if (!script) FAIL(script.error().message);
  return std::move(*script);
}

template <class T>
T parse_one(std::string_view source) {
  const Script script = parse(source);
  REQUIRE(script.commands.size() == 1);
  REQUIRE(std::holds_alternative<T>(script.commands[0]));
  return std::get<T>(script.commands[0]);
}

Pattern pattern(const std::string& text) {
  const auto command = parse_one<AssertReturn>("(assert_return (invoke \"f\") " + text + ")");
  REQUIRE(command.results.size() == 1);
  return command.results[0];
}

}  // namespace

TEST_CASE("modules of all forms") {
  const Module plain = parse_one<Module>("(module $m (func))");
  CHECK(plain.id == "m");
  CHECK(!plain.is_definition);
  CHECK(plain.encode());
  const Module quoted = parse_one<Module>("(module definition quote \"(func\" \" oops)\")");
  CHECK(quoted.form == Module::Form::Quote);
  CHECK(quoted.is_definition);
  CHECK(quoted.quoted == "(func oops)");
  CHECK(quoted.encode().error().message == "unknown operator oops");
  const Module binary = parse_one<Module>(R"((module $b binary "\00asm" "\01\00\00\00"))");
  CHECK(binary.form == Module::Form::Binary);
  CHECK(binary.encode()->bytes.size() == 8);
  const auto instance = parse_one<ModuleInstance>("(module instance $i $m)");
  CHECK(instance.id == "i");
  CHECK(instance.definition == "m");
  CHECK(parse_one<ModuleInstance>("(module instance $m)").definition == "m");
  CHECK(parse_one<ModuleInstance>("(module instance)").definition.empty());
}

TEST_CASE("fields alone are a module") {
  CHECK(parse_one<Module>("(func) (memory 1)").encode());
  CHECK(parse("").commands.empty());
}

TEST_CASE("a module that is wrong does not end the script") {
  const Script script = parse("(module\n (func oops))\n(invoke \"f\")");
  REQUIRE(script.commands.size() == 2);
  const auto binary = std::get<Module>(script.commands[0]).encode();
  REQUIRE(!binary);
  CHECK(binary.error().message == "unknown operator oops");
  CHECK(binary.error().position == Position{2, 8});
  CHECK(std::get<Action>(script.commands[1]).position == Position{3, 1});
}

TEST_CASE("actions have constants as arguments") {
  const auto action = parse_one<Action>(
      "(invoke $m \"f\" (i32.const -1) (f64.const 1) (v128.const i32x4 1 2 3 4) (ref.null extern) "
      "(ref.extern 7) (ref.host 8))");
  CHECK(action.kind == Action::Kind::Invoke);
  CHECK(action.module == "m");
  CHECK(action.name == "f");
  REQUIRE(action.arguments.size() == 6);
  CHECK(action.arguments[0].bits[0] == 0xffffffff);
  CHECK(action.arguments[1].bits[0] == 0x3ff0000000000000);
  CHECK(action.arguments[2].bits[1] == 0x400000003);
  CHECK(action.arguments[3].kind == Value::Kind::RefNull);
  CHECK(action.arguments[3].heap == wrun::wasm::HeapType::Abstract::Extern);
  CHECK(action.arguments[4].kind == Value::Kind::RefExtern);
  CHECK(action.arguments[4].bits[0] == 7);
  CHECK(action.arguments[5].kind == Value::Kind::RefHost);
  CHECK(parse_one<Action>("(get \"g\")").kind == Action::Kind::Get);
}

TEST_CASE("results are patterns") {
  CHECK(pattern("(i64.const -1)").bits[0] == UINT64_MAX);
  CHECK(pattern("(f32.const nan:canonical)").nan[0] == Pattern::Nan::Canonical);
  const Pattern vector = pattern("(v128.const f32x4 1 nan:arithmetic 0 nan:canonical)");
  CHECK(vector.shape == Pattern::Shape::F32x4);
  CHECK(vector.nan[0] == Pattern::Nan::None);
  CHECK(vector.nan[1] == Pattern::Nan::Arithmetic);
  CHECK(vector.nan[3] == Pattern::Nan::Canonical);
  CHECK(vector.bits[0] == 0x3f800000);
  CHECK(pattern("(ref.null)").kind == Pattern::Kind::RefNull);
  CHECK(!pattern("(ref.null)").heap);
  CHECK(pattern("(ref.null func)").heap == wrun::wasm::HeapType::Abstract::Func);
  CHECK(pattern("(ref.extern 3)").number == 3u);
  CHECK(!pattern("(ref.extern)").number);
  CHECK(pattern("(ref.func)").kind == Pattern::Kind::RefFunc);
  CHECK(pattern("(ref.func 3)").kind == Pattern::Kind::RefFunc);
  CHECK(pattern("(ref.i31)").kind == Pattern::Kind::RefI31);
  CHECK(pattern("(either (i32.const 1) (i32.const 2))").alternatives.size() == 2);
}

TEST_CASE("assertions") {
  CHECK(parse_one<AssertTrap>("(assert_trap (invoke \"f\") \"m\")").message == "m");
  CHECK(std::holds_alternative<Module>(
      parse_one<AssertTrap>("(assert_trap (module (start 0)) \"m\")").subject));
  CHECK(parse_one<AssertExhaustion>("(assert_exhaustion (invoke \"f\") \"m\")").message == "m");
  CHECK(parse_one<AssertException>("(assert_exception (invoke \"f\"))").action.name == "f");
  CHECK(parse_one<AssertSuspension>("(assert_suspension (invoke \"f\") \"m\")").message == "m");
  using enum AssertRefused::Reason;
  const std::pair<const char*, AssertRefused::Reason> kReasons[] = {
      {       "malformed",       Malformed},
      {         "invalid",         Invalid},
      {      "unlinkable",      Unlinkable},
      {"malformed_custom", MalformedCustom},
      {  "invalid_custom",   InvalidCustom}
  };
  for (const auto& [name, reason] : kReasons)
    CHECK(parse_one<AssertRefused>("(assert_" + std::string(name) + " (module) \"m\")").reason ==
          reason);
  CHECK(!parse_script("(assert_nothing (module) \"m\")"));
}

TEST_CASE("threads run scripts of their own") {
  const auto thread =
      parse_one<Thread>("(thread $t (shared (module $m)) (register \"mem\" $m) (invoke \"f\"))");
  CHECK(thread.id == "t");
  CHECK(thread.shared_modules == std::vector<std::string>{"m"});
  REQUIRE(thread.script.size() == 1);
  CHECK(thread.script[0].commands.size() == 2);
  CHECK(parse_one<Wait>("(wait $t)").thread == "t");
  CHECK(parse_one<Register>("(register \"a\" $m)").name == "a");
}

TEST_CASE("threads and alternatives are not nested") {
  std::string threads, alternatives = "(assert_return (invoke \"f\") ";
  for (int i = 0; i < 100'000; ++i) {
    threads += "(thread $t ";
    alternatives += "(either ";
  }
  CHECK(!parse_script(threads));
  CHECK(!parse_script(alternatives));
}
