#include "api/host.hpp"

namespace wrun::test {
namespace {

Engine engine_for_all() { return must(Engine::create({.standard = "all"})); }

Module module_of(const Engine& engine, std::string_view text) {
  return must(Module::from_bytes(engine, std::as_bytes(std::span(text))));
}

struct Running {
  Running(const Engine& engine, const Module& of) : module(of), store(engine), linker(store) {
    linker.define_func("host", "twice", [](int32_t value) { return 2 * value; });
    instance = must(linker.instantiate(module));
  }
  int32_t call(std::string_view name) const {
    return must(instance->func(name).value().call<int32_t()>());
  }

  Module module;
  Store store;
  Linker linker;
  std::optional<Instance> instance;
};

// The module after a call of its `init`, without it.
std::vector<std::byte> initialised(const Engine& engine, std::string_view text,
                                   SnapshotOptions options = {.without = {"init"}}) {
  const Running first(engine, module_of(engine, text));
  must(first.instance->func("init").value().call<void()>());
  return must(take_snapshot(first.module, *first.instance, options));
}

Running continued(const Engine& engine, const std::vector<std::byte>& bytes) {
  auto owner = std::make_shared<const std::vector<std::byte>>(bytes);
  return {engine, must(Module::from_bytes(engine, *owner, owner))};
}

std::string refusal(const Engine& engine, std::string_view text) {
  const Running first(engine, module_of(engine, text));
  must(first.instance->func("init").value().call<void()>());
  const auto snapshot = take_snapshot(first.module, *first.instance);
  REQUIRE(!snapshot);
  CHECK(snapshot.error().kind == Error::Kind::Unsupported);
  return snapshot.error().message;
}

TEST_CASE("memories, variables and tables begin where they were left") {
  const Engine engine = engine_for_all();
  const auto bytes = initialised(engine, R"((module
    (import "host" "twice" (func $twice (param i32) (result i32)))
    (memory $m (export "memory") 1 9)
    (memory $other i64 1)
    (data $active (i32.const 5) "replaced")
    (data $used "used up") (data $later "\04\03\02\01")
    (global $i (mut i32) (i32.const 1)) (global $l (mut i64) (i64.const 1))
    (global $f (mut f32) (f32.const 1)) (global $d (mut f64) (f64.const 1))
    (global $v (mut v128) (v128.const i64x2 0 0))
    (global $r (mut funcref) (ref.null func)) (global $e (mut externref) (ref.null extern))
    (global $small (mut i31ref) (ref.null i31)) (global $fixed i32 (i32.const 77))
    (table $t 4 20 funcref) (elem $first (i32.const 0) $one $two) (elem $spare func $two $three)
    (table $all 2 (ref func) (ref.func $one)) (table $tiny i64 3 i31ref)
    (elem declare func $twice) (start $begin)
    (func $begin (global.set $i (i32.add (global.get $i) (i32.const 1))))
    (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
    (func $three (result i32) (i32.const 3))
    (func (export "init")
      (i32.store (i32.const 0) (i32.const 42)) (drop (memory.grow (i32.const 2)))
      (memory.fill (i32.const 5) (i32.const 0) (i32.const 8))
      (memory.init $m $used (i32.const 100) (i32.const 0) (i32.const 7)) (data.drop $used)
      (i64.store $other (i64.const 65528) (i64.const -1))
      (global.set $l (i64.const -5000000000)) (global.set $f (f32.const -0.5))
      (global.set $d (f64.const 1e300)) (global.set $v (v128.const i32x4 1 2 3 4))
      (global.set $r (ref.func $init)) (global.set $small (ref.i31 (i32.const -7)))
      (drop (table.grow $t (ref.func $three) (i32.const 2)))
      (table.set $t (i32.const 0) (ref.null func)) (table.set $t (i32.const 3) (ref.func $twice))
      (table.set $all (i32.const 1) (ref.func $two))
      (table.set $tiny (i64.const 2) (ref.i31 (i32.const 9))))
    (func $init (export "keeps") (result i32) (i32.const 12))
    (func (export "sum") (result i32)
      (memory.init $m $later (i32.const 200) (i32.const 0) (i32.const 4))
      (table.init $t $spare (i32.const 2) (i32.const 1) (i32.const 1))
      (i32.add (i32.load (i32.const 0)) (i32.add (i32.load (i32.const 5)) (i32.add
        (i32.load8_u (i32.const 106)) (i32.add (i32.load (i32.const 200)) (i32.add
        (memory.size) (i32.add (global.get $i) (i32.add (global.get $fixed) (table.size $t)))))))))
    (func (export "rest") (result i32)
      (i32.and (i64.eq (i64.load $other (i64.const 65528)) (i64.const -1)) (i32.and
        (i64.eq (global.get $l) (i64.const -5000000000)) (i32.and
        (f32.eq (global.get $f) (f32.const -0.5)) (i32.and (f64.eq (global.get $d) (f64.const 1e300)) (i32.and
        (i32.eq (i32x4.extract_lane 2 (global.get $v)) (i32.const 3)) (i32.and
        (i32.eqz (ref.is_null (global.get $r))) (i32.and (ref.is_null (global.get $e))
        (i32.eq (i31.get_s (global.get $small)) (i32.const -7))))))))))
    (func (export "tables") (result i32)
      (i32.and (ref.is_null (table.get $t (i32.const 0))) (i32.and
        (i32.eq (call_indirect $t (result i32) (i32.const 1)) (i32.const 2)) (i32.and
        (i32.eq (call_indirect $t (param i32) (result i32) (i32.const 8) (i32.const 3)) (i32.const 16)) (i32.and
        (i32.eq (call_indirect $t (result i32) (i32.const 5)) (i32.const 3)) (i32.and
        (i32.eq (call_indirect $all (result i32) (i32.const 0)) (i32.const 1)) (i32.and
        (i32.eq (call_indirect $all (result i32) (i32.const 1)) (i32.const 2)) (i32.and
        (ref.is_null (table.get $tiny (i64.const 1)))
        (i32.eq (i31.get_s (table.get $tiny (i64.const 2))) (i32.const 9))))))))))
  ))");
  const Running second = continued(engine, bytes);
  CHECK(!second.instance->func("init"));
  CHECK(second.call("keeps") == 12);
  CHECK(second.call("rest") == 1);
  CHECK(second.call("tables") == 1);
  CHECK(second.call("sum") == 42 + 0 + 'p' + 0x01020304 + 3 + 2 + 77 + 6);
  CHECK(second.call("sum") == 42 + 0 + 'p' + 0x01020304 + 3 + 2 + 77 + 6);
}

TEST_CASE("a snapshot of a snapshot") {
  const Engine engine = engine_for_all();
  const auto bytes =
      initialised(engine, R"((module (memory 1) (global $count (mut i32) (i32.const 0))
    (func (export "init") (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (i32.store (i32.const 60000) (i32.add (i32.load (i32.const 60000)) (i32.const 3))))
    (func (export "sum") (result i32) (i32.add (global.get $count) (i32.load (i32.const 60000))))))",
                  {});
  const Running second = continued(engine, bytes);
  must(second.instance->func("init").value().call<void()>());
  const auto again = must(take_snapshot(second.module, *second.instance));
  CHECK(continued(engine, again).call("sum") == 8);
}

TEST_CASE("zeros and what is used up are left out") {
  const Engine engine = engine_for_all();
  const auto bytes = initialised(engine, R"((module (memory 100) (table 10 funcref)
    (data (i32.const 0) "a long text that the initialiser overwrites with zeros")
    (elem (i32.const 0) $f $f $f)
    (func $f) (func (export "init") (memory.fill (i32.const 0) (i32.const 0) (i32.const 100)))))");
  CHECK(bytes.size() < 80);
}

