#include "runtime/trap.hpp"

namespace wrun::runtime {

std::string_view trap_message(TrapCode code) {
  static constexpr std::string_view kMessages[] = {
#define WRUN_TRAP(id, message) message,
#include "wrun/trap_codes.def"
#undef WRUN_TRAP
  };
  return kMessages[static_cast<size_t>(code)];
}

}  // namespace wrun::runtime
