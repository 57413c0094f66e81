// `--report-capabilities`: what the guest was given, and what it did with it.
#pragma once

#include <span>
#include <string>

#include "wrun/wasi.hpp"

namespace wrun::cli {

// A line for each of them.
std::string describe_capabilities(std::span<const GrantUse> uses);

}  // namespace wrun::cli
