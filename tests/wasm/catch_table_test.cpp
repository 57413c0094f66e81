#include "wasm/catch_table.hpp"

#include "catch.hpp"

using wrun::wasm::CatchTable;

TEST_CASE("A region catches what its clauses and those of the regions around it name") {
  CatchTable table;
  const uint32_t outer = table.add_region(CatchTable::kNoRegion);
  const uint32_t inner = table.add_region(outer);
  const uint32_t other = table.add_region(CatchTable::kNoRegion);
  table.add_tag(outer, 3);
  table.add_tag(inner, 5);
  table.add_tag(inner, 4);
  const auto catches = [&](uint32_t region, uint32_t thrown) {
    return table.view().catches(region, [&](uint32_t tag) { return tag == thrown; });
  };
  CHECK(catches(inner, 3));
  CHECK(catches(inner, 4));
  CHECK(catches(inner, 5));
  CHECK_FALSE(catches(inner, 6));
  CHECK_FALSE(catches(outer, 5));
  CHECK_FALSE(catches(other, 3));
  CHECK_FALSE(catches(CatchTable::kNoRegion, 3));

  table.set_parent(inner, other);  // delegate
  CHECK_FALSE(catches(inner, 3));
  table.add_tag(other, CatchTable::kAllTags);
  CHECK(catches(inner, 3));
}
