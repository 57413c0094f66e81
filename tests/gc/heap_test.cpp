// The heap by itself: what is reachable stays, and the rest makes room.
#include "gc/heap.hpp"

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "support/child_process.hpp"
#include "wasm/type_registry.hpp"

using namespace wrun;
using wasm::HeapType;
using wasm::SubType;
using wasm::ValType;

namespace {

SubType composite(SubType::Kind kind, std::vector<wasm::FieldType> fields) {
  SubType type;
  type.kind = kind;
  type.fields = std::move(fields);
  return type;
}

// A heap with the roots of a test: references, and a stack of words of any kind.
struct World final : gc::RootSource {
  explicit World(gc::HeapOptions options = {}) : heap(*this, options) {
    const ValType any = ValType::ref(HeapType::Abstract::Any, true);
    const SubType types[] = {
        composite(SubType::Kind::Struct, {{any, true}, {any, true}, {wasm::kI64, true}}
         ),
        composite(SubType::Kind::Array, {{any, true}}
         ),
        composite(SubType::Kind::Array, {{ValType::Kind::I8, true}}
         ),
    };
    std::vector<uint32_t> ids;
    for (uint32_t i = 0; i < 3; ++i) REQUIRE(registry.canonicalize_group(types, i, 1, ids));
    pair = &registry.type(ids[0]);
    references = &registry.type(ids[1]);
    bytes = &registry.type(ids[2]);
  }

  void mark_roots(gc::Marker& marker, const uint64_t*) override {
    for (const gc::Reference root : roots) marker.mark(root);
    marker.mark_conservatively(stack.data(), stack.data() + stack.size());
  }

  gc::Reference make_pair(gc::Reference left, gc::Reference right, uint64_t number) {
    gc::Object* object = heap.allocate(*pair, pair->bytes);
    if (object == nullptr) return gc::kNull;
    set(object, 0, left);
    set(object, 1, right);
    set(object, 2, number);
    return gc::to_reference(object);
  }
  gc::Reference make_array(const wasm::CanonicalType& type, uint32_t length) {
    auto* array = static_cast<gc::Array*>(heap.allocate(type, gc::array_bytes(type, length)));
    if (array == nullptr) return gc::kNull;
    array->length = length;
    std::memset(array->elements(), 0, uint64_t{length} << type.element_log2);
    return gc::to_reference(array);
  }
  void set(gc::Object* object, size_t field, uint64_t value) {
    std::memcpy(object->at(pair->fields[field].offset), &value, sizeof value);
  }
  uint64_t get(gc::Reference object, size_t field) {
    uint64_t value;
    std::memcpy(&value, gc::to_object(object)->at(pair->fields[field].offset), sizeof value);
    return value;
  }

  wasm::TypeRegistry registry;
  const wasm::CanonicalType* pair = nullptr;
  const wasm::CanonicalType* references = nullptr;
  const wasm::CanonicalType* bytes = nullptr;
  std::vector<gc::Reference> roots;
  std::vector<uint64_t> stack;
  gc::Heap heap;
};

gc::HeapOptions limited(uint64_t bytes) {
  gc::HeapOptions options;
  options.maximum_bytes = bytes;
  return options;
}

}  // namespace

