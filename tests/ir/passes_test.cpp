// What single passes do, in the text form.
#include "ir/passes.hpp"

#include <random>

#include "catch.hpp"
#include "ir/block_layout.hpp"
#include "ir/evaluation.hpp"
#include "ir/parser.hpp"
#include "ir/printer.hpp"
#include "ir/verifier.hpp"

namespace {

using namespace wrun;
using ir::Function;

const wasm::Module& module() {
  static const wasm::Module made = [] {
    wasm::Module m;
    const auto add = [&](std::vector<wasm::ValType> params, std::vector<wasm::ValType> results) {
      wasm::SubType type;
      type.func = {.params = std::move(params), .results = std::move(results)};
      m.types.push_back(type);
      m.functions.push_back({.type = static_cast<uint32_t>(m.types.size() - 1)});
    };
    add({wasm::kI32, wasm::kI32}, {wasm::kI32});
    add({wasm::kI64, wasm::kI64}, {wasm::kI64});
    add({}, {});
    return m;
  }();
  return made;
}

Function parse(const std::string& text) {
  auto function = ir::parse(text, module());
  if (!function) FAIL(function.error());
  const ir::Verified verified = ir::verify(*function);
  if (!verified) FAIL(verified.error());
  return std::move(*function);
}

// After a pass, which must leave a function that verifies. Numbers of values are those of the parser.
std::string after(void (*pass)(Function&), const std::string& text) {
  Function function = parse(text);
  pass(function);
  const ir::Verified verified = ir::verify(function);
  if (!verified) FAIL(verified.error() + "\n" + ir::to_string(function));
  return ir::to_string(function);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what is printed reads back") {
  const std::string text =
      "function 0 {\n"
      "b0(v0:i32, v1:i32):\n"
      "  v2:i64 = memory_bytes[1] @7\n"
      "  v3:i64 = i64.extend_i32_u v0\n"
      "  v4:i64 = bounds_check[OutOfBoundsMemoryAccess 12] v3, v2 @9\n"
      "  v5:i32 = i32.load[offset 8 checked] v4 @11\n"
      "  v6:f64 = f64.convert_i32_s v5\n"
      "  v7:f64 = f64.add v6, f64:0x3ff0000000000000\n"
      "  global.set[3] v7\n"
      "  switch v5 -> b1(v1), b2, b1(i32:-4)\n"
      "b1(v8:i32):\n"
      "  v9:i32 = call[0] v8, v1 @20\n"
      "  branch v9 -> b1(v9), b2\n"
      "b2 cold:\n"
      "  unreachable[Unreachable] @30\n"
      "}\n";
  const Function once = parse(text);
  CHECK(ir::to_string(parse(ir::to_string(once))) == ir::to_string(once));
  CHECK(contains(ir::to_string(once), "switch"));
}

TEST_CASE("the verifier refuses values that do not dominate their uses") {
  const auto function = ir::parse(
      "function 0 {\n"
      "b0(v0:i32, v1:i32):\n"
      "  branch v0 -> b1, b2\n"
      "b1:\n"
      "  v2:i32 = i32.add v0, v1\n"
      "  jump -> b2\n"
      "b2:\n"
      "  return v2\n"
      "}\n",
      module());
  REQUIRE(function);
  CHECK(!ir::verify(*function));
}

TEST_CASE("equal values are computed once, in dominating blocks too") {
  const std::string text = after(ir::number_values,
                                 "function 0 {\n"
                                 "b0(v0:i32, v1:i32):\n"
                                 "  v2:i32 = i32.mul v0, v1\n"
                                 "  branch v2 -> b1, b2\n"
                                 "b1:\n"
                                 "  v3:i32 = i32.mul v0, v1\n"
                                 "  return v3\n"
                                 "b2:\n"
                                 "  return v0\n"
                                 "}\n");
  CHECK(text.find("i32.mul") == text.rfind("i32.mul"));
}

TEST_CASE("further results stay behind the instruction that gives them") {
  // after() verifies it.
  const std::string once = after(ir::number_values,
                                 "function 1 {\n"
                                 "b0(v0:i64, v1:i64):\n"
                                 "  v2:i64 = i64.mul_wide_u v0, v1\n"
                                 "  v3:i64 = result[1] v2\n"
                                 "  branch i32:7 -> b1, b1\n"
                                 "b1:\n"
                                 "  v4:i64 = i64.mul_wide_u v0, v1\n"
                                 "  v5:i64 = result[1] v4\n"
                                 "  v6:i64 = i64.sub v3, v5\n"
                                 "  return v6\n"
                                 "}\n");
  CHECK(once.find("mul_wide") == once.rfind("mul_wide"));
  CHECK(contains(once, "return i64:0"));
  const std::string moved = after(ir::number_values,
                                  "function 1 {\n"
                                  "b0(v0:i64, v1:i64):\n"
                                  "  v2:i64 = i64.mul_wide_u v0, v1\n"
                                  "  branch i32:7 -> b1, b1\n"
                                  "b1:\n"
                                  "  v4:i64 = i64.mul_wide_u v0, v1\n"
                                  "  v5:i64 = result[1] v4\n"
                                  "  v6:i64 = i64.sub v2, v5\n"
                                  "  return v6\n"
                                  "}\n");
  CHECK(moved.find("result[1]") < moved.find("branch"));
  const std::string hoisted = after(ir::hoist_loop_invariants,
                                    "function 1 {\n"
                                    "b0(v0:i64, v1:i64):\n"
                                    "  jump -> b1(v0)\n"
                                    "b1(v2:i64):\n"
                                    "  v3:i64 = i64.mul_wide_s v1, i64:3\n"
                                    "  v4:i64 = result[1] v3\n"
                                    "  v5:i64 = i64.sub v2, v4\n"
                                    "  v6:i32 = i64.eqz v5\n"
                                    "  branch v6 -> b1(v5), b2\n"
                                    "b2:\n"
                                    "  return v5\n"
                                    "}\n");
  CHECK(hoisted.find("result[1]") < hoisted.find("b1(v2"));
}

TEST_CASE("a load knows what was stored, until something else may have been written there") {
  const std::string text = after(ir::number_values,
                                 "function 0 {\n"
                                 "b0(v0:i32, v1:i32):\n"
                                 "  i32.store[offset 4] v0, v1\n"
                                 "  i32.store[offset 8] v0, i32:5\n"
                                 "  v2:i32 = i32.load[offset 4] v0\n"
                                 "  i32.store[offset 4] v1, i32:6\n"
                                 "  v3:i32 = i32.load[offset 4] v0\n"
                                 "  v4:i32 = i32.add v2, v3\n"
                                 "  return v4\n"
                                 "}\n");
  CHECK(text.find("i32.load") != std::string::npos);
  CHECK(text.find("i32.load") == text.rfind("i32.load"));
}

TEST_CASE("what is added to an address goes into the offset, unless the sum may wrap around") {
  const auto accessed = [](const std::string& sum) {
    const std::string text = after(ir::number_values,
                                   "function 0 {\n"
                                   "b0(v0:i32, v1:i32):\n"
                                   "  v2:i32 = i32.and v0, i32:255\n"
                                   "  v3:i32 = " +
                                       sum +
                                       "\n"
                                       "  v4:i32 = i32.load[offset 8] v3\n"
                                       "  return v4\n"
                                       "}\n");
    // The offset, and whether the rest of the address is v2 still.
    const size_t masked = text.find(":i32 = i32.and");
    const std::string name = text.substr(text.rfind('v', masked), masked - text.rfind('v', masked));
    const size_t offset = text.find("[offset ") + 8;
    const size_t end = text.find(']', offset);
    const bool is_mask = text.compare(end + 2, name.size() + 1, name + "\n") == 0;
    return text.substr(offset, end - offset) + (is_mask ? "" : " from the sum");
  };
  CHECK(accessed("i32.add v2, i32:1024") == "1032");
  CHECK(accessed("i32.add i32:1024, v2") == "1032");
  CHECK(accessed("i32.add v2, i32:-256") == "8 from the sum");  // too far for an instruction
  CHECK(accessed("i32.add v2, i32:2147483392") == "2147483400");
  CHECK(accessed("i32.add v2, i32:2147483647") == "8 from the sum");
  CHECK(accessed("i32.add v2, i32:-1") == "8 from the sum");
  CHECK(accessed("i32.add v0, i32:1024") == "8 from the sum");
  CHECK(accessed("i32.or v2, i32:1024") == "1032");
  CHECK(accessed("i32.or v2, i32:1025") == "8 from the sum");
  CHECK(accessed("i32.or v0, i32:1024") == "8 from the sum");
  CHECK(accessed("i32.sub v2, i32:4") == "8 from the sum");
}

TEST_CASE("a check that goes further makes later ones needless") {
  const std::string text = after(ir::number_values,
                                 "function 1 {\n"
                                 "b0(v0:i64, v1:i64):\n"
                                 "  v2:i64 = memory_bytes[0]\n"
                                 "  v3:i64 = bounds_check[OutOfBoundsMemoryAccess 16] v0, v2\n"
                                 "  v4:i64 = i64.load[offset 8 checked] v3\n"
                                 "  v5:i64 = memory_bytes[0]\n"
                                 "  v6:i64 = bounds_check[OutOfBoundsMemoryAccess 8] v0, v5\n"
                                 "  v7:i64 = i64.load[checked] v6\n"
                                 "  v8:i64 = i64.add v4, v7\n"
                                 "  return v8\n"
                                 "}\n");
  CHECK(text.find("bounds_check") == text.rfind("bounds_check"));
  CHECK(text.find("memory_bytes") == text.rfind("memory_bytes"));
}

TEST_CASE("invariants leave loops that do not write what they read") {
  const char* loop =
      "function 0 {\n"
      "b0(v0:i32, v1:i32):\n"
      "  jump -> b1(v0)\n"
      "b1(v2:i32):\n"
      "  v3:i32 = global.get[0]\n"
      "  v4:i32 = i32.mul v1, v1\n"
      "  v5:i32 = i32.add v2, v4\n"
      "  v6:i32 = i32.sub v5, v3\n"
      "%s"
      "  branch v6 -> b1(v6), b2\n"
      "b2:\n"
      "  return v6\n"
      "}\n";
  const auto with = [&](const std::string& line) {
    std::string text = loop;
    return text.replace(text.find("%s"), 2, line);
  };
  const std::string text = after(ir::hoist_loop_invariants, with(""));
  const size_t header = text.find("b1(v");
  CHECK(text.find("i32.mul") < header);
  CHECK(text.find("global.get") < text.find("b1(v2"));
  CHECK(text.find("i32.sub") > text.find("b1(v2"));
  const std::string writing = after(ir::hoist_loop_invariants, with("  global.set[1] v6\n"));
  CHECK(writing.find("global.get") > writing.find("\nb1(v"));
}

TEST_CASE("only some of the sums with constants leave a loop") {
  std::string text = "function 0 {\nb0(v0:i32, v1:i32):\n  jump -> b1(v0)\nb1(v2:i32):\n";
  uint32_t sum = 2;
  for (int i = 0; i < 20; ++i) {
    text +=
        "  v" + std::to_string(sum + 1) + ":i32 = i32.add v1, i32:" + std::to_string(i + 1) + "\n";
    text += "  v" + std::to_string(sum + 2) + ":i32 = i32.mul v" + std::to_string(sum) + ", v" +
            std::to_string(sum + 1) + "\n";
    sum += 2;
  }
  const std::string last = "v" + std::to_string(sum);
  text += "  branch " + last + " -> b1(" + last + "), b2\nb2:\n  return " + last + "\n}\n";
  const std::string result = after(ir::hoist_loop_invariants, text);
  const auto sums_in = [](std::string_view part) {
    uint32_t count = 0;
    for (size_t at = part.find("i32.add"); at != std::string_view::npos;
         at = part.find("i32.add", at + 1))
      ++count;
    return count;
  };
  const std::string_view all = result;
  const size_t header = all.find("\nb1(");
  CHECK(sums_in(all.substr(0, header)) < 10);
  CHECK(sums_in(all.substr(0, header)) > 2);
  CHECK(sums_in(all) == 20);
}

TEST_CASE("a loop compares the next value of its counter, unless a step may wrap around") {
  // The comparison that is left, without the number of its first operand.
  const auto compared = [](const std::string& begin, const std::string& step,
                           const std::string& condition, bool on_true) {
    const std::string text =
        after(ir::compare_next_counters,
              "function 0 {\nb0(v0:i32, v1:i32):\n  jump -> b1(" + begin +
                  ")\nb1(v2:i32):\n  v3:i32 = i32.add v2, i32:" + step +
                  "\n  v4:i32 = " + condition + "\n  branch v4 -> " +
                  (on_true ? "b1(v3), b2" : "b2, b1(v3)") + "\nb2:\n  return v0\n}\n");
    const size_t line = text.rfind("i32.", text.find("branch"));
    std::string left = text.substr(line, text.find('\n', line) - line);
    const size_t operand = left.find(' ');
    return left.erase(operand, left.find(',') == std::string::npos ? std::string::npos
                                                                   : left.find(',') + 1 - operand);
  };
  // Equality survives everything.
  CHECK(compared("v0", "1", "i32.ne v2, i32:9", true) == "i32.ne i32:10");
  CHECK(compared("v0", "-1", "i32.eq v2, i32:0", false) == "i32.eq i32:-1");
  CHECK(compared("v0", "-1", "i32.eqz v2", false) == "i32.eq i32:-1");
  CHECK(compared("v0", "7", "i32.eq v2, i32:-1", true) == "i32.eq i32:6");
  // Order needs a counter that begins with a constant and came from below the bound.
  CHECK(compared("i32:0", "16", "i32.lt_u v2, i32:100", true) == "i32.lt_u i32:116");
  CHECK(compared("i32:0", "16", "i32.ge_u v2, i32:100", false) == "i32.ge_u i32:116");
  CHECK(compared("i32:-50", "2", "i32.lt_s v2, i32:-9", true) == "i32.lt_s i32:-7");
  CHECK(compared("i32:0", "10", "i32.lt_u v2, i32:-21", true) == "i32.lt_u i32:-11");
  CHECK(compared("v0", "16", "i32.lt_u v2, i32:100", true) == "i32.lt_u i32:100");
  CHECK(compared("i32:0", "16", "i32.lt_u v2, i32:100", false) == "i32.lt_u i32:100");
  CHECK(compared("i32:0", "16", "i32.ge_u v2, i32:100", true) == "i32.ge_u i32:100");
  CHECK(compared("i32:0", "-1", "i32.lt_u v2, i32:100", true) == "i32.lt_u i32:100");
  CHECK(compared("i32:-50", "100", "i32.lt_u v2, i32:100", true) == "i32.lt_u i32:100");
  CHECK(compared("i32:0", "16", "i32.lt_u v2, i32:-20", true) == "i32.lt_u i32:-20");
  CHECK(compared("i32:0", "10", "i32.lt_u v2, i32:-20", true) == "i32.lt_u i32:-20");
  CHECK(compared("i32:0", "10", "i32.lt_s v2, i32:2147483640", true) == "i32.lt_s i32:2147483640");
  // The comparison moves behind the step if only the branch wants it.
  const std::string later = after(ir::compare_next_counters, R"(function 0 {
b0(v0:i32, v1:i32):
  jump -> b1(v0)
b1(v2:i32):
  v4:i32 = i32.ne v2, i32:9
  v3:i32 = i32.add v2, i32:1
  branch v4 -> b1(v3), b2
b2:
  return v0
}
)");
  CHECK(later.find("i32.add") < later.find("i32.ne"));
  CHECK(contains(later, ", i32:10"));
}

