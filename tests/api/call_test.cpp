#include <cmath>
#include <limits>
#include <tuple>

#include "api/host.hpp"

namespace wrun::test {
namespace {

using wasm::kF32;
using wasm::kF64;
using wasm::kFuncRef;
using wasm::kI32;
using wasm::kI64;
using wasm::kV128;
using wasm::Op;

// Exports "f", which gives back its parameters in reverse order.
void add_reversal(ModuleBuilder& builder, const std::vector<wasm::ValType>& params) {
  Code code;
  for (size_t i = params.size(); i-- > 0;) code(Op::LocalGet, i);
  builder.export_function("f", builder.function(
                                   {
                                       params, {params.rbegin(), params.rend()}
  },
                                   code));
}

Func reversal(Host& host, const std::vector<wasm::ValType>& params) {
  ModuleBuilder builder;
  add_reversal(builder, params);
  return host.instantiate(builder).func("f").value();
}

TEST_CASE("typed calls carry every number exactly") {
  Host host;
  const Func function = reversal(host, {kI32, kI64, kF32, kF64, kV128});
  V128 vector;
  for (size_t i = 0; i < 16; ++i) vector.bytes[i] = static_cast<std::byte>(i * 16 + 1);
  using Results = std::tuple<V128, double, float, uint64_t, int32_t>;
  const auto results = must(function.call<Results(int32_t, uint64_t, float, double, V128)>(
      -1, std::numeric_limits<uint64_t>::max(), -0.0f, 0.1, vector));
  CHECK(std::get<0>(results) == vector);
  CHECK(std::get<1>(results) == 0.1);
  CHECK(std::signbit(std::get<2>(results)));
  CHECK(std::get<3>(results) == std::numeric_limits<uint64_t>::max());
  CHECK(std::get<4>(results) == -1);
}

TEST_CASE("dynamic calls carry every number exactly") {
  Host host;
  const Func function = reversal(host, {kI32, kI64, kF32, kF64, kV128});
  CHECK(function.type().text() == "[i32 i64 f32 f64 v128] -> [v128 f64 f32 i64 i32]");
  const auto results =
      must(function.call({-1, std::numeric_limits<int64_t>::min(), 1.5f, -2.5, V128{}}));
  REQUIRE(results.size() == 5);
  CHECK(results[0].v128() == V128{});
  CHECK(results[1].f64() == -2.5);
  CHECK(results[2].f32() == 1.5f);
  CHECK(results[3].i64() == std::numeric_limits<int64_t>::min());
  CHECK(results[4].i32() == -1);
}

TEST_CASE("calls that do not fit the type are refused") {
  Host host;
  const Func function = reversal(host, {kI32, kF64});
  const auto kind_of = [](const auto& result) { return result.error().kind; };
  CHECK(kind_of(function.call<int32_t(int32_t)>(1)) == Error::Kind::Usage);
  CHECK(kind_of(function.call<std::tuple<double, int64_t>(int32_t, double)>(1, 2.0)) ==
        Error::Kind::Usage);
  CHECK(kind_of(function.call({1})) == Error::Kind::Usage);
  CHECK(kind_of(function.call({1, 2})) == Error::Kind::Usage);
  CHECK(function.call({1, 2}).error().message == "argument 2 is not a value of type f64");
}

TEST_CASE("references stay within their store") {
  Host host;
  ModuleBuilder builder;
  const uint32_t forty_two = builder.function({{}, {kI32}}, Code().i32(42));
  builder.declarative_elements({forty_two});
  builder.export_function("ref",
                          builder.function({{}, {kFuncRef}}, Code()(Op::RefFunc, forty_two)));
  builder.export_function(
      "is_null", builder.function({{kFuncRef}, {kI32}}, Code()(Op::LocalGet, 0)(Op::RefIsNull)));
  const Instance instance = host.instantiate(builder);
  const Func is_null = instance.func("is_null").value();
  const std::vector<Value> reference = must(instance.func("ref")->call());
  CHECK(reference[0].kind() == ValueKind::FuncRef);
  CHECK(!reference[0].is_null());
  CHECK(must(is_null.call(reference))[0].i32() == 0);
  CHECK(must(is_null.call({Value::null(ValueKind::FuncRef)}))[0].i32() == 1);
  CHECK(!is_null.call({1}));

  Host other;
  const Func foreign = other.instantiate(builder).func("is_null").value();
  CHECK(foreign.call(reference).error().kind == Error::Kind::Usage);
}

TEST_CASE("null is not a value of a type without null") {
  Host host;
  ModuleBuilder builder;
  const wasm::ValType non_null = wasm::ValType::ref(wasm::HeapType::Abstract::Func, false);
  builder.export_function("f", builder.function({{non_null}, {}}, Code()));
  const Func function = host.instantiate(builder).func("f").value();
  CHECK(function.type().params[0].text() == "(ref func)");
  CHECK(!function.call({Value::null(ValueKind::FuncRef)}));
  CHECK(!function.call({Value::null(ValueKind::Ref)}));
}

TEST_CASE("a store goes on after a trap") {
  Host host;
  ModuleBuilder builder;
  const uint32_t divide = builder.function(
      {
          {kI32, kI32},
          {kI32}
  },
      Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::I32DivS));
  builder.export_function("divide", divide);
  builder.name_function(divide, "divide");
  const Func function = host.instantiate(builder, "math").func("divide").value();
  for (int i = 0; i < 3; ++i) {
    const auto result = function.call<int32_t(int32_t, int32_t)>(1, 0);
    CHECK(result.error().kind == Error::Kind::Trap);
    const Trap& trap = trap_of(result.error());
    CHECK(trap.code == TrapCode::IntegerDivideByZero);
    CHECK(trap.message == "integer divide by zero");
    REQUIRE(trap.frames.size() == 1);
    CHECK(trap.frames[0].module == "math");
    CHECK(trap.frames[0].function == "divide");
    CHECK(must(function.call<int32_t(int32_t, int32_t)>(42, 6)) == 7);
  }
}

TEST_CASE("values as text") {
  CHECK(Value(-1).text() == "-1");
  CHECK(Value(uint64_t{1} << 63).text() == "-9223372036854775808");
  CHECK(Value(0.1f).text() == "0.1");
  CHECK(Value(-0.0).text() == "-0");
  CHECK(Value(1e300).text() == "1e+300");
  CHECK(Value(std::numeric_limits<double>::infinity()).text() == "inf");
  CHECK(Value(std::bit_cast<float>(0x7fc00000u)).text() == "nan");
  CHECK(Value(std::bit_cast<float>(0xffc00000u)).text() == "-nan");
  CHECK(Value(std::bit_cast<float>(0x7fa00000u)).text() == "nan:0x200000");
  CHECK(Value(std::bit_cast<double>(uint64_t{0x7ff0000000000001})).text() == "nan:0x0000000000001");
  V128 vector{};
  vector.bytes[0] = std::byte{1};
  vector.bytes[15] = std::byte{0xab};
  CHECK(Value(vector).text() == "0xab000000000000000000000000000001");
  CHECK(Value::null(ValueKind::ExternRef).text() == "null");
}

}  // namespace
}  // namespace wrun::test
