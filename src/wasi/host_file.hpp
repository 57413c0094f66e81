// Files, devices, streams and sockets of the host, by descriptor.
#pragma once

#include "base/unique_fd.hpp"
#include "wasi/file.hpp"

struct stat;

namespace wrun::wasi {

// The filetype of a mode as in stat(2); sockets are told apart by `fd`, if given.
Filetype filetype_of(uint32_t mode, int fd = -1);
Metadata metadata_of(const struct stat& status, int fd = -1);

class HostFile final : public File {
 public:
  explicit HostFile(UniqueFd fd) : fd_(std::move(fd)) {}

  Expected<uint64_t> read(std::span<const iovec> into, const uint64_t* offset) override;
  Expected<uint64_t> write(std::span<const iovec> from, const uint64_t* offset) override;
  Expected<uint64_t> seek(int64_t offset, int whence) override;
  Expected<Metadata> metadata() override;
  Errno set_times(const Times& times) override;
  Errno set_size(uint64_t size) override;
  Errno allocate(uint64_t offset, uint64_t size) override;
  Errno advise(uint64_t offset, uint64_t size, int advice) override;
  Errno sync(bool data_only) override;
  Errno set_flags(uint32_t flags) override;
  bool is_terminal() const override;
  int host() const override { return fd_.get(); }
  Errno close() override;

 private:
  UniqueFd fd_;
};

}  // namespace wrun::wasi