TEST_CASE("what may trap leaves a loop only if it would be the first thing to be noticed") {
  const std::string first = after(ir::hoist_loop_invariants,
                                  "function 0 {\n"
                                  "b0(v0:i32, v1:i32):\n"
                                  "  jump -> b1(v0)\n"
                                  "b1(v2:i32):\n"
                                  "  v3:i32 = i32.load v1\n"
                                  "  v4:i32 = i32.sub v2, v3\n"
                                  "  branch v4 -> b1(v4), b2\n"
                                  "b2:\n"
                                  "  return v4\n"
                                  "}\n");
  CHECK(first.find("i32.load") < first.find("\nb1(v"));
  const std::string later = after(ir::hoist_loop_invariants,
                                  "function 0 {\n"
                                  "b0(v0:i32, v1:i32):\n"
                                  "  jump -> b1(v0)\n"
                                  "b1(v2:i32):\n"
                                  "  global.set[0] v2\n"
                                  "  v3:i32 = i32.load v1\n"
                                  "  v4:i32 = i32.sub v2, v3\n"
                                  "  branch v4 -> b1(v4), b2\n"
                                  "b2:\n"
                                  "  return v4\n"
                                  "}\n");
  CHECK(later.find("i32.load") > later.find("\nb1(v"));
}

