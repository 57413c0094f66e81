// Listing directories: what every reader of a directory relies on.
#include <set>

#include "guest.hpp"

namespace wrun::wasi::test {
namespace {

struct Listed {
  std::string name;
  uint64_t next, inode;
  Filetype type;
};

// As wasi-libc does it: whole entries are taken, the last one that was cut is asked for again, with
// a larger buffer if it was the only one.
std::vector<Listed> list(Guest& guest, Fd fd, GuestSize buffer_size, uint64_t cookie = 0) {
  constexpr GuestPtr kBuffer = 65536;
  std::vector<Listed> result;
  for (;;) {
    REQUIRE(guest.call(&Preview1::fd_readdir, fd, kBuffer, buffer_size, cookie, 64) ==
            Errno::Success);
    const auto used = guest.get<GuestSize>(64);
    REQUIRE(used <= buffer_size);
    GuestSize at = 0;
    while (used - at >= 24) {
      const GuestPtr entry = kBuffer + at;
      const auto length = guest.get<uint32_t>(entry + 16);
      if (used - at < 24 + length) break;
      cookie = guest.get<uint64_t>(entry);
      result.push_back({guest.text(entry + 24, length), cookie, guest.get<uint64_t>(entry + 8),
                        guest.get<Filetype>(entry + 20)});
      at += 24 + length;
    }
    if (used < buffer_size) return result;
    if (at == 0) buffer_size *= 2;
  }
}

std::set<std::string> names(const std::vector<Listed>& entries) {
  std::set<std::string> result;
  for (const Listed& entry : entries) CHECK(result.insert(entry.name).second);  // each once
  return result;
}

uint64_t inode(const fs::path& path) {
  struct stat status = {};
  ::lstat(path.c_str(), &status);
  return status.st_ino;
}

}  // namespace

TEST_CASE("an empty directory has itself and its parent") {
  Guest guest;
  const auto entries = list(guest, Guest::kRoot, 256);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].name == ".");
  CHECK(entries[0].next == 1);
  CHECK(entries[0].inode == inode(guest.sandbox));
  CHECK(entries[0].type == Filetype::Directory);
  CHECK(entries[1].name == "..");
  CHECK(entries[1].next == 2);
}

TEST_CASE("entries have their type and inode") {
  Guest guest;
  fs::create_directory(guest.sandbox / "dir");
  write_file(guest.sandbox / "file", "");
  fs::create_symlink("file", guest.sandbox / "link");
  ::mkfifo((guest.sandbox / "fifo").c_str(), 0600);
  for (const Listed& entry : list(guest, Guest::kRoot, 4096)) {
    INFO(entry.name);
    if (entry.name == "..") continue;
    CHECK(entry.inode == inode(guest.sandbox / entry.name));
    const Filetype expected = entry.name == "file"   ? Filetype::RegularFile
                              : entry.name == "link" ? Filetype::SymbolicLink
                              : entry.name == "fifo" ? Filetype::Unknown
                                                     : Filetype::Directory;
    CHECK(entry.type == expected);
  }
}

TEST_CASE("buffers of any size list the same") {
  Guest guest;
  std::set<std::string> expected = {".", ".."};
  for (int i = 0; i < 100; ++i) {
    const std::string name =
        "file-" + std::string(static_cast<size_t>(i % 40), 'x') + std::to_string(i);
    write_file(guest.sandbox / name, "");
    expected.insert(name);
  }
  for (GuestSize size : {1u, 23u, 24u, 25u, 64u, 100u, 333u, 4096u, 65536u}) {
    INFO(size);
    CHECK(names(list(guest, Guest::kRoot, size)) == expected);
  }
}

TEST_CASE("nothing is written past a buffer, and an empty one is full") {
  Guest guest;
  write_file(guest.sandbox / "file", "");
  for (GuestSize size = 0; size < 100; ++size) {
    std::memset(&guest.memory[4096], '#', 200);
    REQUIRE(guest.call(&Preview1::fd_readdir, Guest::kRoot, 4096, size, 0, 64) == Errno::Success);
    const auto used = guest.get<GuestSize>(64);
    CHECK(used == std::min<GuestSize>(size, 25 + 26 + 28));
    CHECK(guest.text(4096 + used, 1) == "#");
  }
}

TEST_CASE("any cookie resumes where it was given out") {
  Guest guest;
  for (int i = 0; i < 3000; ++i)  // more than one buffer of the host's entries
    write_file(guest.sandbox / ("a-rather-long-file-name-to-fill-buffers-" + std::to_string(i)),
               "");
  const auto all = list(guest, Guest::kRoot, 65536);
  REQUIRE(all.size() == 3002);
  REQUIRE(names(all).size() == 3002);
  for (size_t i : {2999, 0, 1, 2, 1500, 1499, 3001, 3, 700, 2500}) {
    INFO(i);
    const auto rest = list(guest, Guest::kRoot, 4096, all[i].next);
    REQUIRE(rest.size() == all.size() - i - 1);
    if (!rest.empty()) CHECK(rest[0].name == all[i + 1].name);
  }
  CHECK(list(guest, Guest::kRoot, 4096, 1'000'000).empty());
  CHECK(list(guest, Guest::kRoot, 4096, UINT64_MAX).empty());
}

TEST_CASE("a listing that starts anew sees what is there by then") {
  Guest guest;
  write_file(guest.sandbox / "a", "");
  CHECK(list(guest, Guest::kRoot, 4096).size() == 3);
  write_file(guest.sandbox / "b", "");
  CHECK(names(list(guest, Guest::kRoot, 4096)) == std::set<std::string>{".", "..", "a", "b"});
}

TEST_CASE("a listing ends although entries come and go meanwhile") {
  Guest guest;
  for (int i = 0; i < 500; ++i) write_file(guest.sandbox / ("old" + std::to_string(i)), "");
  std::set<std::string> seen;
  uint64_t cookie = 0;
  for (int i = 0;; ++i) {
    REQUIRE(i < 5000);
    REQUIRE(guest.call(&Preview1::fd_readdir, Guest::kRoot, 4096, 64, cookie, 64) ==
            Errno::Success);
    if (guest.get<GuestSize>(64) < 24) break;
    const auto name = guest.text(4096 + 24, std::min(guest.get<uint32_t>(4096 + 16), 40u));
    cookie = guest.get<uint64_t>(4096);
    seen.insert(name);
    if (name.starts_with("old")) {
      fs::remove(guest.sandbox / name);
      if (i % 2) write_file(guest.sandbox / ("new" + std::to_string(i)), "");
    }
  }
  for (int i = 0; i < 500; ++i) CHECK(seen.contains("old" + std::to_string(i)));
}

TEST_CASE("what is no directory, or no longer there") {
  Guest guest;
  write_file(guest.sandbox / "file", "");
  fs::create_directory(guest.sandbox / "dir");
  const Fd dir = guest.open(Guest::kRoot, "dir");
  fs::remove(guest.sandbox / "dir");
  CHECK(list(guest, dir, 256).size() == 2);
  const Fd file = guest.open(Guest::kRoot, "file");
  CHECK(guest.call(&Preview1::fd_readdir, file, 4096, 64, 0, 64) == Errno::Notdir);
  CHECK(guest.call(&Preview1::fd_readdir, 99, 4096, 64, 0, 64) == Errno::Badf);
  guest.call(&Preview1::fd_readdir, Guest::kRoot, 0xffff'0000, 64, 0, 64);
  CHECK(guest.trap == TrapCode::OutOfBoundsMemoryAccess);
}

}  // namespace wrun::wasi::test
