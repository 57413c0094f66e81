// Compiled functions against the interpreter.
#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "codegen/native.hpp"

namespace wrun::codegen {
namespace {

using test::Native;
using wasm::ValType;

const std::vector<uint64_t> kI32s = {0,          1,          2,          7,          31,
                                     32,         33,         0x7f,       0x80,       0xff,
                                     0x7fff,     0x8000,     0xffff,     0x10000,    0x7fffffff,
                                     0x80000000, 0x80000001, 0xdeadbeef, 0xfffffffe, 0xffffffff};
const std::vector<uint64_t> kI64s = {0,
                                     1,
                                     2,
                                     63,
                                     64,
                                     0xff,
                                     0x8000,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x100000000,
                                     0x8000000000000000,
                                     0x7fffffffffffffff,
                                     0xfffffffffffffbff,
                                     0x8000000000000401,
                                     0xfffffffffffffffe,
                                     0xffffffffffffffff,
                                     0x123456789abcdef0};

std::vector<uint64_t> f64s() {
  std::vector<uint64_t> result;
  for (double value : {0.0,
                       -0.0,
                       1.0,
                       -1.0,
                       0.5,
                       -0.5,
                       1.5,
                       2.5,
                       -2.5,
                       0.9999,
                       -0.9999,
                       2147483647.0,
                       2147483647.5,
                       2147483648.0,
                       -2147483648.0,
                       -2147483648.9,
                       -2147483649.0,
                       4294967295.0,
                       4294967295.9,
                       4294967296.0,
                       9223372036854774784.0,
                       9223372036854775808.0,
                       -9223372036854775808.0,
                       -9223372036854777856.0,
                       18446744073709549568.0,
                       18446744073709551616.0,
                       4503599627370496.5,
                       1e300,
                       -1e300,
                       5e-324,
                       HUGE_VAL,
                       -HUGE_VAL})
    result.push_back(std::bit_cast<uint64_t>(value));
  result.push_back(0x7ff8000000000000);
  result.push_back(0xfff8000000000000);
  result.push_back(0x7ff0000000000001);  // signalling
  return result;
}
std::vector<uint64_t> f32s() {
  std::vector<uint64_t> result;
  for (float value : {0.0F,
                      -0.0F,
                      1.0F,
                      -1.0F,
                      0.5F,
                      -0.5F,
                      1.5F,
                      2.5F,
                      -2.5F,
                      0.9999F,
                      -0.9999F,
                      2147483520.0F,
                      2147483648.0F,
                      -2147483648.0F,
                      -2147483904.0F,
                      4294967040.0F,
                      4294967296.0F,
                      9223371487098961920.0F,
                      9223372036854775808.0F,
                      -9223372036854775808.0F,
                      -9223373136366403584.0F,
                      18446742974197923840.0F,
                      18446744073709551616.0F,
                      8388609.5F,
                      1e38F,
                      HUGE_VALF,
                      -HUGE_VALF})
    result.push_back(std::bit_cast<uint32_t>(value));
  result.push_back(0x7fc00000);
  result.push_back(0xffc00000);
  result.push_back(0x7f800001);
  return result;
}
const std::vector<uint64_t>& edges(ValType type) {
  static const std::vector<uint64_t> kF64s = f64s();
  static const std::vector<uint64_t> kF32s = f32s();
  switch (type.kind()) {
    case ValType::Kind::I32: return kI32s;
    case ValType::Kind::I64: return kI64s;
    case ValType::Kind::F32: return kF32s;
    default:                 return kF64s;
  }
}
bool is_nan(ValType type, uint64_t bits) {
  if (type == wasm::kF32) return (bits & 0x7fffffff) > 0x7f800000;
  return type == wasm::kF64 && (bits & 0x7fffffffffffffff) > 0x7ff0000000000000;
}
std::string to_text(const Native::Outcome& outcome) {
  if (!outcome) return std::string(runtime::trap_message(outcome.error()));
  std::string text;
  for (uint64_t slot : *outcome) text += fmt::format("{:x} ", slot);
  return text;
}
bool same(const Native::Outcome& a, const Native::Outcome& b, const wasm::FuncType& type) {
  if (!a || !b) return !a && !b && a.error() == b.error();
  for (size_t i = 0; i < a->size(); ++i) {
    const ValType result = i < type.results.size() ? type.results[i] : wasm::kI64;
    // What is above an f32 is nobody's.
    const uint64_t mask = result == wasm::kF32 ? 0xffffffff : UINT64_MAX;
    if (((*a)[i] & mask) != ((*b)[i] & mask) &&
        !(is_nan(result, (*a)[i]) && is_nan(result, (*b)[i])))
      return false;
  }
  return true;
}

void compare(Native& native, uint32_t function, const std::vector<uint64_t>& arguments) {
  const wasm::FuncType& type = native.instance().module().func_type(function);
  const auto expected = native.interpret(function, arguments);
  const auto actual = native.run(function, arguments);
  if (same(expected, actual, type)) return;
  std::string text;
  for (uint64_t argument : arguments) text += fmt::format("{:x} ", argument);
  FAIL_CHECK("function " << function << " of " << text << ": " << to_text(actual) << "instead of "
                         << to_text(expected));
}

// All combinations of edge values, for up to three operands.
void compare_edges(Native& native, uint32_t function) {
  const auto& params = native.instance().module().func_type(function).params;
  std::vector<size_t> at(params.size(), 0);
  const size_t step = params.size() > 2 ? 3 : 1;
  while (true) {
    std::vector<uint64_t> arguments;
    for (size_t i = 0; i < params.size(); ++i) arguments.push_back(edges(params[i])[at[i]]);
    compare(native, function, arguments);
    size_t i = 0;
    for (; i < params.size(); ++i) {
      at[i] += step;
      if (at[i] < edges(params[i]).size()) break;
      at[i] = 0;
    }
    if (i == params.size()) return;
  }
}

const std::vector<CompileOptions> kVariants = {
    {.check_allocation = true},
    {.check_allocation = true, .few_registers = true}
};

char letter_type(ValType::Kind kind) {
  return kind == ValType::Kind::I32   ? 'i'
         : kind == ValType::Kind::I64 ? 'l'
         : kind == ValType::Kind::F32 ? 'f'
                                      : 'd';
}
std::string name_of(ValType::Kind kind) { return wasm::to_string(ValType(kind)); }

TEST_CASE("every scalar instruction computes what it does in the interpreter") {
  if (!is_supported()) return;
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const auto op = static_cast<wasm::Op>(i);
    const wasm::OpInfo& info = wasm::info(op);
    if (!info.has(wasm::op_flag::Pure) || info.signature.special || info.imm != wasm::Imm::None ||
        info.prefix == wasm::kSimdPrefix || info.signature.result_count != 1 ||
        info.signature.param_count == 0 || info.feature == wasm::Feature::WideArithmetic)
      continue;
    // Operands from parameters, and each from a constant.
    std::string source = "(module (func (param";
    const auto& signature = info.signature;
    for (int k = 0; k < signature.param_count; ++k) source += " " + name_of(signature.params[k]);
    source += ") (result " + name_of(signature.results[0]) + ")";
    for (int k = 0; k < signature.param_count; ++k) source += fmt::format(" local.get {}", k);
    source += fmt::format(" {}))", wasm::text(op));
    INFO(source);
    for (const CompileOptions& options : kVariants) {
      Native native(source, options);
      compare_edges(native, 0);
    }
    if (signature.param_count != 2) continue;
    std::string constants = "(module";
    for (uint64_t value : edges(signature.params[1])) {
      const char type = letter_type(signature.params[1]);
      std::string constant = type == 'i'   ? fmt::format("i32.const {}", value)
                             : type == 'l' ? fmt::format("i64.const {}", value)
                             : type == 'f'
                                 ? fmt::format("(f32.reinterpret_i32 (i32.const {}))", value)
                                 : fmt::format("(f64.reinterpret_i64 (i64.const {}))", value);
      constants += fmt::format(
          "(func (param {0}) (result {1}) local.get 0 {2} {3})"
          "(func (param {0}) (result {1}) {2} local.get 0 {3})",
          name_of(signature.params[0]), name_of(signature.results[0]), constant, wasm::text(op));
    }
    constants += ")";
    Native native(constants);
    const auto count = static_cast<uint32_t>(native.instance().module().functions.size());
    for (uint32_t k = 0; k < count; ++k) compare_edges(native, k);
  }
}

const std::vector<std::vector<uint64_t>> kV128s = {
    {                 0,                  0},
    {        UINT64_MAX,         UINT64_MAX},
    {0x0706050403020100, 0x0f0e0d0c0b0a0908},
    {0x80ff7f0180007fff, 0x8000000180000000},
    {0x7fffffffffffffff, 0x8000000000000000},
    {0x3f800000bf800000, 0x4f00000080000000},
    {0x7fc000007f800001, 0xff80000000000001},
    {0x3ff8000000000000, 0xc1e0000000100000},
    {0x7ff8000000000000, 0xfff0000000000000},
    {0x0000000000000000, 0x8000000000000000},
    {0x1011808182f0f1ff, 0x00010020ff1f100f}
};

// Lanes of floats that are NaNs may have any payload.
bool same_vectors(std::string_view name, uint64_t a, uint64_t b) {
  if (a == b) return true;
  if (name.starts_with("f64x2")) return is_nan(wasm::kF64, a) && is_nan(wasm::kF64, b);
  if (!name.starts_with("f32x4")) return false;
  for (uint32_t shift : {0, 32}) {
    const uint64_t x = a >> shift & 0xffffffff;
    const uint64_t y = b >> shift & 0xffffffff;
    if (x != y && !(is_nan(wasm::kF32, x) && is_nan(wasm::kF32, y))) return false;
  }
  return true;
}

TEST_CASE("vector instructions compute what they do in the interpreter") {
  if (!is_supported()) return;
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const auto op = static_cast<wasm::Op>(i);
    const wasm::OpInfo& info = wasm::info(op);
    const auto& signature = info.signature;
    if (!info.has(wasm::op_flag::Pure) || signature.special || info.prefix != wasm::kSimdPrefix ||
        signature.param_count == 0)
      continue;
    const std::string name(wasm::text(op));
    std::vector<std::string> immediates = {""};
    const bool is_shift = signature.param_count == 2 && signature.params[1] == ValType::Kind::I32 &&
                          info.imm == wasm::Imm::None;
    if (is_shift)
      immediates = {"", "i32.const 0", "i32.const 3", "i32.const 7", "i32.const 8", "i32.const 77"};
    if (info.imm == wasm::Imm::Lane) immediates = {"0", "1"};
    if (info.imm == wasm::Imm::Lanes16)
      immediates = {"0 31 2 29 4 27 6 25 8 23 10 21 12 19 14 17",
                    "3 3 3 3 2 2 2 2 1 1 1 1 0 0 0 0"};
    for (const std::string& immediate : immediates) {
      std::string source = "(module (func (param";
      for (int k = 0; k < signature.param_count; ++k) source += " " + name_of(signature.params[k]);
      source += ") (result " + name_of(signature.results[0]) + ")";
      source += " local.get 0";
      if (is_shift && !immediate.empty())
        source += fmt::format(" {} {}))", immediate, name);
      else {
        for (int k = 1; k < signature.param_count; ++k) source += fmt::format(" local.get {}", k);
        source += fmt::format(" {} {}))", name, immediate);
      }
      INFO(source);
      Native native(source);
      for (size_t a = 0; a < kV128s.size(); ++a)
        for (size_t b = 0; b < (signature.param_count > 1 ? kV128s.size() : 1); ++b) {
          std::vector<uint64_t> arguments;
          for (int k = 0; k < signature.param_count; ++k) {
            const std::vector<uint64_t>& vector = kV128s[k == 0 ? a : k == 1 ? b : (a + b) % 11];
            const bool is_vector = signature.params[k] == ValType::Kind::V128;
            arguments.push_back(is_vector ? vector[0] : edges(signature.params[k])[(a + b) % 16]);
            if (is_vector) arguments.push_back(vector[1]);
          }
          const auto expected = native.interpret(0, arguments);
          const auto actual = native.run(0, arguments);
          REQUIRE(expected.has_value());
          REQUIRE(actual.has_value());
          bool equal = true;
          for (size_t k = 0; k < expected->size(); ++k) {
            const uint64_t mask =
                signature.results[0] == ValType::Kind::F32 ? 0xffffffff : UINT64_MAX;
            equal &= same_vectors(name, (*expected)[k] & mask, (*actual)[k] & mask);
          }
          INFO(a << " " << b << ": " << to_text(actual) << "instead of " << to_text(expected));
          CHECK(equal);
        }
    }
  }
}

