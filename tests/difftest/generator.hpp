// Modules that are valid, end, and do the same everywhere: NaNs have no bits that can be told apart, and
// nothing depends on the host. Exported are every function ("f0", …), "reset", which a caller calls
// before any other, "hash" of memory and globals, the globals ("g0", …) and memories ("m0", …).
#pragma once

#include <cstddef>
#include <vector>

#include "difftest/choices.hpp"

namespace wrun::difftest {

// `portable`: without instructions that differ from engine to engine (relaxed SIMD).
std::vector<std::byte> generate_module(Choices& choices, bool portable);

}  // namespace wrun::difftest
