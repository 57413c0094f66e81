#include "binary/decoder.hpp"

#include "decode.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

// One of everything, in the order of the sections.
ModuleBuilder example() {
  ModuleBuilder builder;
  const uint32_t log = builder.import_function("env", "log", {{kI32}, {}});
  builder.import_global("env", "base", {kI32, false});
  const uint32_t point = builder.raw_type(
      Encoder().byte(0x5f).u(2).byte(0x7f).byte(1).byte(0x78).byte(0));  // struct (mut i32) i8
  const uint32_t add = builder.function(
      {
          {kI32, kI32},
          {kI32}
  },
      Code()(Op::LocalGet, 0)(Op::LocalGet, 1)(Op::I32Add));
  const uint32_t start = builder.function({{}, {}}, Code().i32(7)(Op::Call, log), {kI64, kF32});
  builder.table({
      kFuncRef, {.minimum = 4, .maximum = 10}
  });
  builder.memory({.limits = {.minimum = 1}});
  builder.tag({{kI32}, {}});
  builder.global({kI64, true}, Code().i64(-1));
  builder.global({ValType::ref(HeapType::concrete(point), true), false},
                 Code().i32(1).i32(2)(Op::StructNew, point));
  builder.export_function("add", add);
  builder.start(start);
  builder.elements(0, Code()(Op::GlobalGet, 0), {add, log});
  builder.passive_element_expressions(
      kFuncRef, {Code()(Op::RefFunc, add), Code().ref_null(HeapType::Abstract::Func)});
  builder.data(0, Code().i32(16), "hello");
  builder.passive_data("there");
  builder.name_module("example");
  builder.name_function(add, "add");
  return builder;
}

}  // namespace

TEST_CASE("a module with one of everything") {
  const auto module = decode_good(example().build());
  CHECK(module->types.size() == 4);
  CHECK(module->canonical_types.size() == 4);
  CHECK(module->imports.size() == 2);
  CHECK(module->imports[1].kind == wasm::ExternKind::Global);
  CHECK(module->imported_functions == 1);
  CHECK(module->functions.size() == 3);
  CHECK(module->func_type(1).results == std::vector<ValType>{kI32});
  CHECK(module->func_type(1).param_slots == 2);
  CHECK(module->functions[0].body_offset == 0);
  CHECK(module->bytes[module->functions[1].body_offset] == std::byte{0});  // no locals
  CHECK(module->functions[1].body_size == 7);
  CHECK(module->tables[0].type.limits.maximum == 10);
  CHECK(module->memories.size() == 1);
  CHECK(module->tags.size() == 1);
  CHECK(module->globals[1].init.form == wasm::ConstExpr::Form::I64);
  CHECK(module->globals[1].init.value == UINT64_MAX);
  CHECK(module->globals[2].init.form == wasm::ConstExpr::Form::General);
  CHECK(module->find_export("add")->index == 1);
  CHECK(module->start == 2u);
  CHECK(module->elements[0].functions == std::vector<uint32_t>{1, 0});
  CHECK(module->elements[0].table_offset.form == wasm::ConstExpr::Form::GlobalGet);
  CHECK(module->elements[1].mode == wasm::SegmentMode::Passive);
  REQUIRE(module->elements[1].expressions.size() == 2);
  CHECK(module->elements[1].expressions[0].form == wasm::ConstExpr::Form::RefFunc);
  CHECK(module->elements[1].expressions[1].form == wasm::ConstExpr::Form::RefNull);
  REQUIRE(module->data.size() == 2);
  CHECK(module->data[0].memory_offset.value == 16);
  CHECK(module->contents(module->data[1]).size() == 5);
  CHECK(module->data[1].mode == wasm::SegmentMode::Passive);
  CHECK(module->custom_sections.size() == 1);
  CHECK(module->custom_sections[0].name == "name");
  CHECK(module->sections.size() == 13);
}

TEST_CASE("elements that are all ref.func become indices") {
  ModuleBuilder builder;
  const uint32_t f = builder.function({}, Code());
  builder.passive_element_expressions(kFuncRef, {Code()(Op::RefFunc, f), Code()(Op::RefFunc, f)});
  const auto module = decode_good(builder.build());
  CHECK(module->elements[0].functions == std::vector<uint32_t>{f, f});
  CHECK(module->elements[0].expressions.empty());
}

TEST_CASE("a module cut off at any byte") {
  const std::vector<std::byte> bytes = example().build();
  size_t good = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    INFO(size);
    const auto module = decode(std::span(bytes).first(size));
    if (module) {
      ++good;  // up to the imports nothing is missing, nor is it after the data
    } else {
      CHECK(module.error().kind == Error::Kind::Malformed);
      CHECK(module.error().offset.value_or(UINT64_MAX) <= size);
    }
  }
  CHECK(good == 4);
}