TEST_CASE("sums with something shifted") {
  if (!is_supported()) return;
  for (const std::string type : {"i32", "i64"}) {
    std::string source = "(module";
    for (int count = 0; count < 6; ++count) {
      const std::string shifted =
          "(" + type + ".shl (local.get 0) (" + type + ".const " + std::to_string(count) + "))";
      const std::string both = "(" + type + ".add " + shifted + " (local.get 1))";
      for (const std::string& sum :
           {shifted + " (local.get 1)", "(local.get 1) " + shifted, shifted + "(local.get 0)",
            shifted + shifted, both + "(" + type + ".const -8)",
            both + "(" + type + ".const 0x7fffffff)"})
        source += "(func (param " + type + " " + type + ") (result " + type + ") (" + type +
                  ".add " + sum + "))";
    }
    // Halves of wide values.
    source +=
        "(func (param i64 i64) (result i64) (i64.extend_i32_u (i32.add (i32.wrap_i64 (local.get 0))"
        "(i32.shl (i32.wrap_i64 (local.get 1)) (i32.const 3)))))";
    for (const CompileOptions& options : kVariants) {
      Native native(source + ")", options);
      for (uint32_t k = 0; k < 37; ++k) compare_edges(native, k);
    }
  }
}

TEST_CASE("bits are cleared") {
  if (!is_supported()) return;
  for (const std::string type : {"i32", "i64"}) {
    const auto op = [&](const std::string& name, const std::string& a, const std::string& b) {
      return "(" + type + "." + name + " " + a + " " + b + ")";
    };
    const std::string x = "(local.get 0)";
    const std::string y = "(local.get 1)";
    const std::string ones = "(" + type + ".const -1)";
    const std::string one = "(" + type + ".const 1)";
    std::string source = "(module";
    for (const std::string& body :
         {op("and", x, op("add", x, ones)), op("and", op("sub", x, one), x),
          op("and", op("xor", x, ones), y), op("and", y, op("xor", x, ones)),
          op("and", op("xor", ones, x), op("xor", y, ones)), op("xor", x, op("and", x, y)),
          "(if (result " + type + ") (" + type + ".eqz (local.tee 0 " +
              op("and", x, op("sub", x, one)) + ")) (then " + y + ") (else " + x + "))",
          "(if (result " + type + ") (" + type + ".eqz (local.tee 0 " +
              op("and", y, op("xor", x, ones)) + ")) (then " + y + ") (else " + x + "))",
          // Zeros are loaded where flags are in use.
          "(select (" + type + ".const 0) " + y + " (" + type + ".lt_u " + x + " " + y + "))"})
      source += "(func (param " + type + " " + type + ") (result " + type + ") " + body + ")";
    for (const CompileOptions& options : kVariants) {
      Native native(source + ")", options);
      for (uint32_t k = 0; k < 9; ++k) compare_edges(native, k);
    }
  }
}

