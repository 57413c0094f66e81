// Traps (spec 4.6). Their shape is part of the embedding API; here is what the runtime adds.
#pragma once

#include <cstdint>
#include <string_view>

#include "wrun/trap.hpp"

namespace wrun::runtime {

using wrun::Frame;
using wrun::Trap;
using wrun::TrapCode;

// The message of the spec's reference interpreter where it has one.
std::string_view trap_message(TrapCode code);

inline constexpr uint32_t kMaxBacktraceFrames = 20;

}  // namespace wrun::runtime
