// Guests do not see the signals that their process gets.
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "subscriptions.hpp"

namespace wrun::wasi::test {

namespace {

// As long as it lives, a signal hits the thread that made it about every 100 microseconds, and
// interrupts the system call that it is in.
class SignalStorm {
 public:
  SignalStorm() {
    struct sigaction handler = {};
    handler.sa_handler = [](int) { ++hits_; };  // and no SA_RESTART
    ::sigaction(SIGURG, &handler, nullptr);
    hits_ = 0;
    sender_ = std::thread([this, target = ::pthread_self()] {
      while (!done_) {
        ::pthread_kill(target, SIGURG);
        ::usleep(100);
      }
    });
  }
  ~SignalStorm() {
    done_ = true;
    sender_.join();
  }
  SignalStorm(const SignalStorm&) = delete;
  SignalStorm& operator=(const SignalStorm&) = delete;

  uint32_t hits() const { return hits_; }

 private:
  static inline std::atomic<uint32_t> hits_;
  std::atomic<bool> done_ = false;
  std::thread sender_;
};

constexpr int kTwoEnds = 2;

uint64_t now(Guest& guest) {
  REQUIRE(guest.call(&Preview1::clock_time_get, kMonotonic, 0, 64) == Errno::Success);
  return guest.get<uint64_t>(64);
}

}  // namespace

TEST_CASE("in a storm of signals, data goes through pipes whole") {
  constexpr size_t kSize = 1'000'000;
  int in[kTwoEnds], out[kTwoEnds];
  REQUIRE(::pipe(in) == 0);
  REQUIRE(::pipe(out) == 0);
  Guest guest(WasiOptions{
      .stdio = {in[0], out[1], -1}
  });
  // What arrives slowly is sent back; checks of the test framework are for its own thread.
  std::thread echo([from = out[0], to = in[1]] {
    char buffer[5000];
    for (size_t left = kSize; left > 0;) {
      ::usleep(200);
      const ssize_t size = ::read(from, buffer, sizeof buffer);
      if (size <= 0 || ::write(to, buffer, static_cast<size_t>(size)) != size) std::abort();
      left -= static_cast<size_t>(size);
    }
  });
  const SignalStorm storm;
  uint8_t sent = 0, received = 0;
  bool same = true;
  for (size_t written = 0, read = 0; read < kSize;) {
    if (written < kSize) {
      std::string text(std::min<size_t>(kSize - written, 50'000), ' ');
      for (char& byte : text) byte = static_cast<char>(sent++);
      size_t size = 0;
      while (size < text.size()) {
        REQUIRE(guest.write(1, text.substr(size)) == Errno::Success);
        size += guest.get<GuestSize>(Guest::kResult);
      }
      written += size;
    }
    for (size_t stop = written < kSize ? written - 40'000 : kSize; read < stop;) {
      const std::string text = guest.read(0, 10'000);
      REQUIRE(!text.empty());
      for (const char byte : text) same &= byte == static_cast<char>(received++);
      read += text.size();
    }
  }
  echo.join();
  CHECK(same);
  CHECK(storm.hits() > 0);
  for (const int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
}

TEST_CASE("in a storm of signals, sleeps last as long as asked for") {
  Guest guest;
  const SignalStorm storm;
  for (const bool absolute : {false, true}) {
    const uint64_t before = now(guest);
    Subscriptions sleep;
    sleep.clock(1, kMonotonic, 50 * kMillisecond + (absolute ? before : 0), absolute);
    REQUIRE(sleep.poll(guest) == Errno::Success);
    CHECK(sleep.events.size() == 1);
    CHECK(now(guest) - before >= 50 * kMillisecond);
    CHECK(now(guest) - before < 5'000 * kMillisecond);
  }
  CHECK(storm.hits() > 10);
}

TEST_CASE("in a storm of signals, what is waited for is seen") {
  int pipe[kTwoEnds];
  REQUIRE(::pipe(pipe) == 0);
  Guest guest(WasiOptions{
      .stdio = {pipe[0], -1, -1}
  });
  std::thread writer([fd = pipe[1]] {
    ::usleep(20'000);
    if (::write(fd, "late", 4) != 4) std::abort();
  });
  const SignalStorm storm;
  Subscriptions poll;
  poll.fd(1, EventType::FdRead, 0).clock(2, kMonotonic, 60'000 * kMillisecond);
  REQUIRE(poll.poll(guest) == Errno::Success);
  REQUIRE(poll.events.size() == 1);
  CHECK(poll.events[0].userdata == 1);
  CHECK(poll.events[0].bytes == 4);
  writer.join();
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_CASE("in a storm of signals, files are what they should be") {
  Guest guest;
  const SignalStorm storm;
  for (int round = 0; storm.hits() < 100; ++round) {
    const std::string name = "file" + std::to_string(round % 10);
    const Fd fd =
        guest.open(Guest::kRoot, name, oflags::kCreat | oflags::kTrunc, Guest::kReadWrite);
    CHECK(fd == 4);
    REQUIRE(guest.write(fd, std::string(100'000, 'x')) == Errno::Success);
    CHECK(guest.get<GuestSize>(Guest::kResult) == 100'000);
    REQUIRE(guest.call(&Preview1::fd_allocate, fd, 0, 200'000) == Errno::Success);
    REQUIRE(guest.call(&Preview1::fd_sync, fd) == Errno::Success);
    REQUIRE(guest.call(&Preview1::fd_close, fd) == Errno::Success);
    REQUIRE(guest.call(&Preview1::random_get, 4096, 500'000) == Errno::Success);
  }
}

TEST_CASE("in a storm of signals, connections are accepted") {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_storage unnamed = {};
  unnamed.ss_family = AF_UNIX;  // takes a free abstract address
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&unnamed), sizeof(sa_family_t)) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  Guest guest(WasiOptions{
      .stdio = {listener, -1, -1}
  });
  std::thread client([&] {
    ::usleep(20'000);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0) std::abort();
    ::usleep(20'000);
    if (::write(fd, "late", 4) != 4) std::abort();
    ::close(fd);
  });
  const SignalStorm storm;
  REQUIRE(guest.call(&Preview1::sock_accept, 0, 0, 64) == Errno::Success);
  CHECK(guest.read(guest.get<Fd>(64)) == "late");
  client.join();
  ::close(listener);
}

TEST_CASE("at the limit of a file's size, what fits is written") {
  constexpr rlim_t kLimit = 10'000;
  rlimit before;
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, SIG_IGN);
  Guest guest;
  const Fd fd = guest.open(Guest::kRoot, "file", oflags::kCreat, Guest::kReadWrite);
  const rlimit limit = {kLimit, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  const Errno cut = guest.write(fd, std::string(kLimit + 1, 'x'));
  const auto written = guest.get<GuestSize>(Guest::kResult);
  const Errno full = guest.write(fd, "x");
  const Errno allocated = guest.call(&Preview1::fd_allocate, fd, 0, kLimit + 1);
  const Errno grown = guest.call(&Preview1::fd_filestat_set_size, fd, kLimit + 1);
  ::setrlimit(RLIMIT_FSIZE, &before);

  CHECK(cut == Errno::Success);
  CHECK(written == kLimit);
  CHECK(full == Errno::Fbig);
  CHECK(allocated == Errno::Fbig);
  CHECK(grown == Errno::Fbig);
  CHECK(fs::file_size(guest.sandbox / "file") == kLimit);
  // The position is behind what was written.
  REQUIRE(guest.write(fd, "y") == Errno::Success);
  CHECK(read_file(guest.sandbox / "file") == std::string(kLimit, 'x') + "y");
}

}  // namespace wrun::wasi::test
