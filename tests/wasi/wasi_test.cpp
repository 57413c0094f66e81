// Linking, configuration, and the calls that need no descriptor.
#include <set>

#include "guest.hpp"

namespace wrun::wasi::test {
namespace {

std::string error_of(WasiOptions options) {
  const auto result = Wasi::create(std::move(options));
  return result ? "" : result.error().message;
}

}  // namespace

TEST_CASE("errors have the numbers of preview 1") {
  CHECK(from_host(0) == Errno::Success);
  CHECK(static_cast<int>(from_host(EPERM)) == 63);
  CHECK(static_cast<int>(from_host(EACCES)) == 2);
  CHECK(static_cast<int>(from_host(ENOENT)) == 44);
  CHECK(static_cast<int>(from_host(EEXIST)) == 20);
  CHECK(static_cast<int>(from_host(ENOTDIR)) == 54);
  CHECK(static_cast<int>(from_host(EISDIR)) == 31);
  CHECK(static_cast<int>(from_host(ENOTEMPTY)) == 55);
  CHECK(static_cast<int>(from_host(EINVAL)) == 28);
  CHECK(static_cast<int>(from_host(EBADF)) == 8);
  CHECK(static_cast<int>(from_host(ELOOP)) == 32);
  CHECK(static_cast<int>(from_host(ENAMETOOLONG)) == 37);
  CHECK(static_cast<int>(from_host(EILSEQ)) == 25);
  CHECK(static_cast<int>(from_host(ENOTSUP)) == 58);
  CHECK(static_cast<int>(from_host(EOPNOTSUPP)) == 58);
  CHECK(static_cast<int>(from_host(ESPIPE)) == 70);
  CHECK(static_cast<int>(from_host(EXDEV)) == 75);
  CHECK(static_cast<int>(from_host(ENOTSOCK)) == 57);
  CHECK(static_cast<int>(from_host(EPIPE)) == 64);
  CHECK(static_cast<int>(from_host(EAGAIN)) == 6);
  CHECK(static_cast<int>(from_host(EWOULDBLOCK)) == 6);
  CHECK(static_cast<int>(from_host(ENOSPC)) == 51);
  CHECK(static_cast<int>(from_host(EROFS)) == 69);
  CHECK(static_cast<int>(from_host(EOVERFLOW)) == 61);
  CHECK(from_host(99'999) == Errno::Io);
  CHECK(errno_name(Errno::TooBig) == "E2BIG");
  CHECK(errno_name(Errno::Notcapable) == "ENOTCAPABLE");
}

TEST_CASE("imports are found by name, with their types") {
  auto wasi = Wasi::create({});
  REQUIRE(wasi);
  runtime::HostFunction found;
  const auto type = [&](std::string_view module, std::string_view name) {
    return (*wasi)->find(module, name, found) ? to_string(found.type) : "none";
  };
  constexpr std::string_view kNew = "wasi_snapshot_preview1";
  constexpr std::string_view kOld = "wasi_unstable";
  CHECK(type(kNew, "fd_write") == "[i32 i32 i32 i32] -> [i32]");
  CHECK(found.environment == wasi->get());
  CHECK(type(kNew, "fd_seek") == "[i32 i64 i32 i32] -> [i32]");
  CHECK(type(kNew, "path_open") == "[i32 i32 i32 i32 i32 i64 i64 i32 i32] -> [i32]");
  CHECK(type(kNew, "proc_exit") == "[i32] -> []");
  CHECK(type(kNew, "sched_yield") == "[] -> [i32]");
  CHECK(type(kNew, "sock_accept") == "[i32 i32 i32] -> [i32]");
  CHECK(type(kOld, "sock_accept") == "none");
  CHECK(type(kOld, "fd_write") == "[i32 i32 i32 i32] -> [i32]");
  const auto unstable_write = found.callback;
  type(kNew, "fd_write");
  CHECK(found.callback == unstable_write);
  type(kOld, "fd_seek");
  const auto unstable_seek = found.callback;
  type(kNew, "fd_seek");
  CHECK(found.callback != unstable_seek);
  CHECK(type(kNew, "fd_writ") == "none");
  CHECK(type(kNew, "") == "none");
  CHECK(type("env", "fd_write") == "none");
}

TEST_CASE("arguments and environment") {
  Guest guest(WasiOptions{
      .arguments = {"prog.wasm", "", "with \"quotes\""},
        .environment = {"A=1", "B=two\nlines=x"}
  });
  REQUIRE(guest.call(&Preview1::args_sizes_get, 64, 68) == Errno::Success);
  CHECK(guest.get<uint32_t>(64) == 3);
  CHECK(guest.get<uint32_t>(68) == 25);
  REQUIRE(guest.call(&Preview1::args_get, 128, 256) == Errno::Success);
  CHECK(guest.get<uint32_t>(128) == 256);
  CHECK(guest.get<uint32_t>(132) == 266);
  CHECK(guest.get<uint32_t>(136) == 267);
  using namespace std::string_literals;
  CHECK(guest.text(256, 25) == "prog.wasm\0\0with \"quotes\"\0"s);
  REQUIRE(guest.call(&Preview1::environ_sizes_get, 64, 68) == Errno::Success);
  CHECK(guest.get<uint32_t>(64) == 2);
  REQUIRE(guest.call(&Preview1::environ_get, 128, 256) == Errno::Success);
  CHECK(guest.text(256, 16) == "A=1\0B=two\nlines="s);
  guest.call(&Preview1::args_get, 128, guest.memory.size() - 24);
  CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
  guest.call(&Preview1::args_get, guest.memory.size() - 8, 128);
  CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
}

TEST_CASE("random bytes") {
  Guest guest;
  CHECK(guest.call(&Preview1::random_get, 0, 0) == Errno::Success);
  REQUIRE(guest.call(&Preview1::random_get, 0, guest.memory.size()) == Errno::Success);
  std::set<std::byte> tail(guest.memory.end() - 4096, guest.memory.end());
  CHECK(tail.size() > 100);
  guest.call(&Preview1::random_get, 1, guest.memory.size());
  CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
}

TEST_CASE("the process") {
  Guest guest;
  Preview1 calls(*guest.wasi, guest.store, GuestMemory({guest.memory.data(), guest.memory.size()}));
  CHECK(calls.sched_yield() == Errno::Success);
  CHECK(calls.proc_raise(6) == Errno::Notsup);
  CHECK(calls.trap() == TrapCode::None);
  calls.proc_exit(200);
  CHECK(calls.trap() == TrapCode::Exit);
  CHECK(guest.store.last_trap().exit_status == 200);
}

TEST_CASE("a module without a memory is told so") {
  Guest guest;
  Preview1 calls(*guest.wasi, guest.store, GuestMemory({}));
  calls.args_sizes_get(0, 4);
  CHECK(calls.trap() == TrapCode::HostError);
}

TEST_CASE("options that cannot be granted") {
  TemporaryDirectory directory;
  const std::string host = directory.path().string();
  CHECK(error_of({.preopens = {{host + "/absent", "/x"}}}).contains(host + "/absent"));
  CHECK(error_of({.preopens = {{host + "/absent", "/x"}}}).contains("No such file"));
  write_file(directory.path() / "file", "");
  CHECK(error_of({.preopens = {{host + "/file", "/x"}}}).contains("as a directory or an archive"));
  CHECK(error_of({
                     .preopens = {{host, "/x"}, {host, "//x/"}}
  })
            .contains("'/x'"));
  CHECK(error_of({.preopens = {{host, "/x/../y"}}}).contains(".."));
  CHECK(error_of({.environment = {"novalue"}}).contains("novalue"));
  CHECK(error_of({.arguments = {std::string("a\0b", 3)}}).contains("NUL"));
  CHECK(error_of({.max_descriptors = 2}).contains("limit"));
  CHECK(error_of({
                     .preopens = {{host, "/x"}, {host, "x"}, {host, "/x/y"}}
  })
            .empty());
}

TEST_CASE("what a guest looked for in vain is remembered, the gravest last") {
  Guest guest;
  CHECK(!guest.wasi->last_refused());
  guest.try_open(Guest::kRoot, "absent");
  REQUIRE(guest.wasi->last_refused());
  CHECK(guest.wasi->last_refused()->reason == RefusedPath::Reason::NotFound);
  CHECK(guest.wasi->last_refused()->path == "absent");
  guest.try_open(Guest::kRoot, "../x");
  guest.try_open(Guest::kRoot, "absent");
  CHECK(guest.wasi->last_refused()->reason == RefusedPath::Reason::OutsideOf);
  CHECK(guest.wasi->last_refused()->path == "../x");
}

}  // namespace wrun::wasi::test
