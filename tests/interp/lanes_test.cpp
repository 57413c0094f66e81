// Loads and stores of single lanes: each lane, and the edge of the memory.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "interp/machine.hpp"

using namespace wrun;
using namespace wrun::test;

namespace {

constexpr uint64_t kPage = 65'536;
constexpr std::array<uint8_t, 16> kVector = {16, 17, 18, 19, 20, 21, 22, 23,
                                             24, 25, 26, 27, 28, 29, 30, 31};
constexpr uint8_t kFill = 0xa5;

struct LaneAccess {
  Op load, store;
  uint32_t bytes;
};
constexpr LaneAccess kAccesses[] = {
    { Op::V128Load8Lane,  Op::V128Store8Lane, 1},
    {Op::V128Load16Lane, Op::V128Store16Lane, 2},
    {Op::V128Load32Lane, Op::V128Store32Lane, 4},
    {Op::V128Load64Lane, Op::V128Store64Lane, 8},
};

// One access to a memory of one page; the vector is kVector, and all of the memory kFill.
class LaneTest {
 public:
  LaneTest(Op op, uint32_t lane, uint64_t offset, uint32_t memory_index, bool guarded, bool is_64)
      : machine_({}, {.guarded_memories = guarded}), memory_index_(memory_index) {
    ModuleBuilder builder;
    for (uint32_t i = 0; i <= memory_index; ++i)
      builder.memory({
          .limits = {.minimum = 1, .maximum = 1, .is_64 = is_64}
      });
    Code code;
    code(Op::LocalGet, 0)(Op::LocalGet, 1);
    constexpr uint32_t kExplicitMemory = 0x40;
    if (memory_index == 0)
      code(op, 0, offset, lane);
    else
      code(op, kExplicitMemory, memory_index, offset, lane);
    std::vector<wasm::ValType> results;
    if (wasm::info(op).has(wasm::op_flag::Load)) results.push_back(kV128);
    builder.function(
        {
            {is_64 ? kI64 : kI32, kV128},
            results
    },
        code);
    instance_ = &machine_.instantiate(builder);
    std::memset(memory(), kFill, kPage);
  }

  uint8_t* memory() { return reinterpret_cast<uint8_t*>(instance_->memory(memory_index_).base()); }
  auto access(uint64_t address) {
    const auto [low, high] = std::bit_cast<std::array<uint64_t, 2>>(kVector);
    return machine_.call(*instance_, 0, {address, low, high});
  }
  bool is_untouched() {
    return std::all_of(memory(), memory() + kPage, [](uint8_t byte) { return byte == kFill; });
  }
  void check_traps(std::initializer_list<uint64_t> addresses) {
    for (const uint64_t address : addresses) {
      const auto outcome = access(address);
      CAPTURE(address);
      REQUIRE_FALSE(outcome.has_value());
      REQUIRE(outcome.error().code == TrapCode::OutOfBoundsMemoryAccess);
    }
  }

 private:
  Machine machine_;
  uint32_t memory_index_;
  Instance* instance_;
};

}  // namespace

TEST_CASE("Every lane is loaded and stored, up to the edge of the memory") {
  const bool is_64 = GENERATE(false, true);
  const bool guarded = GENERATE(false, true);
  if (guarded && is_64) return;  // only 32-bit memories have guards
  const uint32_t memory_index = GENERATE(0u, 1u);
  for (const auto& [load, store, bytes] : kAccesses)
    for (uint32_t lane = 0; lane < 16 / bytes; ++lane)
      for (const uint64_t offset : {uint64_t{0}, uint64_t{100}}) {
        CAPTURE(bytes, lane, offset, is_64, guarded, memory_index);
        const uint64_t last = kPage - bytes;

        LaneTest loading(load, lane, offset, memory_index, guarded, is_64);
        std::memset(loading.memory() + last, 0x77, bytes);
        const auto loaded = loading.access(last - offset);
        REQUIRE(loaded.has_value());
        auto expected = kVector;
        std::memset(&expected[lane * bytes], 0x77, bytes);
        REQUIRE(std::memcmp(loaded->data(), expected.data(), 16) == 0);
        loading.check_traps({last - offset + 1, kPage, 0xffffffff});

        LaneTest storing(store, lane, offset, memory_index, guarded, is_64);
        storing.check_traps({last - offset + 1, kPage, 0xffffffff});
        REQUIRE(storing.is_untouched());
        REQUIRE(storing.access(last - offset).has_value());
        REQUIRE(std::memcmp(storing.memory() + last, &kVector[lane * bytes], bytes) == 0);
        std::memset(storing.memory() + last, kFill, bytes);
        REQUIRE(storing.is_untouched());
      }
}
