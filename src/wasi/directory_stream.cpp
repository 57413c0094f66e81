#include "wasi/directory_stream.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "wasi/host_file.hpp"

namespace wrun::wasi {

Expected<std::optional<DirectoryStream::Entry>> DirectoryStream::at(uint64_t ordinal) {
  if (ordinal == 0 || chunks_.empty()) WRUN_WASI_CHECK(rewind());
  if (ordinal == 0) return own_entry(".");
  // Its inode is not ours to tell: what is above may not have been granted.
  if (ordinal == 1) return own_entry("..");
  if (ordinal < first_ordinal_) WRUN_WASI_CHECK(go_back(ordinal));
  while (ordinal - first_ordinal_ >= offsets_.size())
    if (!WRUN_WASI_TRY(read_on())) return std::nullopt;

  const auto* host =
      reinterpret_cast<const dirent64*>(&buffer_[offsets_[ordinal - first_ordinal_]]);
  return Entry{host->d_ino, type_of(host->d_name, host->d_type), host->d_name};
}

Errno DirectoryStream::rewind() {
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(kBufferBytes);
  if (::lseek(directory_, 0, SEEK_SET) < 0) return from_host(errno);
  chunks_ = {
      {kFirstHostOrdinal, 0}
  };
  first_ordinal_ = kFirstHostOrdinal;
  end_position_ = 0;
  offsets_.clear();
  return Errno::Success;
}

Errno DirectoryStream::go_back(uint64_t ordinal) {
  while (chunks_.back().first_ordinal > ordinal) chunks_.pop_back();
  const Chunk chunk = chunks_.back();
  if (::lseek(directory_, chunk.position, SEEK_SET) < 0) return from_host(errno);
  first_ordinal_ = chunk.first_ordinal;
  end_position_ = chunk.position;
  offsets_.clear();
  return Errno::Success;
}

Expected<bool> DirectoryStream::read_on() {
  const Chunk chunk = {first_ordinal_ + offsets_.size(), end_position_};
  const ssize_t size = ::getdents64(directory_, buffer_.get(), kBufferBytes);
  if (size < 0 && errno != ENOENT) return std::unexpected(from_host(errno));
  if (size <= 0) return false;  // ENOENT: the directory itself was removed

  offsets_.clear();
  for (ssize_t offset = 0; offset < size;) {
    const auto* host = reinterpret_cast<const dirent64*>(&buffer_[static_cast<size_t>(offset)]);
    const std::string_view name = host->d_name;
    if (name != "." && name != "..") offsets_.push_back(static_cast<uint16_t>(offset));
    end_position_ = host->d_off;
    offset += host->d_reclen;
  }
  first_ordinal_ = chunk.first_ordinal;
  if (chunks_.back().first_ordinal < first_ordinal_) chunks_.push_back(chunk);
  return true;
}

Expected<std::optional<DirectoryStream::Entry>> DirectoryStream::own_entry(std::string_view name) {
  struct stat status;
  if (::fstat(directory_, &status) != 0) return std::unexpected(from_host(errno));
  return Entry{status.st_ino, Filetype::Directory, name};
}

Filetype DirectoryStream::type_of(const char* name, unsigned char host_type) {
  if (host_type != DT_UNKNOWN) return filetype_of(DTTOIF(host_type));
  struct stat status;
  if (::fstatat(directory_, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return Filetype::Unknown;
  return filetype_of(status.st_mode);
}

}  // namespace wrun::wasi
