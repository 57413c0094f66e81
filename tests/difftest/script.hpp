// A module and what the interpreter makes of it, as a script that any engine with a script runner can
// check (.wast, on standard output).
#pragma once

#include <cstddef>
#include <span>

namespace wrun::difftest {

void print_script(std::span<const std::byte> module, bool apart);

}  // namespace wrun::difftest
