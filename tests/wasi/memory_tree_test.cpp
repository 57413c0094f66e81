// Directories in memory: they answer as the host's do, and keep to their limits.
#include <algorithm>
#include <random>

#include "wasi/guest.hpp"

namespace wrun::wasi::test {
namespace {

constexpr Fd kHost = 3, kMemory = 4;

// Descriptor 3 is a directory of the host, 4 one in memory.
struct Both {
  explicit Both(TreeLimits limits =
                    {
  })
      : guest(WasiOptions{.preopens = {{.host_path = root.path().string(), .guest_path = "/host"},
                                       {.host_path = "mem",
                                        .guest_path = "/mem",
                                        .kind = Preopen::Kind::Memory,
                                        .limits = limits}}}) {}
  TemporaryDirectory root;
  Guest guest;
};

// A call's errno and what it gave, as text.
class Prober {
 public:
  explicit Prober(Guest& guest) : guest_(guest) {}

  std::string open(Fd root, std::string_view path, uint32_t lookup, uint32_t oflags,
                   uint64_t rights, uint32_t fdflags, std::string_view data) {
    const Errno error = guest_.try_open(root, path, oflags, rights, fdflags, lookup);
    std::string result(errno_name(error));
    if (error != Errno::Success) return result;
    const Fd fd = guest_.opened;
    const auto note = [&](Errno outcome) {
      result.append(" ").append(errno_name(outcome));
      return outcome == Errno::Success;
    };
    if (note(guest_.write(fd, data))) result += std::to_string(guest_.get<GuestSize>(kOut));
    if (note(guest_.call(&Preview1::fd_seek<kPreview1>, fd, -2, 2, kOut)))
      result += std::to_string(guest_.get<uint64_t>(kOut));
    const GuestPtr buffer = guest_.put(std::string(32, '?'));
    if (note(guest_.call(&Preview1::fd_read, fd, guest_.iovec(buffer, 32), 1, kOut)))
      result += guest_.text(buffer, guest_.get<GuestSize>(kOut));
    note(guest_.call(&Preview1::fd_allocate, fd, 3, 4));
    if (note(guest_.call(&Preview1::fd_filestat_get<kPreview1>, fd, kOut))) result += stat();
    guest_.call(&Preview1::fd_close, fd);
    return result;
  }
  std::string stat(Fd root, std::string_view path, uint32_t lookup) {
    const Errno error = guest_.call(&Preview1::path_filestat_get<kPreview1>, root, lookup,
                                    guest_.put(path), path.size(), kOut);
    return std::string(errno_name(error)) + (error == Errno::Success ? stat() : "");
  }
  std::string readlink(Fd root, std::string_view path) {
    const GuestPtr buffer = guest_.put(std::string(8, '?'));
    const Errno error = guest_.with_path(&Preview1::path_readlink, root, path, buffer, 8, kOut);
    return std::string(errno_name(error)) + guest_.text(buffer, 8);
  }
  template <class Member>
  std::string change(Member member, Fd root, std::string_view path) {
    return std::string(errno_name(guest_.with_path(member, root, path)));
  }
  std::string two(bool link, Fd root, std::string_view from, std::string_view to) {
    const GuestPtr source = guest_.put(from), target = guest_.put(to);
    return std::string(errno_name(link ? guest_.call(&Preview1::path_link, root, 0, source,
                                                     from.size(), root, target, to.size())
                                       : guest_.call(&Preview1::path_rename, root, source,
                                                     from.size(), root, target, to.size())));
  }
  std::string symlink(Fd root, std::string_view target, std::string_view path) {
    const GuestPtr text = guest_.put(target);
    return std::string(errno_name(guest_.call(&Preview1::path_symlink, text, target.size(), root,
                                              guest_.put(path), path.size())));
  }
  // Names and types, in order of names.
  std::string list(Fd root, std::string_view path) {
    const Errno error = guest_.try_open(root, path, oflags::kDirectory);
    if (error != Errno::Success) return std::string(errno_name(error));
    const Fd fd = guest_.opened;
    std::vector<std::string> entries;
    uint64_t cookie = 0;
    for (;;) {
      constexpr GuestSize kSize = 100;  // cuts entries
      const GuestPtr buffer = guest_.put(std::string(kSize, '\0'));
      guest_.call(&Preview1::fd_readdir, fd, buffer, kSize, cookie, kOut);
      const auto used = guest_.get<GuestSize>(kOut);
      GuestSize at = 0;
      while (at + layout::kDirent <= used) {
        const auto length = guest_.get<GuestSize>(buffer + at + 16);
        if (at + layout::kDirent + length > used) break;
        cookie = guest_.get<uint64_t>(buffer + at);
        entries.push_back(guest_.text(buffer + at + layout::kDirent, length) +
                          std::to_string(guest_.get<uint8_t>(buffer + at + 20)));
        at += layout::kDirent + length;
      }
      if (used < kSize) break;
    }
    guest_.call(&Preview1::fd_close, fd);
    std::ranges::sort(entries);
    std::string result;
    for (const std::string& entry : entries) result += entry + " ";
    return result;
  }

