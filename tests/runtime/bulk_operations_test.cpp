#include "runtime/const_eval.hpp"
#include "runtime/world.hpp"

using namespace wrun;
using namespace wrun::runtime;
using namespace wrun::test;

namespace {

constexpr TrapCode kTableTrap = TrapCode::OutOfBoundsTableAccess;

// Two tables of 8 references, 1 to 8 and none, and a passive element segment of 3.
struct Fixture {
  World world;
  Instance* instance;
  RefSlot* first;
  RefSlot* second;

  Fixture() {
    ModuleBuilder builder;
    const uint32_t function = builder.function({}, Code());
    builder.memory({.limits = {.minimum = 1}});
    builder.table({.element = kFuncRef, .limits = {.minimum = 8}});
    builder.table({.element = kFuncRef, .limits = {.minimum = 8}});
    builder.passive_elements({function, function, function});
    builder.passive_data("0123456789");
    instance = &world.instantiate(builder);
    first = instance->vm().tables[0]->elements;
    second = instance->vm().tables[1]->elements;
    for (RefSlot i = 0; i < 8; ++i) first[i] = i + 1;
  }
  std::vector<RefSlot> elements(const RefSlot* of) const { return {of, of + 8}; }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "table.copy within a table and between tables") {
  SECTION("overlapping upwards") {
    CHECK(instance->table_copy(0, 0, 2, 0, 5) == TrapCode::None);
    CHECK(elements(first) == std::vector<RefSlot>{1, 2, 1, 2, 3, 4, 5, 8});
  }
  SECTION("overlapping downwards") {
    CHECK(instance->table_copy(0, 0, 0, 2, 6) == TrapCode::None);
    CHECK(elements(first) == std::vector<RefSlot>{3, 4, 5, 6, 7, 8, 7, 8});
  }
  SECTION("to another") {
    CHECK(instance->table_copy(1, 0, 6, 1, 2) == TrapCode::None);
    CHECK(elements(second) == std::vector<RefSlot>{0, 0, 0, 0, 0, 0, 2, 3});
  }
  SECTION("out of bounds changes nothing") {
    CHECK(instance->table_copy(1, 0, 0, 1, 8) == kTableTrap);
    CHECK(instance->table_copy(1, 0, 1, 0, 8) == kTableTrap);
    CHECK(instance->table_copy(1, 0, UINT64_MAX, 0, 2) == kTableTrap);
    CHECK(instance->table_copy(1, 0, 0, UINT64_MAX, 2) == kTableTrap);
    CHECK(instance->table_copy(1, 0, 0, 0, UINT64_MAX) == kTableTrap);
    CHECK(instance->table_copy(1, 0, 9, 0, 0) == kTableTrap);
    CHECK(instance->table_copy(1, 0, 8, 8, 0) == TrapCode::None);
    CHECK(elements(second) == std::vector<RefSlot>(8, 0));
  }
}

TEST_CASE_METHOD(Fixture, "table.fill") {
  CHECK(instance->table_fill(1, 6, 5, 2) == TrapCode::None);
  CHECK(instance->table_fill(1, 8, 5, 0) == TrapCode::None);
  CHECK(instance->table_fill(1, 7, 9, 2) == kTableTrap);
  CHECK(instance->table_fill(1, UINT64_MAX, 9, 2) == kTableTrap);
  CHECK(instance->table_fill(1, 2, 9, UINT64_MAX) == kTableTrap);
  CHECK(elements(second) == std::vector<RefSlot>{0, 0, 0, 0, 0, 0, 5, 5});
}

TEST_CASE_METHOD(Fixture, "table.init and elem.drop") {
  const RefSlot function = to_ref(&instance->function(0));
  CHECK(instance->table_init(1, 0, 5, 0, 3) == TrapCode::None);
  CHECK(elements(second) == std::vector<RefSlot>{0, 0, 0, 0, 0, function, function, function});
  CHECK(instance->table_init(1, 0, 6, 0, 3) == kTableTrap);
  CHECK(instance->table_init(1, 0, 0, 1, 3) == kTableTrap);
  CHECK(instance->table_init(1, 0, UINT64_MAX, 0, 1) == kTableTrap);
  CHECK(instance->table_init(1, 0, 0, UINT32_MAX, 2) == kTableTrap);
  instance->elem_drop(0);
  CHECK(instance->table_init(1, 0, 0, 0, 1) == kTableTrap);
  CHECK(instance->table_init(1, 0, 8, 0, 0) == TrapCode::None);
  instance->elem_drop(0);
}

TEST_CASE_METHOD(Fixture, "memory.init and data.drop") {
  constexpr TrapCode kMemoryTrap = TrapCode::OutOfBoundsMemoryAccess;
  CHECK(instance->memory_init(0, 0, 65'526, 0, 10) == TrapCode::None);
  CHECK(text_at(*instance, 65'526, 10) == "0123456789");
  CHECK(instance->memory_init(0, 0, 65'527, 0, 10) == kMemoryTrap);
  CHECK(instance->memory_init(0, 0, 0, 1, 10) == kMemoryTrap);
  CHECK(instance->memory_init(0, 0, UINT64_MAX, 0, 1) == kMemoryTrap);
  CHECK(instance->memory_init(0, 0, 0, UINT32_MAX, UINT32_MAX) == kMemoryTrap);
  instance->data_drop(0);
  CHECK(instance->memory_init(0, 0, 0, 0, 1) == kMemoryTrap);
  CHECK(instance->memory_init(0, 0, 65'536, 0, 0) == TrapCode::None);
  CHECK(instance->memory_init(0, 0, 65'537, 0, 0) == kMemoryTrap);
}
