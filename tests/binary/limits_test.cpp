// Sizes beyond what anyone writes: either fine or a clear error, and soon.
#include "wasm/limits.hpp"
#include "decode.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

Encoder repeated(size_t count, const Encoder& entry) {
  Encoder contents;
  contents.u(count);
  for (size_t i = 0; i < count; ++i) contents.raw(entry.bytes());
  return contents;
}

bool too_many(const std::string& text, std::string_view what) {
  return text.starts_with("unsupported: too many " + std::string(what));
}

Code nested(size_t depth) {
  Code code;
  for (size_t i = 0; i < depth; ++i) code(Op::Block, kEmptyBlock);
  for (size_t i = 0; i < depth; ++i) code(Op::End);
  return code;
}

const Encoder kEmptyFunctionType = std::move(Encoder().byte(0x60).u(0).u(0));

}  // namespace

TEST_CASE("deep nesting") {
  CHECK(outcome({}, nested(200'000)) == "ok");
  CHECK(outcome({}, nested(wasm::kMaxNestingDepth))
            .starts_with("unsupported: more than 1000000 nested blocks"));
  // A branch out of all of it.
  Code code;
  for (int i = 0; i < 100'000; ++i) code(Op::Loop, kEmptyBlock);
  code(Op::Br, 100'000);
  for (int i = 0; i < 100'000; ++i) code(Op::End);
  CHECK(outcome({}, code) == "ok");
}

TEST_CASE("functions: bytes, locals, parameters, operands") {
  const auto types = [](size_t params, size_t results) {
    Encoder type;
    type.byte(0x60).u(params);
    for (size_t i = 0; i < params; ++i) type.byte(0x7f);
    type.u(results);
    for (size_t i = 0; i < results; ++i) type.byte(0x7f);
    return outcome(module_of({section(1, Encoder().u(1).raw(type.bytes()))}));
  };
  CHECK(types(1000, 1000) == "ok");
  CHECK(too_many(types(1001, 0), "parameters or results"));
  CHECK(too_many(types(0, 1001), "parameters or results"));

  const auto locals = [](uint64_t count) {
    const Encoder body = std::move(Encoder().u(1).u(count).byte(0x7f).byte(0x0b));
    return outcome(
        module_of({section(1, Encoder().u(1).raw(kEmptyFunctionType.bytes())),
                   section(3, Encoder().u(1).u(0)),
                   section(10, Encoder().u(1).u(body.bytes().size()).raw(body.bytes()))}));
  };
  CHECK(locals(50'000) == "ok");
  CHECK(too_many(locals(50'001), "locals: 50001, the limit is 50000"));
  CHECK(too_many(locals(UINT32_MAX), "locals"));

  Code nops;
  for (uint32_t i = 0; i < wasm::kMaxFunctionBytes; ++i) nops(Op::Nop);
  CHECK(outcome({}, nops).starts_with("unsupported: function 0 has 7654323 bytes"));

  // Two bytes of code can push a thousand operands.
  ModuleBuilder builder;
  const uint32_t many = builder.import_function("m", "f", {{}, std::vector<ValType>(1000, kI32)});
  Code calls;
  for (int i = 0; i < 1100; ++i) calls(Op::Call, many);
  builder.function({}, calls(Op::Unreachable));
  CHECK(outcome(builder).starts_with("unsupported: more than 1048576 operands"));
}

TEST_CASE("numbers of definitions") {
  const Encoder global = std::move(Encoder().byte(0x7f).byte(0).byte(0x41).byte(0).byte(0x0b));
  const Encoder memory = std::move(Encoder().byte(0).byte(0));
  const Encoder table = std::move(Encoder().byte(0x70).byte(0).byte(0));
  const Encoder type_section = section(1, Encoder().u(1).raw(kEmptyFunctionType.bytes()));

  CHECK(outcome(module_of({section(5, repeated(100, memory))})) == "ok");
  CHECK(too_many(outcome(module_of({section(5, repeated(101, memory))})), "memories"));
  CHECK(too_many(outcome(module_of({section(4, repeated(100'001, table))})), "tables"));
  CHECK(outcome(module_of({section(6, repeated(1'000'000, global))})) == "ok");
  CHECK(too_many(outcome(module_of({section(6, repeated(1'000'001, global))})), "globals"));
  CHECK(
      too_many(outcome(module_of({type_section, section(3, repeated(1'000'001, Encoder().u(0)))})),
               "functions"));
  CHECK(
      too_many(outcome(module_of({section(1, repeated(1'000'001, kEmptyFunctionType))})), "types"));
  CHECK(too_many(outcome(module_of({section(11, repeated(100'001, Encoder().u(1).u(0)))})),
                 "data segments"));
  const Encoder import = std::move(Encoder().u(0).u(0).byte(0).u(0));
  CHECK(too_many(outcome(module_of({type_section, section(2, repeated(1'000'001, import))})),
                 "imports"));
  const Encoder tag = std::move(Encoder().byte(0).u(0));
  CHECK(
      too_many(outcome(module_of({type_section, section(13, repeated(1'000'001, tag))})), "tags"));
  const Encoder element = std::move(Encoder().u(1).byte(0).u(0));
  CHECK(outcome(module_of({section(9, repeated(100'000, element))})) == "ok");
}

TEST_CASE("a million equal types are one, and subtyping is bounded in depth") {
  const auto module = decode_good(module_of({section(1, repeated(1'000'000, kEmptyFunctionType))}));
  CHECK(module->canonical_types.front() == module->canonical_types.back());

  const auto chain = [](uint32_t depth) {
    Encoder contents;
    contents.u(depth + 1).byte(0x50).u(0).byte(0x5f).u(0);
    for (uint32_t i = 0; i < depth; ++i) contents.byte(0x50).u(1).u(i).byte(0x5f).u(0);
    return outcome(module_of({section(1, contents)}));
  };
  CHECK(chain(63) == "ok");
  CHECK(chain(64) == "unsupported: sub type 64 has more than 63 super types");
}

TEST_CASE("branch tables") {
  // Long ones, to many labels with many operands, take time proportional to their length.
  ModuleBuilder builder;
  const std::vector<ValType> values(1000, kI32);
  const uint32_t type = builder.type({{}, values});
  Code code;
  for (int i = 0; i < 100; ++i) code(Op::Block, type);
  for (int i = 0; i < 1001; ++i) code.i32(0);
  code(Op::BrTable, 1'000'000);
  for (int i = 0; i <= 1'000'000; ++i) code.byte(static_cast<uint64_t>(i % 100));
  for (int i = 0; i < 100; ++i) code(Op::End);
  builder.function_of_type(type, code);
  CHECK(outcome(builder) == "ok");
}

TEST_CASE("names and custom sections") {
  const std::string name(wasm::kMaxNameBytes + 1, 'x');
  CHECK(outcome(module_of({section(0, Encoder().text(name))})) == "unsupported: name too long");
  std::vector<Encoder> customs(100'000, section(0, Encoder().text("")));
  CHECK(outcome(module_of(customs)) == "ok");
}
