// Validates all function bodies of a module, on several threads if there is much code.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "binary/validator.hpp"

namespace wrun::binary {

// The error of the first invalid function, if there is one. `threads` as in DecodeOptions.
std::optional<Error> validate_code(const ModuleContext& context, uint32_t code_bytes,
                                   unsigned threads);

}  // namespace wrun::binary
