// A file descriptor of the host and whether closing it is our business; and writing to one.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <span>
#include <utility>

namespace wrun {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd), owned_(fd >= 0) {}
  // Standard streams stay open for the host when a guest closes them.
  static UniqueFd borrow(int fd) {
    UniqueFd result;
    result.fd_ = fd;
    return result;
  }
  UniqueFd(UniqueFd&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), owned_(std::exchange(other.owned_, false)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    owned_ = std::exchange(other.owned_, false);
    return *this;
  }
  ~UniqueFd() { close(); }

  int get() const { return fd_; }
  bool is_owned() const { return owned_; }
  explicit operator bool() const { return fd_ >= 0; }
  // 0 or -1 with errno, as close(2). On Linux the descriptor is gone either way.
  int close() {
    const int fd = std::exchange(fd_, -1);
    return std::exchange(owned_, false) ? ::close(fd) : 0;
  }

 private:
  int fd_ = -1;
  bool owned_ = false;
};

// Numbers 0 to 2 may be free when the host process was started without standard streams. Nothing a
// guest opens may land there, or messages of the host would end up in its files.
inline UniqueFd keep_off_standard_streams(int fd) {
  if (fd > 2 || fd < 0) [[likely]]
    return UniqueFd(fd);
  UniqueFd low(fd);
  return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

// Waits where the descriptor would not. 0, or errno.
int write_all(int fd, std::span<const std::byte> bytes);

}  // namespace wrun
