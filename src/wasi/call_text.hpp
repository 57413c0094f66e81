// Calls in words, in the manner of strace(1).
#pragma once

#include <string>

#include "wasi/call.hpp"

namespace wrun::wasi {

// `fd_pread(4, `: up to the first argument that is not known before the call is over.
void append_start(std::string& text, const Call& call);
// What follows when it is: `[{"text", 4096}], 0, 4) = 0`.
void append_rest(std::string& text, const Call& call);

}  // namespace wrun::wasi
