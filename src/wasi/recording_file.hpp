// The file that a run is recorded in: a magic number, then one stream of bytes, compressed with zstd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace wrun::wasi {

// Errors are kept until finish().
class RecordingWriter {
 public:
  // Replaces a file of that name.
  static Result<std::unique_ptr<RecordingWriter>> create(const std::string& path);
  ~RecordingWriter();

  void bytes(std::span<const std::byte> bytes);
  void text(std::string_view text);  // with its length
  template <class T>
  void number(T value) {
    bytes(std::as_bytes(std::span(&value, 1)));
  }
  Result<void> finish();

 private:
  struct Compressor;
  RecordingWriter(std::string path, UniqueFd file);
  enum class Flush : uint8_t { Some, All, End };
  void compress(Flush flush);
  void write(std::span<const std::byte> bytes);

  std::string path_;
  UniqueFd file_;
  std::unique_ptr<Compressor> compressor_;
  std::vector<std::byte> pending_;
  int error_ = 0;  // errno
};

// Nothing in a recording is trusted: sizes are believed as far as there are bytes.
class RecordingReader {
 public:
  static Result<std::unique_ptr<RecordingReader>> open(const std::string& path);
  ~RecordingReader();

  // False at the end of the recording, or where it is damaged.
  bool bytes(std::span<std::byte> out);
  bool text(std::string& out);
  template <class T>
  bool number(T& out) {
    return bytes(std::as_writable_bytes(std::span(&out, 1)));
  }

 private:
  struct Decompressor;
  explicit RecordingReader(UniqueFd file);
  bool refill();

  UniqueFd file_;
  std::unique_ptr<Decompressor> decompressor_;
  std::vector<std::byte> buffer_;
  size_t begin_ = 0, end_ = 0;  // of what is left in it
};

}  // namespace wrun::wasi
