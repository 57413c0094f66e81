// Reading and writing, also as no honest program would.
#include <sys/socket.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "guest.hpp"

namespace wrun::wasi::test {

namespace {

GuestPtr iovecs(Guest& guest, const std::vector<std::pair<GuestPtr, GuestSize>>& list) {
  std::string bytes;
  for (const auto& [base, size] : list) {
    bytes.append(reinterpret_cast<const char*>(&base), 4);
    bytes.append(reinterpret_cast<const char*>(&size), 4);
  }
  return guest.put(bytes);
}

// Checks of the test framework are for its own thread.
void write_late(int fd) {
  if (::write(fd, "late", 4) != 4) std::abort();
}

}  // namespace

TEST_CASE("scatter and gather") {
  Guest guest;
  const Fd fd = guest.open(Guest::kRoot, "file", oflags::kCreat, Guest::kReadWrite);
  const GuestPtr text = guest.put("abcdefghij");
  const GuestPtr list = iovecs(guest, {
                                          {   text + 5, 5},
                                          {0xffff'0000, 0},
                                          {       text, 5}
  });
  REQUIRE(guest.call(&Preview1::fd_write, fd, list, 3, 64) == Errno::Success);
  CHECK(guest.get<GuestSize>(64) == 10);
  CHECK(read_file(guest.sandbox / "file") == "fghijabcde");

  REQUIRE(guest.call(&Preview1::fd_pread, fd,
                     iovecs(guest,
                            {
                                {512,   2},
                                {600, 100}
  }),
                     2, 3, 64) == Errno::Success);
  CHECK(guest.get<GuestSize>(64) == 7);
  CHECK(guest.text(512, 2) + guest.text(600, 5) == "ijabcde");
  REQUIRE(guest.call(&Preview1::fd_pread, fd, list, 3, 1000, 64) == Errno::Success);
  CHECK(guest.get<GuestSize>(64) == 0);

  REQUIRE(guest.call(&Preview1::fd_pwrite, fd,
                     iovecs(guest,
                            {
                                {text, 3}
  }),
                     1, 2, 64) == Errno::Success);
  CHECK(read_file(guest.sandbox / "file") == "fgabcabcde");
  REQUIRE(guest.call(&Preview1::fd_tell, fd, 64) == Errno::Success);
  CHECK(guest.get<uint64_t>(64) == 10);
  CHECK(guest.call(&Preview1::fd_pread, fd, list, 1, uint64_t{1} << 63, 64) == Errno::Inval);
}

TEST_CASE("more iovecs than the host takes at once") {
  Guest guest;
  const Fd fd = guest.open(Guest::kRoot, "file", oflags::kCreat, Guest::kReadWrite);
  constexpr uint32_t kCount = 3000;
  const GuestPtr text = guest.put("abc");
  const GuestPtr list = iovecs(guest, std::vector(kCount, std::pair<GuestPtr, GuestSize>(text, 3)));
  REQUIRE(guest.call(&Preview1::fd_write, fd, list, kCount, 64) == Errno::Success);
  CHECK(guest.get<GuestSize>(64) == 3 * kCount);
  CHECK(fs::file_size(guest.sandbox / "file") == 3 * kCount);
  REQUIRE(guest.call(&Preview1::fd_seek<kPreview1>, fd, 0, 0, 64) == Errno::Success);
  REQUIRE(guest.call(&Preview1::fd_read, fd, list, kCount, 64) == Errno::Success);
  CHECK(guest.get<GuestSize>(64) > 0);  // may be short
}

TEST_CASE("iovecs that lie end the guest and nothing else") {
  Guest guest;
  const Fd fd = guest.open(Guest::kRoot, "file", oflags::kCreat, Guest::kReadWrite);
  const auto end = static_cast<GuestPtr>(guest.memory.size());
  struct Case {
    GuestPtr base;
    GuestSize size;
  };
  for (const auto& [base, size] : {
           Case{        end,           1},
           Case{    end - 1,           2},
           Case{          0,     end + 1},
           Case{0xffff'ffff,           1},
           Case{         16, 0xffff'ffff},
           Case{0xffff'fff0,        0x20},
           Case{0xffff'ffff, 0xffff'ffff}
  }) {
    INFO(base << " + " << size);
    const GuestPtr list = iovecs(guest, {
                                            {   0,    1},
                                            {base, size}
    });
    for (auto member : {&Preview1::fd_read, &Preview1::fd_write}) {
      guest.call(member, fd, list, 2, 64);
      CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
    }
    for (auto member : {&Preview1::fd_pread, &Preview1::fd_pwrite}) {
      guest.call(member, fd, list, 2, 0, 64);
      CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
    }
  }
  // The list itself, its length, and the place for the result.
  for (const auto& [list, count] : {
           Case{    end - 8,           2},
           Case{          0, 0xffff'ffff},
           Case{0xffff'fff8,           2}
  }) {
    guest.call(&Preview1::fd_write, fd, list, count, 64);
    CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
  }
  guest.call(&Preview1::fd_write, fd, guest.iovec(4096, 10), 1, end - 3);
  CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
  CHECK(fs::file_size(guest.sandbox / "file") == 0);
  // A bad descriptor is found before a bad pointer.
  CHECK(guest.call(&Preview1::fd_read, 99, end, 2, end) == Errno::Badf);
  CHECK(guest.trap == TrapCode::None);
}

TEST_CASE("iovecs that overlap, and lists that are empty") {
  Guest guest;
  write_file(guest.sandbox / "file", "abcdef");
  const Fd fd = guest.open(Guest::kRoot, "file");
  REQUIRE(guest.call(&Preview1::fd_read, fd,
                     iovecs(guest,
                            {
                                {512, 4},
                                {514, 2}
  }),
                     2, 64) == Errno::Success);
  CHECK(guest.get<GuestSize>(64) == 6);
  REQUIRE(guest.call(&Preview1::fd_read, fd, 0, 0, 64) == Errno::Success);
  CHECK(guest.get<GuestSize>(64) == 0);
  CHECK(guest.call(&Preview1::fd_write, fd, 0, 0, 64) == Errno::Badf);  // opened for reading
}

TEST_CASE("the whole of a memory in one call") {
  Guest guest;
  const Fd fd = guest.open(Guest::kRoot, "file", oflags::kCreat, Guest::kReadWrite);
  const auto size = static_cast<GuestSize>(guest.memory.size());
  REQUIRE(guest.call(&Preview1::fd_write, fd, guest.iovec(0, size), 1, 64) == Errno::Success);
  CHECK(guest.get<GuestSize>(64) == size);
}

TEST_CASE("seeking") {
  Guest guest;
  write_file(guest.sandbox / "file", "0123456789");
  const Fd fd = guest.open(Guest::kRoot, "file");
  const auto seek = [&](int64_t offset, uint32_t whence) {
    return guest.call(&Preview1::fd_seek<kPreview1>, fd, offset, whence, 64);
  };
  CHECK(seek(4, 0) == Errno::Success);
  CHECK(seek(-2, 1) == Errno::Success);
  CHECK(guest.get<uint64_t>(64) == 2);
  CHECK(seek(100, 2) == Errno::Success);
  CHECK(guest.get<uint64_t>(64) == 110);
  CHECK(guest.read(fd).empty());
  CHECK(seek(-200, 1) == Errno::Inval);
  CHECK(seek(INT64_MIN, 1) == Errno::Inval);
  CHECK(seek(0, 3) == Errno::Inval);
  CHECK(guest.call(&Preview1::fd_tell, fd, 64) == Errno::Success);
  CHECK(guest.get<uint64_t>(64) == 110);
  CHECK(guest.call(&Preview1::fd_seek<kPreview1>, 99, 0, 7, 64) == Errno::Badf);
}

TEST_CASE("errors of the host reach the guest") {
  const int full = ::open("/dev/full", O_WRONLY);
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  ::close(pipe[0]);
  std::signal(SIGPIPE, SIG_IGN);
  Guest guest(WasiOptions{
      .stdio = {-1, full, pipe[1]}
  });
  CHECK(guest.write(1, "text") == Errno::Nospc);
  CHECK(guest.write(2, "text") == Errno::Pipe);
  ::close(full);
  ::close(pipe[1]);
}

TEST_CASE("a host's non-blocking stream does not show in a guest that wants to wait") {
  int pipe[2];
  REQUIRE(::pipe2(pipe, O_NONBLOCK) == 0);
  Guest guest(WasiOptions{
      .stdio = {pipe[0], pipe[1], -1}
  });
  std::thread writer([&] {
    ::usleep(20'000);
    write_late(pipe[1]);
  });
  CHECK(guest.read(0) == "late");
  writer.join();
  // And large writes wait for their reader.
  std::thread reader([&] {
    char buffer[65536];
    for (size_t left = 500'000; left > 0;) {
      const ssize_t size = ::read(pipe[0], buffer, sizeof buffer);
      if (size > 0) left -= static_cast<size_t>(size);
    }
  });
  GuestSize written = 0;
  while (written < 500'000) {
    REQUIRE(guest.write(1, std::string(500'000 - written, 'x')) == Errno::Success);
    written += guest.get<GuestSize>(64);
  }
  reader.join();
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_CASE("an interruption ends a call that waits") {
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  Guest guest(WasiOptions{
      .stdio = {pipe[0], pipe[1], -1}
  });
  struct sigaction nothing = {};
  nothing.sa_handler = [](int) {};  // and no SA_RESTART
  ::sigaction(SIGURG, &nothing, nullptr);
  const pthread_t self = ::pthread_self();
  const auto interrupt_until = [&](std::atomic<bool>& done, bool for_good) {
    return std::thread([&guest, &done, self, for_good] {
      for (int i = 0; !done; ++i) {
        if (for_good && i == 5) guest.store.interrupt();
        ::pthread_kill(self, SIGURG);
        ::usleep(2'000);
      }
    });
  };
  const GuestPtr list = guest.iovec(4096, 16);
  {
    std::atomic<bool> done = false;
    std::thread signals = interrupt_until(done, true);
    guest.call(&Preview1::fd_read, 0, list, 1, 64);
    CHECK(guest.trap == TrapCode::Interrupted);
    done = true;
    signals.join();
  }
  guest.store.clear_interrupt();
  {
    // Signals alone change nothing: a storm of EINTR is not seen.
    std::atomic<bool> done = false;
    std::thread signals = interrupt_until(done, false);
    std::thread writer([&] {
      ::usleep(30'000);
      write_late(pipe[1]);
    });
    CHECK(guest.read(0) == "late");
    CHECK(guest.trap == TrapCode::None);
    done = true;
    signals.join();
    writer.join();
  }
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_CASE("sockets carry data both ways") {
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  Guest guest(WasiOptions{
      .stdio = {pair[0], -1, -1}
  });
  const GuestPtr out = guest.iovec(guest.put("hello"), 5);
  REQUIRE(guest.call(&Preview1::sock_send, 0, out, 1, 0, 64) == Errno::Success);
  char buffer[16];
  CHECK(::read(pair[1], buffer, sizeof buffer) == 5);
  CHECK(::write(pair[1], "answer", 6) == 6);
  const GuestPtr in = guest.iovec(512, 4);
  REQUIRE(guest.call(&Preview1::sock_recv, 0, in, 1, riflags::kRecvPeek, 64, 72) == Errno::Success);
  CHECK(guest.text(512, 4) == "answ");
  REQUIRE(guest.call(&Preview1::sock_recv, 0, in, 1, 0, 64, 72) == Errno::Success);
  REQUIRE(guest.call(&Preview1::sock_recv, 0, in, 1, 0, 64, 72) == Errno::Success);
  CHECK(guest.get<GuestSize>(64) == 2);
  CHECK(guest.call(&Preview1::sock_recv, 0, in, 1, 4, 64, 72) == Errno::Inval);
  CHECK(guest.call(&Preview1::sock_send, 0, out, 1, 1, 64) == Errno::Inval);
  CHECK(guest.call(&Preview1::sock_shutdown, 0, 0) == Errno::Inval);
  CHECK(guest.call(&Preview1::sock_shutdown, 0, sdflags::kWr) == Errno::Success);
  CHECK(::read(pair[1], buffer, sizeof buffer) == 0);
  CHECK(guest.call(&Preview1::sock_send, 0, out, 1, 0, 64) == Errno::Pipe);
  ::close(pair[0]);
  ::close(pair[1]);
}

TEST_CASE("accepting a connection") {
  TemporaryDirectory directory;
  sockaddr_storage address = {};
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  address.ss_family = AF_INET;
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), 16) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  Guest guest(WasiOptions{
      .stdio = {listener, -1, -1}
  });
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  REQUIRE(::connect(client, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(guest.call(&Preview1::sock_accept, 0, fdflags::kNonblock, 64) == Errno::Success);
  const Fd fd = guest.get<Fd>(64);
  CHECK(fd == 4);
  const GuestPtr in = guest.iovec(512, 4);
  CHECK(guest.call(&Preview1::fd_read, fd, in, 1, 64) == Errno::Again);
  CHECK(guest.call(&Preview1::fd_fdstat_set_flags, fd, 0) == Errno::Success);
  CHECK(::write(client, "x", 1) == 1);
  CHECK(guest.read(fd) == "x");
  CHECK(guest.call(&Preview1::fd_seek<kPreview1>, fd, 0, 0, 64) == Errno::Spipe);
  CHECK(guest.call(&Preview1::sock_accept, 0, fdflags::kAppend, 64) == Errno::Inval);
  ::close(client);
  ::close(listener);
}

}  // namespace wrun::wasi::test
