// A tier of one function, for tests of faults: loads a word, or returns all ones after a fault.
#pragma once

#include <cstdint>

#include "runtime/fault_context.hpp"
#include "runtime/signals.hpp"

extern "C" {
uint64_t wrun_test_load(const void* address);
extern const char wrun_test_load_begin[];
extern const char wrun_test_load_end[];
extern const char wrun_test_load_fault[];
}

#if defined(__x86_64__)
asm(".text\n"
    "wrun_test_load_begin:\n"
    "wrun_test_load:\n"
    "  movq (%rdi), %rax\n"
    "  ret\n"
    "wrun_test_load_end:\n"
    "wrun_test_load_fault:\n"
    "  movq $-1, %rax\n"
    "  ret\n");
#elif defined(__aarch64__)
asm(".text\n"
    "wrun_test_load_begin:\n"
    "wrun_test_load:\n"
    "  ldr x0, [x0]\n"
    "  ret\n"
    "wrun_test_load_end:\n"
    "wrun_test_load_fault:\n"
    "  mov x0, #-1\n"
    "  ret\n");
#endif

namespace wrun::test {

inline constexpr uint64_t kFaulted = UINT64_MAX;

inline uint64_t load(const void* address) { return wrun_test_load(address); }

inline void resume_at_fault_exit(ucontext_t* context) {
  runtime::program_counter(*context) = reinterpret_cast<uintptr_t>(wrun_test_load_fault);
}

inline void register_load() {
  runtime::register_code_range(wrun_test_load_begin, wrun_test_load_end,
                               runtime::Faults::GuardedMemory, resume_at_fault_exit);
}

}  // namespace wrun::test
