#include "wasi/recording_file.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/printable.hpp"

namespace wrun::wasi {
namespace {

constexpr std::string_view kMagic = "wrunrecz";
// After so much a recording can be read even if the run is killed.
constexpr size_t kPendingBytes = 64 * 1024;
constexpr size_t kBufferBytes = 128 * 1024;

std::unexpected<Error> failed(std::string_view what, const std::string& path, int error) {
  return fail(Error::Kind::Io, "cannot " + std::string(what) + " recording '" + printable(path) +
                                   "': " + std::strerror(error));
}

ssize_t read_some(int file, std::span<std::byte> out) {
  ssize_t size;
  do size = ::read(file, out.data(), out.size());
  while (size < 0 && errno == EINTR);
  return size;
}

}  // namespace

// --- writing ---

struct RecordingWriter::Compressor {
  Compressor() : context(ZSTD_createCCtx()), out(ZSTD_CStreamOutSize()) {}
  ~Compressor() { ZSTD_freeCCtx(context); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ZSTD_CCtx* context;
  std::vector<std::byte> out;
};

void RecordingWriter::compress(Flush flush) {
  const ZSTD_EndDirective directive = flush == Flush::End   ? ZSTD_e_end
                                      : flush == Flush::All ? ZSTD_e_flush
                                                            : ZSTD_e_continue;
  ZSTD_inBuffer in = {pending_.data(), pending_.size(), 0};
  for (size_t left = 1; left != 0 || in.pos < in.size;) {
    ZSTD_outBuffer out = {compressor_->out.data(), compressor_->out.size(), 0};
    left = ZSTD_compressStream2(compressor_->context, &out, &in, directive);
    if (ZSTD_isError(left)) {
      error_ = ENOMEM;
      break;
    }
    write({compressor_->out.data(), out.pos});
  }
  pending_.clear();
}

RecordingWriter::RecordingWriter(std::string path, UniqueFd file)
    : path_(std::move(path)), file_(std::move(file)), compressor_(std::make_unique<Compressor>()) {}

RecordingWriter::~RecordingWriter() = default;

Result<std::unique_ptr<RecordingWriter>> RecordingWriter::create(const std::string& path) {
  UniqueFd file = keep_off_standard_streams(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file) return failed("create", path, errno);
  std::unique_ptr<RecordingWriter> writer(new RecordingWriter(path, std::move(file)));
  writer->write(std::as_bytes(std::span(kMagic)));
  return writer;
}

void RecordingWriter::bytes(std::span<const std::byte> bytes) {
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  if (pending_.size() >= kPendingBytes) compress(Flush::All);
}

void RecordingWriter::text(std::string_view text) {
  number<uint64_t>(text.size());
  bytes(std::as_bytes(std::span(text)));
}

void RecordingWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty() && error_ == 0) {
    const ssize_t size = ::write(file_.get(), bytes.data(), bytes.size());
    if (size >= 0)
      bytes = bytes.subspan(static_cast<size_t>(size));
    else if (errno != EINTR)
      error_ = errno;
  }
}

Result<void> RecordingWriter::finish() {
  compress(Flush::End);
  if (file_.close() != 0 && error_ == 0) error_ = errno;
  if (error_ != 0) return failed("write", path_, error_);
  return {};
}

// --- reading ---

struct RecordingReader::Decompressor {
  Decompressor() : context(ZSTD_createDCtx()), in(ZSTD_DStreamInSize()) {}
  ~Decompressor() { ZSTD_freeDCtx(context); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;
  ZSTD_DCtx* context;
  std::vector<std::byte> in;
  ZSTD_inBuffer input = {};
};

bool RecordingReader::refill() {
  begin_ = end_ = 0;
  Decompressor& zstd = *decompressor_;
  while (end_ == 0) {
    if (zstd.input.pos == zstd.input.size) {
      const ssize_t size = read_some(file_.get(), zstd.in);
      if (size <= 0) return false;
      zstd.input = {zstd.in.data(), static_cast<size_t>(size), 0};
    }
    ZSTD_outBuffer out = {buffer_.data(), buffer_.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(zstd.context, &out, &zstd.input))) return false;
    end_ = out.pos;
  }
  return true;
}

RecordingReader::RecordingReader(UniqueFd file)
    : file_(std::move(file)),
      decompressor_(std::make_unique<Decompressor>()),
      buffer_(kBufferBytes) {}

RecordingReader::~RecordingReader() = default;

Result<std::unique_ptr<RecordingReader>> RecordingReader::open(const std::string& path) {
  UniqueFd file = keep_off_standard_streams(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed("open", path, errno);
  char magic[kMagic.size()] = {};
  const ssize_t size = read_some(file.get(), std::as_writable_bytes(std::span(magic)));
  const std::string_view found(magic, size > 0 ? static_cast<size_t>(size) : 0);
  if (found != kMagic)
    return fail(Error::Kind::Malformed, "'" + printable(path) + "' is not a recording of a run");
  return std::unique_ptr<RecordingReader>(new RecordingReader(std::move(file)));
}

bool RecordingReader::bytes(std::span<std::byte> out) {
  while (!out.empty()) {
    if (begin_ == end_ && !refill()) return false;
    const size_t size = std::min(out.size(), end_ - begin_);
    std::memcpy(out.data(), &buffer_[begin_], size);
    begin_ += size;
    out = out.subspan(size);
  }
  return true;
}

bool RecordingReader::text(std::string& out) {
  uint64_t size = 0;
  if (!number(size)) return false;
  out.clear();
  while (out.size() < size) {
    const size_t have = out.size();
    out.resize(have + std::min<uint64_t>(size - have, kBufferBytes));
    if (!bytes(std::as_writable_bytes(std::span(out).subspan(have)))) return false;
  }
  return true;
}

}  // namespace wrun::wasi
