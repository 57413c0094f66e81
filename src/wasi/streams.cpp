#include "wasi/streams.hpp"

#include <algorithm>
#include <cstring>

namespace wrun::wasi {

Expected<uint64_t> NullFile::write(std::span<const iovec> from, const uint64_t*) {
  uint64_t size = 0;
  for (const iovec& piece : from) size += piece.iov_len;
  return size;
}

Expected<uint64_t> InputBuffer::read(std::span<const iovec> into, const uint64_t*) {
  const std::lock_guard lock(reading_);
  uint64_t done = 0;
  for (const iovec& piece : into) {
    const size_t size = std::min(piece.iov_len, contents_.size() - position_);
    std::memcpy(piece.iov_base, contents_.data() + position_, size);
    position_ += size;
    done += size;
  }
  return done;
}

Expected<uint64_t> InputBuffer::write(std::span<const iovec>, const uint64_t*) {
  return std::unexpected(Errno::Badf);
}

Expected<uint64_t> OutputFile::read(std::span<const iovec>, const uint64_t*) {
  return std::unexpected(Errno::Badf);
}

Expected<uint64_t> OutputFile::write(std::span<const iovec> from, const uint64_t*) {
  const std::lock_guard lock(writing_);
  uint64_t done = 0;
  for (const iovec& piece : from) {
    sink_({static_cast<const std::byte*>(piece.iov_base), piece.iov_len});
    done += piece.iov_len;
  }
  return done;
}

}  // namespace wrun::wasi