TEST_CASE("wide arithmetic") {
  if (!is_supported()) return;
  for (const char* name : {"i64.add128", "i64.sub128"}) {
    const std::string body =
        fmt::format("local.get 0 local.get 1 local.get 2 local.get 3 {}", name);
    // Both halves, and each of them alone.
    for (const CompileOptions& options : kVariants) {
      Native native(
          fmt::format("(module (func (param i64 i64 i64 i64) (result i64 i64) {0})"
                      "(func (param i64 i64 i64 i64) (result i64) {0} drop)"
                      "(func (param i64 i64 i64 i64) (result i64) (local i64) {0} local.set 4 drop "
                      "local.get 4))",
                      body),
          options);
      for (uint32_t function = 0; function < 3; ++function) compare_edges(native, function);
    }
  }
  for (const char* name : {"i64.mul_wide_s", "i64.mul_wide_u"}) {
    Native native(fmt::format(
        "(module (func (param i64 i64) (result i64 i64) local.get 0 local.get 1 {}))", name));
    compare_edges(native, 0);
  }
}

// Runs a function on a fresh word of memory in both tiers; the results and what it leaves must agree.
void compare_atomic(Native& native, uint32_t function, std::vector<uint64_t> arguments) {
  constexpr uint64_t kBefore[2] = {0x8182838485868788, 0xf1f2f3f4f5f6f7f8};
  std::byte* memory = native.instance().memory(0).view()->base;
  const auto observe = [&](auto&& run) {
    std::memset(memory, 0, 65536);
    std::memcpy(memory + 16, kBefore, 16);
    std::string text = to_text(run());
    uint64_t after[3];
    std::memcpy(after, memory + 16, 16);
    std::memcpy(after + 2, memory + 65528, 8);
    return text + fmt::format("| {:x} {:x} {:x}", after[0], after[1], after[2]);
  };
  const std::string expected = observe([&] { return native.interpret(function, arguments); });
  CHECK(observe([&] { return native.run(function, arguments); }) == expected);
}

