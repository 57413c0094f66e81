// Calls that name a file by a path beneath a directory. How paths are resolved is path.hpp's matter.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wasi/preview1.hpp"
#include "wasi/stat.hpp"

namespace wrun::wasi {

// --- arguments ---

Errno Preview1::locate(Fd fd, GuestPtr path, GuestSize path_len, Access access, Place& out) {
  out.directory = WRUN_WASI_TRY(find_directory(fd));
  const std::byte* text = WRUN_WASI_TRY(bytes_at(path, path_len));
  WRUN_WASI_CHECK(out.path.assign({text, path_len}));
  if (access == Access::Change && out.directory->read_only) {
    wasi_.note_refused(RefusedPath::Reason::ReadOnly, *out.directory, out.path.view());
    return Errno::Perm;
  }
  return Errno::Success;
}

// Passes an error on to the guest. It gets EPERM for escapes, since most runtimes say so.
Errno Preview1::refused(const Place& place, Errno error) {
  if (error == Errno::Noent)
    wasi_.note_refused(RefusedPath::Reason::NotFound, *place.directory, place.path.view());
  if (error != Errno::Notcapable) return error;
  wasi_.note_refused(RefusedPath::Reason::OutsideOf, *place.directory, place.path.view());
  return Errno::Perm;
}

Expected<Entry> Preview1::parent_of(const Place& place) {
  auto entry = wasi_.resolver().parent(place.directory->host.get(), place.path);
  if (!entry) return std::unexpected(refused(place, entry.error()));
  return entry;
}

Expected<Entry> Preview1::existing_at(const Place& place, bool follow) {
  auto entry = wasi_.resolver().existing(place.directory->host.get(), place.path, follow);
  if (!entry) return std::unexpected(refused(place, entry.error()));
  return entry;
}

Expected<UniqueFd> Preview1::open_at(const Place& place, int flags, mode_t mode) {
  for (;;) {
    auto fd = wasi_.resolver().open(place.directory->host.get(), place.path, flags, mode);
    if (fd) return fd;
    if (fd.error() != Errno::Intr) return std::unexpected(refused(place, fd.error()));
    if (store_.interrupted()) return std::unexpected(interrupted());
  }
}

// --- opening ---

namespace {

int access_mode(bool readable, bool writable) {
  if (readable && writable) return O_RDWR;
  return writable ? O_WRONLY : O_RDONLY;  // there is no mode for neither
}

int host_flags(uint32_t oflags, uint32_t fdflags) {
  int flags = 0;
  if (oflags & oflags::kCreat) flags |= O_CREAT;
  if (oflags & oflags::kDirectory) flags |= O_DIRECTORY;
  if (oflags & oflags::kExcl) flags |= O_EXCL;
  if (oflags & oflags::kTrunc) flags |= O_TRUNC;
  if (fdflags & fdflags::kAppend) flags |= O_APPEND;
  if (fdflags & fdflags::kDsync) flags |= O_DSYNC;
  if (fdflags & fdflags::kRsync) flags |= O_RSYNC;
  if (fdflags & fdflags::kSync) flags |= O_SYNC;
  return flags;
}

// Files are opened without blocking, since a FIFO would wait for its other end. Where it matters
// afterwards, the descriptor gets the mode that was asked for.
Errno restore_blocking(int fd, Filetype type, uint32_t fdflags) {
  if (type == Filetype::RegularFile || type == Filetype::Directory) return Errno::Success;
  if (fdflags & fdflags::kNonblock) return Errno::Success;
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) return from_host(errno);
  return Errno::Success;
}

}  // namespace

