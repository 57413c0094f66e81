// How a call stands in a recording: this, the arguments, then each output as address, size and bytes.
#pragma once

#include <cstdint>

#include "runtime/trap.hpp"
#include "wasi/abi.hpp"
#include "wasi/errno.hpp"

namespace wrun::wasi {

struct EntryHead {
  uint8_t function = 0;  // by its place in preview1.def
  Snapshot snapshot = Snapshot::Preview1;
  runtime::TrapCode trap = runtime::TrapCode::None;
  uint8_t stream = 0;  // 1 or 2: what was written went to standard output or error
  Errno result = Errno::Success;
  uint16_t unused = 0;
  uint32_t outputs = 0;
  uint32_t unused2 = 0;
  uint64_t input_hash = 0;
};
static_assert(sizeof(EntryHead) == 24);

}  // namespace wrun::wasi