TEST_CASE("atomic accesses") {
  if (!is_supported()) return;
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const auto op = static_cast<wasm::Op>(i);
    const wasm::OpInfo& info = wasm::info(op);
    const auto& signature = info.signature;
    const std::string name(wasm::text(op));
    if (!info.has(wasm::op_flag::Atomic) || !info.accesses_memory() || name.starts_with("memory"))
      continue;
    std::string params = "(param";
    std::string operands;
    for (int k = 0; k < signature.param_count; ++k) {
      params += " " + name_of(signature.params[k]);
      operands += fmt::format(" local.get {}", k);
    }
    params += ")";
    const bool has_result = signature.result_count != 0;
    const std::string result =
        has_result ? "(result " + name_of(signature.results[0]) + ")" : std::string();
    const std::string source = fmt::format(
        "(module (memory 1 1)"
        "(func {0} {1} {2} {3}) (func {0} {2} {3} {4}) (func {0} {1} {2} {3} offset=8)"
        "(func {0} {1} {2} {3} offset=65536) (func {0} {1} {2} {3} offset=0xfffffff8))",
        params, result, operands, name, has_result ? "drop" : "");
    INFO(source);
    for (const CompileOptions& options : kVariants) {
      Native native(source, options);
      for (uint32_t function = 0; function < 5; ++function)
        for (uint64_t address : {16, 17, 18, 20, 24, 65528, 65532, 65535, 65536, 0x7ffffff8})
          for (uint64_t operand : {0x0ull, 0x88ull, 0xffffffffull, 0x85868788ull,
                                   0x8182838485868788ull, 0x123456789abcdef0ull}) {
            std::vector<uint64_t> arguments = {address, operand, 0x1122334455667799};
            arguments.resize(static_cast<size_t>(signature.param_count));
            for (size_t k = 1; k < arguments.size(); ++k)
              if (signature.params[k] == ValType::Kind::I32) arguments[k] &= 0xffffffff;
            compare_atomic(native, function, arguments);
          }
    }
  }
}

