// Traps (spec 4.6): why guest code stopped, and where it was.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wrun {

// `None` means "go on" and is never found in a Trap. `Exit` is not a fault: the guest asked to end.
enum class TrapCode : uint8_t {
#define WRUN_TRAP(id, message) id,
#include "wrun/trap_codes.def"
#undef WRUN_TRAP
};

struct Frame {
  std::string module{};    // from the name section, else the name it was loaded under
  std::string function{};  // as the name section spells it; empty: the module names none
  uint32_t function_index = 0;
  uint32_t offset = 0;  // byte offset in the module
};

struct Trap {
  TrapCode code = TrapCode::None;
  std::string message{};        // the spec's wording, or what a host function said
  std::vector<Frame> frames{};  // innermost first, without the host's own; none of an exit
  uint64_t omitted_frames = 0;
  uint32_t exit_status = 0;  // TrapCode::Exit
};

}  // namespace wrun
