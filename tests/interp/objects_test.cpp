// Structures, arrays, casts and the roots that the interpreter has for the collector. Everything runs
// twice, the second time with a collection at every allocation.
#include "gc/reference.hpp"
#include "machine.hpp"

using namespace wrun;
using namespace wrun::test;
using wasm::HeapType;
using wasm::ValType;

namespace {

constexpr ValType kAnyRef = ValType::ref(HeapType::Abstract::Any, true);
constexpr ValType kExternRef = wasm::kExternRef;

ValType ref_null(uint32_t type) { return ValType::ref(HeapType::concrete(type), true); }

struct Field {
  ValType storage;
  bool is_mutable = true;
};

Encoder struct_type(const std::vector<Field>& fields) {
  Encoder encoder;
  encoder.byte(0x5f).u(fields.size());
  for (const Field& field : fields) encoder.val_type(field.storage).byte(field.is_mutable);
  return encoder;
}

Encoder array_type(ValType element) {
  Encoder encoder;
  encoder.byte(0x5e).val_type(element).byte(1);
  return encoder;
}

Encoder below(uint32_t super, const Encoder& type) {
  Encoder encoder;
  encoder.byte(0x50).u(1).u(super).raw(type.bytes());
  return encoder;
}

Encoder open(const Encoder& type) {
  Encoder encoder;
  encoder.byte(0x50).u(0).raw(type.bytes());
  return encoder;
}

runtime::StoreLimits collecting(bool always) {
  runtime::StoreLimits limits;
  limits.collect_always = always;
  return limits;
}

struct ObjectMachine : Machine {
  explicit ObjectMachine(bool always) : Machine({}, collecting(always)) {}
};

// (type $list (struct (field (ref null $list)) (field i32)))
uint32_t add_list_type(ModuleBuilder& builder) {
  return builder.raw_type(struct_type({{ref_null(0)}, {kI32}}));
}

}  // namespace

