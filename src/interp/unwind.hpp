// Where an exception goes (spec 4.4.5): the innermost frame of the activation with a handler for it.
#pragma once

#include "gc/object.hpp"
#include "interp/bytecode.hpp"

namespace wrun::interp {

// The machine state of a frame; `pc` is within the instruction that throws.
struct Activation {
  Pc pc;
  uint64_t* fp;
  VMContext* vm;
  Record* sp;
};

// Makes `state` that of the handler and leaves there what it takes. False, with `state` as it was, if
// no frame of this activation has one.
bool unwind(gc::Exception& exception, Activation& state);

}  // namespace wrun::interp