TEST_CASE("atomic accesses to other memories") {
  if (!is_supported()) return;
  Native native(R"((module (memory 1) (memory i64 1 1)
      (func (param i64 i64) (result i64)
        (i64.atomic.store 1 offset=8 (local.get 0) (local.get 1))
        (drop (i64.atomic.rmw.or 1 offset=8 (local.get 0) (i64.const 0x100)))
        (i64.add (i64.atomic.rmw16.xor_u 1 offset=8 (local.get 0) (i64.const 0xff))
                 (i64.atomic.load 1 offset=8 (local.get 0))))))");
  for (uint64_t address : {uint64_t{0}, uint64_t{65520}, uint64_t{65528}, UINT64_MAX - 15,
                           UINT64_MAX - 7, uint64_t{4}})
    compare(native, 0, {address, 0x1234567890abcdef});
}

TEST_CASE("comparisons branch, select and trap") {
  if (!is_supported()) return;
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const auto op = static_cast<wasm::Op>(i);
    const wasm::OpInfo& info = wasm::info(op);
    const auto& signature = info.signature;
    if (!info.has(wasm::op_flag::Pure) || signature.special || signature.param_count != 2 ||
        signature.result_count != 1 || signature.results[0] != ValType::Kind::I32 ||
        info.prefix != 0)
      continue;
    const std::string type = name_of(signature.params[0]);
    const std::string text(wasm::text(op));
    const std::string compare_text = "(" + text + " (local.get 0) (local.get 1))";
    const std::string params = "(param " + type + " " + type + ")";
    std::string source = "(module";
    source += "(func " + params + "(result i32) (if (result i32) " + compare_text +
              "(then (i32.const 7)) (else (i32.const 9))))";
    source += "(func " + params + "(result i32) (if (result i32) (i32.eqz " + compare_text +
              ") (then (i32.const 7)) (else (i32.const 9))))";
    source += "(func " + params + "(result i64) (select (i64.const 7) (i64.const 9) " +
              compare_text + "))";
    source += "(func " + params + "(result f64) (select (f64.const 7) (f64.const 9) (i32.eqz " +
              compare_text + ")))";
    source += "(func " + params + "(result " + type + ") (select (local.get 0) (local.get 1) " +
              compare_text + "))";
    source += "(func " + params + " (if " + compare_text + " (then unreachable)))";
    source += "(func " + params + "(result i32) (local i32) (i32.add (select (i32.const 1) " +
              "(i32.const 2) (local.tee 2 " + compare_text + ")) (if (result i32) (local.get 2) " +
              "(then (i32.const 10)) (else (local.get 2)))))";
    source += "(func " + params +
              "(result i32) (local i32) (loop (br_if 1 (i32.gt_u (local.get 2) (i32.const 3)))"
              "(local.set 2 (i32.add (local.get 2) (i32.const 1))) (br_if 0 " +
              compare_text + ")) (local.get 2))";
    source += ")";
    // The branch out of the last function has no value: a block around it.
    const size_t at = source.rfind("(loop");
    source.replace(at, 5, "(block (loop");
    source.replace(source.rfind(") (local.get 2))"), 1, "))");
    INFO(source);
    for (const CompileOptions& options : kVariants) {
      Native native(source, options);
      for (uint32_t k = 0; k < 8; ++k) compare_edges(native, k);
    }
  }
}

