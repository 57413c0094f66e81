#include "runtime/signals.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csetjmp>
#include <cstdint>
#include <thread>

#include "base/os_memory.hpp"
#include "catch.hpp"
#include "runtime/faulting_load.hpp"
#include "runtime/memory.hpp"
#include "support/child_process.hpp"

using namespace wrun;
using namespace wrun::runtime;
using test::kFaulted;
using test::load;

namespace {

void prepare_faults() {
  static const bool registered = [] {
    test::register_load();
    return true;
  }();
  CHECK(registered);
  install_fault_handler();
}

std::shared_ptr<Memory> one_page() {
  const wasm::MemoryType type = {.limits = {.minimum = 1}};
  auto memory = Memory::create(type, {});
  REQUIRE(memory.has_value());
  REQUIRE((*memory)->kind() == MemoryKind::Guarded);
  return std::move(*memory);
}

// The handlers that ours chain to were there before the first test.
sigjmp_buf after_fault;
volatile sig_atomic_t previous_calls = 0;
volatile sig_atomic_t jump_out = 0;

void previous_handler(int signal_number, siginfo_t*, void*) {
  previous_calls = previous_calls + 1;
  if (jump_out) siglongjmp(after_fault, signal_number);
  signal(signal_number, SIG_DFL);
}

const bool previous_installed = [] {
  struct sigaction action = {};
  action.sa_sigaction = previous_handler;
  action.sa_flags = SA_SIGINFO;
  return sigaction(SIGSEGV, &action, nullptr) == 0 && sigaction(SIGBUS, &action, nullptr) == 0;
}();

bool blocked(int signal_number) {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, signal_number) == 1;
}

}  // namespace

TEST_CASE("A fault of registered code in a guarded memory continues at the tier's exit") {
  prepare_faults();
  const auto memory = one_page();
  CHECK(load(memory->base()) == 0);
  CHECK(load(memory->base() + memory->size()) == kFaulted);
  CHECK(load(memory->base() + (uint64_t{8} << 30)) == kFaulted);
  CHECK_FALSE(blocked(SIGSEGV));
  REQUIRE(memory->grow(1).has_value());
  CHECK(load(memory->base() + (64 << 10)) == 0);
}

TEST_CASE("Faults in several threads at once") {
  prepare_faults();
  const auto memory = one_page();
  std::atomic<int> faults = 0;
  const auto fault_often = [&] {
    for (int i = 0; i < 1000; ++i) faults += load(memory->base() + (1 << 20)) == kFaulted;
  };
  std::thread first(fault_often);
  std::thread second(fault_often);
  first.join();
  second.join();
  CHECK(faults == 2000);
}

TEST_CASE("Other faults go to the handler that was there before") {
  REQUIRE(previous_installed);
  prepare_faults();
  const auto memory = one_page();
  auto* outside = static_cast<std::byte*>(os_reserve(os_page_size()));
  REQUIRE(outside != nullptr);
  previous_calls = 0;
  jump_out = 1;

  SECTION("registered code, address outside of all memories") {
    if (sigsetjmp(after_fault, 1) == 0) load(outside);
    CHECK(previous_calls == 1);
  }
  SECTION("other code, address in a guarded memory") {
    const volatile std::byte* beyond = memory->base() + memory->size();
    if (sigsetjmp(after_fault, 1) == 0) (void)*beyond;
    CHECK(previous_calls == 1);
  }
  SECTION("a memory that is gone") {
    auto gone = one_page();
    const std::byte* address = gone->base() + (uint64_t{4} << 30);
    gone.reset();
    if (sigsetjmp(after_fault, 1) == 0) load(address);
    CHECK(previous_calls == 1);
  }
  SECTION("a mapped file that was truncated") {
    char path[] = "/tmp/wrun-signals-XXXXXX";
    const int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    unlink(path);
    REQUIRE(ftruncate(fd, 1 << 20) == 0);
    void* mapping = mmap(nullptr, 1 << 20, PROT_READ, MAP_PRIVATE, fd, 0);
    REQUIRE(mapping != MAP_FAILED);
    REQUIRE(ftruncate(fd, 0) == 0);
    if (sigsetjmp(after_fault, 1) == 0) load(mapping);
    CHECK(previous_calls == 1);
    munmap(mapping, 1 << 20);
    close(fd);
  }
  jump_out = 0;
  os_release(outside, os_page_size());
  CHECK(load(memory->base() + memory->size()) == kFaulted);
}

TEST_CASE("Where the previous handler gives up, the process dies of the signal") {
  prepare_faults();
  auto* outside = static_cast<std::byte*>(os_reserve(os_page_size()));
  REQUIRE(outside != nullptr);
  previous_calls = 0;
  jump_out = 0;
  const int faulted = test::status_in_child([&] { return load(outside) == 0; });
  CHECK(WIFSIGNALED(faulted));
  CHECK(WTERMSIG(faulted) == SIGSEGV);
  os_release(outside, os_page_size());
}
