#include "runtime/range_registry.hpp"

#include <thread>
#include <vector>

#include "catch.hpp"

using namespace wrun::runtime;

TEST_CASE("Ranges are found with their payload until they are removed") {
  static RangeRegistry registry;
  std::vector<RangeRegistry::Entry*> entries;
  for (uintptr_t i = 1; i <= 200; ++i) entries.push_back(registry.add(i * 100, i * 100 + 50, i));
  uintptr_t payload = 0;
  CHECK(registry.find(100, payload));
  CHECK(payload == 1);
  CHECK(registry.find(20'049, payload));
  CHECK(payload == 200);
  CHECK_FALSE(registry.find(20'050, payload));
  CHECK_FALSE(registry.find(99, payload));
  CHECK_FALSE(registry.find(0, payload));

  registry.remove(entries[4]);
  CHECK_FALSE(registry.find(500, payload));
  CHECK(registry.add(7, 8, 9) == entries[4]);
  CHECK(registry.find(7, payload));
  CHECK(payload == 9);
}

TEST_CASE("Searching while ranges come and go never mixes two ranges") {
  static RangeRegistry registry;
  constexpr uintptr_t kStable = 1'000'000;
  registry.add(kStable, kStable + 10, 42);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop.load()) {
      RangeRegistry::Entry* low = registry.add(100, 200, 1);
      registry.remove(low);
      RangeRegistry::Entry* high = registry.add(5'000'000, 6'000'000, 2);
      registry.remove(high);
    }
  });
  bool mixed = false;
  bool lost = false;
  for (int i = 0; i < 200'000; ++i) {
    uintptr_t payload = 0;
    lost |= !registry.find(kStable + 5, payload) || payload != 42;
    if (registry.find(150, payload)) mixed |= payload != 1;
    if (registry.find(5'500'000, payload)) mixed |= payload != 2;
    mixed |= registry.find(2'000'000, payload);  // between the two
  }
  stop = true;
  writer.join();
  CHECK_FALSE(mixed);
  CHECK_FALSE(lost);
}
