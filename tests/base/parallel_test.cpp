#include "base/parallel.hpp"

#include <atomic>
#include <vector>

#include "catch.hpp"

TEST_CASE("every worker runs once") {
  CHECK(wrun::available_processors() >= 1);
  for (unsigned workers : {0u, 1u, 2u, 7u}) {
    std::vector<std::atomic<int>> runs(workers);
    wrun::run_workers(workers, [&](unsigned worker) { ++runs[worker]; });
    for (const auto& count : runs) CHECK(count == 1);
  }
}
