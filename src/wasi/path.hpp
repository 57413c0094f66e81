// Path resolution beneath a directory: the only place where WASI turns a name into a file. SANDBOX
// CRITICAL: changes need a second reviewer.
//
// Whatever the path says (`..`, absolute, symbolic links, /proc's magic links) and whatever other
// processes rename meanwhile, nothing outside the directory is reached: that is Errno::Notcapable.
// With openat2(2) the kernel guarantees it; without, the path is walked component by component, each
// directory held open and no symbolic link followed except by reading it here.
#pragma once

#include <limits.h>
#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "wasi/errno.hpp"

namespace wrun::wasi {

enum class PathResolution : uint8_t {
  Automatic,  // openat2 where the kernel has it
  Openat2,
  Walk,
};

// A path copied out of guest memory: not empty, valid UTF-8, NUL-terminated.
class GuestPath {
 public:
  Errno assign(std::span<const std::byte> text);
  std::string_view view() const { return {bytes_, size_}; }
  const char* c_str() const { return bytes_; }

 private:
  size_t size_ = 0;
  char bytes_[PATH_MAX];
};

// A directory and a name in it that is neither `..` nor, in itself, a path. The name may end in
// slashes, which calls that create, remove or rename an entry give their usual meaning; they follow
// no symbolic link in it.
class Entry {
 public:
  Entry(int directory, UniqueFd owned, std::string_view name);
  int directory() const { return directory_; }
  const char* name() const { return name_; }
  std::string_view name_view() const { return name_; }

 private:
  int directory_;
  UniqueFd owned_;  // empty: `directory_` belongs to a handle
  char name_[NAME_MAX + 2];
};

class PathResolver {
 public:
  explicit PathResolver(PathResolution mode) : mode_(mode) {}

  // As openat(2) with `flags`, where O_NOFOLLOW only concerns the last component; close-on-exec.
  Expected<UniqueFd> open(int directory, const GuestPath& path, int flags, mode_t mode = 0);

  // For creating, removing and renaming entries: everything before the last component is resolved,
  // the last one is not looked at.
  Expected<Entry> parent(int directory, const GuestPath& path);

  // For looking at what is there: the entry's name is `.` or has no slash, and with `follow` it was
  // no symbolic link. Calls must still pass AT_SYMLINK_NOFOLLOW.
  Expected<Entry> existing(int directory, const GuestPath& path, bool follow);

  // A directory of the host that a guest is given. Not beneath anything.
  static Result<UniqueFd> open_root(const std::string& host_path);

 private:
  bool use_openat2();
  Expected<UniqueFd> open_beneath(int directory, const char* path, int flags, mode_t mode);
  // The directory that the whole path names, as its own entry `.`.
  Expected<Entry> entered(int directory, const GuestPath& path);

  std::atomic<PathResolution> mode_;
};

}  // namespace wrun::wasi
