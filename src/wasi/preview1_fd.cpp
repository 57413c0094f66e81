// What can be done with a descriptor besides reading and writing.
#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "wasi/preview1.hpp"
#include "wasi/stat.hpp"

namespace wrun::wasi {
namespace {

Filetype stream_type(const Handle& handle) {
  return handle.file->is_terminal() ? Filetype::CharacterDevice : Filetype::Unknown;
}

bool is_stream(const Handle& handle) { return handle.kind == Handle::Kind::Stream; }

}  // namespace

// --- the descriptor itself ---

Errno Preview1::fd_close(Fd fd) { return wasi_.descriptors().close(fd); }

Errno Preview1::fd_renumber(Fd fd, Fd to) { return wasi_.descriptors().renumber(fd, to); }

Errno Preview1::fd_fdstat_get(Fd fd, GuestPtr fdstat) {
  const HandleRef handle = WRUN_WASI_TRY(find(fd));
  std::byte* out = WRUN_WASI_TRY(bytes_at(fdstat, layout::kFdstat));
  std::memset(out, 0, layout::kFdstat);
  store<Filetype>(out, is_stream(*handle) ? stream_type(*handle) : handle->type);
  store<uint16_t>(out + 2, static_cast<uint16_t>(handle->flags.load()));
  store<uint64_t>(out + 8, handle->rights_base());
  store<uint64_t>(out + 16, handle->rights_inheriting());
  return Errno::Success;
}

Errno Preview1::fd_fdstat_set_flags(Fd fd, uint32_t flags) {
  constexpr uint32_t kSettable = fdflags::kAppend | fdflags::kNonblock;
  const HandleRef handle = WRUN_WASI_TRY(find_file(fd));
  if ((flags ^ handle->flags) & ~kSettable) return Errno::Inval;
  if (!is_stream(*handle)) WRUN_WASI_CHECK(handle->file->set_flags(flags));
  handle->flags = flags;
  return Errno::Success;
}

// Rights are what a handle was opened for. Narrowing them is optional, and current practice is not
// to.
Errno Preview1::fd_fdstat_set_rights(Fd fd, uint64_t, uint64_t) {
  WRUN_WASI_TRY(find(fd));
  return Errno::Notsup;
}

Errno Preview1::fd_prestat_get(Fd fd, GuestPtr prestat) {
  const HandleRef handle = WRUN_WASI_TRY(find(fd));
  if (!handle->preopen_name) return Errno::Badf;
  std::byte* out = WRUN_WASI_TRY(bytes_at(prestat, layout::kPrestat));
  store<uint32_t>(out, kPreopentypeDir);
  store<GuestSize>(out + 4, static_cast<GuestSize>(handle->preopen_name->size()));
  return Errno::Success;
}

Errno Preview1::fd_prestat_dir_name(Fd fd, GuestPtr path, GuestSize path_len) {
  const HandleRef handle = WRUN_WASI_TRY(find(fd));
  if (!handle->preopen_name) return Errno::Badf;
  const std::string& name = *handle->preopen_name;
  if (path_len < name.size()) return Errno::Nametoolong;
  std::byte* out = WRUN_WASI_TRY(bytes_at(path, name.size()));
  std::memcpy(out, name.data(), name.size());
  return Errno::Success;
}

// --- metadata ---

template <Snapshot kSnapshot>
Errno Preview1::fd_filestat_get(Fd fd, GuestPtr filestat) {
  const HandleRef handle = WRUN_WASI_TRY(find(fd));
  std::byte* out = WRUN_WASI_TRY(bytes_at(filestat, layout::filestat_size(kSnapshot)));
  Metadata metadata;
  if (is_stream(*handle))
    metadata.type =
        stream_type(*handle);  // and no more: which file it is, is not the guest's to know
  else
    metadata = WRUN_WASI_TRY(handle->file->metadata());
  store_filestat(kSnapshot, out, metadata);
  return Errno::Success;
}

template Errno Preview1::fd_filestat_get<Snapshot::Preview1>(Fd, GuestPtr);
template Errno Preview1::fd_filestat_get<Snapshot::Unstable>(Fd, GuestPtr);

Errno Preview1::fd_filestat_set_size(Fd fd, uint64_t size) {
  const HandleRef handle = WRUN_WASI_TRY(find_file(fd));
  if (handle->kind != Handle::Kind::File) return Errno::Inval;
  if (handle->read_only) return Errno::Perm;
  return retry([&] { return handle->file->set_size(size); });
}

Errno Preview1::fd_filestat_set_times(Fd fd, uint64_t atim, uint64_t mtim, uint32_t fst_flags) {
  const HandleRef handle = WRUN_WASI_TRY(find(fd));
  if (is_stream(*handle)) return Errno::Badf;
  const Times times = WRUN_WASI_TRY(times_to_set(atim, mtim, fst_flags));
  if (handle->read_only) return Errno::Perm;
  return handle->file->set_times(times);
}

// --- contents as a whole ---

Errno Preview1::fd_advise(Fd fd, uint64_t offset, uint64_t len, uint32_t advice) {
  constexpr int kAdvice[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                             POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  const HandleRef handle = WRUN_WASI_TRY(find_file(fd));
  if (advice >= std::size(kAdvice) || offset > INT64_MAX || len > INT64_MAX) return Errno::Inval;
  return handle->file->advise(offset, len, kAdvice[advice]);
}

Errno Preview1::fd_allocate(Fd fd, uint64_t offset, uint64_t len) {
  const HandleRef handle = WRUN_WASI_TRY(find_file(fd));
  if (!handle->writable) return Errno::Badf;
  if (offset > INT64_MAX || len > INT64_MAX) return Errno::Fbig;
  return retry([&] { return handle->file->allocate(offset, len); });
}

Errno Preview1::fd_datasync(Fd fd) {
  const HandleRef handle = WRUN_WASI_TRY(find(fd));
  return retry([&] { return handle->file->sync(true); });
}

Errno Preview1::fd_sync(Fd fd) {
  const HandleRef handle = WRUN_WASI_TRY(find(fd));
  return retry([&] { return handle->file->sync(false); });
}

// --- directories ---

Errno Preview1::fd_readdir(Fd fd, GuestPtr buf, GuestSize buf_len, uint64_t cookie,
                           GuestPtr bufused) {
  const HandleRef handle = WRUN_WASI_TRY(find_directory(fd));
  if (!handle->readable) return Errno::Badf;
  std::byte* out = memory_.at(buf, buf_len);
  std::byte* used_out = memory_.at(bufused, sizeof(GuestSize));
  if (!out || !used_out) return fault();
  const std::lock_guard lock(handle->reading_directory);

  // A full buffer says that there is more; the entry that does not fit is cut.
  GuestSize used = 0;
  const auto append = [&](const void* bytes, size_t size) {
    const size_t fits = std::min<size_t>(size, buf_len - used);
    std::memcpy(out + used, bytes, fits);
    used += static_cast<GuestSize>(fits);
  };
  while (used < buf_len) {
    const auto entry = WRUN_WASI_TRY(handle->directory().entry_at(cookie));
    if (!entry) break;
    cookie = entry->next;
    std::byte dirent[layout::kDirent] = {};
    store<uint64_t>(dirent, cookie);
    store<uint64_t>(dirent + 8, entry->inode);
    store<uint32_t>(dirent + 16, static_cast<uint32_t>(entry->name.size()));
    store<Filetype>(dirent + 20, entry->type);
    append(dirent, sizeof dirent);
    append(entry->name.data(), entry->name.size());
  }
  store<GuestSize>(used_out, used);
  return Errno::Success;
}

}  // namespace wrun::wasi
