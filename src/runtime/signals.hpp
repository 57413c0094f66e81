// Hardware faults that are traps of the guest (spec 4.6): the one process-wide part of the runtime.
//
// A fault is ours when the faulting instruction lies in code that a tier registered and the address
// it touched lies in the reservation of a guarded memory. Everything else goes to the handler that
// was installed before, as if this one did not exist.
//
// The handler runs on whatever thread faults, at any time, so it only reads atomics: registries are
// chunks of fixed arrays that are never freed, and their entries carry a version.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>

namespace wrun::runtime {

// Rewrites `context` so that the thread continues at the tier's exit for the trap. Runs in a signal
// handler.
using FaultResume = void (*)(ucontext_t* context);

// Which instructions of a code range are traps when they fault.
enum class Faults : uint8_t {
  GuardedMemory,  // accesses to guarded memories
  All,            // these, and divisions and undefined instructions
};

// Handles SIGSEGV, SIGBUS, SIGFPE and SIGILL from now on. Does something only the first time.
void install_fault_handler();

// Code in [begin, end) whose faults end at `resume`.
struct CodeRange {
  void* accesses = nullptr;      // opaque
  void* instructions = nullptr;  // opaque
};
CodeRange register_code_range(const void* begin, const void* end, Faults faults,
                              FaultResume resume);
void unregister_code_range(const CodeRange& range);

// The address space of a guarded memory.
struct Reservation;  // opaque
Reservation* register_reservation(const void* begin, size_t bytes);
void unregister_reservation(Reservation* reservation);

}  // namespace wrun::runtime