TEST_CASE("loads and stores reach to the last byte and no further") {
  if (!is_supported()) return;
  const std::vector<uint64_t> addresses = {
      0,          1,          65528,      65529,      65532,      65534,      65535,     65536,
      0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffff8, 0xfffffffc, 0xfffffffe, 0xffffffff};
  for (size_t i = 0; i < wasm::kOpCount; ++i) {
    const auto op = static_cast<wasm::Op>(i);
    const wasm::OpInfo& info = wasm::info(op);
    if (!info.accesses_memory() || info.prefix != 0) continue;
    const bool is_load = info.has(wasm::op_flag::Load);
    std::string source =
        "(module (memory 1) (data (i32.const 0) \"\\81\\82\\83\\f4\\85\\96\\87\\f8\\89\")"
        "(data (i32.const 65520) "
        "\"\\91\\f2\\93\\84\\95\\96\\97\\98\\f9\\9a\\9b\\8c\\9d\\fe\\9f\\80\")";
    for (uint64_t offset :
         {0ull, 1ull, 65528ull, 65535ull, 0x7fffffffull, 0x80000000ull, 0xffffffffull}) {
      if (is_load) {
        source += fmt::format("(func (param i32) (result {}) ({} offset={} (local.get 0)))",
                              name_of(info.signature.results[0]), wasm::text(op), offset);
        // The sum of an index wraps around; a dirty upper half is not part of it.
        source += fmt::format(
            "(func (param i32) (result {}) ({} offset={} (i32.add (local.get 0) (i32.const 8))))",
            name_of(info.signature.results[0]), wasm::text(op), offset);
        source += fmt::format(
            "(func (param i32) (result {}) ({} offset={} (i32.shl (local.get 0) (i32.const 3))))",
            name_of(info.signature.results[0]), wasm::text(op), offset);
        source += fmt::format(
            "(func (param i32) (result {}) ({} offset={} (i32.wrap_i64 (i64.sub (i64.extend_i32_u "
            "(local.get 0)) (i64.const 0x700000000)))))",
            name_of(info.signature.results[0]), wasm::text(op), offset);
      } else {
        const std::string type = name_of(info.signature.params[1]);
        const std::string constant = type == "i32" || type == "i64" ? "0xfedcba98" : "-1.5";
        source += fmt::format(
            "(func (param i32) (result i64) ({0} offset={1} (local.get 0) ({2}.const {3}))"
            "(i64.load (i32.const 65528)))",
            wasm::text(op), offset, type, constant);
        source += fmt::format(
            "(func (param i32) (result i64) ({0} offset={1} (local.get 0) ({2}.convert_i32_u "
            "(local.get 0)))"
            "(i64.load (i32.const 0)))",
            wasm::text(op), offset, type[0] == 'f' ? type : "f64");
        if (type[0] == 'i') {
          const size_t at = source.rfind("(f64.convert_i32_u (local.get 0))");
          source.replace(at, 33,
                         type == "i32" ? "(local.get 0)" : "(i64.extend_i32_s (local.get 0))");
        }
      }
    }
    source += ")";
    INFO(source);
    Native native(source);
    Native interpreted(source);
    const auto count = static_cast<uint32_t>(native.instance().module().functions.size());
    for (uint32_t k = 0; k < count; ++k)
      for (uint64_t address : addresses) {
        const auto expected = interpreted.interpret(k, {address});
        const auto actual = native.run(k, {address});
        const bool equal = same(expected, actual, native.instance().module().func_type(k));
        INFO(k << " at " << address << ": " << to_text(actual) << " instead of "
               << to_text(expected));
        CHECK(equal);
      }
  }
}

TEST_CASE("memory is updated in its place") {
  if (!is_supported()) return;
  struct Width {
    const char* load;
    const char* store;
  };
  const auto source_of = [](const std::string& type, const std::vector<Width>& widths) {
    std::string source = "(module (memory 1)";
    for (const Width& width : widths)
      for (const char* op : {"add", "sub", "and", "or", "xor"}) {
        const std::string load = fmt::format("({}.{} offset=3 (local.get 0))", type, width.load);
        for (const std::string& operands :
             {load + "(local.get 1)", "(local.get 1)" + load, load + load,
              load + "(" + type + ".const 5)", load + "(" + type + ".const -3)",
              load + "(" + type + ".const 0x12345678)", load + "(" + type + ".const 0x80000000)"})
          source += fmt::format(
              "(func (param i32 {0}) (result i64) ({0}.{1} offset=3 (local.get 0) ({0}.{2} {3}))"
              "(i64.load (i32.and (local.get 0) (i32.const 0xfff8))))",
              type, width.store, op, operands);
      }
    return source + ")";
  };
  for (const std::string& source : {
           source_of("i32", {{"load", "store"},
                             {"load8_u", "store8"},
                             {"load8_s", "store8"},
                             {"load16_u", "store16"},
                             {"load16_s", "store"}}
            ),
           source_of("i64", {{"load", "store"},
                             {"load8_u", "store8"},
                             {"load16_s", "store16"},
                             {"load32_u", "store32"},
                             {"load32_s", "store"}}
            )
  }) {
    for (const CompileOptions& options : kVariants) {
      Native native(source, options);
      Native interpreted(source);
      const auto count = static_cast<uint32_t>(native.instance().module().functions.size());
      for (uint32_t k = 0; k < count; ++k)
        for (const uint64_t address : {0u, 5u, 65524u, 65529u, 65532u, 65533u, 0xfffffffcu})
          for (const uint64_t number : {1u, 0xffu, 0x7f80u, 0xfffffffeu}) {
            const auto expected = interpreted.interpret(k, {address, number});
            const auto actual = native.run(k, {address, number});
            const bool equal = same(expected, actual, native.instance().module().func_type(k));
            INFO(k << " at " << address << ": " << to_text(actual) << " instead of "
                   << to_text(expected));
            REQUIRE(equal);
          }
    }
  }
}

