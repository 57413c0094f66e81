// Where an exception goes (spec 4.4.5): the innermost frame of the activation with a handler for it.
#pragma once

#include "gc/object.hpp"
#include "interp/frame_walker.hpp"

namespace wrun::interp {

enum class Landing : uint8_t { None, Interpreter, Compiled };

// Looks from the frame at hand outwards. Notes in the stack's state where it is caught, and leaves there
// what the handler takes.
Landing unwind(gc::Exception& exception, FrameWalker& walker, runtime::StackState& stack);

}  // namespace wrun::interp
