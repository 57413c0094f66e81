#include "cache/hash.hpp"

#include <blake2.h>

namespace wrun::cache {

Hash hash_of(std::initializer_list<std::span<const std::byte>> parts) {
  Hash hash;
  blake2b_state state;
  blake2b_init(&state, hash.size());
  for (const auto& part : parts)
    blake2b_update(&state, reinterpret_cast<const uint8_t*>(part.data()), part.size());
  blake2b_final(&state, reinterpret_cast<uint8_t*>(hash.data()), hash.size());
  return hash;
}

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[static_cast<unsigned>(byte) >> 4];
    text += kDigits[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

}  // namespace wrun::cache