TEST_CASE("bytes are compared as they lie in memory") {
  if (!is_supported()) return;
  std::string source =
      "(module (memory 1) (data (i32.const 0) \"\\00\\01\\22\\7f\\80\\81\\fe\\ff\\00\\80\\00\")";
  uint32_t count = 0;
  const auto add = [&](const std::string& condition) {
    ++count;
    source += "(func (param i32 i32) (result i32) (if (result i32) " + condition +
              "(then (i32.const 7)) (else (i32.const 5))))";
  };
  for (const std::string type : {"i32", "i64"})
    for (const char* kind : {"load8_u", "load8_s", "load16_u", "load16_s"}) {
      const std::string load = fmt::format("({}.{} (local.get 0))", type, kind);
      const std::string other = fmt::format("({}.{} (local.get 1))", type, kind);
      const std::string byte = type == "i32"
                                   ? "(i32.and (local.get 1) (i32.const 255))"
                                   : "(i64.and (i64.extend_i32_u (local.get 1)) (i64.const 255))";
      if (type == "i32") add(load);
      add(fmt::format("({}.eqz {})", type, load));
      for (const int mask : {1, 0x80, 0xff, 0x180, -2})
        add(fmt::format("({0}.eqz ({0}.and {1} ({0}.const {2})))", type, load, mask));
      for (const char* op :
           {"eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"}) {
        for (const std::string& operands : {load + other, load + byte, byte + load})
          add(fmt::format("({}.{} {})", type, op, operands));
        for (const int number : {0, 1, 0x22, 127, 128, 255, 256, 65535, -1, -128, -129}) {
          const std::string constant = fmt::format("({}.const {})", type, number);
          add(fmt::format("({}.{} {})", type, op, load + constant));
          add(fmt::format("({}.{} {})", type, op, constant + load));
        }
      }
    }
  Native native(source + ")");
  for (uint32_t k = 0; k < count; ++k)
    for (uint64_t a = 0; a < 10; ++a)
      for (const uint64_t b : {0u, 3u, 6u, 9u, 65535u, 65536u}) {
        compare(native, k, {a, b});
        compare(native, k, {b, a});
      }
}

TEST_CASE("calls pass arguments and results, in registers and on the stack") {
  if (!is_supported()) return;
  for (const CompileOptions& options : kVariants) {
    Native native(R"((module
      (type $many (func (param i32 i64 f32 f64 i32 i64 i32 i64 i32 f64 f32 f64 f32 f64 f32 f64 f32)
                        (result i64 i64 i64 i64 i64 f64 f64 f64 f64 f64 i32)))
      (table funcref (elem $many $fib $count_down))
      (func $fib (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
          (then (local.get 0))
          (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                         (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
      (func $many (type $many)
        (i64.add (local.get 1) (i64.extend_i32_u (local.get 0))) (local.get 5) (local.get 7)
        (i64.extend_i32_s (local.get 6)) (i64.extend_i32_s (local.get 8))
        (local.get 3) (f64.add (local.get 9) (f64.promote_f32 (local.get 2)))
        (local.get 11) (local.get 15) (f64.promote_f32 (local.get 16)) (local.get 4))
      (func $pass (param i32 i64 f32 f64) (result i64 i64 i64 i64 i64 f64 f64 f64 f64 f64 i32)
        (call_indirect (type $many) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 5)
          (i64.const 6) (local.get 0) (local.get 1) (i32.const 9) (local.get 3) (f32.const 11)
          (f64.const 12) (local.get 2) (f64.const 14) (f32.const 15) (local.get 3) (local.get 2)
          (i32.const 0)))
      (func $count_down (param i32 i64) (result i64)
        (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
        (return_call $count_down (i32.sub (local.get 0) (i32.const 1))
                                 (i64.add (local.get 1) (i64.extend_i32_u (local.get 0)))))
      (func $narrow (param i32 i64) (result i64)
        (return_call $wide (local.get 0) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5)
                           (i32.const 6) (i32.const 7) (i32.const 8) (local.get 1)))
      (func $wide (param i32 i32 i32 i32 i32 i32 i32 i32 i64) (result i64)
        (if (i32.eqz (local.get 0))
          (then (return (i64.add (i64.extend_i32_u (i32.mul (local.get 6) (local.get 7))) (local.get 8)))))
        (return_call $narrow (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 8) (i64.const 1))))
      (func $call_wide (param i32 i64) (result i64)
        (i64.add (call $narrow (local.get 0) (local.get 1))
                 (call $wide (i32.const 3) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5)
                             (i32.const 6) (i32.const 7) (i32.const 8) (local.get 1))))
      (func $dispatch (param i32 i32) (result i32)
        (call_indirect (param i32) (result i32) (local.get 0) (local.get 1)))
      (func $forever (param i32) (result i32) (i32.add (call $forever (local.get 0)) (i32.const 1)))
    ))",
                  options);
    for (uint64_t n : {0, 1, 2, 10, 15}) compare(native, 0, {n});
    compare(native, 2, {5, 1234567890123, 0x3fc00000, 0x4002000000000000});
    for (uint64_t n : {0, 1, 1000, 100000}) {
      compare(native, 3, {n, 5});
      compare(native, 4, {n, 9});
      compare(native, 6, {n, 77});
    }
    for (uint64_t which : {0, 1, 2, 3, 1000000}) compare(native, 7, {8, which});
    compare(native, 8, {1});
  }
}

