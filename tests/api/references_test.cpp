// References as values of the host: what keeps objects alive, and what is refused.
#include "api/host.hpp"

namespace wrun::test {
namespace {

using wasm::HeapType;
using wasm::kExternRef;
using wasm::kI32;
using wasm::Op;
using wasm::ValType;

// Exports make(i32) -> (ref 0), number((ref null 0)) -> i32, and pass(externref) -> externref.
ModuleBuilder boxes() {
  ModuleBuilder builder;
  Encoder type;
  type.byte(0x5f).u(1).val_type(kI32).byte(1);  // (struct (field (mut i32)))
  const uint32_t box = builder.raw_type(type);
  const ValType made = ValType::ref(HeapType::concrete(box), false);
  const ValType taken = ValType::ref(HeapType::concrete(box), true);
  builder.export_function(
      "make", builder.function({{kI32}, {made}}, Code()(Op::LocalGet, 0)(Op::StructNew, box)));
  builder.export_function(
      "number",
      builder.function({{taken}, {kI32}}, Code()(Op::LocalGet, 0)(Op::StructGet, box, 0)));
  builder.export_function("pass",
                          builder.function({{kExternRef}, {kExternRef}}, Code()(Op::LocalGet, 0)));
  return builder;
}

TEST_CASE("a reference keeps its object until the host releases it") {
  Host host;
  ModuleBuilder builder = boxes();
  const Instance instance = host.instantiate(builder);
  const Func make = instance.func("make").value();
  const Func number = instance.func("number").value();

  uint64_t live = 0;
  host.store.on_collection([&](const Collection& report) { live = report.live_bytes; });
  const Value box = must(make.call({42}))[0];
  CHECK(box.kind() == ValueKind::Ref);
  must(make.call({43}));
  host.store.collect_garbage();
  CHECK(live == 2 * 16);
  CHECK(must(number.call({box}))[0].i32() == 42);

  host.store.release_references();
  host.store.collect_garbage();
  CHECK(live == 0);
  CHECK(number.call({box}).error().kind == Error::Kind::Usage);
}

TEST_CASE("references of other stores and types are refused") {
  Host host, other;
  ModuleBuilder builder = boxes();
  const Instance instance = host.instantiate(builder);
  const Instance elsewhere = other.instantiate(builder);
  const Value foreign = must(elsewhere.func("make")->call({1}))[0];
  const Func number = instance.func("number").value();
  CHECK(number.call({foreign}).error().kind == Error::Kind::Usage);
  CHECK(number.call({Value::from_host(1)}).error().kind == Error::Kind::Usage);
  CHECK(number.call({Value::null(ValueKind::Ref)}).error().trap->code ==
        TrapCode::NullStructureReference);
  const Value box = must(instance.func("make")->call({1}))[0];
  // Every reference that is not a function's can be an externref.
  CHECK(must(instance.func("pass")->call({box}))[0].host_number() == std::nullopt);
}

TEST_CASE("numbers of the host pass through the guest") {
  Host host;
  ModuleBuilder builder = boxes();
  const Func pass = host.instantiate(builder).func("pass").value();
  for (const uint64_t number : {uint64_t{0}, uint64_t{1} << 61}) {
    const Value back = must(pass.call({Value::from_host(number)}))[0];
    CHECK(back.kind() == ValueKind::ExternRef);
    CHECK(back.host_number() == number);
  }
  CHECK(must(pass.call({Value::null(ValueKind::ExternRef)}))[0].is_null());
}

TEST_CASE("a host function has its references until it returns") {
  Host host;
  uint64_t live = 0;
  host.store.on_collection([&](const Collection& report) { live = report.live_bytes; });
  const FuncType type{{ValueKind::ExternRef}, {ValueKind::ExternRef}};
  must(host.linker.define_func(
      "env", "same", type,
      [&](Caller&, std::span<const Value> arguments) -> Result<std::vector<Value>> {
        host.store.collect_garbage();
        CHECK(live == 16);
        return std::vector<Value>(arguments.begin(), arguments.end());
      }));
  ModuleBuilder builder;
  Encoder box;
  box.byte(0x5f).u(1).val_type(kI32).byte(1);
  const uint32_t type_index = builder.raw_type(box);
  const uint32_t same = builder.import_function("env", "same", {{kExternRef}, {kExternRef}});
  builder.export_function(
      "run", builder.function({{kI32}, {kI32}},
                              Code()(Op::LocalGet, 0)(Op::StructNew, type_index)(
                                  Op::ExternConvertAny)(Op::Call, same)(Op::AnyConvertExtern)(
                                  Op::RefCast, type_index)(Op::StructGet, type_index, 0)));
  CHECK(must(host.instantiate(builder).func("run")->call({17}))[0].i32() == 17);
  host.store.collect_garbage();
  CHECK(live == 0);
}

}  // namespace
}  // namespace wrun::test
