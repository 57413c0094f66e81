// Clocks, and waiting for them and for descriptors.
#include <atomic>
#include <csignal>
#include <thread>

#include "subscriptions.hpp"

namespace wrun::wasi::test {

namespace {

uint64_t now(Guest& guest, uint32_t id) {
  REQUIRE(guest.call(&Preview1::clock_time_get, id, 0, 64) == Errno::Success);
  return guest.get<uint64_t>(64);
}

}  // namespace

TEST_CASE("clocks") {
  Guest guest;
  uint64_t last = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t time = now(guest, kMonotonic);
    CHECK(time >= last);
    last = time;
  }
  CHECK(now(guest, kRealtime) > 1'600'000'000 * uint64_t{1'000'000'000});
  CHECK(now(guest, 2) > 0);
  for (uint32_t id : {0, 1, 2, 3}) {
    CHECK(guest.call(&Preview1::clock_res_get, id, 64) == Errno::Success);
    CHECK(guest.get<uint64_t>(64) > 0);
  }
  for (uint32_t id : {4u, 0xffff'ffffu}) {
    CHECK(guest.call(&Preview1::clock_time_get, id, 0, 64) == Errno::Inval);
    CHECK(guest.call(&Preview1::clock_res_get, id, 64) == Errno::Inval);
  }
  guest.call(&Preview1::clock_time_get, 0, 0, guest.memory.size() - 7);
  CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
}

TEST_CASE("a sleep lasts at least as long as asked for") {
  Guest guest;
  const Snapshot snapshot = GENERATE(kPreview1, kUnstable);
  for (uint32_t id : {kRealtime, kMonotonic}) {
    for (bool absolute : {false, true}) {
      INFO(id << " " << absolute);
      const uint64_t before = now(guest, kMonotonic);
      const uint64_t timeout = 5 * kMillisecond + (absolute ? now(guest, id) : 0);
      Subscriptions poll(snapshot);
      REQUIRE(poll.clock(77, id, timeout, absolute).poll(guest) == Errno::Success);
      CHECK(now(guest, kMonotonic) - before >= 5 * kMillisecond);
      REQUIRE(poll.events.size() == 1);
      CHECK(poll.events[0].userdata == 77);
      CHECK(poll.events[0].error == Errno::Success);
      CHECK(poll.events[0].type == EventType::Clock);
    }
  }
}

TEST_CASE("sleeps that are over cost nothing") {
  Guest guest;
  const uint64_t before = now(guest, kMonotonic);
  for (int i = 0; i < 10'000; ++i)
    REQUIRE(Subscriptions().clock(1, kMonotonic, 1, 1).poll(guest) == Errno::Success);
  CHECK(now(guest, kMonotonic) - before < 2'000 * kMillisecond);
}

TEST_CASE("subscriptions that make no sense") {
  Guest guest;
  CHECK(guest.call(&Preview1::poll_oneoff<kPreview1>, 0, 0, 0, 64) == Errno::Inval);
  CHECK(Subscriptions().clock(1, 9, 0).poll(guest) == Errno::Inval);
  CHECK(Subscriptions().clock(1, kMonotonic, 0, 2).poll(guest) == Errno::Inval);
  CHECK(Subscriptions().clock(1, 2, 0).poll(guest) == Errno::Notsup);
  CHECK(Subscriptions().fd(1, static_cast<EventType>(3), 0).poll(guest) == Errno::Inval);
  CHECK(Subscriptions().fd(1, EventType::FdRead, 99).poll(guest) == Errno::Badf);
  CHECK(Subscriptions().fd(1, EventType::FdRead, 0xffff'ffff).poll(guest) == Errno::Badf);
  guest.call(&Preview1::poll_oneoff<kPreview1>, 0, 0, 0xffff'ffff, 64);
  CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
  guest.memory.resize(8 << 20);
  CHECK(guest.call(&Preview1::poll_oneoff<kPreview1>, 0, 0, 70'000, 64) == Errno::Inval);
}

TEST_CASE("files are always ready, and many things may be at once") {
  Guest guest;
  write_file(guest.sandbox / "file", "12345");
  const Fd reader = guest.open(Guest::kRoot, "file");
  const Fd writer = guest.open(Guest::kRoot, "file", 0, rights::kFdWrite);
  Subscriptions poll;
  poll.fd(1, EventType::FdRead, reader).fd(2, EventType::FdWrite, writer);
  for (uint64_t i = 0; i < 30; ++i) poll.clock(3 + i, kMonotonic, 0);
  poll.clock(99, kMonotonic, UINT64_MAX);
  REQUIRE(poll.poll(guest) == Errno::Success);
  REQUIRE(poll.events.size() == 32);
  CHECK(poll.events[0].type == EventType::FdRead);
  CHECK(poll.events[0].bytes == 5);
  CHECK(poll.events[1].type == EventType::FdWrite);
  CHECK(poll.events[1].userdata == 2);
}

TEST_CASE("pipes") {
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  Guest guest(WasiOptions{
      .stdio = {pipe[0], pipe[1], -1}
  });

  Subscriptions idle;
  REQUIRE(idle.fd(1, EventType::FdRead, 0).clock(2, kMonotonic, kMillisecond).poll(guest) ==
          Errno::Success);
  REQUIRE(idle.events.size() == 1);
  CHECK(idle.events[0].userdata == 2);

  Subscriptions both;
  REQUIRE(both.fd(1, EventType::FdRead, 0).fd(2, EventType::FdWrite, 1).poll(guest) ==
          Errno::Success);
  REQUIRE(both.events.size() == 1);
  CHECK(both.events[0].type == EventType::FdWrite);

  guest.write(1, "abc");
  Subscriptions readable;
  REQUIRE(readable.fd(1, EventType::FdRead, 0).poll(guest) == Errno::Success);
  CHECK(readable.events.at(0).bytes == 3);

  guest.read(0);
  ::close(pipe[1]);
  Subscriptions hung_up;  // the end is readable
  REQUIRE(hung_up.fd(1, EventType::FdRead, 0).poll(guest) == Errno::Success);
  CHECK(hung_up.events.at(0).flags == kEventFdReadwriteHangup);
  CHECK(hung_up.events.at(0).bytes == 0);
  ::close(pipe[0]);
}

TEST_CASE("streams without a host are ready, closed ones say what they are") {
  const int closed = ::dup(2);
  ::close(closed);
  Guest guest(WasiOptions{
      .stdio = {-1, -1, 1000}
  });
  Subscriptions poll;
  poll.fd(1, EventType::FdRead, 0).fd(2, EventType::FdWrite, 1).fd(3, EventType::FdWrite, 2);
  REQUIRE(poll.clock(4, kMonotonic, UINT64_MAX).poll(guest) == Errno::Success);
  REQUIRE(poll.events.size() == 3);
  CHECK(poll.events[0].error == Errno::Success);
  CHECK(poll.events[2].error == Errno::Badf);
}

TEST_CASE("an interruption ends a sleep") {
  Guest guest;
  struct sigaction nothing = {};
  nothing.sa_handler = [](int) {};
  ::sigaction(SIGURG, &nothing, nullptr);
  const pthread_t self = ::pthread_self();
  std::atomic<bool> done = false;
  std::thread interrupter([&] {
    ::usleep(10'000);
    guest.store.interrupt();
    while (!done) {
      ::pthread_kill(self, SIGURG);
      ::usleep(1'000);
    }
  });
  Subscriptions().clock(1, kMonotonic, UINT64_MAX).poll(guest);
  CHECK(guest.trap == TrapCode::Interrupted);
  done = true;
  interrupter.join();
}

}  // namespace wrun::wasi::test
