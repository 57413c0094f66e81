// A folder of files that only this user can write, and which are there whole or not at all. What does not hold is not
// trusted: the folder is not used, the file is not there.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace wrun::cache {

// Thread-safe, and safe with many processes at once.
class Directory {
 public:
  // $WRUN_CACHE_DIR, $XDG_CACHE_HOME/wrun or $HOME/.cache/wrun; empty: there is none, or we run with more rights than our
  // user has.
  static std::string usual_path();
  // Makes it if it is not there. Fails with Io if it cannot be used, or if it is somebody else's or others can write
  // to it.
  static Result<std::unique_ptr<Directory>> open(const std::string& path);

  const std::string& path() const { return path_; }

  // To be read; nothing if there is no such file or it is not to be trusted.
  UniqueFd find(const std::string& name, struct stat& status) const;
  // In place of a file of that name, if there is one. False: the host refuses.
  bool store(const std::string& name, std::span<const std::byte> contents) const;
  void remove(const std::string& name) const;
  // Marks a file as modified now.
  void touch(const std::string& name) const;
  // Nobody else holds the lock while the handle lives; nothing if somebody does.
  UniqueFd try_lock(const std::string& name) const;

  struct Entry {
    std::string name;
    struct stat status;
  };
  std::vector<Entry> entries() const;

 private:
  Directory(std::string path, UniqueFd handle)
      : path_(std::move(path)), handle_(std::move(handle)) {}

  const std::string path_;
  const UniqueFd handle_;
};

}  // namespace wrun::cache