TEST_CASE("unused instructions, parameters and their arguments go") {
  const std::string text = after(ir::remove_dead_code,
                                 "function 0 {\n"
                                 "b0(v0:i32, v1:i32):\n"
                                 "  v2:i32 = i32.mul v0, v1\n"
                                 "  jump -> b1(v0, v2)\n"
                                 "b1(v3:i32, v4:i32):\n"
                                 "  v5:i32 = i32.add v4, v3\n"
                                 "  branch v3 -> b1(v3, v5), b2\n"
                                 "b2:\n"
                                 "  return v3\n"
                                 "}\n");
  CHECK(!contains(text, "i32.mul"));
  CHECK(!contains(text, "i32.add"));
}

TEST_CASE("parameters with one argument, and branches on constants, go") {
  const std::string text = after(
      [](Function& function) {
        ir::remove_redundant_params(function);
        ir::simplify_control_flow(function);
      },
      "function 0 {\n"
      "b0(v0:i32, v1:i32):\n"
      "  jump -> b1(v0, v1)\n"
      "b1(v3:i32, v4:i32):\n"
      "  v5:i32 = i32.sub v4, i32:1\n"
      "  branch i32:0 -> b1(v3, v5), b2\n"
      "b2:\n"
      "  return v3\n"
      "}\n");
  CHECK(!contains(text, "branch"));
  CHECK(!contains(text, "b1"));
}

