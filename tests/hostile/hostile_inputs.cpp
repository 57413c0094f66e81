#include "hostile/hostile_inputs.hpp"

#include "support/module_builder.hpp"

namespace wrun::test {
namespace {

using wasm::Op;

std::vector<std::byte> start_module(const Code& code,
                                    const std::vector<wasm::ValType>& locals = {}) {
  ModuleBuilder builder;
  builder.memory({.limits = {.minimum = 1}});
  builder.export_function("_start", builder.function({}, code, locals));
  return builder.build();
}

std::vector<std::byte> nested(Op op, int depth) {
  Code code;
  for (int i = 0; i < depth; ++i) {
    if (op == Op::If) code.i32(1);
    code(op, kEmptyBlock);
  }
  for (int i = 0; i < depth; ++i) code(Op::End);
  return start_module(code);
}

std::vector<std::byte> large_br_table() {
  Code code;
  code(Op::Block, kEmptyBlock)(Op::Block, kEmptyBlock).i32(999'999)(Op::BrTable, 1'000'000);
  for (int i = 0; i <= 1'000'000; ++i) code.byte(static_cast<uint64_t>(i & 1));
  return start_module(code(Op::End)(Op::End));
}

std::vector<std::byte> many_locals(wasm::ValType type) {
  std::vector<wasm::ValType> locals(50'000, type);
  return start_module(
      Code()(Op::LocalGet, 49'999)(Op::LocalSet, 0)(Op::LocalGet, 25'000)(Op::LocalSet, 49'998),
      locals);
}

// A value on the stack for every byte and a half, all alive at once.
std::vector<std::byte> deep_stack() {
  Code code;
  for (int i = 0; i < 500'000; ++i) code.i32(i & 63);
  for (int i = 1; i < 500'000; ++i) code(Op::I32Add);
  return start_module(code(Op::Drop));
}

std::vector<std::byte> pending_locals() {
  Code code;
  for (int i = 0; i < 100'000; ++i) code(Op::LocalGet, 0)(Op::LocalGet, 0).i32(1)(Op::LocalSet, 0);
  for (int i = 0; i < 200'000; ++i) code(Op::Drop);
  return start_module(code, {wasm::kI32});
}

std::vector<std::byte> with_header(Encoder rest) {
  return Encoder().fixed(0x6d736100, 4).fixed(1, 4).raw(rest.bytes()).bytes();
}

// A section that claims `count` entries but holds none.
std::vector<std::byte> giant_count(uint8_t section, uint64_t count) {
  Encoder contents;
  contents.u(count);
  return with_header(Encoder().byte(section).u(contents.bytes().size()).raw(contents.bytes()));
}

std::vector<std::byte> giant_local_counts() {
  Encoder body;
  body.u(3);
  for (int i = 0; i < 3; ++i) body.u(0xffffffff).byte(0x7f);
  body.byte(0x0b);
  Encoder code;
  code.u(1).u(body.bytes().size()).raw(body.bytes());
  Encoder module;
  module.byte(1).u(4).u(1).byte(0x60).u(0).u(0);
  module.byte(3).u(2).u(1).u(0);
  return with_header(module.byte(10).u(code.bytes().size()).raw(code.bytes()));
}

std::vector<std::byte> endless_leb() {
  Encoder module;
  module.byte(1);
  for (int i = 0; i < 1'000'000; ++i) module.byte(0x80);
  return with_header(module);
}

std::vector<std::byte> zeros() {
  auto bytes = with_header({});
  bytes.resize(64u << 20);
  return bytes;
}

std::vector<std::byte> large_memory_and_table() {
  ModuleBuilder builder;
  builder.memory({.limits = {.minimum = 65'536}});
  builder.table({.element = wasm::kFuncRef, .limits = {.minimum = 0xffffffff}});
  return builder.build();
}

}  // namespace

std::vector<HostileInput> hostile_inputs() {
  std::vector<HostileInput> inputs = {
      {"100,000 nested blocks", nested(Op::Block, 100'000), true},
      {"100,000 nested loops", nested(Op::Loop, 100'000), true},
      {"100,000 nested ifs", nested(Op::If, 100'000), true},
      {"br_table of 1,000,001", large_br_table(), true},
      {"50,000 locals of i32", many_locals(wasm::kI32), true},
      {"50,000 locals of v128", many_locals(wasm::kV128), true},
      {"500,000 values on the stack", deep_stack(), true},
      {"200,000 pending locals", pending_locals(), true},
      {"locals beyond 32 bits", giant_local_counts(), false},
      {"LEB128 without an end", endless_leb(), false},
      {"64 MiB of zeros", zeros(), false},
      {"4 GiB of memory and a table", large_memory_and_table(), true},
  };
  for (uint8_t section = 1; section <= 13; ++section)
    for (const uint64_t count : {uint64_t{0xffffffff}, uint64_t{0x7fffffff}, UINT64_MAX})
      inputs.push_back(
          {"count in section " + std::to_string(section), giant_count(section, count), false});
  return inputs;
}

}  // namespace wrun::test