 private:
  static constexpr GuestPtr kOut = Guest::kResult;

  // Type and links, and the size of what is no directory.
  std::string stat() {
    const auto type = guest_.get<uint8_t>(kOut + 16);
    const bool directory = type == static_cast<uint8_t>(Filetype::Directory);
    return " type " + std::to_string(type) +
           (directory ? ""
                      : " size " + std::to_string(guest_.get<uint64_t>(kOut + 32)) + " links " +
                            std::to_string(guest_.get<uint64_t>(kOut + 24)));
  }

  Guest& guest_;
};

}  // namespace

TEST_CASE("directories in memory answer as the host's") {
  Both both;
  Prober probe(both.guest);
  std::mt19937 random(GENERATE(1u, 2u, 3u, 4u));
  const auto below = [&](size_t limit) { return random() % limit; };
  const auto path = [&] {
    constexpr std::string_view kNames[] = {"a", "b", "c", "d", ".", "..", ""};
    std::string text(kNames[below(4)]);
    for (size_t count = below(3); count > 0; --count)
      text.append("/").append(kNames[below(std::size(kNames))]);
    if (below(6) == 0) text += '/';
    return text;
  };
  for (int i = 0; i < 8'000; ++i) {
    const std::string first = path(), second = path();
    const uint32_t lookup = below(2) ? lookupflags::kSymlinkFollow : 0u;
    const auto oflags = static_cast<uint32_t>(below(16));
    const uint64_t rights = (below(2) ? rights::kFdRead : 0) | (below(2) ? rights::kFdWrite : 0);
    const uint32_t fdflags = below(3) == 0 ? fdflags::kAppend : 0u;
    const size_t operation = below(12);
    const std::string data(1 + below(5), static_cast<char>('a' + below(26)));
    const auto run = [&](Fd root) {
      switch (operation) {
        case 0:  return probe.change(&Preview1::path_create_directory, root, first);
        case 1:  return probe.change(&Preview1::path_remove_directory, root, first);
        case 2:  return probe.change(&Preview1::path_unlink_file, root, first);
        case 3:  return probe.two(false, root, first, second);
        case 4:  return probe.two(true, root, first, second);
        case 5:  return probe.symlink(root, second, first);
        case 6:  return probe.readlink(root, first);
        case 7:
        case 8:  return probe.stat(root, first, lookup);
        case 9:  return probe.list(root, first);
        default: return probe.open(root, first, lookup, oflags, rights, fdflags, data);
      }
    };
    INFO("operation " << operation << " on '" << first << "' and '" << second << "', lookup "
                      << lookup << ", oflags " << oflags << ", rights " << rights);
    REQUIRE(run(kMemory) == run(kHost));
  }
}

TEST_CASE("nothing is linked or moved between directories of different kinds") {
  Both both;
  Guest& guest = both.guest;
  guest.open(kMemory, "file", oflags::kCreat);
  const GuestPtr name = guest.put("file");
  CHECK(guest.call(&Preview1::path_rename, kMemory, name, 4, kHost, name, 4) == Errno::Xdev);
  CHECK(guest.call(&Preview1::path_link, kMemory, 0, name, 4, kHost, name, 4) == Errno::Xdev);
}

TEST_CASE("memory has limits on bytes and files, and gets back what is removed") {
  Both both({.bytes = 1000, .files = 4});
  Guest& guest = both.guest;
  const Fd file = guest.open(kMemory, "a", oflags::kCreat, Guest::kReadWrite);
  CHECK(guest.write(file, std::string(1000, 'x')) == Errno::Success);
  CHECK(guest.write(file, "x") == Errno::Nospc);
  CHECK(guest.call(&Preview1::fd_filestat_set_size, file, 1001) == Errno::Nospc);
  CHECK(guest.call(&Preview1::fd_filestat_set_size, file, UINT64_MAX) == Errno::Inval);
  CHECK(guest.call(&Preview1::fd_allocate, file, 1000, 1) == Errno::Nospc);
  CHECK(guest.call(&Preview1::fd_allocate, file, INT64_MAX, INT64_MAX) == Errno::Fbig);
  CHECK(guest.call(&Preview1::fd_pwrite, file, guest.iovec(guest.put("x"), 1), 1, INT64_MAX,
                   Guest::kResult) == Errno::Nospc);
  // The root counts, too.
  CHECK(guest.with_path(&Preview1::path_create_directory, kMemory, "b") == Errno::Success);
  CHECK(guest.try_open(kMemory, "c", oflags::kCreat) == Errno::Success);
  CHECK(guest.with_path(&Preview1::path_create_directory, kMemory, "d") == Errno::Nospc);

  // What is open stays until it is closed.
  CHECK(guest.with_path(&Preview1::path_unlink_file, kMemory, "a") == Errno::Success);
  CHECK(guest.with_path(&Preview1::path_create_directory, kMemory, "d") == Errno::Nospc);
  CHECK(guest.call(&Preview1::fd_close, file) == Errno::Success);
  const Fd other = guest.open(kMemory, "d", oflags::kCreat, Guest::kReadWrite);
  CHECK(guest.write(other, std::string(1000, 'y')) == Errno::Success);
}

TEST_CASE("very deep directories in memory are no burden") {
  Both both;
  Guest& guest = both.guest;
  Fd directory = kMemory;
  for (int i = 0; i < 50'000; ++i) {
    REQUIRE(guest.with_path(&Preview1::path_create_directory, directory, "d") == Errno::Success);
    const Fd next = guest.open(directory, "d");
    if (directory != kMemory) guest.call(&Preview1::fd_close, directory);
    directory = next;
  }
}

TEST_CASE("streams may be buffers and functions") {
  std::string out, error;
  const auto into = [](std::string& text) {
    return [&text](std::span<const std::byte> bytes) {
      text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
  };
  Guest guest(WasiOptions{
      .input = "some input", .output = {into(out), into(error)}
  });
  CHECK(guest.read(0, 4) == "some");
  CHECK(guest.read(0) == " input");
  CHECK(guest.read(0) == "");
  CHECK(guest.write(1, "one") == Errno::Success);
  CHECK(guest.write(2, "two") == Errno::Success);
  CHECK(guest.write(1, "!") == Errno::Success);
  CHECK(out == "one!");
  CHECK(error == "two");
  CHECK(guest.call(&Preview1::fd_filestat_get<kPreview1>, 1, 128) == Errno::Success);
  CHECK(guest.call(&Preview1::sock_shutdown, 1, 1) == Errno::Notsock);
}

}  // namespace wrun::wasi::test
