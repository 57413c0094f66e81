// The keywords of the text format: instructions, from opcodes.def, and all others.
#pragma once

#include <string_view>

#include "wasm/opcodes.hpp"

namespace wrun::text {

// The instruction of this name; kNoOp if there is none. Where several share a name, the one whose
// immediate is written first in opcodes.def: `select`, `ref.test`, `ref.cast`.
wasm::Op find_mnemonic(std::string_view name);

// Whether any keyword is spelled like this. For messages only.
bool is_keyword(std::string_view word);

}  // namespace wrun::text
