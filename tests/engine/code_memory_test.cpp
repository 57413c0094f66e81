#include "engine/code_memory.hpp"

#include <vector>

#include "catch.hpp"

using wrun::engine::CodeMemory;

TEST_CASE("Memory of code that was given back is given out again") {
  CodeMemory memory;
  REQUIRE(memory.reserve());
  std::vector<CodeMemory::Pages> taken;
  for (size_t bytes : {1u, 5'000u, 100u, 70'000u}) taken.push_back(memory.allocate(bytes).value());
  for (const CodeMemory::Pages pages : taken) {
    pages.front() = pages.back() = std::byte{1};
    REQUIRE(CodeMemory::seal(pages));
  }
  std::byte* const begin = taken[0].data();
  // Out of order, so that ranges join on both sides.
  for (size_t i : {0u, 2u, 1u, 3u}) memory.release(taken[i]);
  const auto all = memory.allocate(CodeMemory::kReservedBytes / 2);
  REQUIRE(all);
  CHECK(all->data() == begin);
  CHECK(all->front() == std::byte{0});
}

TEST_CASE("There is no more memory for code than was reserved") {
  CodeMemory memory;
  REQUIRE(memory.reserve());
  CHECK_FALSE(memory.allocate(CodeMemory::kReservedBytes + 1));
  CHECK_FALSE(memory.allocate(SIZE_MAX));
  const auto most = memory.allocate(CodeMemory::kReservedBytes - 4096);
  REQUIRE(most);
  CHECK_FALSE(memory.allocate(5'000));
  CHECK(memory.allocate(4'096));
}
