// The contents of a file, read-only. Large regular files are mapped; small ones, and pipes and other
// streams, are read into memory.
//
// A mapping sees what happens to its file: if someone truncates the file meanwhile, touching the
// lost pages raises SIGBUS, which the process does not survive. Files up to kReadLimit are immune.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"

namespace wrun {

class MappedFile {
 public:
  static constexpr uint64_t kReadLimit = 64 << 10;

  // `path` "-" is the standard input. Errors are of kind Io and name the path and the reason.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path,
                                                        uint64_t maximum_bytes);

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

 private:
  MappedFile(std::byte* data, size_t size, bool mapped)
      : data_(data), size_(size), mapped_(mapped) {}

  std::byte* data_;
  size_t size_;
  bool mapped_;  // else from malloc
};

}  // namespace wrun