Errno Preview1::path_open(Fd fd, uint32_t dirflags, GuestPtr path, GuestSize path_len,
                          uint32_t oflags, uint64_t rights_base, uint64_t, uint32_t fdflags,
                          GuestPtr opened_fd) {
  const bool readable = rights_base & rights::kFdRead;
  const bool writable = rights_base & rights::kFdWrite;
  const bool changes = writable || (oflags & (oflags::kCreat | oflags::kTrunc));
  Place place;
  WRUN_WASI_CHECK(locate(fd, path, path_len, changes ? Access::Change : Access::Look, place));
  std::byte* out = WRUN_WASI_TRY(bytes_at(opened_fd, sizeof(Fd)));
  if ((dirflags & ~lookupflags::kAll) || (oflags & ~oflags::kAll) || (fdflags & ~fdflags::kAll))
    return Errno::Inval;
  if ((oflags & oflags::kDirectory) && (oflags & ~oflags::kDirectory)) return Errno::Inval;

  int flags = access_mode(readable, writable) | host_flags(oflags, fdflags) | O_NONBLOCK | O_NOCTTY;
  if (!(dirflags & lookupflags::kSymlinkFollow)) flags |= O_NOFOLLOW;
  auto handle = std::make_unique<Handle>();
  handle->host = WRUN_WASI_TRY(open_at(place, flags, 0666));
  struct stat status;
  if (::fstat(handle->host.get(), &status) != 0) return from_host(errno);
  handle->type = filetype_of(status.st_mode);
  handle->kind = handle->type == Filetype::Directory ? Handle::Kind::Directory : Handle::Kind::File;
  // Reading is what a directory is opened for, even without any right.
  handle->readable = readable || handle->kind == Handle::Kind::Directory;
  handle->writable = writable;
  handle->read_only = place.directory->read_only;
  handle->grant = place.directory->grant;
  handle->flags = fdflags;
  WRUN_WASI_CHECK(restore_blocking(handle->host.get(), handle->type, fdflags));

  store<Fd>(out, WRUN_WASI_TRY(wasi_.descriptors().insert(std::move(handle))));
  return Errno::Success;
}

// --- metadata ---

