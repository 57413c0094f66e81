// Standard streams that are not the host's.
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "wasi/file.hpp"

namespace wrun::wasi {

// Empty to read, bottomless to write.
class NullFile final : public File {
 public:
  Expected<uint64_t> read(std::span<const iovec>, const uint64_t*) override { return 0; }
  Expected<uint64_t> write(std::span<const iovec> from, const uint64_t*) override;
};

// Gives what is in a string, once.
class InputBuffer final : public File {
 public:
  explicit InputBuffer(std::string contents) : contents_(std::move(contents)) {}
  Expected<uint64_t> read(std::span<const iovec> into, const uint64_t*) override;
  Expected<uint64_t> write(std::span<const iovec>, const uint64_t*) override;

 private:
  std::mutex reading_;  // guards position_
  std::string contents_;
  size_t position_ = 0;
};

// Hands what is written to a function of the embedder's, one call at a time.
using OutputSink = std::function<void(std::span<const std::byte>)>;

class OutputFile final : public File {
 public:
  explicit OutputFile(OutputSink sink) : sink_(std::move(sink)) {}
  Expected<uint64_t> read(std::span<const iovec>, const uint64_t*) override;
  Expected<uint64_t> write(std::span<const iovec> from, const uint64_t*) override;

 private:
  std::mutex writing_;
  OutputSink sink_;
};

}  // namespace wrun::wasi
