// What the processor can do.
#pragma once

#if defined(__x86_64__)
#include <sys/platform/x86.h>
#endif

namespace wrun {

// All of x86-64-v3 that programs can use: AVX2, BMI and what came with them. As the C library has found it, which asked
// the processor at its own start: in a virtual machine each question takes microseconds.
inline bool processor_has_x86_64_v3() {
#if defined(__x86_64__)
  return CPU_FEATURE_ACTIVE(AVX2) && CPU_FEATURE_ACTIVE(BMI1) && CPU_FEATURE_ACTIVE(BMI2) &&
         CPU_FEATURE_ACTIVE(F16C) && CPU_FEATURE_ACTIVE(FMA) && CPU_FEATURE_ACTIVE(LZCNT) &&
         CPU_FEATURE_ACTIVE(MOVBE) && CPU_FEATURE_ACTIVE(POPCNT);
#else
  return false;
#endif
}

}  // namespace wrun
