// Functions entered at one of their loops: what construction and every pass leave is well-formed.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "binary/instruction_reader.hpp"
#include "catch.hpp"
#include "engine/engine.hpp"
#include "ir/evaluator.hpp"
#include "ir/printer.hpp"
#include "ir/verifier.hpp"
#include "text/parser.hpp"

namespace {

using namespace wrun;

std::vector<uint32_t> loops_of(const wasm::Module& module, uint32_t function_index) {
  const wasm::Function& function = module.functions[function_index];
  binary::InstructionReader<true> reader(module.bytes.data(), function.body_offset,
                                         function.body_offset + function.body_size);
  reader.read_locals([](uint32_t, wasm::ValType) { return true; });
  std::vector<uint32_t> loops;
  binary::Instruction insn;
  while (reader.next(insn))
    if (insn.op == wasm::Op::Loop) loops.push_back(insn.offset);
  return loops;
}

struct Counts {
  uint32_t entered = 0;
  uint32_t refused = 0;
};

Counts enter_all_loops(const wasm::Module& module, uint32_t most_a_function) {
  Counts counts;
  for (uint32_t f = module.imported_functions; f < module.functions.size(); ++f) {
    auto loops = loops_of(module, f);
    if (loops.size() > most_a_function) loops.resize(most_a_function);
    for (const uint32_t loop : loops) {
      INFO("function " << f << ", loop at " << loop);
      auto function = ir::build(module, f, {.entry_loop = loop});
      if (!function) {
        ++counts.refused;
        continue;
      }
      ++counts.entered;
      const auto verified = ir::verify(*function);
      if (!verified) FAIL(verified.error());
      std::string problem;
      test::optimise(*function, problem);
      if (!problem.empty()) FAIL(problem);
    }
  }
  return counts;
}

std::shared_ptr<const wasm::Module> from_text(engine::Engine& engine, std::string_view source) {
  auto parsed = text::parse_module(source);
  REQUIRE(parsed);
  const auto kept = std::make_shared<const std::vector<std::byte>>(std::move(parsed->bytes));
  const auto module = engine.load(*kept, kept);
  REQUIRE(module);
  return *module;
}

}  // namespace

TEST_CASE("The way to an inner loop leads through the headers around it") {
  engine::Engine engine({});
  const auto module = from_text(engine, R"((module (func (param $n i32) (result i32) (local $i i32)
    (loop $outer
      (local.set $i (i32.const 0))
      (loop $inner
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $outer (i32.eq (local.get $i) (local.get $n)))
        (br_if $inner (i32.lt_u (local.get $i) (i32.const 9)))))
    (local.get $i))))");
  const auto loops = loops_of(*module, 0);
  REQUIRE(loops.size() == 2);
  const auto outer = ir::build(*module, 0, {.entry_loop = loops[0]});
  REQUIRE(outer);
  CHECK(outer->enters_at_loop);
  CHECK(ir::verify(*outer));
  const auto inner = ir::build(*module, 0, {.entry_loop = loops[1]});
  REQUIRE(inner);
  CHECK(ir::verify(*inner));
  // The outer header asks whether to go on inwards.
  CHECK(inner->block_count() > outer->block_count());
  CHECK(enter_all_loops(*module, 9).entered == 2);
}

TEST_CASE("A loop with operands on the stack, or none at all, is not entered at") {
  engine::Engine engine({});
  const auto module = from_text(engine, R"((module (func (param $n i32) (result i32)
    (local.get $n)
    (loop $next (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))");
  const Counts counts = enter_all_loops(*module, 9);
  CHECK(counts.entered == 0);
  CHECK(counts.refused == 1);
  CHECK_FALSE(ir::build(*module, 0, {.entry_loop = 1}));
}

TEST_CASE("Functions of real programs entered at their loops", "[.app]") {
  const char* folder = std::getenv("WRUN_GUESTS_DIR");
  if (folder == nullptr) return;
  for (const char* name :
       {"lua", "bzip2", "sqlite", "zstd", "rustguest", "exc_legacy", "lua_exnref"}) {
    const auto path = std::filesystem::path(folder) / (std::string(name) + ".wasm");
    if (!std::filesystem::exists(path)) continue;
    INFO(path.string());
    engine::Engine engine({.features = wasm::FeatureSet::all()});
    const auto module = engine.load_file(path.string());
    REQUIRE(module);
    const Counts counts = enter_all_loops(**module, 3);
    CHECK(counts.entered > counts.refused);
  }
}
