// What descriptors stand for: files and directories, of the host or of its making. Everything that a
// guest does to one goes through here; the host's are in host_file.hpp and host_directory.hpp, those in
// memory in memory_tree.hpp.
//
// Whoever calls has checked that the handle may do it. Errno::Intr says that a signal came first.
#pragma once

#include <sys/uio.h>
#include <time.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "wasi/abi.hpp"
#include "wasi/errno.hpp"
#include "wasi/path.hpp"

namespace wrun::wasi {

// Times are nanoseconds since 1970.
struct Metadata {
  uint64_t device = 0;
  uint64_t inode = 0;
  Filetype type = Filetype::Unknown;
  uint64_t links = 0;
  uint64_t size = 0;
  uint64_t accessed = 0;
  uint64_t modified = 0;
  uint64_t changed = 0;
};

// Access and modification, with UTIME_NOW and UTIME_OMIT as in utimensat(2).
using Times = std::array<timespec, 2>;

class File {
 public:
  virtual ~File() = default;

  // At `offset`, or at the position, which then moves on.
  virtual Expected<uint64_t> read(std::span<const iovec> into, const uint64_t* offset) = 0;
  virtual Expected<uint64_t> write(std::span<const iovec> from, const uint64_t* offset) = 0;
  // `whence` as in lseek(2).
  virtual Expected<uint64_t> seek(int64_t, int) { return std::unexpected(Errno::Spipe); }
  virtual Expected<Metadata> metadata() { return Metadata(); }
  virtual Errno set_times(const Times&) { return Errno::Badf; }
  virtual Errno set_size(uint64_t) { return Errno::Inval; }
  virtual Errno allocate(uint64_t, uint64_t) { return Errno::Spipe; }
  // `advice` as in posix_fadvise(2).
  virtual Errno advise(uint64_t, uint64_t, int) { return Errno::Spipe; }
  virtual Errno sync(bool /*data_only*/) { return Errno::Success; }
  // Appending and non-blocking.
  virtual Errno set_flags(uint32_t) { return Errno::Success; }
  virtual bool is_terminal() const { return false; }
  // A descriptor that poll(2) can wait for; -1: ready at any time.
  virtual int host() const { return -1; }
  virtual Errno close() { return Errno::Success; }
};

struct OpenRequest {
  bool readable = false;
  bool writable = false;
  bool follow = false;  // a symbolic link at the end
  uint32_t oflags = 0;
  uint32_t fdflags = 0;
};

class Directory : public File {
 public:
  Expected<uint64_t> read(std::span<const iovec>, const uint64_t*) override {
    return std::unexpected(Errno::Isdir);
  }
  Expected<uint64_t> write(std::span<const iovec>, const uint64_t*) override {
    return std::unexpected(Errno::Isdir);
  }

  struct Entry {
    uint64_t next = 0;  // the cookie of what follows
    uint64_t inode = 0;
    Filetype type = Filetype::Unknown;
    std::string_view name;  // valid until the next call
  };
  // The first is at 0, which starts anew, with what is there by then; empty at the end.
  virtual Expected<std::optional<Entry>> entry_at(uint64_t cookie) = 0;

  // Paths that lead out are Errno::Notcapable.
  struct Opened {
    std::unique_ptr<File> file;  // a Directory if that is its type
    Filetype type = Filetype::Unknown;
  };
  virtual Expected<Opened> open(const GuestPath& path, const OpenRequest& request) = 0;
  virtual Expected<Metadata> metadata_of(const GuestPath& path, bool follow) = 0;
  virtual Errno set_times_of(const GuestPath& path, bool follow, const Times& times) = 0;
  // What fits; returns how much.
  virtual Expected<uint64_t> read_link(const GuestPath& path, std::span<std::byte> out) = 0;
  virtual Errno make_directory(const GuestPath& path) = 0;
  virtual Errno make_symlink(const GuestPath& target, const GuestPath& path) = 0;
  virtual Errno remove_file(const GuestPath& path) = 0;
  virtual Errno remove_directory(const GuestPath& path) = 0;
  // `to` is of the same volume.
  virtual Errno rename(const GuestPath& path, Directory& to, const GuestPath& new_path) = 0;
  virtual Errno link(const GuestPath& path, Directory& to, const GuestPath& new_path) = 0;
  // Where entries can be moved to and from; the host decides about its own.
  virtual const void* volume() const = 0;
};

}  // namespace wrun::wasi
