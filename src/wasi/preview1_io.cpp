// Reading, writing, and where. Data moves between the host and guest memory without a copy.
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "wasi/iovec_batch.hpp"
#include "wasi/preview1.hpp"

namespace wrun::wasi {

bool IovecBatch::fill(const GuestMemory& memory, const std::byte* list, uint32_t count,
                      uint32_t* next, uint64_t max_bytes) {
  size_ = 0;
  bytes_ = 0;
  for (; *next < count && size_ < IOV_MAX && bytes_ < max_bytes; ++*next) {
    const std::byte* element = list + uint64_t{*next} * layout::kIovec;
    const auto length = load<GuestSize>(element + 4);
    if (length == 0) continue;
    std::byte* base = memory.at(load<GuestPtr>(element), length);
    if (!base) return false;
    const uint64_t taken = std::min<uint64_t>(length, max_bytes - bytes_);
    entries_[size_++] = {base, taken};
    bytes_ += taken;
  }
  return true;
}

// True once the descriptor is ready; false if it is not and `block` does not allow waiting.
Expected<bool> Preview1::wait_for(const Handle& handle, short events, bool block) {
  pollfd fd = {handle.file->host(), events, 0};
  if (fd.fd < 0) return true;
  for (;;) {
    const auto timeout = block ? std::nullopt : std::optional<uint64_t>(0);
    const Expected<uint32_t> ready = wasi_.effects().wait({&fd, 1}, timeout);
    if (ready) return *ready > 0;
    if (ready.error() != Errno::Intr) return std::unexpected(ready.error());
    if (store_.interrupted()) return std::unexpected(interrupted());
  }
}

Errno Preview1::read(Fd fd, GuestPtr iovs, GuestSize iovs_len, GuestPtr nread,
                     const uint64_t* offset) {
  const HandleRef handle = WRUN_WASI_TRY(find_file(fd));
  if (!handle->readable) return Errno::Badf;
  const std::byte* list = memory_.array(iovs, iovs_len, layout::kIovec);
  std::byte* out = memory_.at(nread, sizeof(GuestSize));
  if (!list || !out) return fault();

  IovecBatch batch;
  uint32_t next = 0;
  if (!batch.fill(memory_, list, iovs_len, &next)) return fault();
  uint64_t bytes = 0;
  if (batch.size() > 0)
    bytes = WRUN_WASI_TRY(
        transfer(*handle, POLLIN, [&] { return handle->file->read(batch.pieces(), offset); }));
  store<GuestSize>(out, static_cast<GuestSize>(bytes));
  return Errno::Success;
}

Errno Preview1::write(Fd fd, GuestPtr iovs, GuestSize iovs_len, GuestPtr nwritten,
                      const uint64_t* offset) {
  const HandleRef handle = WRUN_WASI_TRY(find_file(fd));
  if (!handle->writable) return Errno::Badf;
  const std::byte* list = memory_.array(iovs, iovs_len, layout::kIovec);
  std::byte* out = memory_.at(nwritten, sizeof(GuestSize));
  if (!list || !out) return fault();

  // A pipe that poll calls writable has room for this much and may block for more.
  const uint64_t limit = handle->emulates_nonblock() ? PIPE_BUF : IovecBatch::kMaxBytes;
  IovecBatch batch;
  uint64_t bytes = 0;
  for (uint32_t next = 0; next < iovs_len && bytes < limit;) {
    if (!batch.fill(memory_, list, iovs_len, &next, limit - bytes)) return fault();
    if (batch.size() == 0) break;
    const uint64_t at = offset ? *offset + bytes : 0;
    const Expected<uint64_t> written = transfer(*handle, POLLOUT, [&] {
      return handle->file->write(batch.pieces(), offset ? &at : nullptr);
    });
    // What was written counts; the next call will meet the error again.
    if (!written && bytes == 0) return written.error();
    bytes += written.value_or(0);
    if (written.value_or(0) < batch.bytes()) break;
  }
  store<GuestSize>(out, static_cast<GuestSize>(bytes));
  return Errno::Success;
}

Errno Preview1::fd_read(Fd fd, GuestPtr iovs, GuestSize iovs_len, GuestPtr nread) {
  return read(fd, iovs, iovs_len, nread, nullptr);
}

Errno Preview1::fd_write(Fd fd, GuestPtr iovs, GuestSize iovs_len, GuestPtr nwritten) {
  return write(fd, iovs, iovs_len, nwritten, nullptr);
}

Errno Preview1::fd_pread(Fd fd, GuestPtr iovs, GuestSize iovs_len, uint64_t offset,
                         GuestPtr nread) {
  WRUN_WASI_CHECK(check_offset(fd, offset));
  return read(fd, iovs, iovs_len, nread, &offset);
}

Errno Preview1::fd_pwrite(Fd fd, GuestPtr iovs, GuestSize iovs_len, uint64_t offset,
                          GuestPtr nwritten) {
  WRUN_WASI_CHECK(check_offset(fd, offset));
  return write(fd, iovs, iovs_len, nwritten, &offset);
}

// Whether the descriptor has positions, and this can be one.
Errno Preview1::check_offset(Fd fd, uint64_t offset) {
  const HandleRef handle = WRUN_WASI_TRY(find_file(fd));
  if (!handle->has_position()) return Errno::Spipe;
  return offset > INT64_MAX ? Errno::Inval : Errno::Success;
}

Errno Preview1::seek(Fd fd, int64_t offset, int whence, GuestPtr newoffset) {
  const HandleRef handle = WRUN_WASI_TRY(find_file(fd));
  std::byte* out = WRUN_WASI_TRY(bytes_at(newoffset, sizeof(uint64_t)));
  if (!handle->has_position()) return Errno::Spipe;
  store<uint64_t>(out, WRUN_WASI_TRY(handle->file->seek(offset, whence)));
  return Errno::Success;
}

template <Snapshot kSnapshot>
Errno Preview1::fd_seek(Fd fd, uint64_t offset, uint32_t whence, GuestPtr newoffset) {
  constexpr int kPreview1[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  constexpr int kUnstable[] = {SEEK_CUR, SEEK_END, SEEK_SET};
  if (whence > 2) return find(fd) ? Errno::Inval : Errno::Badf;
  return seek(fd, static_cast<int64_t>(offset),
              kSnapshot == Snapshot::Unstable ? kUnstable[whence] : kPreview1[whence], newoffset);
}

template Errno Preview1::fd_seek<Snapshot::Preview1>(Fd, uint64_t, uint32_t, GuestPtr);
template Errno Preview1::fd_seek<Snapshot::Unstable>(Fd, uint64_t, uint32_t, GuestPtr);

Errno Preview1::fd_tell(Fd fd, GuestPtr offset) { return seek(fd, 0, SEEK_CUR, offset); }

}  // namespace wrun::wasi
