// The first bytes of a module (spec 5.5.18), and what a file is that does not have them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/result.hpp"

namespace wrun::binary {

// Nothing if the bytes start with magic and version of a core module.
std::optional<Error> check_header(std::span<const std::byte> bytes);

}  // namespace wrun::binary
