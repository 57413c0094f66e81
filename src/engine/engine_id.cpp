#include "engine/engine_id.hpp"

#include <cstdint>

#include <source_hash.hpp>  // made by cmake/source_hash.cmake

namespace wrun::engine {

cache::Hash engine_id() {
  static constexpr uint8_t kBytes[] = {WRUN_SOURCE_HASH};
  static_assert(sizeof(kBytes) == sizeof(cache::Hash));
  cache::Hash id;
  for (size_t i = 0; i < id.size(); ++i) id[i] = std::byte{kBytes[i]};
  return id;
}

}  // namespace wrun::engine
