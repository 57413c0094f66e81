#include "cli/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "cli/output.hpp"

namespace wrun::cli {
namespace {

// Devices and pipes are written to, not replaced.
bool is_replaceable(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode);
}

}  // namespace

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  if (path_ == "-") {
    fd_ = STDOUT_FILENO;
    return;
  }
  if (is_replaceable(path_)) temporary_ = fmt::format("{}.{}.tmp", path_, ::getpid());
  const std::string& name = temporary_.empty() ? path_ : temporary_;
  fd_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ >= 0) return;
  error_ = errno;
  temporary_.clear();
}

OutputFile::~OutputFile() {
  if (fd_ >= 0 && fd_ != STDOUT_FILENO) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

bool OutputFile::write(std::string_view bytes) {
  if (error_ == 0) error_ = write_all(fd_, bytes);
  return error_ == 0;
}

bool OutputFile::commit() {
  if (fd_ >= 0 && fd_ != STDOUT_FILENO && ::close(std::exchange(fd_, -1)) != 0 && error_ == 0)
    error_ = errno;
  if (error_ == 0 && !temporary_.empty()) {
    if (std::rename(temporary_.c_str(), path_.c_str()) == 0)
      temporary_.clear();
    else
      error_ = errno;
  }
  if (error_ == 0) return true;
  report_error(fmt::format("cannot write {}: {}", path_ == "-" ? "the output" : '`' + path_ + '`',
                           std::strerror(error_)));
  return false;
}

bool write_file(const std::string& path, std::string_view bytes) {
  OutputFile file(path);
  file.write(bytes);
  return file.commit();
}

}  // namespace wrun::cli
