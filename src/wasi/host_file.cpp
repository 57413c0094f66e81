#include "wasi/host_file.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "wasi/nanoseconds.hpp"

namespace wrun::wasi {
namespace {

Errno result_of(int returned) { return returned == 0 ? Errno::Success : from_host(errno); }

Expected<uint64_t> moved(ssize_t returned) {
  if (returned < 0) [[unlikely]]
    return std::unexpected(from_host(errno));
  return static_cast<uint64_t>(returned);
}

}  // namespace

Filetype filetype_of(uint32_t mode, int fd) {
  switch (mode & S_IFMT) {
    case S_IFREG:  return Filetype::RegularFile;
    case S_IFDIR:  return Filetype::Directory;
    case S_IFLNK:  return Filetype::SymbolicLink;
    case S_IFCHR:  return Filetype::CharacterDevice;
    case S_IFBLK:  return Filetype::BlockDevice;
    case S_IFSOCK: {
      int kind = SOCK_STREAM;
      socklen_t size = sizeof kind;
      ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size);
      return kind == SOCK_DGRAM ? Filetype::SocketDgram : Filetype::SocketStream;
    }
    default: return Filetype::Unknown;  // preview 1 has no number for FIFOs
  }
}

Metadata metadata_of(const struct stat& status, int fd) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .type = filetype_of(status.st_mode, fd),
          .links = status.st_nlink,
          .size = static_cast<uint64_t>(status.st_size),
          .accessed = to_nanoseconds(status.st_atim),
          .modified = to_nanoseconds(status.st_mtim),
          .changed = to_nanoseconds(status.st_ctim)};
}

Expected<uint64_t> HostFile::read(std::span<const iovec> into, const uint64_t* offset) {
  const int fd = fd_.get(), count = static_cast<int>(into.size());
  if (offset) return moved(::preadv(fd, into.data(), count, static_cast<off_t>(*offset)));
  if (count == 1) return moved(::read(fd, into[0].iov_base, into[0].iov_len));
  return moved(::readv(fd, into.data(), count));
}

Expected<uint64_t> HostFile::write(std::span<const iovec> from, const uint64_t* offset) {
  const int fd = fd_.get(), count = static_cast<int>(from.size());
  if (offset) return moved(::pwritev(fd, from.data(), count, static_cast<off_t>(*offset)));
  if (count == 1) return moved(::write(fd, from[0].iov_base, from[0].iov_len));
  return moved(::writev(fd, from.data(), count));
}

Expected<uint64_t> HostFile::seek(int64_t offset, int whence) {
  return moved(::lseek(fd_.get(), offset, whence));
}

Expected<Metadata> HostFile::metadata() {
  struct stat status;
  if (::fstat(fd_.get(), &status) != 0) return std::unexpected(from_host(errno));
  return metadata_of(status, fd_.get());
}

Errno HostFile::set_times(const Times& times) {
  return result_of(::futimens(fd_.get(), times.data()));
}

Errno HostFile::set_size(uint64_t size) {
  return result_of(::ftruncate(fd_.get(), static_cast<off_t>(size)));
}

Errno HostFile::allocate(uint64_t offset, uint64_t size) {
  return result_of(::fallocate(fd_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(size)));
}

Errno HostFile::advise(uint64_t offset, uint64_t size, int advice) {
  return from_host(
      ::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(size), advice));
}

Errno HostFile::sync(bool data_only) {
  return result_of(data_only ? ::fdatasync(fd_.get()) : ::fsync(fd_.get()));
}

Errno HostFile::set_flags(uint32_t flags) {
  int host_flags = ::fcntl(fd_.get(), F_GETFL);
  if (host_flags < 0) return from_host(errno);
  host_flags &= ~(O_APPEND | O_NONBLOCK);
  if (flags & fdflags::kAppend) host_flags |= O_APPEND;
  if (flags & fdflags::kNonblock) host_flags |= O_NONBLOCK;
  return ::fcntl(fd_.get(), F_SETFL, host_flags) < 0 ? from_host(errno) : Errno::Success;
}

bool HostFile::is_terminal() const { return ::isatty(fd_.get()); }

Errno HostFile::close() {
  // What a deferred write has to report, such as EIO or EDQUOT. EINTR still closes on Linux.
  if (fd_.close() != 0 && errno != EINTR) return from_host(errno);
  return Errno::Success;
}

}  // namespace wrun::wasi
