#pragma once

#include <string_view>

namespace wrun {

// The version of the library, "major.minor.patch".
std::string_view version();

}  // namespace wrun
