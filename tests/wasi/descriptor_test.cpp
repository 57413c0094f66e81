// Descriptors: numbers, flags, rights, and what can be done with a file through one.
#include "guest.hpp"

namespace wrun::wasi::test {

namespace {

struct Fdstat {
  Filetype type;
  uint16_t flags;
  uint64_t base, inheriting;
};

Fdstat fdstat(Guest& guest, Fd fd) {
  REQUIRE(guest.call(&Preview1::fd_fdstat_get, fd, 128) == Errno::Success);
  return {guest.get<Filetype>(128), guest.get<uint16_t>(130), guest.get<uint64_t>(136),
          guest.get<uint64_t>(144)};
}

uint64_t size_of(Guest& guest, Fd fd) {
  REQUIRE(guest.call(&Preview1::fd_filestat_get<kPreview1>, fd, 128) == Errno::Success);
  return guest.get<uint64_t>(128 + 32);
}

}  // namespace

TEST_CASE("the lowest free number is taken, up to the limit") {
  Guest guest(WasiOptions{.max_descriptors = 7});
  write_file(guest.sandbox / "file", "text");
  CHECK(guest.open(Guest::kRoot, "file") == 4);
  CHECK(guest.open(Guest::kRoot, "file") == 5);
  CHECK(guest.open(Guest::kRoot, "file") == 6);
  CHECK(guest.try_open(Guest::kRoot, "file") == Errno::Mfile);
  CHECK(guest.call(&Preview1::fd_close, 5) == Errno::Success);
  CHECK(guest.call(&Preview1::fd_close, 5) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_close, 4) == Errno::Success);
  CHECK(guest.open(Guest::kRoot, "file") == 4);
  CHECK(guest.open(Guest::kRoot, "file") == 5);
  CHECK(guest.call(&Preview1::fd_close, 0xffff'ffff) == Errno::Badf);
}

TEST_CASE("renumbering moves onto an open descriptor") {
  Guest guest;
  write_file(guest.sandbox / "a", "a");
  write_file(guest.sandbox / "b", "b");
  const Fd a = guest.open(Guest::kRoot, "a");
  const Fd b = guest.open(Guest::kRoot, "b", 0, Guest::kReadWrite, fdflags::kAppend);
  const auto renumber = [&](Fd from, Fd to) {
    return guest.call(&Preview1::fd_renumber, from, to);
  };
  CHECK(renumber(a, a) == Errno::Success);
  CHECK(renumber(a, 100) == Errno::Badf);
  CHECK(renumber(a, 0xffff'ffff) == Errno::Badf);
  CHECK(renumber(100, a) == Errno::Badf);
  CHECK(renumber(b, a) == Errno::Success);
  CHECK(fdstat(guest, a).flags == fdflags::kAppend);
  CHECK(guest.read(a) == "b");
  CHECK(guest.call(&Preview1::fd_close, b) == Errno::Badf);
  CHECK(guest.open(Guest::kRoot, "a") == b);
  for (Fd fd : {0, 1, 2}) CHECK(renumber(fd, fd) == Errno::Success);
  // Onto a granted directory: it is gone then.
  CHECK(guest.call(&Preview1::fd_prestat_get, Guest::kRoot, 128) == Errno::Success);
  CHECK(renumber(a, Guest::kRoot) == Errno::Success);
  CHECK(guest.call(&Preview1::fd_prestat_get, Guest::kRoot, 128) == Errno::Badf);
  CHECK(guest.try_open(Guest::kRoot, "a") == Errno::Notdir);
}

TEST_CASE("closing a standard stream leaves the host's open") {
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  Guest guest(WasiOptions{
      .stdio = {pipe[0], pipe[1], -1}
  });
  CHECK(guest.write(1, "x") == Errno::Success);
  CHECK(guest.call(&Preview1::fd_close, 1) == Errno::Success);
  CHECK(guest.write(1, "x") == Errno::Badf);
  CHECK(::write(pipe[1], "y", 1) == 1);
  CHECK(guest.read(0) == "xy");
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_CASE("a standard stream that is closed on the host is a bad descriptor") {
  const int fd = ::dup(2);
  ::close(fd);
  Guest guest(WasiOptions{
      .stdio = {fd, fd, fd}
  });
  ::close(fd);  // whatever the guest's directory got
  CHECK(guest.write(1, "x") == Errno::Badf);
  const GuestPtr list = guest.iovec(4096, 16);
  CHECK(guest.call(&Preview1::fd_read, 0, list, 1, Guest::kResult) == Errno::Badf);
}

TEST_CASE("streams without a host are empty and bottomless") {
  Guest guest(WasiOptions{
      .stdio = {-1, -1, -1}
  });
  CHECK(guest.read(0).empty());
  CHECK(guest.write(1, "text") == Errno::Success);
  CHECK(guest.get<GuestSize>(Guest::kResult) == 4);
  CHECK(fdstat(guest, 0).base == rights::kFdRead);
  CHECK(fdstat(guest, 1).base == rights::kFdWrite);
  CHECK(guest.write(0, "text") == Errno::Badf);
}

TEST_CASE("what descriptors say about themselves") {
  Guest guest;
  fs::create_directory(guest.sandbox / "dir");
  write_file(guest.sandbox / "file", "text");

  const Fdstat root = fdstat(guest, Guest::kRoot);
  CHECK(root.type == Filetype::Directory);
  CHECK(root.flags == 0);
  CHECK((root.base & rights::kPathOpen) != 0);
  CHECK((root.base & rights::kFdRead) == 0);
  CHECK((root.inheriting & rights::kFdRead) != 0);

  const Fdstat dir = fdstat(guest, guest.open(Guest::kRoot, "dir"));
  CHECK(dir.type == Filetype::Directory);
  CHECK((dir.base & (rights::kFdSeek | rights::kFdWrite)) == 0);

  const Fdstat reader = fdstat(guest, guest.open(Guest::kRoot, "file"));
  CHECK(reader.type == Filetype::RegularFile);
  CHECK(reader.base == (rights::kAll & ~rights::kFdWrite));
  const Fdstat writer = fdstat(guest, guest.open(Guest::kRoot, "file", 0, rights::kFdWrite,
                                                 fdflags::kAppend | fdflags::kSync));
  CHECK(writer.base == (rights::kAll & ~(rights::kFdRead | rights::kFdReaddir)));
  CHECK(writer.flags == (fdflags::kAppend | fdflags::kSync));
  const Fd neither = guest.open(Guest::kRoot, "file", 0, 0);
  CHECK((fdstat(guest, neither).base & Guest::kReadWrite) == 0);
  CHECK(guest.call(&Preview1::fd_read, neither, guest.iovec(4096, 1), 1, 64) == Errno::Badf);
  CHECK(guest.write(neither, "x") == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_fdstat_set_rights, neither, 0, 0) == Errno::Notsup);
  CHECK(guest.call(&Preview1::fd_fdstat_set_rights, 99, 0, 0) == Errno::Badf);
}

TEST_CASE("flags and combinations of path_open") {
  Guest guest;
  fs::create_directory(guest.sandbox / "dir");
  write_file(guest.sandbox / "file", "text");
  using namespace oflags;
  CHECK(guest.try_open(Guest::kRoot, "file", kCreat | kExcl) == Errno::Exist);
  CHECK(guest.try_open(Guest::kRoot, "dir", kCreat | kExcl) == Errno::Exist);
  CHECK(guest.try_open(Guest::kRoot, "file", kDirectory) == Errno::Notdir);
  CHECK(guest.try_open(Guest::kRoot, "dir", kDirectory, Guest::kReadWrite) == Errno::Isdir);
  CHECK(guest.try_open(Guest::kRoot, "dir", 0, rights::kFdWrite) == Errno::Isdir);
  CHECK(guest.try_open(Guest::kRoot, "dir", 0, 0, fdflags::kNonblock) == Errno::Success);
  CHECK(guest.try_open(Guest::kRoot, "dir", kDirectory | kCreat) == Errno::Inval);
  CHECK(guest.try_open(Guest::kRoot, "file", 16) == Errno::Inval);
  CHECK(guest.try_open(Guest::kRoot, "file", 0, 0, 32) == Errno::Inval);
  CHECK(guest.try_open(Guest::kRoot, "file", 0, 0, 0, 2) == Errno::Inval);
  CHECK(guest.try_open(Guest::kRoot, "new", kCreat, 0) == Errno::Success);
  CHECK(guest.try_open(Guest::kRoot, "file", kTrunc, 0) == Errno::Success);
  CHECK(read_file(guest.sandbox / "file").empty());
  // A result that has no place in memory must not leave a file behind that was created for it.
  const GuestPtr name = guest.put("never");
  guest.call(&Preview1::path_open, Guest::kRoot, 0, name, 5, kCreat, 0, 0, 0, 0xffff'fffe);
  CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
  CHECK(!fs::exists(guest.sandbox / "never"));
}

TEST_CASE("appending can be switched on and off") {
  Guest guest;
  const Fd fd =
      guest.open(Guest::kRoot, "file", oflags::kCreat, Guest::kReadWrite, fdflags::kAppend);
  const auto rewind = [&] {
    REQUIRE(guest.call(&Preview1::fd_seek<kPreview1>, fd, 0, 0, 64) == Errno::Success);
  };
  guest.write(fd, "aaa");
  rewind();
  guest.write(fd, "bbb");
  REQUIRE(guest.call(&Preview1::fd_fdstat_set_flags, fd, 0) == Errno::Success);
  rewind();
  guest.write(fd, "c");
  CHECK(read_file(guest.sandbox / "file") == "caabbb");
  CHECK(guest.call(&Preview1::fd_fdstat_set_flags, fd, fdflags::kSync) == Errno::Inval);
  CHECK(guest.call(&Preview1::fd_fdstat_set_flags, fd, 64) == Errno::Inval);
  CHECK(guest.call(&Preview1::fd_fdstat_set_flags, fd, fdflags::kNonblock) == Errno::Success);
  CHECK(fdstat(guest, fd).flags == fdflags::kNonblock);
}

TEST_CASE("a stream that a guest makes non-blocking stays blocking for the host") {
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  Guest guest(WasiOptions{
      .stdio = {pipe[0], pipe[1], -1}
  });
  REQUIRE(guest.call(&Preview1::fd_fdstat_set_flags, 0, fdflags::kNonblock) == Errno::Success);
  REQUIRE(guest.call(&Preview1::fd_fdstat_set_flags, 1, fdflags::kNonblock) == Errno::Success);
  CHECK((::fcntl(pipe[0], F_GETFL) & O_NONBLOCK) == 0);
  const GuestPtr list = guest.iovec(4096, 16);
  CHECK(guest.call(&Preview1::fd_read, 0, list, 1, Guest::kResult) == Errno::Again);
  Errno error = Errno::Success;
  for (int i = 0; i < 1000 && error == Errno::Success; ++i)
    error = guest.write(1, std::string(100'000, 'x'));
  CHECK(error == Errno::Again);
  CHECK(guest.read(0, 16).size() == 16);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_CASE("sizes, allocation and advice") {
  Guest guest;
  fs::create_directory(guest.sandbox / "dir");
  const Fd fd = guest.open(Guest::kRoot, "file", oflags::kCreat, Guest::kReadWrite);
  CHECK(guest.call(&Preview1::fd_filestat_set_size, fd, 100) == Errno::Success);
  CHECK(size_of(guest, fd) == 100);
  CHECK(guest.read(fd) == std::string(100, '\0'));
  CHECK(guest.call(&Preview1::fd_filestat_set_size, fd, uint64_t{1} << 63) == Errno::Inval);
  const Errno allocated = guest.call(&Preview1::fd_allocate, fd, 90, 20);
  if (allocated != Errno::Notsup) {  // a matter of the file system
    CHECK(allocated == Errno::Success);
    CHECK(size_of(guest, fd) == 110);
    CHECK(guest.call(&Preview1::fd_allocate, fd, 10, 10) == Errno::Success);
    CHECK(size_of(guest, fd) == 110);
  }
  CHECK(guest.call(&Preview1::fd_allocate, fd, UINT64_MAX, UINT64_MAX) == Errno::Fbig);
  CHECK(guest.call(&Preview1::fd_advise, fd, 10, 50, 0) == Errno::Success);
  CHECK(guest.call(&Preview1::fd_advise, fd, 10, 50, 6) == Errno::Inval);
  CHECK(guest.call(&Preview1::fd_advise, fd, UINT64_MAX, 0, 0) == Errno::Inval);
  CHECK(guest.call(&Preview1::fd_sync, fd) == Errno::Success);
  CHECK(guest.call(&Preview1::fd_datasync, fd) == Errno::Success);

  const Fd reader = guest.open(Guest::kRoot, "file");
  CHECK(guest.call(&Preview1::fd_filestat_set_size, reader, 0) == Errno::Inval);
  CHECK(guest.call(&Preview1::fd_allocate, reader, 0, 1) == Errno::Badf);

  const Fd dir = guest.open(Guest::kRoot, "dir");
  const GuestPtr list = guest.iovec(4096, 16);
  CHECK(guest.call(&Preview1::fd_read, dir, list, 1, 64) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_write, dir, list, 1, 64) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_pread, dir, list, 1, 0, 64) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_pwrite, dir, list, 1, 0, 64) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_seek<kPreview1>, dir, 0, 0, 64) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_tell, dir, 64) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_advise, dir, 0, 0, 0) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_allocate, dir, 0, 1) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_filestat_set_size, dir, 0) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_fdstat_set_flags, dir, 0) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_sync, dir) == Errno::Success);
}

