// BLAKE2b with 256 bits: what stands for contents that nobody should be able to replace unnoticed.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>

namespace wrun::cache {

using Hash = std::array<std::byte, 32>;

// Of the parts one behind the other.
Hash hash_of(std::initializer_list<std::span<const std::byte>> parts);
std::string to_hex(std::span<const std::byte> bytes);

}  // namespace wrun::cache