TEST_CASE("a module with any one byte changed") {
  const std::vector<std::byte> original = example().build();
  for (size_t at = 0; at < original.size(); ++at) {
    for (int value : {0x00, 0x01, 0x0b, 0x40, 0x7f, 0x80, 0xfb, 0xff}) {
      std::vector<std::byte> bytes = original;
      bytes[at] = static_cast<std::byte>(value);
      const auto module = decode(bytes);
      if (!module) CHECK(module.error().offset.value_or(UINT64_MAX) <= bytes.size());
    }
  }
}

TEST_CASE("headers") {
  const auto text = [](std::string_view file) {
    return outcome(std::as_bytes(std::span(file.data(), file.size())));
  };
  using namespace std::string_view_literals;
  CHECK(text("") == "malformed: unexpected end: the file is empty");
  CHECK(text("\0as"sv) == "malformed: unexpected end: the file stops in its header");
  CHECK(text("\0asm\1\0\0"sv) == "malformed: unexpected end: the file stops in its header");
  CHECK(text("\0asm\1\0\0\0"sv) == "ok");
  CHECK(text("\0asm\2\0\0\0"sv) == "malformed: unknown binary version 2");
  CHECK(text("\0asm\x0d\0\1\0"sv) ==
        "malformed: unknown binary version: this is a component, not a core module");
  CHECK(text("\x7f"
             "ELF\2\1\1\0"sv) ==
        "malformed: magic header not detected: the file is an ELF file for a native machine");
  CHECK(text("\x1f\x8b\x08\0\0\0"sv) ==
        "malformed: magic header not detected: the file is gzip-compressed");
  CHECK(text(";; comment\n (module)") ==
        "malformed: magic header not detected: the file looks like the WebAssembly text format");
  CHECK(text("hello, world") ==
        "malformed: magic header not detected: the file is not a WebAssembly module");
}

TEST_CASE("sections out of order or twice") {
  // Each non-custom section, empty or as small as can be, in order.
  const std::vector<Encoder> sections = [] {
    std::vector<Encoder> list;
    for (int id : {1, 2, 3, 4, 5, 13, 6, 7, 9, 12, 10, 11})
      list.push_back(section(static_cast<uint8_t>(id), Encoder().u(0)));
    return list;
  }();
  CHECK(outcome(module_of(sections)) == "ok");
  for (size_t i = 0; i < sections.size(); ++i) {
    CHECK(outcome(module_of({sections[i], sections[i]}))
              .starts_with("malformed: unexpected content after last section"));
    for (size_t k = 0; k < i; ++k)
      CHECK(outcome(module_of({sections[i], sections[k]}))
                .starts_with("malformed: unexpected content after last section"));
  }
  CHECK(outcome(module_of({section(14, Encoder())})) == "malformed: malformed section id 14");
  // Custom sections may be anywhere.
  const Encoder custom = section(0, Encoder().text("x").byte(1));
  std::vector<Encoder> mixed;
  for (const Encoder& entry : sections) {
    mixed.push_back(custom);
    mixed.push_back(entry);
  }
  CHECK(outcome(module_of(mixed)) == "ok");
  CHECK(decode_good(module_of(mixed))->custom_sections.size() == sections.size());
}

TEST_CASE("sizes and counts that do not fit") {
  CHECK(outcome(module_of({Encoder().byte(1).u(100)})) == "malformed: length out of bounds");
  CHECK(outcome(module_of({section(1, Encoder().u(0).byte(0))})) ==
        "malformed: section size mismatch");
  // A count of 4 billion makes nobody allocate.
  for (int id : {1, 2, 3, 4, 5, 13, 6, 7, 9, 10, 11})
    CHECK(outcome(module_of({section(static_cast<uint8_t>(id), Encoder().u(UINT32_MAX))})) ==
          "malformed: unexpected end of section or function");
  const Encoder no_functions = section(3, Encoder().u(0));
  const Encoder one_type = section(1, Encoder().u(1).byte(0x60).u(0).u(0));
  const Encoder one_function = section(3, Encoder().u(1).u(0));
  const Encoder one_body = section(10, Encoder().u(1).u(2).byte(0).byte(0x0b));
  CHECK(outcome(module_of({one_type, one_function, one_body})) == "ok");
  CHECK(outcome(module_of({one_type, one_function})) ==
        "malformed: function and code section have inconsistent lengths");
  CHECK(outcome(module_of({one_type, no_functions, one_body})) ==
        "malformed: function and code section have inconsistent lengths");
  CHECK(outcome(module_of({section(12, Encoder().u(1))})) ==
        "malformed: data count and data section have inconsistent lengths");
  // A body that ends early, and one that goes on past its size.
  CHECK(outcome(module_of({one_type, one_function,
                           section(10, Encoder().u(1).u(3).byte(0).byte(0x0b).byte(0x0b))}))
            .starts_with("malformed: section size mismatch"));
  CHECK(outcome(module_of({one_type, one_function, section(10, Encoder().u(1).u(1).byte(0))}))
            .starts_with("malformed: unexpected end of section or function"));
}

