#include "wrun/version.hpp"

namespace wrun {

std::string_view version() { return WRUN_VERSION; }

}  // namespace wrun
