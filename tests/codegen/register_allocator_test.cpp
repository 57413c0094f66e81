#include "codegen/register_allocator.hpp"

#include "catch.hpp"
#include "codegen/abi.hpp"
#include "codegen/checker.hpp"
#include "codegen/parallel_move.hpp"
#include "codegen/random_function.hpp"

namespace wrun::codegen {
namespace {

using x64::xmm;

struct Machine {
  const char* name;
  AllocatorOptions options;
  RegSet clobbered;
};

std::vector<Machine> machines() {
  const Convention& x64 = x64::kConvention;
  const RegSet few = {x64::kRax, x64::kRdx, x64::kRcx, x64::kRbx, xmm(0), xmm(1), xmm(2)};
  return {
      {                                  "x64",{x64.allocatable, x64.callee_saved, x64.scratch},x64.clobbered_by_calls()                                                                                                 },
      {"four registers, one of them preserved",
       {few, {x64::kRbx}, x64.scratch},
       few - RegSet{x64::kRbx}                                                                                            },
      {                       "four registers",                           {few, {}, x64.scratch},                      few}
  };
}

TEST_CASE("allocations of random functions are right") {
  for (const Machine& machine : machines())
    for (uint32_t seed = 0; seed < 1500; ++seed) {
      const MachineFunction function = test::RandomFunction(seed, {.size = 10 + seed % 120,
                                                                   .fixed_a = x64::kRax,
                                                                   .fixed_b = x64::kRdx,
                                                                   .clobbered = machine.clobbered})
                                           .take();
      const Allocation allocation = allocate_registers(function, machine.options);
      const auto problem = check_allocation(function, allocation);
      INFO(machine.name << ", seed " << seed << ": " << problem.value_or(""));
      REQUIRE(!problem);
    }
}

TEST_CASE("the checker finds what is wrong") {
  const AllocatorOptions options = machines()[0].options;
  uint32_t found = 0;
  uint32_t changed = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    const MachineFunction function =
        test::RandomFunction(
            seed,
            {.fixed_a = x64::kRax, .fixed_b = x64::kRdx, .clobbered = machines()[0].clobbered})
            .take();
    Allocation allocation = allocate_registers(function, options);
    if (allocation.moves.empty()) continue;
    ++changed;
    allocation.moves.erase(allocation.moves.begin() +
                           static_cast<ptrdiff_t>(seed % allocation.moves.size()));
    found += check_allocation(function, allocation).has_value();
  }
  // Stores that no path reads again are not missed.
  CHECK(found * 10 > changed * 8);
}

TEST_CASE("moves at the same time are put in order") {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    ParallelMove parallel(xmm(15));
    std::vector<uint32_t> before(Reg::kCount + 8);
    for (uint32_t i = 0; i < before.size(); ++i) before[i] = i;
    std::vector<uint32_t> expected = before;
    std::vector<uint32_t> targets = {0, 1, 2, 3, 64, 65, 66, 67};
    std::shuffle(targets.begin(), targets.end(), random);
    const std::vector<uint32_t> sources = {0, 1, 2, 3, 64, 65, 66, 67};
    const size_t count = random() % (targets.size() + 1);
    for (size_t i = 0; i < count; ++i) {
      const uint32_t source = sources[random() % sources.size()];
      expected[targets[i]] = before[source];
      parallel.add({source}, {targets[i]}, ValueType::I64);
    }
    std::vector<Move> moves;
    parallel.resolve(moves);
    CHECK(parallel.empty());
    for (const Move& move : moves) {
      if (move.is_exchange)
        std::swap(before[move.to.bits], before[move.from.bits]);
      else
        before[move.to.bits] = before[move.from.bits];
    }
    for (uint32_t i : sources) CHECK(before[i] == expected[i]);
  }
}

}  // namespace
}  // namespace wrun::codegen
