#include "cache/compression.hpp"

#include <zstd.h>

#include <new>

#include "base/assert.hpp"

namespace wrun::cache {

std::vector<std::byte> compress(std::span<const std::byte> bytes) {
  constexpr int kLevel = 3;
  std::vector<std::byte> compressed(ZSTD_compressBound(bytes.size()));
  const size_t size =
      ZSTD_compress(compressed.data(), compressed.size(), bytes.data(), bytes.size(), kLevel);
  WRUN_CHECK(!ZSTD_isError(size));
  compressed.resize(size);
  return compressed;
}

std::unique_ptr<std::byte[]> decompress(std::span<const std::byte> compressed, size_t bytes) {
  std::unique_ptr<std::byte[]> out(new (std::nothrow) std::byte[bytes]);
  if (out == nullptr) return nullptr;
  const size_t size = ZSTD_decompress(out.get(), bytes, compressed.data(), compressed.size());
  return !ZSTD_isError(size) && size == bytes ? std::move(out) : nullptr;
}

}  // namespace wrun::cache
