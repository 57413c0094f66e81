// Folders that only their user can write, and what is remembered of files in them.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <string>

#include "cache/directory.hpp"
#include "cache/file_index.hpp"
#include "catch.hpp"

namespace {

using namespace wrun;
using namespace wrun::cache;

class Folder {
 public:
  Folder() : path_("/tmp/wrun-cache-XXXXXX") { REQUIRE(::mkdtemp(path_.data()) != nullptr); }
  ~Folder() {
    const std::string command = "rm -r " + path_;
    static_cast<void>(::system(command.c_str()));  // NOLINT(cert-env33-c)
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::unique_ptr<Directory> open(const std::string& path) {
  auto directory = Directory::open(path);
  REQUIRE(directory);
  return std::move(*directory);
}

std::string text_of(const Directory& directory, const std::string& name) {
  struct stat status;
  const UniqueFd file = directory.find(name, status);
  if (!file) return "none";
  std::string text(static_cast<size_t>(status.st_size), ' ');
  REQUIRE(::read(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  return text;
}

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

void wait_for_file_times() {
  const timespec time = {.tv_sec = 0, .tv_nsec = 100'000'000};
  ::nanosleep(&time, nullptr);
}

}  // namespace

TEST_CASE("a cache folder is made with the folders above it") {
  const Folder folder;
  const auto directory = open(folder.path("a/b"));
  CHECK(directory->store("x", bytes("one")));
  CHECK(text_of(*directory, "x") == "one");
  CHECK(directory->store("x", bytes("two")));
  CHECK(text_of(*directory, "x") == "two");
  REQUIRE(directory->entries().size() == 1);
  CHECK(directory->entries()[0].name == "x");
  directory->remove("x");
  CHECK(text_of(*directory, "x") == "none");
  CHECK(directory->entries().empty());
}

TEST_CASE("what others can write to is not trusted") {
  const Folder folder;
  const auto directory = open(folder.path("a"));
  REQUIRE(directory->store("x", bytes("one")));
  REQUIRE(::chmod(folder.path("a/x").c_str(), 0620) == 0);
  CHECK(text_of(*directory, "x") == "none");
  REQUIRE(::chmod(folder.path("a/x").c_str(), 0600) == 0);
  REQUIRE(::symlink("x", folder.path("a/y").c_str()) == 0);
  CHECK(text_of(*directory, "y") == "none");
  REQUIRE(::link(folder.path("a/x").c_str(), folder.path("a/z").c_str()) == 0);
  CHECK(text_of(*directory, "x") == "none");
  REQUIRE(::chmod(folder.path("a").c_str(), 0770) == 0);
  CHECK_FALSE(Directory::open(folder.path("a")));
  REQUIRE(::symlink("a", folder.path("b").c_str()) == 0);
  CHECK_FALSE(Directory::open(folder.path("b")));
}

TEST_CASE("one at a time has a lock") {
  const Folder folder;
  const auto directory = open(folder.path("a"));
  {
    const UniqueFd lock = directory->try_lock("l");
    CHECK(lock);
    CHECK_FALSE(directory->try_lock("l"));
    CHECK(directory->try_lock("other"));
  }
  CHECK(directory->try_lock("l"));
}

TEST_CASE("files are known as long as they stay as they are") {
  const Folder folder;
  const auto directory = open(folder.path("a"));
  FileIndex index(*directory);
  const Hash hash = hash_of({bytes("contents")});
  REQUIRE(directory->store("x", bytes("contents")));
  wait_for_file_times();
  struct stat file;
  REQUIRE(::stat(folder.path("a/x").c_str(), &file) == 0);
  CHECK_FALSE(index.contains(file, hash));
  index.add(file, hash);
  CHECK(index.contains(file, hash));
  CHECK(index.find(file) == hash);
  CHECK_FALSE(index.contains(file, hash_of({bytes("other")})));

  struct stat changed = file;
  changed.st_size += 1;
  CHECK_FALSE(index.find(changed));
  changed = file;
  changed.st_mtim.tv_nsec ^= 1;
  CHECK_FALSE(index.find(changed));
  changed = file;
  changed.st_ctim.tv_sec += 1;
  CHECK_FALSE(index.find(changed));
  changed = file;
  changed.st_ino += 1;
  CHECK_FALSE(index.find(changed));

  // What is no entry is not read as one.
  REQUIRE(directory->store(FileIndex::name_of(file), bytes("short")));
  CHECK_FALSE(index.find(file));
}

TEST_CASE("a file that changed a moment ago is not remembered") {
  const Folder folder;
  const auto directory = open(folder.path("a"));
  FileIndex index(*directory);
  REQUIRE(directory->store("x", bytes("contents")));
  struct stat file;
  REQUIRE(::stat(folder.path("a/x").c_str(), &file) == 0);
  file.st_ctim.tv_sec += 3600;  // however slow this is
  index.add(file, hash_of({bytes("contents")}));
  CHECK_FALSE(index.find(file));
}