TEST_CASE("fields of every type keep what is written") {
  for (const bool always : {false, true}) {
    ObjectMachine machine(always);
    ModuleBuilder builder;
    const uint32_t all = builder.raw_type(struct_type({{ValType::Kind::I8},
                                                       {kF64},
                                                       {ValType::Kind::I16},
                                                       {kI32},
                                                       {kV128},
                                                       {kF32},
                                                       {kI64},
                                                       {kAnyRef}}));
    const auto new_object = [&] {
      return Code().i32(-2).f64(2.5).i32(-3).i32(-4).v128(5, 6).f32(7.5).i64(-8).i32(9)(Op::RefI31)(
          Op::StructNew, all);
    };
    const auto read = [&](Op op, uint32_t field, ValType type) {
      return builder.function({{}, {type}}, new_object()(op, all, field));
    };
    const uint32_t functions[] = {
        read(Op::StructGetS, 0, kI32), read(Op::StructGetU, 0, kI32), read(Op::StructGet, 1, kF64),
        read(Op::StructGetS, 2, kI32), read(Op::StructGetU, 2, kI32), read(Op::StructGet, 3, kI32),
        read(Op::StructGet, 5, kF32),  read(Op::StructGet, 6, kI64),
    };
    const uint32_t vector = read(Op::StructGet, 4, kV128);
    const uint32_t reference = read(Op::StructGet, 7, kAnyRef);
    // What is set is read; what is beside it stays.
    const uint32_t set = builder.function(
        {
            {},
            {kI32, kI32, kI64}
    },
        new_object()(Op::LocalSet, 0)(Op::LocalGet, 0)
            .i32(0x1234)(Op::StructSet, all, 2)(Op::LocalGet, 0)
            .i64(77)(Op::StructSet, all, 6)(Op::LocalGet, 0)(Op::StructGetU, all, 2)(
                Op::LocalGet, 0)(Op::StructGet, all, 3)(Op::LocalGet, 0)(Op::StructGet, all, 6),
        {ref_null(all)});
    Instance& instance = machine.instantiate(builder);
    CHECK(machine.value(instance, functions[0]) == 0xffff'fffe);
    CHECK(machine.value(instance, functions[1]) == 0xfe);
    CHECK(machine.value(instance, functions[2]) == std::bit_cast<uint64_t>(2.5));
    CHECK(machine.value(instance, functions[3]) == 0xffff'fffd);
    CHECK(machine.value(instance, functions[4]) == 0xfffd);
    CHECK(machine.value(instance, functions[5]) == 0xffff'fffc);
    CHECK(static_cast<uint32_t>(machine.value(instance, functions[6])) ==
          std::bit_cast<uint32_t>(7.5f));
    CHECK(machine.value(instance, functions[7]) == static_cast<uint64_t>(-8));
    CHECK(machine.call(instance, vector).value() == std::vector<uint64_t>{5, 6});
    CHECK(machine.value(instance, reference) == gc::from_i31(9));
    CHECK(machine.call(instance, set).value() == std::vector<uint64_t>{0x1234, 0xffff'fffc, 77});
  }
}

TEST_CASE("objects that only frames of callers refer to survive") {
  for (const bool always : {false, true}) {
    ObjectMachine machine(always);
    ModuleBuilder builder;
    const uint32_t list = add_list_type(builder);
    // sum(n, list): the numbers of a list of n objects, made on the way down, as an operand here and
    // a parameter there.
    const uint32_t sum = builder.function(
        {
            {kI32, ref_null(list)},
            {kI32}
    },
        Code()(Op::LocalGet, 0)(Op::I32Eqz)
            .block(Op::If, kI32)
            .i32(0)(Op::Else)(Op::LocalGet, 1)(Op::LocalGet, 0)(Op::StructNew, list)(
                Op::LocalTee, 2)(Op::StructGet, list, 1)(Op::LocalGet, 0)
            .i32(1)(Op::I32Sub)(Op::LocalGet, 2)(Op::LocalGet, 0)(Op::StructNew, list)(Op::Call, 0)(
                Op::LocalGet, 2)(Op::StructGet, list, 1)(Op::I32Add)(Op::I32Add)(Op::End),
        {ref_null(list)});
    Instance& instance = machine.instantiate(builder);
    CHECK(machine.value(instance, sum, {300, 0}) == 300 * 301);
    if (always) CHECK(machine.store.heap().collections() >= 600);
  }
}

TEST_CASE("globals, tables, element segments and arrays are roots") {
  for (const bool always : {false, true}) {
    ObjectMachine machine(always);
    ModuleBuilder builder;
    const uint32_t list = add_list_type(builder);
    const uint32_t array = builder.raw_type(array_type(ref_null(list)));
    const auto object = [&](int32_t number) {
      return Code().ref_null(HeapType::Abstract::None).i32(number)(Op::StructNew, list);
    };
    const uint32_t global = builder.global({ref_null(list), true}, object(1));
    const uint32_t table =
        builder.table({.element = ref_null(list), .limits = {.minimum = 3}}, object(10));
    const uint32_t segment =
        builder.passive_element_expressions(ref_null(list), {object(100), object(200)});
    const uint32_t arrays =
        builder.global({ref_null(array), true}, Code(object(1000)).i32(3)(Op::ArrayNew, array));
    const auto number = [&](Code& code) -> Code& { return code(Op::StructGet, list, 1); };
    Code total;
    number(total(Op::GlobalGet, global));
    number(total.i32(2)(Op::TableGet, table))(Op::I32Add);
    number(total.i32(0).i32(2)(Op::ArrayNewElem, array, segment).i32(1)(Op::ArrayGet, array))(
        Op::I32Add);
    number(total(Op::GlobalGet, arrays).i32(2)(Op::ArrayGet, array))(Op::I32Add);
    const uint32_t sum = builder.function({{}, {kI32}}, total);
    Instance& instance = machine.instantiate(builder);
    machine.store.heap().collect();
    CHECK(machine.value(instance, sum) == 1 + 10 + 200 + 1000);
  }
}

TEST_CASE("accesses through null and out of bounds trap") {
  ObjectMachine machine(false);
  ModuleBuilder builder;
  const uint32_t list = add_list_type(builder);
  const uint32_t bytes = builder.raw_type(array_type(ValType::Kind::I8));
  const HeapType::Abstract none = HeapType::Abstract::None;
  const auto trap_of = [&](const Code& code, const std::vector<ValType>& results) {
    return builder.function({{}, results}, code);
  };
  const uint32_t get = trap_of(Code().ref_null(none)(Op::StructGet, list, 1), {kI32});
  const uint32_t set = trap_of(Code().ref_null(none).i32(1)(Op::StructSet, list, 1), {});
  const uint32_t length = trap_of(Code().ref_null(none)(Op::ArrayLen), {kI32});
  const uint32_t i31 = trap_of(Code().ref_null(none)(Op::I31GetS), {kI32});
  const uint32_t element =
      trap_of(Code().i32(4)(Op::ArrayNewDefault, bytes).i32(4)(Op::ArrayGetU, bytes), {kI32});
  const uint32_t fill = trap_of(
      Code().i32(4)(Op::ArrayNewDefault, bytes).i32(-1).i32(0).i32(2)(Op::ArrayFill, bytes), {});
  const uint32_t cast = trap_of(Code().i32(4)(Op::RefI31)(Op::RefCast, list), {ref_null(list)});
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.trap(instance, get).code == TrapCode::NullStructureReference);
  CHECK(machine.trap(instance, set).code == TrapCode::NullStructureReference);
  CHECK(machine.trap(instance, length).code == TrapCode::NullArrayReference);
  CHECK(machine.trap(instance, i31).code == TrapCode::NullI31Reference);
  CHECK(machine.trap(instance, element).code == TrapCode::OutOfBoundsArrayAccess);
  CHECK(machine.trap(instance, fill).code == TrapCode::OutOfBoundsArrayAccess);
  CHECK(machine.trap(instance, cast).code == TrapCode::CastFailure);
}

TEST_CASE("the limit of the heap is a trap") {
  runtime::StoreLimits limits;
  limits.gc_heap_bytes = 1 << 20;
  Machine machine({}, limits);
  ModuleBuilder builder;
  const uint32_t list = add_list_type(builder);
  const uint32_t vectors = builder.raw_type(array_type(kV128));
  const uint32_t huge =
      builder.function({{}, {ref_null(vectors)}}, Code().i32(-1)(Op::ArrayNewDefault, vectors));
  // Adds to a list, or makes garbage, so many times.
  const auto loop = [&](bool keep) {
    Code code;
    code(Op::Loop).byte(kEmptyBlock);
    keep ? code(Op::LocalGet, 1) : code.ref_null(HeapType::Abstract::None);
    code(Op::LocalGet, 0)(Op::StructNew, list);
    keep ? code(Op::LocalSet, 1) : code(Op::Drop);
    code(Op::LocalGet, 0).i32(1)(Op::I32Sub)(Op::LocalTee, 0)(Op::BrIf, 0)(Op::End);
    return builder.function({{kI32}, {}}, code, {ref_null(list)});
  };
  const uint32_t grow = loop(true);
  const uint32_t waste = loop(false);
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.trap(instance, huge).code == TrapCode::AllocationTooLarge);
  CHECK(machine.trap(instance, grow, {1'000'000}).code == TrapCode::OutOfMemory);
  CHECK(machine.call(instance, waste, {1'000'000}).has_value());
}

TEST_CASE("casts follow the declared supertypes") {
  ObjectMachine machine(false);
  ModuleBuilder builder;
  const uint32_t top = builder.raw_type(open(struct_type({{kI32}})));
  const uint32_t middle = builder.raw_type(below(top, struct_type({{kI32}, {kI64}})));
  const uint32_t bottom = builder.raw_type(below(middle, struct_type({{kI32}, {kI64}, {kF64}})));
  const uint32_t other = builder.raw_type(below(top, struct_type({{kI32}, {kF32}})));
  const uint32_t tested[] = {top, middle, bottom, other};
  // make(n): an object of the n-th type, or an i31, or null.
  Code make;
  for (uint32_t i = 0; i < 4; ++i)
    make(Op::LocalGet, 0)
        .i32(static_cast<int32_t>(i))(Op::I32Eq)(Op::If)
        .byte(kEmptyBlock)(Op::StructNewDefault, tested[i])(Op::Return)(Op::End);
  make(Op::LocalGet, 0)
      .i32(4)(Op::I32Eq)(Op::If)
      .byte(kEmptyBlock)
      .i32(1)(Op::RefI31)(Op::Return)(Op::End)
      .ref_null(HeapType::Abstract::Any);
  const uint32_t object = builder.function({{kI32}, {kAnyRef}}, make);
  std::vector<uint32_t> tests, branches;
  for (const uint32_t type : tested) {
    tests.push_back(builder.function({{kI32}, {kI32}},
                                     Code()(Op::LocalGet, 0)(Op::Call, object)(Op::RefTest, type)));
    // 1 if the branch is taken: flags, label, any, type
    Code code;
    code.block(Op::Block, kAnyRef)(Op::LocalGet, 0)(Op::Call, object)(Op::BrOnCast)
        .byte(1)
        .byte(0)
        .byte(0x6e)
        .byte(type)(Op::Drop)
        .i32(0)(Op::Return)(Op::End)(Op::Drop)
        .i32(1);
    branches.push_back(builder.function({{kI32}, {kI32}}, code));
  }
  Instance& instance = machine.instantiate(builder);
  const bool expected[6][4] = {
      { true, false, false, false},
      { true,  true, false, false},
      { true,  true,  true, false},
      { true, false, false,  true},
      {false, false, false, false},
      {false, false, false, false}
  };
  for (uint32_t made = 0; made < 6; ++made) {
    for (uint32_t type = 0; type < 4; ++type) {
      CAPTURE(made, type);
      CHECK(machine.value(instance, tests[type], {made}) == expected[made][type]);
      CHECK(machine.value(instance, branches[type], {made}) == expected[made][type]);
    }
  }
}

TEST_CASE("host values go through any and come back, and are neither i31 nor objects") {
  ObjectMachine machine(false);
  ModuleBuilder builder;
  const uint32_t round_trip =
      builder.function({{kExternRef}, {kExternRef}},
                       Code()(Op::LocalGet, 0)(Op::AnyConvertExtern)(Op::ExternConvertAny));
  const uint32_t is_eq =
      builder.function({{kExternRef}, {kI32}},
                       Code()(Op::LocalGet, 0)(Op::AnyConvertExtern)(Op::RefTest).byte(0x6d));
  const uint32_t is_any =
      builder.function({{kExternRef}, {kI32}},
                       Code()(Op::LocalGet, 0)(Op::AnyConvertExtern)(Op::RefTest).byte(0x6e));
  Instance& instance = machine.instantiate(builder);
  for (const uint64_t number : {uint64_t{0}, uint64_t{1}, gc::kMaxHostValue}) {
    CHECK(machine.value(instance, round_trip, {gc::from_host(number)}) == gc::from_host(number));
    CHECK(machine.value(instance, is_eq, {gc::from_host(number)}) == 0);
    CHECK(machine.value(instance, is_any, {gc::from_host(number)}) == 1);
  }
  CHECK(machine.value(instance, is_eq, {gc::from_i31(3)}) == 1);
  CHECK(machine.value(instance, is_any, {0}) == 0);
}

TEST_CASE("frames of more than 65536 slots have objects, too") {
  ObjectMachine machine(true);
  ModuleBuilder builder;
  const uint32_t list = add_list_type(builder);
  const uint32_t words = builder.raw_type(array_type(kI64));
  const std::vector<ValType> locals(40'000, kV128);
  std::vector<ValType> with_objects = locals;
  with_objects.push_back(ref_null(list));
  with_objects.push_back(ref_null(words));
  const uint32_t object = 40'000, array = 40'001;
  Code code;
  code.ref_null(HeapType::Abstract::None).i32(42)(Op::StructNew, list)(Op::LocalSet, object);
  code.i64(7).i32(10)(Op::ArrayNew, words)(Op::LocalSet, array);
  code(Op::LocalGet, array).i32(3).i64(100)(Op::ArraySet, words);
  code(Op::LocalGet, object)(Op::LocalGet, object)(Op::StructGet, list, 1)
      .i32(1)(Op::I32Add)(Op::StructSet, list, 1);
  code(Op::LocalGet, object)(Op::RefCast, list)(Op::StructGet, list, 1);
  code(Op::LocalGet, array).i32(3)(Op::ArrayGet, words)(Op::I32WrapI64)(Op::I32Add);
  code(Op::LocalGet, array)(Op::ArrayLen)(Op::I32Add);
  const uint32_t run = builder.function({{}, {kI32}}, code, with_objects);
  Instance& instance = machine.instantiate(builder);
  CHECK(machine.value(instance, run) == 43 + 100 + 10);
}
