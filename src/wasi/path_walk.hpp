// The component-wise walk, for kernels without openat2(2). SANDBOX CRITICAL, see path.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.hpp"
#include "wasi/errno.hpp"
#include "wasi/path.hpp"

namespace wrun::wasi {

class PathWalk {
 public:
  static constexpr int kMaxSymlinks = 40;  // as Linux

  // What happens to the last component. A directory is entered and a symbolic link followed in any
  // case if slashes come after it, unless it is kept.
  enum class Last : uint8_t {
    Keep,      // not looked at
    NoFollow,  // may be a symbolic link
    Follow,    // is no symbolic link; may not exist
  };

  PathWalk(int root, std::string_view path) : root_(root), rest_(path) {}

  // The entry's name is `.` where the path ends in a directory that was entered.
  Expected<Entry> resolve(Last last);
  // As openat(2), all beneath the root.
  Expected<UniqueFd> open(int flags, mode_t mode);

 private:
  int current() const { return directories_.empty() ? root_ : directories_.back().get(); }
  Entry entry(std::string_view name);
  Errno enter(const char* name, size_t end);
  Errno leave();
  Expected<bool> expand_symlink(const char* name, size_t end);

  int root_;
  std::string rest_;     // what is still to be resolved, symbolic links expanded in place
  size_t position_ = 0;  // in rest_
  int symlinks_ = 0;
  bool creates_ = false;  // a file, so that slashes after it are an error
  // The directories on the way, so that `..` goes back to where we came from, wherever others may
  // have moved it since.
  std::vector<UniqueFd> directories_;
};

}  // namespace wrun::wasi
