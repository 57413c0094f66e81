// The instructions that small functions become, prologues and epilogues aside. Places behind the context
// are not told apart.
#include <regex>

#include "catch.hpp"
#include "codegen/compiler.hpp"
#include "ir/build.hpp"
#include "ir/pipeline.hpp"
#include "support/decode.hpp"
#include "text/parser.hpp"

namespace wrun::codegen {
namespace {

using Lines = std::vector<std::string>;

// Of the module's last function.
Lines code_of(const std::string& source, Machine machine) {
  auto parsed = text::parse_module("(module (memory 1) " + source + ")");
  if (!parsed) FAIL(parsed.error().message);
  wasm::TypeRegistry types;
  const auto module = test::decode_module(types, std::move(parsed->bytes), wasm::FeatureSet::all());
  auto function = ir::build(*module, static_cast<uint32_t>(module->functions.size() - 1), {});
  if (!function) FAIL(function.error().what);
  ir::PipelineReport report;
  ir::run_pipeline(*function, {}, report);
  Listing listing;
  if (!compile(*function, {.machine = machine, .check_allocation = true, .listing = &listing}))
    FAIL("not compiled");
  static const std::regex kContext("\\[(r15|x23)[^\\]]*\\]");
  static const std::regex kFrame(".*(rbp|rsp|x29|sp\\b|x30).*|ret|ud2|udf.*");
  Lines lines;
  for (const ListedLine& line : listing)
    if (!line.is_label && !std::regex_match(line.text, kFrame))
      lines.push_back(std::regex_replace(line.text, kContext, "[context]"));
  return lines;
}

TEST_CASE("arithmetic on what lies in memory is one instruction") {
  const auto update = [](const char* value) {
    return std::string("(func (param i32 i32) (i32.store offset=4 (local.get 0) ") + value + "))";
  };
  CHECK(code_of(update("(i32.add (i32.load offset=4 (local.get 0)) (local.get 1))"),
                Machine::X64) == Lines{"add dword ptr [r14+rsi+4], edx"});
  CHECK(code_of(update("(i32.or (i32.const 64) (i32.load offset=4 (local.get 0)))"),
                Machine::X64) == Lines{"or dword ptr [r14+rsi+4], 0x40"});
  // What is subtracted from, elsewhere, or wanted again.
  CHECK(code_of(update("(i32.sub (local.get 1) (i32.load offset=4 (local.get 0)))"), Machine::X64)
            .size() == 2);
  CHECK(code_of(update("(i32.add (i32.load offset=8 (local.get 0)) (local.get 1))"), Machine::X64)
            .size() == 2);
  CHECK(code_of("(func (param i32 i32) (result i32) (i32.store (local.get 0)"
                "(local.tee 1 (i32.add (i32.load (local.get 0)) (local.get 1)))) (local.get 1))",
                Machine::X64)
            .size() == 3);
  // Something else may be written in between.
  CHECK(code_of("(func (param i32 i32) (local i32) (local.set 2 (i32.load (local.get 0)))"
                "(i32.store (local.get 1) (i32.const 1))"
                "(i32.store (local.get 0) (i32.add (local.get 2) (i32.const 2))))",
                Machine::X64)
            .size() == 4);
}

TEST_CASE("sums with something shifted are one instruction") {
  const auto sum = [](const char* value) {
    return code_of(std::string("(func (param i32 i32) (result i32) ") + value + ")", Machine::X64);
  };
  CHECK(sum("(i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2)))") ==
        Lines{"lea eax, [rsi+rdx*4]"});
  CHECK(sum("(i32.add (i32.add (i32.shl (local.get 1) (i32.const 3)) (local.get 0))"
            "(i32.const -8))") == Lines{"lea eax, [rsi+rdx*8-8]"});
  CHECK(sum("(i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 4)))").size() > 1);
}

TEST_CASE("a byte is compared where it lies") {
  const auto compare = [](const char* condition) {
    return std::string("(func (param i32 i32) (br_if 0 ") + condition +
           ") (i32.store (local.get 0) (local.get 1)))";
  };
  CHECK(code_of(compare("(i32.eq (i32.load8_u (local.get 0)) (i32.const 34))"), Machine::X64)[0] ==
        "cmp byte ptr [r14+rsi], 0x22");
  CHECK(code_of(compare("(i32.eqz (i32.and (i32.load8_u (local.get 0)) (i32.const 4)))"),
                Machine::X64)[0] == "test byte ptr [r14+rsi], 4");
  const Lines both = code_of(
      compare("(i32.ne (i32.load8_u (local.get 0)) (i32.load8_u (local.get 1)))"), Machine::X64);
  CHECK(both[0] == "movzx eax, byte ptr [r14+rsi]");
  CHECK(both[1] == "cmp al, byte ptr [r14+rdx]");
}

TEST_CASE("an instance's own globals and fixed tables are one load away") {
  const std::string global = "(global (mut i32) (i32.const 1)) (func (result i32) (global.get 0))";
  CHECK(code_of(global, Machine::X64) == Lines{"mov eax, dword ptr [context]"});
  CHECK(code_of(global, Machine::A64) == Lines{"ldr w0, [context]"});
  const std::string get = "(func (param i32) (result funcref) (table.get 0 (local.get 0)))";
  const Lines fixed = code_of("(table 9 9 funcref)" + get, Machine::X64);
  CHECK(std::ranges::count_if(fixed, [](const std::string& line) {
          return line.find("ptr [") != std::string::npos;
        }) == 2);
  const Lines growing = code_of("(table 9 funcref)" + get, Machine::X64);
  CHECK(growing.size() > fixed.size());
}

}  // namespace
}  // namespace wrun::codegen
