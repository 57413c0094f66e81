// Calls of several threads, which have their descriptors in common.
#include <atomic>
#include <thread>

#include "wasi/guest.hpp"

namespace wrun::wasi::test {
namespace {

// A thread's own store and memory on the descriptors of a guest.
struct Worker {
  explicit Worker(Guest& guest) : wasi(*guest.wasi), store(guest.executor, guest.types, {}) {}

  template <class... Parameters, class... Arguments>
  Errno call(Errno (Preview1::*member)(Parameters...), Arguments... arguments) {
    Preview1 calls(wasi, store, GuestMemory({memory.data(), memory.size()}));
    return (calls.*member)(static_cast<Parameters>(arguments)...);
  }
  // Puts `text` at 1024, with an iovec for it at 16.
  void put(std::string_view text) {
    std::memcpy(&memory[1024], text.data(), text.size());
    const GuestPtr iovec[] = {1024, static_cast<GuestPtr>(text.size())};
    std::memcpy(&memory[16], iovec, sizeof iovec);
  }
  Fd create(std::string_view name) {
    put(name);
    const Errno error = call(&Preview1::path_open, Guest::kRoot, 0, 1024, name.size(),
                             oflags::kCreat, Guest::kReadWrite, 0, 0, 64);
    return error == Errno::Success ? load<Fd>(&memory[64]) : 0;
  }

  Wasi& wasi;
  runtime::Store store;
  std::vector<std::byte> memory = std::vector<std::byte>(1 << 16);
};

}  // namespace

TEST_CASE("Threads open, write and close at the same time") {
  Guest guest;
  constexpr int kThreads = 4, kFiles = 100;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&guest, &failures, t] {
      Worker worker(guest);
      for (int i = 0; i < kFiles; ++i) {
        const std::string name = std::to_string(t) + "-" + std::to_string(i);
        const Fd fd = worker.create(name);
        worker.put(name);
        if (fd == 0 || worker.call(&Preview1::fd_write, fd, 16, 1, 64) != Errno::Success ||
            worker.call(&Preview1::fd_close, fd) != Errno::Success)
          ++failures;
        worker.call(&Preview1::fd_readdir, Guest::kRoot, 2048, 512, i, 64);
        worker.call(&Preview1::fd_fdstat_set_flags, 1, fdflags::kNonblock);
        worker.put("absent");
        worker.call(&Preview1::path_unlink_file, Guest::kRoot, 1024, 6);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  for (int t = 0; t < kThreads; ++t)
    for (int i = 0; i < kFiles; ++i) {
      const std::string name = std::to_string(t) + "-" + std::to_string(i);
      REQUIRE(read_file(guest.sandbox / name) == name);
    }
  CHECK(guest.open(Guest::kRoot, "0-0") == 4);  // all were closed
}

TEST_CASE("What a thread is reading from stays open until it has read") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  Guest guest(WasiOptions{
      .stdio = {ends[0], -1, -1}
  });
  std::string read;
  std::thread reading([&] {
    Worker worker(guest);
    worker.put("????");
    if (worker.call(&Preview1::fd_read, 0, 16, 1, 64) != Errno::Success) return;
    read.assign(reinterpret_cast<const char*>(&worker.memory[1024]),
                load<GuestSize>(&worker.memory[64]));
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(guest.call(&Preview1::fd_close, 0) == Errno::Success);
  CHECK(guest.call(&Preview1::fd_close, 0) == Errno::Badf);
  REQUIRE(::write(ends[1], "text", 4) == 4);
  reading.join();
  // Unless the descriptor was closed before the thread got there.
  if (!read.empty()) CHECK(read == "text");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("Threads renumber onto each other's descriptors") {
  Guest guest;
  write_file(guest.sandbox / "file", "x");
  const Fd shared = guest.open(Guest::kRoot, "file");
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&guest, shared, t] {
      Worker worker(guest);
      for (int i = 0; i < 200; ++i) {
        const Fd fd = worker.create("r" + std::to_string(t));
        worker.call(&Preview1::fd_renumber, fd, shared);
        worker.put("x");
        worker.call(&Preview1::fd_write, shared, 16, 1, 64);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(guest.open(Guest::kRoot, "file") == shared + 1);
}

}  // namespace wrun::wasi::test
