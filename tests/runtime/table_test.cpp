#include "runtime/table.hpp"

#include "catch.hpp"
#include "wasm/limits.hpp"

using namespace wrun;
using namespace wrun::runtime;

namespace {

wasm::TableType elements(uint64_t minimum, std::optional<uint64_t> maximum = {}) {
  return {
      .limits = {.minimum = minimum, .maximum = maximum}
  };
}

std::unique_ptr<Table> make(const wasm::TableType& type, RefSlot init = 0,
                            uint64_t maximum_elements = UINT64_MAX) {
  auto table = Table::create(type, init, maximum_elements);
  REQUIRE(table.has_value());
  return std::move(*table);
}

}  // namespace

TEST_CASE("A table begins with its initial value and grows with another") {
  const auto table = make(elements(2, 10), 7);
  CHECK(table->size() == 2);
  CHECK(table->grow(3, 9) == 2);
  CHECK(table->grow(2, 0) == 5);
  const std::vector<RefSlot> expected = {7, 7, 9, 9, 9, 0, 0};
  CHECK(std::vector<RefSlot>(table->view()->elements, table->view()->elements + 7) == expected);
  CHECK(table->grow(0, 1) == 7);
}

TEST_CASE("Table growth stops at the type's maximum and at the host's") {
  const auto typed = make(elements(1, 3));
  CHECK_FALSE(typed->grow(3, 0).has_value());
  CHECK_FALSE(typed->grow(UINT64_MAX, 0).has_value());
  CHECK(typed->grow(2, 0) == 1);

  const auto hosted = make(elements(1), 0, 4);
  CHECK_FALSE(hosted->grow(4, 0).has_value());
  CHECK(hosted->grow(3, 0) == 1);

  const auto unlimited = make(elements(0));
  CHECK_FALSE(unlimited->grow(wasm::kMaxTableElements + 1, 0).has_value());
  CHECK(unlimited->grow(wasm::kMaxTableElements, 0) == 0);
}

TEST_CASE("A table beyond the limits is refused") {
  const auto table = Table::create(elements(11), 0, 10);
  REQUIRE_FALSE(table.has_value());
  CHECK(table.error().kind == Error::Kind::Unsupported);
  CHECK_FALSE(Table::create(elements(UINT64_MAX), 0, UINT64_MAX).has_value());
}

TEST_CASE("Growing one by one keeps every element") {
  const auto table = make(elements(0));
  for (uint64_t i = 0; i < 10'000; ++i) REQUIRE(table->grow(1, i + 1) == i);
  for (uint64_t i = 0; i < 10'000; ++i) REQUIRE(table->view()->elements[i] == i + 1);
}