TEST_CASE("critical edges get a block") {
  Function function = parse(
      "function 0 {\n"
      "b0(v0:i32, v1:i32):\n"
      "  branch v0 -> b1(v0), b2\n"
      "b2:\n"
      "  jump -> b1(v1)\n"
      "b1(v2:i32):\n"
      "  return v2\n"
      "}\n");
  ir::split_critical_edges(function);
  CHECK(ir::verify(function));
  CHECK(function.edges(function.entry())[0].arg_count == 0);
}

TEST_CASE("blocks are laid out with loops in one piece and cold blocks last") {
  const Function function = parse(
      "function 0 {\n"
      "b0(v0:i32, v1:i32):\n"
      "  jump -> b1(v0)\n"
      "b1(v2:i32):\n"
      "  branch v2 -> b4, b2\n"
      "b2:\n"
      "  branch v1 -> b3, b5\n"
      "b3 cold:\n"
      "  unreachable[Unreachable]\n"
      "b4:\n"
      "  return v2\n"
      "b5:\n"
      "  jump -> b1(v1)\n"
      "}\n");
  std::vector<uint32_t> order;
  for (const ir::Block block : ir::lay_out_blocks(function, ir::FlowGraph(function)))
    order.push_back(block.index);
  CHECK(order == std::vector<uint32_t>{0, 1, 2, 5, 4, 3});
}