TEST_CASE("exports are renamed and left out") {
  const Engine engine = engine_for_all();
  const auto bytes =
      initialised(engine, R"((module
    (func $old (export "run") (result i32) (i32.const 1)) (func (export "init"))
    (func (export "resume") (result i32) (i32.const 2)) (memory (export "m") 1)))",
                  {
                      .without = {"init", "absent"},
                        .renamings = {{"resume", "run"}}
  });
  const Running second = continued(engine, bytes);
  CHECK(second.call("run") == 2);
  CHECK(second.instance->exports().size() == 2);
  const Running first(engine, module_of(engine, R"((module (memory (export "m") 1)))"));
  const auto absent = take_snapshot(first.module, *first.instance, {.renamings = {{"m", "n"}}});
  CHECK(absent.error().kind == Error::Kind::Usage);
  CHECK(absent.error().message == "the module exports no function `m` to rename");
}

TEST_CASE("state that no module begins with is named") {
  const Engine engine = engine_for_all();
  const std::string kept = "the state cannot be kept: ";
  CHECK(refusal(engine, R"((module (type $s (struct)) (global $g (mut anyref) (ref.null any))
    (func (export "init") (global.set $g (struct.new $s)))))") ==
        kept + "global 0 holds an object of the collected heap");
  CHECK(refusal(engine, R"((module (type $s (struct)) (global $g (ref $s) (struct.new $s))
    (func (export "init"))))") == kept + "global 0 holds an object of the collected heap");
  CHECK(refusal(engine, R"((module (type $s (struct)) (table 3 anyref)
    (func (export "init") (table.set (i32.const 1) (struct.new $s)))))") ==
        kept + "element 1 of table 0 holds an object of the collected heap");
  CHECK(refusal(engine, R"((module (memory 1 1 shared) (func (export "init"))))") ==
        kept + "the memory is shared by threads");

  Running with_host(
      engine, module_of(engine, R"((module (global (export "g") (mut externref) (ref.null extern))
    (table (export "t") 1 funcref)))"));
  const Global global = with_host.instance->global("g").value();
  must(global.set(Value::from_host(5)));
  CHECK(take_snapshot(with_host.module, *with_host.instance).error().message ==
        kept + "global 0 holds a reference of the host");

  const Module importing = module_of(engine, R"((module (import "a" "m" (memory 1))))");
  with_host.linker.define("a", "m", must(Memory::create(with_host.store, {.minimum = 1})));
  const Instance imported = must(with_host.linker.instantiate(importing));
  CHECK(take_snapshot(importing, imported).error().message ==
        kept + "the import `m` from `a` belongs to others");
  CHECK(take_snapshot(importing, *with_host.instance).error().kind == Error::Kind::Usage);
}

}  // namespace
}  // namespace wrun::test
