#include "ir/printer.hpp"

#include "catch.hpp"
#include "ir/verifier.hpp"

namespace {

using namespace wrun;

wasm::Module module_with(wasm::FuncType type) {
  wasm::Module module;
  module.types.resize(1);
  module.types[0].func = std::move(type);
  module.functions.resize(1);
  return module;
}

}  // namespace

TEST_CASE("a function prints as text") {
  const wasm::Module module = module_with({.params = {wasm::kI32}, .results = {wasm::kI32}});
  ir::Function function(module, 0);
  const ir::Block entry = function.create_block();
  const ir::Value param = function.add_param(entry, ir::Type::I32);
  const ir::Block exit = function.create_block();
  const ir::Value exit_param = function.add_param(exit, ir::Type::I32);
  const ir::Value sum = function.create(
      {
          .op = ir::Op::I32Add,
          .type = ir::Type::I32,
          .operands = {param.index, function.i32(7).index, UINT32_MAX}
  },
      {.offset = 31});
  function.append(entry, sum);
  const ir::Edge edge = function.make_edge(exit, std::array{sum});
  const uint32_t edges = function.add_edges(std::array{edge});
  function.append(entry, function.create({
                             .op = ir::Op::Jump, .operands = {0, 0, edges}
  }));
  const uint32_t list = function.add_list(std::array{exit_param});
  function.append(exit, function.create({
                            .op = ir::Op::Return, .operands = {list, 1}
  }));

  CHECK(ir::to_string(function) ==
        "function 0 {\n"
        "b0(v0:i32):\n"
        "  v3:i32 = i32.add v0, i32:7 @31\n"
        "  jump -> b1(v3)\n"
        "b1(v1:i32):\n"
        "  return v1\n"
        "}\n");
  const ir::Verified verified = ir::verify(function);
  CHECK((verified ? "" : verified.error()) == "");
}
