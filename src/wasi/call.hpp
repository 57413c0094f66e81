// A call of a guest into WASI as a whole, for those who look on: tracing, accounting, recording.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "runtime/trap.hpp"
#include "wasi/errno.hpp"
#include "wasi/grant.hpp"
#include "wasi/guest_memory.hpp"
#include "wasi/preview1_table.hpp"

namespace wrun::wasi {

class Wasi;

struct Call {
  Wasi& wasi;
  const Function& function;
  Snapshot snapshot;
  std::array<uint64_t, Signature::kMaxSlots> slots;  // the arguments
  GuestMemory memory;
  std::array<Grant*, 2> grants = {};  // that the descriptors among the arguments come from

  // Once it is over:
  runtime::TrapCode trap = runtime::TrapCode::None;
  Errno result = Errno::Success;
  uint64_t nanoseconds = 0;  // that it took

  uint32_t word(size_t slot) const { return static_cast<uint32_t>(slots[slot]); }
  bool succeeded() const { return trap == runtime::TrapCode::None && result == Errno::Success; }
};

// Called in the guest's thread, for several threads at once.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  virtual void before(const Call&) {}
  virtual void after(const Call& call) = 0;
};

// An import that is observed: the environment of observed_call, which stands in for the function's own
// callback.
struct CallSite {
  Wasi& wasi;
  const Function& function;
  Snapshot snapshot;
};
runtime::TrapCode observed_call(void* environment, runtime::VMContext& caller, uint64_t* slots);

}  // namespace wrun::wasi
