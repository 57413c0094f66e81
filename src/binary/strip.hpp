// Removes custom sections from a module's binary.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace wrun::binary {

// Looks at the frames of the sections only; everything that stays, stays as it is.
Result<std::vector<std::byte>> without_custom_sections(
    std::span<const std::byte> bytes, const std::function<bool(std::string_view name)>& remove);

}  // namespace wrun::binary
