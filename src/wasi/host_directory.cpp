// How paths are resolved is path.hpp's matter; here is what is done where they lead.
#include "wasi/host_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "wasi/host_file.hpp"

namespace wrun::wasi {
namespace {

Errno result_of(int returned) { return returned == 0 ? Errno::Success : from_host(errno); }

int host_flags(const OpenRequest& request) {
  // There is no mode for neither reading nor writing.
  int flags = request.readable && request.writable ? O_RDWR
              : request.writable                   ? O_WRONLY
                                                   : O_RDONLY;
  if (!request.follow) flags |= O_NOFOLLOW;
  if (request.oflags & oflags::kCreat) flags |= O_CREAT;
  if (request.oflags & oflags::kDirectory) flags |= O_DIRECTORY;
  if (request.oflags & oflags::kExcl) flags |= O_EXCL;
  if (request.oflags & oflags::kTrunc) flags |= O_TRUNC;
  if (request.fdflags & fdflags::kAppend) flags |= O_APPEND;
  if (request.fdflags & fdflags::kDsync) flags |= O_DSYNC;
  if (request.fdflags & fdflags::kRsync) flags |= O_RSYNC;
  if (request.fdflags & fdflags::kSync) flags |= O_SYNC;
  // A FIFO would wait for its other end.
  return flags | O_NONBLOCK | O_NOCTTY;
}

// Where it matters after opening, the descriptor gets the mode that was asked for.
Errno restore_blocking(int fd, Filetype type, uint32_t fdflags) {
  if (type == Filetype::RegularFile || type == Filetype::Directory) return Errno::Success;
  if (fdflags & fdflags::kNonblock) return Errno::Success;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) return from_host(errno);
  return Errno::Success;
}

int fd_of(Directory& directory) { return static_cast<HostDirectory&>(directory).host(); }

}  // namespace

Expected<Metadata> HostDirectory::metadata() {
  struct stat status;
  if (::fstat(fd_.get(), &status) != 0) return std::unexpected(from_host(errno));
  return wasi::metadata_of(status);
}

Errno HostDirectory::set_times(const Times& times) {
  return result_of(::futimens(fd_.get(), times.data()));
}

Errno HostDirectory::sync(bool data_only) {
  return result_of(data_only ? ::fdatasync(fd_.get()) : ::fsync(fd_.get()));
}

Errno HostDirectory::close() {
  return fd_.close() != 0 && errno != EINTR ? from_host(errno) : Errno::Success;
}

Expected<std::optional<Directory::Entry>> HostDirectory::entry_at(uint64_t cookie) {
  const auto entry = WRUN_WASI_TRY(stream_.at(cookie));
  if (!entry) return std::nullopt;
  return Entry{cookie + 1, entry->inode, entry->type, entry->name};
}

Expected<Directory::Opened> HostDirectory::open(const GuestPath& path, const OpenRequest& request) {
  UniqueFd fd = WRUN_WASI_TRY(resolver_.open(fd_.get(), path, host_flags(request), 0666));
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) return std::unexpected(from_host(errno));
  Opened opened;
  opened.type = filetype_of(status.st_mode, fd.get());
  WRUN_WASI_CHECK(restore_blocking(fd.get(), opened.type, request.fdflags));
  if (opened.type == Filetype::Directory)
    opened.file = std::make_unique<HostDirectory>(resolver_, std::move(fd));
  else
    opened.file = std::make_unique<HostFile>(std::move(fd));
  return opened;
}

Expected<Metadata> HostDirectory::metadata_of(const GuestPath& path, bool follow) {
  struct stat status;
  const wasi::Entry entry = WRUN_WASI_TRY(resolver_.existing(fd_.get(), path, false));
  if (::fstatat(entry.directory(), entry.name(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return std::unexpected(from_host(errno));
  if (S_ISLNK(status.st_mode) && follow) {
    const UniqueFd target = WRUN_WASI_TRY(resolver_.open(fd_.get(), path, O_PATH));
    if (::fstat(target.get(), &status) != 0) return std::unexpected(from_host(errno));
  }
  return wasi::metadata_of(status);
}

Errno HostDirectory::set_times_of(const GuestPath& path, bool follow, const Times& times) {
  const wasi::Entry entry = WRUN_WASI_TRY(resolver_.existing(fd_.get(), path, follow));
  return result_of(::utimensat(entry.directory(), entry.name(), times.data(), AT_SYMLINK_NOFOLLOW));
}

Expected<uint64_t> HostDirectory::read_link(const GuestPath& path, std::span<std::byte> out) {
  const wasi::Entry entry = WRUN_WASI_TRY(resolver_.existing(fd_.get(), path, false));
  std::byte nothing;  // readlinkat wants a buffer even to look whether it is a link
  const std::span<std::byte> buffer = out.empty() ? std::span(&nothing, 1) : out;
  const ssize_t size = ::readlinkat(entry.directory(), entry.name(),
                                    reinterpret_cast<char*>(buffer.data()), buffer.size());
  if (size < 0) return std::unexpected(from_host(errno));
  return out.empty() ? 0 : static_cast<uint64_t>(size);
}

Errno HostDirectory::make_directory(const GuestPath& path) {
  const wasi::Entry entry = WRUN_WASI_TRY(resolver_.parent(fd_.get(), path));
  return result_of(::mkdirat(entry.directory(), entry.name(), 0777));
}

Errno HostDirectory::make_symlink(const GuestPath& target, const GuestPath& path) {
  const wasi::Entry entry = WRUN_WASI_TRY(resolver_.parent(fd_.get(), path));
  if (::symlinkat(target.c_str(), entry.directory(), entry.name()) == 0) return Errno::Success;
  // For `file/` the kernel says EEXIST.
  const Errno error = from_host(errno);
  if (error != Errno::Exist || !entry.name_view().ends_with('/')) return error;
  const Expected<wasi::Entry> directory = resolver_.existing(fd_.get(), path, false);
  return directory ? error : directory.error();
}

Errno HostDirectory::unlink(const GuestPath& path, int flags) {
  const wasi::Entry entry = WRUN_WASI_TRY(resolver_.parent(fd_.get(), path));
  return result_of(::unlinkat(entry.directory(), entry.name(), flags));
}

Errno HostDirectory::remove_file(const GuestPath& path) { return unlink(path, 0); }

Errno HostDirectory::remove_directory(const GuestPath& path) { return unlink(path, AT_REMOVEDIR); }

Errno HostDirectory::rename(const GuestPath& path, Directory& to, const GuestPath& new_path) {
  const wasi::Entry source = WRUN_WASI_TRY(resolver_.parent(fd_.get(), path));
  const wasi::Entry target = WRUN_WASI_TRY(resolver_.parent(fd_of(to), new_path));
  return result_of(
      ::renameat(source.directory(), source.name(), target.directory(), target.name()));
}

Errno HostDirectory::link(const GuestPath& path, Directory& to, const GuestPath& new_path) {
  const wasi::Entry source = WRUN_WASI_TRY(resolver_.existing(fd_.get(), path, false));
  const wasi::Entry target = WRUN_WASI_TRY(resolver_.parent(fd_of(to), new_path));
  return result_of(
      ::linkat(source.directory(), source.name(), target.directory(), target.name(), 0));
}

}  // namespace wrun::wasi
