// Removes sections from a module's binary.
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
// Without code and without custom sections, as wasm::ModuleSource has it.
Result<std::vector<std::byte>> without_code(std::span<const std::byte> bytes, bool keep_data);

}  // namespace wrun::binary
