#include "difftest/script.hpp"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>

#include "difftest/observation.hpp"
#include "runtime/trap.hpp"

namespace wrun::difftest {
namespace {

void print_bytes(std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) std::printf("\\%02x", static_cast<unsigned>(byte));
}

void print_module(std::span<const std::byte> module) {
  std::printf("(module binary \"");
  print_bytes(module);
  std::printf("\")\n");
}

// Of the bits, `payload` are a NaN's, the highest of which says that it is quiet.
std::string float_text(double number, uint64_t bits, uint32_t payload) {
  char text[40];
  if (!std::isnan(number))
    std::snprintf(text, sizeof(text), "%a", number);
  else if (bits >> (payload - 1) & 1)
    return "nan:arithmetic";
  else
    std::snprintf(text, sizeof(text), "%snan:0x%" PRIx64, std::signbit(number) ? "-" : "",
                  bits & ((uint64_t{1} << payload) - 1));
  return text;
}

void print_value(const Value& value) {
  const uint64_t low = value.slots[0], high = value.slots[1];
  if (value.type == wasm::kI32) {
    std::printf(" (i32.const %" PRIu64 ")", low);
  } else if (value.type == wasm::kI64) {
    std::printf(" (i64.const %" PRIu64 ")", low);
  } else if (value.type == wasm::kF32) {
    std::printf(" (f32.const %s)",
                float_text(std::bit_cast<float>(static_cast<uint32_t>(low)), low, 23).c_str());
  } else if (value.type == wasm::kF64) {
    std::printf(" (f64.const %s)", float_text(std::bit_cast<double>(low), low, 52).c_str());
  } else if (value.type == wasm::kV128) {
    std::printf(" (v128.const i64x2 %" PRIu64 " %" PRIu64 ")", low, high);
  } else {
    std::printf(" (ref.null)");
  }
}

bool has_object(const std::vector<Value>& values) {
  return std::ranges::any_of(
      values, [](const Value& value) { return value.type.is_ref() && value.slots[0] != 0; });
}

// Whether script runners can be expected to make them.
bool are_usual(const std::vector<Value>& arguments) {
  return std::ranges::all_of(arguments, [](const Value& value) {
    return !value.type.is_ref() || value.type == wasm::kFuncRef || value.type == wasm::kExternRef;
  });
}

void print_invocation(const Call& call) {
  std::printf("(invoke \"");
  print_bytes(std::as_bytes(std::span(call.function)));
  std::printf("\"");
  for (const Value& value : call.arguments) {
    if (value.type.is_ref())
      std::printf(" (ref.null %s)", wasm::to_string(value.type.heap()).c_str());
    else
      print_value(value);
  }
  std::printf(")");
}

void print_call(const Call& call) {
  if (call.trap == TrapCode::UnhandledException) {
    std::printf("(assert_exception ");
    print_invocation(call);
  } else if (call.trap) {
    std::printf("(assert_trap ");
    print_invocation(call);
    std::printf(" \"%s\"", std::string(runtime::trap_message(*call.trap)).c_str());
  } else {
    std::printf("(assert_return ");
    print_invocation(call);
    for (const Value& value : call.results) print_value(value);
  }
  std::printf(")\n");
}

}  // namespace

void print_script(std::span<const std::byte> module, bool apart) {
  const Observation expected = observe(module, way_sets()[0][0], apart);
  if (!expected.problem.empty()) return;
  if (!apart) print_module(module);
  for (const Call& call : expected.calls) {
    // What a host has room for is its own matter.
    if (call.trap == TrapCode::AllocationTooLarge || call.trap == TrapCode::OutOfMemory ||
        call.trap == TrapCode::CallStackExhausted)
      continue;
    if (!are_usual(call.arguments) || has_object(call.results)) continue;
    if (apart) print_module(module);
    if (!apart) std::printf("(invoke \"reset\")\n");
    print_call(call);
  }
}

}  // namespace wrun::difftest
