// What a collection of garbage in a store's heap was like.
#pragma once

#include <cstdint>

namespace wrun {

struct Collection {
  uint64_t number = 0;       // 1 for the store's first
  uint64_t used_bytes = 0;   // what objects took before it
  uint64_t live_bytes = 0;   // what the objects that are left take
  uint64_t nanoseconds = 0;  // that the guest was stopped
};

}  // namespace wrun
