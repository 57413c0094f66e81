#include "runtime/stack.hpp"

#include <sys/wait.h>

#include <csignal>

#include "base/os_memory.hpp"
#include "catch.hpp"
#include "support/child_process.hpp"

using namespace wrun;
using namespace wrun::runtime;

TEST_CASE("A stack is mapped on first use, from end to end") {
  Stack stack(100'000);
  CHECK(stack.bytes() == round_up_to_os_page(100'000));
  CHECK(stack.frames == nullptr);
  REQUIRE(stack.ensure_mapped());
  CHECK(reinterpret_cast<std::byte*>(stack.records) - reinterpret_cast<std::byte*>(stack.frames) ==
        static_cast<ptrdiff_t>(stack.bytes()));
  *stack.frames = 1;
  stack.records[-1] = 2;
  const uint64_t* frames = stack.frames;
  REQUIRE(stack.ensure_mapped());
  CHECK(stack.frames == frames);
  CHECK(*stack.frames == 1);
}

TEST_CASE("A stack of no size has at least a page, one of any size can be refused") {
  Stack smallest(0);
  CHECK(smallest.bytes() == os_page_size());
  CHECK(smallest.ensure_mapped());

  if (!test::can_limit_address_space()) {
    WARN("address space has no limit here");
    return;
  }
  Stack largest(UINT64_MAX);
  const int status = test::status_in_child([&] {
    return test::limit_address_space(size_t{1} << 30) && !largest.ensure_mapped() &&
           largest.frames == nullptr;
  });
  CHECK(status == 0);
}

TEST_CASE("Beyond both ends of a stack nothing is accessible") {
  const bool above = GENERATE(true, false);
  Stack stack(4096);
  REQUIRE(stack.ensure_mapped());
  const int status = test::status_in_child([&] {
    std::signal(SIGSEGV, SIG_DFL);
    volatile uint64_t* beyond = above ? stack.records : stack.frames - 1;
    *beyond = 1;
    return true;
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGSEGV);
}
