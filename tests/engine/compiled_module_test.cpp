#include "engine/compiled_module.hpp"

#include <cstdint>
#include <memory>
#include <vector>

#include "base/os_memory.hpp"
#include "catch.hpp"
#include "engine/code_layout.hpp"
#include "engine/code_memory.hpp"

using namespace wrun::engine;

TEST_CASE("Functions that are linked one by one begin all over their pages") {
  CodeMemory memory;
  REQUIRE(memory.reserve());
  CompiledModule module(100, 0, {}, memory);
  std::vector<std::unique_ptr<CodeBatch>> batches;
  uintptr_t next = 0;  // in a page
  for (uint32_t index = 0; index < 100; ++index) {
    CompiledUnit unit{.unit = {.function_index = index}, .code = {}};
    unit.code.code.resize(100 + 61 * index);
    unit.code.instruction_bytes = static_cast<uint32_t>(unit.code.code.size());
    std::vector<CompiledUnit> units;
    units.push_back(std::move(unit));
    batches.push_back(module.link(std::move(units)));
    REQUIRE(batches.back() != nullptr);
    const auto [what, code, bytes] = batches.back()->entry(0);
    const auto begin = reinterpret_cast<uintptr_t>(code);
    CHECK(begin % wrun::os_page_size() == next);
    CHECK(begin + bytes <= reinterpret_cast<uintptr_t>(batches.back()->end()));
    next = CodeLayout::aligned(begin + bytes) % wrun::os_page_size();
  }
}