template <Snapshot kSnapshot>
Errno Preview1::path_filestat_get(Fd fd, uint32_t flags, GuestPtr path, GuestSize path_len,
                                  GuestPtr filestat) {
  Place place;
  WRUN_WASI_CHECK(locate(fd, path, path_len, Access::Look, place));
  std::byte* out = WRUN_WASI_TRY(bytes_at(filestat, layout::filestat_size(kSnapshot)));
  if (flags & ~lookupflags::kAll) return Errno::Inval;

  struct stat status;
  const Entry entry = WRUN_WASI_TRY(existing_at(place, false));
  if (::fstatat(entry.directory(), entry.name(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return refused(place, from_host(errno));
  if (S_ISLNK(status.st_mode) && (flags & lookupflags::kSymlinkFollow)) {
    const UniqueFd target = WRUN_WASI_TRY(open_at(place, O_PATH, 0));
    if (::fstat(target.get(), &status) != 0) return from_host(errno);
  }
  store_filestat(kSnapshot, out, status, filetype_of(status.st_mode));
  return Errno::Success;
}

template Errno Preview1::path_filestat_get<Snapshot::Preview1>(Fd, uint32_t, GuestPtr, GuestSize,
                                                               GuestPtr);
template Errno Preview1::path_filestat_get<Snapshot::Unstable>(Fd, uint32_t, GuestPtr, GuestSize,
                                                               GuestPtr);

Errno Preview1::path_filestat_set_times(Fd fd, uint32_t flags, GuestPtr path, GuestSize path_len,
                                        uint64_t atim, uint64_t mtim, uint32_t fst_flags) {
  Place place;
  WRUN_WASI_CHECK(locate(fd, path, path_len, Access::Change, place));
  if (flags & ~lookupflags::kAll) return Errno::Inval;
  const auto times = WRUN_WASI_TRY(times_to_set(atim, mtim, fst_flags));
  const Entry entry = WRUN_WASI_TRY(existing_at(place, flags & lookupflags::kSymlinkFollow));
  if (::utimensat(entry.directory(), entry.name(), times.data(), AT_SYMLINK_NOFOLLOW) != 0)
    return refused(place, from_host(errno));
  return Errno::Success;
}

Errno Preview1::path_readlink(Fd fd, GuestPtr path, GuestSize path_len, GuestPtr buf,
                              GuestSize buf_len, GuestPtr bufused) {
  Place place;
  WRUN_WASI_CHECK(locate(fd, path, path_len, Access::Look, place));
  std::byte* out = WRUN_WASI_TRY(bytes_at(buf, buf_len));
  std::byte* used = WRUN_WASI_TRY(bytes_at(bufused, sizeof(GuestSize)));
  const Entry entry = WRUN_WASI_TRY(existing_at(place, false));
  std::byte nothing;  // readlinkat wants a buffer even to look whether it is a link
  const ssize_t size = ::readlinkat(entry.directory(), entry.name(),
                                    reinterpret_cast<char*>(buf_len > 0 ? out : &nothing),
                                    buf_len > 0 ? buf_len : 1);
  if (size < 0) return refused(place, from_host(errno));
  store<GuestSize>(used, buf_len > 0 ? static_cast<GuestSize>(size) : 0);
  return Errno::Success;
}

// --- directory entries ---

Errno Preview1::path_create_directory(Fd fd, GuestPtr path, GuestSize path_len) {
  Place place;
  WRUN_WASI_CHECK(locate(fd, path, path_len, Access::Change, place));
  const Entry entry = WRUN_WASI_TRY(parent_of(place));
  if (::mkdirat(entry.directory(), entry.name(), 0777) != 0) return from_host(errno);
  return Errno::Success;
}

Errno Preview1::path_link(Fd old_fd, uint32_t old_flags, GuestPtr old_path, GuestSize old_path_len,
                          Fd new_fd, GuestPtr new_path, GuestSize new_path_len) {
  // The source counts as changed: through the new name it could be.
  Place from, to;
  WRUN_WASI_CHECK(locate(old_fd, old_path, old_path_len, Access::Change, from));
  WRUN_WASI_CHECK(locate(new_fd, new_path, new_path_len, Access::Change, to));
  if (old_flags != 0) return Errno::Inval;  // following is refused by all
  const Entry source = WRUN_WASI_TRY(existing_at(from, false));
  const Entry target = WRUN_WASI_TRY(parent_of(to));
  if (::linkat(source.directory(), source.name(), target.directory(), target.name(), 0) != 0)
    return from_host(errno);
  return Errno::Success;
}

Errno Preview1::path_symlink(GuestPtr old_path, GuestSize old_path_len, Fd fd, GuestPtr new_path,
                             GuestSize new_path_len) {
  Place place;
  WRUN_WASI_CHECK(locate(fd, new_path, new_path_len, Access::Change, place));
  const std::byte* text = WRUN_WASI_TRY(bytes_at(old_path, old_path_len));
  GuestPath target;
  WRUN_WASI_CHECK(target.assign({text, old_path_len}));
  // It could never be followed, but would mislead other programs.
  if (target.view().starts_with('/')) return Errno::Perm;
  const Entry entry = WRUN_WASI_TRY(parent_of(place));
  if (::symlinkat(target.c_str(), entry.directory(), entry.name()) == 0) return Errno::Success;
  // For `file/` the kernel says EEXIST.
  const Errno error = from_host(errno);
  if (error != Errno::Exist || !entry.name_view().ends_with('/')) return error;
  const Expected<Entry> directory = existing_at(place, false);
  return directory ? error : directory.error();
}

Errno Preview1::path_rename(Fd fd, GuestPtr old_path, GuestSize old_path_len, Fd new_fd,
                            GuestPtr new_path, GuestSize new_path_len) {
  Place from, to;
  WRUN_WASI_CHECK(locate(fd, old_path, old_path_len, Access::Change, from));
  WRUN_WASI_CHECK(locate(new_fd, new_path, new_path_len, Access::Change, to));
  const Entry source = WRUN_WASI_TRY(parent_of(from));
  const Entry target = WRUN_WASI_TRY(parent_of(to));
  if (::renameat(source.directory(), source.name(), target.directory(), target.name()) != 0)
    return refused(from, from_host(errno));
  return Errno::Success;
}

Errno Preview1::unlink(Fd fd, GuestPtr path, GuestSize path_len, int flags) {
  Place place;
  WRUN_WASI_CHECK(locate(fd, path, path_len, Access::Change, place));
  const Entry entry = WRUN_WASI_TRY(parent_of(place));
  if (::unlinkat(entry.directory(), entry.name(), flags) != 0)
    return refused(place, from_host(errno));
  return Errno::Success;
}

Errno Preview1::path_remove_directory(Fd fd, GuestPtr path, GuestSize path_len) {
  return unlink(fd, path, path_len, AT_REMOVEDIR);
}

Errno Preview1::path_unlink_file(Fd fd, GuestPtr path, GuestSize path_len) {
  return unlink(fd, path, path_len, 0);
}

}  // namespace wrun::wasi