namespace {

// Runs straight code of one block on two numbers.
uint64_t run(const Function& function, uint64_t a, uint64_t b) {
  std::vector<uint64_t> values(function.value_count());
  std::vector<uint64_t> high(function.value_count());
  for (uint32_t i = 0; i < function.value_count(); ++i)
    if (function[ir::Value{i}].is_constant()) values[i] = function[ir::Value{i}].immediate;
  values[function.params(function.entry())[0].index] = a;
  values[function.params(function.entry())[1].index] = b;
  for (const ir::Value value : function.instructions(function.entry())) {
    const ir::Instruction& insn = function[value];
    const auto operands = function.operands(value);
    if (insn.op == ir::Op::Return) return values[operands[0].index];
    const uint64_t x = values[operands[0].index];
    const uint64_t y = operands.size() > 1 ? values[operands[1].index] : 0;
    if (insn.op == ir::Op::Result) {
      values[value.index] = high[operands[0].index];
    } else if (insn.op == ir::Op::I64MulWideU || insn.op == ir::Op::I64MulWideS) {
      high[value.index] =
          insn.op == ir::Op::I64MulWideU
              ? static_cast<uint64_t>(static_cast<unsigned __int128>(x) * y >> 64)
              : static_cast<uint64_t>(
                    static_cast<__int128>(static_cast<int64_t>(x)) * static_cast<int64_t>(y) >> 64);
    } else {
      REQUIRE(ir::evaluate_scalar(insn.op, x, y, values[value.index]));
    }
  }
  return 0;
}

}  // namespace

