// What paths reach, and above all what they do not, with both ways of resolving them.
#include <dirent.h>
#include <sys/xattr.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <thread>

#include "guest.hpp"

namespace wrun::wasi::test {
namespace {

PathResolution any_mode() { return GENERATE(PathResolution::Automatic, PathResolution::Walk); }

}  // namespace

TEST_CASE("a path leads to files beneath its directory") {
  Guest guest(any_mode());
  fs::create_directories(guest.sandbox / "dir/nested");
  write_file(guest.sandbox / "dir/nested/file", "text");
  for (std::string_view path : {"dir/nested/file", "dir//nested/./file",
                                "./dir/.//nested/../../dir/nested/../nested///./file"}) {
    INFO(path);
    CHECK(guest.read(guest.open(Guest::kRoot, path)) == "text");
  }
  CHECK(guest.try_open(Guest::kRoot, "dir/nested/") == Errno::Success);
  CHECK(guest.try_open(Guest::kRoot, "dir/nested///") == Errno::Success);
  CHECK(guest.try_open(Guest::kRoot, "dir/..") == Errno::Success);
  CHECK(guest.try_open(Guest::kRoot, ".") == Errno::Success);
  CHECK(guest.try_open(Guest::kRoot, "dir/nested/file/") == Errno::Notdir);
  CHECK(guest.try_open(Guest::kRoot, "dir/nested/file///") == Errno::Notdir);
  CHECK(guest.try_open(Guest::kRoot, "dir/nested/file/x") == Errno::Notdir);
  CHECK(guest.try_open(Guest::kRoot, "absent/..") == Errno::Noent);
}

TEST_CASE("no path leads out of its directory") {
  Guest guest(any_mode());
  fs::create_directories(guest.sandbox / "dir/nested");
  write_file(guest.outside.path() / "secret", "secret");
  const std::string absolute = (guest.outside.path() / "secret").string();
  for (std::string_view path :
       {std::string_view(".."), std::string_view("../secret"), std::string_view("./../secret"),
        std::string_view("dir/../../secret"), std::string_view("dir/nested/../../../secret"),
        std::string_view("../sandbox/dir"), std::string_view("/"), std::string_view("//dir"),
        std::string_view(absolute), std::string_view("/proc/self/root")}) {
    INFO(path);
    for (uint32_t lookup : {0u, lookupflags::kSymlinkFollow}) {
      CHECK(guest.try_open(Guest::kRoot, path, 0, rights::kFdRead, 0, lookup) == Errno::Perm);
      CHECK(guest.call(&Preview1::path_filestat_get<kPreview1>, Guest::kRoot, lookup,
                       guest.put(path), path.size(), 128) == Errno::Perm);
    }
    CHECK(guest.try_open(Guest::kRoot, path, oflags::kCreat, Guest::kReadWrite) == Errno::Perm);
    CHECK(guest.with_path(&Preview1::path_create_directory, Guest::kRoot, path) == Errno::Perm);
    CHECK(guest.with_path(&Preview1::path_unlink_file, Guest::kRoot, path) == Errno::Perm);
    CHECK(guest.with_path(&Preview1::path_remove_directory, Guest::kRoot, path) == Errno::Perm);
    const GuestPtr dir = guest.put("dir");
    CHECK(guest.call(&Preview1::path_rename, Guest::kRoot, dir, 3, Guest::kRoot, guest.put(path),
                     path.size()) == Errno::Perm);
    CHECK(guest.call(&Preview1::path_rename, Guest::kRoot, guest.put(path), path.size(),
                     Guest::kRoot, dir, 3) == Errno::Perm);
    CHECK(guest.call(&Preview1::path_link, Guest::kRoot, 0, guest.put(path), path.size(),
                     Guest::kRoot, guest.put("link"), 4) == Errno::Perm);
    CHECK(guest.call(&Preview1::path_symlink, dir, 3, Guest::kRoot, guest.put(path), path.size()) ==
          Errno::Perm);
    CHECK(guest.with_path(&Preview1::path_readlink, Guest::kRoot, path, 128, 16, 64) ==
          Errno::Perm);
    REQUIRE(guest.wasi->last_refused());
    CHECK(guest.wasi->last_refused()->reason == RefusedPath::Reason::OutsideOf);
    CHECK(guest.wasi->last_refused()->directory == "/");
  }
  CHECK(read_file(guest.outside.path() / "secret") == "secret");
}

TEST_CASE("a directory that was opened is the root of paths relative to it") {
  Guest guest(any_mode());
  fs::create_directories(guest.sandbox / "dir/nested");
  write_file(guest.sandbox / "file", "text");
  const Fd dir = guest.open(Guest::kRoot, "dir");
  CHECK(guest.try_open(dir, "nested") == Errno::Success);
  CHECK(guest.try_open(dir, "../file") == Errno::Perm);
  CHECK(guest.try_open(dir, "nested/../../file") == Errno::Perm);
}

TEST_CASE("symbolic links are followed inside and refused outside") {
  Guest guest(any_mode());
  fs::create_directories(guest.sandbox / "dir");
  write_file(guest.sandbox / "dir/file", "text");
  write_file(guest.outside.path() / "secret", "secret");
  const auto link = [&](const char* name, const fs::path& target) {
    fs::create_symlink(target, guest.sandbox / name);
  };
  link("inside", "dir/file");
  link("dir/up", "../dir/file");
  link("to-dir", "dir");
  link("to-dir-slash", "dir/");
  link("chain", "inside");
  link("out", "../secret");
  link("out-dir", "..");
  link("absolute", guest.outside.path() / "secret");
  link("magic", "/proc/self/root");
  link("dangling", "nothing");

  for (std::string_view path : {"inside", "dir/up", "chain", "to-dir/file", "to-dir-slash/up"}) {
    INFO(path);
    CHECK(guest.try_follow(path) == Errno::Success);
    CHECK(guest.read(guest.opened) == "text");
  }
  for (std::string_view path : {"out", "absolute", "magic", "magic/etc/passwd", "out-dir/secret",
                                "out-dir", "to-dir/../out"}) {
    INFO(path);
    CHECK(guest.try_follow(path) == Errno::Perm);
    CHECK(guest.try_follow(path, oflags::kCreat | oflags::kTrunc, Guest::kReadWrite) ==
          Errno::Perm);
  }
  // Links on the way are followed in any case, the last component only on request...
  CHECK(guest.try_open(Guest::kRoot, "to-dir/file") == Errno::Success);
  CHECK(guest.try_open(Guest::kRoot, "out-dir/secret") == Errno::Perm);
  CHECK(guest.try_open(Guest::kRoot, "inside") == Errno::Loop);
  CHECK(guest.try_open(Guest::kRoot, "dangling") == Errno::Loop);
  CHECK(guest.try_open(Guest::kRoot, "out") == Errno::Loop);
  CHECK(guest.try_open(Guest::kRoot, "inside", oflags::kCreat) == Errno::Loop);
  CHECK(guest.try_open(Guest::kRoot, "inside", oflags::kCreat | oflags::kExcl) == Errno::Exist);
  CHECK(guest.try_follow("inside", oflags::kCreat | oflags::kExcl) == Errno::Exist);
  CHECK(guest.try_open(Guest::kRoot, "to-dir", oflags::kDirectory) == Errno::Notdir);
  CHECK(guest.try_follow("to-dir", oflags::kDirectory) == Errno::Success);
  CHECK(guest.try_follow("inside", oflags::kDirectory) == Errno::Notdir);
  // ... or with a slash after it, still not to the outside.
  CHECK(guest.try_open(Guest::kRoot, "to-dir/") == Errno::Success);
  CHECK(guest.try_open(Guest::kRoot, "inside/") == Errno::Notdir);
  CHECK(guest.try_open(Guest::kRoot, "out-dir/") == Errno::Perm);
  CHECK(guest.try_open(Guest::kRoot, "magic/") == Errno::Perm);
  CHECK(guest.try_follow("dangling") == Errno::Noent);
  CHECK(guest.try_follow("dangling", oflags::kCreat, Guest::kReadWrite) == Errno::Success);
  CHECK(fs::exists(guest.sandbox / "nothing"));
  CHECK(read_file(guest.outside.path() / "secret") == "secret");
}

TEST_CASE("loops of symbolic links end") {
  Guest guest(any_mode());
  fs::create_symlink("loop", guest.sandbox / "loop");
  fs::create_symlink("b/x", guest.sandbox / "a");
  fs::create_symlink("a/x", guest.sandbox / "b");
  CHECK(guest.try_follow("loop") == Errno::Loop);
  CHECK(guest.try_follow("a") == Errno::Loop);
  CHECK(guest.try_open(Guest::kRoot, "loop/file") == Errno::Loop);
  CHECK(guest.with_path(&Preview1::path_create_directory, Guest::kRoot, "loop/dir") == Errno::Loop);
  CHECK(guest.call(&Preview1::path_filestat_set_times, Guest::kRoot, lookupflags::kSymlinkFollow,
                   guest.put("loop"), 4, 0, 0, fstflags::kAtim) == Errno::Loop);
  // Up to the limit they are fine.
  write_file(guest.sandbox / "file", "text");
  for (int i = 0; i < 60; ++i)
    fs::create_symlink(i == 0 ? "file" : "link" + std::to_string(i - 1),
                       guest.sandbox / ("link" + std::to_string(i)));
  CHECK(guest.try_follow("link39") == Errno::Success);
  CHECK(guest.try_follow("link45") == Errno::Loop);
}

TEST_CASE("what no path can be") {
  Guest guest(any_mode());
  write_file(guest.sandbox / "file", "text");
  using namespace std::string_view_literals;
  CHECK(guest.try_open(Guest::kRoot, "") == Errno::Noent);
  CHECK(guest.try_open(Guest::kRoot, "file\0"sv) == Errno::Inval);
  CHECK(guest.try_open(Guest::kRoot, "fi\0le"sv) == Errno::Inval);
  CHECK(guest.try_open(Guest::kRoot, "\xff\xfe") == Errno::Ilseq);
  CHECK(guest.try_open(Guest::kRoot, "\xc0\xaf") == Errno::Ilseq);
  CHECK(guest.try_open(Guest::kRoot, std::string(65536, 'x')) == Errno::Nametoolong);
  CHECK(guest.try_open(Guest::kRoot, std::string(4096, 'x')) == Errno::Nametoolong);
  CHECK(guest.try_open(Guest::kRoot, std::string(300, 'x')) == Errno::Nametoolong);
  CHECK(guest.with_path(&Preview1::path_create_directory, Guest::kRoot, std::string(300, 'x')) ==
        Errno::Nametoolong);
  std::string deep;
  while (deep.size() + 2 < 4096) deep += "./";
  CHECK(guest.try_open(Guest::kRoot, deep) == Errno::Success);
  // Relative to what is no directory.
  CHECK(guest.try_open(99, "file") == Errno::Badf);
  CHECK(guest.try_open(1, "file") == Errno::Notdir);
  CHECK(guest.try_open(guest.open(Guest::kRoot, "file"), "file") == Errno::Notdir);
  // A path that is not in memory.
  CHECK(guest.call(&Preview1::path_unlink_file, Guest::kRoot, 0xffff'fff0, 0x20) == Errno::Fault);
  CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
}

TEST_CASE("slashes after a name mean that it is a directory") {
  Guest guest(any_mode());
  const auto create = [&](std::string_view path) {
    return guest.with_path(&Preview1::path_create_directory, Guest::kRoot, path);
  };
  const auto remove = [&](std::string_view path) {
    return guest.with_path(&Preview1::path_remove_directory, Guest::kRoot, path);
  };
  const auto unlink = [&](std::string_view path) {
    return guest.with_path(&Preview1::path_unlink_file, Guest::kRoot, path);
  };
  const auto rename = [&](std::string_view from, std::string_view to) {
    return guest.call(&Preview1::path_rename, Guest::kRoot, guest.put(from), from.size(),
                      Guest::kRoot, guest.put(to), to.size());
  };
  const auto symlink = [&](std::string_view target, std::string_view name) {
    return guest.call(&Preview1::path_symlink, guest.put(target), target.size(), Guest::kRoot,
                      guest.put(name), name.size());
  };
  const auto hard_link = [&](std::string_view from, std::string_view to) {
    return guest.call(&Preview1::path_link, Guest::kRoot, 0, guest.put(from), from.size(),
                      Guest::kRoot, guest.put(to), to.size());
  };
  write_file(guest.sandbox / "file", "text");
  write_file(guest.outside.path() / "secret", "secret");

  CHECK(create("dir/") == Errno::Success);
  CHECK(create("dir//") == Errno::Exist);
  CHECK(unlink("dir") == Errno::Isdir);
  CHECK(unlink("dir/") == Errno::Isdir);
  CHECK(unlink("file/") == Errno::Notdir);
  CHECK(remove("file") == Errno::Notdir);
  CHECK(remove("file/") == Errno::Notdir);
  CHECK(rename("dir/", "moved") == Errno::Success);
  CHECK(rename("moved", "dir///") == Errno::Success);
  CHECK(rename("dir/", "moved/") == Errno::Success);
  CHECK(rename("file/", "x") == Errno::Notdir);
  CHECK(rename("file", "x/") == Errno::Notdir);
  CHECK(remove("moved/") == Errno::Success);
  CHECK(guest.try_open(Guest::kRoot, "new/", oflags::kCreat, Guest::kReadWrite) == Errno::Isdir);

  CHECK(symlink("file", "link/") == Errno::Noent);
  CHECK(create("dir") == Errno::Success);
  CHECK(symlink("file", "dir/") == Errno::Exist);
  CHECK(symlink("file", "dir") == Errno::Exist);
  CHECK(symlink("file", "file/") == Errno::Notdir);
  CHECK(symlink("file", "file") == Errno::Exist);
  CHECK(symlink("/etc/passwd", "link") == Errno::Perm);
  CHECK(hard_link("file", "link/") == Errno::Noent);
  CHECK(hard_link("file/", "link") == Errno::Notdir);
  CHECK(hard_link("dir", "link") == Errno::Perm);

  // Through a link, a slash must not make a call act on what it points to outside.
  fs::create_directory(guest.outside.path() / "victim");
  fs::create_symlink("../victim", guest.sandbox / "escape");
  CHECK(remove("escape/") == Errno::Notdir);
  CHECK(unlink("escape/") == Errno::Notdir);
  CHECK(rename("escape/", "stolen") == Errno::Notdir);
  CHECK(rename("dir", "escape/") == Errno::Notdir);
  CHECK(create("escape/") == Errno::Exist);
  CHECK(create("escape/new") == Errno::Perm);
  CHECK(hard_link("escape/", "link") == Errno::Perm);
  CHECK(guest.call(&Preview1::path_filestat_set_times, Guest::kRoot, 0, guest.put("escape/"), 7, 0,
                   0, fstflags::kMtim) == Errno::Perm);
  CHECK(fs::exists(guest.outside.path() / "victim"));
  CHECK(unlink("escape") == Errno::Success);
}

TEST_CASE("dots as the last component") {
  Guest guest(any_mode());
  fs::create_directories(guest.sandbox / "dir/sub");
  for (std::string_view path : {".", "dir/.", "dir/sub/.."}) {
    INFO(path);
    CHECK(guest.with_path(&Preview1::path_create_directory, Guest::kRoot, path) == Errno::Exist);
    CHECK(guest.with_path(&Preview1::path_remove_directory, Guest::kRoot, path) == Errno::Inval);
    CHECK(guest.with_path(&Preview1::path_unlink_file, Guest::kRoot, path) == Errno::Isdir);
    CHECK(guest.call(&Preview1::path_rename, Guest::kRoot, guest.put(path), path.size(),
                     Guest::kRoot, guest.put("x"), 1) == Errno::Busy);
    CHECK(guest.call(&Preview1::path_filestat_get<kPreview1>, Guest::kRoot, 0, guest.put(path),
                     path.size(), 128) == Errno::Success);
    CHECK(guest.get<Filetype>(128 + 16) == Filetype::Directory);
  }
}

TEST_CASE("metadata of links and of what they point to") {
  Guest guest(any_mode());
  write_file(guest.sandbox / "file", "12345");
  fs::create_symlink("file", guest.sandbox / "link");
  const auto stat = [&](std::string_view path, uint32_t flags) {
    return guest.call(&Preview1::path_filestat_get<kPreview1>, Guest::kRoot, flags, guest.put(path),
                      path.size(), 128);
  };
  REQUIRE(stat("link", 0) == Errno::Success);
  CHECK(guest.get<Filetype>(128 + 16) == Filetype::SymbolicLink);
  CHECK(guest.get<uint64_t>(128 + 32) == 4);
  REQUIRE(stat("link", lookupflags::kSymlinkFollow) == Errno::Success);
  CHECK(guest.get<Filetype>(128 + 16) == Filetype::RegularFile);
  CHECK(guest.get<uint64_t>(128 + 32) == 5);
  CHECK(stat("link", 2) == Errno::Inval);
  CHECK(stat("absent", 0) == Errno::Noent);

  const auto set_mtime = [&](std::string_view path, uint32_t flags, uint64_t time) {
    return guest.call(&Preview1::path_filestat_set_times, Guest::kRoot, flags, guest.put(path),
                      path.size(), 0, time, fstflags::kMtim);
  };
  CHECK(set_mtime("link", 0, 1'000'000'001) == Errno::Success);
  CHECK(set_mtime("link", lookupflags::kSymlinkFollow, 2'000'000'002) == Errno::Success);
  REQUIRE(stat("link", 0) == Errno::Success);
  CHECK(guest.get<uint64_t>(128 + 48) == 1'000'000'001);
  REQUIRE(stat("file", 0) == Errno::Success);
  CHECK(guest.get<uint64_t>(128 + 48) == 2'000'000'002);
}

TEST_CASE("readlink gives what fits and touches nothing else") {
  Guest guest(any_mode());
  fs::create_symlink("a/relative/target", guest.sandbox / "link");
  write_file(guest.sandbox / "file", "");
  const auto readlink = [&](std::string_view path, GuestSize size) {
    std::memset(&guest.memory[128], '#', 64);
    return guest.with_path(&Preview1::path_readlink, Guest::kRoot, path, 128, size, Guest::kResult);
  };
  REQUIRE(readlink("link", 32) == Errno::Success);
  CHECK(guest.get<GuestSize>(Guest::kResult) == 17);
  CHECK(guest.text(128, 18) == "a/relative/target#");
  REQUIRE(readlink("link", 4) == Errno::Success);
  CHECK(guest.get<GuestSize>(Guest::kResult) == 4);
  CHECK(guest.text(128, 5) == "a/re#");
  REQUIRE(readlink("link", 0) == Errno::Success);
  CHECK(guest.get<GuestSize>(Guest::kResult) == 0);
  CHECK(readlink("file", 32) == Errno::Inval);
  CHECK(readlink("file", 0) == Errno::Inval);
  CHECK(readlink("absent", 32) == Errno::Noent);
}

TEST_CASE("nothing changes in a read-only directory") {
  Guest guest(any_mode(), true);
  fs::create_directory(guest.sandbox / "dir");
  write_file(guest.sandbox / "file", "text");
  fs::create_symlink("file", guest.sandbox / "link");
  CHECK(guest.read(guest.open(Guest::kRoot, "file")) == "text");

  CHECK(guest.try_open(Guest::kRoot, "file", 0, rights::kFdWrite) == Errno::Perm);
  CHECK(guest.try_open(Guest::kRoot, "file", oflags::kTrunc, rights::kFdRead) == Errno::Perm);
  CHECK(guest.try_open(Guest::kRoot, "file", oflags::kTrunc, 0) == Errno::Perm);
  CHECK(guest.try_open(Guest::kRoot, "new", oflags::kCreat, 0) == Errno::Perm);
  const Fd dir = guest.open(Guest::kRoot, "dir");
  CHECK(guest.try_open(dir, "new", oflags::kCreat, 0) == Errno::Perm);  // inherited
  CHECK(guest.with_path(&Preview1::path_create_directory, Guest::kRoot, "new") == Errno::Perm);
  CHECK(guest.with_path(&Preview1::path_remove_directory, Guest::kRoot, "dir") == Errno::Perm);
  CHECK(guest.with_path(&Preview1::path_unlink_file, Guest::kRoot, "file") == Errno::Perm);
  CHECK(guest.call(&Preview1::path_symlink, guest.put("file"), 4, Guest::kRoot, guest.put("new"),
                   3) == Errno::Perm);
  CHECK(guest.call(&Preview1::path_link, Guest::kRoot, 0, guest.put("file"), 4, Guest::kRoot,
                   guest.put("new"), 3) == Errno::Perm);
  CHECK(guest.call(&Preview1::path_rename, Guest::kRoot, guest.put("file"), 4, Guest::kRoot,
                   guest.put("new"), 3) == Errno::Perm);
  CHECK(guest.call(&Preview1::path_filestat_set_times, Guest::kRoot, 0, guest.put("file"), 4, 0, 0,
                   fstflags::kAtim) == Errno::Perm);
  const Fd file = guest.open(Guest::kRoot, "file");
  CHECK(guest.call(&Preview1::fd_filestat_set_times, file, 0, 0, fstflags::kAtim) == Errno::Perm);
  CHECK(guest.call(&Preview1::fd_filestat_set_size, file, 0) == Errno::Perm);
  CHECK(guest.write(file, "x") == Errno::Badf);
  REQUIRE(guest.wasi->last_refused());
  CHECK(guest.wasi->last_refused()->reason == RefusedPath::Reason::ReadOnly);
  CHECK(read_file(guest.sandbox / "file") == "text");
}

TEST_CASE("no hard link and no rename between a read-only and a writable directory") {
  TemporaryDirectory root;
  fs::create_directory(root.path() / "ro");
  fs::create_directory(root.path() / "rw");
  write_file(root.path() / "ro/file", "text");
  write_file(root.path() / "rw/file", "text");
  Guest guest(WasiOptions{
      .preopens = {{root.path() / "ro", "/ro", true}, {root.path() / "rw", "/rw", false}}
  });
  const GuestPtr file = guest.put("file");
  const GuestPtr name = guest.put("new");
  CHECK(guest.call(&Preview1::path_link, 3, 0, file, 4, 4, name, 3) == Errno::Perm);
  CHECK(guest.call(&Preview1::path_link, 4, 0, file, 4, 3, name, 3) == Errno::Perm);
  CHECK(guest.call(&Preview1::path_rename, 3, file, 4, 4, name, 3) == Errno::Perm);
  CHECK(guest.call(&Preview1::path_rename, 4, file, 4, 3, name, 3) == Errno::Perm);
}

TEST_CASE("link and rename over what exists") {
  Guest guest(any_mode());
  fs::create_directories(guest.sandbox / "full/sub");
  fs::create_directories(guest.sandbox / "empty");
  fs::create_directories(guest.sandbox / "dir");
  write_file(guest.sandbox / "file", "text");
  write_file(guest.sandbox / "other", "other");
  fs::create_symlink("loop", guest.sandbox / "loop");
  const auto rename = [&](std::string_view from, std::string_view to) {
    return guest.call(&Preview1::path_rename, Guest::kRoot, guest.put(from), from.size(),
                      Guest::kRoot, guest.put(to), to.size());
  };
  const auto hard_link = [&](std::string_view from, std::string_view to, uint32_t flags = 0) {
    return guest.call(&Preview1::path_link, Guest::kRoot, flags, guest.put(from), from.size(),
                      Guest::kRoot, guest.put(to), to.size());
  };
  CHECK(rename("dir", "full") == Errno::Notempty);
  CHECK(rename("dir", "file") == Errno::Notdir);
  CHECK(rename("file", "dir") == Errno::Isdir);
  CHECK(rename("dir", "empty") == Errno::Success);
  CHECK(rename("file", "other") == Errno::Success);
  CHECK(read_file(guest.sandbox / "other") == "text");
  CHECK(rename("absent", "x") == Errno::Noent);

  CHECK(hard_link("other", "other") == Errno::Exist);
  CHECK(hard_link("other", "empty") == Errno::Exist);
  CHECK(hard_link("other", "hard") == Errno::Success);
  CHECK(hard_link("loop", "loop2") == Errno::Success);
  CHECK(fs::is_symlink(guest.sandbox / "loop2"));
  CHECK(hard_link("loop", "loop3", lookupflags::kSymlinkFollow) == Errno::Inval);
}

TEST_CASE("a descriptor's directory may be moved while paths are resolved beneath it") {
  Guest guest(any_mode());
  fs::create_directories(guest.sandbox / "dir/sub");
  write_file(guest.sandbox / "dir/file", "text");
  const Fd dir = guest.open(Guest::kRoot, "dir");
  fs::rename(guest.sandbox / "dir", guest.outside.path() / "moved");
  CHECK(guest.try_open(dir, "sub/../file") == Errno::Success);
  CHECK(guest.try_open(dir, "sub/../../sandbox") == Errno::Perm);
}

TEST_CASE("a link that comes and goes is never followed out") {
  Guest guest(any_mode());
  fs::create_directories(guest.outside.path() / "secret-dir");
  write_file(guest.outside.path() / "secret-dir/file", "secret");
  fs::create_directories(guest.sandbox / "dir");
  write_file(guest.sandbox / "dir/file", "public");
  fs::create_symlink("../secret-dir", guest.sandbox / "dir-link");
  write_file(guest.sandbox / "file", "public");
  fs::create_symlink("../secret-dir/file", guest.sandbox / "link");

  std::jthread swapper([&](std::stop_token stop) {
    const UniqueFd dir(::open(guest.sandbox.c_str(), O_PATH | O_DIRECTORY));
    while (!stop.stop_requested()) {
      ::renameat2(dir.get(), "dir", dir.get(), "dir-link", RENAME_EXCHANGE);
      ::renameat2(dir.get(), "file", dir.get(), "link", RENAME_EXCHANGE);
    }
  });
  const std::string_view paths[] = {"dir/file", "dir-link/../dir-link/file", "file", "link"};
  int opened = 0;
  for (int i = 0; i < 40'000; ++i) {
    const uint32_t lookup = i % 8 < 4 ? lookupflags::kSymlinkFollow : 0;
    if (guest.try_open(Guest::kRoot, paths[i % 4], 0, rights::kFdRead, 0, lookup) != Errno::Success)
      continue;
    ++opened;
    if (guest.read(guest.opened) != "public") FAIL("read a file outside of the sandbox");
    guest.call(&Preview1::fd_close, guest.opened);
  }
  CHECK(opened > 0);
}

TEST_CASE("nothing outside changes while directories and links are swapped") {
  Guest guest(any_mode());
  fs::create_directories(guest.outside.path() / "victim/sub");
  write_file(guest.outside.path() / "victim/file", "untouched");
  const auto long_ago = fs::last_write_time(guest.outside.path()) - std::chrono::hours(9);
  fs::last_write_time(guest.outside.path() / "victim/file", long_ago);
  const auto contents = [&] {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(guest.outside.path() / "victim"))
      names.push_back(entry.path().string() + std::to_string(entry.hard_link_count()));
    std::ranges::sort(names);
    return names;
  };
  const auto before = contents();
  fs::create_directories(guest.sandbox / "dir/sub");
  fs::create_directories(guest.sandbox / "aside");
  fs::create_symlink("../victim", guest.sandbox / "link");

  std::jthread swapper([&](std::stop_token stop) {
    const UniqueFd dir(::open(guest.sandbox.c_str(), O_PATH | O_DIRECTORY));
    while (!stop.stop_requested()) {
      ::renameat2(dir.get(), "dir", dir.get(), "link", RENAME_EXCHANGE);
      // So that `..` may lead elsewhere than the way there came from.
      ::renameat(dir.get(), "dir/sub", dir.get(), "aside/sub");
      ::renameat(dir.get(), "aside/sub", dir.get(), "dir/sub");
    }
  });
  const auto two = [&](auto member, std::string_view from, std::string_view to) {
    guest.call(member, Guest::kRoot, guest.put(from), from.size(), Guest::kRoot, guest.put(to),
               to.size());
  };
  for (int i = 0; i < 300; ++i) {
    for (const std::string dir :
         {"dir", "link", "dir/sub/..", "link/sub/..", "dir/sub/../../link"}) {
      if (guest.try_open(Guest::kRoot, dir + "/file", oflags::kCreat | oflags::kTrunc,
                         Guest::kReadWrite) == Errno::Success) {
        guest.write(guest.opened, "written");
        guest.call(&Preview1::fd_close, guest.opened);
      }
      guest.with_path(&Preview1::path_create_directory, Guest::kRoot, dir + "/new");
      two(&Preview1::path_rename, dir + "/file", dir + "/moved");
      guest.call(&Preview1::path_link, Guest::kRoot, 0, guest.put(dir + "/moved"), dir.size() + 6,
                 Guest::kRoot, guest.put("hard"), 4);
      guest.call(&Preview1::path_symlink, guest.put("x"), 1, Guest::kRoot,
                 guest.put(dir + "/symbolic"), dir.size() + 9);
      const std::string file = dir + "/file";
      guest.call(&Preview1::path_filestat_set_times, Guest::kRoot, 0, guest.put(file), file.size(),
                 0, 12345, fstflags::kMtim);
      for (const std::string name : {"/file", "/moved", "/symbolic"})
        guest.with_path(&Preview1::path_unlink_file, Guest::kRoot, dir + name);
      guest.with_path(&Preview1::path_remove_directory, Guest::kRoot, dir + "/new");
      guest.with_path(&Preview1::path_unlink_file, Guest::kRoot, "hard");
    }
  }
  swapper.request_stop();
  swapper.join();
  CHECK(contents() == before);
  CHECK(read_file(guest.outside.path() / "victim/file") == "untouched");
  CHECK(fs::last_write_time(guest.outside.path() / "victim/file") == long_ago);
}

TEST_CASE("both ways of resolving paths agree") {
  Guest guest;
  fs::create_directories(guest.sandbox / "a/b/c");
  write_file(guest.sandbox / "a/file", "");
  write_file(guest.outside.path() / "secret", "");
  const std::pair<const char*, const char*> links[] = {
      {    "a/up",              ".."},
      { "a/b/out", "../../../secret"},
      { "a/b/dir",              "c/"},
      {    "a/to",            "file"},
      {       "l",        "a/b/../b"},
      {       "m",        "l/dir/.."},
      {"dangling",           "a/x/y"},
      {     "new",           "a/new"},
      {    "loop",            "loop"},
      {     "abs",               "/"},
      {    "dots",         "./././a"},
      {    "self",               "."}
  };
  for (const auto& [name, target] : links) fs::create_symlink(target, guest.sandbox / name);
  const std::string_view components[] = {
      "a",   "b",    "c",    "file",     "up", "out", "dir", "to", "l", "m",      "loop",
      "abs", "dots", "self", "dangling", "..", "..",  ".",   "",   "",  "absent", "new"};

  PathResolver kernel(PathResolution::Automatic);
  PathResolver walk(PathResolution::Walk);
  const int root = guest.wasi->descriptors().find(Guest::kRoot)->file->host();
  const auto inode = [](int directory, const char* name) {
    struct stat status = {};
    return ::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_ino : 0;
  };
  const auto entry_of = [&](const Expected<Entry>& entry) {
    if (!entry) return std::string(errno_name(entry.error()));
    return std::to_string(inode(entry->directory(), ".")) + " " + entry->name();
  };
  const auto file_of = [&](const Expected<UniqueFd>& fd) {
    if (!fd) return std::string(errno_name(fd.error()));
    struct stat status = {};
    ::fstat(fd->get(), &status);
    return std::to_string(status.st_ino);
  };

  const auto remove_created = [](const Expected<UniqueFd>& fd) {
    if (!fd) return;
    const fs::path path = fs::read_symlink("/proc/self/fd/" + std::to_string(fd->get()));
    if (path.filename() == "absent" || path.filename() == "new") fs::remove(path);
  };

  uint32_t random = 1;
  const auto below = [&](size_t limit) {
    random = random * 1664525 + 1013904223;
    return (random >> 8) % limit;
  };
  for (int i = 0; i < 4'000; ++i) {
    std::string text;
    for (size_t count = 1 + below(7); count > 0; --count) {
      text += components[below(std::size(components))];
      if (count > 1 || below(4) == 0) text += '/';
    }
    GuestPath path;
    if (path.assign(std::as_bytes(std::span(text))) != Errno::Success) continue;
    INFO(text);
    CHECK(entry_of(kernel.parent(root, path)) == entry_of(walk.parent(root, path)));
    for (bool follow : {false, true})
      CHECK(entry_of(kernel.existing(root, path, follow)) ==
            entry_of(walk.existing(root, path, follow)));
    for (int flags : {O_PATH, O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY, O_RDONLY | O_NOFOLLOW,
                      O_RDONLY | O_DIRECTORY, O_RDWR})
      CHECK(file_of(kernel.open(root, path, flags)) == file_of(walk.open(root, path, flags)));
    for (int flags : {O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_CREAT | O_NOFOLLOW}) {
      const auto first = kernel.open(root, path, flags, 0600);
      remove_created(first);
      const auto second = walk.open(root, path, flags, 0600);
      remove_created(second);
      CHECK(first.has_value() == second.has_value());
      if (!first && !second) CHECK(first.error() == second.error());
    }
  }
}

TEST_CASE("FIFOs do not block an open") {
  Guest guest(any_mode());
  REQUIRE(::mkfifo((guest.sandbox / "fifo").c_str(), 0600) == 0);
  CHECK(guest.try_open(Guest::kRoot, "fifo") == Errno::Success);
  CHECK(guest.try_open(Guest::kRoot, "fifo", 0, rights::kFdWrite) ==
        Errno::Success);  // has a reader
}

}  // namespace wrun::wasi::test
