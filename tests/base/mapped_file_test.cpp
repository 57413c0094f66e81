#include "base/mapped_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "catch.hpp"

using namespace wrun;

namespace {

constexpr uint64_t kNoLimit = uint64_t{1} << 32;

// A file, or nothing yet, at a path of its own that is gone with the object.
class TemporaryPath {
 public:
  TemporaryPath() { close(mkstemp(path_.data())); }
  ~TemporaryPath() { std::remove(path_.c_str()); }
  TemporaryPath(const TemporaryPath&) = delete;
  TemporaryPath& operator=(const TemporaryPath&) = delete;

  void write(const std::string& contents) const {
    std::FILE* file = std::fopen(path_.c_str(), "wb");
    REQUIRE(file != nullptr);
    REQUIRE(std::fwrite(contents.data(), 1, contents.size(), file) == contents.size());
    REQUIRE(std::fclose(file) == 0);
  }
  const std::string& string() const { return path_; }

 private:
  std::string path_ = "/tmp/wrun-mapped-file-XXXXXX";
};

std::string contents_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

// Standard input is `fd` while the object lives.
class StandardInput {
 public:
  explicit StandardInput(int fd) : saved_(dup(0)) { dup2(fd, 0); }
  ~StandardInput() {
    dup2(saved_, 0);
    close(saved_);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  int saved_;
};

}  // namespace

TEST_CASE("Files stay open if that is wanted") {
  const TemporaryPath path;
  path.write("kept");
  const auto wanted = [](std::span<const std::byte> contents) { return contents.size() == 4; };
  const auto open = MappedFile::open(path.string(), kNoLimit, wanted);
  REQUIRE(open.has_value());
  CHECK((*open)->descriptor() >= 0);
  CHECK((*open)->status().st_size == 4);
  path.write("closed");
  CHECK((*MappedFile::open(path.string(), kNoLimit, wanted))->descriptor() == -1);
  CHECK((*MappedFile::open(path.string(), kNoLimit))->descriptor() == -1);
}

TEST_CASE("Files of every size class have their contents") {
  const size_t size = GENERATE(size_t{0}, size_t{1}, size_t{16 << 10}, size_t{64 << 10},
                               size_t{(64 << 10) + 1}, size_t{1 << 20});
  std::string contents(size, '\0');
  for (size_t i = 0; i < size; ++i) contents[i] = static_cast<char>(i * 31 >> 3);
  const TemporaryPath path;
  path.write(contents);
  const auto file = MappedFile::open(path.string(), kNoLimit);
  REQUIRE(file.has_value());
  CHECK(contents_of(**file) == contents);
}

TEST_CASE("A small file may be truncated while it is open") {
  const TemporaryPath path;
  path.write("still here");
  const auto file = MappedFile::open(path.string(), kNoLimit);
  REQUIRE(file.has_value());
  REQUIRE(truncate(path.string().c_str(), 0) == 0);
  CHECK(contents_of(**file) == "still here");
}

TEST_CASE("What cannot be read is an error with path and reason") {
  const auto missing = MappedFile::open("/nonexistent/module.wasm", kNoLimit);
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().kind == Error::Kind::Io);
  CHECK(missing.error().message ==
        "cannot read '/nonexistent/module.wasm': No such file or directory");

  const auto directory = MappedFile::open("/tmp", kNoLimit);
  REQUIRE_FALSE(directory.has_value());
  CHECK(directory.error().message == "cannot read '/tmp': Is a directory");
}

TEST_CASE("Files and streams beyond the limit are refused") {
  const TemporaryPath path;
  path.write(std::string(1000, 'x'));
  CHECK(MappedFile::open(path.string(), 1000).has_value());
  const auto file = MappedFile::open(path.string(), 999);
  REQUIRE_FALSE(file.has_value());
  CHECK(file.error().message ==
        "cannot read '" + path.string() + "': larger than the limit of 999 bytes");
  CHECK_FALSE(MappedFile::open("/dev/zero", 1 << 20).has_value());

  // Sparse: it takes no room on the disk, and no time to refuse.
  REQUIRE(truncate(path.string().c_str(), (off_t{4} << 30) + 1) == 0);
  CHECK_FALSE(MappedFile::open(path.string(), kNoLimit).has_value());
}

TEST_CASE("Files whose size the system does not tell are read") {
  const auto file = MappedFile::open("/proc/self/status", kNoLimit);
  REQUIRE(file.has_value());
  CHECK(contents_of(**file).starts_with("Name:"));
}

TEST_CASE("The standard input can be a pipe or a file read from the middle") {
  SECTION("pipe") {
    int fds[2];
    REQUIRE(pipe(fds) == 0);
    const std::string contents(300'000, 'p');
    std::thread writer([&] {
      for (size_t done = 0; done < contents.size();) {
        const ssize_t count = write(fds[1], contents.data() + done, contents.size() - done);
        if (count <= 0) break;
        done += static_cast<size_t>(count);
      }
      close(fds[1]);
    });
    {
      const StandardInput input(fds[0]);
      const auto file = MappedFile::open("-", kNoLimit);
      REQUIRE(file.has_value());
      CHECK(contents_of(**file) == contents);
    }
    writer.join();
    close(fds[0]);
  }
  SECTION("file") {
    const TemporaryPath path;
    path.write(std::string(100'000, 'a') + std::string(100'000, 'b'));
    const int fd = ::open(path.string().c_str(), O_RDONLY);
    REQUIRE(lseek(fd, 100'000, SEEK_SET) == 100'000);
    const StandardInput input(fd);
    close(fd);
    const auto file = MappedFile::open("-", kNoLimit);
    REQUIRE(file.has_value());
    CHECK(contents_of(**file) == std::string(100'000, 'b'));
  }
}