TEST_CASE("the product with a reciprocal is shifted once where it can be") {
  const auto operations = [](const std::string& type, const std::string& op, int divisor) {
    const std::string text =
        after(ir::reduce_divisions, "function " + std::string(type == "i32" ? "0" : "1") +
                                        " {\nb0(v0:" + type + ", v1:" + type + "):\n  v2:" + type +
                                        " = " + type + "." + op + " v0, " + type + ":" +
                                        std::to_string(divisor) + "\n  return v2\n}\n");
    return std::ranges::count(text, '=');
  };
  CHECK(operations("i32", "div_u", 3) == 4);  // extended, multiplied, shifted, wrapped
  CHECK(operations("i32", "div_u", 10) == 4);
  CHECK(operations("i32", "div_u", 28) == 5);  // shifted first
  CHECK(operations("i32", "div_u", 7) == 8);   // of 33 bits
  CHECK(operations("i32", "div_s", 7) == 6);   // less the sign
  CHECK(operations("i64", "div_u", 10) == 3);  // multiplied, the upper half, shifted
  CHECK(operations("i64", "div_s", 10) == 5);
}

TEST_CASE("divisions by constants are multiplications with the same results") {
  std::mt19937_64 random(3);
  const auto number = [&] {
    switch (random() % 4) {
      case 0:  return random() % 1000;
      case 1:  return -(random() % 1000);
      case 2:  return (uint64_t{1} << random() % 64) + random() % 3 - 1;
      default: return random();
    }
  };
  for (const bool is_64 : {false, true})
    for (const char* op : {"div_u", "div_s", "rem_u", "rem_s"})
      for (int round = 0; round < 400; ++round) {
        uint64_t divisor = round < 100 ? static_cast<uint64_t>(round) : number();
        if (!is_64) divisor = static_cast<uint32_t>(divisor);
        const std::string type = is_64 ? "i64" : "i32";
        const Function before =
            parse("function " + std::string(is_64 ? "1" : "0") + " {\nb0(v0:" + type +
                  ", v1:" + type + "):\n  v2:" + type + " = " + type + "." + op + " v0, " + type +
                  ":" + std::to_string(divisor) + "\n  return v2\n}\n");
        if (divisor == 0) continue;
        Function reduced = before;
        ir::reduce_divisions(reduced);
        REQUIRE(ir::verify(reduced));
        INFO(ir::to_string(before) + ir::to_string(reduced));
        for (uint64_t i = 0; i < 44; ++i) {
          // Where the quotient changes, too.
          uint64_t x = i < 4 ? number() / divisor * divisor - i % 2 : number();
          if (!is_64) x = static_cast<uint32_t>(x);
          const uint64_t minimum = is_64 ? uint64_t{1} << 63 : uint64_t{1} << 31;
          if (x == minimum && divisor == (is_64 ? UINT64_MAX : UINT32_MAX)) continue;
          REQUIRE(run(reduced, x, 0) == run(before, x, 0));
        }
      }
}
