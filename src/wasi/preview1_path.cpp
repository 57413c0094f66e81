// Calls that name a file by a path beneath a directory. What is done there is the directory's matter.
#include "wasi/preview1.hpp"
#include "wasi/stat.hpp"

namespace wrun::wasi {

// --- arguments ---

Errno Preview1::locate(Fd fd, GuestPtr path, GuestSize path_len, Access access, Place& out) {
  out.handle = WRUN_WASI_TRY(find_directory(fd));
  const std::byte* text = WRUN_WASI_TRY(bytes_at(path, path_len));
  WRUN_WASI_CHECK(out.path.assign({text, path_len}));
  if (access == Access::Change && out.handle->read_only) {
    wasi_.note_refused(RefusedPath::Reason::ReadOnly, *out.handle, out.path.view());
    return Errno::Perm;
  }
  return Errno::Success;
}

// Passes an error on to the guest. It gets EPERM for escapes, since most runtimes say so.
Errno Preview1::refused(const Place& place, Errno error) {
  if (error == Errno::Noent)
    wasi_.note_refused(RefusedPath::Reason::NotFound, *place.handle, place.path.view());
  if (error != Errno::Notcapable) return error;
  wasi_.note_refused(RefusedPath::Reason::OutsideOf, *place.handle, place.path.view());
  return Errno::Perm;
}

// The same for calls with two paths, one of which led out.
Errno Preview1::refused(const Place& from, const Place& to, Errno error) {
  if (error != Errno::Notcapable) return refused(from, error);
  const auto source = from.directory().metadata_of(from.path, false);
  return refused(!source && source.error() == Errno::Notcapable ? from : to, error);
}

// --- opening ---

Errno Preview1::path_open(Fd fd, uint32_t dirflags, GuestPtr path, GuestSize path_len,
                          uint32_t oflags, uint64_t rights_base, uint64_t, uint32_t fdflags,
                          GuestPtr opened_fd) {
  const OpenRequest request = {.readable = (rights_base & rights::kFdRead) != 0,
                               .writable = (rights_base & rights::kFdWrite) != 0,
                               .follow = (dirflags & lookupflags::kSymlinkFollow) != 0,
                               .oflags = oflags,
                               .fdflags = fdflags};
  const bool changes = request.writable || (oflags & (oflags::kCreat | oflags::kTrunc));
  Place place;
  WRUN_WASI_CHECK(locate(fd, path, path_len, changes ? Access::Change : Access::Look, place));
  std::byte* out = WRUN_WASI_TRY(bytes_at(opened_fd, sizeof(Fd)));
  if ((dirflags & ~lookupflags::kAll) || (oflags & ~oflags::kAll) || (fdflags & ~fdflags::kAll))
    return Errno::Inval;
  if ((oflags & oflags::kDirectory) && (oflags & ~oflags::kDirectory)) return Errno::Inval;

  auto opened = retry([&] { return place.directory().open(place.path, request); });
  if (!opened) return refused(place, opened.error());
  auto handle = std::make_unique<Handle>();
  handle->type = opened->type;
  handle->kind = handle->type == Filetype::Directory ? Handle::Kind::Directory : Handle::Kind::File;
  // Reading is what a directory is opened for, even without any right.
  handle->readable = request.readable || handle->kind == Handle::Kind::Directory;
  handle->writable = request.writable;
  handle->read_only = place.handle->read_only;
  handle->grant = place.handle->grant;
  handle->flags = fdflags;
  handle->file = std::move(opened->file);
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
  const bool follow = flags & lookupflags::kSymlinkFollow;
  const auto metadata = retry([&] { return place.directory().metadata_of(place.path, follow); });
  if (!metadata) return refused(place, metadata.error());
  store_filestat(kSnapshot, out, *metadata);
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
  const Times times = WRUN_WASI_TRY(times_to_set(atim, mtim, fst_flags));
  const bool follow = flags & lookupflags::kSymlinkFollow;
  return refused(place, place.directory().set_times_of(place.path, follow, times));
}

Errno Preview1::path_readlink(Fd fd, GuestPtr path, GuestSize path_len, GuestPtr buf,
                              GuestSize buf_len, GuestPtr bufused) {
  Place place;
  WRUN_WASI_CHECK(locate(fd, path, path_len, Access::Look, place));
  std::byte* out = WRUN_WASI_TRY(bytes_at(buf, buf_len));
  std::byte* used = WRUN_WASI_TRY(bytes_at(bufused, sizeof(GuestSize)));
  const auto size = place.directory().read_link(place.path, {out, buf_len});
  if (!size) return refused(place, size.error());
  store<GuestSize>(used, static_cast<GuestSize>(*size));
  return Errno::Success;
}

// --- directory entries ---

Errno Preview1::path_create_directory(Fd fd, GuestPtr path, GuestSize path_len) {
  Place place;
  WRUN_WASI_CHECK(locate(fd, path, path_len, Access::Change, place));
  return refused(place, place.directory().make_directory(place.path));
}

Errno Preview1::path_link(Fd old_fd, uint32_t old_flags, GuestPtr old_path, GuestSize old_path_len,
                          Fd new_fd, GuestPtr new_path, GuestSize new_path_len) {
  // The source counts as changed: through the new name it could be.
  Place from, to;
  WRUN_WASI_CHECK(locate(old_fd, old_path, old_path_len, Access::Change, from));
  WRUN_WASI_CHECK(locate(new_fd, new_path, new_path_len, Access::Change, to));
  if (old_flags != 0) return Errno::Inval;  // following is refused by all
  if (from.directory().volume() != to.directory().volume()) return Errno::Xdev;
  return refused(from, to, from.directory().link(from.path, to.directory(), to.path));
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
  return refused(place, place.directory().make_symlink(target, place.path));
}

Errno Preview1::path_rename(Fd fd, GuestPtr old_path, GuestSize old_path_len, Fd new_fd,
                            GuestPtr new_path, GuestSize new_path_len) {
  Place from, to;
  WRUN_WASI_CHECK(locate(fd, old_path, old_path_len, Access::Change, from));
  WRUN_WASI_CHECK(locate(new_fd, new_path, new_path_len, Access::Change, to));
  if (from.directory().volume() != to.directory().volume()) return Errno::Xdev;
  return refused(from, to, from.directory().rename(from.path, to.directory(), to.path));
}

Errno Preview1::path_remove_directory(Fd fd, GuestPtr path, GuestSize path_len) {
  Place place;
  WRUN_WASI_CHECK(locate(fd, path, path_len, Access::Change, place));
  return refused(place, place.directory().remove_directory(place.path));
}

Errno Preview1::path_unlink_file(Fd fd, GuestPtr path, GuestSize path_len) {
  Place place;
  WRUN_WASI_CHECK(locate(fd, path, path_len, Access::Change, place));
  return refused(place, place.directory().remove_file(place.path));
}

}  // namespace wrun::wasi
