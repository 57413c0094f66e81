// The functions by name, with their types and callbacks.
#pragma once

#include <string_view>

#include "runtime/linker.hpp"

namespace wrun::wasi {

// False if there is no such function. The environment, left to the caller to set, is a Wasi.
bool find_function(std::string_view module, std::string_view name, runtime::HostFunction& out);

}  // namespace wrun::wasi
