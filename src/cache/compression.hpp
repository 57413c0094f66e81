// zstd for what is seldom read.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace wrun::cache {

std::vector<std::byte> compress(std::span<const std::byte> bytes);
// Exactly `bytes` of them; null if that is not what there is.
std::unique_ptr<std::byte[]> decompress(std::span<const std::byte> compressed, size_t bytes);

}  // namespace wrun::cache
