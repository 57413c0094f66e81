// What a call reads of a guest's memory, and what it writes there.
#pragma once

#include <cstdint>
#include <functional>

#include "wasi/call.hpp"

namespace wrun::wasi {

// Stands for everything that the call's arguments point to and that it reads. To be asked before the
// call, whose outputs may overlap.
uint64_t input_hash(const Call& call);

// After the call: every piece of memory that it may have written, within bounds.
using PieceSink = std::function<void(GuestPtr ptr, GuestSize size)>;
void for_each_output(const Call& call, const PieceSink& sink);

// The data that a writing call was given, up to `limit` bytes.
void for_each_input_piece(const Call& call, uint64_t limit, const PieceSink& sink);

}  // namespace wrun::wasi
