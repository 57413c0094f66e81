#include "wasi/handles.hpp"

#include <algorithm>
#include <utility>

#include "wasi/host_file.hpp"

namespace wrun::wasi {
namespace {

// Many programs check that a directory they are granted has these.
constexpr uint64_t kPreopenBase =
    rights::kPathCreateDirectory | rights::kPathCreateFile | rights::kPathLinkSource |
    rights::kPathLinkTarget | rights::kPathOpen | rights::kFdReaddir | rights::kPathReadlink |
    rights::kPathRenameSource | rights::kPathRenameTarget | rights::kPathSymlink |
    rights::kPathRemoveDirectory | rights::kPathUnlinkFile | rights::kPathFilestatGet |
    rights::kPathFilestatSetTimes | rights::kFdFilestatGet | rights::kFdFilestatSetTimes;
constexpr uint64_t kPreopenInheriting =
    kPreopenBase | rights::kFdDatasync | rights::kFdRead | rights::kFdSeek |
    rights::kFdFdstatSetFlags | rights::kFdSync | rights::kFdTell | rights::kFdWrite |
    rights::kFdAdvise | rights::kFdAllocate | rights::kFdFilestatSetSize | rights::kPollFdReadwrite;
constexpr uint64_t kDirectory =
    rights::kAll & ~(rights::kFdSeek | rights::kFdFilestatSetSize | rights::kPathFilestatSetSize);

}  // namespace

std::unique_ptr<Handle> Handle::stream(std::unique_ptr<File> file, bool readable) {
  auto handle = std::make_unique<Handle>();
  handle->kind = Kind::Stream;
  handle->readable = readable;
  handle->writable = !readable;
  handle->file = std::move(file);
  return handle;
}

std::unique_ptr<Handle> Handle::preopen(std::unique_ptr<Directory> directory,
                                        std::string guest_name, bool read_only) {
  auto handle = std::make_unique<Handle>();
  handle->kind = Kind::Directory;
  handle->type = Filetype::Directory;
  handle->readable = true;
  handle->read_only = read_only;
  handle->file = std::move(directory);
  handle->preopen_name = std::move(guest_name);
  return handle;
}

std::unique_ptr<Handle> Handle::socket(UniqueFd host, uint32_t flags) {
  auto handle = std::make_unique<Handle>();
  handle->kind = Kind::Socket;
  handle->type = Filetype::SocketStream;
  handle->readable = handle->writable = true;
  handle->flags = flags;
  handle->file = std::make_unique<HostFile>(std::move(host));
  return handle;
}

uint64_t Handle::rights_base() const {
  // Exactly one right: isatty() of wasi-libc wants streams without seeking.
  if (kind == Kind::Stream) return readable ? rights::kFdRead : rights::kFdWrite;
  if (preopen_name) return kPreopenBase;
  uint64_t result = kind == Kind::Directory ? kDirectory : rights::kAll;
  if (!readable) result &= ~(rights::kFdRead | rights::kFdReaddir);
  if (!writable) result &= ~rights::kFdWrite;
  return result;
}

uint64_t Handle::rights_inheriting() const {
  return preopen_name ? kPreopenInheriting : rights_base();
}

HandleRef FdTable::find(Fd fd) const {
  const std::lock_guard lock(mutex_);
  return fd < slots_.size() ? slots_[fd] : nullptr;
}

Expected<Fd> FdTable::insert(std::unique_ptr<Handle> handle) {
  const std::lock_guard lock(mutex_);
  Fd fd = lowest_free_;
  while (is_open(fd)) ++fd;
  if (fd >= limit_) return std::unexpected(Errno::Mfile);
  if (fd == slots_.size()) slots_.emplace_back();
  slots_[fd] = std::move(handle);
  lowest_free_ = fd + 1;
  return fd;
}

Errno FdTable::close(Fd fd) {
  HandleRef handle;
  {
    const std::lock_guard lock(mutex_);
    if (!is_open(fd)) return Errno::Badf;
    handle = std::move(slots_[fd]);
    lowest_free_ = std::min(lowest_free_, fd);
  }
  if (handle.use_count() > 1) return Errno::Success;
  return handle->file->close();
}

Errno FdTable::renumber(Fd from, Fd to) {
  HandleRef closed;  // outside of the lock, since closing may take its time
  const std::lock_guard lock(mutex_);
  if (!is_open(from) || !is_open(to)) return Errno::Badf;
  if (from == to) return Errno::Success;
  closed = std::exchange(slots_[to], std::move(slots_[from]));
  lowest_free_ = std::min(lowest_free_, from);
  return Errno::Success;
}

std::optional<Fd> FdTable::find_opened() const {
  const std::lock_guard lock(mutex_);
  for (Fd fd = 0; fd < slots_.size(); ++fd) {
    if (slots_[fd] == nullptr) continue;
    const Handle& handle = *slots_[fd];
    if (handle.has_position() && !handle.preopen_name) return fd;
  }
  return std::nullopt;
}

}  // namespace wrun::wasi
