#include "base/os_memory.hpp"

#include <cstring>

#include "catch.hpp"

using namespace wrun;

TEST_CASE("Committed pages read as zero and keep what is written") {
  const size_t page = os_page_size();
  auto* base = static_cast<char*>(os_reserve(16 * page));
  REQUIRE(base != nullptr);
  REQUIRE(os_commit(base, 2 * page));
  CHECK(base[2 * page - 1] == 0);
  base[0] = 7;
  REQUIRE(os_commit(base + 2 * page, page));
  CHECK(base[0] == 7);
  CHECK(base[2 * page] == 0);
  os_release(base, 16 * page);
}

TEST_CASE("Decommitted pages are zero when committed again") {
  const size_t page = os_page_size();
  auto* base = static_cast<char*>(os_reserve(page));
  REQUIRE(base != nullptr);
  REQUIRE(os_commit(base, page));
  base[5] = 1;
  REQUIRE(os_decommit(base, page));
  REQUIRE(os_commit(base, page));
  CHECK(base[5] == 0);
  os_release(base, page);
}

TEST_CASE("Part of a reservation can be released") {
  const size_t page = os_page_size();
  auto* base = static_cast<char*>(os_reserve(2 * page));
  REQUIRE(base != nullptr);
  os_release(base + page, page);
  REQUIRE(os_commit(base, page));
  base[page - 1] = 1;
  os_release(base, page);
}

TEST_CASE("A reservation beyond the address space is refused") {
  CHECK(os_reserve(size_t{1} << 62) == nullptr);
}

TEST_CASE("Rounding up to pages") {
  const size_t page = os_page_size();
  CHECK(round_up_to_os_page(0) == 0);
  CHECK(round_up_to_os_page(1) == page);
  CHECK(round_up_to_os_page(page) == page);
  CHECK(round_up_to_os_page(page + 1) == 2 * page);
}
