// Handles: what a guest may touch, by the number it knows it under.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "wasi/abi.hpp"
#include "wasi/errno.hpp"
#include "wasi/file.hpp"
#include "wasi/grant.hpp"

namespace wrun::wasi {

struct Handle {
  enum class Kind : uint8_t {
    Directory,
    File,    // opened by path: regular files, but also devices and FIFOs
    Stream,  // a standard stream, whatever it is on the host: no seeking, no metadata
    Socket,
  };

  Kind kind = Kind::File;
  Filetype type = Filetype::Unknown;
  bool readable = false;
  bool writable = false;
  bool read_only = false;  // beneath a read-only directory: nothing may be changed through it
  std::atomic<uint32_t> flags = 0;  // fdflags
  std::unique_ptr<File> file;
  Grant* grant = nullptr;  // that it is, or that it came from; null: none of a Wasi's
  std::optional<std::string> preopen_name;  // of directories granted at the start
  std::mutex reading_directory;             // one listing at a time

  static std::unique_ptr<Handle> stream(std::unique_ptr<File> file, bool readable);
  static std::unique_ptr<Handle> socket(UniqueFd host, uint32_t flags);
  static std::unique_ptr<Handle> preopen(std::unique_ptr<Directory> directory,
                                         std::string guest_name, bool read_only);

  Directory& directory() const { return static_cast<Directory&>(*file); }  // Kind::Directory

  // Flags of the open file description are shared with whoever gave us the stream, so that
  // non-blocking is not set there but emulated.
  bool emulates_nonblock() const { return kind == Kind::Stream && (flags & fdflags::kNonblock); }

  bool has_position() const { return kind == Kind::File || kind == Kind::Directory; }

  // Rights are advertised as programs expect them; what counts is what a handle can do.
  uint64_t rights_base() const;
  uint64_t rights_inheriting() const;
};

// A handle that a call is using stays open until the call is over, even if another thread closes it.
using HandleRef = std::shared_ptr<Handle>;

// Thread-safe.
class FdTable {
 public:
  explicit FdTable(uint32_t limit) : limit_(limit) {}

  HandleRef find(Fd fd) const;  // null if it is not open
  // Takes the lowest free number. Errno::Mfile at the limit.
  Expected<Fd> insert(std::unique_ptr<Handle> handle);
  Errno close(Fd fd);
  // Moves `from` to `to`, which must be open and is closed.
  Errno renumber(Fd from, Fd to);
  // A file or directory that was opened by path and still is.
  std::optional<Fd> find_opened() const;

 private:
  bool is_open(Fd fd) const { return fd < slots_.size() && slots_[fd] != nullptr; }

  mutable std::mutex mutex_;  // guards all but the limit
  std::vector<HandleRef> slots_;
  uint32_t lowest_free_ = 0;  // no number below is free
  uint32_t limit_;
};

}  // namespace wrun::wasi