TEST_CASE("times are exact, and contradictions change nothing") {
  Guest guest;
  const Fd fd = guest.open(Guest::kRoot, "file", oflags::kCreat, Guest::kReadWrite);
  const auto set = [&](uint64_t atim, uint64_t mtim, uint32_t flags) {
    return guest.call(&Preview1::fd_filestat_set_times, fd, atim, mtim, flags);
  };
  const auto times = [&] {
    size_of(guest, fd);
    return std::pair(guest.get<uint64_t>(128 + 40), guest.get<uint64_t>(128 + 48));
  };
  CHECK(set(123'456'789'012, 987'654'321'098, fstflags::kAtim | fstflags::kMtim) == Errno::Success);
  CHECK(times() == std::pair<uint64_t, uint64_t>(123'456'789'012, 987'654'321'098));
  CHECK(set(5, 0, fstflags::kAtim) == Errno::Success);
  CHECK(times() == std::pair<uint64_t, uint64_t>(5, 987'654'321'098));
  CHECK(set(0, 0, fstflags::kAtim | fstflags::kAtimNow) == Errno::Inval);
  CHECK(set(0, 0, fstflags::kMtim | fstflags::kMtimNow) == Errno::Inval);
  CHECK(set(0, 0, 16) == Errno::Inval);
  CHECK(times() == std::pair<uint64_t, uint64_t>(5, 987'654'321'098));
  CHECK(set(0, 0, fstflags::kMtimNow) == Errno::Success);
  CHECK(times().second > 1'500'000'000'000'000'000);
}

TEST_CASE("dates that do not fit become the nearest") {
  Guest guest;
  write_file(guest.sandbox / "file", "");
  const timespec before[] = {
      {-1'000,           0},
      {    -1, 999'999'999}
  };
  const Fd fd = guest.open(Guest::kRoot, "file");
  REQUIRE(::utimensat(AT_FDCWD, (guest.sandbox / "file").c_str(), before, 0) == 0);
  size_of(guest, fd);
  CHECK(guest.get<uint64_t>(128 + 40) == 0);
  CHECK(guest.get<uint64_t>(128 + 48) == 0);
}

TEST_CASE("the old layout of metadata and seeking") {
  Guest guest;
  write_file(guest.sandbox / "file", "12345");
  const Fd fd = guest.open(Guest::kRoot, "file");
  std::memset(&guest.memory[128], '#', 64);
  REQUIRE(guest.call(&Preview1::fd_filestat_get<kUnstable>, fd, 128) == Errno::Success);
  CHECK(guest.get<Filetype>(128 + 16) == Filetype::RegularFile);
  CHECK(guest.get<uint32_t>(128 + 20) == 1);  // links
  CHECK(guest.get<uint64_t>(128 + 24) == 5);  // size
  CHECK(guest.text(128 + 56, 1) == "#");
  CHECK(guest.call(&Preview1::fd_seek<kUnstable>, fd, 3, 2, 64) == Errno::Success);  // set
  CHECK(guest.call(&Preview1::fd_seek<kUnstable>, fd, 1, 0, 64) == Errno::Success);  // current
  CHECK(guest.get<uint64_t>(64) == 4);
  CHECK(guest.call(&Preview1::fd_seek<kUnstable>, fd, -2, 1, 64) == Errno::Success);  // end
  CHECK(guest.get<uint64_t>(64) == 3);
}

TEST_CASE("standard streams keep their metadata to themselves") {
  TemporaryDirectory directory;
  write_file(directory.path() / "input", "text");
  const int fd = ::open((directory.path() / "input").c_str(), O_RDONLY);
  Guest guest(WasiOptions{
      .stdio = {fd, -1, -1}
  });
  REQUIRE(guest.call(&Preview1::fd_filestat_get<kPreview1>, 0, 128) == Errno::Success);
  CHECK(guest.text(128, 64) == std::string(64, '\0'));
  CHECK(guest.call(&Preview1::fd_seek<kPreview1>, 0, 0, 0, 64) == Errno::Spipe);
  CHECK(guest.call(&Preview1::fd_tell, 0, 64) == Errno::Spipe);
  const GuestPtr list = guest.iovec(4096, 16);
  CHECK(guest.call(&Preview1::fd_pread, 0, list, 1, 0, 64) == Errno::Spipe);
  CHECK(guest.read(0) == "text");
  ::close(fd);
}

TEST_CASE("granted directories are found by number and name") {
  TemporaryDirectory root;
  fs::create_directory(root.path() / "b");
  const std::string host = root.path().string();
  Guest guest(WasiOptions{
      .preopens = {{host, "/data/"}, {host + "/b", "./x//y/."}, {host, ""}}
  });
  const auto name = [&](Fd fd) {
    REQUIRE(guest.call(&Preview1::fd_prestat_get, fd, 128) == Errno::Success);
    CHECK(guest.get<uint32_t>(128) == 0);
    const auto size = guest.get<GuestSize>(132);
    std::memset(&guest.memory[256], '#', 64);
    if (size > 0)
      CHECK(guest.call(&Preview1::fd_prestat_dir_name, fd, 256, size - 1) == Errno::Nametoolong);
    REQUIRE(guest.call(&Preview1::fd_prestat_dir_name, fd, 256, size + 1) == Errno::Success);
    CHECK(guest.text(256 + size, 1) == "#");
    return guest.text(256, size);
  };
  CHECK(name(3) == "/data");
  CHECK(name(4) == "x/y");
  CHECK(name(5) == ".");
  CHECK(guest.call(&Preview1::fd_prestat_get, 6, 128) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_prestat_get, 0, 128) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_close, 4) == Errno::Success);
  CHECK(guest.call(&Preview1::fd_prestat_get, 4, 128) == Errno::Badf);
  CHECK(guest.call(&Preview1::fd_prestat_get, 5, 128) == Errno::Success);
}

TEST_CASE("sockets: what is none, says so") {
  Guest guest;
  write_file(guest.sandbox / "file", "text");
  const Fd fd = guest.open(Guest::kRoot, "file");
  const GuestPtr list = guest.iovec(4096, 16);
  for (Fd none : {fd, Guest::kRoot}) {
    CHECK(guest.call(&Preview1::sock_accept, none, 0, 64) == Errno::Notsock);
    CHECK(guest.call(&Preview1::sock_recv, none, list, 1, 0, 64, 72) == Errno::Notsock);
    CHECK(guest.call(&Preview1::sock_send, none, list, 1, 0, 64) == Errno::Notsock);
    CHECK(guest.call(&Preview1::sock_shutdown, none, 3) == Errno::Notsock);
  }
  CHECK(guest.call(&Preview1::sock_accept, 99, 0, 64) == Errno::Badf);
  CHECK(guest.call(&Preview1::sock_shutdown, 99, 3) == Errno::Badf);
}

}  // namespace wrun::wasi::test
