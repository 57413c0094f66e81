// Memories that guard regions can be around (docs/limits.md).
#pragma once

#include "wasm/types.hpp"

namespace wrun::wasm {

// Whether a 32-bit index and an offset reach no further than a guard region. The host may still refuse one.
inline bool can_be_guarded(const MemoryType& type) {
  return !type.limits.is_64 && type.page_size_log2 == kDefaultPageLog2;
}

}  // namespace wrun::wasm