TEST_CASE("control flow") {
  if (!is_supported()) return;
  for (const CompileOptions& options : kVariants) {
    Native native(R"((module
      (memory 1)
      (global $g (mut i32) (i32.const 5))
      (global $h (mut f64) (f64.const 2.5))
      (func $switch (param i32) (result i32)
        (block $d (block $c (block $b (block $a
          (br_table $a $b $c $b $a $d (local.get 0)))
          (return (i32.const 10))) (return (i32.const 20))) (return (i32.const 30)))
        (i32.const 40))
      (func $values (param i32) (result i32)
        (block $b (result i32) (block $a (result i32)
          (br_table $a $b $a (i32.const 7) (local.get 0)))
          (i32.mul (i32.const 3))))
      (func $sieve (param i32) (result i32) (local $i i32) (local $j i32) (local $n i32)
        (local.set $i (i32.const 2))
        (block $done (loop $outer
          (br_if $done (i32.ge_u (local.get $i) (local.get 0)))
          (if (i32.eqz (i32.load8_u (local.get $i)))
            (then
              (local.set $n (i32.add (local.get $n) (i32.const 1)))
              (local.set $j (i32.mul (local.get $i) (local.get $i)))
              (block $end (loop $inner
                (br_if $end (i32.ge_u (local.get $j) (local.get 0)))
                (i32.store8 (local.get $j) (i32.const 1))
                (local.set $j (i32.add (local.get $j) (local.get $i)))
                (br $inner)))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $outer)))
        (call $clear (local.get 0))
        (local.get $n))
      (func $swap (param i32) (result i64) (local $a i64) (local $b i64) (local $t i64) (local $c i64)
        (local.set $a (i64.const 1)) (local.set $b (i64.const 2)) (local.set $c (i64.const 3))
        (loop $l
          (local.set $t (local.get $a)) (local.set $a (local.get $b))
          (local.set $b (local.get $c)) (local.set $c (local.get $t))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i64.add (i64.mul (local.get $a) (i64.const 100))
                 (i64.add (i64.mul (local.get $b) (i64.const 10)) (local.get $c))))
      (func $globals (param i32) (result f64)
        (global.set $g (i32.add (global.get $g) (local.get 0)))
        (global.set $h (f64.mul (global.get $h) (f64.convert_i32_s (global.get $g))))
        (f64.sub (global.get $h) (f64.mul (global.get $h) (f64.const 0.5))))
      (func $collatz (param i64) (result i32) (local $n i32)
        (block $done (loop $l
          (br_if $done (i64.le_u (local.get 0) (i64.const 1)))
          (local.set 0 (if (result i64) (i64.eqz (i64.and (local.get 0) (i64.const 1)))
            (then (i64.shr_u (local.get 0) (i64.const 1)))
            (else (i64.add (i64.mul (local.get 0) (i64.const 3)) (i64.const 1)))))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br $l)))
        (local.get $n))
      (func $clear (param i32) (local $i i32)
        (loop $l (i32.store8 (local.get $i) (i32.const 0))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0)))))
    ))",
                  options);
    for (uint64_t n = 0; n < 9; ++n) {
      compare(native, 0, {n});
      compare(native, 1, {n});
    }
    compare(native, 0, {0xffffffff});
    compare(native, 2, {10000});
    for (uint64_t n = 1; n < 8; ++n) compare(native, 3, {n});
    for (uint64_t n : {1, 27, 97, 871}) compare(native, 5, {n});
    CHECK(native.run(4, {1}).value()[0] == std::bit_cast<uint64_t>(7.5));
    CHECK(native.run(4, {1}).value()[0] == std::bit_cast<uint64_t>(52.5));
  }
}

}  // namespace
}  // namespace wrun::codegen
