// A directory of the host, and paths beneath it.
#pragma once

#include <mutex>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "wasi/directory_stream.hpp"
#include "wasi/file.hpp"

namespace wrun::wasi {

class HostDirectory final : public Directory {
 public:
  // The resolver outlives it.
  HostDirectory(PathResolver& resolver, UniqueFd fd)
      : resolver_(resolver), fd_(std::move(fd)), stream_(fd_.get()) {}

  Expected<Metadata> metadata() override;
  Errno set_times(const Times& times) override;
  Errno sync(bool data_only) override;
  int host() const override { return fd_.get(); }
  Errno close() override;

  Expected<std::optional<Entry>> entry_at(uint64_t cookie) override;
  Expected<Opened> open(const GuestPath& path, const OpenRequest& request) override;
  Expected<Metadata> metadata_of(const GuestPath& path, bool follow) override;
  Errno set_times_of(const GuestPath& path, bool follow, const Times& times) override;
  Expected<uint64_t> read_link(const GuestPath& path, std::span<std::byte> out) override;
  Errno make_directory(const GuestPath& path) override;
  Errno make_symlink(const GuestPath& target, const GuestPath& path) override;
  Errno remove_file(const GuestPath& path) override;
  Errno remove_directory(const GuestPath& path) override;
  Errno rename(const GuestPath& path, Directory& to, const GuestPath& new_path) override;
  Errno link(const GuestPath& path, Directory& to, const GuestPath& new_path) override;
  const void* volume() const override { return nullptr; }

 private:
  Errno unlink(const GuestPath& path, int flags);

  PathResolver& resolver_;
  UniqueFd fd_;
  DirectoryStream stream_;
};

}  // namespace wrun::wasi
