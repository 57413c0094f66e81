// Where a thread goes on after a fault.
#pragma once

#include <ucontext.h>

namespace wrun::runtime {

#if defined(__x86_64__)
inline auto& program_counter(ucontext_t& context) {
  return reinterpret_cast<unsigned long long&>(context.uc_mcontext.gregs[REG_RIP]);
}
#elif defined(__aarch64__)
inline auto& program_counter(ucontext_t& context) { return context.uc_mcontext.pc; }
#else
#error "fault_context.hpp: unknown instruction set"
#endif

}  // namespace wrun::runtime
