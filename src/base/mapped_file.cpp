#include "base/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace wrun {
namespace {

std::unexpected<Error> io_failure(const std::string& path, const char* reason) {
  return fail(Error::Kind::Io, "cannot read '" + path + "': " + reason);
}

std::unexpected<Error> too_large(const std::string& path, uint64_t maximum_bytes) {
  return fail(Error::Kind::Io, "cannot read '" + path + "': larger than the limit of " +
                                   std::to_string(maximum_bytes) + " bytes");
}

// A malloc'ed buffer that a stream is read into.
struct Buffer {
  std::byte* data = nullptr;
  size_t size = 0;
  size_t capacity = 0;

  ~Buffer() { std::free(data); }
  bool make_room() {
    if (size < capacity) return true;
    return reserve(std::max<size_t>(capacity * 2, 16 << 10));
  }
  bool reserve(size_t wanted) {
    void* moved = std::realloc(data, wanted);
    if (moved == nullptr) return false;
    data = static_cast<std::byte*>(moved);
    capacity = wanted;
    return true;
  }
  std::byte* release() { return std::exchange(data, nullptr); }
};

Result<void> read_all(int fd, const std::string& path, uint64_t maximum_bytes, Buffer& buffer) {
  while (true) {
    if (!buffer.make_room()) return io_failure(path, std::strerror(ENOMEM));
    const ssize_t count = ::read(fd, buffer.data + buffer.size, buffer.capacity - buffer.size);
    if (count < 0) {
      if (errno == EINTR) continue;
      return io_failure(path, std::strerror(errno));
    }
    if (count == 0) return {};
    buffer.size += static_cast<size_t>(count);
    if (buffer.size > maximum_bytes) return too_large(path, maximum_bytes);
  }
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path,
                                                           uint64_t maximum_bytes,
                                                           StaysOpen* stays_open) {
  UniqueFd file = path == "-" ? UniqueFd::borrow(STDIN_FILENO)
                              : UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0) return io_failure(path, std::strerror(errno));
  auto mapped = WRUN_TRY(map_or_read(std::move(file), status, path, maximum_bytes));
  if (!mapped->file_.is_owned() || stays_open == nullptr || !stays_open(mapped->bytes()))
    mapped->file_.close();
  return mapped;
}

Result<std::shared_ptr<const MappedFile>> MappedFile::of(UniqueFd file, const struct stat& status) {
  return map_or_read(std::move(file), status, "a file", UINT64_MAX);
}

Result<std::shared_ptr<MappedFile>> MappedFile::map_or_read(UniqueFd file,
                                                            const struct stat& status,
                                                            const std::string& path,
                                                            uint64_t maximum_bytes) {
  if (S_ISDIR(status.st_mode)) return io_failure(path, std::strerror(EISDIR));

  const uint64_t size = S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0;
  if (size > maximum_bytes) return too_large(path, maximum_bytes);
  std::shared_ptr<MappedFile> mapped(new MappedFile(std::move(file), status));
  // The standard input may be a file whose beginning was consumed already: never map that.
  if (size > kReadLimit && mapped->file_.is_owned()) {
    void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, mapped->descriptor(), 0);
    if (data == MAP_FAILED) return io_failure(path, std::strerror(errno));
    mapped->data_ = static_cast<std::byte*>(data);
    mapped->size_ = size;
    mapped->mapped_ = true;
    return mapped;
  }

  Buffer buffer;
  // One more than is expected, to see that there is no more.
  if (size != 0 && size <= kReadLimit && !buffer.reserve(size + 1))
    return io_failure(path, std::strerror(ENOMEM));
  WRUN_CHECK_OK(read_all(mapped->descriptor(), path, maximum_bytes, buffer));
  mapped->size_ = buffer.size;
  mapped->data_ = buffer.release();
  return mapped;
}

MappedFile::~MappedFile() {
  if (mapped_)
    munmap(data_, size_);
  else
    std::free(data_);
}

}  // namespace wrun
