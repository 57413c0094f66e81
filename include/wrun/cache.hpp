// Compiled modules that are kept for the next time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "wrun/engine.hpp"
#include "wrun/error.hpp"
#include "wrun/module.hpp"

namespace wrun {

namespace detail {
struct CacheState;
}

// A folder that only this user can write: nothing else is taken from it, and what is damaged is removed. Any number of
// processes may use it at the same time; a disk that is full or read-only is as good as an empty cache. A handle, cheap
// to copy; all functions are thread-safe.
class Cache {
 public:
  // Modules of fewer bytes are not kept: they start as fast.
  static const uint64_t kSmallestModule;
  // Beyond which add() removes what was not used for the longest time.
  static const uint64_t kMostBytes;

  // `directory` empty: $WRUN_CACHE_DIR, $XDG_CACHE_HOME/wrun or ~/.cache/wrun. Fails with Io, also if others can write
  // to it.
  static Result<Cache> open(const std::string& directory = {});
  const std::string& directory() const;

  // Whether there is any use in a cache for such an engine: it runs compiled code.
  static bool is_for(const Engine& engine);
  // Whether a module in that file would be kept: it is a regular file that is large enough.
  static bool is_for(const std::string& path);
  // What add() made of the file for such an engine, provided that the file was not modified since. Nothing
  // otherwise.
  std::optional<Module> load(const Engine& engine, const std::string& path) const;
  // Compiles the module in a file and keeps it, unless that was done or another process is at it. Takes as long as
  // compiling does. Fails as Module::from_file() does; that it cannot be kept is no failure.
  Result<void> add(const Engine& engine, const std::string& path) const;

  struct Info {
    uint64_t modules = 0;
    uint64_t bytes = 0;
  };
  Info info() const;
  // Removes what was not used for the longest time until no more bytes are left.
  void prune(uint64_t most_bytes) const;
  void clear() const;

 private:
  friend struct Access;
  explicit Cache(std::shared_ptr<detail::CacheState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::CacheState> state_;
};

}  // namespace wrun
