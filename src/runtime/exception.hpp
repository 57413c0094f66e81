// Exceptions (spec 4.2.14).
#pragma once

#include "runtime/store.hpp"

namespace wrun::runtime {

// What an exnref points to; the payload follows it.
struct Exception {
  const Tag* tag = nullptr;
  uint64_t payload_slots = 0;
  uint64_t* payload() { return reinterpret_cast<uint64_t*>(this + 1); }
};

inline Exception& to_exception(RefSlot slot) { return *reinterpret_cast<Exception*>(slot); }
inline RefSlot to_ref(Exception& exception) { return reinterpret_cast<RefSlot>(&exception); }

}  // namespace wrun::runtime
