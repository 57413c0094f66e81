// Traps (spec 4.6): why guest code stopped, and where it was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wrun::runtime {

// None means "go on"; everything else unwinds to the host. The messages are those of the spec's
// reference interpreter where it has one.
enum class TrapCode : uint8_t {
#define WRUN_TRAP(id, message) id,
#include "runtime/trap_codes.def"
#undef WRUN_TRAP
};

std::string_view trap_message(TrapCode code);

struct Frame {
  std::string module;          // from the name section, else the name it was loaded under
  std::string function;        // empty: the module names none
  uint32_t function_index = 0;
  uint32_t offset = 0;         // byte offset in the module
};

struct Trap {
  TrapCode code = TrapCode::None;
  std::string message;         // trap_message(code), or what a host function said
  std::vector<Frame> frames;   // innermost first, at most kMaxBacktraceFrames
  uint64_t omitted_frames = 0;
  uint32_t exit_status = 0;    // TrapCode::Exit
};

inline constexpr uint32_t kMaxBacktraceFrames = 20;

}  // namespace wrun::runtime
