#include "cache/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace wrun::cache {
namespace {

constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;

bool is_ours(const struct stat& status) {
  return status.st_uid == ::geteuid() && (status.st_mode & kOthersWrite) == 0;
}

std::unexpected<Error> unusable(const std::string& path, const char* reason) {
  return fail(Error::Kind::Io, "the cache folder '" + path + "' is not used: " + reason);
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.find_last_not_of('/');
  const size_t end = slash == path.npos ? path.npos : path.rfind('/', slash);
  return end == path.npos ? "." : end == 0 ? "/" : path.substr(0, end);
}

// The folder, and the ones above it that are not there, in folders of ours.
bool make_directory(const std::string& path, int depth = 0) {
  constexpr int kMostDepth = 3;
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return true;
  const std::string parent = parent_of(path);
  if (errno != ENOENT || depth == kMostDepth || !make_directory(parent, depth + 1)) return false;
  return ::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST;
}

}  // namespace

std::string Directory::usual_path() {
  if (::getauxval(AT_SECURE) != 0) return "";
  if (const char* own = std::getenv("WRUN_CACHE_DIR")) return own;
  if (const char* caches = std::getenv("XDG_CACHE_HOME"); caches != nullptr && caches[0] == '/')
    return std::string(caches) + "/wrun";
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/')
    return std::string(home) + "/.cache/wrun";
  return "";
}

Result<std::unique_ptr<Directory>> Directory::open(const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd handle(::open(path.c_str(), kFlags));
  if (!handle && errno == ENOENT) {
    // What is made in a folder of somebody else would be in his way.
    struct stat above;
    const std::string parent = parent_of(path);
    if (::stat(parent.c_str(), &above) == 0 && above.st_uid != ::geteuid() &&
        (above.st_mode & S_ISVTX) == 0)
      return unusable(path, "the folder that it would be in is another user's");
    if (make_directory(path)) handle = UniqueFd(::open(path.c_str(), kFlags));
  }
  if (!handle) return unusable(path, std::strerror(errno));
  struct stat status;
  if (::fstat(handle.get(), &status) != 0) return unusable(path, std::strerror(errno));
  if (!is_ours(status)) return unusable(path, "others can write to it, or it is another user's");
  return std::unique_ptr<Directory>(new Directory(path, std::move(handle)));
}

UniqueFd Directory::find(const std::string& name, struct stat& status) const {
  UniqueFd file(
      ::openat(handle_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  const bool trusted = file && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
                       is_ours(status) && status.st_nlink == 1;
  return trusted ? std::move(file) : UniqueFd();
}

bool Directory::store(const std::string& name, std::span<const std::byte> contents) const {
  static std::atomic<unsigned> count = 0;
  char temporary[64];
  std::snprintf(temporary, sizeof(temporary), "t-%d-%u", static_cast<int>(::getpid()), ++count);
  UniqueFd file(::openat(handle_.get(), temporary,
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return false;
  const bool stored = write_all(file.get(), contents) == 0 &&
                      ::renameat(handle_.get(), temporary, handle_.get(), name.c_str()) == 0;
  if (!stored) remove(temporary);
  return stored;
}

void Directory::remove(const std::string& name) const {
  ::unlinkat(handle_.get(), name.c_str(), 0);
}

void Directory::touch(const std::string& name) const {
  ::utimensat(handle_.get(), name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

UniqueFd Directory::try_lock(const std::string& name) const {
  UniqueFd file(
      ::openat(handle_.get(), name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return {};
  return file;
}

std::vector<Directory::Entry> Directory::entries() const {
  std::vector<Entry> entries;
  const int fd = ::openat(handle_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = fd < 0 ? nullptr : ::fdopendir(fd);
  if (stream == nullptr) {
    if (fd >= 0) ::close(fd);
    return entries;
  }
  while (const dirent* found = ::readdir(stream)) {
    Entry entry = {.name = found->d_name, .status = {}};
    if (::fstatat(handle_.get(), found->d_name, &entry.status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(entry.status.st_mode))
      entries.push_back(std::move(entry));
  }
  ::closedir(stream);
  return entries;
}

}  // namespace wrun::cache
