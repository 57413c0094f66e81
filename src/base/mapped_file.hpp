// The contents of a file, read-only. Large regular files are mapped; small ones, and pipes and other
// streams, are read into memory.
//
// A mapping sees what happens to its file: if someone truncates the file meanwhile, touching the
// lost pages raises SIGBUS, which the process does not survive. Files up to kReadLimit are immune.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace wrun {

class MappedFile {
 public:
  static constexpr uint64_t kReadLimit = 64 << 10;

  // Whether a file with such contents stays open, to be mapped in other ways.
  using StaysOpen = bool(std::span<const std::byte> contents);

  // `path` "-" is the standard input. Errors are of kind Io and name the path and the reason.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path,
                                                        uint64_t maximum_bytes,
                                                        StaysOpen* stays_open = nullptr);
  // Of a file that is open and stays so; `status` is its.
  static Result<std::shared_ptr<const MappedFile>> of(UniqueFd file, const struct stat& status);

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  // When it was opened.
  const struct stat& status() const { return status_; }
  // -1: it is closed.
  int descriptor() const { return file_.get(); }

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

 private:
  MappedFile(UniqueFd file, const struct stat& status) : file_(std::move(file)), status_(status) {}
  static Result<std::shared_ptr<MappedFile>> map_or_read(UniqueFd file, const struct stat& status,
                                                         const std::string& path,
                                                         uint64_t maximum_bytes);

  UniqueFd file_;
  const struct stat status_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  bool mapped_ = false;  // else from malloc
};

}  // namespace wrun