TEST_CASE("slots tell null, i31, host values and objects apart") {
  static_assert(gc::is_i31(gc::from_i31(0)) && !gc::is_object(gc::from_i31(0)));
  static_assert(gc::i31_signed(gc::from_i31(0x7fff'ffff)) == -1);
  static_assert(gc::i31_unsigned(gc::from_i31(0xffff'ffff)) == 0x7fff'ffff);
  static_assert(gc::from_i31(0x8000'0005) == gc::from_i31(5));
  static_assert(gc::is_host(gc::from_host(0)) && gc::from_host(0) != gc::kNull);
  static_assert(!gc::is_i31(gc::from_host(7)) && !gc::is_object(gc::from_host(7)));
  static_assert(gc::host_value(gc::from_host(gc::kMaxHostValue)) == gc::kMaxHostValue);
  World world;
  CHECK(gc::is_object(world.make_pair(0, 0, 0)));
}

TEST_CASE("a list survives collections that free everything else") {
  World world;
  world.roots.push_back(gc::kNull);
  for (uint64_t i = 0; i < 2'000'000; ++i) {
    const gc::Reference garbage = world.make_pair(world.roots[0], gc::from_i31(1), i);
    if (i % 1000 == 0) world.roots[0] = garbage;
  }
  CHECK(world.heap.collections() > 2);
  gc::Reference item = world.roots[0];
  for (uint64_t i = 1'999'000;; i -= 1000) {
    CHECK(world.get(item, 2) == i);
    CHECK(world.get(item, 1) == gc::from_i31(1));
    item = world.get(item, 0);
    if (i == 0) break;
  }
  CHECK(item == gc::kNull);
}

TEST_CASE("cycles are freed") {
  World world(limited(1 << 20));
  for (int i = 0; i < 200'000; ++i) {
    world.roots = {world.make_pair(0, 0, 0)};
    const gc::Reference other = world.make_pair(world.roots[0], 0, 0);
    REQUIRE(other != gc::kNull);
    world.set(gc::to_object(world.roots[0]), 1, other);
    world.roots.clear();
  }
  CHECK(world.heap.used_bytes() <= 1 << 20);
}

TEST_CASE("deep structures need no deep recursion") {
  World world;
  world.roots = {gc::kNull};
  for (uint64_t i = 0; i < 1'000'000; ++i) world.roots[0] = world.make_pair(0, world.roots[0], i);
  world.heap.collect();
  CHECK(world.get(world.roots[0], 2) == 999'999);
}

TEST_CASE("only the beginning of a live object is a reference on the stack") {
  World world;
  const gc::Reference object = world.make_pair(0, 0, 42);
  const gc::Reference dead = world.make_pair(0, 0, 43);
  world.stack = {object, object + 8, dead + 1, 12345, UINT64_MAX, object + (1ull << 40)};
  world.heap.collect();
  CHECK(world.heap.is_object(object));
  CHECK_FALSE(world.heap.is_object(dead));
  CHECK_FALSE(world.heap.is_object(object + 8));
  CHECK(world.get(object, 2) == 42);
  world.stack = {dead};  // too late: it is no object any more
  world.heap.collect();
  CHECK_FALSE(world.heap.is_object(dead));
  CHECK_FALSE(world.heap.is_object(object));
}

TEST_CASE("large objects take blocks of their own, which are used again") {
  World world(limited(4 << 20));
  for (int i = 0; i < 1000; ++i) {
    const gc::Reference array = world.make_array(*world.bytes, 1'000'000);
    REQUIRE(array != gc::kNull);
    gc::to_array(array)->elements()[999'999] = std::byte{1};
  }
  world.roots = {world.make_array(*world.references, 100'000)};
  for (uint32_t i = 0; i < 100'000; i += 100) {
    const gc::Reference pair = world.make_pair(0, 0, i);
    REQUIRE(pair != gc::kNull);
    std::memcpy(gc::to_array(world.roots[0])->element(i), &pair, sizeof pair);
  }
  world.heap.collect();
  for (uint32_t i = 0; i < 100'000; i += 100) {
    gc::Reference pair;
    std::memcpy(&pair, gc::to_array(world.roots[0])->element(i), sizeof pair);
    REQUIRE(world.get(pair, 2) == i);
  }
}

TEST_CASE("objects of all sizes share the heap") {
  World world(limited(64 << 20));
  world.roots.assign(1000, gc::kNull);
  uint32_t random = 1;
  for (int i = 0; i < 100'000; ++i) {
    random = random * 1664525 + 1013904223;
    const uint32_t length = (random >> 8) % (i % 100 == 0 ? 50'000 : 600);
    const gc::Reference array = world.make_array(*world.bytes, length);
    REQUIRE(array != gc::kNull);
    std::memset(gc::to_array(array)->elements(), static_cast<int>(length % 251), length);
    world.roots[random % 1000] = array;
  }
  CHECK(world.heap.collections() > 0);
  for (const gc::Reference root : world.roots) {
    if (root == gc::kNull) continue;
    gc::Array& array = *gc::to_array(root);
    for (uint32_t i = 0; i < array.length; ++i)
      REQUIRE(array.elements()[i] == static_cast<std::byte>(array.length % 251));
  }
}

TEST_CASE("beyond the limit there is nothing, and no long search for it") {
  World world(limited(1 << 20));
  CHECK(world.make_array(*world.bytes, 2 << 20) == gc::kNull);
  world.roots = {gc::kNull};
  uint64_t count = 0;
  while (const gc::Reference pair = world.make_pair(world.roots[0], 0, count)) {
    world.roots[0] = pair;
    ++count;
  }
  CHECK(count > 20'000);
  CHECK(count <= (1 << 20) / 32);
  CHECK(world.heap.collections() < 5);
  CHECK(world.make_pair(0, 0, 0) == gc::kNull);
  world.roots.clear();
  CHECK(world.make_pair(0, 0, 0) != gc::kNull);
}

TEST_CASE("exceptions keep their arguments alive") {
  World world;
  const int tag = 0;
  const uint64_t payload[] = {world.make_pair(0, 0, 7), 99};
  gc::Exception* exception = world.heap.allocate_exception(&tag, payload, 2);
  REQUIRE(exception != nullptr);
  world.roots = {gc::to_reference(exception)};
  world.heap.collect();
  CHECK(exception->tag == &tag);
  CHECK(exception->slots == 2);
  CHECK(exception->payload()[1] == 99);
  CHECK(world.get(exception->payload()[0], 2) == 7);
}

TEST_CASE("a heap that always collects keeps what is marked, and reports") {
  gc::HeapOptions options;
  options.collect_always = true;
  World world(options);
  uint64_t reports = 0;
  world.heap.on_collection = [&](const Collection& report) { CHECK(report.number == ++reports); };
  world.roots = {gc::kNull};
  for (uint64_t i = 0; i < 100; ++i) {
    world.roots[0] = world.make_pair(world.roots[0], 0, i);
    world.make_pair(0, 0, 0);
  }
  CHECK(reports == 200);
  gc::Reference item = world.roots[0];
  for (uint64_t i = 100; i-- > 0; item = world.get(item, 0)) REQUIRE(world.get(item, 2) == i);
}

TEST_CASE("Where address space is scarce, heaps that are made at the same time all find some") {
  if (!test::can_limit_address_space()) {
    WARN("address space has no limit here");
    return;
  }
  const int status = test::status_in_child([] {
    if (!test::limit_address_space(size_t{3} << 30)) return false;
    constexpr int kThreads = 4, kHeaps = 400;
    std::atomic<int> made = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        for (int round = 0; round < kHeaps; ++round) {
          const auto world = std::make_unique<World>();
          made += world->make_pair(0, 0, 0) != gc::kNull;
        }
      });
    for (std::thread& thread : threads) thread.join();
    return made == kThreads * kHeaps;
  });
  CHECK(status == 0);
}