TEST_CASE("imports, exports and start") {
  ModuleBuilder twice;
  twice.memory({.limits = {.minimum = 1}});
  twice.export_memory("same\x01", 0);
  twice.export_memory("same\x01", 0);
  CHECK(outcome(twice) == "invalid: duplicate export name \"same\\x01\"");

  ModuleBuilder unknown;
  unknown.export_global("g", 3);
  CHECK(outcome(unknown) == "invalid: unknown global 3");

  ModuleBuilder start;
  start.start(start.function({{kI32}, {}}, Code()));
  CHECK(outcome(start) == "invalid: start function has type [i32] -> [], not [] -> []");

  CHECK(outcome(module_of({section(2, Encoder().u(1).text("a").text("\xff").byte(0).u(0))})) ==
        "malformed: malformed UTF-8 encoding");
  CHECK(outcome(module_of({section(2, Encoder().u(1).text("a").text("b").byte(5).u(0))})) ==
        "malformed: malformed import kind");
  CHECK(outcome(module_of({section(0, Encoder().text("\xff"))})) ==
        "malformed: malformed UTF-8 encoding");
}

TEST_CASE("limits of memories and tables") {
  const auto memory = [](const wasm::MemoryType& type, FeatureSet features = FeatureSet::all()) {
    ModuleBuilder builder;
    builder.memory(type);
    return outcome(builder, features);
  };
  CHECK(memory({
            .limits = {.minimum = 65536, .maximum = 65536}
  }) == "ok");
  CHECK(memory({.limits = {.minimum = 65537}}) ==
        "invalid: memory size must be at most 65536 pages (4GiB)");
  CHECK(memory({
            .limits = {.minimum = 2, .maximum = 1}
  }) ==
        "invalid: size minimum must not be greater than maximum");
  CHECK(memory({.limits = {.minimum = 1}, .is_shared = true}) ==
        "invalid: shared memory must have maximum");
  CHECK(memory({
            .limits = {.minimum = uint64_t{1} << 48, .is_64 = true}
  }) == "ok");
  CHECK(memory({
                   .limits = {.minimum = (uint64_t{1} << 48) + 1, .is_64 = true}
  })
            .starts_with("invalid: memory size"));
  CHECK(memory({.limits = {.minimum = 1}, .page_size_log2 = 0}) == "ok");
  CHECK(memory({.limits = {.minimum = 1}, .page_size_log2 = 12}) ==
        "invalid: invalid custom page size");
  CHECK(
      memory({.limits = {.minimum = 1}, .page_size_log2 = 0}, without(Feature::CustomPageSizes)) ==
      "malformed: malformed limits flags: the feature custom-page-sizes is disabled");
  CHECK(memory(
            {
                .limits = {.minimum = 1, .is_64 = true}
  },
            without(Feature::Memory64)) ==
        "malformed: malformed limits flags: the feature memory64 is disabled");

  ModuleBuilder table;
  table.table({kFuncRef, {.minimum = uint64_t{1} << 32}});
  CHECK(outcome(table) == "invalid: table size must be at most 2^32-1");
  ModuleBuilder non_null;
  non_null.table({ValType::ref(HeapType::Abstract::Func, false), {.minimum = 0}});
  CHECK(outcome(non_null).starts_with("invalid: type mismatch"));
}

TEST_CASE("types") {
  const auto types = [](std::initializer_list<Encoder> entries,
                        FeatureSet features = FeatureSet::all()) {
    Encoder contents;
    contents.u(entries.size());
    for (const Encoder& entry : entries) contents.raw(entry.bytes());
    return outcome(module_of({section(1, contents)}), features);
  };
  const Encoder function = std::move(Encoder().byte(0x60).u(0).u(0));
  const Encoder open_struct = std::move(Encoder().byte(0x50).u(0).byte(0x5f).u(0));
  const auto below = [](uint32_t super, uint8_t form) {
    return std::move(Encoder().byte(0x50).u(1).u(super).byte(form).u(0));
  };
  CHECK(types({function, open_struct, below(1, 0x5f)}) == "ok");
  CHECK(types({function, below(0, 0x5f)}) == "invalid: sub type 1 does not match super type 0");
  CHECK(types({open_struct, std::move(Encoder().byte(0x50).u(1).u(0).byte(0x60).u(0).u(0))}) ==
        "invalid: sub type 1 does not match super type 0");
  CHECK(types({below(0, 0x5f)}) == "invalid: unknown type 0");
  CHECK(types({std::move(Encoder().byte(0x60).u(1).byte(0x64).s(1).u(0)), function}) ==
        "invalid: unknown type 1");
  // Within a group, types may refer forward.
  CHECK(
      types({std::move(
          Encoder().byte(0x4e).u(2).byte(0x60).u(1).byte(0x64).s(1).u(0).byte(0x60).u(0).u(0))}) ==
      "ok");
  CHECK(types({open_struct}, without(Feature::Gc)) == "unsupported: the feature gc is disabled");
  CHECK(types({std::move(Encoder().byte(0x61))}) == "malformed: malformed definition type");
  CHECK(types({std::move(Encoder().byte(0x60).u(0).u(2).byte(0x7f).byte(0x7f))},
              without(Feature::MultiValue)) == "unsupported: the feature multi-value is disabled");
  CHECK(types({std::move(Encoder().byte(0x60).u(1).byte(0x7b).u(0))}, without(Feature::Simd)) ==
        "unsupported: the feature simd is disabled");
}

