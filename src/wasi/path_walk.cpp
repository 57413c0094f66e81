#include "wasi/path_walk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace wrun::wasi {

Expected<Entry> PathWalk::resolve(Last last) {
  for (;;) {
    const size_t begin = rest_.find_first_not_of('/', position_);
    if (begin == std::string::npos) return entry(".");
    const size_t end = std::min(rest_.find('/', begin), rest_.size());
    const std::string_view component = std::string_view(rest_).substr(begin, end - begin);
    if (component == ".") {
      position_ = end;
      continue;
    }
    if (component == "..") {
      WRUN_WASI_CHECK(leave());
      position_ = end;
      continue;
    }
    if (component.size() > NAME_MAX) return std::unexpected(Errno::Nametoolong);

    const bool slashes_follow = end < rest_.size();
    const bool is_last = rest_.find_first_not_of('/', end) == std::string::npos;
    if (is_last && slashes_follow && creates_) return std::unexpected(Errno::Isdir);
    if (is_last && last == Last::Keep)
      return entry(std::string_view(rest_).substr(begin, component.size() + slashes_follow));
    if (is_last && last == Last::NoFollow && !slashes_follow) return entry(component);

    char name[NAME_MAX + 1];
    name[component.copy(name, NAME_MAX)] = '\0';
    if (is_last && !slashes_follow) {
      if (WRUN_WASI_TRY(expand_symlink(name, end))) continue;
      return entry(name);
    }
    WRUN_WASI_CHECK(enter(name, end));
  }
}

Expected<UniqueFd> PathWalk::open(int flags, mode_t mode) {
  creates_ = flags & O_CREAT;
  const bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
  const Entry last = WRUN_WASI_TRY(resolve(follow ? Last::Follow : Last::NoFollow));
  UniqueFd fd = keep_off_standard_streams(
      ::openat(last.directory(), last.name(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd) return std::unexpected(from_host(errno));
  return fd;
}

Entry PathWalk::entry(std::string_view name) {
  if (directories_.empty()) return Entry(root_, UniqueFd(), name);
  const int directory = current();
  return Entry(directory, std::move(directories_.back()), name);
}

Errno PathWalk::enter(const char* name, size_t end) {
  UniqueFd fd = keep_off_standard_streams(
      ::openat(current(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd) {
    directories_.push_back(std::move(fd));
    position_ = end;
    return Errno::Success;
  }
  if (errno != ENOTDIR) return from_host(errno);  // of a symbolic link it is ENOTDIR, too
  return WRUN_WASI_TRY(expand_symlink(name, end)) ? Errno::Success : Errno::Notdir;
}

Errno PathWalk::leave() {
  if (directories_.empty()) return Errno::Notcapable;
  directories_.pop_back();
  return Errno::Success;
}

// Replaces everything up to `end` by what `name` points to. False if it is no symbolic link.
Expected<bool> PathWalk::expand_symlink(const char* name, size_t end) {
  char target[PATH_MAX];
  const ssize_t length = ::readlinkat(current(), name, target, sizeof target);
  if (length < 0) {
    if (errno == EINVAL || errno == ENOENT) return false;
    return std::unexpected(from_host(errno));
  }
  if (++symlinks_ > kMaxSymlinks) return std::unexpected(Errno::Loop);
  if (length == 0) return std::unexpected(Errno::Noent);
  if (length == sizeof target) return std::unexpected(Errno::Nametoolong);
  if (target[0] == '/') return std::unexpected(Errno::Notcapable);
  rest_.replace(0, end, target, static_cast<size_t>(length));
  position_ = 0;
  return true;
}

}  // namespace wrun::wasi
