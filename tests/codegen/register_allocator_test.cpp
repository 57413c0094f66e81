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

// A value, a loop that may call something, and the value's use behind it.
struct ValueAroundLoop {
  MachineFunction function;
  VReg value = function.add_vreg(ValueType::I64);

  ValueAroundLoop(RegSet clobbered, bool is_read_in_loop) {
    function.clobber_sets.push_back(clobbered);
    const Operand use = {.vreg = value};
    const Operand argument = {
        .vreg = value, .constraint = Operand::Constraint::Fixed, .fixed = x64::kRax};
    add_block({{{.vreg = value, .role = Operand::Role::Def}}, {}}, {1});
    add_block({is_read_in_loop ? std::vector{argument} : std::vector<Operand>(), {}}, {2, 3});
    function.instructions[2].clobbers = 1;
    add_block({{}}, {1});
    add_block({{use}}, {});
    function.blocks[1].loop_end = 3;
    function.blocks[1].loop_depth = function.blocks[2].loop_depth = 1;
  }
  uint32_t moves_in_loop() const {
    const Allocation allocation =
        allocate_registers(function, {x64::kConvention.allocatable, {}, x64::kConvention.scratch});
    REQUIRE(!check_allocation(function, allocation));
    return static_cast<uint32_t>(std::ranges::count_if(allocation.moves, [&](const PlacedMove& m) {
      return m.instruction >= function.blocks[1].first && m.instruction < function.blocks[2].end;
    }));
  }

 private:
  void add_block(const std::vector<std::vector<Operand>>& instructions,
                 const std::vector<uint32_t>& targets) {
    MachineBlock block = {.first = static_cast<uint32_t>(function.instructions.size()),
                          .first_edge = static_cast<uint32_t>(function.edges.size()),
                          .edge_count = static_cast<uint32_t>(targets.size())};
    for (const std::vector<Operand>& operands : instructions) {
      Instruction& insn = function.instructions.emplace_back();
      insn.first_operand = static_cast<uint32_t>(function.operands.size());
      insn.operand_count = static_cast<uint16_t>(operands.size());
      function.operands.insert(function.operands.end(), operands.begin(), operands.end());
    }
    for (const uint32_t target : targets) function.edges.push_back({.target = target});
    block.end = static_cast<uint32_t>(function.instructions.size());
    function.blocks.push_back(block);
  }
};

TEST_CASE("what a loop with calls does not read stays in its slot there") {
  const RegSet all = x64::kConvention.allocatable;
  CHECK(ValueAroundLoop(all, false).moves_in_loop() == 0);
  CHECK(ValueAroundLoop(all, true).moves_in_loop() == 1);
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
