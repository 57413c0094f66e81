#include "runtime/memory.hpp"

#include <cstring>
#include <vector>

#include "base/os_memory.hpp"
#include "catch.hpp"
#include "support/child_process.hpp"
#include "wasm/limits.hpp"

using namespace wrun;
using namespace wrun::runtime;

namespace {

constexpr uint64_t kPage = 64 << 10;

wasm::MemoryType pages(uint64_t minimum, std::optional<uint64_t> maximum = {}, bool is_64 = false) {
  return {
      .limits = {.minimum = minimum, .maximum = maximum, .is_64 = is_64}
  };
}

std::shared_ptr<Memory> make(const wasm::MemoryType& type, const Memory::Options& options = {}) {
  auto memory = Memory::create(type, options);
  REQUIRE(memory.has_value());
  return std::move(*memory);
}

}  // namespace

TEST_CASE("An empty memory has a base") {
  const bool allow_guard = GENERATE(true, false);
  const auto memory = make(pages(0), {.allow_guard = allow_guard});
  CHECK(memory->base() != nullptr);
  CHECK(memory->size() == 0);
  CHECK(memory->grow(0) == 0);
}

TEST_CASE("The kind follows from the type and the options") {
  CHECK(make(pages(1))->kind() == MemoryKind::Guarded);
  CHECK(make(pages(1), {.allow_guard = false})->kind() == MemoryKind::Checked);
  CHECK(make(pages(1, {}, true))->kind() == MemoryKind::Checked);
  wasm::MemoryType small_pages = pages(1);
  small_pages.page_size_log2 = 0;
  CHECK(make(small_pages)->kind() == MemoryKind::Checked);
}

TEST_CASE("Growth keeps base and contents; fresh pages are zero") {
  const bool allow_guard = GENERATE(true, false);
  const auto memory = make(pages(1, 5), {.allow_guard = allow_guard});
  const std::byte* base = memory->base();
  CHECK(memory->base()[kPage - 1] == std::byte{0});
  std::memset(memory->base(), 0xab, kPage);
  CHECK(memory->grow(3) == 1);
  CHECK(memory->pages() == 4);
  CHECK(memory->base() == base);
  CHECK(memory->view()->size() == 4 * kPage);
  CHECK(base[kPage - 1] == std::byte{0xab});
  CHECK(base[kPage] == std::byte{0});
  CHECK(base[4 * kPage - 1] == std::byte{0});
  CHECK_FALSE(memory->grow(2).has_value());
  CHECK(memory->grow(1) == 4);
  CHECK(memory->grow(0) == 5);
}

TEST_CASE("Growth that overflows is refused") {
  const auto memory = make(pages(1, {}, true));
  CHECK_FALSE(memory->grow(UINT64_MAX).has_value());
  CHECK_FALSE(memory->grow(UINT64_MAX / kPage).has_value());
  CHECK_FALSE(memory->grow(uint64_t{1} << 48).has_value());
  CHECK(memory->pages() == 1);
}

TEST_CASE("A 32-bit memory can have all of its index space") {
  const auto memory = make(pages(0));
  CHECK(memory->grow(65'536) == 0);
  CHECK(memory->size() == uint64_t{1} << 32);
  CHECK_FALSE(memory->grow(1).has_value());
  memory->base()[memory->size() - 1] = std::byte{1};
}

TEST_CASE("The host's limit applies to the initial size and to growth") {
  const auto memory = make(pages(1), {.maximum_bytes = 2 * kPage + 1});
  CHECK(memory->grow(1) == 1);
  CHECK_FALSE(memory->grow(1).has_value());

  const auto too_large = Memory::create(pages(3), {.maximum_bytes = 2 * kPage});
  REQUIRE_FALSE(too_large.has_value());
  CHECK(too_large.error().kind == Error::Kind::Unsupported);
  CHECK(too_large.error().message == "memory of 3 pages: beyond the limit of 131072 bytes");

  CHECK_FALSE(Memory::create(pages(wasm::kMaxMemory64Pages, {}, true), {}).has_value());
  CHECK_FALSE(Memory::create(pages(UINT64_MAX, {}, true), {}).has_value());
}

TEST_CASE("Pages of one byte") {
  wasm::MemoryType type = pages(10, 5000);
  type.page_size_log2 = 0;
  const auto memory = make(type);
  CHECK(memory->size() == 10);
  memory->base()[9] = std::byte{1};
  CHECK(memory->grow(4000) == 10);
  CHECK(memory->size() == 4010);
  CHECK(memory->base()[10] == std::byte{0});
  CHECK(memory->grow(990) == 4010);
  CHECK(memory->base()[4999] == std::byte{0});
  CHECK_FALSE(memory->grow(1).has_value());
}

TEST_CASE("A guarded memory reserves all that its addresses can form") {
  const auto memory = make(pages(1));
  const uint64_t farthest = uint64_t{UINT32_MAX} + UINT32_MAX + 15;
  CHECK(memory->reserves(memory->base()));
  CHECK(memory->reserves(memory->base() + farthest));
  CHECK_FALSE(memory->reserves(memory->base() - 1));
}

TEST_CASE("Where address space is scarce, explicit checks take over and leave the host some") {
  if (!test::can_limit_address_space()) {
    WARN("address space has no limit here");
    return;
  }
  const int status = test::status_in_child([] {
    if (!test::limit_address_space(size_t{3} << 30)) return false;
    auto memory = Memory::create(pages(1), {});
    if (!memory || (*memory)->kind() != MemoryKind::Checked) return false;
    // Of 3 GiB, half of 2 GiB: growth within works, growth beyond is refused, and the host has room.
    if ((*memory)->grow(16'000) != 1 || (*memory)->grow(1'000).has_value()) return false;
    (*memory)->base()[(*memory)->size() - 1] = std::byte{1};
    void* room = os_reserve(size_t{1} << 30);
    return room != nullptr;
  });
  CHECK(status == 0);
}

TEST_CASE("Where address space is scarce, it is shared by many memories") {
  if (!test::can_limit_address_space()) {
    WARN("address space has no limit here");
    return;
  }
  const int status = test::status_in_child([] {
    if (!test::limit_address_space(size_t{3} << 30)) return false;
    std::vector<std::shared_ptr<Memory>> memories;
    for (size_t i = 0; i < 100; ++i) {
      auto memory = Memory::create(pages(1), {.allow_guard = false, .others = i});
      if (!memory || !(*memory)->grow(1)) return false;
      memories.push_back(std::move(*memory));
    }
    return true;
  });
  CHECK(status == 0);
}

TEST_CASE("The initial size is reserved even if nothing else fits beside it") {
  if (!test::can_limit_address_space()) {
    WARN("address space has no limit here");
    return;
  }
  const int status = test::status_in_child([] {
    if (!test::limit_address_space(size_t{300} << 20)) return false;
    auto fits = Memory::create(pages(4'000), {});  // 250 MiB
    if (!fits || (*fits)->size() != 4'000 * kPage) return false;
    auto too_large = Memory::create(pages(4'000), {});
    return !too_large && too_large.error().kind == Error::Kind::Unsupported;
  });
  CHECK(status == 0);
}

TEST_CASE("Many memories at once") {
  std::vector<std::shared_ptr<Memory>> memories;
  for (int i = 0; i < 10; ++i) memories.push_back(make(pages(1)));
  for (const auto& memory : memories) memory->base()[0] = std::byte{1};
}
