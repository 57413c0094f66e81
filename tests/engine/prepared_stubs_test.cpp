#include "engine/prepared_stubs.hpp"

#include <algorithm>
#include <span>

#include "catch.hpp"
#include "wasi/preview1_table.hpp"

namespace {

using namespace wrun;
using engine::find_prepared_stubs;
using wasm::kF64;
using wasm::kI32;
using wasm::kI64;

wasm::FuncType func_type(std::vector<wasm::ValType> params, std::vector<wasm::ValType> results) {
  return {std::move(params), std::move(results)};
}

}  // namespace

TEST_CASE("Stubs for starts and for all functions of WASI are prepared") {
  CHECK(find_prepared_stubs(func_type({}, {})) != nullptr);
  for (const wasi::Function& function : wasi::functions()) {
    INFO(function.name);
    CHECK(find_prepared_stubs(wasi::type_of(function)) != nullptr);
  }
}

TEST_CASE("Prepared stubs are found for their type only") {
  for (const auto& type : {func_type({}, {kI64}), func_type({kI64}, {kI32}), func_type({kF64}, {}),
                           func_type({wasm::kFuncRef}, {}), func_type({kI32, kI32, kI32}, {})})
    CHECK(find_prepared_stubs(type) == nullptr);
  for (const auto& type : {func_type({}, {}), func_type({kI32}, {}), func_type({}, {kI32}),
                           func_type({kI32, kI64, kI32}, {kI32})}) {
    const auto* prepared = find_prepared_stubs(type);
    REQUIRE(prepared != nullptr);
    const auto written = codegen::make_signature_stubs(type);
    CHECK(std::ranges::equal(std::as_bytes(prepared->code), written.code));
    CHECK(prepared->stubs.adapter == written.stubs.adapter);
    CHECK(prepared->stubs.return_handler == written.stubs.return_handler);
  }
}