TEST_CASE("constant expressions") {
  const auto global = [](ValType type, const Code& init, FeatureSet features = FeatureSet::all()) {
    ModuleBuilder builder;
    builder.import_global("m", "constant", {kI32, false});
    builder.import_global("m", "variable", {kI32, true});
    builder.global({type, false}, init);
    return outcome(builder, features);
  };
  CHECK(global(kI32, Code().i32(1)) == "ok");
  CHECK(global(kI32, Code()(Op::GlobalGet, 0)) == "ok");
  CHECK(global(kI32, Code()(Op::GlobalGet, 0).i32(2)(Op::I32Mul)) == "ok");
  CHECK(global(kV128, Code().v128(1, 2)) == "ok");
  CHECK(global(kFuncRef, Code().ref_null(HeapType::Abstract::Func)) == "ok");
  CHECK(global(kI32, Code()(Op::GlobalGet, 1)) ==
        "invalid: constant expression required: global 1 is mutable");
  CHECK(global(kI32, Code()(Op::GlobalGet, 2)) == "invalid: unknown global 2");
  CHECK(global(kI32, Code().i64(1)) == "invalid: type mismatch: expression of type i64 for i32");
  CHECK(global(kI32, Code().i32(1).i32(2)).starts_with("invalid: type mismatch"));
  CHECK(global(kI32, Code()).starts_with("invalid: type mismatch"));
  CHECK(global(kI32, Code().i32(1)(Op::I32Eqz)) ==
        "invalid: constant expression required: i32.eqz is not constant");
  CHECK(global(kI32, Code()(Op::Block, kEmptyBlock)(Op::End).i32(1)) ==
        "invalid: constant expression required: block is not constant");
  CHECK(global(kI32, Code().i32(1).i32(2)(Op::I32Add), without(Feature::ExtendedConst)) ==
        "unsupported: constant expression required: the feature extended-const is disabled");
  CHECK(global(kI32, Code()(static_cast<Op>(0)).byte(0xff)) == "malformed: illegal opcode ff");
}

TEST_CASE("only declared functions may be referred to in code") {
  ModuleBuilder builder;
  const uint32_t f = builder.function({}, Code()(Op::RefFunc, 0)(Op::Drop));
  CHECK(outcome(builder).starts_with("invalid: undeclared function reference 0"));
  builder.declarative_elements({f});
  CHECK(outcome(builder) == "ok");
}

TEST_CASE("errors in code say where") {
  ModuleBuilder builder;
  builder.import_function("env", "f", {});
  builder.function({}, Code());
  const uint32_t bad = builder.function({}, Code()(Op::Nop)(Op::I32Add));
  builder.function({}, Code()(Op::Drop));
  builder.name_function(bad, "bad \x1b one");
  const auto bytes = builder.build();
  const auto module = decode(bytes);
  REQUIRE_FALSE(module);
  CHECK(module.error().function == bad);
  CHECK(bytes[*module.error().offset] == std::byte{0x6a});
  CHECK(module.error().message ==
        "type mismatch: `i32.add` requires [i32 i32] but stack has [] "
        "(in function 2 \"bad \\x1b one\")");
}

TEST_CASE("of several invalid functions the first is reported, however many threads look") {
  ModuleBuilder builder;
  Code much;
  for (int i = 0; i < 500; ++i) much.i32(i)(Op::Drop);
  for (int i = 0; i < 1000; ++i) {
    Code code = much;
    if (i == 333 || i == 340 || i > 700) code(Op::Drop);
    builder.function({}, code);
  }
  const auto bytes = builder.build();
  for (unsigned threads : {1u, 2u, 8u}) {
    for (int run = 0; run < 5; ++run) {
      const auto module = decode(bytes, FeatureSet::defaults(), threads);
      REQUIRE_FALSE(module);
      CHECK(module.error().function == 333u);
    }
  }
}
