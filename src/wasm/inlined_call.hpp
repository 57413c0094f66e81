// A call in whose place the callee's body was compiled.
#pragma once

#include <cstdint>

namespace wrun::wasm {

struct InlinedCall {
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t callee = 0;     // function index
  uint32_t offset = 0;     // of the call, in the module
  uint32_t outer = kNone;  // the inlined call that it is itself part of
};

}  // namespace wrun::wasm
